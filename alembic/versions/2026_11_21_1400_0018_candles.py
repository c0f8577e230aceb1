"""Check the instrument of candles once per write, and not once per row.

Why:
    The foreign key of candles to instruments was looked up for every row, and took more than half of the time of a COPY.
    Every series that has candles has a row in series_coverage, written in the same transaction, and that row references
    the instrument: no write can name one that does not exist, and none that has candles can be deleted.
Locks:
    ACCESS EXCLUSIVE on candles and its partitions and on instruments, for the instant of dropping; no row is read.
Safe while old code runs:
    Yes: it keeps the coverage of what it writes.
Undo:
    Makes the foreign key anew, which reads every candle while writers of candles and instruments wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


COMMENT = "instruments.id, by way of series_coverage: a foreign key here would be looked up for every row."


def upgrade() -> None:
    # the guarantee stays, by way of series_coverage
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE candles DROP CONSTRAINT fk_candles__instrument_id")
    op.alter_column("candles", "instrument_id", comment=COMMENT, existing_comment=None)


def downgrade() -> None:
    op.alter_column("candles", "instrument_id", comment=None, existing_comment=COMMENT)
    op.create_foreign_key(
        "fk_candles__instrument_id", "candles", "instruments", ["instrument_id"], ["id"], ondelete="RESTRICT"
    )
