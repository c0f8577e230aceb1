"""The figures of a set of closed trades, finished from sums and extremes that the database has computed.

`docs/reference/performance.md` has the formula and the source of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradingdb.core.mode import TradingMode

DAYS_OF_A_YEAR = 365
"""For growth by elapsed days."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a set of closed trades did. None stands wherever a figure is undefined; no figure is ever NaN.

    Money is exact and in `currency`; ratios are floats, and fractions: 0.1 is ten percent. Times are UTC. What needs an
    initial balance is None without one.
    """

    mode: TradingMode | None
    currency: str | None
    start: datetime | None
    """First instant of the period: as asked for, else the first entry."""
    end: datetime | None
    """End of the period: as asked for, but not after now, else the last exit."""
    days: int
    """UTC days that the period touches."""

    trades: int
    wins: int
    losses: int
    breakeven: int
    without_pnl: int
    """Closed trades whose profit nobody wrote down. They are in no other figure."""

    initial_balance: Decimal | None
    final_balance: Decimal | None
    net_pnl: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    fees: Decimal
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    best_day: float | None
    worst_day: float | None

    max_drawdown: float | None
    max_drawdown_amount: Decimal | None
    drawdown_from: date | None
    """Day of the peak before the deepest drawdown: the deepest by share, without a balance by amount."""
    drawdown_to: date | None

    win_rate: float | None
    profit_factor: float | None
    payoff: float | None
    expectancy: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    best_trade: Decimal | None
    worst_trade: Decimal | None
    longest_win_streak: int
    longest_loss_streak: int

    trades_with_r: int
    average_r: float | None
    sqn: float | None

    exposure: float | None
    average_holding: timedelta | None
    average_holding_of_wins: timedelta | None
    average_holding_of_losses: timedelta | None
    longest_holding: timedelta | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What figures are relative to: the balance at the start, the period, and how a year is counted."""

    mode: TradingMode | None
    balance: Decimal | None
    start: datetime | None
    end: datetime | None
    periods_per_year: float
    risk_free: float
    now: datetime

    @property
    def risk_free_per_day(self) -> float:
        """The rate of a year, spread over its periods without compounding."""
        return self.risk_free / self.periods_per_year


def finished(row: Mapping[str, Any], frame: Frame) -> Summary:
    """The figures of one group, from a row of the statement."""
    trades, wins, losses = (int(row[name] or 0) for name in ("trades", "wins", "losses"))
    start, end = _period(row, frame)
    days = 0 if start is None or end is None else _days_touched(start, end, row["last_exit"])
    net = row["net"] or ZERO
    won, lost = row["won"], row["lost"]
    average_win = won / wins if wins else None
    average_loss = lost / losses if losses else None
    gross_profit, gross_loss = row["gross_profit"] or ZERO, row["gross_loss"] or ZERO
    held = row["held"]
    return Summary(
        mode=frame.mode,
        currency=row["currency"] or None,
        start=start,
        end=end,
        days=days,
        trades=trades,
        wins=wins,
        losses=losses,
        breakeven=trades - wins - losses,
        without_pnl=int(row["without_pnl"] or 0),
        initial_balance=frame.balance,
        net_pnl=net,
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        fees=row["fees"] or ZERO,
        **_of_equity(row, frame, net, days),
        max_drawdown_amount=(row["max_fall"] or ZERO) if trades else None,
        drawdown_from=row["fell_from"],
        drawdown_to=row["fell_to"],
        win_rate=wins / trades if trades else None,
        profit_factor=float(gross_profit / -gross_loss) if gross_loss else None,
        payoff=float(average_win / -average_loss) if average_win is not None and average_loss else None,
        expectancy=net / trades if trades else None,
        average_win=average_win,
        average_loss=average_loss,
        best_trade=row["best"],
        worst_trade=row["worst"],
        longest_win_streak=row["win_streak"] or 0,
        longest_loss_streak=row["loss_streak"] or 0,
        trades_with_r=int(row["r_count"] or 0),
        **_of_r(row),
        exposure=_time_in_market(row, start, end),
        average_holding=held / trades if trades else None,
        average_holding_of_wins=row["held_wins"] / wins if wins else None,
        average_holding_of_losses=row["held_losses"] / losses if losses else None,
        longest_holding=row["longest_held"],
    )


