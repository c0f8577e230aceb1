"""What a report is limited to: a time, a mode, a number of rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func

from tradingdb.errors import InvalidValueError
from tradingdb.models import Instrument, Trade, TradeOutcome

if TYPE_CHECKING:
    from sqlalchemy import SQLColumnExpression

    from tradingdb.core.mode import TradingMode

MOST_DAYS = 36_500
MOST_ROWS = 1_000_000

CLOSED = (TradeOutcome.WIN, TradeOutcome.LOSS, TradeOutcome.BREAKEVEN)
"""Outcomes of trades that count in statistics; a cancelled trade never was one."""


def within_days(column: SQLColumnExpression[datetime], days: int | None) -> ColumnElement[bool] | None:
    """The condition that a time lies in the last `days` days by the server's clock; None: whenever.

    Raises:
        InvalidValueError: less than one day, or more than a hundred years.
    """
    if days is None:
        return None
    if not 1 <= days <= MOST_DAYS:
        raise InvalidValueError(f"{days} days were asked for: reports look back 1 to {MOST_DAYS:,} days.")
    return column >= func.now() - timedelta(days=days)


def at_most(limit: int | None) -> int | None:
    """The number of rows that may be asked for; None: all.

    Raises:
        InvalidValueError: less than one row, or more than a million.
    """
    if limit is not None and not 1 <= limit <= MOST_ROWS:
        raise InvalidValueError(f"{limit} rows were asked for: reports have 1 to {MOST_ROWS:,} rows.")
    return limit


def where(*conditions: ColumnElement[bool] | None) -> list[ColumnElement[bool]]:
    """The conditions that are there."""
    return [condition for condition in conditions if condition is not None]


def in_mode(column: SQLColumnExpression[TradingMode], mode: TradingMode | None) -> ColumnElement[bool] | None:
    """The condition that a row is of a mode; None: any, told apart by a column of the report."""
    return None if mode is None else column == mode


def pnl_currency() -> ColumnElement[str | None]:
    """What a trade's profit is counted in. Sums over several currencies would mean nothing."""
    return func.coalesce(Instrument.settle_currency, Instrument.quote_currency)


def is_closed() -> ColumnElement[bool]:
    """Whether a trade was closed, so that it counts in statistics."""
    return Trade.outcome.in_(CLOSED)
