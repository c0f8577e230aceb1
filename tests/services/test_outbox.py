"""Events are read in order, none lost and none twice, whatever order their transactions commit in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from open_transactions import PATIENCE, until_older_ones_ended
from tradingdb.core.ddl import table_of
from tradingdb.core.ids import uuid7
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import InvalidValueError, ScopeError
from tradingdb.models import OutboxConsumer, OutboxEvent, TradingAccount, TradingMode, User, Venue, VenueKind
from tradingdb.scope import Scope
from tradingdb.services import outbox
from tradingdb.services.outbox import START, Cursor, NewEvent

BIGINT = st.integers(-(2**63), 2**63 - 1)


class UndoneError(Exception):
    """Ends a unit of work so that nothing of it stays."""


@pytest_asyncio.fixture(loop_scope="session")
async def writers(database: Database) -> AsyncIterator[Database]:
    """A database with the table of consumers."""
    async with database.engine.begin() as connection:
        await connection.run_sync(table_of(OutboxConsumer).create, checkfirst=True)
    yield database


async def _publish(session: WriteSession, *keys: object, topic: str = "test") -> None:
    await outbox.publish_many(session, [NewEvent(topic, "orders", key) for key in keys])


async def _committed(database: Database, *keys: object, topic: str = "test") -> None:
    async with database.write() as session:
        await _publish(session, *keys, topic=topic)


async def _horizon(session: ReadSession) -> int:
    oldest = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return int((await session.execute(oldest)).scalar_one())


async def _read(database: Database, after: Cursor = START, limit: int = 1000) -> list[outbox.Event]:
    """What can be read at once: other tests' transactions may hold some of it back."""
    async with database.read() as session:
        return await outbox.read(session, after, limit)


async def _read_all(database: Database, after: Cursor = START) -> list[outbox.Event]:
    """What can be read once the transactions that are under way now have ended."""
    await until_older_ones_ended(database)
    return await _read(database, after)


@settings(deadline=None, max_examples=50)
@given(BIGINT, BIGINT)
def test_a_cursor_is_read_back_as_it_was_written(transaction_id: int, number: int) -> None:
    cursor = Cursor(transaction_id, number)
    assert Cursor.parse(str(cursor)) == cursor
    assert cursor >= START or number < 0


@pytest.mark.parametrize("wrong", ["", "1", "1:", ":1", "1:2:3", "a:b", f"{2**63}:1"])
def test_what_is_no_cursor_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidValueError):
        Cursor.parse(wrong)


async def test_an_event_is_read_as_it_was_published_and_only_if_it_was_committed(writers: Database) -> None:
    with suppress(UndoneError):
        async with writers.write() as session:
            await _publish(session, "never")
            raise UndoneError
    key = uuid7()
    async with writers.write() as session:
        await outbox.publish(session, "order.filled", "orders", key, {"price": Decimal("1.50"), "tags": ["a"]})
        assert await outbox.publish_many(session, []) == 0
    (event,) = await _read_all(writers)
    assert (event.topic, event.entity, event.key, event.account_id) == ("order.filled", "orders", str(key), None)
    assert event.payload == {"price": "1.50", "tags": ["a"]}
    assert event.occurred_at.utcoffset() == timedelta(0)


async def test_a_transaction_that_commits_late_is_not_lost_though_a_reader_by_id_loses_it(writers: Database) -> None:
    seen_by_id: list[int] = []

    async def read_by_id() -> None:
        async with writers.read() as session:
            newer = select(OutboxEvent.id).where(OutboxEvent.id > max(seen_by_id, default=0)).order_by(OutboxEvent.id)
            seen_by_id.extend(await session.scalars(newer))

    async with writers.write() as slow:
        await _publish(slow, "first")
        await _committed(writers, "second")
        await read_by_id()
        assert await _read(writers) == []  # what is committed waits for what may still be
    await read_by_id()
    events = await _read_all(writers)
    assert [event.key for event in events] == ["first", "second"]
    assert seen_by_id == [events[1].id]  # the first one came too late for it, and is lost to it for ever


