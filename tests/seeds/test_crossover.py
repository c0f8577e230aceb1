"""The synthetic series is valid, and whatever series the crossover trades, its ledger adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world_queries import ZERO, position_of

from tradingdb.candles import CandleSeries
from tradingdb.candles.validate import problems
from tradingdb.core.ids import uuid7
from tradingdb.core.timeframe import Timeframe
from tradingdb.models import Instrument, StrategyRule, TradingAccount, TradingMode
from tradingdb.seeds import crossover, round_trips
from tradingdb.seeds.synthetic import hourly, random_walk


@settings(deadline=None, max_examples=25)
@given(minutes=st.integers(1, 3_000), tick=st.sampled_from([0.01, 0.1, 0.5, 5]))
def test_a_synthetic_series_is_valid_and_on_its_tick(minutes: int, tick: float) -> None:
    walk = random_walk(minutes, tick=tick)
    assert len(walk) == minutes
    assert problems(walk, Timeframe.M1) == []
    for prices in (walk.open, walk.high, walk.low, walk.close):
        assert np.allclose(np.round(prices / tick) * tick, prices, rtol=0, atol=1e-6)
    assert walk.is_synthetic is not None
    assert walk.is_synthetic.all()


@given(number=st.integers(0, 2**32 - 1), length=st.integers(1, 600), volatility=st.floats(0.0005, 0.01))
@settings(deadline=None, max_examples=60)
def test_the_ledger_of_any_series_adds_up(number: int, length: int, volatility: float) -> None:
    generator = np.random.default_rng(number)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(round_trips, "FAST", 5)
        patched.setattr(round_trips, "SLOW", 20)
        ledger = crossover.run(
            series_of(100 * np.exp(np.cumsum(generator.normal(0, volatility, length)))),
            TradingAccount(id=uuid7(), mode=TradingMode.PAPER, base_currency="USDT"),
            Instrument(id=1, symbol="BTC/USDT", price_tick=Decimal("0.01")),
            StrategyRule(id=uuid7(), strategy_id=uuid7()),
            uuid7(),
        )
    if not ledger.positions:
        assert [*ledger.trades, *ledger.orders, *ledger.fills] == []
        return
    [position] = ledger.positions
    assert position_of(ledger.fills) == (position["quantity"], position["realized_pnl"])
    assert position["fees"] == sum(fill["fee"] for fill in ledger.fills)
    closed = [trade for trade in ledger.trades if trade["pnl"] is not None]
    still_open = [trade for trade in ledger.trades if trade["pnl"] is None]
    assert len(still_open) <= 1
    open_fees = sum((trade["fees"] for trade in still_open), start=ZERO)
    assert sum((trade["pnl"] for trade in closed), start=ZERO) == (
        position["realized_pnl"] - (position["fees"] - open_fees)
    )
    assert len(ledger.trade_exits) == len(ledger.evidence) == len(closed)
    assert len({order["client_order_id"] for order in ledger.orders}) == len(ledger.orders)


def series_of(close: np.ndarray[Any, np.dtype[np.float64]]) -> CandleSeries:
    times = np.datetime64("2025-01-01", "us") + np.arange(len(close)) * np.timedelta64(1, "m")
    close = np.round(close, 2)
    opens = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    return CandleSeries(1, Timeframe.M1, times, opens, high, low, close, np.ones(len(close)))


@settings(deadline=None, max_examples=25)
@given(hours=st.integers(1, 60), first=st.integers(0, 60), missing=st.integers(0, 5), spare=st.integers(0, 59))
def test_candles_of_an_hour_are_those_of_its_minutes(hours: int, first: int, missing: int, spare: int) -> None:
    minutes = random_walk(60 * hours + spare)
    gap = range(first, first + missing)
    made = hourly(minutes, without=gap)
    assert problems(made, Timeframe.H1) == []
    kept = [hour for hour in range(hours) if hour not in gap]
    assert len(made) == len(kept)
    for at, hour in enumerate(kept):
        part = minutes.take(slice(60 * hour, 60 * hour + 60))
        assert made.open_time[at] == part.open_time[0]
        found = (made.open[at], made.high[at], made.low[at], made.close[at])
        assert found == (part.open[0], part.high.max(), part.low.min(), part.close[-1])
        assert made.volume[at] == pytest.approx(part.volume.sum())
