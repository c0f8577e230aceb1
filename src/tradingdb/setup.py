"""A database from nothing: created, migrated, with partitions ahead; and back to nothing, if that is really wanted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tradingdb import migrations
from tradingdb.connections import maintenance_connection
from tradingdb.errors import DatabaseMissingError, InsufficientRightsError, RefusedError
from tradingdb.failures import INSUFFICIENT_PRIVILEGE, sqlstate_of
from tradingdb.timeseries import partitions
from tradingdb.urls import is_local

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncConnection

    from tradingdb.database import Database
    from tradingdb.settings import Settings
    from tradingdb.urls import ConnectionTarget

MAINTENANCE_DATABASE = "postgres"
OF_THE_SERVER = {MAINTENANCE_DATABASE, "template0", "template1"}
DATABASE_EXISTS = {"42P04", "23505"}
"""duplicate_database, or the unique index behind it when two create at the same moment."""


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What a setup did; nothing, when everything was there."""

    database: str
    created: bool
    revision: str
    revisions_applied: int
    partitions_made: tuple[str, ...]


async def setup(database: Database) -> SetupReport:
    """Create the database if it is missing, migrate it, and make partitions ahead. Safe to repeat, and at once.

    Raises:
        InsufficientRightsError: the role may not create the database, the extension or the tables.
        ExtensionMissingError: pgvector is not installed on the server.
        SchemaAheadError: the schema is newer than this package.
        ConfigurationError: the connection passes through PgBouncer.
    """
    migrations.require_direct(database)
    await database.open()
    created = await _create_if_missing(database.target)
    schema = await migrations.upgrade(database)
    made = await database.run(partitions.ensure_ahead, idempotent=True)
    return SetupReport(database.target.database, created, schema.head, len(schema.applied), tuple(made))


async def reset(database: Database, settings: Settings) -> SetupReport:
    """Drop the database with everything in it, and set it up anew. Ask the user first; this function does not.

    Raises:
        RefusedError: in production, or the host is neither this machine nor named in `TRADINGDB_RESETTABLE_HOSTS`.
    """
    refuse_reset(database.target, settings)
    await database.open()
    await database.engine.dispose()
    name = database.target.database
    async with _maintenance(database.target) as connection:
        quoted = connection.dialect.identifier_preparer.quote(name)
        await connection.execute(text(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))
    return await setup(database)


def refuse_reset(target: ConnectionTarget, settings: Settings) -> None:
    """Raise if this database must not be dropped from here."""
    if settings.in_production:
        raise RefusedError("Reset is refused where TRADINGDB_ENVIRONMENT is production; nothing was changed.")
    if target.database in OF_THE_SERVER:
        raise RefusedError(
            f"Reset is refused: {target.database} is the server's own database; "
            "keep trading data in another, and name that one in DATABASE_URL."
        )
    strangers = [host for host in target.hosts if not is_local(host) and host not in settings.resettable_hosts]
    if strangers:
        raise RefusedError(
            f"Reset is refused: {strangers[0]} is another machine. If its database may be dropped, "
            "name it in TRADINGDB_RESETTABLE_HOSTS; nothing was changed."
        )


async def _create_if_missing(target: ConnectionTarget) -> bool:
    with suppress(DatabaseMissingError):
        async with maintenance_connection(target):
            return False
    async with _maintenance(target) as connection:
        quoted = connection.dialect.identifier_preparer.quote(target.database)
        try:
            await connection.execute(text(f"CREATE DATABASE {quoted}"))
        except DBAPIError as error:
            if sqlstate_of(error) in DATABASE_EXISTS:
                return False
            if sqlstate_of(error) == INSUFFICIENT_PRIVILEGE:
                raise InsufficientRightsError(
                    f"The database role may not create databases: have an administrator run CREATE DATABASE {quoted} "
                    "with this role as its owner, then try again."
                ) from error
            raise
    return True


def _maintenance(target: ConnectionTarget) -> AbstractAsyncContextManager[AsyncConnection]:
    """A connection to the server beside the database, which may not exist."""
    return maintenance_connection(target.with_database(MAINTENANCE_DATABASE), autocommit=True)
