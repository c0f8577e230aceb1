"""Live candles: every row that an async iterator gave is stored, once, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import candles, market
from tradingdb.candles import FollowReport, WriteReport
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, Retry
from tradingdb.errors import (
    CandlesNotWrittenError,
    InvalidCandlesError,
    InvalidValueError,
)

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEVER = 3600.0
"""Seconds after which no test flushes."""


def row(minute: float, price: float = 1.0, *, start: datetime = START) -> list[float]:
    return [(start + minute * MINUTE).timestamp() * 1000, price, price, price, price, 10.0]


async def feed(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


class Tap:
    """A feed that a test turns on and off, and that counts what was taken from it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.taken = 0
        self.is_closed = False

    async def rows(self) -> AsyncIterator[Any]:
        try:
            while (item := await self.queue.get()) is not None:
                self.taken += 1
                yield item
        finally:
            self.is_closed = True

    def give(self, *items: Any) -> None:
        for item in items:
            self.queue.put_nowait(item)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110 - what happens is counted by somebody else
            await asyncio.sleep(0.002)


async def btc(database: Database) -> int:
    async with database.write() as session:
        return (await market.ensure_instrument(session, "binance", "BTC/USDT")).id


async def stored(database: Database, instrument_id: int) -> dict[int, tuple[float, bool]]:
    """Minute to close and whether it is closed."""
    async with database.read() as session:
        found = await candles.read(session, instrument_id, "1m", columns=["is_closed"])
    at = ((found.open_time - np.datetime64(START.replace(tzinfo=None))) // np.timedelta64(1, "m")).tolist()
    return dict(zip(at, zip(found.close.tolist(), found.extra["is_closed"].tolist(), strict=True), strict=True))


async def test_rows_and_lists_of_rows_are_stored_by_count_and_the_rest_at_the_end(database: Database) -> None:
    instrument_id = await btc(database)
    told: list[FollowReport] = []
    items = [row(0), row(1), [row(1, 2.0), row(2)], [], np.array([row(3), row(4)]), row(4, 3.0)]
    report = await candles.follow(
        database, instrument_id, "1m", feed(*items), every=NEVER, most=3, source="ws", on_batch=told.append
    )
    assert report == FollowReport(rows=7, batches=2, written=WriteReport(inserted=5, duplicates=2))
    assert [one.rows for one in told] == [4, 7]
    assert told[-1] == report
    expected = {0: 1.0, 1: 2.0, 2: 1.0, 3: 1.0, 4: 3.0}
    assert await stored(database, instrument_id) == {at: (price, True) for at, price in expected.items()}
    again = await candles.follow(database, instrument_id, "1m", feed(*items), every=NEVER)
    assert (again.written.inserted, again.written.updated) == (0, 0)
    (info,) = await coverage(database)
    assert (info.count, info.source) == (5, "ws")


async def coverage(database: Database) -> list[candles.SeriesInfo]:
    async with database.read() as session:
        return await candles.coverage(session)


async def test_what_came_is_stored_in_time_also_when_nothing_more_comes(database: Database) -> None:
    instrument_id = await btc(database)
    tap, told = Tap(), []
    tap.give(row(0))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        following = group.create_task(
            candles.follow(database, instrument_id, "1m", tap.rows(), every=0.01, on_batch=told.append)
        )
        await until(lambda: len(told) == 1)
        tap.give(row(1))
        await until(lambda: len(told) == 2)
        tap.give(None)
    assert following.result() == FollowReport(rows=2, batches=2, written=WriteReport(inserted=2))


async def test_a_growing_candle_is_closed_by_the_next_one(database: Database) -> None:
    """The candles lie a little ahead of the clock, as those of a venue with a fast clock, so that time closes none."""
    ahead = Timeframe.S1.floor(utc_now()) + timedelta(seconds=25)
    instrument_id = await btc(database)
    live, told = Tap(), []
    task = asyncio.ensure_future(
        candles.follow(database, instrument_id, "1s", live.rows(), every=0, on_batch=told.append)
    )
    seen = []
    for price, second in enumerate((-3600, 0, 0, 1), 1):
        live.give(row(second / 60, price, start=ahead))
        await until(lambda batches=price: len(told) == batches)
        async with database.read() as session:
            found = await candles.read(session, instrument_id, "1s", columns=["is_closed"])
        seen.append(list(zip(found.close.tolist(), found.extra["is_closed"].tolist(), strict=True)))
    live.give(None)
    assert await task == FollowReport(rows=4, closings=1, batches=4, written=WriteReport(inserted=3, updated=2))
    assert seen == [
        [(1, True)],
        [(1, True), (2, False)],
        [(1, True), (3, False)],
        [(1, True), (3, True), (4, False)],
    ]


async def test_a_growing_candle_that_was_not_stored_yet_is_closed_where_it_waits(database: Database) -> None:
    ahead = Timeframe.S1.floor(utc_now()) + timedelta(seconds=25)
    instrument_id = await btc(database)
    rows = [row(second / 60, price, start=ahead) for price, second in enumerate((0, 0, 1), 1)]
    report = await candles.follow(database, instrument_id, "1s", feed(*rows), every=NEVER)
    assert report == FollowReport(rows=3, batches=1, written=WriteReport(inserted=2, duplicates=1))
    async with database.read() as session:
        found = await candles.read(session, instrument_id, "1s", columns=["is_closed"])
    assert found.close.tolist() == [2, 3]
    assert found.extra["is_closed"].tolist() == [True, False]


async def test_one_item_closes_all_of_its_candles_but_the_last(database: Database) -> None:
    ahead = Timeframe.S1.floor(utc_now()) + timedelta(seconds=25)
    instrument_id = await btc(database)
    item = [row(second / 60, start=ahead) for second in range(3)]
    await candles.follow(database, instrument_id, "1s", feed(item), every=0)
    async with database.read() as session:
        found = await candles.read(session, instrument_id, "1s", columns=["is_closed"])
    assert found.extra["is_closed"].tolist() == [True, True, False]


async def test_what_the_data_say_of_a_candle_is_not_overruled_by_its_earlier_state(database: Database) -> None:
    ahead = Timeframe.S1.floor(utc_now()) + timedelta(seconds=25)
    instrument_id = await btc(database)
    names = ("time", "open", "high", "low", "close", "volume")
    final = {name: [value] for name, value in zip(names, row(0, 5.0, start=ahead), strict=True)} | {"is_closed": [True]}
    items = [row(0, 1.0, start=ahead), final, row(1 / 60, 2.0, start=ahead)]
    report = await candles.follow(database, instrument_id, "1s", feed(*items), every=0)
    assert (report.rows, report.closings) == (3, 0)
    async with database.read() as session:
        found = await candles.read(session, instrument_id, "1s", columns=["is_closed"])
    assert found.close.tolist() == [5, 2]
    assert found.extra["is_closed"].tolist() == [True, False]


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=12),
    sizes=st.lists(st.integers(0, 3), max_size=12),
    most=st.integers(1, 5),
    taken=st.integers(0, 12),
)
async def test_cancelled_anywhere_it_has_stored_what_was_taken(
    database: Database, steps: list[tuple[int, int]], sizes: list[int], most: int, taken: int
) -> None:
    async with database.write() as session:
        await session.execute(text("DELETE FROM candles"))
        await session.execute(text("DELETE FROM series_coverage"))
    instrument_id = await btc(database)
    minute, rows = 0, []
    for step, price in steps:
        minute += step
        rows.append(row(minute, float(price)))
    items: list[Any] = []
    for size in (*sizes, *([1] * len(rows))):
        items.append(rows[:size] if size != 1 else rows[0])
        rows = rows[max(size, 0) :]
        if not rows:
            break
    tap = Tap()
    tap.give(*items[:taken])
    task = asyncio.ensure_future(candles.follow(database, instrument_id, "1m", tap.rows(), every=NEVER, most=most))
    await until(lambda: tap.taken >= min(taken, len(items)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    given_rows = [
        r for item in items[:taken] for r in (item if item and isinstance(item[0], list) else [item] if item else [])
    ]
    last = {round((r[0] / 1000 - START.timestamp()) / 60): r[4] for r in given_rows}
    assert {at: price for at, (price, _) in (await stored(database, instrument_id)).items()} == last
    assert tap.is_closed or not taken


async def test_cancelled_while_it_stores_it_finishes_and_stores_what_came_meanwhile(database: Database) -> None:
    instrument_id = await btc(database)
    await candles_before(database, instrument_id)
    tap, told = Tap(), []
    tap.give(row(1), row(2))
    async with database.write() as holder:
        await holder.execute(text("SELECT 1 FROM series_coverage FOR UPDATE"))
        task = asyncio.ensure_future(
            candles.follow(database, instrument_id, "1m", tap.rows(), every=NEVER, most=1, on_batch=told.append)
        )
        await waits_for_a_lock(database)
        await until(lambda: tap.taken == 2)
        for _ in range(3):  # whoever is impatient loses nothing either
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(await stored(database, instrument_id)) == [0, 1, 2]
    assert (told[-1].rows, told[-1].written) == (2, WriteReport(inserted=2))


async def candles_before(database: Database, instrument_id: int) -> None:
    """One candle, so that the series' coverage has a row that can be locked."""
    async with database.write() as session:
        await candles.write(session, instrument_id, "1m", [row(0)])


_WAITING = text(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
    "AND pid <> pg_backend_pid()"
)


async def waits_for_a_lock(database: Database) -> int:
    async with asyncio.timeout(30), database.engine.connect() as onlooker:
        while (pid := await onlooker.scalar(_WAITING)) is None:
            await onlooker.rollback()
            await asyncio.sleep(0.005)
        return int(pid)


async def test_a_connection_that_is_killed_in_the_middle_costs_no_row_and_stores_none_twice(database: Database) -> None:
    instrument_id = await btc(database)
    await candles_before(database, instrument_id)
    async with database.write() as holder:
        await holder.execute(text("SELECT 1 FROM series_coverage FOR UPDATE"))
        task = asyncio.ensure_future(
            candles.follow(
                database, instrument_id, "1m", feed(*(row(at) for at in range(1, 8))), every=NEVER, most=3,
                retry=Retry(first_delay=0.001),
            )
        )  # fmt: skip
        pid = await waits_for_a_lock(database)
        async with database.engine.connect() as other:
            assert await other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    report = await task
    assert report == FollowReport(rows=7, batches=3, written=WriteReport(inserted=7))
    assert sorted(await stored(database, instrument_id)) == list(range(8))
    assert (await coverage(database))[0].count == 8


async def test_a_commit_of_which_nobody_knows_is_done_again_and_changes_nothing(database: Database) -> None:
    instrument_id = await btc(database)
    async with database.write() as session:
        for statement in DIES_AT_FIRST_COMMIT:
            await session.execute(text(statement))
    report = await candles.follow(
        database, instrument_id, "1m", feed(row(0), row(1)), every=NEVER, retry=Retry(first_delay=0.001)
    )
    assert report == FollowReport(rows=2, batches=1, written=WriteReport(inserted=2))
    assert sorted(await stored(database, instrument_id)) == [0, 1]
    assert (await coverage(database))[0].count == 2


DIES_AT_FIRST_COMMIT = (
    "CREATE SEQUENCE deaths",
    """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('deaths') = 1 THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER die AFTER INSERT OR UPDATE ON series_coverage DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die()
    """,
)


async def test_what_cannot_be_stored_is_handed_back(database: Database) -> None:
    instrument_id = await btc(database)
    await candles_before(database, instrument_id)
    tap = Tap()
    tap.give(row(1), row(2))
    async with database.write() as holder:
        await holder.execute(text("SELECT 1 FROM series_coverage FOR UPDATE"))
        task = asyncio.ensure_future(
            candles.follow(database, instrument_id, "1m", tap.rows(), every=NEVER, most=1, retry=Retry(attempts=1))
        )
        pid = await waits_for_a_lock(database)
        await until(lambda: tap.taken == 2)
        async with database.engine.connect() as other:
            assert await other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(CandlesNotWrittenError, match=r"^2 candles that came could not be stored: .*\.$") as caught:
            await task
    assert caught.value.__cause__ is not None
    assert sorted(await stored(database, instrument_id)) == [0]
    async with database.write() as session:
        assert await candles.write(session, instrument_id, "1m", caught.value.candles) == WriteReport(inserted=2)


async def test_a_feed_that_fails_ends_it_after_its_rows_are_stored(database: Database) -> None:
    async def failing() -> AsyncIterator[list[float]]:
        yield row(0)
        yield row(1)
        raise ConnectionResetError("the venue hung up")

    instrument_id = await btc(database)
    with pytest.raises(ConnectionResetError, match="hung up"):
        await candles.follow(database, instrument_id, "1m", failing(), every=NEVER)
    assert sorted(await stored(database, instrument_id)) == [0, 1]


NO_CANDLE = [*row(2)[:2], 0.5, *row(2)[3:]]


async def test_a_row_that_is_no_candle_ends_it_after_those_before_it(database: Database) -> None:
    instrument_id = await btc(database)
    with pytest.raises(InvalidCandlesError, match=r"Row 1 of an item was refused.*high is below another price"):
        await candles.follow(database, instrument_id, "1m", feed(row(0), [row(1), NO_CANDLE, row(3)]), every=NEVER)
    assert sorted(await stored(database, instrument_id)) == [0, 1]
    with pytest.raises(InvalidValueError, match="not a number"):
        await candles.follow(database, instrument_id, "1m", feed(row(2), [None, "x", 1, 1, 1, 1]), every=NEVER)
    assert sorted(await stored(database, instrument_id)) == [0, 1, 2]


async def test_or_is_put_aside_and_the_others_go_on(database: Database) -> None:
    instrument_id = await btc(database)
    report = await candles.follow(
        database, instrument_id, "1m", feed(row(0), [row(1), NO_CANDLE, row(3)]), every=NEVER, on_invalid="quarantine"
    )
    assert report == FollowReport(rows=4, batches=1, written=WriteReport(inserted=3, quarantined=1))
    assert sorted(await stored(database, instrument_id)) == [0, 1, 3]


async def test_an_iterator_may_use_its_arrays_again(database: Database) -> None:
    instrument_id = await btc(database)
    price = np.ones(1)

    async def same_array() -> AsyncIterator[dict[str, np.ndarray]]:
        for at in range(3):
            price[:] = at + 1
            times = np.array([int(row(at)[0])])
            yield {"time": times, "open": price, "high": price, "low": price, "close": price}

    await candles.follow(database, instrument_id, "1m", same_array(), every=NEVER)
    async with database.read() as session:
        assert (await candles.read(session, instrument_id, "1m")).close.tolist() == [1, 2, 3]


@pytest.mark.parametrize("wrong", [{"most": 0}, {"every": -1}, {"every": float("nan")}, {"on_invalid": "quarantin"}])
async def test_batches_that_make_no_sense_are_refused(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match=r"ask for at least 1|'quarantin' was asked for"):
        await candles.follow(database, 1, "1m", feed(), **wrong)
