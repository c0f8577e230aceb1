"""Panels: every value stands where its time and its instrument say, and nothing is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradingdb import candles
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Instrument
from tradingdb.services import market

START = datetime(2024, 1, 31, 23, 55, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NONE = float("nan")


def bars(minutes: list[int]) -> list[list[float]]:
    return [[(START + at * MINUTE).timestamp(), at, at + 2, at, at + 1, at * 10] for at in minutes]


async def three(session: WriteSession) -> list[Instrument]:
    return [await market.ensure_instrument(session, "binance", f"{name}/USDT") for name in "ABC"]


def minutes_of(panel: candles.Panel) -> list[float]:
    return [(at.replace(tzinfo=UTC) - START) / MINUTE for at in panel.open_time.tolist()]


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.lists(st.sets(st.integers(0, 12)), min_size=3, max_size=3),
    first=st.integers(-2, 13), length=st.integers(0, 15), forward=st.booleans(), full=st.booleans(),
)  # fmt: skip
async def test_a_panel_is_what_each_series_says(
    session: WriteSession, there: list[set[int]], first: int, length: int, forward: bool, full: bool
) -> None:
    last = first + length
    async with session.begin_nested() as savepoint:
        instruments = (await three(session))[::-1]
        for instrument, minutes in zip(instruments, there, strict=True):
            await candles.write(session, instrument, "1m", bars(sorted(minutes)))
        panel = await candles.panel(
            session, instruments, "1m", START + first * MINUTE, START + last * MINUTE,
            fill="forward" if forward else None, full_grid=full,
        )  # fmt: skip
        await savepoint.rollback()
    inside = [{at for at in minutes if first <= at < last} for minutes in there]
    times = list(range(first, last)) if full else sorted(set().union(*inside))
    assert minutes_of(panel) == times
    expected = []
    for minutes in inside:
        known = [max((one for one in minutes if one <= at), default=None) for at in times]
        expected.append(
            [
                NONE if one is None or not (forward or one == at) else one + 1
                for one, at in zip(known, times, strict=True)
            ]
        )
    np.testing.assert_array_equal(panel.values, np.array(expected).reshape(3, len(times)).T)
    assert panel.instrument_ids == tuple(instrument.id for instrument in instruments)
    assert panel.values.dtype == np.float64


async def test_a_panel_as_tables(session: WriteSession) -> None:
    a, b, c = await three(session)
    await candles.write(session, a, "1m", bars([0, 1]))
    await candles.write(session, c, "1m", bars([1, 2]))
    panel = await candles.panel(session, [c, a, b, c], "1m", START, START + 9 * MINUTE, column="volume")
    expected = np.array([[NONE, 0, NONE], [10, 10, NONE], [20, NONE, NONE]])
    pandas, frame, arrow = panel.to_pandas(), panel.to_polars(), panel.to_arrow()
    np.testing.assert_array_equal(pandas.to_numpy(), expected)
    assert pandas.columns.tolist() == [c.id, a.id, b.id]
    assert str(pandas.index.dtype) == "datetime64[us, UTC]"
    names = [str(each) for each in panel.instrument_ids]
    assert frame.columns == arrow.column_names == ["open_time", *names]
    np.testing.assert_array_equal(frame.select(names).to_numpy(), expected)
    assert frame.schema["open_time"] == pl.Datetime("us", "UTC")
    assert str(arrow.schema.field("open_time").type) == "timestamp[us, tz=UTC]"
    np.testing.assert_array_equal(np.column_stack([arrow[name].to_numpy() for name in names]), expected)


@pytest.mark.parametrize("timeframe", list(Timeframe))
async def test_the_full_grid_is_every_time_a_candle_can_open_at(session: WriteSession, timeframe: Timeframe) -> None:
    opened = timeframe.floor(START)
    times = [opened]
    for _ in range(3):
        times.append(timeframe.next(times[-1]))
    second = timedelta(seconds=1) / 2
    for start, end, expected in (
        (opened, times[3], times[:3]),
        (opened - second, times[3] + second, times),
        (opened + second, times[3] - second, times[1:3]),
        (times[3], opened, []),
    ):
        panel = await candles.panel(session, [1], timeframe, start, end, full_grid=True)
        assert [at.replace(tzinfo=UTC) for at in panel.open_time.tolist()] == expected
        assert panel.values.shape == (len(expected), 1)
        assert np.isnan(panel.values).all()


async def test_counts_that_were_not_reported_are_no_numbers(session: WriteSession) -> None:
    a, *_ = await three(session)
    counted = {
        "open_time": np.array([int(START.timestamp())]),
        **dict.fromkeys(("open", "high", "low", "close"), np.ones(1)),
    }
    await candles.write(session, a, "1m", bars([1]))
    await candles.write(session, a, "1m", counted | {"trade_count": np.array([7])})
    panel = await candles.panel(session, [a], "1m", START, START + 9 * MINUTE, column="trade_count")
    np.testing.assert_array_equal(panel.values, [[7], [NONE]])


async def test_a_panel_of_nothing_is_empty(session: WriteSession) -> None:
    panel = await candles.panel(session, [], "1m", START, START + MINUTE)
    assert panel.values.shape == (0, 0)
    assert panel.to_pandas().empty
    assert panel.to_arrow().num_rows == len(panel.to_polars()) == 0


async def test_what_a_panel_refuses(session: WriteSession) -> None:
    end = START + MINUTE
    for wrong, reason in (
        ({"column": "is_closed"}, "'is_closed'"),
        ({"column": "close; DROP TABLE candles"}, "these exist"),
        ({"fill": "backward"}, "'backward'"),
        ({"full_grid": True, "end": datetime(9999, 1, 1, tzinfo=UTC)}, "would not fit"),
        ({"end": end.replace(tzinfo=None)}, "zone"),
    ):
        with pytest.raises(InvalidValueError, match=reason):
            await candles.panel(session, [1], "1m", START, **{"end": end, **wrong})
