"""Keep positions as they were after some of their fills.

Why:
    A fill that comes late is counted where it belongs in time, and all fills after it again. Without a state to begin
    from that was all fills of the position, however many there are.
Locks:
    SHARE ROW EXCLUSIVE on positions for an instant, for the new foreign key.
Safe while old code runs:
    No: old code counts late fills without forgetting the checkpoints after them, and new code would count on from those.
    Stop the writers of the old release first, or run `tradingdb ledger rebuild` when the last of them has ended.
Undo:
    Drops the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


PLACE = ("account_id", "instrument_id", "side")
FINITE = ("quantity", "average_entry_price", "realized_pnl", "fees")


def upgrade() -> None:
    op.create_table(
        "position_checkpoints",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("last_fill_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "last_fill_place", sa.Text(), nullable=False, comment="Place of that fill among those of one instant."
        ),
        sa.Column("quantity", sa.Numeric(), nullable=False, comment="Signed: negative is short."),
        sa.Column("average_entry_price", sa.Numeric(), nullable=True),
        sa.Column("realized_pnl", sa.Numeric(), nullable=False, comment="In settle currency, before fees."),
        sa.Column("fees", sa.Numeric(), nullable=False, comment="Paid, in settle currency."),
        sa.Column("other_fees", postgresql.JSONB(), nullable=False, comment="Paid in other currencies."),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="When the holding began."),
        sa.Column(
            "lots",
            postgresql.JSONB(),
            nullable=True,
            comment="Oldest first, as in positions. NULL: counted by average cost.",
        ),
        sa.CheckConstraint("side IN ('net', 'long', 'short')", name=op.f("ck_position_checkpoints__side_known")),
        *(
            sa.CheckConstraint(
                f"{name} > '-Infinity' AND {name} < 'Infinity'", name=op.f(f"ck_position_checkpoints__{name}_finite")
            )
            for name in FINITE
        ),
        sa.ForeignKeyConstraint(
            PLACE,
            [f"positions.{name}" for name in PLACE],
            name=op.f("fk_position_checkpoints__account_id_instrument_id_side"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*PLACE, "last_fill_at", name=op.f("pk_position_checkpoints")),
        comment="A position as it was after one of its fills, from which a late fill is counted on.",
    )


def downgrade() -> None:
    op.drop_table("position_checkpoints")
