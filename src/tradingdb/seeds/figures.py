"""What closed trades add up to, as performance figures and the results of backtests tell it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradingdb.seeds.adding import Row

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed trade: profit after fees, and the same by the risk taken."""

    pnl: Decimal
    pnl_r: Decimal | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of closed trades, in the order in which they were closed."""

    trades: Sequence[Closed]

    @property
    def wins(self) -> list[Decimal]:
        """Profits of those that won."""
        return [trade.pnl for trade in self.trades if trade.pnl > 0]

    @property
    def losses(self) -> list[Decimal]:
        """Profits of those that lost, negative."""
        return [trade.pnl for trade in self.trades if trade.pnl < 0]

    @property
    def net_profit(self) -> Decimal:
        """After fees."""
        return sum((trade.pnl for trade in self.trades), start=ZERO)

    @property
    def r_multiples(self) -> list[Decimal]:
        """Of the trades that had a stop."""
        return [trade.pnl_r for trade in self.trades if trade.pnl_r is not None]

    def shared(self) -> Row:
        """The columns that performance metrics and results of backtests have in common."""
        lost = -sum(self.losses, start=ZERO)
        return {
            "total_trades": len(self.trades),
            "winning_trades": len(self.wins),
            "losing_trades": len(self.losses),
            "win_rate": len(self.wins) / len(self.trades) if self.trades else None,
            "profit_factor": float(sum(self.wins, start=ZERO) / lost) if lost else None,
            "net_profit": self.net_profit,
        }

    def average_r(self) -> float | None:
        """None: no trade had a stop."""
        return float(sum(self.r_multiples, start=ZERO) / len(self.r_multiples)) if self.r_multiples else None

    def longest_streak(self, *, of_wins: bool) -> int:
        """How many trades in a row won, or lost, at most."""
        runs = groupby(self.trades, key=lambda trade: trade.pnl > 0 if of_wins else trade.pnl < 0)
        return max((len(list(of_run)) for matches, of_run in runs if matches), default=0)


def average(amounts: Sequence[Decimal]) -> Decimal | None:
    """None: there are none."""
    return sum(amounts, start=ZERO) / len(amounts) if amounts else None


def drawdowns(equity: Sequence[Decimal]) -> list[tuple[Decimal, Decimal]]:
    """How far each point is below the highest so far: the amount, and the share of that highest."""
    peak, found = ZERO, []
    for value in equity:
        peak = max(peak, value)
        found.append((peak - value, 1 - value / peak))
    return found
