"""When two moving averages cross: the round trips of a small strategy, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.models import ExitReason, TradeDirection, TradeOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradingdb.candles import CandleSeries
    from tradingdb.models import Instrument

FAST, SLOW = 240, 960
"""Lengths of the two averages, in candles."""

STOP = Decimal("0.02")
FEE = Decimal("0.0005")
NOTIONAL = Decimal(1000)
LOT = Decimal("0.0001")
R_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Leg:
    """One round trip of the strategy: entry and, if it came, exit, as candle positions and prices."""

    direction: TradeDirection
    entry_at: int
    entry_price: Decimal
    stop: Decimal
    quantity: Decimal
    exit_at: int | None = None
    exit_price: Decimal | None = None
    reason: ExitReason | None = None

    @property
    def sign(self) -> int:
        """1 for long, -1 for short."""
        return 1 if self.direction is TradeDirection.LONG else -1

    @property
    def fees(self) -> Decimal:
        """Of entry and exit, as far as they happened."""
        return fee(self.quantity, self.entry_price) + (
            Decimal(0) if self.exit_price is None else fee(self.quantity, self.exit_price)
        )

    @property
    def pnl(self) -> Decimal | None:
        """After fees. None: it is still open."""
        if self.exit_price is None:
            return None
        return self.sign * (self.exit_price - self.entry_price) * self.quantity - self.fees

    @property
    def pnl_r(self) -> Decimal | None:
        """The same by the risk that was taken."""
        return None if self.pnl is None else r_multiple(self.pnl, self.entry_price, self.stop, self.quantity)


def round_trips(series: CandleSeries, instrument: Instrument) -> Iterator[Leg]:
    """Every round trip: in when the averages cross, out at the stop or at the next crossing."""
    crossings = _crossings(series.close)
    for number, (at, direction) in enumerate(crossings):
        until = crossings[number + 1][0] if number + 1 < len(crossings) else None
        price = instrument.quantize_price(decimal(series.close[at]))
        sign = 1 if direction is TradeDirection.LONG else -1
        stop = instrument.quantize_price(price * (1 - sign * STOP))
        quantity = max(LOT, (NOTIONAL / price) // LOT * LOT)
        leg = (direction, at, price, stop, quantity)
        stopped = _stopped_at(series, direction, stop, at, until)
        if stopped is not None:
            yield Leg(*leg, stopped, stop, ExitReason.STOP_LOSS)
        elif until is not None:
            yield Leg(*leg, until, instrument.quantize_price(decimal(series.close[until])), ExitReason.SIGNAL)
        else:
            yield Leg(*leg)


def fee(quantity: Decimal, price: Decimal) -> Decimal:
    """What the venue takes of a fill, in quote currency."""
    return quantity * price * FEE


def r_multiple(pnl: Decimal, entry: Decimal, stop: Decimal, quantity: Decimal) -> Decimal:
    """Profit by the risk that was taken at entry, to six digits."""
    return (pnl / (abs(entry - stop) * quantity)).quantize(R_DIGITS)


def outcome_of(pnl: Decimal | None) -> TradeOutcome:
    """What a trade came to."""
    if pnl is None:
        return TradeOutcome.PENDING
    if pnl == 0:
        return TradeOutcome.BREAKEVEN
    return TradeOutcome.WIN if pnl > 0 else TradeOutcome.LOSS


def decimal(value: float) -> Decimal:
    """A double as the shortest decimal that means it: what the venue wrote, up to 15 digits."""
    return Decimal(repr(float(value)))


def _crossings(close: np.ndarray[Any, np.dtype[np.float64]]) -> list[tuple[int, TradeDirection]]:
    if len(close) <= SLOW:
        return []
    total = np.concatenate(([0.0], np.cumsum(close)))
    ends = np.arange(SLOW, len(close) + 1)
    above = (total[ends] - total[ends - FAST]) / FAST > (total[ends] - total[ends - SLOW]) / SLOW
    at = np.flatnonzero(above[1:] != above[:-1]) + SLOW
    return [(int(i), TradeDirection.LONG if above[i - SLOW + 1] else TradeDirection.SHORT) for i in at]


def _stopped_at(
    series: CandleSeries, direction: TradeDirection, stop: Decimal, after: int, until: int | None
) -> int | None:
    window = slice(after + 1, until)
    hit = series.low[window] <= float(stop) if direction is TradeDirection.LONG else series.high[window] >= float(stop)
    return after + 1 + int(np.argmax(hit)) if hit.any() else None
