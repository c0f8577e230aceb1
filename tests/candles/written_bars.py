"""Candles as the tests of writing see them, how they are handed over, and what is there afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import text

from tradingdb import candles
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.models import Candle, Instrument
from tradingdb.services import market
from tradingdb.timeseries import partitions

START = datetime(2024, 1, 31, 23, 56, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPTIONAL = ("volume", "quote_volume", "trade_count", "taker_buy_volume")


class Bar(NamedTuple):
    """A candle as the model of these tests sees it."""

    minute: int
    price: int
    is_closed: bool
    is_synthetic: bool
    amount: int | None

    @property
    def rank(self) -> int:
        return 0 if self.is_synthetic else 2 if self.is_closed else 1


def rows(count: int, *, first: datetime = START, step: timedelta = MINUTE, price: float = 100) -> list[list[float]]:
    return [[(first + at * step).timestamp(), price, price + 2, price - 1, price + 1, 10] for at in range(count)]


def columns_of(bars: list[Bar]) -> dict[str, Any]:
    price = np.array([bar.price for bar in bars], float)
    amount = np.array([np.nan if bar.amount is None else bar.amount for bar in bars], float)
    return {
        "time": np.array([int((START + bar.minute * MINUTE).timestamp()) for bar in bars]),
        **dict.fromkeys(("open", "high", "low", "close"), price),
        **dict.fromkeys(OPTIONAL, amount),
        "is_closed": np.array([bar.is_closed for bar in bars]),
        "is_synthetic": np.array([bar.is_synthetic for bar in bars]),
    }


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


async def stored(session: ReadSession, instrument: Instrument) -> dict[int, Bar]:
    """Every optional column is written with the same amount, so one of them stands for all."""
    series = await candles.read(session, instrument, "1m", columns=[*OPTIONAL[1:], "is_closed", "is_synthetic"])
    same = {name: np.nan_to_num(series.columns[name].astype(float), nan=-1).tolist() for name in OPTIONAL}
    assert all(column == same["volume"] for column in same.values())
    minutes = (series.open_time - np.datetime64(START.replace(tzinfo=None))) // np.timedelta64(1, "m")
    flags = series.extra["is_closed"], series.extra["is_synthetic"]
    return {
        int(minute): Bar(int(minute), int(price), bool(closed), bool(synthetic), None if amount < 0 else int(amount))
        for minute, price, closed, synthetic, amount in zip(minutes, series.close, *flags, same["volume"], strict=True)
    }


async def assert_coverage_is_true(session: ReadSession) -> None:
    said = await session.execute(
        text("SELECT instrument_id, timeframe, first_open_time, last_open_time, candle_count FROM series_coverage")
    )
    counted = await session.execute(
        text("SELECT instrument_id, timeframe, min(open_time), max(open_time), count(*) FROM candles GROUP BY 1, 2")
    )
    assert sorted(map(tuple, said)) == sorted(map(tuple, counted))


async def assert_nothing_is_there(database: Database) -> None:
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM candles")) == 0
        assert await session.scalar(text("SELECT count(*) FROM series_coverage")) == 0
        assert await partitions.listing(session, Candle) == []
