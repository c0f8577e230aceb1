"""The listing of series: what there is, how much of it, and what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradingdb import candles
from tradingdb.candles import SeriesInfo
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.services import market

START = datetime(2024, 1, 1, tzinfo=UTC)


async def store(session: WriteSession, venue: str, symbol: str, timeframe: str, *opens: datetime) -> None:
    instrument = await market.ensure_instrument(session, venue, symbol)
    rows = [[at.timestamp(), 1, 2, 0.5, 1.5, 10] for at in opens]
    await candles.write(session, instrument, timeframe, rows, source="a test")


async def store_all(session: WriteSession) -> None:
    await store(session, "kraken", "BTC/USD", "1d", START)
    await store(session, "binance", "ETH/USDT", "1m", START)
    await store(session, "binance", "BTC/USDT", "1M", datetime(2023, 11, 1, tzinfo=UTC), START)
    await store(session, "binance", "BTC/USDT", "1m", START, START + timedelta(minutes=1), START + timedelta(minutes=9))
    await store(session, "binance", "BTC/USDT", "1w", START)


async def test_series_come_by_venue_symbol_and_length(session: WriteSession) -> None:
    await store_all(session)
    assert [(info.venue, info.symbol, info.timeframe) for info in await candles.listing(session)] == [
        ("binance", "BTC/USDT", Timeframe.M1),
        ("binance", "BTC/USDT", Timeframe.W1),
        ("binance", "BTC/USDT", Timeframe.MN1),
        ("binance", "ETH/USDT", Timeframe.M1),
        ("kraken", "BTC/USD", Timeframe.D1),
    ]


async def test_a_series_tells_its_range_count_and_gaps(session: WriteSession) -> None:
    await store_all(session)
    (info,) = await candles.listing(session, venue="binance", symbol="BTC/USDT", timeframe=Timeframe.M1)
    last = START + timedelta(minutes=9)
    assert info == SeriesInfo("binance", "BTC/USDT", Timeframe.M1, START, last, count=3, expected=10, source="a test")
    assert info.missing == 7
    assert info.first.utcoffset() == timedelta(0)


async def test_months_are_counted_by_the_calendar(session: WriteSession) -> None:
    await store_all(session)
    (info,) = await candles.listing(session, timeframe=Timeframe.MN1)
    assert (info.count, info.expected, info.missing) == (2, 3, 1)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"venue": "binance"}, 4),
        ({"symbol": "BTC/USDT"}, 3),
        ({"timeframe": Timeframe.M1}, 2),
        ({"venue": "kraken", "timeframe": Timeframe.D1}, 1),
        ({"venue": "kraken", "symbol": "BTC/USDT"}, 0),
        ({"venue": "nowhere"}, 0),
    ],
)
async def test_only_what_was_asked_for_is_listed(session: WriteSession, wanted: dict, count: int) -> None:
    await store_all(session)
    assert len(await candles.listing(session, **wanted)) == count


async def test_an_empty_database_has_no_series_and_a_read_session_suffices(database: Database) -> None:
    async with database.read() as session:
        assert await candles.listing(session) == []
