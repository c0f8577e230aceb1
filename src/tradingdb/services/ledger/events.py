"""What venues say about orders: kept as it came, and applied so that no order ever moves back.

An order's `venue_status` is the greatest of what was said about it, compared by how far along it is and then by the
venue's time and sequence. The greatest does not depend on the order in which events arrive, nor on how often.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.bulk import arrays, unnested
from tradingdb.core.clock import as_utc, utc_now
from tradingdb.core.json import dump_json
from tradingdb.errors import LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.models import OrderEventKind, OrderStatus
from tradingdb.scope import require_in_scope, scoped_by_verb
from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.changing_order import ChangingOrder
from tradingdb.services.ledger.entries import NewOrderEvent, Receipt, Result
from tradingdb.services.ledger.guard import refuse_other_content, require_accounts
from tradingdb.services.ledger.order_state import ENDED, ORDER_PAYLOAD, status_sql
from tradingdb.services.ledger.orders import join_waiting
from tradingdb.services.ledger.position_rows import POSITION_SIDES, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from tradingdb.database import WriteSession


async def record_event(session: WriteSession, event: NewOrderEvent) -> Receipt:
    """Record what a venue said about an order, and move the order forward if it says more than was known.

    Sent again it is a duplicate. A late event is kept and changes nothing that is further along already. An event that
    names the order by ours and by the venue's identifier teaches the order the latter, and fills that waited join it.

    Raises:
        LedgerConflictError: the same key was recorded with another content.
        NotFoundError: no such order; submit it first.
        ScopeError: the session is limited to another account.
    """
    (receipt,) = await record_events(session, [event])
    return receipt.checked()


async def record_events(session: WriteSession, events: Sequence[NewOrderEvent]) -> list[Receipt]:
    """The same for many at once: a receipt for each, in their order. Those refused leave the others be."""
    await require_accounts(session, {event.account_id for event in events})
    if not events:
        return []
    named = await _named(session, events)
    learning = [
        _place_of(row)
        for row, event in zip(named, events, strict=True)
        if row.id is not None and row.known_venue_order_id is None and event.venue_order_id is not None
    ]
    books = await open_books(session, learning) if learning else {}  # positions are locked before orders, always
    ids = _order_ids(events, named)
    states = await _locked_orders(session, {order_id for order_id in ids if order_id is not None})
    stored = await _stored_events(session, events, ids)
    if any(event.kind == OrderEventKind.AMENDED for event in events):
        for row in await session.execute(_AMENDMENTS, {"orders": sorted(states)}):
            states[row.order_id].amendments.append(row)
    taken = {(row.account_id, row.venue_order_id): row.id for row in await _owners(session, events)}
    receipts = [
        _applied(event, None if order_id is None else states.get(order_id), stored, taken)
        for event, order_id in zip(events, ids, strict=True)
    ]
    statuses = await _store(session, states)
    learned = [state.id for state in states.values() if state.learned is not None]
    statuses |= await join_waiting(session, learned, books)
    return [
        replace(receipt, order_status=statuses.get(receipt.id, receipt.order_status)) if receipt.id else receipt
        for receipt in receipts
    ]


def _order_ids(events: Sequence[NewOrderEvent], named: Sequence[Row[Any]]) -> list[UUID | None]:
    """For each event its order, also where the venue's id is learned from another event of the same batch."""
    taught = {
        (event.account_id, event.venue_order_id): row.id
        for event, row in zip(events, named, strict=True)
        if row.id is not None
    }
    return [
        row.id or (None if event.client_order_id else taught.get((event.account_id, event.venue_order_id)))
        for event, row in zip(events, named, strict=True)
    ]


async def places_of_events(session: WriteSession, events: Sequence[NewOrderEvent]) -> set[Place]:
    """The positions that the orders of some events move, as far as those orders are known."""
    return {_place_of(row) for row in await _named(session, events) if row.id is not None}


