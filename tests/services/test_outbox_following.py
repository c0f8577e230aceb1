"""Consumers handle every event once, alone under their name, and are told of new ones by one relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio
from sqlalchemy import Column, MetaData, Table, Text, func, select, text

from open_transactions import PATIENCE, until_older_ones_ended
from tradingdb.core.ddl import table_of
from tradingdb.database import Database, WriteSession
from tradingdb.errors import ConfigurationError
from tradingdb.models import OutboxConsumer
from tradingdb.services import outbox
from tradingdb.services.outbox import START, Event, NewEvent, following

DONE = Table("done", MetaData(), Column("key", Text))


@pytest_asyncio.fixture(loop_scope="session")
async def shared(database: Database) -> AsyncIterator[Database]:
    """A database with the table of consumers, and one that a handler writes into."""
    async with database.engine.begin() as connection:
        await connection.run_sync(table_of(OutboxConsumer).create, checkfirst=True)
        await connection.run_sync(DONE.create)
    yield database


async def _publish(database: Database, *keys: object) -> None:
    """Publish events, and wait until they can be read."""
    async with database.write() as session:
        await outbox.publish_many(session, [NewEvent("test", "orders", key) for key in keys])
    await until_older_ones_ended(database)


async def _store(session: WriteSession, events: list[Event]) -> None:
    await session.execute(DONE.insert(), [{"key": event.key} for event in events])


async def _done(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(DONE.c.key).order_by(func.length(DONE.c.key), DONE.c.key)))


async def _until_done(database: Database, *keys: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await _done(database) != list(keys):  # noqa: ASYNC110 - the consumer commits in a transaction of its own
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _running(*work: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in work:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_batch_is_handled_and_counted_in_one_transaction(shared: Database) -> None:
    await _publish(shared, *range(5))
    failures = iter([True, False])

    async def fail_once(session: WriteSession, events: list[Event]) -> None:
        await _store(session, events)
        if next(failures, False):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await outbox.consume(shared, "billing", fail_once)
    assert await _done(shared) == []
    assert [await outbox.consume(shared, "billing", fail_once, limit=3) for _ in range(3)] == [3, 2, 0]
    assert await _done(shared) == [*"01234"]
    assert await outbox.consume(shared, "another", fail_once) == 5  # consumers know nothing of each other


async def test_a_consumer_may_begin_at_the_end(shared: Database) -> None:
    await _publish(shared, 1)
    async with shared.read() as session:
        start = await outbox.end(session)
    assert await outbox.consume(shared, "late", _store, start=start) == 0
    await _publish(shared, 2)
    assert await outbox.consume(shared, "late", _store, start=START) == 1  # known by now: start counts no more
    assert await _done(shared) == ["2"]


async def test_one_process_at_a_time_consumes_under_a_name(shared: Database) -> None:
    await _publish(shared, 1)
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slowly(session: WriteSession, events: list[Event]) -> None:
        inside.set()
        await leave.wait()
        await _store(session, events)

    first = asyncio.create_task(outbox.consume(shared, "billing", slowly))
    async with asyncio.timeout(PATIENCE):
        await inside.wait()
    assert await outbox.consume(shared, "billing", _store) is None
    leave.set()
    assert await first == 1
    assert await outbox.consume(shared, "billing", _store) == 0
    assert await _done(shared) == ["1"]


async def test_a_follower_without_a_relay_polls(shared: Database) -> None:
    await _publish(shared, 1)
    async with _running(asyncio.create_task(outbox.follow(shared, "billing", _store, poll=0.02))):
        await _until_done(shared, "1")
        await _publish(shared, 2, 3)
        await _until_done(shared, "1", "2", "3")


async def test_a_follower_is_told_by_the_relay_and_a_second_relay_takes_over(shared: Database) -> None:
    first = asyncio.create_task(outbox.relay(shared, pause=0.01, standby=0.01))
    async with _running(first):
        await _until_seated(shared)
        second = asyncio.create_task(outbox.relay(shared, pause=0.01, standby=0.01))
        following_task = asyncio.create_task(outbox.follow(shared, "billing", _store, poll=3600))
        async with _running(second, following_task):
            await _publish(shared, 1)
            await _until_done(shared, "1")
            first.cancel()
            await _publish(shared, 2)
            await _until_done(shared, "1", "2")


async def test_a_follower_listens_again_after_its_connection_was_lost(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL", 0.02)  # how soon it listens again
    listeners = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )
    relaying = asyncio.create_task(outbox.relay(shared, pause=0.01))
    follower = asyncio.create_task(outbox.follow(shared, "billing", _store, poll=3600))
    async with _running(relaying, follower):
        async with asyncio.timeout(PATIENCE):
            while not await _terminated(shared, listeners):  # noqa: ASYNC110 - it starts to listen in its own time
                await asyncio.sleep(0.01)
        await _publish(shared, 1)
        await _until_done(shared, "1")


async def _terminated(database: Database, statement: object) -> list[bool]:
    async with database.read() as session:
        return list(await session.scalars(statement))  # type: ignore[call-overload]


async def _until_seated(database: Database) -> None:
    held = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND datname = current_database() "
        "WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = :key"
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.read() as session:
                if await session.scalar(held, {"key": following.RELAY_SEAT}):
                    return
            await asyncio.sleep(0.01)


async def test_a_relay_behind_pgbouncer_is_refused(shared: Database) -> None:
    async with Database(shared.target, pgbouncer=True) as behind:
        with pytest.raises(ConfigurationError, match="PgBouncer"):
            await outbox.relay(behind)
