"""Sealed months: what is read with them is what is read without, whatever was written, by whomever, in between."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from tradingdb import candles
from tradingdb.candles import CandleSeries, SealReport, WriteReport
from tradingdb.candles.columns import CandleColumns, candle_columns, to_microseconds
from tradingdb.candles.months import month_of, moved
from tradingdb.candles.series import ON_REQUEST, SeriesQuery, bounds
from tradingdb.candles.store import copy_fresh, merge_staged, settle
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.failures import sqlstate_of
from tradingdb.models import Candle
from tradingdb.services import market
from tradingdb.timeseries import partitions

JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
FEBRUARY = JANUARY.replace(month=2)
HOUR = timedelta(hours=1)
SYMBOLS = (f"S{at}/USD" for at in count())


async def make_instrument(database: Database) -> int:
    async with database.write() as session:
        return (await market.ensure_instrument(session, "binance", next(SYMBOLS))).id


def bars(first: datetime, size: int, *, step: timedelta = HOUR, price: float = 1.25) -> list[list[float]]:
    times = [(first + at * step).timestamp() for at in range(size)]
    return [[at, price, price + 1, price - 1, price + 0.5, 10 + row / 8] for row, at in enumerate(times)]


async def write(database: Database, instrument: int, rows: Any, timeframe: str = "1h", **options: Any) -> None:
    async with database.write(**options) as session:
        await candles.write(session, instrument, timeframe, rows)


async def sealed_months(session: ReadSession, instrument: int) -> list[datetime]:
    query = text("SELECT month FROM candle_blocks WHERE instrument_id = :id ORDER BY month")
    return [month.astimezone(UTC) for month in await session.scalars(query, {"id": instrument})]


async def months_of(database: Database, instrument: int) -> list[datetime]:
    async with database.read() as session:
        return await sealed_months(session, instrument)


async def of_the_rows(session: ReadSession, instrument: int, timeframe: str, *conditions: str) -> CandleSeries:
    """What is there, read without blocks."""
    return await SeriesQuery.of(instrument, timeframe, list(ON_REQUEST)).fetch(session, conditions)


def assert_same(one: CandleSeries, other: CandleSeries) -> None:
    assert one.columns.keys() == other.columns.keys()
    for name, column in one.columns.items():
        assert column.dtype == other.columns[name].dtype
        assert column.tobytes() == other.columns[name].tobytes(), name


# --- whatever the order of writes, seals and reads

number = st.sampled_from([1.0, 2.5, 3.14, 1e-8, 123456.789, 0.1 + 0.2, 1 / 3])
optional = st.none() | number
day = st.integers(0, 100)


@st.composite
def batches(draw: st.DrawFn) -> CandleColumns:
    """Candles of some days from December 2023 on, in a row or apart, with whatever may be missing."""
    start = draw(day)
    days = draw(
        st.sampled_from([range(start, start + draw(st.integers(1, 70))), sorted(draw(st.sets(day, min_size=1)))])
    )
    size = len(days)
    times = to_microseconds(JANUARY - timedelta(days=31)) + np.array(days, np.int64) * 86_400_000_000
    price = np.array([draw(number) for _ in range(min(size, 3))] * size)[:size]
    reported = {
        name: np.array(
            [np.nan if value is None else value for value in draw(st.lists(optional, min_size=2, max_size=2))] * size
        )[:size]
        for name in ("volume", "quote_volume", "taker_buy_volume")
        if draw(st.booleans())
    }
    return candle_columns(
        times,
        (price, price * 2, price / 2, price),
        trade_count=np.array([draw(st.integers(-1, 300))] * size) if draw(st.booleans()) else None,
        is_closed=np.full(size, draw(st.integers(0, 9)) > 0),
        is_synthetic=np.arange(size) % 3 == draw(st.integers(0, 6)),
        **reported,
    )


way = st.sampled_from(["few", "copied", "staged", "rolled back"])
steps = st.lists(st.tuples(way, batches()) | st.just(("seal", None)) | st.just(("fill", None)), min_size=1, max_size=6)
bound = st.none() | st.integers(-5, 110).map(lambda at: JANUARY + timedelta(days=at - 31)) | st.just(FEBRUARY)


async def store(session: WriteSession, series: dict[str, Any], batch: CandleColumns, way: str) -> None:
    if way in {"few", "rolled back"}:
        await candles.write(session, series["instrument_id"], "1d", batch)
        return
    await partitions.ensure(session, Candle, JANUARY - timedelta(days=31), JANUARY + timedelta(days=140))
    counts = (len(batch), 0)
    if way != "copied" or not await copy_fresh(session, series, batch):
        counts = await merge_staged(session, series, batch)
    months = [JANUARY - timedelta(days=31), *(moved(JANUARY, at) for at in range(5))]
    await settle(session, series, batch, counts[0], months if any(counts) else [])


async def do(database: Database, series: dict[str, Any], step: str, batch: CandleColumns | None) -> None:
    if step == "seal":
        await candles.seal(database)
        return
    async with database.write() as session:
        savepoint = await session.begin_nested()
        if batch is None:
            await candles.fill(session, series["instrument_id"], "1d", "flat")
        else:
            await store(session, series, batch, step)
        if step == "rolled back":
            await savepoint.rollback()


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(done=steps, start=bound, end=bound, as_of=bound)
async def test_what_is_read_with_blocks_is_what_the_rows_say(
    database: Database, done: list[Any], start: datetime | None, end: datetime | None, as_of: datetime | None
) -> None:
    instrument = await make_instrument(database)
    series = {"instrument_id": instrument, "timeframe": "1d", "source": None}
    for step, batch in [*done, ("seal", None)]:
        await do(database, series, step, batch)
        async with database.read() as session:
            whole = await candles.read(session, instrument, "1d", columns=list(ON_REQUEST))
            assert_same(whole, await of_the_rows(session, instrument, "1d"))
            part = await candles.read(session, instrument, "1d", start, end, columns=list(ON_REQUEST), as_of=as_of)
            limits = bounds(SeriesQuery.of(instrument, "1d", []).timeframe, start, end, as_of)
            assert_same(part, await of_the_rows(session, instrument, "1d", *limits))
            assert (await candles.verify_blocks(session)).is_true


@pytest.mark.parametrize("timeframe", ["1s", "3m", "1w", "1M"])
async def test_every_timeframe_can_be_sealed(database: Database, timeframe: str) -> None:
    instrument = await make_instrument(database)
    times = [JANUARY, FEBRUARY] if timeframe == "1M" else [JANUARY + at * timedelta(days=7) for at in range(7)]
    await write(database, instrument, [[at.timestamp(), 1, 2, 0.5, 1.5, 10] for at in times], timeframe)
    assert (await candles.seal(database)).candles == len(times)
    async with database.read() as session:
        found = await candles.read(session, instrument, timeframe, columns=list(ON_REQUEST))
        assert_same(found, await of_the_rows(session, instrument, timeframe))
        assert len(await candles.read(session, instrument, timeframe, JANUARY, FEBRUARY)) == len(times) - (
            1 if timeframe == "1M" else 2
        )


# --- what is sealed


async def test_whole_old_months_are_sealed_once(database: Database) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 24 * 40))
    other = await make_instrument(database)
    await write(database, other, bars(FEBRUARY, 3))
    told: list[tuple[int, int]] = []
    report = await candles.seal(database, on_progress=lambda done, of: told.append((done, of)))
    assert report == SealReport(sealed=3, candles=24 * 40 + 3)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert await months_of(database, instrument) == [JANUARY, FEBRUARY]
    assert await candles.seal(database) == SealReport()


async def test_only_what_was_chosen_is_sealed(database: Database) -> None:
    instrument = await make_instrument(database)
    for timeframe in ("1h", "2h"):
        await write(database, instrument, bars(JANUARY, 3, step=2 * HOUR), timeframe)
    assert await candles.seal(database, venue="kraken") == SealReport()
    assert await candles.seal(database, symbol="X/Y") == SealReport()
    assert await candles.seal(database, older_than="9999y") == SealReport()
    assert await candles.seal(database, timeframe="2h", venue="binance") == SealReport(sealed=1, candles=3)


async def test_this_month_and_the_one_before_it_are_never_sealed(database: Database) -> None:
    now = datetime.now(UTC)
    this, before, long_ago = (moved(month_of(now), -at) for at in range(3))
    instrument = await make_instrument(database)
    await write(database, instrument, [[at.timestamp(), 1, 2, 0.5, 1.5, 10] for at in (long_ago, before, this)])
    # on the first day of a month the one that has just become old enough waits a day
    await candles.seal(database)
    assert await months_of(database, instrument) == ([long_ago] if now.day > 1 else [])
    for span in ("1mo", "2", "0mo", "-3mo", "2 weeks", ""):
        with pytest.raises(InvalidValueError, match="2mo"):
            await candles.seal(database, older_than=span)


async def test_a_month_with_a_candle_that_is_not_closed_is_left_alone(database: Database) -> None:
    instrument = await make_instrument(database)
    one = np.ones(1)
    rows = candle_columns(np.array([to_microseconds(JANUARY)]), (one, one, one, one), is_closed=np.zeros(1, np.bool_))
    await write(database, instrument, rows)
    sent: list[str] = []

    def hear(*given: Any) -> None:
        sent.append(given[2])

    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    assert await candles.seal(database) == SealReport(growing=1)
    assert "NOT is_closed" in sent[-1], "what is packed is not fetched"
    await write(database, instrument, bars(JANUARY, 1))
    assert await candles.seal(database) == SealReport(sealed=1, candles=1)


# --- what drops a block


WAYS = {"in one statement": (FEBRUARY, 1), "staged": (FEBRUARY, 501), "copied": (FEBRUARY + timedelta(days=20), 501)}


@pytest.mark.parametrize(("first", "size"), WAYS.values(), ids=WAYS)
async def test_a_write_into_a_sealed_month_drops_its_block_with_its_commit(
    database: Database, first: datetime, size: int
) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 24 * 50))
    await candles.seal(database)
    async with database.write() as session:
        await candles.write(session, instrument, "1h", bars(first, size, price=7.0))
        assert await sealed_months(session, instrument) == [JANUARY]
        assert await months_of(database, instrument) == [JANUARY, FEBRUARY], "not committed yet"
        found = await candles.read(session, instrument, "1h", first)
        assert found.open[0] == 7
    assert await months_of(database, instrument) == [JANUARY]
    assert (await candles.seal(database)).sealed == len({(first + at * HOUR).month for at in range(size)})


@pytest.mark.parametrize("size", [5, 501])
async def test_candles_that_change_nothing_drop_nothing(database: Database, size: int) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 600))
    await candles.seal(database)
    async with database.write() as session:
        assert await candles.write(session, instrument, "1h", bars(JANUARY, size)) == WriteReport(unchanged=size)
        await candles.fill(session, instrument, "1h", "flat")
    assert await months_of(database, instrument) == [JANUARY]


async def test_a_candle_of_now_is_one_statement(database: Database) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    instrument = await make_instrument(database)
    for price in (1.0, 2.0):  # the second one sees that the partition is there to stay
        await write(database, instrument, bars(now, 1, price=price))
    seen: list[str] = []

    def hear(*given: Any) -> None:
        seen.append(given[2])

    async with database.write() as session:
        event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await candles.write(session, instrument, "1h", bars(now, 1, price=3.0))
    assert len(seen) == 1


@pytest.mark.parametrize("size", [3, 501])
async def test_a_writer_locks_no_month_but_his_also_with_a_kept_plan(database: Database, size: int) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, [[moved(JANUARY, -at).timestamp(), 1, 2, 0.5, 1.5, 10] for at in range(6)])
    locked = text(
        "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
        "WHERE pid = pg_backend_pid() AND relkind = 'r' AND relname LIKE 'candles\\_%'"
    )
    async with database.write() as session:
        await session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        for price in (3.0, 4.0):
            await candles.write(session, instrument, "1h", bars(JANUARY, size, price=price))
        assert (await session.scalars(locked)).all() == ["candles_2024_01"]


# --- who comes at the same time


async def test_a_sealer_waits_for_nobody_and_seals_nothing_that_is_being_written(database: Database) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 5))
    async with database.write() as session:
        await candles.write(session, instrument, "1h", bars(JANUARY, 1, price=7.0))
        assert await candles.seal(database) == SealReport(busy=1)
    assert await candles.seal(database) == SealReport(sealed=1, candles=5)


async def test_an_old_snapshot_that_cannot_see_the_block_is_told_to_begin_again(database: Database) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 5))
    async with database.write(isolation="REPEATABLE READ") as session:
        await session.execute(text("SELECT count(*) FROM candles"))
        await candles.seal(database)
        with pytest.raises(DBAPIError) as told:
            await candles.write(session, instrument, "1h", bars(JANUARY, 1, price=7.0))
        assert sqlstate_of(told.value) == "40001"
        await session.rollback()
    await write(database, instrument, bars(JANUARY, 1, price=7.0), isolation="SERIALIZABLE")
    assert await months_of(database, instrument) == []


async def test_writers_sealers_and_readers_at_once_never_see_or_leave_what_is_not_so(database: Database) -> None:
    """Each write moves the price of a candle in January and of one in February together, to one that no other has."""
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 24 * 45, price=100.0))
    chance = random.Random(7)  # noqa: S311 - a pause, not a secret
    done = asyncio.Event()

    async def move(session: WriteSession, price: float) -> None:
        both = [*bars(JANUARY, 1, price=price), *bars(FEBRUARY, 1, price=price)]
        await candles.write(session, instrument, "1h", both)
        await asyncio.sleep(chance.random() / 100)

    async def writer(start: int, isolation: Any) -> None:
        for at in range(start, start + 12):
            await database.run(lambda session, at=at: move(session, at + 100.0), isolation=isolation)  # type: ignore[misc]

    async def sealer() -> None:
        while not done.is_set():
            await candles.seal(database)

    async def reader() -> None:
        while not done.is_set():
            async with database.read() as session:
                found = await candles.read(session, instrument, "1h")
            assert len(found) == 24 * 45
            assert found.open[0] == found.open[24 * 31], "one state"

    others = [asyncio.create_task(work()) for work in (sealer, reader, reader)]
    await asyncio.gather(writer(1, None), writer(50, "REPEATABLE READ"))
    done.set()
    await asyncio.gather(*others)
    await candles.seal(database)
    assert await months_of(database, instrument) == [JANUARY, FEBRUARY]
    async with database.read() as session:
        assert_same(
            await candles.read(session, instrument, "1h", columns=list(ON_REQUEST)),
            await of_the_rows(session, instrument, "1h"),
        )
        assert (await candles.verify_blocks(session)).is_true


async def test_a_block_dropped_between_two_statements_of_a_read_is_not_mixed_with_newer_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    instrument = await make_instrument(database)
    await write(database, instrument, bars(JANUARY, 24 * 40))
    await candles.seal(database, timeframe="1h")
    fetch = SeriesQuery.fetch

    async def fetch_later(query: SeriesQuery, *arguments: Any, **options: Any) -> CandleSeries:
        monkeypatch.setattr(SeriesQuery, "fetch", fetch)
        both = [*bars(JANUARY, 1, price=7.0), *bars(JANUARY - HOUR, 1, price=7.0)]
        await write(database, instrument, both)
        return await fetch(query, *arguments, **options)

    monkeypatch.setattr(SeriesQuery, "fetch", fetch_later)
    async with database.read() as session:
        found = await candles.read(session, instrument, "1h")
    assert found.open[:3].tolist() == [7, 7, 1.25]
    assert len(found) == 24 * 40 + 1
