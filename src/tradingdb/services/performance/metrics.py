"""Figures that are kept: rows of `performance_metrics`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tradingdb.bulk import UpsertReport, upsert
from tradingdb.core.clock import as_utc
from tradingdb.core.ids import uuid7
from tradingdb.errors import InvalidValueError
from tradingdb.models import PerformanceMetrics, Strategy, TradingAccount
from tradingdb.services.performance.selection import mode_of
from tradingdb.services.performance.summary import CALENDAR_DAYS, summary

if TYPE_CHECKING:
    from uuid import UUID

    from tradingdb.core.mode import TradingMode
    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.services.performance.figures import Summary

KEY = ("strategy_id", "agent_id", "account_id", "instrument_id", "mode", "period_start", "period_end")
COLUMNS = {
    "total_return": "total_return",
    "annual_return": "cagr",
    "volatility": "volatility",
    "sharpe_ratio": "sharpe",
    "sortino_ratio": "sortino",
    "calmar_ratio": "calmar",
    "win_rate": "win_rate",
    "profit_factor": "profit_factor",
    "expectancy": "average_r",
    "total_trades": "trades",
    "winning_trades": "wins",
    "losing_trades": "losses",
    "net_profit": "net_pnl",
    "average_win": "average_win",
    "average_loss": "average_loss",
    "currency": "currency",
}
"""Columns of the table, and the figures that they hold. The expectancy of the table is in R."""


async def save_metrics(
    session: WriteSession,
    *,
    start: datetime,
    end: datetime,
    mode: TradingMode | None = None,
    strategy_id: UUID | None = None,
    instrument_id: int | None = None,
    account_id: UUID | None = None,
    agent_id: UUID | None = None,
    run_id: UUID | None = None,
    initial_balance: Decimal | None = None,
    periods_per_year: float = CALENDAR_DAYS,
    risk_free: float = 0.0,
) -> UpsertReport:
    """Store the figures of [start, end) as the row of that subject, mode and period; the same again changes nothing.

    All that `summary` says and the table has no column for is in `figures`, money as text. A run is no part of the key:
    the row of a strategy's backtest is that of the run that was saved last, which `figures` names.

    Raises:
        InvalidValueError: neither a strategy, an account, an agent nor an instrument is named; or as `summary`.
        MixedCurrenciesError: the trades were paid in several currencies.
        NotFoundError: there is no such run or account.
    """
    if strategy_id is None and agent_id is None and account_id is None and instrument_id is None:
        raise InvalidValueError("Figures are stored for a strategy, an agent, an account or an instrument: name one.")
    mode = await mode_of(session, mode, account_id, run_id)
    found = await summary(
        session, mode=mode, strategy_id=strategy_id, instrument_id=instrument_id, account_id=account_id,
        agent_id=agent_id, run_id=run_id, start=start, end=end, initial_balance=initial_balance,
        periods_per_year=periods_per_year, risk_free=risk_free,
    )  # fmt: skip
    subject = {
        "strategy_id": strategy_id,
        "agent_id": agent_id,
        "account_id": account_id,
        "instrument_id": instrument_id,
        "mode": mode,
        "period_start": as_utc(start),
        "period_end": as_utc(end),
    }
    figures = {column: getattr(found, figure) for column, figure in COLUMNS.items()}
    figures["max_drawdown"] = None if found.max_drawdown is None else min(found.max_drawdown, 1.0)
    figures["figures"] = _others(found) | {"run_id": None if run_id is None else str(run_id)}
    figures["user_id"] = await _owner(session, strategy_id, account_id)
    return await upsert(
        session, PerformanceMetrics, [{"id": uuid7()} | subject | figures], key=KEY, update=list(figures)
    )


def _others(found: Summary) -> dict[str, Any]:
    """The figures that have no column, and a drawdown of more than everything, which its column cannot hold."""
    shown = {*COLUMNS.values(), "mode", "start", "end"}
    return {name: _as_json(value) for name, value in asdict(found).items() if name not in shown}


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, date) else value


async def _owner(session: ReadSession, strategy_id: UUID | None, account_id: UUID | None) -> UUID | None:
    """Whose figures these are: the account's owner, else the strategy's."""
    if account_id is not None:
        return await session.scalar(select(TradingAccount.user_id).where(TradingAccount.id == account_id))
    if strategy_id is not None:
        return await session.scalar(select(Strategy.user_id).where(Strategy.id == strategy_id))
    return None
