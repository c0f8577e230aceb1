"""How fills add up to what is held: pure arithmetic on exact decimals.

Sums, differences and products are exact. Quotients (an average price; profits of inverse contracts) are rounded half to
even at 50 significant digits. The same fills in the same order give the same holding, digit by digit.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple

from tradingdb.errors import InvalidValueError
from tradingdb.models import InstrumentKind, OrderSide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

EXACT = Context(prec=100_000, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_EVEN)
"""Wide enough that no sum or product of amounts is ever rounded."""

QUOTIENT = Context(prec=50, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_EVEN)

ZERO = Decimal(0)

MARGINED = {InstrumentKind.PERPETUAL, InstrumentKind.FUTURE}
"""Kinds that pay only their profit, instead of exchanging what is bought for what it costs."""


class Contract(NamedTuple):
    """What of an instrument its arithmetic needs."""

    kind: InstrumentKind
    base_currency: str | None
    settle_currency: str | None
    """What profit is counted in: the settle currency, or the quote currency of spot."""
    size: Decimal = Decimal(1)
    """Units of base in one contract."""
    is_inverse: bool = False

    @property
    def is_margined(self) -> bool:
        """Whether cash moves by profit only."""
        return self.kind in MARGINED


def place_within(venue_trade_id: str, sequence: int) -> str:
    """Where a fill belongs among those of its instant. Ids are compared by length first, so 9 comes before 10."""
    return f"{len(venue_trade_id):04}:{venue_trade_id}:{sequence:05}"


class Execution(NamedTuple):
    """What of a fill its arithmetic needs, and its place among others."""

    side: OrderSide
    quantity: Decimal
    price: Decimal
    executed_at: datetime
    within: str
    """See `place_within`."""
    fee: Decimal = ZERO
    fee_currency: str | None = None

    @property
    def signed(self) -> Decimal:
        """The quantity, negative for a sale."""
        return self.quantity if self.side is OrderSide.BUY else self.quantity.copy_negate()

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it belongs in time."""
        return self.executed_at, self.within


class Lot(NamedTuple):
    """A part of a holding that was bought or sold at one price; quantity is signed."""

    quantity: Decimal
    price: Decimal


class Holding(NamedTuple):
    """What is held after some fills; the start is nothing."""

    quantity: Decimal = ZERO
    average_price: Decimal | None = None
    realized_pnl: Decimal = ZERO
    """In settle currency, before fees."""
    fees: Decimal = ZERO
    """Paid, as far as it was in settle currency (or in base currency, valued at the fill's price)."""
    other_fees: Mapping[str, Decimal] = {}
    """Paid in further currencies, by currency."""
    opened_at: datetime | None = None
    last_place: tuple[datetime, str] | None = None
    lots: tuple[Lot, ...] | None = None
    """First in, first out. None: average cost."""


def gained(before: Holding, after: Holding) -> Decimal:
    """What was realized between two states, exactly."""
    return EXACT.subtract(after.realized_pnl, before.realized_pnl)


def fold(start: Holding, executions: Sequence[Execution], contract: Contract) -> Holding:
    """The holding after some executions, which must be in order of `place`.

    A position that crosses zero closes at its cost and opens anew at the fill's price. A fee in the base currency of
    something that is exchanged (spot) leaves the holding: it counts as disposed of at the fill's price.

    Raises:
        InvalidValueError: a price of an inverse contract is not positive.
    """
    holding = start
    with localcontext(EXACT):
        for execution in executions:
            holding = _after(holding, execution, contract)
    return charged(holding, executions, contract)


def profits_of(
    start: Holding, fills: Sequence[tuple[UUID, Execution]], contract: Contract
) -> tuple[Holding, dict[UUID, Decimal]]:
    """The holding after some fills, which must be in order of `place`, and what each of them realized."""
    holding, profits = start, {}
    with localcontext(EXACT):
        for fill_id, execution in fills:
            after = _after(holding, execution, contract)
            profits[fill_id] = after.realized_pnl - holding.realized_pnl
            holding = after
    return charged(holding, [execution for _, execution in fills], contract), profits


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    """Exactly."""
    with localcontext(EXACT):
        return sum(amounts, ZERO)


def order_value(quantity: Decimal, price: Decimal, contract: Contract) -> Decimal:
    """What a fill adds to its order's `filled_value`: price times quantity, or quantity over price if inverse.

    Raises:
        InvalidValueError: a price of an inverse contract is not positive.
    """
    if contract.is_inverse:
        return QUOTIENT.divide(quantity, _positive(price))
    return EXACT.multiply(quantity, price)


