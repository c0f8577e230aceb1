"""What goes past SQLAlchemy to the driver stays within the session's transaction, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from scratch_databases import MAIL
from tradingdb.bulk import fetch
from tradingdb.connections import Limits
from tradingdb.database import Database, WriteSession
from tradingdb.errors import RolledBackError
from tradingdb.models import User

STORE = text("INSERT INTO numbers VALUES (:number) RETURNING number")
BACKEND = text("SELECT pg_backend_pid() AS pid")


@pytest_asyncio.fixture
async def single(database: Database) -> AsyncIterator[Database]:
    """One connection, which everybody gets."""
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int)"))
    async with Database(database.target, limits=Limits(pool_size=1, max_overflow=0)) as pooled:
        yield pooled


async def stored(database: Database) -> list[int]:
    async with database.read() as session:
        return [*await session.scalars(text("SELECT number FROM numbers ORDER BY number"))]


async def fail_to_flush(session: WriteSession) -> None:
    session.add_all([User(email=MAIL, username="the same"), User(email=f"other-{MAIL}", username="the same")])
    with suppress(IntegrityError):
        await session.flush()


async def end_on_the_connection(session: WriteSession) -> None:
    await (await session.connection()).rollback()


@pytest.mark.parametrize("end", [fail_to_flush, end_on_the_connection])
async def test_nothing_is_stored_once_the_transaction_is_lost(
    single: Database, end: Callable[[WriteSession], Awaitable[None]]
) -> None:
    async def work() -> None:
        async with single.write() as session:
            await fetch(session, STORE, {"number": 1})
            await end(session)
            await fetch(session, STORE, {"number": 2})

    with pytest.raises(RolledBackError):
        await work()
    assert await stored(single) == []


async def test_nothing_is_stored_once_the_savepoint_is_lost(single: Database) -> None:
    async def work() -> None:
        async with single.write() as session:
            await fetch(session, STORE, {"number": 1})
            with suppress(InvalidRequestError):
                async with session.begin_nested():
                    await fetch(session, STORE, {"number": 2})
                    await fail_to_flush(session)
                    await fetch(session, STORE, {"number": 3})

    await work()
    assert await stored(single) == [1]


async def test_a_session_that_has_ended_is_free_at_once(single: Database) -> None:
    gc.disable()
    try:
        async with single.write() as session:
            await fetch(session, STORE, {"number": 1})
            remembered = weakref.ref(session.sync_session)
        del session
        assert remembered() is None
    finally:
        gc.enable()


async def test_a_connection_whose_statement_was_cancelled_is_dropped(single: Database) -> None:
    """Nobody knows what the driver is still doing there."""
    pids: list[int] = []

    async def wait() -> None:
        async with single.write() as session:
            pids.append((await fetch(session, BACKEND, {}))[0]["pid"])
            await fetch(session, text("SELECT pg_sleep(60)"), {})

    task = asyncio.create_task(wait())
    while not pids:  # noqa: ASYNC110 - an event would be set one turn too early
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with single.write() as session:
        assert (await fetch(session, BACKEND, {}))[0]["pid"] not in pids


async def test_a_unit_of_work_asks_nothing_but_what_it_is_for(single: Database) -> None:
    asked: list[str] = []
    async with single.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert isinstance(raw, asyncpg.Connection)
        raw.add_query_logger(lambda record: asked.append(record.query.split()[0]))
    async with single.write() as session:
        await fetch(session, STORE, {"number": 1})
    await asyncio.sleep(0)  # the driver tells a turn later
    assert asked == ["BEGIN", "INSERT", "COMMIT;"]
