"""What others are told of trades: that they were opened, closed in part, closed, or removed.

Only trades of accounts are told: a backtest run has thousands, and nobody acts on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradingdb.services.outbox import NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tradingdb.services.trades.figures import Part

_TERMS = ("dedupe_key", "mode", "instrument_id", "direction", "quantity", "entry_price", "entry_time", "rule_id")
_PART = ("sequence", "quantity", "price", "exit_time", "reason", "fees", "pnl", "fill_id")
_RESULT = ("exit_price", "exit_time", "exit_reason", "outcome", "fees", "pnl", "pnl_percent", "pnl_r")


def opened(trade: Mapping[str, Any]) -> list[NewEvent]:
    """That a trade was entered; `trade` is its columns by name, as below."""
    return _told("trade.opened", trade, {name: trade[name] for name in _TERMS})


def exited(trade: Mapping[str, Any], parts: Iterable[Part]) -> list[NewEvent]:
    """That parts of it were closed."""
    return [
        event for part in parts for event in _told("trade.exited", trade, {name: getattr(part, name) for name in _PART})
    ]


def closed(trade: Mapping[str, Any], columns: Mapping[str, Any]) -> list[NewEvent]:
    """That nothing of it is open any more, and what it came to by its new columns; nothing if some of it is open."""
    if columns["exit_time"] is None:
        return []
    return _told("trade.closed", trade, {name: columns[name] for name in _RESULT})


def removed(trade: Mapping[str, Any]) -> list[NewEvent]:
    """That it is none: a late fill changed where trades begin."""
    return _told("trade.removed", trade, {})


def _told(topic: str, trade: Mapping[str, Any], payload: dict[str, Any]) -> list[NewEvent]:
    account_id: UUID | None = trade["account_id"]
    if account_id is None or trade["backtest_run_id"] is not None:
        return []
    return [NewEvent(topic, "trades", trade["id"], payload, account_id)]