async def cancel(
    session: WriteSession,
    order_id: UUID,
    *,
    account_id: UUID,
    reason: str | None = None,
    dedupe_key: str = OrderEventKind.CANCEL_REQUESTED,
) -> Receipt:
    """Ask for an order's cancellation: recorded, and told to whoever talks to the venue (`order.cancel_requested`).

    The order is cancelled when the venue says so (`record_event`). Asked again, or of an order that has ended, it is a
    duplicate; `order_status` of the receipt tells which. After a venue refused, ask with another `dedupe_key`.

    Raises:
        NotFoundError: the account has no such order.
        ScopeError: the session is limited to another account.
    """
    await require_accounts(session, [account_id])
    states = await _locked_orders(session, {order_id})
    state = states.get(order_id)
    if state is not None and state.account_id == account_id:
        key = {"order_id": order_id, "dedupe_key": dedupe_key}
        if state.status in ENDED or await session.scalar(_ASKED, key):
            return Receipt(Result.DUPLICATE, order_id, state.status)
    request = NewOrderEvent(
        account_id=account_id,
        kind=OrderEventKind.CANCEL_REQUESTED,
        occurred_at=utc_now(),
        order_id=order_id,
        dedupe_key=dedupe_key,
        reason=reason,
    )
    return await record_event(session, request)


async def expire_due(
    session: WriteSession, *, account_id: UUID | None = None, now: datetime | None = None, limit: int = 1000
) -> list[UUID]:
    """End orders whose time is over (`expires_at`) and that the venue has not ended. Returns their ids.

    Of one account, or of all. Orders that others work on at this moment are left for the next call.

    Raises:
        ScopeError: the session is limited to another account, or to one and none was named.
    """
    require_in_scope(session, account_id=account_id)
    before = utc_now() if now is None else as_utc(now)
    due = (await session.execute(_DUE, {"account_id": account_id, "now": before, "most": limit})).all()
    events = [
        NewOrderEvent(
            account_id=row.account_id,
            kind=OrderEventKind.EXPIRED,
            occurred_at=row.expires_at,
            order_id=row.id,
            dedupe_key="expired:due",
            reason="its time was over",
        )
        for row in due
    ]
    return [receipt.id for receipt in await record_events(session, events) if receipt.id is not None]


_CONTENT = ("kind", "occurred_at", "sequence", "quantity", "limit_price", "stop_price")


def _applied(
    event: NewOrderEvent,
    state: ChangingOrder | None,
    stored: dict[tuple[UUID, str], Any],
    taken: dict[tuple[UUID, str], UUID],
) -> Receipt:
    """What becomes of an event; `taken` tells whose each of the venue's ids is."""
    try:
        if state is None or state.account_id != event.account_id:
            raise NotFoundError(
                f"There is no order {event.client_order_id or event.venue_order_id or event.order_id} in account "
                f"{event.account_id}: submit it first, then send the event again."
            )
        if event.venue_order_id is not None:
            owner = taken.setdefault((event.account_id, event.venue_order_id), state.id)
            if owner != state.id:
                raise LedgerConflictError(f"order {event.venue_order_id}", {"order_id": owner}, {"order_id": state.id})
            if state.venue_order_id is not None:
                refuse_other_content(f"order {state.id}", state, event, ["venue_order_id"])
        key = state.id, event.dedupe_key
        if key in stored:
            refuse_other_content(f"event {event.dedupe_key} of order {state.id}", stored[key], event, _CONTENT)
            return Receipt(Result.DUPLICATE, state.id, state.status)
    except TradingDBError as error:
        return Receipt(Result.REFUSED, error=error)
    stored[key] = event
    state.apply(event)
    return Receipt(Result.INSERTED, state.id, state.status)


async def _named(session: WriteSession, events: Sequence[NewOrderEvent]) -> Sequence[Row[Any]]:
    """For each event its order, by whichever identifier names one."""
    rows = [{name: getattr(event, name) for name in _NAMES} for event in events]
    return (await session.execute(_NAME, arrays("sent", _NAMES, rows))).all() if events else []


