"""The agents beside the trader: what they tell each other, do together, keep in mind, log and cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb.models import (
    Agent,
    AgentConnection,
    AgentContext,
    AgentLog,
    AgentMemory,
    AgentMessage,
    AgentStatus,
    ExecutionStatus,
    LogLevel,
    MessageStatus,
    Strategy,
    StrategyStatus,
    TradingAccount,
    TradingMode,
    UserAgent,
    Workflow,
    WorkflowExecution,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.people import API_KEY_ID, COUNTED_CALLS, LAST_CALLED_AT
from tradingdb.seeds.scene import (
    ANALYST,
    ANALYST_ID,
    END,
    MINUTES,
    OWNER,
    START,
    SWING_ACCOUNT_ID,
    SWING_STRATEGY_ID,
    WATCHER,
    WATCHER_ID,
    january,
)
from tradingdb.seeds.swing import DECIDED_AT

if TYPE_CHECKING:
    from datetime import datetime

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

STEPS = ("collect", "analyse", "decide")
EXECUTION_ID = named_id("execution:completed")


async def seed_agents(add: Adder, scene: Scene) -> None:
    """Store the agents, and the strategy and the account of the trade that one of them advised."""
    user_id = scene.trader.user_id
    agents = [
        {"id": ANALYST_ID, "agent_id": ANALYST, "agent_type": "researcher", "name": "Analyst"},
        {"id": WATCHER_ID, "agent_id": WATCHER, "agent_type": "monitor", "name": "Watcher"},
    ]
    seen = {"user_id": user_id, "status": AgentStatus.IDLE, "last_heartbeat_at": END}
    await add(Agent, [agent | seen for agent in agents])
    run_by_owner = {
        "id": named_id("user agent:analyst"),
        "user_id": user_id,
        "agent_id": ANALYST_ID,
        "api_key_id": API_KEY_ID,
        "name": "Analyst",
        "request_count": COUNTED_CALLS,
        "last_used_at": LAST_CALLED_AT,
    }
    await add(UserAgent, [run_by_owner])
    strategy = {
        "id": SWING_STRATEGY_ID,
        "user_id": user_id,
        "agent_id": ANALYST_ID,
        "name": "Swings by hand",
        "description": "A few days long, decided by a person with an analyst.",
        "kind": "swing",
        "symbols": [scene.perpetual.symbol],
        "timeframes": ["1h"],
        "risk_limits": {"risk_per_trade": Decimal("0.02"), "max_open_positions": 1},
        "status": StrategyStatus.ACTIVE,
        "approved_at": january(2),
        "approved_by": user_id,
    }
    account = {
        "id": SWING_ACCOUNT_ID,
        "user_id": user_id,
        "venue_id": scene.perpetual.venue_id,
        "label": "paper, swings by hand",
        "mode": TradingMode.PAPER,
        "base_currency": "USDT",
    }
    await add(Strategy, [strategy])
    await add(TradingAccount, [account])


async def seed_agent_work(add: Adder, scene: Scene) -> None:
    """Store what the agents did and said."""
    await _workflows(add, scene)
    await _messages(add, scene)
    await _memories(add, scene)
    started = {
        "agent": f"crossover-{OWNER}",
        "logged_at": START,
        "entry_id": named_id("log:started"),
        "level": LogLevel.INFO,
        "message": "started",
        "context": {"candles": MINUTES},
    }
    warned = {
        "agent": WATCHER,
        "logged_at": january(9, 6),
        "entry_id": named_id("log:gap"),
        "level": LogLevel.WARNING,
        "message": "candles are missing",
        "context": {"symbol": scene.perpetual.symbol},
    }
    await add(AgentLog, [started, warned])


async def _workflows(add: Adder, scene: Scene) -> None:
    shared = {"user_id": scene.trader.user_id, "created_by": OWNER}
    definition = {"workflow_id": "daily-review", "name": "Daily review"}
    versions = [
        {"id": named_id("workflow:1"), "version": 1, "definition": {"steps": STEPS[:2]}, "is_active": False},
        {"id": named_id("workflow:2"), "version": 2, "definition": {"steps": STEPS}, "is_active": True},
    ]
    await add(Workflow, [shared | definition | version for version in versions])
    completed = {
        "id": EXECUTION_ID,
        "execution_id": "daily-review-2025-01-03",
        "status": ExecutionStatus.COMPLETED,
        "completed_steps": len(STEPS),
        "step_states": {step: {"done": True} for step in STEPS},
        "result": {"action": "buy"},
        "attempts": 1,
        "started_at": january(2, 23),
        "completed_at": DECIDED_AT,
    }
    failed = {
        "id": named_id("execution:failed"),
        "execution_id": "daily-review-2025-01-09",
        "status": ExecutionStatus.FAILED,
        "current_step": STEPS[0],
        "completed_steps": 0,
        "error_message": "Candles of three hours are missing.",
        "attempts": 3,
        "started_at": january(9, 6),
        "completed_at": january(9, 7),
    }
    of_version = {"workflow_id": named_id("workflow:2"), "total_steps": len(STEPS)}
    await add(WorkflowExecution, [shared | of_version | execution for execution in (completed, failed)])


async def _messages(add: Adder, scene: Scene) -> None:
    agents = {"analyst": ANALYST_ID, "trader": scene.trader.agent_id, "watcher": WATCHER_ID}
    pairs = [sorted((agents["analyst"], agents[other])) for other in ("trader", "watcher")]
    await add(
        AgentConnection,
        [
            {
                "id": named_id(f"connection:{first}:{second}"),
                "first_agent_id": first,
                "second_agent_id": second,
                "protocol": "queue",
                "established_at": START,
                "last_used_at": january(9, 6),
            }
            for first, second in pairs
        ],
    )

    def message(name: str, sender: str, receiver: str, sent_at: datetime) -> Row:
        return {
            "id": named_id(f"message:{name}"),
            "message_id": f"development-{name}",
            "sender_id": agents[sender],
            "receiver_id": agents[receiver],
            "sent_at": sent_at,
            "available_at": sent_at,
            "delivered_at": sent_at,
        }

    about_swing = {"workflow_execution_id": EXECUTION_ID, "correlation_id": "swing"}
    answered = {"status": MessageStatus.PROCESSED, "attempts": 1}
    await add(
        AgentMessage,
        [
            message("advice", "analyst", "trader", january(2, 23, 30))
            | about_swing
            | answered
            | {"message_type": "advice", "payload": {"action": "buy"}, "processed_at": DECIDED_AT},
            message("thanks", "trader", "analyst", DECIDED_AT)
            | about_swing
            | answered
            | {"message_type": "receipt", "payload": {"agreed": True}, "processed_at": january(3, 0, 1)},
            message("gap", "watcher", "analyst", january(9, 6))
            | {
                "message_type": "alert",
                "payload": {"missing": 3},
                "status": MessageStatus.DEAD,
                "attempts": 5,
                "error_message": "The analyst did not know what to do with it.",
            },
        ],
    )


async def _memories(add: Adder, scene: Scene) -> None:
    owner = {"agent_id": ANALYST_ID, "user_id": scene.trader.user_id}
    context = {"session_key": "review", "context_type": "market"}
    await add(
        AgentContext,
        [
            owner
            | context
            | {"id": named_id(f"context:{version}"), "version": version, "data": {"bias": bias}, "is_active": active}
            for version, bias, active in ((1, "none", False), (2, "up", True))
        ],
    )
    await add(
        AgentMemory,
        [
            owner
            | {
                "id": named_id(f"memory:{key}"),
                "memory_key": key,
                "value": value,
                "importance": importance,
                "associations": others,
                "access_count": count,
                "last_accessed_at": january(3) if count else None,
            }
            for key, value, importance, others, count in (
                ("stop distance", "Three percent below the entry.", 0.8, ["funding"], 1),
                ("funding", "Settled every eight hours.", 0.5, ["stop distance"], 0),
            )
        ],
    )
