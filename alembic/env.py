"""How revisions run: one migrator at a time, short waits for locks, one transaction per revision.

Run by the `alembic` command, and by `tradingdb.migrations`, which hands in a connection.
"""

from __future__ import annotations

import asyncio
import time
from logging.config import fileConfig
from typing import TYPE_CHECKING, Any

from alembic import context
from alembic.util import CommandError
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ARRAY, TypeDecorator, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.errors import LockTimeoutError, TradingDBError
from tradingdb.failures import DEADLOCK, LOCK_NOT_AVAILABLE, sqlstate_of
from tradingdb.migrations import MIGRATION_LOCK, VERSION_TABLE, explained, partitions_of, status
from tradingdb.models import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection

SEAT_TIMEOUT = 600
"""Seconds to wait for another migrator to finish."""

LOCK_TIMEOUT = "2s"
"""A statement that waits for a table longer than this makes everybody behind it wait too: give up, try again."""

LOCKED_OUT = {LOCK_NOT_AVAILABLE, DEADLOCK}
"""Deadlocks too: PostgreSQL looks for them after one second, before the waiting time is over."""

LOCK_ATTEMPTS = 30

config = context.config


def run_offline() -> None:
    """Print the SQL of revisions, for a person to review and run."""
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # another style doubles every percent sign
        literal_binds=True,
        **shared_options(),
    )
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()


async def connect_and_run() -> None:
    """Run from the `alembic` command: connect where the environment says."""
    async with (
        Database.from_env() as database,
        maintenance_connection(database.target, application_name="alembic") as connection,
    ):
        await status(database)  # says what to do where the schema is newer than the package
        await connection.run_sync(run_on)


def run_on(connection: Connection) -> None:
    """Run on a connection. One that is inside a transaction stays inside it, and takes no lock of its own."""
    if connection.in_transaction():
        run_once(connection)
        return
    take_the_seat(connection)
    try:
        run_with_patience(connection)
    except Exception as error:
        if (cancelled := cancellation_behind(error)) is not None:
            raise cancelled from error
        leave_the_seat(connection)
        raise
    leave_the_seat(connection)  # but not after Ctrl-C: the lock goes with the connection, of which nothing can be asked


def cancellation_behind(error: BaseException | None) -> asyncio.CancelledError | None:
    """The Ctrl-C during which Alembic, cleaning up on a connection that is gone, met another error."""
    while error is not None and not isinstance(error, asyncio.CancelledError):
        error = error.__context__
    return error


def leave_the_seat(connection: Connection) -> None:
    """Let the next migrator run."""
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()


def take_the_seat(connection: Connection) -> None:
    """Wait until no other migrator runs. Polled: a blocked statement would deadlock with CREATE INDEX CONCURRENTLY."""
    deadline = time.monotonic() + SEAT_TIMEOUT
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
        connection.commit()
        if time.monotonic() > deadline:
            raise LockTimeoutError(
                "Another migration has been running for ten minutes: wait for it, or end its session."
            )
        time.sleep(0.2)
    connection.commit()


def run_with_patience(connection: Connection) -> None:
    """Revisions that were done stay done; the one that could not get its lock is tried again."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            run_once(connection)
        except DBAPIError as error:
            connection.rollback()
            if sqlstate_of(error) not in LOCKED_OUT:
                raise (explained(connection, error) or error) from error
            if attempt == LOCK_ATTEMPTS:
                raise LockTimeoutError(
                    f"A table stayed locked through {LOCK_ATTEMPTS} attempts: end the long transaction that uses it, "
                    "then run the upgrade again; revisions that were finished stay finished."
                ) from error
            time.sleep(min(0.1 * attempt, 1))
        else:
            return


def run_once(connection: Connection) -> None:
    """Run whatever the command asked for, each revision in its own transaction."""
    in_callers_transaction = connection.in_transaction()
    hidden = partitions_of(connection)

    def include_object(obj: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:  # noqa: ARG001, FBT001
        """Leave out partitions, and tables that are not ours: a service may keep its own beside them."""
        return not (kind == "table" and reflected and (name in hidden or compare_to is None))

    context.configure(
        connection=connection,
        include_object=include_object,
        one_transaction=in_callers_transaction,  # for revisions that would otherwise build an index CONCURRENTLY
        **shared_options(),
    )
    with context.begin_transaction():
        context.run_migrations()


def shared_options() -> dict[str, Any]:
    """What every way of running has in common."""
    return {
        "target_metadata": Base.metadata,
        "version_table": VERSION_TABLE,
        "version_table_schema": config.attributes.get("version_schema"),
        "transaction_per_migration": True,
        "on_version_apply": remember_applied,
        "compare_server_default": True,
        "render_item": render_item,
    }


def remember_applied(*, step: Any, **_context: Any) -> None:
    """Tell whoever handed in a list which revisions this run has applied."""
    config.attributes.get("applied", []).append(step.up_revision_id)


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Write a column type of ours as the plain type underneath: revisions import nothing of ours."""
    ours = isinstance(item, TypeDecorator) and type(item).__module__.startswith("tradingdb.")
    plain = item.impl_instance if ours else item
    if kind == "type" and isinstance(plain, JSONB):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "postgresql.JSONB()"
    if kind != "type" or not ours:
        return False
    if isinstance(plain, ARRAY):
        return f"sa.ARRAY(sa.{plain.item_type!r})"
    if isinstance(plain, HALFVEC):
        autogen.imports.add("from pgvector.sqlalchemy import HALFVEC")
        return "HALFVEC()"
    if type(plain).__module__.startswith("sqlalchemy.dialects.postgresql"):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return f"postgresql.{plain!r}"
    return f"sa.{plain!r}"


def main() -> None:
    """Choose the way to run. For the `alembic` command our errors become its one-line failures."""
    if context.is_offline_mode():
        run_offline()
    elif (connection := config.attributes.get("connection")) is not None:
        run_on(connection)
    else:
        if config.config_file_name is not None:
            fileConfig(config.config_file_name, disable_existing_loggers=False)
        try:
            asyncio.run(connect_and_run())
        except TradingDBError as error:
            raise CommandError(str(error)) from error


main()
