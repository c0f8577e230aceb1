"""What models said: a model that predicts, and a language model that was asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb.models import AiAnalysis, AiInsight, ApiCost, MlModel, MlPrediction, ModelStage
from tradingdb.seeds.adding import digest_of, named_id
from tradingdb.seeds.conversations import SESSION_KEY
from tradingdb.seeds.markets import DATASET_ID
from tradingdb.seeds.scene import ANALYST, ANALYST_ID, END, january

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

DAY = timedelta(days=1)
MODEL_ID, RETIRED_MODEL_ID = named_id("model:2"), named_id("model:1")
REVERSION = -0.1
"""The model's only parameter: what share of a day's return comes back the next day, with its sign."""

LANGUAGE_MODEL = "development-model"
ANALYSED_AT = (january(2, 23), january(6), january(10))


def prediction_id(at: datetime) -> UUID:
    """Of what was predicted at an instant."""
    return named_id(f"prediction:{at.isoformat()}")


def insight_id(number: int) -> UUID:
    """Of the insight of an analysis, counted from 0."""
    return named_id(f"insight:{number}")


async def seed_models(add: Adder, scene: Scene) -> None:
    """Store a model that expects a part of each day's return to come back, and what it predicted each day."""
    shared = {"name": "reversion", "model_type": "regression", "algorithm": "one parameter"}
    await add(
        MlModel,
        [
            shared
            | {
                "id": RETIRED_MODEL_ID,
                "version": "1",
                "parameters": {"reversion": 0.0},
                "stage": ModelStage.ARCHIVED,
                "trained_until": january(2),
            },
            shared
            | {
                "id": MODEL_ID,
                "version": "2",
                "parameters": {"reversion": REVERSION},
                "dataset_id": DATASET_ID,
                "stage": ModelStage.PRODUCTION,
                "trained_until": january(8),
                "deployed_at": january(8),
            },
        ],
    )
    times = [january(day) for day in range(8, 15)]
    await add(MlPrediction, [_prediction(scene, at) for at in (*times, END)])


def _prediction(scene: Scene, at: datetime) -> Row:
    """Resolved as soon as the candles of the next day are there; that of the last midnight never is."""
    last = scene.change(at, DAY)
    row: Row = {
        "id": prediction_id(at),
        "model_id": MODEL_ID,
        "user_id": scene.trader.user_id,
        "instrument_id": scene.spot.id,
        "prediction_type": "return",
        "horizon": "1d",
        "made_at": at,
        "target_at": at + DAY,
        "predicted_value": REVERSION * last,
        "confidence": 0.5,
        "features": {"return_24h": last},
    }
    if at + DAY <= END:
        actual = scene.change(at + DAY, DAY)
        row |= {"actual_value": actual, "error": REVERSION * last - actual, "resolved_at": at + DAY}
    return row


async def seed_analyses(add: Adder, scene: Scene) -> None:
    """Store what a language model answered, what it recommended, and what each answer cost."""
    analyses = [_analysis(scene, at, number) for number, at in enumerate(ANALYSED_AT)]
    await add(AiAnalysis, analyses)
    await add(
        ApiCost,
        [
            {
                "agent": ANALYST,
                "called_at": analysis["known_at"],
                "entry_id": analysis["id"],
                "service": "development",
                "operation": "analyse",
                "model": LANGUAGE_MODEL,
                **{name: analysis[name] for name in ("input_tokens", "output_tokens", "cost")},
            }
            for analysis in analyses
        ],
    )
    await add(
        AiInsight,
        [
            {
                "id": insight_id(number),
                "user_id": scene.trader.user_id,
                "analysis_id": analysis["id"],
                "instrument_id": scene.perpetual.id,
                "insight_type": "recommendation",
                "recommendation": analysis["signal"],
                "confidence": analysis["confidence"],
                "reasoning": analysis["analysis"],
                "source": LANGUAGE_MODEL,
                "session_key": SESSION_KEY,
                "known_at": analysis["known_at"],
            }
            for number, analysis in enumerate(analyses)
        ],
    )


def _analysis(scene: Scene, at: datetime, number: int) -> Row:
    signal = ("buy", "hold", "hold")[number]
    return {
        "id": named_id(f"analysis:{number}"),
        "user_id": scene.trader.user_id,
        "agent_id": ANALYST_ID,
        "instrument_id": scene.perpetual.id,
        "model": LANGUAGE_MODEL,
        "analysis_type": "swing",
        "prompt_sha256": digest_of(f"What about {scene.perpetual.symbol} at {at.isoformat()}?"),
        "signal": signal,
        "confidence": 0.65 - 0.1 * number,
        "analysis": f"The price moved {100 * scene.change(at, timedelta(hours=12)):.2f} % in twelve hours: {signal}.",
        "input_tokens": 400 + 10 * number,
        "output_tokens": 60,
        "cost": Decimal("0.0021") + Decimal("0.00003") * number,
        "known_at": at,
    }