def _period(row: Mapping[str, Any], frame: Frame) -> tuple[datetime | None, datetime | None]:
    """The period that was asked for, as far as it has passed; an open end is the first entry or the last exit.

    A trade that was entered before the period and closed in it makes the period no longer.
    """
    first, last = row["first_entry"], row["last_exit"]
    end = last
    if frame.end is not None:
        end = min(frame.end, frame.now if last is None else max(frame.now, last))
    return (first if frame.start is None else frame.start), end


def _days_touched(start: datetime, end: datetime, last_exit: datetime | None) -> int:
    """How many UTC days have a part of [start, end), or the last exit; at least the day on which it begins."""
    last = max(start, end - timedelta(microseconds=1), last_exit or start)
    return (last.astimezone(UTC).date() - start.astimezone(UTC).date()).days + 1


def _time_in_market(row: Mapping[str, Any], start: datetime | None, end: datetime | None) -> float | None:
    """The share of the period with at least one open trade: from the first entry to the last exit, less the gaps."""
    if start is None or end is None or end <= start or row["first_entry"] is None:
        return None
    covered: timedelta = row["last_exit"] - max(row["first_entry"], start) - (row["idle_time"] or timedelta())
    return covered / (end - start)


def _of_equity(row: Mapping[str, Any], frame: Frame, net: Decimal, days: int) -> dict[str, Any]:
    """Figures that are relative to the initial balance."""
    names = (
        "final_balance",
        "total_return",
        "cagr",
        "volatility",
        "sharpe",
        "sortino",
        "calmar",
        "best_day",
        "worst_day",
    )
    nothing: dict[str, Any] = dict.fromkeys((*names, "max_drawdown"))
    if frame.balance is None:
        return nothing
    total = float(net / frame.balance)
    share = float(row["max_share"] or 0) if row["trades"] else None
    cagr = _growth(total, days)
    return nothing | {
        "final_balance": frame.balance + net,
        "total_return": total,
        "cagr": cagr,
        "max_drawdown": share,
        "calmar": cagr / share if cagr is not None and share else None,
        **_of_returns(row, frame, days),
    }


def _growth(total: float, days: int) -> float | None:
    """The yearly rate at which `days` days lead to `total`; None: everything was lost, or no double holds it."""
    if not days or total <= -1:
        return None
    try:
        return math.expm1(math.log1p(total) * DAYS_OF_A_YEAR / days)
    except OverflowError:
        return None


def _of_returns(row: Mapping[str, Any], frame: Frame, days: int) -> dict[str, float | None]:
    """Volatility, Sharpe and Sortino of daily returns: those of days with an exit, and zero on all others.

    Moments of both are joined by the formula of Chan, Golub and LeVeque, so that idle days need no rows.
    """
    active = row["active_days"] or 0
    if not days or row["is_ruined"]:
        return {}
    idle, total = days - active, row["return_sum"] or 0.0
    daily_free = frame.risk_free_per_day
    lowest, highest = (row["worst_day"], row["best_day"]) if active else (0.0, 0.0)
    if idle:
        lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    found: dict[str, float | None] = {"best_day": highest, "worst_day": lowest}
    excess = total / days - daily_free
    per_year = frame.periods_per_year
    if days == 1:
        return found  # one return has no spread
    squares = row["return_squares"] or 0.0
    if active:
        squares += total / active * total * (idle / days)
    deviation = math.sqrt(squares / (days - 1)) if lowest != highest else 0.0
    found["volatility"] = deviation * math.sqrt(per_year)
    found["sharpe"] = excess / deviation * math.sqrt(per_year) if deviation else None
    below = (row["downside_squares"] or 0.0) + idle * min(-daily_free, 0.0) ** 2
    downside = math.sqrt(below / days)
    found["sortino"] = excess / downside * math.sqrt(per_year) if downside else None
    return found


def _of_r(row: Mapping[str, Any]) -> dict[str, Any]:
    """Average R, and the system quality number: the average in units of its standard error. Sums are exact."""
    count = int(row["r_count"] or 0)
    if not count:
        return {"average_r": None, "sqn": None}
    total, squares = row["r_sum"], row["r_squares"]
    spread = (squares * count - total * total) / (count * (count - 1)) if count > 1 else ZERO
    return {
        "average_r": float(total / count),
        "sqn": math.sqrt(count) * float(total / count) / math.sqrt(spread) if spread > 0 else None,
    }
