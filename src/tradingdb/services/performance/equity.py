"""Equity over time: what was measured where it was, else what closed trades made of the initial balance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ARRAY, BigInteger, Double, Select, cast, extract, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from tradingdb.core.clock import as_utc
from tradingdb.core.types import ExactNumeric
from tradingdb.errors import MixedCurrenciesError
from tradingdb.models import BacktestConfig, BacktestEquity, BacktestRun, PortfolioSnapshot, Trade
from tradingdb.services.performance.question import CURRENCY, Question, with_currency
from tradingdb.services.performance.selection import Selection, balance_of, mode_of
from tradingdb.services.reports.scope import where

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from numpy.typing import NDArray

    from tradingdb.core.mode import TradingMode
    from tradingdb.database import ReadSession


class EquitySource(StrEnum):
    """Where a curve comes from."""

    SNAPSHOTS = "portfolio_snapshots"
    BACKTEST = "backtest_equity"
    TRADES = "trades"


@dataclass(frozen=True, slots=True, eq=False)
class EquityCurve:
    """Points of equity in the order of time; arrays of one length.

    `times` are datetime64[us] in UTC, `equity` doubles in `currency`. A curve from trades without an initial balance
    begins at zero: it is what was earned.
    """

    source: EquitySource
    currency: str | None
    times: NDArray[np.datetime64]
    equity: NDArray[np.float64]
    has_balance: bool
    """Whether equity is the whole, so that shares of it mean something."""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def drawdown_amount(self) -> NDArray[np.float64]:
        """How far each point is below the highest so far."""
        return np.maximum.accumulate(self.equity) - self.equity

    @property
    def drawdown(self) -> NDArray[np.float64] | None:
        """The same as a share of that highest, 0 to 1 and above 1 where equity is negative; None without a balance.

        Zero as long as no point was above zero.
        """
        if not self.has_balance:
            return None
        peak = np.maximum.accumulate(self.equity)
        return np.divide(peak - self.equity, peak, out=np.zeros(len(peak)), where=peak > 0)


async def equity_curve(
    session: ReadSession,
    *,
    mode: TradingMode | None = None,
    strategy_id: UUID | None = None,
    rule_id: UUID | None = None,
    instrument_id: int | None = None,
    account_id: UUID | None = None,
    agent_id: UUID | None = None,
    run_id: UUID | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    initial_balance: Decimal | None = None,
) -> EquityCurve:
    """The equity in [start, end): an account's snapshots, a run's own curve, else profits of closed trades added up.

    A curve of trades begins with the initial balance, at the first entry or the start, and has a point for each instant
    at which a trade was closed. An initial balance that is given asks for a curve of trades; else it is found as in
    `summary`. Snapshots and curves of runs are taken only for all of an account or run, not for a part of its trades.

    Raises:
        MixedCurrenciesError: the trades, or the snapshots, are of several currencies.
        InvalidValueError: the period is empty, or a run is asked for in another mode.
        NotFoundError: there is no such run or account.
    """
    selection = Selection(
        mode=await mode_of(session, mode, account_id, run_id), strategy_id=strategy_id, rule_id=rule_id,
        instrument_id=instrument_id, account_id=account_id, agent_id=agent_id, run_id=run_id, start=start, end=end,
    )  # fmt: skip
    if initial_balance is None:
        measured = await _measured(session, selection)
        if measured is not None:
            return measured
    return await _of_trades(session, selection, initial_balance)


async def _measured(session: ReadSession, selection: Selection) -> EquityCurve | None:
    """A curve that somebody recorded, if there is one."""
    if selection.is_of_one_account:
        at, equity, source = PortfolioSnapshot.taken_at, PortfolioSnapshot.equity, EquitySource.SNAPSHOTS
        points = select(at.label("at"), equity.label("equity"), PortfolioSnapshot.currency.label(CURRENCY))
        points = points.where(PortfolioSnapshot.account_id == selection.account_id)
    elif selection.is_of_one_run:
        at, equity, source = BacktestEquity.at, BacktestEquity.equity, EquitySource.BACKTEST
        points = (
            select(at.label("at"), equity.label("equity"), BacktestConfig.currency.label(CURRENCY))
            .join(BacktestRun, BacktestRun.id == BacktestEquity.run_id)
            .join(BacktestConfig, BacktestConfig.id == BacktestRun.config_id)
            .where(BacktestEquity.run_id == selection.run_id)
        )
    else:
        return None
    bounds = where(
        None if selection.start is None else at >= selection.start,
        None if selection.end is None else at < selection.end,
    )
    times, values, currency = await _columns(session, points.where(*bounds), "The snapshots")
    return EquityCurve(source, currency, times, values, has_balance=True) if len(times) else None


async def _of_trades(session: ReadSession, selection: Selection, given: Decimal | None) -> EquityCurve:
    balance, currency = await balance_of(session, selection, given)
    closed = Question(selection).trades(Trade.exit_time.label("at"), Trade.entry_time, Trade.pnl)
    exits = with_currency(closed.where(Trade.pnl.is_not(None))).subquery("exits")
    instants = (
        select(exits.c[CURRENCY], exits.c.at, func.sum(exits.c.pnl).label("pnl")).group_by(
            exits.c[CURRENCY], exits.c.at
        )
    ).subquery("instants")
    begun = literal(balance or Decimal(0), ExactNumeric)
    points = select(
        instants.c.at,
        (begun + func.sum(instants.c.pnl).over(order_by=instants.c.at)).label("equity"),
        instants.c[CURRENCY],
    )
    times, values, paid_in = await _columns(session, points, "The trades")
    if currency is not None and paid_in not in {None, currency}:
        raise MixedCurrenciesError(f"The balance is in {currency}, and the trades were paid in {paid_in}.")
    if len(times):
        first = (
            as_utc(selection.start) if selection.start else await session.scalar(select(func.min(exits.c.entry_time)))
        )
        begins = np.datetime64(first.replace(tzinfo=None), "us") if first is not None else times[0]
        times = np.concatenate((np.array([begins], "datetime64[us]"), times))
        values = np.concatenate((np.array([float(balance or 0)]), values))
    return EquityCurve(EquitySource.TRADES, paid_in or currency, times, values, has_balance=balance is not None)


async def _columns(
    session: ReadSession, points: Select[*tuple[Any, ...]], what: str
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], str | None]:
    """Points as arrays, in one row: the driver decodes an array many times faster than as many rows.

    Raises:
        MixedCurrenciesError: they are of several currencies.
    """
    found = points.subquery("points")
    micros = cast(extract("epoch", found.c.at) * 1_000_000, BigInteger)
    answer = await session.execute(
        select(
            func.array_agg(func.distinct(found.c[CURRENCY])),
            cast(func.array_agg(aggregate_order_by(micros, found.c.at)), ARRAY(BigInteger)),
            cast(func.array_agg(aggregate_order_by(cast(found.c.equity, Double), found.c.at)), ARRAY(Double)),
        )
    )
    currencies, times, values = answer.one()
    if currencies is not None and len(currencies) > 1:
        raise MixedCurrenciesError(
            f"{what} are of several currencies ({', '.join(map(str, currencies))}): ask for one."
        )
    currency = currencies[0] if currencies else None
    return np.array(times or [], np.int64).view("datetime64[us]"), np.array(values or [], np.float64), currency or None
