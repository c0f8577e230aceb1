"""What was decided, also to wait, on what grounds, what came of it, and what was learned."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb.models import (
    DecisionEvidence,
    DecisionOutcome,
    DecisionStatus,
    EvidenceRole,
    LearningEntry,
    LearningEvidence,
    Signal,
    TradingDecision,
    Verdict,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.conversations import MEMORY_ID, SESSION_KEY
from tradingdb.seeds.predictions import DAY, LANGUAGE_MODEL, insight_id, prediction_id
from tradingdb.seeds.round_trips import decimal
from tradingdb.seeds.scene import ANALYST_ID, END, SWING_ACCOUNT_ID, SWING_STRATEGY_ID, january
from tradingdb.seeds.swing import (
    BOUGHT_AT,
    CLOSING_DECISION_ID,
    DECIDED_AT,
    DECISION_ID,
    PART,
    SIGNAL_ID,
    SOLD_AT,
    TRADE_ID,
    swing_signals,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene
    from tradingdb.seeds.swing import Swing

WAITED_AT = (january(7), january(8), january(13))
QUIET = Decimal("0.015")
"""Waiting was right when the price moved less than this in a day, as a share."""

LESSON_ID = named_id("lesson:waiting")
PROPOSED_AT = END - timedelta(hours=1)


async def seed_decisions(add: Adder, scene: Scene, swing: Swing) -> None:
    """Store the signals and decisions, and what each decision rested on; all of it was known by then."""
    await add(Signal, swing_signals(scene, swing))
    await add(TradingDecision, [*_decisions_to_trade(scene, swing), *_decisions_to_wait(scene), _proposal(scene)])
    rests_on: list[tuple[UUID, Row]] = [
        (DECISION_ID, {"signal_id": SIGNAL_ID}),
        (DECISION_ID, {"insight_id": insight_id(0)}),
        (DECISION_ID, {"memory_id": MEMORY_ID}),
        (DECISION_ID, {"entry_id": scene.trader.lesson_id, "role": EvidenceRole.CONTEXT}),
        (_waiting_id(WAITED_AT[1]), {"prediction_id": prediction_id(WAITED_AT[1])}),
        (_waiting_id(WAITED_AT[2]), {"insight_id": insight_id(2)}),
        (_waiting_id(WAITED_AT[2]), {"entry_id": LESSON_ID, "weight": Decimal("0.5")}),
    ]
    await add(LearningEntry, [_lesson(scene)])
    await add(
        DecisionEvidence,
        [
            {
                "id": named_id(f"decision evidence:{number}"),
                "decision_id": decision_id,
                "user_id": scene.trader.user_id,
                **source,
            }
            for number, (decision_id, source) in enumerate(rests_on)
        ],
    )


def _decisions_to_trade(scene: Scene, swing: Swing) -> list[Row]:
    shared = {
        "user_id": scene.trader.user_id,
        "account_id": SWING_ACCOUNT_ID,
        "agent_id": ANALYST_ID,
        "strategy_id": SWING_STRATEGY_ID,
        "instrument_id": scene.perpetual.id,
        "model": LANGUAGE_MODEL,
        "session_key": SESSION_KEY,
    }
    enter = {
        "id": DECISION_ID,
        "parent_insight_id": insight_id(0),
        "decision_type": "entry",
        "action": "buy",
        "amount": PART * len(BOUGHT_AT),
        "price": max(swing.bought),
        "confidence": 0.65,
        "risk_score": 0.3,
        "reasoning": "Higher lows for two days, and funding is cheap.",
        "status": DecisionStatus.SUCCESSFUL if swing.pnl > 0 else DecisionStatus.FAILED,
        "decided_as_of": DECIDED_AT,
        "executed_at": BOUGHT_AT[-1],
        "details": {"trade_id": TRADE_ID},
    }
    leave = {
        "id": CLOSING_DECISION_ID,
        "decision_type": "exit",
        "action": "close",
        "amount": PART,
        "reasoning": "Two days are over.",
        "status": DecisionStatus.EXECUTED,
        "decided_as_of": SOLD_AT[-1] - timedelta(hours=1),
        "executed_at": SOLD_AT[-1],
    }
    return [shared | enter, shared | leave]


def _waiting_id(at: datetime) -> UUID:
    return named_id(f"decision:wait:{at.isoformat()}")


def _decisions_to_wait(scene: Scene) -> list[Row]:
    return [
        {
            "id": _waiting_id(at),
            "user_id": scene.trader.user_id,
            "agent_id": ANALYST_ID,
            "strategy_id": SWING_STRATEGY_ID,
            "instrument_id": scene.spot.id,
            "decision_type": "entry",
            "action": "hold",
            "reasoning": "Nothing to be seen.",
            "status": DecisionStatus.APPROVED,
            "decided_as_of": at,
        }
        for at in WAITED_AT
    ]


def _proposal(scene: Scene) -> Row:
    """What nobody has approved yet."""
    return {
        "id": named_id("decision:proposed"),
        "user_id": scene.trader.user_id,
        "account_id": SWING_ACCOUNT_ID,
        "agent_id": ANALYST_ID,
        "strategy_id": SWING_STRATEGY_ID,
        "instrument_id": scene.perpetual.id,
        "decision_type": "entry",
        "action": "buy",
        "amount": PART,
        "confidence": 0.5,
        "decided_as_of": PROPOSED_AT,
    }


def _lesson(scene: Scene) -> Row:
    """Its figures are those of its evidence, which `seed_outcomes` stores."""
    moved = [_moved(scene, at) for at in WAITED_AT]
    supports = sum(abs(change) < QUIET for change in moved)
    return {
        "id": LESSON_ID,
        "user_id": scene.trader.user_id,
        "insight": "Where nothing is to be seen, waiting a day costs nothing.",
        "impact_type": "filter",
        "timeframes": ["1d"],
        "validation_count": supports,
        "contradiction_count": len(moved) - supports,
        "confidence": (1 + supports) / (2 + len(moved)),
        "last_validated_at": WAITED_AT[-1] + DAY,
        "known_at": WAITED_AT[0],
    }


def _moved(scene: Scene, at: datetime) -> Decimal:
    """The return of the day after an instant, to eight digits."""
    return decimal(scene.change(at + DAY, DAY)).quantize(Decimal("1e-8"))


async def seed_outcomes(add: Adder, scene: Scene, swing: Swing) -> None:
    """Store what came of the decisions; of those to wait, also what it says about the lesson."""
    of_trade = {
        "id": named_id("outcome:swing"),
        "decision_id": DECISION_ID,
        "horizon": "final",
        "outcome_type": "trade",
        "actual_outcome": swing.pnl,
        "profit_loss": swing.pnl,
        "execution_price": swing.entry,
        "executed_at": BOUGHT_AT[-1],
        "is_success": swing.pnl > 0,
        "known_at": SOLD_AT[-1],
    }
    of_waiting = [
        {
            "id": named_id(f"outcome:wait:{at.isoformat()}"),
            "decision_id": _waiting_id(at),
            "horizon": "1d",
            "outcome_type": "return",
            "expected_outcome": Decimal(0),
            "actual_outcome": _moved(scene, at),
            "is_success": abs(_moved(scene, at)) < QUIET,
            "known_at": at + DAY,
        }
        for at in WAITED_AT
    ]
    owner = {"user_id": scene.trader.user_id}
    await add(DecisionOutcome, [owner | outcome for outcome in (of_trade, *of_waiting)])
    await add(
        LearningEvidence,
        [
            owner
            | {
                "id": named_id(f"evidence:{outcome['id']}"),
                "entry_id": LESSON_ID,
                "outcome_id": outcome["id"],
                "verdict": Verdict.SUPPORTS if outcome["is_success"] else Verdict.CONTRADICTS,
                "known_at": outcome["known_at"],
            }
            for outcome in of_waiting
        ],
    )
