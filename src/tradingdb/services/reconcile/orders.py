"""Orders and executions beside those of the venue."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.models import OrderEventKind, OrderStatus, PositionSide
from tradingdb.models.trading import DifferenceKind
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger import NewFill, NewOrderEvent, Result, record_fills
from tradingdb.services.ledger.holdings import EXACT, QUOTIENT
from tradingdb.services.ledger.order_state import ENDED, RANK
from tradingdb.services.reconcile.differences import Difference, Proposal, proposed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy import Row

    from tradingdb.database import WriteSession
    from tradingdb.services.reconcile.snapshot import VenueOrder, VenueSnapshot

ASK_FOR_TRADES = "Ask the venue for its executions and reconcile with them (`trades`), or record them with record_fill."

_SAYS = {
    OrderStatus.PENDING: OrderEventKind.SUBMITTED,
    OrderStatus.OPEN: OrderEventKind.ACCEPTED,
    OrderStatus.PARTIAL: OrderEventKind.PARTIALLY_FILLED,
    OrderStatus.FILLED: OrderEventKind.FILLED,
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
}
"""The event that brings an order to a status."""

_FIXED, _AMENDABLE = ("instrument_id", "side", "position_side"), ("quantity", "limit_price", "stop_price")


class OrderComparison:
    """The orders of an account beside those of a snapshot. What is proposed is recorded as it is found.

    So each question is asked of a ledger that has the answers to those before: trades, then unknown orders, what is
    filled, what has become of them, and last those that are gone.
    """

    def __init__(self, session: WriteSession, account_id: UUID, snapshot: VenueSnapshot, in_flight: timedelta) -> None:
        self._session = session
        self._account_id = account_id
        self._snapshot = snapshot
        self._told: Sequence[VenueOrder] = snapshot.orders or ()
        self._in_flight = in_flight
        self._key = f"reconcile:{snapshot.at.isoformat()}"

    async def differences(self) -> list[Difference]:
        """Everything that differs."""
        found = await self._trades()
        if self._snapshot.orders is None:
            return found
        for ask in (self._unknown, self._filled, self._become, self._gone):
            found += await ask()
        return found

    async def _trades(self) -> list[Difference]:
        """Executions that the ledger lacks, or has otherwise."""
        found = []
        receipts = await record_fills(self._session, self._snapshot.trades)
        for fill, receipt in zip(self._snapshot.trades, receipts, strict=True):
            venue = _of(fill, "side", "quantity", "price", "executed_at", "fee", "fee_currency")
            subject, proposal = f"trade {fill.venue_trade_id}", (Proposal("record_fill", fill),)
            if receipt.result is Result.INSERTED:
                found.append(Difference(DifferenceKind.FILL_MISSING, subject, {}, venue, proposal))
            elif receipt.result is Result.UPDATED:
                found.append(Difference(DifferenceKind.FILL_CONTENT, subject, {}, venue, proposal))
            elif receipt.error is not None:
                found.append(Difference(DifferenceKind.FILL_CONTENT, subject, {}, venue, remedy=str(receipt.error)))
        return found

    async def _unknown(self) -> list[Difference]:
        """Orders that the ledger has not."""
        known = {_names(told) for told, _ in await self._matched()}
        found = []
        for told in self._told:
            if _names(told) in known:
                continue
            order = told.order
            accepted = self._event(told, OrderEventKind.ACCEPTED, occurred_at=order.submitted_at or self._snapshot.at)
            proposals = await proposed(self._session, [order, accepted])
            found.append(Difference(DifferenceKind.ORDER_UNKNOWN, _subject(told), {}, _venue(told), tuple(proposals)))
        return found

    async def _filled(self) -> list[Difference]:
        """Orders of which the venue has filled another quantity by then."""
        found = []
        for told, ours in await self._matched():
            missing = EXACT.subtract(told.filled, ours.filled)
            if not missing:
                continue
            sides = _subject(told), {"filled": ours.filled}, {"filled": told.filled, "average": told.average_price}
            if missing < 0:
                remedy = "The ledger has more of it: look for executions recorded twice, or of another order."
                found.append(Difference(DifferenceKind.FILL_CONTENT, *sides, remedy=remedy))
            elif (price := missing_price(told, ours, missing)) is None:
                found.append(Difference(DifferenceKind.FILL_MISSING, *sides, remedy=ASK_FOR_TRADES))
            else:
                fill = NewFill(
                    account_id=self._account_id,
                    instrument_id=ours.instrument_id,
                    side=ours.side,
                    position_side=ours.position_side,
                    quantity=missing,
                    price=price,
                    executed_at=self._snapshot.at,
                    venue_trade_id=f"{self._key}:{ours.client_order_id[:300]}",
                    client_order_id=ours.client_order_id,
                )
                proposals = await proposed(self._session, [fill])
                found.append(Difference(DifferenceKind.FILL_MISSING, *sides, tuple(proposals)))
        return found

    async def _become(self) -> list[Difference]:
        """Orders that were changed, or are further along than the ledger knows."""
        found = []
        for told, ours in await self._matched():
            fixed = [name for name in _FIXED if _differs(told, ours, name)]
            if fixed:
                remedy = "One of the two is another order: correct who sends its identifiers."
                sides = _of(ours, *fixed), _of(told.order, *fixed)
                found.append(Difference(DifferenceKind.ORDER_CONTENT, _subject(told), *sides, remedy=remedy))
                continue
            changed = [name for name in _AMENDABLE if _differs(told, ours, name)]
            if changed:
                event = self._event(told, OrderEventKind.AMENDED, **_of(told.order, *changed))
                sides = _of(ours, *changed), _of(told.order, *changed)
                proposals = await proposed(self._session, [event])
                found.append(Difference(DifferenceKind.ORDER_CONTENT, _subject(told), *sides, tuple(proposals)))
            found += await self._status(told, ours)
        return found

    async def _status(self, told: VenueOrder, ours: Row[Any]) -> list[Difference]:
        names = ("status", "venue_order_id")
        says = {"status": told.status, "venue_order_id": told.order.venue_order_id}
        sides = DifferenceKind.ORDER_STATUS, _subject(told), _of(ours, *names), says
        status, ours_status = OrderStatus(told.status), OrderStatus(ours.status)
        learns = ours.venue_order_id is None and told.order.venue_order_id is not None
        if RANK[status] > RANK[ours_status] or learns:
            event = self._event(told, _SAYS[status])
            return [Difference(*sides, tuple(await proposed(self._session, [event])))]
        has_moved_since = ours.moved_at is not None and ours.moved_at > self._snapshot.at
        if ours_status in ENDED and status != ours_status and not has_moved_since:
            remedy = f"In the ledger it is {ours_status}, and no order moves back: look at its events and fills."
            return [Difference(*sides, remedy=remedy)]
        return []

    async def _gone(self) -> list[Difference]:
        """Orders that stand in the ledger and not at the venue; those that were just being sent are left out."""
        matched = {ours.id for _, ours in await self._matched()}
        found = []
        for ours in await self._ours():
            if ours.id in matched or OrderStatus(ours.status) in ENDED:
                continue
            if ours.since + self._in_flight > self._snapshot.at:
                continue
            never_taken = ours.venue_order_id is None and not ours.filled
            event = NewOrderEvent(
                account_id=self._account_id,
                kind=OrderEventKind.REJECTED if never_taken else OrderEventKind.CANCELLED,
                occurred_at=self._snapshot.at,
                order_id=ours.id,
                dedupe_key=f"{self._key}:gone",
                reason="the venue does not know it",
            )
            found.append(
                Difference(
                    DifferenceKind.ORDER_GONE,
                    f"order {ours.client_order_id}",
                    _of(ours, "status", "quantity", "filled", "venue_order_id"),
                    {},
                    tuple(await proposed(self._session, [event])),
                )
            )
        return found

    async def _matched(self) -> list[tuple[VenueOrder, Row[Any]]]:
        """The venue's orders that the ledger has, with what it has."""
        return list(_pairs(self._told, await self._ours()))

    async def _ours(self) -> Sequence[Row[Any]]:
        """The ledger's orders that stand or that the venue names, as of the snapshot."""
        parameters = {
            "account_id": self._account_id,
            "at": self._snapshot.at,
            "clients": [told.order.client_order_id for told in self._told],
            "venues": [told.order.venue_order_id for told in self._told if told.order.venue_order_id is not None],
        }
        return (await self._session.execute(_OURS, parameters)).all()

    def _event(self, told: VenueOrder, kind: OrderEventKind, **values: Any) -> NewOrderEvent:
        given = {"occurred_at": self._snapshot.at} | values
        return NewOrderEvent(
            account_id=self._account_id,
            kind=kind,
            client_order_id=told.order.client_order_id,
            venue_order_id=told.order.venue_order_id,
            dedupe_key=f"{self._key}:{kind}",
            **given,
        )


