"""What all parts of the development world refer to: its people, its markets, its two weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb.seeds.adding import named_id
from tradingdb.seeds.synthetic import FIRST_MINUTE

if TYPE_CHECKING:
    from tradingdb.candles import CandleSeries
    from tradingdb.models import Instrument
    from tradingdb.seeds.trading_world import TraderIds

OWNER = "dev"
DAYS = 14
MINUTES = DAYS * 24 * 60
START = FIRST_MINUTE
END = START + timedelta(days=DAYS)
"""The first instant after the world: all of it happens in [START, END], whatever the clock says."""

ANALYST, WATCHER = f"analyst-{OWNER}", f"watcher-{OWNER}"
ANALYST_ID, WATCHER_ID = named_id(f"agent:{ANALYST}"), named_id(f"agent:{WATCHER}")
SWING_STRATEGY_ID = named_id("strategy:swing")
SWING_ACCOUNT_ID = named_id("account:swing")
SOURCE = "synthetic"
"""What all market data of this world name as their source: nobody must take them for real."""


def january(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of the world; 15 is its end."""
    return START + timedelta(days=day - 1, hours=hour, minutes=minute)


DAYBREAKS = [january(day) for day in range(1, DAYS + 2)]
"""Each midnight of the world, from its start to its end."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The markets of the world, and the trader whose strategy trades the first of them."""

    spot: Instrument
    perpetual: Instrument
    minutes: CandleSeries
    """Of the spot market, without a gap."""
    hours: CandleSeries
    """Of the perpetual, with a gap."""
    trader: TraderIds

    def before(self, at: datetime, span: timedelta) -> slice:
        """Which of `minutes` lie in [at - span, at)."""
        end = (at - START) // timedelta(minutes=1)
        return slice(end - span // timedelta(minutes=1), end)

    def close(self, at: datetime) -> float:
        """The spot price at an instant: what the candle that ends there closed at, or the first open."""
        if at == START:
            return float(self.minutes.open[0])
        return float(self.minutes.close[(at - START) // timedelta(minutes=1) - 1])

    def price(self, at: datetime) -> Decimal:
        """The same, exactly."""
        return Decimal(repr(self.close(at)))

    def change(self, at: datetime, span: timedelta) -> float:
        """By which part of itself the spot price changed in the time before an instant."""
        return self.close(at) / self.close(at - span) - 1

    def perpetual_price(self, at: datetime) -> Decimal:
        """What the hourly candle of the perpetual that ends at an instant closed at."""
        opened = self.hours.open_time == (at - timedelta(hours=1)).replace(tzinfo=None)
        return Decimal(repr(float(self.hours.close[opened][0])))
