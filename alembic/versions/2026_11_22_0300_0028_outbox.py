"""Let the outbox keep what it was told, and write fewer indexes for each event.

Why:
    Deleting an account deleted its events, also those that no consumer had read: what happened to the account was lost
    to the services that should hear of it. An event keeps its account's id without a foreign key now. Every event paid
    for that key and for two indexes more. Consumers read what is new in the order of transactions, and choose topics and
    accounts among that; only who searches old events for a rare topic or one account reads more of them now.
Locks:
    ACCESS EXCLUSIVE on `outbox_events` and `trading_accounts` while the foreign key is dropped, a moment. The indexes
    are dropped CONCURRENTLY, which waits for every transaction that has used the table and lets readers and writers go
    on. The way back builds them CONCURRENTLY, which waits for every transaction that is older, and then stops who writes
    events or changes accounts while all events are compared with the accounts.
Safe while old code runs:
    Yes: it needs neither the key nor the indexes.
Undo:
    Makes the indexes and the key anew, and deletes events of accounts that are no longer there, as the key would have.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "outbox_events"
KEY = "fk_outbox_events__account_id"
INDEXES = {"ix_outbox_events__account_id": ["account_id"], "ix_outbox_events__topic": ["topic", "id"]}


def upgrade() -> None:
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {KEY}")
    op.alter_column(TABLE, "account_id", comment="Whose event it is, also once the account is gone.")
    with patiently():
        drop_indexes()


def downgrade() -> None:
    with patiently():
        drop_indexes()  # an attempt that was interrupted leaves an invalid one
        for name, columns in INDEXES.items():
            op.create_index(name, TABLE, columns, if_not_exists=True, postgresql_concurrently=not is_one_transaction())
    op.execute(f"DELETE FROM {TABLE} WHERE account_id NOT IN (SELECT id FROM trading_accounts)")  # noqa: S608
    op.create_foreign_key(KEY, TABLE, "trading_accounts", ["account_id"], ["id"], ondelete="CASCADE")
    op.alter_column(TABLE, "account_id", comment=None)


def drop_indexes() -> None:
    for name in INDEXES:
        op.drop_index(name, TABLE, if_exists=True, postgresql_concurrently=not is_one_transaction())


def is_one_transaction() -> bool:
    """Whether all revisions run in one transaction, in which nothing can be done concurrently."""
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
