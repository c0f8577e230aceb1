"""Store the packed columns of sealed months as they are, without trying to compress them.

Why:
    What `candles.read` takes from a sealed month is packed already. PostgreSQL's own compression would find little in it,
    cost time on every read, and decide anew for every column of every month.
Locks:
    ACCESS EXCLUSIVE on candle_blocks for an instant; no row is read or written.
Safe while old code runs:
    Yes: it neither reads nor writes blocks.
Undo:
    Lets PostgreSQL compress what is written from then on. Nothing is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


PACKED = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trade_count",
    "taker_buy_volume",
    "is_synthetic",
)


def upgrade() -> None:
    op.execute(f"ALTER TABLE candle_blocks {', '.join(f'ALTER COLUMN {name} SET STORAGE EXTERNAL' for name in PACKED)}")


def downgrade() -> None:
    op.execute(f"ALTER TABLE candle_blocks {', '.join(f'ALTER COLUMN {name} SET STORAGE EXTENDED' for name in PACKED)}")
