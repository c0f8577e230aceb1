"""Orders: recorded before they are sent, and joined by the fills that were faster than they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from tradingdb.core.ddl import table_of
from tradingdb.core.ids import uuid7
from tradingdb.errors import NotFoundError, TradingDBError
from tradingdb.models import Order, OrderStatus, Signal, Strategy, Trade, TradingDecision
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.entries import NewOrder, Receipt, Result
from tradingdb.services.ledger.guard import refuse_other_content, require_accounts
from tradingdb.services.ledger.holdings import order_value
from tradingdb.services.ledger.position_rows import POSITION_SIDES, Place
from tradingdb.services.ledger.posting import Posting
from tradingdb.services.outbox import NewEvent, publish_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.position_rows import Book


async def submit_order(session: WriteSession, order: NewOrder) -> Receipt:
    """Record an instruction before it is sent to the venue.

    Sent again it is a duplicate; sent again with the venue's id, which was not known the first time, it is updated.
    Fills that arrived before their order join it.

    Raises:
        LedgerConflictError: the client order id, or the venue's, was recorded with another content.
        NotFoundError: the account or the instrument does not exist.
        ScopeError: the session is limited to another account.
    """
    (receipt,) = await submit_orders(session, [order])
    return receipt.checked()


async def submit_orders(session: WriteSession, orders: Sequence[NewOrder]) -> list[Receipt]:
    """The same for many at once: a receipt for each, in their order. Those refused leave the others be."""
    await require_accounts(session, {order.account_id for order in orders})
    if not orders:
        return []
    books = await open_books(session, {place_of(order) for order in orders})
    unknown = await _unknown_references(session, orders)
    fresh: dict[tuple[UUID, str], dict[str, Any]] = {}
    for order in orders:
        if place_of(order) in books and not _missing(order, unknown):
            fresh.setdefault((order.account_id, order.client_order_id), _row(order))
    inserted = await _insert(session, list(fresh.values()))
    stored = await _stored(session, orders)
    unseen = set(inserted)
    receipts = [_receipt(order, books, unknown, stored, unseen) for order in orders]
    await _learn_venue_ids(session, zip(orders, receipts, strict=True))
    statuses = await join_waiting(session, [receipt.id for receipt in receipts if receipt.id is not None], books)
    await publish_many(
        session,
        [
            NewEvent("order.submitted", "orders", row["id"], _told(row), row["account_id"])
            for row in fresh.values()
            if row["id"] in inserted
        ],
    )
    return [
        Receipt(receipt.result, receipt.id, statuses.get(receipt.id, receipt.order_status), receipt.error)
        if receipt.id
        else receipt
        for receipt in receipts
    ]


def place_of(order: NewOrder | Order) -> Place:
    """The position that an order's fills will move."""
    return Place(order.account_id, order.instrument_id, POSITION_SIDES[order.position_side])


async def join_waiting(
    session: WriteSession, order_ids: Sequence[UUID], books: dict[Place, Book]
) -> dict[UUID, OrderStatus]:
    """Give orders the fills that arrived before them; their books must be open. Returns the orders' new status."""
    posting = Posting()
    if order_ids:
        for row in await session.execute(_WAITING, {"orders": list(order_ids)}):
            contract = books[Place(row.account_id, row.instrument_id, POSITION_SIDES[row.position_side])].contract
            posting.learned[row.id] = {"id": row.id, "order_id": row.order_id}
            value = order_value(row.quantity, row.price, contract)
            posting.share(row.order_id, row.quantity, value, row.executed_at, is_inverse=contract.is_inverse)
    return await posting.store(session)


async def _insert(session: WriteSession, rows: list[dict[str, Any]]) -> set[UUID]:
    """Insert orders whose keys are not taken. Returns the ids of those that were."""
    if not rows:
        return set()
    statement = insert(table_of(Order)).on_conflict_do_nothing().returning(table_of(Order).c.id)
    return set((await session.scalars(statement, rows)).all())


async def _stored(session: WriteSession, orders: Sequence[NewOrder]) -> dict[tuple[UUID, str, str], Order]:
    """The orders that are stored under any of the keys, by (account, 'client' or 'venue', id)."""
    by_client = [(order.account_id, order.client_order_id) for order in orders]
    by_venue = [(order.account_id, order.venue_order_id) for order in orders if order.venue_order_id is not None]
    query = select(Order).where(
        or_(
            tuple_(Order.account_id, Order.client_order_id).in_(by_client),
            tuple_(Order.account_id, Order.venue_order_id).in_(by_venue),
        )
    )
    found: dict[tuple[UUID, str, str], Order] = {}
    for order in await session.scalars(query.execution_options(populate_existing=True)):
        found[order.account_id, "client", order.client_order_id] = order
        if order.venue_order_id is not None:
            found[order.account_id, "venue", order.venue_order_id] = order
    return found


