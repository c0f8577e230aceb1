"""Rollups: kept up to date step by step, stored longer candles are what resampling everything at once would give."""

from __future__ import annotations

import asyncio
import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import candles
from tradingdb.candles import WriteReport
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Candle, Instrument
from tradingdb.services import market
from tradingdb.timeseries import partitions

ROLLUP_MODULE = importlib.import_module("tradingdb.candles.rollup")
START = datetime(2024, 1, 31, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TARGETS = ("2h", "1d", "1M")
EXTRA = ("quote_volume", "trade_count", "taker_buy_volume", "is_closed", "is_synthetic")


@pytest.fixture
async def btc(session: WriteSession) -> Instrument:
    """An instrument, with the months that these tests use made once."""
    await partitions.ensure(session, Candle, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


def bars(
    numbers: list[int], *, price: float = 100, volume: float | None = 1, step: timedelta = HOUR, **flags: bool
) -> dict[str, Any]:
    """Flat candles, numbered from START."""
    size = len(numbers)
    return {
        "time": np.array([int((START + at * step).timestamp()) for at in numbers]),
        **dict.fromkeys(("open", "high", "low", "close"), np.full(size, price)),
        "volume": np.full(size, np.nan if volume is None else volume),
        **{name: np.full(size, value) for name, value in flags.items()},
    }


async def table(session: ReadSession, instrument: Instrument, timeframe: str) -> list[dict[str, Any]]:
    series = await candles.read(session, instrument, timeframe, columns=EXTRA)
    return series.to_polars().fill_nan(None).to_dicts()


async def at_once(session: ReadSession, instrument: Instrument, source: str, target: str) -> list[dict[str, Any]]:
    series = await candles.resample(session, instrument, source, target, columns=EXTRA)
    return series.to_polars().drop("is_complete", "candle_count").fill_nan(None).to_dicts()


async def assert_coverage_is_true(session: ReadSession) -> None:
    counted = text(
        "SELECT timeframe, min(open_time), max(open_time), count(*) FROM candles GROUP BY timeframe ORDER BY timeframe"
    )
    kept = text(
        "SELECT timeframe, first_open_time, last_open_time, candle_count FROM series_coverage ORDER BY timeframe"
    )
    assert (await session.execute(kept)).all() == (await session.execute(counted)).all()


steps = st.lists(
    st.tuples(
        st.sampled_from(["after", "after", "before"]),
        st.integers(1, 40),
        st.integers(0, 3),
        st.sampled_from([99.0, 100.0, 101.0]),
        st.none() | st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, chunk=st.sampled_from([20, 1_000_000]))
async def test_step_by_step_is_what_all_at_once_gives_and_a_second_run_changes_nothing(
    session: WriteSession,
    btc: Instrument,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, int, int, float, int | None, bool]],
    chunk: int,
) -> None:
    monkeypatch.setattr(ROLLUP_MODULE, "CHUNK", chunk)
    async with session.begin_nested() as savepoint:  # left by an error, it is rolled back: the next example starts anew
        await roll_up_step_by_step(session, btc, steps)
        await savepoint.rollback()


async def roll_up_step_by_step(
    session: WriteSession, btc: Instrument, steps: list[tuple[str, int, int, float, int | None, bool]]
) -> None:
    first = last = 0
    newest: dict[str, Any] = {}
    for where, count, hole, price, volume, is_synthetic in steps:
        values = {"price": price, "volume": volume, "is_synthetic": is_synthetic}
        if where == "after":  # the newest is closed by the next step, and has grown till then, as candles do
            newest["volume"] = (newest.get("volume") or 0) + 1
            await candles.write(session, btc, "1h", bars([last], is_closed=True, **newest))
            newest = {"price": price, "volume": volume}
            numbers = list(range(last + hole + 1, last + hole + 1 + count))
            await candles.write(session, btc, "1h", bars(numbers[:-1], is_closed=True, **values))
            await candles.write(session, btc, "1h", bars(numbers[-1:], is_closed=False, **values))
            last = numbers[-1]
        else:
            numbers = list(range(first - hole - count, first - hole))
            await candles.write(session, btc, "1h", bars(numbers, is_closed=True, **values))
            first = numbers[0]
        await candles.rollup(session, btc, "1h", TARGETS)
        again = await candles.rollup(session, btc, "1h", TARGETS)
        assert all(report == WriteReport(unchanged=report.unchanged) for report in again.values())
        for target in TARGETS:
            assert await table(session, btc, target) == await at_once(session, btc, "1h", target)
        await assert_coverage_is_true(session)


async def test_only_what_may_have_changed_is_computed_again(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars(list(range(100))))
    assert await candles.rollup(session, btc, "1h", ["1d", "2h", "2h"]) == {
        Timeframe.H2: WriteReport(inserted=50),
        Timeframe.D1: WriteReport(inserted=5),
    }
    await candles.write(session, btc, "1h", bars([100, 101]))
    assert await candles.rollup(session, btc, "1h", ["2h"]) == {Timeframe.H2: WriteReport(inserted=1, unchanged=1)}
    sources = await session.scalars(text("SELECT DISTINCT source FROM candles WHERE timeframe = '2h'"))
    assert sources.all() == ["rollup 1h"]
    assert await candles.rollup(session, btc, "1m", ["1h"]) == {Timeframe.H1: WriteReport()}


async def test_a_candle_that_closes_late_is_noticed(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars([-2, -1, 0], is_closed=True))
    await candles.write(session, btc, "1h", bars([1], is_closed=False))
    await candles.write(session, btc, "1h", bars([2], is_closed=True))
    await candles.rollup(session, btc, "1h", ["2h"])
    assert [row["is_closed"] for row in await table(session, btc, "2h")] == [True, False, False]
    await candles.write(session, btc, "1h", bars([1], price=101, is_closed=True))
    assert await candles.rollup(session, btc, "1h", ["2h"]) == {Timeframe.H2: WriteReport(updated=1, unchanged=1)}
    late = (await table(session, btc, "2h"))[1]
    assert (late["is_closed"], late["close"]) == (True, 101)


async def test_a_correction_further_back_needs_since(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars(list(range(100))))
    await candles.rollup(session, btc, "1h", ["2h"])
    await candles.write(session, btc, "1h", bars([11], price=120))
    assert await candles.rollup(session, btc, "1h", ["2h"]) == {Timeframe.H2: WriteReport(unchanged=1)}
    report = await candles.rollup(session, btc, "1h", ["2h"], since=START + 11.5 * HOUR)
    assert report == {Timeframe.H2: WriteReport(updated=1, unchanged=44)}
    assert (await table(session, btc, "2h"))[5]["high"] == 120


async def test_the_oldest_is_closed_when_its_beginning_is_loaded(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars(list(range(60))))
    await candles.rollup(session, btc, "1h", ["1d"])
    await candles.write(session, btc, "1h", bars(list(range(-12, 0))))  # exactly to its midnight
    assert await candles.rollup(session, btc, "1h", ["1d"]) == {Timeframe.D1: WriteReport(updated=1, unchanged=1)}
    assert (await table(session, btc, "1d"))[0]["is_closed"]
    await candles.write(session, btc, "1h", bars(list(range(-36, -12))))  # a day before one that is closed
    assert await candles.rollup(session, btc, "1h", ["1d"]) == {Timeframe.D1: WriteReport(inserted=1, unchanged=2)}


async def test_an_incomplete_bucket_does_not_replace_what_the_venue_said(
    session: WriteSession, btc: Instrument
) -> None:
    await candles.write(session, btc, "2h", bars([0, 2, 4], price=50, volume=7, is_closed=True), source="venue")
    await candles.write(session, btc, "1h", bars([0, 2, 3]))
    await candles.write(session, btc, "1h", bars([4, 5], is_synthetic=True))
    report = await candles.rollup(session, btc, "1h", ["2h"], since=START)
    assert report == {Timeframe.H2: WriteReport(updated=1, unchanged=2)}
    assert [row["close"] for row in await table(session, btc, "2h")] == [50, 100, 50]


async def test_made_up_candles_do_not_close_a_bucket(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars([0, 2, 3]))
    await candles.write(session, btc, "1h", bars([1, 4, 5], is_synthetic=True))
    await candles.rollup(session, btc, "1h", ["2h"])
    flags = [(row["is_closed"], row["is_synthetic"]) for row in await table(session, btc, "2h")]
    assert flags == [(False, False), (True, False), (False, True)]


async def test_a_month_survives_that_its_first_days_are_no_longer_kept(session: WriteSession, btc: Instrument) -> None:
    await candles.write(session, btc, "1h", bars(list(range(24, 200))))
    await candles.rollup(session, btc, "1h", ["1M"])
    before = await table(session, btc, "1M")
    await session.execute(text("DELETE FROM candles WHERE timeframe = '1h' AND open_time < '2024-02-05'"))
    await session.execute(text("UPDATE series_coverage SET first_open_time = '2024-02-05' WHERE timeframe = '1h'"))
    for since in (None, START):
        assert await candles.rollup(session, btc, "1h", ["1M"], since=since) == {Timeframe.MN1: WriteReport()}
    assert await table(session, btc, "1M") == before


async def test_what_is_not_made_of_whole_candles_is_refused(session: WriteSession, btc: Instrument) -> None:
    for source, target in (("1h", "1h"), ("1h", "1m"), ("1w", "1M"), ("1h", "7h")):
        with pytest.raises(InvalidValueError):
            await candles.rollup(session, btc, source, [target])
    with pytest.raises(InvalidValueError, match="without a zone"):
        await candles.rollup(session, btc, "1m", ["1h"], since=datetime(2024, 1, 1))  # noqa: DTZ001 - that is the point


async def test_rollups_beside_each_other_and_beside_a_writer_lose_nothing(database: Database) -> None:
    async with database.write() as session:
        btc = await market.ensure_instrument(session, "binance", "BTC/USDT")

    async def write(number: int) -> None:
        async with database.write() as session:
            numbers = list(range(number * 30, number * 30 + 30))
            await candles.write(session, btc, "1m", bars(numbers, price=100 + number, step=MINUTE))

    async def roll() -> None:
        async with database.write() as session:
            await candles.rollup(session, btc, "1m", ["5m", "1h"])

    for number in range(4):
        await asyncio.gather(roll(), write(number), roll())
    await roll()
    async with database.read() as session:
        for target in ("5m", "1h"):
            assert await table(session, btc, target) == await at_once(session, btc, "1m", target)
        await assert_coverage_is_true(session)


async def test_a_rollup_waits_for_one_that_has_read_already(database: Database) -> None:
    async with database.write() as session:
        btc = await market.ensure_instrument(session, "binance", "BTC/USDT")
        await candles.write(session, btc, "1h", bars([0], is_closed=True))

    async def roll() -> None:
        async with database.write() as session:
            await candles.rollup(session, btc, "1h", ["2h"])

    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with database.write() as earlier:
        await candles.rollup(earlier, btc, "1h", ["2h"])
        later = asyncio.create_task(roll())
        async with asyncio.timeout(30):
            while not await earlier.scalar(waiting):  # noqa: ASYNC110 - the lock is on the server
                await asyncio.sleep(0.01)
        assert not later.done()
    await later
