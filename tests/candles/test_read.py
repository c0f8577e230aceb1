"""Reading candles: the asked-for range and columns, bit by bit as they were written, as numpy and as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tradingdb import candles
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Instrument
from tradingdb.services import market

START = datetime(2024, 1, 31, 23, 55, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXTRA = ("quote_volume", "trade_count", "taker_buy_volume", "is_closed", "is_synthetic")


def ten(volume: float | None = 10) -> list[list[float | None]]:
    """Five candles at the end of January and five at the start of February."""
    return [[(START + at * MINUTE).timestamp(), 100 + at, 102 + at, 99 + at, 101 + at, volume] for at in range(10)]


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, range(10)),
        (0, None, range(10)),
        (3, None, range(3, 10)),
        (None, 3, range(3)),
        (3, 7, range(3, 7)),
        (2.5, 4.5, range(3, 5)),
        (3, 3, range(0)),
        (7, 3, range(0)),
        (-100, 100, range(10)),
        (10, None, range(0)),
    ],
)
async def test_the_start_is_in_the_range_and_the_end_is_not(
    session: WriteSession, first: float | None, last: float | None, expected: range
) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten())
    start = None if first is None else START + first * MINUTE
    end = None if last is None else START + last * MINUTE
    series = await candles.read(session, instrument, "1m", start, end)
    assert series.open.tolist() == [100 + at for at in expected]


async def test_a_bound_may_be_in_any_zone(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten())
    start = (START + 8 * MINUTE).astimezone(timezone(timedelta(hours=-3, minutes=-30)))
    assert (await candles.read(session, instrument, "1m", start)).open.tolist() == [108, 109]


async def test_a_bound_without_zone_is_refused(session: WriteSession) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(InvalidValueError, match="zone"):
        await candles.read(session, 1, "1m", naive)
    with pytest.raises(InvalidValueError, match="zone"):
        await candles.read(session, 1, "1m", START, naive)


async def test_an_unknown_timeframe_or_column_is_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="'7m'"):
        await candles.read(session, 1, "7m")
    with pytest.raises(InvalidValueError, match="'colour'"):
        await candles.read(session, 1, "1m", columns=["colour"])


async def test_only_the_series_that_was_asked_for_is_read(session: WriteSession) -> None:
    bitcoin, ether = await btc(session), await market.ensure_instrument(session, "binance", "ETH/USDT")
    await candles.write(session, bitcoin, "1m", ten())
    await candles.write(session, bitcoin, "5m", ten()[:1])
    await candles.write(session, ether, "1m", [[START.timestamp(), 1, 1, 1, 1, 1]])
    assert len(await candles.read(session, bitcoin, "1m")) == 10
    assert len(await candles.read(session, bitcoin, Timeframe.M5)) == 1
    assert (await candles.read(session, ether.id, "1m")).close.tolist() == [1]


async def test_columns_come_in_order_of_time_and_with_their_types(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten()[::-1])
    series = await candles.read(session, instrument, "1m", columns=EXTRA)
    assert (series.instrument_id, series.timeframe) == (instrument.id, Timeframe.M1)
    assert (np.diff(series.open_time) == np.timedelta64(60, "s")).all()
    assert {name: column.dtype.name for name, column in series.columns.items()} == {
        "open_time": "datetime64[us]",
        **dict.fromkeys(("open", "high", "low", "close", "volume", "quote_volume"), "float64"),
        "trade_count": "int64",
        "taker_buy_volume": "float64",
        "is_closed": "bool",
        "is_synthetic": "bool",
    }


async def test_an_empty_series_has_the_same_types(session: WriteSession) -> None:
    instrument = await btc(session)
    nothing = await candles.read(session, instrument, "1m", columns=EXTRA)
    await candles.write(session, instrument, "1m", ten())
    something = await candles.read(session, instrument, "1m", columns=EXTRA)
    assert len(nothing) == 0
    assert {name: column.dtype for name, column in nothing.columns.items()} == {
        name: column.dtype for name, column in something.columns.items()
    }
    assert nothing.to_arrow().schema == something.to_arrow().schema
    assert nothing.to_polars().schema == something.to_polars().schema
    assert nothing.to_pandas().dtypes.equals(something.to_pandas().dtypes)


async def test_optional_columns_come_only_when_asked_for_and_in_that_order(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten())
    assert (await candles.read(session, instrument, "1m")).extra == {}
    series = await candles.read(session, instrument, "1m", columns=["is_closed", "trade_count"])
    assert list(series.extra) == ["is_closed", "trade_count"]
    assert series.extra["trade_count"].tolist() == [-1] * 10
    assert series.extra["is_closed"].all()


async def test_a_session_for_reading_suffices(database: Database) -> None:
    async with database.write() as session:
        instrument = await btc(session)
        await candles.write(session, instrument, "1m", ten())
    async with database.read() as session:
        assert len(await candles.read(session, instrument, "1m")) == 10


prices = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)
amounts = st.just(float("nan")) | st.floats(0, allow_infinity=False, allow_subnormal=True)
bars = st.lists(
    st.tuples(
        st.lists(prices, min_size=4, max_size=4).map(lambda four: (four[0], max(four), min(four), four[1])),
        amounts,
        amounts,
        st.integers(-1, 2**31 - 1),
        amounts,
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
EDGES = [((-0.0, 5e-324, -5e-324, 0.0), 5e-324, float("nan"), -1, 1.7976931348623157e308, False, True)]


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=bars)
@example(rows=EDGES)
async def test_what_was_written_is_read_bit_by_bit(session: WriteSession, rows: list[tuple]) -> None:
    times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(len(rows)) * np.timedelta64(60, "s")
    sent = {"open_time": times.astype("datetime64[us]")}
    for at, name in enumerate(("open", "high", "low", "close")):
        sent[name] = np.array([row[0][at] for row in rows])
    kinds = {"volume": float, "quote_volume": float, "trade_count": np.int64, "taker_buy_volume": float}
    for at, (name, kind) in enumerate({**kinds, "is_closed": bool, "is_synthetic": bool}.items(), 1):
        sent[name] = np.array([row[at] for row in rows], kind)
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        await candles.write(session, instrument, "1m", sent)
        series = await candles.read(session, instrument, "1m", columns=EXTRA)
        await savepoint.rollback()
    assert {name: column.tobytes() for name, column in series.columns.items()} == {
        name: column.tobytes() for name, column in sent.items()
    }


async def test_tables_hold_what_the_columns_hold(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten()[:5] + [[*row[:5], None] for row in ten()[5:]])
    series = await candles.read(session, instrument, "1m", columns=["trade_count", "is_closed"])
    pandas, polars, arrow = series.to_pandas(), series.to_polars(), series.to_arrow()
    assert str(pandas.index.dtype) == "datetime64[us, UTC]"
    assert pandas.index.name == "open_time"
    assert str(polars.schema["open_time"]) == "Datetime(time_unit='us', time_zone='UTC')"
    assert arrow.schema.field("open_time").type == pa.timestamp("us", "UTC")
    names = list(series.columns)
    assert ["open_time", *pandas.columns] == polars.columns == arrow.column_names == names
    for name, column in series.columns.items():
        expected = column.tobytes()
        from_pandas = pandas.index.tz_localize(None) if name == "open_time" else pandas[name]
        assert from_pandas.to_numpy().tobytes() == expected
        from_polars = polars[name].dt.replace_time_zone(None) if name == "open_time" else polars[name]
        assert from_polars.to_numpy().tobytes() == expected
        assert arrow[name].combine_chunks().to_numpy(zero_copy_only=False).astype(column.dtype).tobytes() == expected


@pytest.mark.parametrize("table", ["to_pandas", "to_polars", "to_arrow"])
async def test_a_table_that_was_read_can_be_written_again(session: WriteSession, table: str) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", ten(volume=None))
    series = await candles.read(session, instrument, "1m", columns=EXTRA)
    report = await candles.write(session, instrument, "1m", getattr(series, table)())
    assert report == candles.WriteReport(unchanged=10)


async def test_a_day_is_no_instant(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="A date is no instant: pass a datetime with a time zone"):
        await candles.read(session, 1, "1m", date(2024, 1, 1))  # type: ignore[arg-type]
