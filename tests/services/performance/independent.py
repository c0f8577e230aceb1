"""The same figures by other means: empyrical for ratios of returns, plain loops and fractions for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import empyrical
import numpy as np
import pandas as pd
from ledgers import Closed

from tradingdb.models import TradeOutcome

ONE_DAY = timedelta(days=1)


def daily_returns(trades: Sequence[Closed], balance: Decimal, start: datetime, end: datetime) -> Any:
    """Returns of each UTC day from `start` to `end`, as a pandas Series; empyrical's input."""
    earned: dict[date, Fraction] = {}
    day = start.astimezone(UTC).date()
    while day <= end.astimezone(UTC).date():
        earned[day] = Fraction(0)
        day += ONE_DAY
    for trade in trades:
        earned[trade.exit.astimezone(UTC).date()] += Fraction(trade.pnl)
    equity, returns = Fraction(balance), []
    for amount in earned.values():
        returns.append(float(amount / equity))
        equity += amount
    return pd.Series(returns, index=pd.DatetimeIndex(list(earned)))


def of_returns(returns: Any, *, periods: float, risk_free_per_day: float) -> dict[str, float]:
    """What empyrical says of daily returns; NaN where it is undefined."""
    return {
        "volatility": float(empyrical.annual_volatility(returns, annualization=periods)),
        "sharpe": float(empyrical.sharpe_ratio(returns, risk_free=risk_free_per_day, annualization=periods)),
        "sortino": float(empyrical.sortino_ratio(returns, required_return=risk_free_per_day, annualization=periods)),
        "cagr": float(empyrical.cagr(returns, annualization=365)),
        "total_return": float(empyrical.cum_returns_final(returns)),
    }


def marks(trades: Sequence[Closed], balance: Decimal) -> list[tuple[datetime, Fraction]]:
    """Equity at the first entry and at each instant at which trades were closed."""
    points = [(min(trade.entry for trade in trades), Fraction(balance))]
    for at, together in groupby(sorted(trades, key=lambda trade: trade.exit), key=lambda trade: trade.exit):
        points.append((at, points[-1][1] + sum(Fraction(trade.pnl) for trade in together)))
    return points


def deepest(trades: Sequence[Closed], balance: Decimal) -> tuple[Fraction, Fraction]:
    """The largest fall from a peak in money, and as a share of it."""
    equity = [value for _, value in marks(trades, balance)]
    pairs = [(peak, later) for at, peak in enumerate(equity) for later in equity[at:]]
    return max(peak - later for peak, later in pairs), max(1 - later / peak for peak, later in pairs if peak > 0)


def drawdown_of_empyrical(trades: Sequence[Closed], balance: Decimal) -> float:
    """The deepest fall by empyrical, from the returns between marks."""
    equity = [value for _, value in marks(trades, balance)]
    steps = np.array([float(after / before - 1) for before, after in pairwise(equity)])
    return -float(empyrical.max_drawdown(steps))


def longest_run(trades: Iterable[Closed], outcome: TradeOutcome) -> int:
    """How many trades in a row ended so, in the order of exits; of one instant the worst first."""
    in_order = sorted(trades, key=lambda trade: (trade.exit, trade.pnl))
    runs = [(kind, len(list(run))) for kind, run in groupby(in_order, key=lambda trade: trade.outcome)]
    return max((length for kind, length in runs if kind is outcome), default=0)


def time_in_market(trades: Sequence[Closed], start: datetime, end: datetime) -> timedelta:
    """How long at least one trade was open: every stretch between two borders is looked at."""
    borders = sorted({start, end, *(max(t.entry, start) for t in trades), *(t.exit for t in trades)})
    return sum(
        (
            later - earlier
            for earlier, later in pairwise(borders)
            if any(trade.entry <= earlier and trade.exit >= later for trade in trades)
        ),
        start=timedelta(),
    )
