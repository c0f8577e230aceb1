"""How fills add up to round trips: pure arithmetic on top of the fold of fills into a holding.

Flat to open starts a trip, more of the same side scales in, the other side closes parts at the average cost of what is
held, and what crosses zero closes one trip and opens the next. What all exits earned together is exact (linear): the
last exit takes what rounding the average cost left over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from tradingdb.errors import InvalidValueError
from tradingdb.models import ExitReason, OrderSide, PositionSide, TradeDirection
from tradingdb.services.ledger.holdings import EXACT, QUOTIENT, ZERO, Contract, Execution, Holding, fold
from tradingdb.services.trades.figures import Part

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class FillOfTrip:
    """A fill, with what its order says about why."""

    id: UUID
    venue_trade_id: str
    execution: Execution
    reason: ExitReason | None = None
    strategy_id: UUID | None = None
    rule_id: UUID | None = None
    signal_id: UUID | None = None


@dataclass(slots=True)
class Trip:
    """A round trip as its fills say; open as long as its exits add up to less than what was entered."""

    opening: FillOfTrip
    direction: TradeDirection
    contract: Contract
    entry_time: datetime
    entries: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    """Quantity and price of what was entered."""
    parts: list[Part] = field(default_factory=list)
    entry_fees: Decimal = ZERO
    other_fees: dict[str, Decimal] = field(default_factory=dict)
    """In currencies that have no price here, by currency: told beside the trade, not part of its profit."""

    @property
    def quantity(self) -> Decimal:
        """All that was entered."""
        with localcontext(EXACT):
            return sum((quantity for quantity, _ in self.entries), ZERO)

    @property
    def entry_price(self) -> Decimal:
        """Average cost of all that was entered: weighted by quantity, harmonically for inverse contracts."""
        prices = {price for _, price in self.entries}
        if len(prices) == 1:
            return next(iter(prices))
        with localcontext(EXACT):
            if self.contract.is_inverse:
                return QUOTIENT.divide(self.quantity, _inverse_value(self.entries))
            return QUOTIENT.divide(sum((quantity * price for quantity, price in self.entries), ZERO), self.quantity)


def round_trips(fills: Iterable[FillOfTrip], contract: Contract, side: PositionSide) -> list[Trip]:
    """The round trips of fills of one account, instrument and position side, in the order of the fills.

    The last one may be open.

    Raises:
        InvalidValueError: a hedged side was closed by more than was held, or an inverse price is not positive.
    """
    trips: list[Trip] = []
    holding = Holding()
    with localcontext(EXACT):
        for fill in fills:
            holding = _follow(trips, holding, fill, contract, side)
    return trips


def _follow(trips: list[Trip], holding: Holding, fill: FillOfTrip, contract: Contract, side: PositionSide) -> Holding:
    """Take one fill into the trips; returns what is held after it."""
    moved, fee, other = _without_base_fee(fill, contract)
    closing = min(abs(holding.quantity), abs(moved)) if holding.quantity * moved < 0 else ZERO
    opening = abs(moved) - closing
    closing_fee = fee if not opening else QUOTIENT.divide(fee * closing, abs(moved))
    if closing:
        holding, earned = _step(holding, fill.execution, closing.copy_sign(moved), contract)
        _close(trips[-1], fill, closing, earned - closing_fee, closing_fee, is_last=not holding.quantity)
    if opening:
        if not holding.quantity:
            trips.append(_opened(fill, moved, contract, side))
        holding, _ = _step(holding, fill.execution, opening.copy_sign(moved), contract)
        trips[-1].entries.append((opening, fill.execution.price))
        trips[-1].entry_fees += fee - closing_fee
    if other is not None and trips:
        currency, amount = other
        trips[-1].other_fees[currency] = trips[-1].other_fees.get(currency, ZERO) + amount
    return holding


def _without_base_fee(fill: FillOfTrip, contract: Contract) -> tuple[Decimal, Decimal, tuple[str, Decimal] | None]:
    """What the holding moves by, the fee in settle currency, and a fee that has no price here.

    A fee in the base currency of spot leaves the holding, and is worth the fill's price.
    """
    execution = fill.execution
    fee, currency = execution.fee, execution.fee_currency
    if not fee or currency is None:
        return execution.signed, ZERO, None
    if currency == contract.settle_currency:
        return execution.signed, fee, None
    if currency == contract.base_currency and not contract.is_margined and not contract.is_inverse:
        moved = execution.signed - QUOTIENT.divide(fee, contract.size)
        if not moved:
            raise InvalidValueError(f"Fill {fill.venue_trade_id} moves nothing: its fee is all of it.")
        return moved, fee * execution.price, None
    return execution.signed, ZERO, (currency, fee)


def _step(holding: Holding, execution: Execution, signed: Decimal, contract: Contract) -> tuple[Holding, Decimal]:
    """The holding after a movement at the execution's price, and what that realised before fees."""
    side = OrderSide.BUY if signed > 0 else OrderSide.SELL
    movement = execution._replace(side=side, quantity=abs(signed), fee=ZERO, fee_currency=None)
    after = fold(holding, [movement], contract)
    return after, after.realized_pnl - holding.realized_pnl


def _opened(fill: FillOfTrip, signed: Decimal, contract: Contract, side: PositionSide) -> Trip:
    direction = TradeDirection.LONG if signed > 0 else TradeDirection.SHORT
    if side is not PositionSide.NET and side.value != direction.value:
        raise InvalidValueError(
            f"Fill {fill.venue_trade_id} closes more of the {side} side than is held: "
            "load the fills that come before it."
        )
    return Trip(fill, direction, contract, fill.execution.executed_at)


def _close(trip: Trip, fill: FillOfTrip, quantity: Decimal, earned: Decimal, fees: Decimal, *, is_last: bool) -> None:
    part = Part(
        len(trip.parts) + 1,
        quantity,
        fill.execution.price,
        fill.execution.executed_at,
        fill.reason,
        fees,
        earned,
        fill.id,
    )
    trip.parts.append(part)
    if is_last:
        before = sum((one.pnl + one.fees for one in trip.parts[:-1]), ZERO)
        trip.parts[-1] = replace(part, pnl=_total(trip) - before - fees)


def _total(trip: Trip) -> Decimal:
    """What a closed trip earned before fees, from its fills alone."""
    exits = [(part.quantity, part.price) for part in trip.parts]
    sign = 1 if trip.direction is TradeDirection.LONG else -1
    if trip.contract.is_inverse:
        return sign * trip.contract.size * (_inverse_value(trip.entries) - _inverse_value(exits))
    sold = sum((quantity * price for quantity, price in exits), ZERO)
    bought = sum((quantity * price for quantity, price in trip.entries), ZERO)
    return sign * trip.contract.size * (sold - bought)


def _inverse_value(amounts: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    return sum((QUOTIENT.divide(quantity, price) for quantity, price in amounts), ZERO)
