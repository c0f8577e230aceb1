"""Check and index the ledger's references to backtests and decisions, and index the newest orders and signals.

Why:
    Revisions 0008 and 0011 added the foreign keys without looking at the rows that were there, so that nobody waits. The
    newest orders of an account and the newest signals were sorted for every question. In the order of rules by record
    those without any trades came first, because NULL sorts before every number where the order is descending.
Locks:
    VALIDATE reads the rows under SHARE UPDATE EXCLUSIVE, and the indexes are built CONCURRENTLY: readers and writers go
    on. Without its index the order of rules is sorted until the new one is there.
Safe while old code runs:
    Yes: it writes neither of the references, and needs none of the indexes.
Undo:
    Takes the indexes back, and makes the foreign keys anew without looking at the rows.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNCHECKED = (
    ("trades", "backtest_run_id", "backtest_runs", "CASCADE"),
    ("orders", "decision_id", "trading_decisions", "SET NULL"),
    ("learning_evidence", "outcome_id", "decision_outcomes", "RESTRICT"),
)

RULES = ("ix_strategy_rules__performance", "strategy_rules")
NEW: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("ix_orders__decision_id", "orders", ("decision_id",), "decision_id IS NOT NULL"),
    ("ix_learning_evidence__outcome_id", "learning_evidence", ("outcome_id",), "outcome_id IS NOT NULL"),
    ("ix_orders__account_id_created_at", "orders", ("account_id", "created_at DESC"), None),
    ("ix_signals__fired_at", "signals", ("fired_at DESC", "instrument_id"), None),
    (*RULES, ("confidence DESC", "win_rate DESC NULLS LAST", "trade_count DESC"), None),
)
OLD: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    (*RULES, ("confidence DESC", "win_rate DESC", "trade_count DESC"), None),
)


def upgrade() -> None:
    for table, column, _, _ in UNCHECKED:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}__{column}")
    exchange_indexes(NEW, NEW)


def downgrade() -> None:
    exchange_indexes(NEW, OLD)
    for table, column, referenced, ondelete in UNCHECKED:
        name = f"fk_{table}__{column}"
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, referenced, [column], ["id"], ondelete=ondelete, postgresql_not_valid=True)


def exchange_indexes(
    gone: Iterable[tuple[str, str, tuple[str, ...], str | None]],
    made: Iterable[tuple[str, str, tuple[str, ...], str | None]],
) -> None:
    """Drop before making, also what is only to be made: an attempt that was interrupted leaves an invalid index."""
    one_transaction = op.get_context().opts.get("one_transaction", False)
    with nullcontext() if one_transaction else op.get_context().autocommit_block():
        for name, table, _, _ in gone:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=not one_transaction)
        for name, table, columns, where in made:
            op.create_index(
                name,
                table,
                [sa.text(column) for column in columns],
                if_not_exists=True,
                postgresql_where=None if where is None else sa.text(where),
                postgresql_concurrently=not one_transaction,
            )
