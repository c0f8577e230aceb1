"""The newest candles: the same as the end of everything, whatever coverage says, for one series and for many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import candles
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Candle, Instrument
from tradingdb.services import market
from tradingdb.timeseries import partitions

START = datetime(2024, 1, 31, 23, 55, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAR = 60 * 24 * 70
"""Minutes: two partitions further."""


def bars(minutes: list[int]) -> list[list[float]]:
    return [[(START + at * MINUTE).timestamp(), at, at, at, at, at] for at in minutes]


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


def same(one: candles.CandleSeries, other: candles.CandleSeries) -> bool:
    return {name: (column.dtype, column.tobytes()) for name, column in one.columns.items()} == {
        name: (column.dtype, column.tobytes()) for name, column in other.columns.items()
    }


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 20) | st.integers(FAR, FAR + 20), unique=True),
    n=st.integers(1, 45),
    until=st.none() | st.floats(-2, 22) | st.floats(FAR - 2, FAR + 22),
)
async def test_the_newest_are_the_end_of_all(
    session: WriteSession, minutes: list[int], n: int, until: float | None
) -> None:
    as_of = None if until is None else START + until * MINUTE
    await partitions.ensure(session, Candle, START, START + FAR * MINUTE)  # once, not once per example
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        other = await market.ensure_instrument(session, "binance", "ETH/USDT")
        await candles.write(session, instrument, "1m", bars(minutes))
        await candles.write(session, other, "1m", bars([3, FAR + 30]))
        everything = await candles.read(session, instrument, "1m", columns=["trade_count"], as_of=as_of)
        newest = await candles.latest(session, instrument, "1m", n, columns=["trade_count"], as_of=as_of)
        many = await candles.latest_many(session, [other, instrument], "1m", n, columns=["trade_count"], as_of=as_of)
        await savepoint.rollback()
    assert newest.open.tolist() == everything.open.tolist()[-n:]
    assert same(newest, everything.tail(n))
    assert same(many[instrument.id], newest)
    assert everything.open.tolist() == sorted(at for at in minutes if until is None or at + 1 <= until)


async def test_wrong_coverage_does_not_change_the_answer(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", bars([0, 1, 2, FAR]))
    for wrong in (
        "UPDATE series_coverage SET candle_count = 1000000",
        f"UPDATE series_coverage SET last_open_time = last_open_time + interval '{FAR} minutes'",
        "UPDATE series_coverage SET last_open_time = first_open_time, candle_count = 1",
        "DELETE FROM series_coverage",
    ):
        await session.execute(text(wrong))
        assert (await candles.latest(session, instrument, "1m", 3)).open.tolist() == [1, 2, FAR], wrong
        assert (await candles.latest(session, instrument, "1m", 1)).open.tolist() == [FAR], wrong


async def test_partitions_older_than_the_newest_candles_are_not_opened(database: Database) -> None:
    async with database.write() as session:
        instrument = await btc(session)
        await candles.write(session, instrument, "1m", bars([*range(20), *range(FAR, FAR + 20)]))
        await candles.write(session, instrument, "5m", bars([FAR, FAR + 5]))
    opened = text("SELECT DISTINCT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid()")
    async with database.read() as session:
        assert len(await candles.latest(session, instrument, "1m", 10)) == 10
        assert len(await candles.latest(session, instrument, "5m", 500)) == 2
        assert "candles_2024_01" not in set(await session.scalars(opened)), "planning locks what it does not prune"
    async with database.read() as session:
        assert len(await candles.latest(session, instrument, "1m", 40)) == 40
        assert "candles_2024_01" in set(await session.scalars(opened))


async def test_a_month_is_complete_when_it_has_passed(session: WriteSession) -> None:
    instrument = await btc(session)
    months = [datetime(2024, month, 1, tzinfo=UTC) for month in (1, 2, 3)]
    await candles.write(session, instrument, "1M", [[month.timestamp(), 1, 1, 1, 1, 1] for month in months])
    for as_of, complete in (
        (datetime(2024, 3, 1, tzinfo=UTC), 2),
        (datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC), 1),
        (datetime(2024, 3, 31, 23, tzinfo=UTC), 2),
        (datetime(2024, 4, 1, tzinfo=UTC), 3),
        (datetime(1, 1, 1, 1, tzinfo=UTC), 0),
    ):
        assert len(await candles.read(session, instrument, "1M", as_of=as_of)) == complete
        assert len(await candles.latest(session, instrument, "1M", as_of=as_of)) == complete


@pytest.mark.parametrize("timeframe", list(Timeframe))
async def test_as_of_takes_every_timeframe_at_the_beginning_of_time(
    session: WriteSession, timeframe: Timeframe
) -> None:
    for at in (datetime(1, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)):
        assert len(await candles.read(session, 1, timeframe, as_of=at)) == 0


async def test_many_come_in_the_order_asked_for_and_none_is_left_out(session: WriteSession) -> None:
    instruments = [await market.ensure_instrument(session, "binance", f"{name}/USDT") for name in "ABC"]
    await candles.write(session, instruments[0], "1m", bars([1, 2, 3]))
    await candles.write(session, instruments[2], "1m", bars([FAR]))
    await candles.write(session, instruments[2], "5m", bars([0]))
    wanted = [instruments[2], instruments[1], instruments[0].id, instruments[2], -7]
    found = await candles.latest_many(session, wanted, "1m", 2)
    assert list(found) == [instruments[2].id, instruments[1].id, instruments[0].id, -7]
    assert [series.open.tolist() for series in found.values()] == [[FAR], [], [2, 3], []]
    assert all(series.instrument_id == each for each, series in found.items())
    assert found[-7].open_time.dtype == np.dtype("datetime64[us]")
    assert await candles.latest_many(session, [], "1m") == {}


async def test_the_newest_none_are_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="at least 1"):
        await candles.latest(session, 1, "1m", 0)
    with pytest.raises(InvalidValueError, match="at least 1"):
        await candles.latest_many(session, [1], "1m", -1)
    with pytest.raises(InvalidValueError, match="zone"):
        await candles.latest(session, 1, "1m", as_of=START.replace(tzinfo=None))
    assert len(await candles.latest(session, 1, "1m", 10**30)) == 0
