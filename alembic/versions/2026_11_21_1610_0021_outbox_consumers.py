"""Remember how far each consumer of the outbox has read.

Why:
    A consumer that stores its place in the transaction of what it did with the events does each of them once, and the
    outbox is never pruned past the slowest.
Locks:
    None on existing tables.
Safe while old code runs:
    Yes: it does not know the table.
Undo:
    Drops the table; consumers begin at the beginning, or where they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "outbox_consumers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            nullable=False,
            comment="Of the last event that was consumed, with its id: a cursor.",
        ),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("last_id >= 0", name=op.f("ck_outbox_consumers__last_id_not_negative")),
        sa.CheckConstraint(r"name ~ '\S'", name=op.f("ck_outbox_consumers__name_not_blank")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outbox_consumers")),
        comment="How far a consumer of the outbox has read, stored in the transaction of what it did with the events.",
    )


def downgrade() -> None:
    op.drop_table("outbox_consumers")
