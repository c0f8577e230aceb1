"""Index closed trades by the time of their exit.

Why:
    Every figure of performance looks at closed trades of one mode, often of one period, in the order of their exits. No
    index knew when a trade was closed, so that all of them were read and sorted. The index holds all that the figures
    by day need, in their order.
Locks:
    The index is built CONCURRENTLY: readers and writers go on. It waits for every transaction that is older, also of other
    tables and for however long, because nobody waits for it.
Safe while old code runs:
    Yes: it needs no index.
Undo:
    Drops the index.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_trades__closed"


def upgrade() -> None:
    with patiently():
        drop()  # an attempt that was interrupted leaves an invalid index
        op.create_index(
            NAME,
            "trades",
            ["mode", sa.text("exit_time DESC"), sa.text("pnl DESC"), "outcome"],
            if_not_exists=True,
            postgresql_include=["entry_time"],
            postgresql_where=sa.text("pnl IS NOT NULL"),
            postgresql_concurrently=not is_one_transaction(),
        )


def downgrade() -> None:
    with patiently():
        drop()


def drop() -> None:
    op.drop_index(NAME, "trades", if_exists=True, postgresql_concurrently=not is_one_transaction())


def is_one_transaction() -> bool:
    """Whether all revisions run in one transaction, in which nothing can be built concurrently."""
    return bool(op.get_context().opts.get("one_transaction", False))


@contextmanager
def patiently() -> Iterator[None]:
    """Outside a transaction, and without a limit to waiting for older ones."""
    if is_one_transaction():
        yield
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        yield
        op.execute("SET lock_timeout = '2s'")  # as for every other revision
