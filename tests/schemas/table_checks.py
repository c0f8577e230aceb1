"""How drawn values are mended where a CHECK of a table speaks of several columns: one entry per such table."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tradingdb.core.timeframe import Timeframe
from tradingdb.models import (
    AgentConnection,
    AgentMessage,
    BacktestResult,
    BacktestRun,
    Base,
    Candle,
    CandleBlock,
    CashMovement,
    CodeIssue,
    DataIngestionJob,
    DecisionEvidence,
    EncryptionKey,
    FeatureCache,
    Fill,
    Instrument,
    LearningEntry,
    LearningEvidence,
    MemoryEmbedding,
    MlPrediction,
    Order,
    PerformanceMetrics,
    PortfolioHolding,
    Position,
    SeriesCoverage,
    Trade,
    TradingDecision,
    User,
    WorkflowExecution,
)

Values = dict[str, Any]


def one_of(*names: str) -> Callable[[Values], Values]:
    """Keep the first of these that has a value, and if none has, give the first an identifier."""

    def mended(values: Values) -> Values:
        given = [name for name in names if values.get(name) is not None]
        kept = given[0] if given else names[0]
        rest = {name: value for name, value in values.items() if name not in names}
        return rest | {kept: values[kept] if given else "0191f0c1-0000-7000-8000-000000000001"}

    return mended


def together(first: str, second: str) -> Callable[[Values], Values]:
    """Leave two columns out unless both have a value."""

    def mended(values: Values) -> Values:
        if values.get(first) is None or values.get(second) is None:
            return {name: value for name, value in values.items() if name not in {first, second}}
        return values

    return mended


def counted(values: Values) -> Values:
    """As many trades as won and lost ones, at least."""
    won, lost = (values.get(name, 0) % 1_000 for name in ("winning_trades", "losing_trades"))
    values = values | {"winning_trades": won, "losing_trades": lost}
    return values | {"total_trades": won + lost + values.get("total_trades", 0) % 1_000}


def a_message(values: Values) -> Values:
    if values.get("status") == "claimed":
        return (
            values | {"claimed_until": values["claimed_until"]}
            if values.get("claimed_until")
            else without_status(values)
        )
    values = {name: value for name, value in values.items() if name != "claimed_until"}
    return without_status(values) if values.get("processed_at") is None else values


def without_status(values: Values) -> Values:
    return {name: value for name, value in values.items() if name != "status"}


def a_pair(values: Values) -> Values:
    first, second = sorted([values["first_agent_id"], values["second_agent_id"]])
    return values | {"first_agent_id": first, "second_agent_id": second}


def an_execution(values: Values) -> Values:
    values = together("claimed_by", "claimed_until")(values)
    return values | {"completed_steps": 2, "total_steps": 3}


def a_run(values: Values) -> Values:
    given = values.get("completed_at") is not None and values.get("error_message") is not None
    return values if given else without_status(values)


def a_candle(values: Values) -> Values:
    prices = [values[name] for name in ("open", "high", "low", "close")]
    open_time = Timeframe(values["timeframe"]).floor(values["open_time"])
    return values | {"low": min(prices), "high": max(prices), "open_time": open_time}


def a_block(values: Values) -> Values:
    month = Timeframe.MN1.floor(values["month"])
    return values | {"month": month, "step_seconds": 60, "open_time": None}


def a_coverage(values: Values) -> Values:
    first, last = sorted([values["first_open_time"], values["last_open_time"]])
    return values | {"first_open_time": first, "last_open_time": last, "candle_count": 5}


def a_movement(values: Values) -> Values:
    size = abs(values["amount"]) or Decimal(1)
    return values | {"amount": -size if values["kind"] == "withdrawal" else size}


def an_issue(values: Values) -> Values:
    return values if values.get("title") is not None else values | {"description": "It leaks."}


def a_key(values: Values) -> Values:
    return values | {"is_active": False}


def a_feature(values: Values) -> Values:
    return values if values.get("vector") is not None else values | {"value": 0.5}


def a_fill(values: Values) -> Values:
    return values if values.get("fee_currency") is not None else values | {"fee": Decimal("0.00")}


def an_instrument(values: Values) -> Values:
    is_option = values.get("option_kind") is not None
    return values | {"kind": "option" if is_option else "spot"}


def a_lesson(values: Values) -> Values:
    return values | {"status": "active" if values.get("retracted_at") is None else "retracted"}


def a_prediction(values: Values) -> Values:
    values = values if values.get("probability") is not None else values | {"predicted_value": 1.5}
    return values if values.get("resolved_at") is not None else values | {"actual_value": None}


def an_order(values: Values) -> Values:
    filled = {"filled_quantity", "average_price"}
    values = {name: value for name, value in values.items() if name not in filled}
    if values.get("stop_price") is None or values.get("limit_price") is None:
        values |= {"order_type": "market"}
    if values.get("average_price") is None and values.get("status") == "filled":
        values |= {"filled_quantity": values["quantity"], "average_price": Decimal("1.50")}
    return values if values.get("fee_currency") is not None else values | {"fee": None}


def a_holding(values: Values) -> Values:
    return values | {"currency": values.get("currency") or "USDT"}


def a_position(values: Values) -> Values:
    size = abs(values["quantity"])
    values = values | {"quantity": -size if values["side"] == "short" else size}
    return values | {"average_entry_price": (values.get("average_entry_price") or Decimal("7.0")) if size else None}


def a_trade(values: Values) -> Values:
    values = together("exit_time", "exit_price")(values)
    is_closed = values.get("exit_time") is not None
    values |= {"outcome": "win" if is_closed else "pending"}
    if values.get("account_id") is None:
        values |= {"mode": "backtest"}
    return values if values["mode"] == "backtest" else values | {"backtest_run_id": None}


def a_decision(values: Values) -> Values:
    return values if values.get("executed_at") is not None else without_status(values)


def a_user(values: Values) -> Values:
    return values if values.get("two_factor_secret") is not None else values | {"two_factor_enabled": False}


MENDS: dict[type[Base], Callable[[Values], Values]] = {
    AgentConnection: a_pair,
    AgentMessage: a_message,
    BacktestResult: counted,
    BacktestRun: a_run,
    Candle: a_candle,
    CandleBlock: a_block,
    CashMovement: a_movement,
    CodeIssue: an_issue,
    DataIngestionJob: together("claimed_by", "claimed_until"),
    DecisionEvidence: one_of("insight_id", "entry_id", "prediction_id", "signal_id", "memory_id"),
    EncryptionKey: a_key,
    FeatureCache: a_feature,
    Fill: a_fill,
    Instrument: an_instrument,
    LearningEntry: a_lesson,
    LearningEvidence: one_of("trade_id", "outcome_id"),
    MemoryEmbedding: one_of("fragment_id", "memory_id", "entity_id"),
    MlPrediction: a_prediction,
    Order: an_order,
    PerformanceMetrics: lambda values: one_of("strategy_id", "agent_id")(counted(values)),
    PortfolioHolding: a_holding,
    Position: a_position,
    SeriesCoverage: a_coverage,
    Trade: a_trade,
    TradingDecision: a_decision,
    User: a_user,
    WorkflowExecution: an_execution,
}