async def test_concurrent_writers_lose_nothing_double_nothing_and_keep_the_order(writers: Database) -> None:
    chance, committed, read = Random(20), set[str](), list[outbox.Event]()  # noqa: S311 - the same each time
    seen_by_id: list[int] = []

    async def writer(number: int) -> None:
        for turn in range(5):
            keys = [f"{number}-{turn}-{part}" for part in range(chance.randint(1, 3))]
            keeps = chance.random() > 0.25
            with suppress(UndoneError):
                async with writers.write() as session:
                    for key in keys:
                        await _publish(session, key)
                        await asyncio.sleep(chance.random() / 200)
                    if not keeps:
                        raise UndoneError
            committed.update(keys if keeps else ())

    async def reader(done: asyncio.Event) -> None:
        while True:
            finished = done.is_set()
            batch = await _read(writers, read[-1].cursor if read else START, limit=chance.randint(1, 7))
            read.extend(batch)
            async with writers.read() as session:
                newer = select(OutboxEvent.id).where(OutboxEvent.id > max(seen_by_id, default=0))
                seen_by_id.extend(await session.scalars(newer))
            if seen_by_id:
                went_past.set()
            if finished and not batch:
                return

    done, went_past = asyncio.Event(), asyncio.Event()
    reading = asyncio.create_task(reader(done))
    async with writers.write() as slow:
        await _publish(slow, "slow")
        await asyncio.gather(*(writer(number) for number in range(4)))
        async with asyncio.timeout(PATIENCE):
            await went_past.wait()
    committed.add("slow")
    await asyncio.gather(*(writer(number) for number in range(4, 12)))
    await until_older_ones_ended(writers)
    done.set()
    await reading
    assert sorted(event.key for event in read) == sorted(committed)
    assert [event.cursor for event in read] == sorted(event.cursor for event in read)
    assert {event.id for event in read} - set(seen_by_id), "a reader by id should have lost the slow transaction"


async def test_topics_and_accounts_are_chosen_and_a_batch_passes_the_others(writers: Database) -> None:
    await _committed(writers, 1, topic="a")
    await _committed(writers, 2, 3, topic="b")
    await _committed(writers, 4, topic="c")
    await until_older_ones_ended(writers)
    async with writers.read() as session:
        assert [event.key for event in await outbox.read(session, START, topics=["a", "c"])] == ["1", "4"]
        assert await outbox.read(session, START, topics=[]) == []
        assert await outbox.read(session, START, account_id=uuid7()) == []
        assert [event.key for event in await outbox.read_last(session, 2)] == ["3", "4"]
        batch = await outbox.read_batch(session, START, topics=["a"])
        assert [event.key for event in batch.events] == ["1"]
        assert await outbox.read(session, batch.after) == []
        full = await outbox.read_batch(session, START, limit=2)
        assert full.after == full.events[-1].cursor
        behind = await outbox.end(session)
        for limit in (0, 10_001):
            with pytest.raises(InvalidValueError):
                await outbox.read(session, START, limit)
    await _committed(writers, 5, topic="a")
    for after in (batch.after, behind):
        assert [event.key for event in await _read_all(writers, after)] == ["5"]


async def test_who_holds_the_outbox_back_is_named(writers: Database) -> None:
    async with writers.read() as session:
        assert (await outbox.lag(session)).stalled_by is None
    async with writers.write() as slow:
        await _publish(slow, "first")
        pid = await slow.scalar(select(func.pg_backend_pid()))
        number = await slow.scalar(text("SELECT (pg_current_xact_id()::text)::bigint"))
        await _committed(writers, "second")
        async with writers.write() as session:
            await outbox.advance(session, "billing", START)
        await until_older_ones_ended(writers, than=number)
        async with writers.write() as younger, writers.read() as session:
            await younger.execute(text("SELECT pg_current_xact_id()"))
            for asking in (session, younger):
                found = await outbox.lag(asking)
                assert (found.readable, found.held_back, found.ahead_of_server) == (0, 1, False)
                assert found.oldest_held_back is not None
                assert found.stalled_by is not None
                assert (found.stalled_by.pid, found.stalled_by.transaction_id) == (pid, number)
                assert found.stalled_by.state == "idle in transaction"
    await until_older_ones_ended(writers)
    async with writers.read() as session:
        found = await outbox.lag(session)
    assert (found.readable, found.held_back, found.stalled_by) == (2, 0, None)
    assert [(c.consumer, c.behind) for c in found.consumers] == [("billing", 2)]


async def test_a_transaction_of_another_database_holds_the_outbox_back_and_is_named(
    writers: Database, unchanged: Database
) -> None:
    own = text("SELECT pg_backend_pid(), (pg_current_xact_id()::text)::bigint")
    async with unchanged.write() as elsewhere:
        pid, number = (await elsewhere.execute(own)).one()
        await _committed(writers, "waits")
        await until_older_ones_ended(writers, than=number)
        assert await _read(writers) == []
        async with writers.read() as session:
            found = await outbox.lag(session)
        assert (found.held_back, found.ahead_of_server) == (1, False)
        assert found.stalled_by is not None
        named = (found.stalled_by.pid, found.stalled_by.transaction_id, found.stalled_by.database)
        assert named == (pid, number, unchanged.target.database)
        async with writers.write() as session:
            assert await outbox.rebase(session) == 0, "it is held back, and not ahead of the server"
    assert [event.key for event in await _read_all(writers)] == ["waits"]