def _place_of(order: Row[Any]) -> Place:
    return Place(order.account_id, order.instrument_id, POSITION_SIDES[order.position_side])


async def _locked_orders(session: WriteSession, ids: set[UUID]) -> dict[UUID, ChangingOrder]:
    """Orders by id, locked in one order for everybody."""
    found = {}
    for row in await session.execute(_LOCK, {"orders": sorted(ids)}):
        values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
        values["status"] = OrderStatus(values["status"])
        values["venue_status"] = None if values["venue_status"] is None else OrderStatus(values["venue_status"])
        found[row.id] = ChangingOrder(**values)
    return found


async def _stored_events(
    session: WriteSession, events: Sequence[NewOrderEvent], ids: Sequence[UUID | None]
) -> dict[tuple[UUID, str], Any]:
    keys = [
        {"order_id": order_id, "dedupe_key": event.dedupe_key}
        for event, order_id in zip(events, ids, strict=True)
        if order_id is not None
    ]
    rows = await session.execute(_EVENTS, arrays("key", _EVENT_KEY, keys))
    return {(row.order_id, row.dedupe_key): row for row in rows}


async def _owners(session: WriteSession, events: Sequence[NewOrderEvent]) -> Sequence[Row[Any]]:
    """Whose the venue's ids are that events name. Asked after the orders are locked."""
    keys = [{name: getattr(event, name) for name in _VENUE_KEY} for event in events if event.venue_order_id is not None]
    return (await session.execute(_OWNERS, arrays("key", _VENUE_KEY, keys))).all() if keys else []


async def _store(session: WriteSession, states: dict[UUID, ChangingOrder]) -> dict[UUID, OrderStatus]:
    changed = [state for state in states.values() if state.events]
    if not changed:
        return {}
    orders = [{name: getattr(state, name) for name in _ORDER} for state in changed]
    events = [
        {
            "order_id": state.id,
            "dedupe_key": event.dedupe_key,
            "account_id": event.account_id,
            "kind": event.kind,
            "occurred_at": event.occurred_at,
            "sequence": event.sequence,
            "quantity": event.quantity,
            "limit_price": event.limit_price,
            "stop_price": event.stop_price,
            "reason": event.reason,
            "payload": dump_json(event.payload),
        }
        for state in changed
        for event in state.events
    ]
    parameters = arrays("order", _ORDER, orders) | arrays("event", _EVENT, events)
    return {row.id: OrderStatus(row.status) for row in await session.execute(_STORE, parameters)}


