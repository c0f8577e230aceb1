"""What a market looked like, from its own candles: trades, tickers, what two sources said, zones and breakouts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradingdb.models import (
    AggregatedMarketData,
    BreakoutDirection,
    BreakoutEvent,
    Dataset,
    MarketData,
    MarketDataSource,
    MarketTrade,
    PriceZone,
    TakerSide,
    ZoneKind,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.round_trips import decimal
from tradingdb.seeds.scene import END, SOURCE, START, january

if TYPE_CHECKING:
    from datetime import datetime

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

DAY = timedelta(days=1)
TICKER_HOURS = 24
"""Before the end of the world."""

MINUTES_OF_TRADES = 3
SOURCES = {"synthetic-a": 1.0002, "synthetic-b": 0.9998}
"""What each asks, in prices of the market itself."""

DATASET_ID = named_id("dataset:minutes")


async def seed_markets(add: Adder, scene: Scene) -> None:
    """Store what the candles imply."""
    tickers = [_ticker(scene, END - timedelta(hours=back)) for back in reversed(range(TICKER_HOURS))]
    await add(MarketData, tickers)
    await add(MarketTrade, _trades(scene))
    for ticker in tickers[-3:]:
        told = [_source(scene, ticker, name, factor) for name, factor in SOURCES.items()]
        await add(MarketDataSource, told)
        await add(AggregatedMarketData, [_aggregate(told)])
    zones = [_zone(scene, kind) for kind in (ZoneKind.DEMAND, ZoneKind.SUPPLY)]
    breakouts = [_breakout(scene, zone) for zone in zones]
    broken = zip(zones, breakouts, strict=True)
    await add(PriceZone, [zone | {"broken_at": breakout["occurred_at"]} for zone, breakout in broken])
    await add(BreakoutEvent, breakouts)
    await add(Dataset, [_dataset(scene)])


def _ticker(scene: Scene, at: datetime) -> Row:
    day = scene.before(at, DAY)
    price, before = scene.close(at), scene.close(at - DAY)
    tick = float(scene.spot.price_tick or 0)
    return {
        "instrument_id": scene.spot.id,
        "data_type": "ticker",
        "source": SOURCE,
        "observed_at": at,
        "price": price,
        "bid_price": price - tick,
        "ask_price": price + tick,
        "spread": 2 * tick,
        "volume_24h": float(scene.minutes.volume[day].sum()),
        "high_24h": float(scene.minutes.high[day].max()),
        "low_24h": float(scene.minutes.low[day].min()),
        "change_24h": price - before,
        "change_percent_24h": 100 * (price - before) / before,
        "fetched_at": at,
    }


def _trades(scene: Scene) -> list[Row]:
    """Four trades in each of the last minutes: its open, high, low and close, with its volume between them."""
    rows = []
    for back in range(MINUTES_OF_TRADES, 0, -1):
        opened = END - timedelta(minutes=back)
        at, candles = len(scene.minutes) - back, scene.minutes
        prices = (candles.open[at], candles.high[at], candles.low[at], candles.close[at])
        for number, price in enumerate(prices):
            rows.append(
                {
                    "instrument_id": scene.spot.id,
                    "traded_at": opened + timedelta(seconds=15 * number),
                    "venue_trade_id": f"{opened:%Y%m%d%H%M}-{number}",
                    "price": float(price),
                    "quantity": float(candles.volume[at]) / len(prices),
                    "taker_side": TakerSide.BUY if number % 2 else TakerSide.SELL,
                    "source": SOURCE,
                }
            )
    return rows


def _source(scene: Scene, ticker: Row, name: str, factor: float) -> Row:
    at = ticker["observed_at"]
    return {
        "instrument_id": scene.spot.id,
        "source": name,
        "data_type": "ticker",
        "observed_at": at,
        "price": round(ticker["price"] * factor, 1),
        "volume_24h": ticker["volume_24h"] / len(SOURCES),
        "change_1h": 100 * scene.change(at, timedelta(hours=1)),
        "change_24h": 100 * scene.change(at, DAY),
        "change_7d": 100 * scene.change(at, 7 * DAY),
    }


def _aggregate(told: list[Row]) -> Row:
    prices = np.array([source["price"] for source in told])
    return {
        "instrument_id": told[0]["instrument_id"],
        "observed_at": told[0]["observed_at"],
        "average_price": float(prices.mean()),
        "median_price": float(np.median(prices)),
        "min_price": float(prices.min()),
        "max_price": float(prices.max()),
        "std_dev": float(prices.std()),
        "volume_24h": sum(source["volume_24h"] for source in told),
        "sources_count": len(told),
        "payload": {source["source"]: source["price"] for source in told},
    }


def _zone(scene: Scene, kind: ZoneKind) -> Row:
    """Where the fourth day turned: its lowest and its highest price."""
    detected = january(5)
    day = scene.before(detected, DAY)
    supply = kind is ZoneKind.SUPPLY
    price = decimal(scene.minutes.high[day].max() if supply else scene.minutes.low[day].min())
    width = Decimal(50)
    return {
        "id": named_id(f"zone:{kind}"),
        "instrument_id": scene.spot.id,
        "timeframe": "1m",
        "kind": kind,
        "price": price,
        "lower_price": price - width if supply else price,
        "upper_price": price if supply else price + width,
        "strength": 1.0,
        "detected_at": detected,
    }


def _breakout(scene: Scene, zone: Row) -> Row:
    """The first close beyond the zone after it was found."""
    up = zone["kind"] is ZoneKind.SUPPLY
    first = (zone["detected_at"] - START) // timedelta(minutes=1)
    closes = scene.minutes.close[first:]
    beyond = closes > float(zone["price"]) if up else closes < float(zone["price"])
    at = first + int(np.argmax(beyond))
    return {
        "id": named_id(f"breakout:{zone['kind']}"),
        "instrument_id": scene.spot.id,
        "zone_id": zone["id"],
        "direction": BreakoutDirection.UP if up else BreakoutDirection.DOWN,
        "price": decimal(scene.minutes.close[at]),
        "volume": decimal(scene.minutes.volume[at]),
        "is_confirmed": True,
        "occurred_at": START + timedelta(minutes=at + 1),
    }


def _dataset(scene: Scene) -> Row:
    """The candles of the first week, which the model was trained on."""
    week = scene.before(january(8), 7 * DAY)
    return {
        "id": DATASET_ID,
        "user_id": scene.trader.user_id,
        "name": "minutes of the first week",
        "description": "Candles of this world, as they are in the database.",
        "uri": "candles?instrument=BTC/USDT&timeframe=1m",
        "row_count": len(scene.minutes.close[week]),
        "range_start": START,
        "range_end": january(8),
        "added_at": january(8),
    }
