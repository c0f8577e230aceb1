"""What no candle may be is found row by row, and exactly there where the table's CHECKs would refuse it too."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tradingdb.candles.columns import BadCellError, CandleColumns, candle_columns, months_of, to_microseconds
from tradingdb.candles.times import epoch_to_microseconds
from tradingdb.candles.validate import on_grid, problems
from tradingdb.candles.write import _is_rising
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.models import Candle
from tradingdb.services import market
from tradingdb.timeseries import partitions

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
INSERT = text(
    "INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close, volume) "
    "VALUES (:instrument_id, '1m', :open_time, :open, :high, :low, :close, :volume)"
)


def columns_of(*rows: tuple[float, float, float, float, float], start: datetime = NEW_YEAR) -> CandleColumns:
    values = np.array(rows, float).T
    times = to_microseconds(start) + np.arange(len(rows), dtype=np.int64) * 60_000_000
    return candle_columns(times, (values[0], values[1], values[2], values[3]), volume=values[4])


GOOD = (1.0, 2.0, 0.5, 1.5, 10.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((math.nan, 2, 0.5, 1.5, 10), "not a finite number"),
        ((1, math.inf, 0.5, 1.5, 10), "not a finite number"),
        ((1, 2, -math.inf, 1.5, 10), "not a finite number"),
        ((1, 2, 0.5, math.nan, 10), "not a finite number"),
        ((3, 2, 0.5, 1.5, 10), "high is below"),
        ((1, 2, 0.5, 3, 10), "high is below"),
        ((1, 2, 3, 1, 10), "high is below"),
        ((1, 2, 1.25, 1.5, 10), "low is above"),
        ((1.5, 2, 1.25, 1, 10), "low is above"),
        ((1, 2, 0.5, 1.5, -1), "volume is negative"),
        ((1, 2, 0.5, 1.5, math.inf), "volume is negative or infinite"),
    ],
)
def test_only_the_bad_row_is_found_and_with_its_reason(row: tuple[float, ...], reason: str) -> None:
    found = problems(columns_of(GOOD, row, GOOD), Timeframe.M1)
    assert [problem.row for problem in found] == [1]
    assert reason in found[0].reason


@pytest.mark.parametrize(
    "row", [GOOD, (1, 1, 1, 1, 0), (0, 0, 0, 0, 0), (-38, -37, -40, -39, 5), (1, 2, 0.5, 1.5, math.nan)]
)
def test_flat_zero_and_negative_prices_and_an_unknown_volume_are_candles(row: tuple[float, ...]) -> None:
    assert problems(columns_of(row), Timeframe.M1) == []


@pytest.mark.parametrize("name", ["volume", "quote_volume", "taker_buy_volume"])
@pytest.mark.parametrize("value", [-0.001, math.inf])
def test_every_volume_is_checked(name: str, value: float) -> None:
    columns = replace(columns_of(GOOD, GOOD), **{name: np.array([1.0, value])})
    found = problems(columns, Timeframe.M1)
    assert [(problem.row, problem.reason) for problem in found] == [(1, f"{name} is negative or infinite")]


def test_a_negative_trade_count_is_found() -> None:
    columns = replace(columns_of(GOOD, GOOD), trade_count=np.array([1, -2]))
    assert [problem.row for problem in problems(columns, Timeframe.M1)] == [1]


def test_a_trade_count_beyond_its_column_is_found() -> None:
    columns = replace(columns_of(GOOD, GOOD), trade_count=np.array([1, 2**31]))
    assert [problem.row for problem in problems(columns, Timeframe.M1)] == [1]


def test_a_time_that_no_calendar_has_is_found() -> None:
    columns = replace(columns_of(GOOD, GOOD), open_time=np.array([-99_999_999_960_000_000, 0]))
    assert [problem.row for problem in problems(columns, Timeframe.M1)] == [0]


def test_a_candle_that_opens_in_the_future_is_found_and_the_present_one_is_not() -> None:
    now = Timeframe.M1.floor(utc_now())
    assert problems(columns_of(GOOD, start=now), Timeframe.M1) == []
    found = problems(columns_of(GOOD, start=now + timedelta(minutes=3)), Timeframe.M1)
    assert [problem.reason for problem in found] == ["the open time is in the future"]


def test_rows_come_in_order_each_with_one_reason() -> None:
    bad_twice = (math.nan, math.inf, math.nan, math.nan, -1.0)
    found = problems(columns_of(GOOD, (1, 2, 0.5, 1.5, -1), bad_twice, (3, 2, 1, 2, 0)), Timeframe.M1)
    assert [problem.row for problem in found] == [1, 2, 3]


@pytest.mark.parametrize("piece", [1, 2, 3])
def test_rows_are_counted_from_the_first_also_where_they_are_looked_at_in_pieces(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    for module in ("validate", "times", "columns", "write"):
        monkeypatch.setattr(importlib.import_module(f"tradingdb.candles.{module}"), "PIECE", piece)
    columns = columns_of(GOOD, (1, 0, 0.5, 1.5, 1), GOOD, (1, 0, 0.5, 1.5, 1))
    assert [problem.row for problem in problems(columns, Timeframe.M1)] == [1, 3]
    assert months_of(columns.open_time) == [NEW_YEAR.replace(day=1)]
    seconds = columns.open_time // 1_000_000
    assert epoch_to_microseconds(seconds.astype(float)).tolist() == columns.open_time.tolist()
    with pytest.raises(BadCellError, match="row 2: the time is missing"):
        epoch_to_microseconds(np.array([*seconds[:2], math.nan]))
    rising = columns.open_time
    assert [_is_rising(times) for times in (rising, rising[[0, 1, 1]], rising[[0, 1, 2, 1]])] == [True, False, False]


def test_no_candles_have_no_problems() -> None:
    assert problems(columns_of(GOOD).take(slice(0, 0)), Timeframe.M1) == []


@settings(deadline=None, max_examples=80)
@given(
    at=st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - hypothesis takes naive bounds
    timeframe=st.sampled_from(list(Timeframe)),
)
def test_the_grid_is_that_of_the_timeframe(at: datetime, timeframe: Timeframe) -> None:
    opened = timeframe.floor(at)
    following = timeframe.next(opened)
    instants = [opened, following, opened + timedelta(microseconds=1), following - timedelta(microseconds=1)]
    found = on_grid(np.array([to_microseconds(instant) for instant in instants]), timeframe)
    assert found.tolist() == [True, True, False, False]


numbers = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 5e-324, 1e308, math.nan, math.inf, -math.inf])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.tuples(numbers, numbers, numbers, numbers, numbers), offset=st.sampled_from([0, 0, 0, 1]))
async def test_a_row_is_refused_here_exactly_if_the_table_refuses_it(
    session: WriteSession, row: tuple[float, float, float, float, float], offset: int
) -> None:
    at = NEW_YEAR + timedelta(seconds=offset)
    instrument = await market.ensure_instrument(session, "binance", "BTC/USDT")
    await partitions.ensure(session, Candle, at, at)
    values = dict(zip(("open", "high", "low", "close", "volume"), row, strict=True))
    if math.isnan(row[4]):
        values["volume"] = None  # as the write path stores what was not reported
    try:
        async with session.begin_nested() as savepoint:
            await session.execute(INSERT, {"instrument_id": instrument.id, "open_time": at, **values})
            await savepoint.rollback()
    except IntegrityError:
        refused = True
    else:
        refused = False
    assert bool(problems(columns_of(row, start=at), Timeframe.M1)) == refused
