"""Positions and balances beside those of the venue, after what explains the orders."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from tradingdb.models import CashMovementKind, OrderSide, PositionSide
from tradingdb.models.trading import DifferenceKind
from tradingdb.services.cash import NewMovement
from tradingdb.services.ledger import Holding, NewFill, Place
from tradingdb.services.ledger.holdings import EXACT, QUOTIENT
from tradingdb.services.reconcile.differences import Difference, proposed
from tradingdb.services.reconcile.orders import ASK_FOR_TRADES
from tradingdb.services.reconcile.snapshot import VenuePosition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger import Contract
    from tradingdb.services.reconcile.snapshot import VenueSnapshot

ZERO = Decimal(0)
NOTHING = Holding()

Held = dict[Place, tuple[Holding, "Contract"]]


async def compare_positions(
    session: WriteSession,
    account_id: UUID,
    snapshot: VenueSnapshot,
    symbols: Mapping[int, str],
    states: tuple[Held, Held],
) -> list[Difference]:
    """Positions that differ. `states` are the ledger's before and after what explains the orders."""
    before, after = states
    told = {Place(account_id, one.instrument_id, PositionSide(one.side)): one for one in snapshot.positions or ()}
    ours = {
        place
        for state in states
        for place, (holding, contract) in state.items()
        if holding.quantity and contract.is_margined
    }
    found = []
    for place in sorted(told.keys() | ours):
        one = told.get(place) or VenuePosition(instrument_id=place.instrument_id, quantity=ZERO, side=place.side)
        was, (now, contract) = before[place][0], after[place]
        subject = symbols[place.instrument_id] + ("" if place.side is PositionSide.NET else f" {place.side}")
        missing = EXACT.subtract(one.quantity, now.quantity)
        if not missing and was.quantity == one.quantity:
            found += _entry_prices(subject, now, one)
            continue
        sides = subject, {"quantity": was.quantity}, {"quantity": one.quantity, "entry_price": one.entry_price}
        price = missing_price(now, one, contract)
        if not missing:  # explained by what explains the orders
            found.append(Difference(DifferenceKind.POSITION, *sides))
        elif price is None:
            found.append(Difference(DifferenceKind.POSITION, *sides, remedy=ASK_FOR_TRADES))
        else:
            fill = NewFill(
                account_id=account_id,
                instrument_id=place.instrument_id,
                side=OrderSide.BUY if missing > 0 else OrderSide.SELL,
                position_side=place.side,
                quantity=abs(missing),
                price=price,
                executed_at=snapshot.at,
                venue_trade_id=f"reconcile:{snapshot.at.isoformat()}:position:{place.side}",
            )
            found.append(Difference(DifferenceKind.POSITION, *sides, tuple(await proposed(session, [fill]))))
    return found


async def compare_balances(
    session: WriteSession,
    account_id: UUID,
    snapshot: VenueSnapshot,
    states: tuple[Mapping[str, Decimal], Mapping[str, Decimal]],
) -> list[Difference]:
    """Balances that differ. `states` are the ledger's before and after what explains orders and positions."""
    before, after = states
    told = snapshot.balances or {}
    found = []
    for currency in sorted({*told, *before, *after}):
        total, was, now = (state.get(currency, ZERO) for state in (told, before, after))
        if was == now == total:
            continue
        entries = []
        if now != total:
            entries.append(
                NewMovement(
                    account_id=account_id,
                    dedupe_key=f"reconcile:{snapshot.at.isoformat()}:{currency}",
                    kind=CashMovementKind.ADJUSTMENT,
                    amount=EXACT.subtract(total, now),
                    currency=currency,
                    occurred_at=snapshot.at,
                    note="what nothing else explains of the venue's balance",
                )
            )
        found.append(
            Difference(
                DifferenceKind.BALANCE,
                currency,
                {"total": was},
                {"total": total},
                tuple(await proposed(session, entries)),
            )
        )
    return found


def missing_price(ours: Holding, told: VenuePosition, contract: Contract) -> Decimal | None:
    """The price of one fill that makes our position the venue's.

    None: it cannot be known, because the venue does not say its entry price or part of the position was closed.
    """
    if told.entry_price is None or told.entry_price <= 0 or not told.quantity:
        return None
    if not ours.quantity:
        return told.entry_price
    if ours.quantity * told.quantity < 0 or abs(told.quantity) <= abs(ours.quantity) or ours.average_price is None:
        return None
    with localcontext(EXACT):
        missing = told.quantity - ours.quantity
        if contract.is_inverse:
            value = QUOTIENT.divide(told.quantity, told.entry_price) - QUOTIENT.divide(
                ours.quantity, ours.average_price
            )
            price = QUOTIENT.divide(missing, value) if value else ZERO
        else:
            price = QUOTIENT.divide(told.quantity * told.entry_price - ours.quantity * ours.average_price, missing)
    return price if price > 0 else None


def _entry_prices(subject: str, ours: Holding, told: VenuePosition) -> list[Difference]:
    """The venue's entry price has as many digits as it likes; ours is compared at those."""
    if told.entry_price is None or ours.average_price is None:
        return []
    with localcontext(EXACT):
        if ours.average_price.quantize(told.entry_price) == told.entry_price:
            return []
    sides = {"entry_price": ours.average_price}, {"entry_price": told.entry_price}
    remedy = "The quantities agree: the venue counts cost otherwise, or an execution has another price."
    return [Difference(DifferenceKind.ENTRY_PRICE, subject, *sides, remedy=remedy)]