async def test_pruning_spares_what_a_consumer_has_not_read_and_what_is_young(writers: Database) -> None:
    for key in range(6):
        await _committed(writers, key)
    events = await _read_all(writers)
    async with writers.write() as session:
        await session.execute(update(OutboxEvent).values(occurred_at=func.now() - timedelta(days=8)))
        await session.execute(update(OutboxEvent).where(OutboxEvent.id == events[0].id).values(occurred_at=func.now()))
        await outbox.advance(session, "quick", events[5].cursor)
        await outbox.advance(session, "slow", events[3].cursor)
        assert await outbox.prune(session, timedelta(days=7), limit=2) == 2
        assert await outbox.prune(session, timedelta(days=7)) == 1
        with pytest.raises(InvalidValueError):
            await outbox.prune(session, timedelta(days=-1))
    assert [event.key for event in await _read_all(writers)] == ["0", "4", "5"]


async def test_what_happened_to_an_account_is_heard_of_after_its_end(writers: Database) -> None:
    async with writers.write() as session:
        venue = Venue(code="end", name="End", kind=VenueKind.EXCHANGE)
        user = User(username="end", email="end@example.org")
        session.add_all([venue, user])
        await session.flush()
        account = TradingAccount(
            user_id=user.id, venue_id=venue.id, label="end", mode=TradingMode.PAPER, base_currency="USDT"
        )
        session.add(account)
        await session.flush()
        await outbox.publish(session, "account.closed", "trading_accounts", account.id, {}, account.id)
    async with writers.write() as session:
        await session.delete(await session.get_one(TradingAccount, account.id))
    await until_older_ones_ended(writers)
    assert [event.account_id for event in await _read(writers)] == [account.id]


async def test_a_cursor_is_kept_for_a_consumer_and_never_goes_back(writers: Database) -> None:
    async with writers.write() as session:
        assert await outbox.position(session, "billing") is None
        for cursor in (Cursor(5, 7), Cursor(5, 6), Cursor(4, 9)):
            await outbox.advance(session, "billing", cursor)
            assert await outbox.position(session, "billing") == Cursor(5, 7)


async def test_after_a_restore_from_a_dump_old_events_come_first_and_new_ones_are_read(writers: Database) -> None:
    await _committed(writers, 1)
    await _committed(writers, 2, 3)
    old = await _read_all(writers)
    shift = 1_000_000_000
    async with writers.write() as session:
        await outbox.advance(session, "billing", old[0].cursor)
        for table in (table_of(OutboxEvent), table_of(OutboxConsumer)):
            await session.execute(update(table).values(transaction_id=table.c.transaction_id + shift))
    assert await _read_all(writers) == []
    async with writers.write() as session:
        assert (await outbox.lag(session)).ahead_of_server
        before = await _horizon(session)
        moved = await outbox.rebase(session)
        newest = old[-1].cursor.transaction_id + shift - moved
        assert before - 1 <= newest < await _horizon(session), "below the server's transactions, and as near as can be"
    await _committed(writers, 4)
    await until_older_ones_ended(writers)
    async with writers.write() as session:
        assert await outbox.rebase(session) == 0
        position = await outbox.position(session, "billing")
        assert position is not None
        assert [event.key for event in await outbox.read(session, position)] == ["2", "3", "4"]
        assert [event.key for event in await outbox.read(session, START)] == ["1", "2", "3", "4"]
    async with writers.read(scope=Scope(account_id=uuid7())) as session:
        assert await outbox.read(session, START) == []
        with pytest.raises(ScopeError):
            await outbox.rebase(session)  # type: ignore[arg-type]


async def test_of_two_events_about_a_row_the_later_has_the_larger_id(writers: Database) -> None:
    lock = select(func.pg_advisory_xact_lock(1))  # as a lock of the row would make one wait for the other
    async with writers.write() as began_first:
        await _publish(began_first, "of another row")
        async with writers.write() as began_second:
            await began_second.execute(lock)
            await _publish(began_second, "earlier")
        await began_first.execute(lock)
        await _publish(began_first, "later")
    events = {event.key: event for event in await _read_all(writers)}
    assert events["later"].cursor < events["earlier"].cursor
    assert events["later"].id > events["earlier"].id