_NAMES = {"account_id": "uuid", "order_id": "uuid", "client_order_id": "text", "venue_order_id": "text"}
_NAME = scoped_by_verb(
    text(
        f"""
        SELECT o.id, o.account_id, o.instrument_id, o.position_side, o.venue_order_id AS known_venue_order_id
        FROM {unnested("sent", _NAMES)} WITH ORDINALITY AS sent ({", ".join(_NAMES)}, place)
        LEFT JOIN orders o ON o.account_id = sent.account_id AND o.id = coalesce(
            sent.order_id,
            (SELECT id FROM orders WHERE account_id = sent.account_id AND client_order_id = sent.client_order_id),
            (SELECT id FROM orders WHERE account_id = sent.account_id AND venue_order_id = sent.venue_order_id)
        )
        ORDER BY sent.place
        """  # noqa: S608 - built from the constants above
    )
)
_LOCK = scoped_by_verb(
    text(
        """
        SELECT id, account_id, status, venue_status, last_event_at, last_event_sequence, quantity, limit_price,
               stop_price, venue_order_id, status_reason, amended_at, cancelled_at, submitted_at
        FROM orders WHERE id = ANY(CAST(:orders AS uuid[])) ORDER BY id FOR NO KEY UPDATE
        """
    )
)
_EVENT_KEY = {"order_id": "uuid", "dedupe_key": "text"}
_EVENTS = scoped_by_verb(
    text(
        f"""
        SELECT order_id, dedupe_key, kind, occurred_at, sequence, quantity, limit_price, stop_price
        FROM {unnested("key", _EVENT_KEY)} AS sent (order_id, dedupe_key)
        JOIN order_events USING (order_id, dedupe_key)
        """  # noqa: S608 - same
    )
)
_VENUE_KEY = {"account_id": "uuid", "venue_order_id": "text"}
_OWNERS = scoped_by_verb(
    text(
        f"""
        SELECT o.id, o.account_id, o.venue_order_id
        FROM {unnested("key", _VENUE_KEY)} AS sent (account_id, venue_order_id)
        JOIN orders o USING (account_id, venue_order_id)
        """  # noqa: S608 - same
    )
)
_AMENDMENTS = scoped_by_verb(
    text(
        """
        SELECT order_id, dedupe_key, occurred_at, sequence, quantity, limit_price, stop_price
        FROM order_events WHERE kind = 'amended' AND order_id = ANY(CAST(:orders AS uuid[]))
        """
    )
)
_ASKED = scoped_by_verb(
    text("SELECT EXISTS (SELECT FROM order_events WHERE order_id = :order_id AND dedupe_key = :dedupe_key)")
)
_DUE = scoped_by_verb(
    text(
        """
        SELECT id, account_id, expires_at FROM orders
        WHERE status IN ('pending', 'open', 'partial') AND expires_at <= :now
          AND (CAST(:account_id AS uuid) IS NULL OR account_id = :account_id)
        ORDER BY id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
        """
    )
)

_ORDER = {
    "id": "uuid",
    "venue_status": "text",
    "last_event_at": "timestamptz",
    "last_event_sequence": "int8",
    "quantity": "numeric",
    "limit_price": "numeric",
    "stop_price": "numeric",
    "venue_order_id": "text",
    "status_reason": "text",
    "amended_at": "timestamptz",
    "cancelled_at": "timestamptz",
    "submitted_at": "timestamptz",
}
_EVENT = {
    "order_id": "uuid",
    "dedupe_key": "text",
    "account_id": "uuid",
    "kind": "text",
    "occurred_at": "timestamptz",
    "sequence": "int8",
    "quantity": "numeric",
    "limit_price": "numeric",
    "stop_price": "numeric",
    "reason": "text",
    "payload": "jsonb",
}
_STATUS = status_sql(filled="o.filled_quantity", quantity="sent.quantity", venue_status="sent.venue_status")
_STORE = scoped_by_verb(
    text(
        f"""
        WITH said AS (
            SELECT * FROM {unnested("event", _EVENT)} WITH ORDINALITY AS sent ({", ".join(_EVENT)}, place)
        ), kept AS (
            INSERT INTO order_events ({", ".join(_EVENT)}) SELECT {", ".join(_EVENT)} FROM said
        ), moved AS (
            UPDATE orders o SET
                {", ".join(f"{name} = sent.{name}" for name in _ORDER if name != "id")},
                status = {_STATUS},
                updated_at = now()
            FROM {unnested("order", _ORDER)} AS sent ({", ".join(_ORDER)})
            WHERE o.id = sent.id
            RETURNING o.id, o.status, o.filled_quantity, o.average_price
        ), told AS (
            INSERT INTO outbox_events (topic, entity, entity_key, account_id, payload)
            SELECT 'order.' || said.kind, 'orders', CAST(said.order_id AS text), said.account_id,
                   {ORDER_PAYLOAD} || jsonb_build_object('occurred_at', said.occurred_at)
            FROM said JOIN moved ON moved.id = said.order_id ORDER BY said.place
        )
        SELECT id, status FROM moved
        """  # noqa: S608 - same
    )
)
