"""Keep what an event amended an order to, and why it ended it, as values of their own.

Why:
    Amendments arrive in any order, and each may change another value: what an order is now is, value by value, the
    newest amendment that named it. That needs the values of all of them, not only of the last one applied.
Locks:
    ACCESS EXCLUSIVE on order_events for an instant; the new CHECKs are validated under SHARE UPDATE EXCLUSIVE.
Safe while old code runs:
    Yes: it leaves the columns empty, and its amendments are applied by whoever wrote them.
Undo:
    Drops the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NUMBERS = {
    "quantity": (
        "positive",
        "quantity > 0 AND quantity < 'Infinity'",
        "What the order was amended to, as below. NULL: not this.",
    ),
    "limit_price": ("finite", "limit_price > '-Infinity' AND limit_price < 'Infinity'", None),
    "stop_price": ("finite", "stop_price > '-Infinity' AND stop_price < 'Infinity'", None),
}


def upgrade() -> None:
    for name, (_, _, comment) in NUMBERS.items():
        op.add_column("order_events", sa.Column(name, sa.Numeric(), nullable=True, comment=comment))
    op.add_column("order_events", sa.Column("reason", sa.Text(), nullable=True, comment="Why it ended the order."))
    for name, (word, condition, _) in NUMBERS.items():
        check = f"ck_order_events__{name}_{word}"
        op.execute(f"ALTER TABLE order_events ADD CONSTRAINT {check} CHECK ({condition}) NOT VALID")
        op.execute(
            f"-- squawk-ignore constraint-missing-not-valid\nALTER TABLE order_events VALIDATE CONSTRAINT {check}"
        )


def downgrade() -> None:
    for name in ("reason", *NUMBERS):
        op.drop_column("order_events", name)
