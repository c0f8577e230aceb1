"""Factors computed from the candles, and made-up figures of chains, people and economies."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from tradingdb.models import FactorDefinition, FactorValue, MacroData, OnchainData, SentimentData
from tradingdb.seeds.scene import DAYBREAKS, SOURCE, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

DAY = timedelta(days=1)
MINUTES_OF_A_DAY = 24 * 60
EVERY = timedelta(hours=6)
OBSERVED_AT = [START + DAY + number * EVERY for number in range((len(DAYBREAKS) - 2) * 4 + 1)]
"""When factors are computed: from the end of the first day, as soon as there is a day to look back on."""


def _volatility(scene: Scene, at: datetime) -> float:
    closes = scene.minutes.close[scene.before(at, DAY)]
    return float(np.diff(np.log(closes)).std(ddof=1) * math.sqrt(MINUTES_OF_A_DAY))


def _volume(scene: Scene, at: datetime) -> float:
    return float(scene.minutes.volume[scene.before(at, DAY)].sum())


def _return(scene: Scene, at: datetime) -> float:
    return scene.change(at, DAY)


FACTORS: dict[str, tuple[str, str, Callable[[Scene, datetime], float]]] = {
    "return_24h": ("momentum", "close / close 24 hours before - 1", _return),
    "volatility_24h": ("risk", "sample standard deviation of a day's minute log returns * sqrt(1440)", _volatility),
    "volume_24h": ("liquidity", "sum of the volumes of 24 hours", _volume),
}
"""Category, formula, and how it is computed."""


async def seed_factors(add: Adder, scene: Scene) -> None:
    """Store the definitions, their values, and what is observed beside the market."""
    definitions = [
        {
            "name": name,
            "category": category,
            "formula": formula,
            "dependencies": ["candles"],
            "lookback_hours": 24.0,
            "update_frequency_minutes": EVERY // timedelta(minutes=1),
        }
        for name, (category, formula, _) in FACTORS.items()
    ]
    await add.numbered(FactorDefinition, definitions, key=["name"])
    found = await add.session.execute(select(FactorDefinition.name, FactorDefinition.id))
    numbers = {definition.name: definition.id for definition in found}
    await add(
        FactorValue,
        [
            {
                "factor_id": numbers[name],
                "instrument_id": scene.spot.id,
                "observed_at": at,
                "value": compute(scene, at),
                "calculation_method": formula,
                "input_data_points": MINUTES_OF_A_DAY,
                "lookback_hours": 24.0,
                "known_at": at,
            }
            for name, (_, formula, compute) in FACTORS.items()
            for at in OBSERVED_AT
        ],
    )
    for number, at in enumerate(DAYBREAKS):
        key = {"instrument_id": scene.spot.id, "source": SOURCE, "observed_at": at}
        await add(OnchainData, [key | _onchain(number)])
        await add(SentimentData, [key | _sentiment(scene, at, number)])
        await add(MacroData, [key | _macro(number)])


def _onchain(number: int) -> Row:
    inflow, outflow = 1_000.0 + 10 * number, 1_040.0 + 5 * number
    return {
        "active_addresses": 800_000 + 1_000 * number,
        "transaction_count": 350_000 + 500 * number,
        "hash_rate": 8e20,
        "exchange_inflow": inflow,
        "exchange_outflow": outflow,
        "block_time_avg": 600.0,
        "mempool_size": 20_000 + 100 * number,
    }


def _sentiment(scene: Scene, at: datetime, number: int) -> Row:
    """People are glad when the price has risen for a day."""
    mood = 0.0 if at == START else max(-1.0, min(1.0, 20 * scene.change(at, DAY)))
    mentions = 10_000 + 200 * number
    return {
        "social_volume": mentions,
        "social_sentiment": mood,
        "twitter_mentions": mentions * 3 // 4,
        "reddit_mentions": mentions // 4,
        "fear_greed_index": round(50 + 50 * mood),
        "market_sentiment": "greed" if mood > 0 else "fear",
        "sample_size": mentions,
        "confidence_score": 0.7,
    }


def _macro(number: int) -> Row:
    return {
        "spy_correlation": 0.4,
        "dxy_correlation": -0.2,
        "gold_correlation": 0.1,
        "vix_correlation": -0.3,
        "us_10y_yield": 4.5 + 0.01 * number,
        "yield_curve_2y10y": 0.3,
        "cpi_yoy": 2.9,
        "unemployment_rate": 4.1,
        "fed_funds_rate": 4.375,
    }
