"""Alembic, callable: the same revisions from a checkout, an installed wheel or a service's own start-up code.

Every function takes a `Database`; it uses a connection of its own, without the pool's time limits. Our version table is
`tradingdb_version`, so a service's own Alembic beside it is untouched.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from alembic import command
from sqlalchemy import create_mock_engine, text

from tradingdb.catalogue import Difference, Snapshot, compare, snapshot
from tradingdb.connections import maintenance_connection
from tradingdb.errors import (
    ConfigurationError,
    ExtensionMissingError,
    InsufficientRightsError,
    SchemaAheadError,
    SchemaBehindError,
    SchemaMismatchError,
    TradingDBError,
)
from tradingdb.failures import FOREIGN_KEY_VIOLATION, INSUFFICIENT_PRIVILEGE, sqlstate_of, violated_constraint
from tradingdb.models import Base
from tradingdb.revisions import (
    Revision,
    config_for,
    history,
    in_our_words_of_alembic,
    require_checkout,
    require_message,
    require_name,
    resolved,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from alembic.config import Config
    from sqlalchemy import Connection, DDLElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tradingdb.database import Database

VERSION_TABLE = "tradingdb_version"
DUPLICATE_TABLE = "42P07"
MIGRATION_LOCK = 7_236_839_128_415_203
"""Key of the advisory lock that one migrator at a time holds; any number that nobody else uses."""

_ALEMBIC = threading.Lock()


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database stands in that history."""

    current: str | None
    head: str
    pending: tuple[Revision, ...]
    applied: tuple[str, ...] = ()
    """What the call that answers with this has applied itself; another migrator may have done the rest."""

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending."""
        return self.current == self.head


async def upgrade(database: Database, revision: str = "head") -> Status:
    """Bring the schema forward, to `head`, a revision, or `+N`. Does nothing, and takes no lock, when it is there.

    Raises:
        ExtensionMissingError: pgvector is not installed on the server.
        InsufficientRightsError: the role may not create what the schema needs.
        LockTimeoutError: another migrator or a long transaction was in the way.
        SchemaAheadError: the schema is newer than this package.
        UnknownRevisionError: there is no such revision.
    """
    require_name(revision)
    before = await status(database)
    if before.is_current and revision in {"head", before.head}:
        return before
    applied: list[str] = []

    def action(config: Config) -> None:
        config.attributes["applied"] = applied
        command.upgrade(config, revision)

    await _run(database, action)
    return replace(await status(database), applied=tuple(applied))


async def downgrade(database: Database, revision: str) -> Status:
    """Take the schema back, to a revision, `-N` or `base`. What the undone revisions added is lost."""
    require_name(revision)
    await status(database)
    await _run(database, lambda config: command.downgrade(config, revision))
    return await status(database)


async def status(database: Database) -> Status:
    """Where the schema stands.

    Raises:
        SchemaAheadError: it has a revision that this package does not know.
    """
    async with database.read() as session:  # as services connect, which may be through PgBouncer
        current = await (await session.connection()).run_sync(_current)
    revisions = history()
    known = [revision.id for revision in revisions]
    if current is not None and current not in known:
        raise SchemaAheadError(
            f"The schema is at revision {current}, which this package does not know: upgrade the tradingdb package."
        )
    pending = revisions[known.index(current) + 1 :] if current is not None else revisions
    return Status(current, known[-1], tuple(pending))


async def require_current(database: Database) -> None:
    """Refuse to work on a schema that this package was not made for.

    Raises:
        SchemaBehindError: revisions are pending, or there is no schema at all.
        SchemaAheadError: the schema is newer than this package.
    """
    found = await status(database)
    if found.current is None:
        raise SchemaBehindError("The database has no tradingdb schema yet: run `tradingdb db setup`.")
    if not found.is_current:
        raise SchemaBehindError(
            f"The schema is {len(found.pending)} revision(s) older than this package: run `tradingdb migrate upgrade`."
        )


def require_direct(database: Database) -> None:
    """Refuse to change a schema through PgBouncer, where sessions and their locks come and go.

    Raises:
        ConfigurationError: the connection passes through it.
    """
    if database.behind_pgbouncer:
        raise ConfigurationError(
            "Migrations need a connection to PostgreSQL itself, and this one passes through PgBouncer: "
            "name PostgreSQL's own host and port in DATABASE_URL."
        )


async def check(database: Database) -> list[Difference]:
    """How the schema differs from the models of this package, object by object. Empty: not at all."""
    async with _connection(database) as connection:
        return await connection.run_sync(_differences, None)


async def stamp(database: Database, revision: str = "head") -> Status:
    """Mark a schema that was made without our migrations as being at a revision, after proving that it is.

    Raises:
        SchemaMismatchError: it is not; the message lists the first differences.
        UnknownRevisionError: there is no such revision.
    """
    target = resolved(revision)
    await status(database)
    async with _alone_with_alembic(), _connection(database) as connection:
        differences = await connection.run_sync(_differences, target)
    if differences:
        listed = "; ".join(str(difference) for difference in differences[:3])
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""  # noqa: PLR2004
        raise SchemaMismatchError(
            f"The schema is not that of revision {target}, so it was not stamped: {listed}{more}."
        )
    await _run(database, lambda config: command.stamp(config, target, purge=True))
    return await status(database)


async def generate(database: Database, message: str) -> Path | None:
    """Write a revision from the difference between the models and the database. Read it before you commit it.

    None, and no file, where they do not differ.

    Raises:
        SchemaBehindError: revisions are pending: what they do would be generated again.
    """
    require_checkout()
    require_message(message)
    await require_current(database)
    script: Any = await _run(
        database,
        lambda config: command.revision(
            config, message, autogenerate=True, process_revision_directives=_drop_an_empty_one
        ),
    )
    return Path(script.path) if script else None


def _drop_an_empty_one(_context: Any, _revision: Any, directives: list[Any]) -> None:
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def explained(connection: Connection, error: BaseException) -> TradingDBError | None:
    """Why a revision failed, where the server can be asked for the reason."""
    available = connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"))
    connection.rollback()
    if not available:
        major = connection.dialect.server_version_info[0] if connection.dialect.server_version_info else ""
        return ExtensionMissingError(
            f"PostgreSQL lacks the extension pgvector: install it on the server (Debian and Ubuntu: "
            f"apt install postgresql-{major}-pgvector; Docker: the image pgvector/pgvector:pg{major}), then try again."
        )
    if sqlstate_of(error) == DUPLICATE_TABLE:
        return SchemaMismatchError(
            "Tables of the schema exist already, though no revision is recorded: if they are ours, "
            "mark them with `tradingdb db stamp`; if they are somebody else's, use another database or schema."
        )
    if sqlstate_of(error) == FOREIGN_KEY_VIOLATION:
        table, constraint = violated_constraint(error)
        return SchemaMismatchError(
            f"Rows of {table} name something that does not exist, so {constraint} cannot be checked: set the column of "
            "those rows to NULL, or add what they name, then run the upgrade again; finished revisions stay finished."
        )
    if sqlstate_of(error) == INSUFFICIENT_PRIVILEGE:
        return InsufficientRightsError(
            "The database role may not create tables or the extension vector here: "
            "connect as the owner of the database, or have a superuser run "
            "CREATE EXTENSION vector and GRANT CREATE ON SCHEMA public."
        )
    return None


def partitions_of(connection: Connection) -> frozenset[str]:
    """Names of all partitions in the current schema, by catalogue: they are data, not schema."""
    was_in_transaction = connection.in_transaction()
    names = connection.scalars(
        text("SELECT relname FROM pg_class WHERE relispartition AND relnamespace = current_schema()::regnamespace")
    )
    found = frozenset(names)
    if not was_in_transaction:
        connection.rollback()
    return found


# --- how Alembic is called ------------------------------------------------------------------------------------------


@asynccontextmanager
async def _connection(database: Database) -> AsyncIterator[AsyncConnection]:
    require_direct(database)
    await database.open()
    async with maintenance_connection(database.target, application_name="tradingdb-migrations") as connection:
        yield connection


async def _run(database: Database, action: Callable[[Config], Any]) -> Any:
    def on(connection: Connection) -> Any:
        with in_our_words_of_alembic():
            return action(config_for(connection))

    async with _alone_with_alembic(), _connection(database) as connection:
        return await connection.run_sync(on)


@asynccontextmanager
async def _alone_with_alembic() -> AsyncIterator[None]:
    """Alembic keeps its context in a module: one command at a time runs in a process, whatever its thread or loop."""
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - a lock between threads cannot be awaited
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        _ALEMBIC.release()


def _current(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE}) is None:
        return None
    version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return None if version is None else str(version)


def _differences(connection: Connection, revision: str | None) -> list[Difference]:
    return compare(_expected(connection, revision), snapshot(connection))


def _expected(connection: Connection, revision: str | None) -> Snapshot:
    """Build a schema beside the real one, look at it, and roll everything back: only the server knows its own words."""
    scratch = f"tradingdb_scratch_{uuid4().hex}"
    transaction = connection.begin()
    try:
        connection.execute(text(f"CREATE SCHEMA {scratch}"))
        connection.execute(text(f"SET LOCAL search_path = {scratch}, public"))
        if revision is None:
            _create_all(connection)
        else:
            command.upgrade(config_for(connection, version_schema=scratch), revision)
        return snapshot(connection, scratch)
    finally:
        transaction.rollback()


def _create_all(connection: Connection) -> None:
    """Make what the models say, in one statement: a thousand, sent one by one, take three times as long."""
    statements: list[str] = []

    def note(statement: DDLElement, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=connection.dialect)))

    Base.metadata.create_all(create_mock_engine(connection.engine.url, note), checkfirst=False)
    script = ";\n".join(statements)
    connection.exec_driver_sql(f"DO $tradingdb$ BEGIN {script}; END $tradingdb$")
