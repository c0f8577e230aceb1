"""Candles that nobody traded: a random walk, the same every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.columns import CandleColumns, candle_columns, to_microseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 20_250_101
MINUTE = 60_000_000
MINUTES_OF_AN_HOUR = 60
FIRST_MINUTE = datetime(2025, 1, 1, tzinfo=UTC)
VOLATILITY = 0.0006
"""Standard deviation of a minute's return; about 2.3 % a day."""


def random_walk(minutes: int, *, start_price: float = 95_000, tick: float = 0.1) -> CandleColumns:
    """One-minute candles from 2025-01-01 on, marked as synthetic; prices are multiples of the tick."""
    generator = np.random.default_rng(SEED)
    closes = start_price * np.exp(np.cumsum(generator.normal(0, VOLATILITY, minutes)))
    opens = np.concatenate(([start_price], closes[:-1]))
    reach = np.abs(generator.normal(0, VOLATILITY, (2, minutes))) * closes
    highs, lows = np.maximum(opens, closes) + reach[0], np.minimum(opens, closes) - reach[1]
    decimals = max(0, round(-np.log10(tick)))
    prices = tuple(np.round(np.round(column / tick) * tick, decimals) for column in (opens, highs, lows, closes))
    times = to_microseconds(FIRST_MINUTE) + np.arange(minutes, dtype=np.int64) * MINUTE
    volume = np.round(generator.gamma(2, 3, minutes), 4)
    columns = candle_columns(times, prices, volume=volume)  # type: ignore[arg-type]
    return replace(columns, is_synthetic=np.ones(minutes, np.bool_))


def hourly(minutes: CandleColumns, *, without: range) -> CandleColumns:
    """The same walk in candles of an hour, whole hours only; the hours that `without` counts up are missing."""
    hours = len(minutes) // MINUTES_OF_AN_HOUR

    def by_hour(column: NDArray[Any]) -> NDArray[Any]:
        return column[: hours * MINUTES_OF_AN_HOUR].reshape(hours, MINUTES_OF_AN_HOUR)

    kept = np.setdiff1d(np.arange(hours), without)
    prices = (
        by_hour(minutes.open)[:, 0],
        by_hour(minutes.high).max(axis=1),
        by_hour(minutes.low).min(axis=1),
        by_hour(minutes.close)[:, -1],
    )
    columns = candle_columns(
        by_hour(minutes.open_time)[:, 0], prices, volume=np.round(by_hour(minutes.volume).sum(axis=1), 4)
    )
    return replace(columns, is_synthetic=np.ones(hours, np.bool_)).take(kept)