def _after(holding: Holding, execution: Execution, contract: Contract) -> Holding:
    """The holding after an execution, but for what its fee adds to the fees."""
    holding = _moved(holding, execution.signed, execution, contract)
    if leaves_holding(execution, contract):
        taken = QUOTIENT.divide(execution.fee, contract.size)
        holding = _moved(holding, taken.copy_negate(), execution, contract)
    return holding


def _moved(holding: Holding, change: Decimal, execution: Execution, contract: Contract) -> Holding:
    """The holding after its quantity changed at the execution's price."""
    held, price = holding.quantity, execution.price
    if contract.is_inverse:
        _positive(price)
    quantity = held + change
    closing = min(abs(held), abs(change)).copy_sign(held) if held * change < 0 else ZERO
    realized, lots, average = holding.realized_pnl, holding.lots, holding.average_price
    if closing and lots is not None:
        profit, lots = _closed_lots(lots, closing, price, contract)
        realized += profit
    elif closing and average is not None:
        realized += _profit(closing, average, price, contract)
    opened = change + closing
    if opened and lots is not None:
        lots = (*lots, Lot(opened, price))
    if not quantity:
        average = None
    elif lots is not None:
        average = _average(lots, contract)
    elif opened:
        before = Lot(quantity - opened, price if average is None else average)
        average = _average((before, Lot(opened, price)), contract)
    began = not held or held * quantity < 0
    return Holding(
        quantity=quantity,
        average_price=average,
        realized_pnl=realized,
        fees=holding.fees,
        other_fees=holding.other_fees,
        opened_at=None if not quantity else execution.executed_at if began else holding.opened_at,
        last_place=execution.place,
        lots=lots,
    )


def leaves_holding(execution: Execution, contract: Contract) -> bool:
    """Whether an execution's fee is taken out of what is held: in base currency, of what is exchanged."""
    is_exchanged = not (contract.is_margined or contract.is_inverse)
    return bool(execution.fee) and is_exchanged and execution.fee_currency == contract.base_currency


def charged(holding: Holding, executions: Iterable[Execution], contract: Contract) -> Holding:
    """The holding after the fees of some executions were added to its sums."""
    paid = [(each, each.fee_currency) for each in executions if each.fee and each.fee_currency is not None]
    if not paid:
        return holding
    fees, others = holding.fees, dict(holding.other_fees)
    with localcontext(EXACT):
        for execution, currency in paid:
            fee = execution.fee
            if currency == contract.settle_currency:
                fees += fee
            elif leaves_holding(execution, contract):
                fees += fee * execution.price
            else:
                others[currency] = others.get(currency, ZERO) + fee
    return holding._replace(fees=fees, other_fees=others)


def _closed_lots(
    lots: tuple[Lot, ...], closing: Decimal, price: Decimal, contract: Contract
) -> tuple[Decimal, tuple[Lot, ...]]:
    """The profit of closing a quantity out of the oldest lots, and those that are left."""
    profit, left = ZERO, list(lots)
    while closing:
        lot = left[0]
        part = lot.quantity if abs(lot.quantity) <= abs(closing) else closing
        profit += _profit(part, lot.price, price, contract)
        closing -= part
        left[:1] = [Lot(lot.quantity - part, lot.price)] if part != lot.quantity else []
    return profit, tuple(left)


def _profit(closed: Decimal, entry: Decimal, exit_price: Decimal, contract: Contract) -> Decimal:
    """Of a signed quantity that was entered at one price and left at another."""
    if contract.is_inverse:
        units = closed * contract.size
        return QUOTIENT.divide(units, entry) - QUOTIENT.divide(units, exit_price)
    return closed * contract.size * (exit_price - entry)


def _average(lots: tuple[Lot, ...], contract: Contract) -> Decimal:
    """Price of lots together: weighted by quantity, harmonically for inverse contracts."""
    filled = [lot for lot in lots if lot.quantity]
    if len({lot.price for lot in filled}) == 1:
        return filled[0].price
    quantity = sum((lot.quantity for lot in filled), ZERO)
    if contract.is_inverse:
        return QUOTIENT.divide(quantity, sum((QUOTIENT.divide(lot.quantity, lot.price) for lot in filled), ZERO))
    return QUOTIENT.divide(sum((lot.quantity * lot.price for lot in filled), ZERO), quantity)


def _positive(price: Decimal) -> Decimal:
    if price <= 0:
        raise InvalidValueError(f"An inverse contract was filled at {price}: its prices are more than zero.")
    return price