def _receipt(
    order: NewOrder,
    books: dict[Place, Book],
    unknown: dict[str, set[UUID]],
    stored: dict[tuple[UUID, str, str], Order],
    new: set[UUID],
) -> Receipt:
    try:
        for name in _missing(order, unknown):
            raise NotFoundError(f"There is no {name} {getattr(order, name)}, which the order names: add it first.")
        if place_of(order) not in books:
            raise NotFoundError(
                f"There is no account {order.account_id} or no instrument {order.instrument_id}: add it first."
            )
        there = stored.get((order.account_id, "client", order.client_order_id))
        if order.venue_order_id is not None:
            same_venue_id = stored.get((order.account_id, "venue", order.venue_order_id))
            if same_venue_id is not None and same_venue_id is not there:
                _refuse_other_content(order, same_venue_id)
        if there is None:
            raise NotFoundError(
                f"Order {order.client_order_id} was refused with another of the same key in this batch: send it again."
            )
        _refuse_other_content(order, there)
    except TradingDBError as error:
        return Receipt(Result.REFUSED, error=error)
    if there.id in new:
        new.discard(there.id)  # the same order once more in this batch is a duplicate
        return Receipt(Result.INSERTED, there.id, there.status)
    learns = order.venue_order_id is not None and there.venue_order_id is None
    return Receipt(Result.UPDATED if learns else Result.DUPLICATE, there.id, there.status)


_CONTENT = (
    "client_order_id",
    "instrument_id",
    "side",
    "position_side",
    "order_type",
    "quantity",
    "limit_price",
    "stop_price",
    "trailing_offset",
    "time_in_force",
    "reduce_only",
    "post_only",
    "expires_at",
)
_AMENDABLE = {"quantity", "limit_price", "stop_price"}
"""What an order may have been changed to since it was submitted."""


def _refuse_other_content(order: NewOrder, stored: Order) -> None:
    names = [name for name in _CONTENT if not (name in _AMENDABLE and stored.amended_at is not None)]
    if order.venue_order_id is not None and stored.venue_order_id is not None:
        names.append("venue_order_id")
    refuse_other_content(f"order {order.client_order_id} of account {order.account_id}", stored, order, names)


async def _unknown_references(session: WriteSession, orders: Sequence[NewOrder]) -> dict[str, set[UUID]]:
    """What orders name besides their account and instrument and that does not exist, by column."""
    unknown = {}
    for name, model in _REFERENCES.items():
        given = {getattr(order, name) for order in orders} - {None}
        if given:
            unknown[name] = given - set(await session.scalars(select(model.id).where(model.id.in_(given))))
    return unknown


_REFERENCES: dict[str, type[Strategy | Signal | TradingDecision | Trade]] = {
    "strategy_id": Strategy,
    "signal_id": Signal,
    "decision_id": TradingDecision,
    "trade_id": Trade,
}


def _missing(order: NewOrder, unknown: dict[str, set[UUID]]) -> list[str]:
    return [name for name, ids in unknown.items() if getattr(order, name) in ids]


async def _learn_venue_ids(session: WriteSession, pairs: Iterable[tuple[NewOrder, Receipt]]) -> None:
    rows = [
        {"order_id": receipt.id, "learned": order.venue_order_id}
        for order, receipt in pairs
        if receipt.result is Result.UPDATED
    ]
    for row in rows:
        await session.execute(_LEARN, row)


def _row(order: NewOrder) -> dict[str, Any]:
    names = (
        *("account_id", "instrument_id", "client_order_id", "side", "quantity", "order_type", "limit_price"),
        *("stop_price", "trailing_offset", "time_in_force", "position_side", "reduce_only", "post_only"),
        *("venue_order_id", "strategy_id", "signal_id", "decision_id", "trade_id", "submitted_at", "expires_at"),
    )
    return {"id": uuid7(), "details": dict(order.details)} | {name: getattr(order, name) for name in names}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    names = ("instrument_id", "client_order_id", "side", "quantity", "order_type", "limit_price", "stop_price")
    return {name: row[name] for name in names}


_LEARN = scoped_by_verb(text("UPDATE orders SET venue_order_id = :learned, updated_at = now() WHERE id = :order_id"))
_WAITING = scoped_by_verb(
    text(
        """
        SELECT f.id, o.id AS order_id, f.account_id, f.instrument_id, f.position_side, f.quantity, f.price,
               f.executed_at
        FROM orders o
        JOIN fills f ON f.account_id = o.account_id AND f.instrument_id = o.instrument_id AND f.order_id IS NULL
                    AND f.position_side = o.position_side AND f.side = o.side
                    AND (f.venue_order_id = o.venue_order_id OR f.client_order_id = o.client_order_id)
        WHERE o.id = ANY(CAST(:orders AS uuid[]))
        """
    )
)
