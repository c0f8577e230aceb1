"""What a round trip came to: pure arithmetic on exact decimals.

Sums, differences and products are exact; each quotient is rounded once, half to even, at 50 significant digits.
Everything is in settle currency. Linear: one contract gains `size` per unit of price. Inverse: a position of `n`
contracts is worth `n * size / price`, so it gains `n * size * (1 / entry - 1 / exit)` when long.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from tradingdb.errors import InvalidValueError
from tradingdb.models import ExitReason, TradeDirection, TradeOutcome
from tradingdb.services.ledger.holdings import EXACT, QUOTIENT, ZERO, Contract

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a trade its figures are computed from."""

    direction: TradeDirection
    quantity: Decimal
    entry_price: Decimal
    entry_time: datetime
    contract: Contract
    initial_stop: Decimal | None = None
    leverage: Decimal | None = None
    margin: Decimal | None = None
    entry_fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def sign(self) -> int:
        """1 for long, -1 for short."""
        return 1 if self.direction is TradeDirection.LONG else -1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a trade that was closed."""

    sequence: int
    quantity: Decimal
    price: Decimal
    exit_time: datetime
    reason: ExitReason | None
    fees: Decimal
    pnl: Decimal
    """After its fees."""
    fill_id: UUID | None = None


def gain(terms: Terms, quantity: Decimal, price: Decimal) -> Decimal:
    """What a part earned that was closed at a price, before fees.

    Raises:
        InvalidValueError: a price of an inverse contract is not positive.
    """
    with localcontext(EXACT):
        moved = terms.sign * (price - terms.entry_price) * quantity * terms.contract.size
        if terms.contract.is_inverse:
            return QUOTIENT.divide(moved, _positive(terms.entry_price) * _positive(price))
        return moved


def r_multiple(terms: Terms, pnl: Decimal) -> Decimal | None:
    """Profit by the risk taken at entry; None where no stop was set, or at the entry itself.

    The risk is what the whole quantity loses from entry to initial stop, before fees.
    """
    stop, entry = terms.initial_stop, terms.entry_price
    if stop is None or stop == entry:
        return None
    with localcontext(EXACT):
        risk = abs(entry - stop) * terms.quantity * terms.contract.size
        if terms.contract.is_inverse:
            pnl *= _positive(entry) * _positive(stop)
        return QUOTIENT.divide(pnl, risk)


def percent(terms: Terms, pnl: Decimal) -> Decimal | None:
    """Profit by the capital at entry, in percent: the margin, or the value of the position by its leverage.

    None where there was no capital.
    """
    with localcontext(EXACT):
        scaled = pnl * PERCENT
        if terms.margin is not None:
            return QUOTIENT.divide(scaled, terms.margin) if terms.margin else None
        scaled *= terms.leverage or 1
        units, price = terms.quantity * terms.contract.size, abs(terms.entry_price)
        if terms.contract.is_inverse:
            return QUOTIENT.divide(scaled * price, units)
        return QUOTIENT.divide(scaled, units * price) if price else None


def average(amounts: Collection[tuple[Decimal, Decimal]]) -> Decimal:
    """The mean of prices, each with its quantity as weight. Equal prices give that price, of however many digits."""
    prices = [price for _, price in amounts]
    if all(price == prices[0] for price in prices):
        return prices[0]
    with localcontext(EXACT):
        total = sum((quantity * price for quantity, price in amounts), ZERO)
        return QUOTIENT.divide(total, sum((quantity for quantity, _ in amounts), ZERO))


def outcome_of(pnl: Decimal) -> TradeOutcome:
    """What a profit after all costs is called."""
    if not pnl:
        return TradeOutcome.BREAKEVEN
    return TradeOutcome.WIN if pnl > 0 else TradeOutcome.LOSS


def settled(terms: Terms, parts: Collection[Part]) -> dict[str, Any]:
    """The columns of a trade that follow from its exits: fees always, the rest when nothing is left open.

    `pnl` is the sum of what the parts earned, less the fees of the entry, plus funding.
    """
    with localcontext(EXACT):
        fees = terms.entry_fees + sum((part.fees for part in parts), ZERO)
        left = terms.quantity - sum((part.quantity for part in parts), ZERO)
        columns: dict[str, Any] = {
            "fees": fees,
            "exit_price": None,
            "exit_time": None,
            "exit_reason": None,
            "outcome": TradeOutcome.PENDING,
            "pnl": None,
            "pnl_percent": None,
            "pnl_r": None,
        }
        if left:
            return columns
        pnl = sum((part.pnl for part in parts), ZERO) - terms.entry_fees + terms.funding
    return columns | {
        "exit_price": average([(part.quantity, part.price) for part in parts]),
        "exit_time": max(part.exit_time for part in parts),
        "exit_reason": max(parts, key=lambda part: (part.exit_time, part.sequence)).reason,
        "outcome": outcome_of(pnl),
        "pnl": pnl,
        "pnl_percent": percent(terms, pnl),
        "pnl_r": r_multiple(terms, pnl),
    }


def left_open(terms: Terms, parts: Collection[Part]) -> Decimal:
    """The quantity that no exit has closed."""
    with localcontext(EXACT):
        return terms.quantity - sum((part.quantity for part in parts), ZERO)


def _positive(price: Decimal) -> Decimal:
    if price <= 0:
        raise InvalidValueError(f"An inverse contract was given the price {price}: its prices are more than zero.")
    return price