def missing_price(told: VenueOrder, ours: Row[Any], missing: Decimal) -> Decimal | None:
    """The price of what is missing: with the ledger's fills it makes the venue's average. None: it cannot be known."""
    if told.average_price is None or (ours.is_inverse and told.average_price <= 0):
        return None
    if not ours.filled:
        return told.average_price
    with localcontext(EXACT):
        if ours.is_inverse:
            value = QUOTIENT.divide(told.filled, told.average_price) - ours.value
            price = QUOTIENT.divide(missing, value) if value > 0 else Decimal(0)
        else:
            price = QUOTIENT.divide(told.filled * told.average_price - ours.value, missing)
    return price if price > 0 else None


def _pairs(told: Sequence[VenueOrder], ours: Sequence[Row[Any]]) -> Iterator[tuple[VenueOrder, Row[Any]]]:
    by_client = {row.client_order_id: row for row in ours}
    by_venue = {row.venue_order_id: row for row in ours if row.venue_order_id is not None}
    for one in told:
        row = by_client.get(one.order.client_order_id) or by_venue.get(one.order.venue_order_id)
        if row is not None:
            yield one, row


def _differs(told: VenueOrder, ours: Row[Any], name: str) -> bool:
    """Whether a column differs; what the venue does not say does not."""
    value = getattr(told.order, name)
    silent = {None, PositionSide.NET} if name == "position_side" else {None}
    return value not in silent and value != getattr(ours, name)


