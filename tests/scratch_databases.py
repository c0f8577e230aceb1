"""Databases that a test makes for itself, and what it does and counts in a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from tradingdb.catalogue import Difference, Snapshot, compare, snapshot
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database, ReadSession
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget

Drift = Callable[[ConnectionTarget], Awaitable[list[Difference]]]

MAIL = "trader@example.org"
ADD_USER = f"INSERT INTO users (id, email) VALUES (gen_random_uuid(), '{MAIL}')"
ADD_VENUE = "INSERT INTO venues (code, name, kind) VALUES ('mine', 'Mine', 'exchange')"


@asynccontextmanager
async def missing_database(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database that is not there yet, dropped on the way out if it is there by then."""
    target = server.with_database(f"tradingdb_test_{uuid4().hex}")
    try:
        yield target
    finally:
        await change(server, f"DROP DATABASE IF EXISTS {target.database} WITH (FORCE)")


@asynccontextmanager
async def empty_database(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database with nothing in it, dropped on the way out."""
    async with missing_database(server) as target:
        await change(server, f"CREATE DATABASE {target.database}")
        yield target


async def change(target: ConnectionTarget, statement: str) -> None:
    async with maintenance_connection(target, autocommit=True) as connection:
        await connection.execute(text(statement))


async def schema_of(target: ConnectionTarget) -> Snapshot:
    async with maintenance_connection(target) as connection:
        return await connection.run_sync(snapshot)


async def count(target: ConnectionTarget, table: str) -> int:
    async with maintenance_connection(target) as connection:
        return await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0


async def execute(entering: AbstractAsyncContextManager[ReadSession], *statements: str) -> None:
    async with entering as session:
        for statement in statements:
            await session.execute(text(statement))


async def users(database: Database) -> int:
    """How many users a session of the database sees: its pool must have a connection to ask with."""
    async with database.read() as session:
        return await session.scalar(text("SELECT count(*) FROM users"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_schema(server: ConnectionTarget) -> Snapshot:
    """What the revisions make; `test_migrations` holds it against the models."""
    async with clone_of_template(server) as target:
        return await schema_of(target)


@pytest.fixture
def drift(migrated_schema: Snapshot) -> Drift:
    """How the schema of a database differs from what the revisions make: `migrations.check` without its half second."""

    async def drift(target: ConnectionTarget) -> list[Difference]:
        return compare(migrated_schema, await schema_of(target))

    return drift
