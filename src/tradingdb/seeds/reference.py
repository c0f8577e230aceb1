"""Facts that every installation needs: the venues that people trade at, and the timeframes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from tradingdb.bulk import upsert
from tradingdb.core.timeframe import Timeframe
from tradingdb.models import TimeframeInfo, Venue, VenueKind
from tradingdb.timeseries.partitions import hold_growth_lock

if TYPE_CHECKING:
    from tradingdb.database import WriteSession

DAYS_OF_A_MONTH = 30

VENUES = {
    VenueKind.EXCHANGE: {
        "binance": "Binance",
        "binanceusdm": "Binance USDⓈ-M futures",
        "bitfinex": "Bitfinex",
        "bitget": "Bitget",
        "bitmex": "BitMEX",
        "bitstamp": "Bitstamp",
        "bybit": "Bybit",
        "coinbase": "Coinbase",
        "cryptocom": "Crypto.com",
        "deribit": "Deribit",
        "gate": "Gate",
        "gemini": "Gemini",
        "htx": "HTX",
        "kraken": "Kraken",
        "krakenfutures": "Kraken Futures",
        "kucoin": "KuCoin",
        "mexc": "MEXC",
        "okx": "OKX",
    },
    VenueKind.DEX: {"dydx": "dYdX", "hyperliquid": "Hyperliquid", "uniswap_v3": "Uniswap v3"},
    VenueKind.BROKER: {"alpaca": "Alpaca", "ibkr": "Interactive Brokers"},
    VenueKind.DATA_VENDOR: {
        "coingecko": "CoinGecko",
        "fred": "FRED",
        "glassnode": "Glassnode",
        "lunarcrush": "LunarCrush",
        "santiment": "Santiment",
        "yahoo": "Yahoo Finance",
    },
    VenueKind.SIMULATED: {"simulated": "Simulated"},
}
"""Codes are ccxt's where ccxt knows the venue."""


async def seed_reference(session: WriteSession) -> dict[str, int]:
    """Add what is missing; what is there stays as it is."""
    await hold_growth_lock(session)  # two of these at once would both find the same rows missing
    timeframes = [
        {"code": code, "position": at, "duration": timedelta(seconds=code.seconds or DAYS_OF_A_MONTH * 86_400)}
        for at, code in enumerate(Timeframe)
    ]
    venues = [
        {"code": code, "name": name, "kind": kind} for kind, of_kind in VENUES.items() for code, name in of_kind.items()
    ]
    there = set(await session.scalars(select(Venue.code)))  # a refused insert would use up one of 32,767 ids
    venues = [venue for venue in venues if venue["code"] not in there]
    return {
        "timeframes": (await upsert(session, TimeframeInfo, timeframes)).inserted,
        "venues": (await upsert(session, Venue, venues, key=["code"])).inserted,
    }