def _names(told: VenueOrder) -> tuple[str, str | None]:
    return told.order.client_order_id, told.order.venue_order_id


def _subject(told: VenueOrder) -> str:
    return f"order {told.order.client_order_id}"


def _venue(told: VenueOrder) -> dict[str, Any]:
    names = ("venue_order_id", "instrument_id", "side", "quantity", "limit_price", "stop_price")
    return _of(told.order, *names) | {"filled": told.filled, "status": told.status}


def _of(entry: object, *names: str) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names}


_OURS = scoped_by_verb(
    text(
        f"""
        SELECT o.id, o.client_order_id, o.venue_order_id, o.instrument_id, o.side, o.position_side, o.quantity,
               o.limit_price, o.stop_price, o.status, i.is_inverse,
               o.filled_quantity - coalesce(later.quantity, 0) AS filled,
               o.filled_value - coalesce(later.value, 0) AS value,
               coalesce(o.submitted_at, o.created_at) AS since, greatest(o.last_event_at, o.executed_at) AS moved_at
        FROM orders o
        JOIN instruments i ON i.id = o.instrument_id
        LEFT JOIN LATERAL (
            SELECT sum(f.quantity) AS quantity,
                   sum(CASE WHEN i.is_inverse THEN CAST(f.quantity AS numeric(1000, 120)) / f.price
                       ELSE f.quantity * f.price END) AS value
            FROM fills f WHERE f.order_id = o.id AND f.executed_at > :at
        ) AS later ON true
        WHERE o.account_id = :account_id
          AND (o.status NOT IN ({", ".join(f"'{status}'" for status in ENDED)})
               OR o.client_order_id = ANY(CAST(:clients AS text[])) OR o.venue_order_id = ANY(CAST(:venues AS text[])))
        ORDER BY o.created_at, o.id
        """  # noqa: S608 - built from the constants above
    )
)
