"""Keep how the ledger differed from what a venue said, each time it was asked.

Why:
    `ledger reconcile` compares an account with its venue; what it found, and the entries that would explain it, must be
    there after the terminal is closed.
Locks:
    SHARE ROW EXCLUSIVE on trading_accounts for the instant in which the foreign key is made.
Safe while old code runs:
    Yes: it does not know the table.
Undo:
    Drops the table with what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column(
            "taken_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When the venue said so, by its clock.",
        ),
        sa.Column("difference_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "unexplained_count",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Of them without an entry that would explain them.",
        ),
        sa.Column("differences", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "applied_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When the proposed entries were recorded. NULL: never.",
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("difference_count >= 0", name=op.f("ck_reconciliations__difference_count_not_negative")),
        sa.CheckConstraint("unexplained_count >= 0", name=op.f("ck_reconciliations__unexplained_count_not_negative")),
        sa.CheckConstraint(
            "unexplained_count <= difference_count", name=op.f("ck_reconciliations__unexplained_within_differences")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["trading_accounts.id"],
            name=op.f("fk_reconciliations__account_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("account_id", "taken_at", name=op.f("pk_reconciliations")),
        comment="How an account in the ledger differed from its venue at one instant.",
    )


def downgrade() -> None:
    op.drop_table("reconciliations")
