"""Fills: recorded once, however often they are sent, together with everything that they change.

One transaction holds the fill, its order's state, the position, the cash that moved and the event that tells others.
The position is locked first, so two writers of one position queue, and each sees all that the other has done.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.bulk import FEW, Record, fetch, sent, sent_values
from tradingdb.core.ids import uuid7
from tradingdb.core.json import dump_json
from tradingdb.errors import LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.models import OrderSide, PositionSide
from tradingdb.scope import require_in_scope, scoped_by_verb
from tradingdb.services.ledger.books import Book, Place, executions_of, open_books
from tradingdb.services.ledger.cash_of_fills import fee_movement, movements_of
from tradingdb.services.ledger.entries import NewFill, Receipt, Result
from tradingdb.services.ledger.holdings import Execution, Holding, fold, gained, order_value
from tradingdb.services.ledger.posting import Posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import TextClause

    from tradingdb.database import WriteSession

ZERO = Decimal(0)


async def record_fill(session: WriteSession, fill: NewFill) -> Receipt:
    """Record one execution.

    A fill whose order is not known yet is kept, and joins it when the order is submitted or learns its venue id. One
    that was executed before others that were recorded already is counted where it belongs in time. Sent again it is a
    duplicate; sent again with the fee that was not known the first time, or after its order became known, it is
    updated.

    Raises:
        LedgerConflictError: the same key was recorded with another content.
        NotFoundError: the account, the instrument or the order that `order_id` names does not exist.
        ScopeError: the session is limited to another account.
    """
    (receipt,) = await record_fills(session, [fill])
    return receipt.checked()


async def record_fills(session: WriteSession, fills: Sequence[NewFill]) -> list[Receipt]:
    """The same for many at once: a receipt for each, in their order. Those refused leave the others be."""
    for account_id in {fill.account_id for fill in fills}:
        require_in_scope(session, account_id=account_id)
    if not fills:
        return []
    books = await open_books(session, {place_of(fill) for fill in fills})
    found = await _look_up(session, fills)
    batch = _Batch(books)
    receipts = [batch.take(fill, row) for fill, row in zip(fills, found, strict=True)]
    await batch.count(session)
    statuses = await batch.posting.store(session)
    orders = (row.named_order_id for row in found)
    return [
        replace(receipt, order_status=statuses.get(order, receipt.order_status))
        for receipt, order in zip(receipts, orders, strict=True)
    ]


def place_of(fill: NewFill) -> Place:
    """The position that a fill moves."""
    return Place(fill.account_id, fill.instrument_id, PositionSide(fill.position_side))


class _Batch:
    """Fills of one call: told apart from those that are there and from each other, then counted."""

    def __init__(self, books: dict[Place, Book]) -> None:
        self.posting = Posting()
        self._books = books
        self._fresh: dict[Place, list[tuple[UUID, Execution]]] = {}
        self._recount: set[Place] = set()
        self._seen: dict[tuple[Any, ...], tuple[UUID, NewFill]] = {}

    def take(self, fill: NewFill, found: Record) -> Receipt:
        """What becomes of a fill, given what is stored under its key and its order's name."""
        try:
            return self._taken(fill, found)
        except TradingDBError as error:
            return Receipt(Result.REFUSED, error=error)

    def _taken(self, fill: NewFill, found: Record) -> Receipt:
        book = self._books.get(place_of(fill))
        if book is None:
            raise NotFoundError(
                f"There is no account {fill.account_id} or no instrument {fill.instrument_id}: add it first."
            )
        _check_order(fill, found)
        value = order_value(fill.quantity, fill.price, book.contract)
        if found.id is not None:
            return self._known(fill, found, value)
        key = (fill.account_id, fill.instrument_id, fill.venue_trade_id, fill.sequence)
        if key in self._seen:
            fill_id, earlier = self._seen[key]
            _refuse_other_content(fill, earlier)
            return Receipt(Result.DUPLICATE, fill_id, found.order_status)
        fill_id = uuid7()
        self._seen[key] = fill_id, fill
        self._add(fill_id, fill, found.named_order_id, value)
        return Receipt(Result.INSERTED, fill_id, found.order_status)

    def _known(self, fill: NewFill, found: Record, value: Decimal) -> Receipt:
        """A fill that is there: a duplicate, unless it brings its fee or its order."""
        learns_fee = found.fee_currency is None and fill.fee_currency is not None
        _refuse_other_content(fill, found, but=("fee", "fee_currency") if learns_fee else ())
        joins = found.order_id is None and found.named_order_id is not None
        if joins:
            self.posting.links.append({"id": found.id, "order_id": found.named_order_id})
            self._share(found.named_order_id, fill, value)
        if learns_fee and fill.fee:
            charge = {"id": found.id, "fee": fill.fee, "fee_currency": fill.fee_currency}
            if charge not in self.posting.fees:
                self.posting.fees.append(charge)
                self.posting.movements += fee_movement(found.id, fill)
                self._recount.add(place_of(fill))
        result = Result.UPDATED if joins or learns_fee else Result.DUPLICATE
        return Receipt(result, found.id, found.order_status)

    def _add(self, fill_id: UUID, fill: NewFill, order_id: UUID | None, value: Decimal) -> None:
        self.posting.fills.append(_fill_row(fill_id, fill, order_id))
        self.posting.events.append(_event(fill_id, fill, order_id))
        if order_id is not None:
            self._share(order_id, fill, value)
        place = place_of(fill)
        execution = execution_in(fill)
        self._fresh.setdefault(place, []).append((fill_id, execution))
        last = self._books[place].holding.last_place
        if last is not None and execution.place < last:
            self._recount.add(place)

    def _share(self, order_id: UUID, fill: NewFill, value: Decimal) -> None:
        self.posting.shares.append(
            {"order_id": order_id, "quantity": fill.quantity, "value": value, "executed_at": fill.executed_at}
        )

    async def count(self, session: WriteSession) -> None:
        """Fold what is new into the positions; from the beginning where something came late."""
        before = await executions_of(session, self._recount) if self._recount else {}
        fees = {charge["id"]: charge for charge in self.posting.fees}
        for place in self._fresh.keys() | self._recount:
            book, fresh = self._books[place], sorted(self._fresh.get(place, ()), key=lambda item: item[1].place)
            if place in self._recount:
                stored = [(at, _with_fee(execution, fees.get(at))) for at, execution in before.get(place, ())]
                holding = _refolded(book, [*stored, *fresh])
                profits = {fill_id: gained(book.holding, holding) for fill_id, _ in fresh[-1:]}
            else:
                holding, profits = _folded(book, fresh)
            self.posting.positions[place] = holding
            for fill_id, execution in fresh:
                profit = profits.get(fill_id, ZERO)
                self.posting.movements += movements_of(fill_id, place, execution, book.contract, profit)


def execution_in(fill: NewFill) -> Execution:
    """What of a fill its arithmetic needs."""
    return Execution(
        OrderSide(fill.side),
        fill.quantity,
        fill.price,
        fill.executed_at,
        fill.venue_trade_id,
        fill.sequence,
        fill.fee,
        fill.fee_currency,
    )


def _folded(book: Book, fresh: list[tuple[UUID, Execution]]) -> tuple[Holding, dict[UUID, Decimal]]:
    """The holding after fills that come after all others, and what each of them realized."""
    holding, profits = book.holding, {}
    for fill_id, execution in fresh:
        after = fold(holding, [execution], book.contract)
        profits[fill_id] = gained(holding, after)
        holding = after
    return holding, profits


def _refolded(book: Book, executions: list[tuple[UUID, Execution]]) -> Holding:
    """The holding counted from the beginning."""
    in_time = sorted((execution for _, execution in executions), key=lambda execution: execution.place)
    return fold(book.empty, in_time, book.contract)


def _with_fee(execution: Execution, charge: dict[str, Any] | None) -> Execution:
    if charge is None:
        return execution
    return replace(execution, fee=charge["fee"], fee_currency=charge["fee_currency"])


def _fill_row(fill_id: UUID, fill: NewFill, order_id: UUID | None) -> dict[str, Any]:
    return {
        "id": fill_id,
        "account_id": fill.account_id,
        "instrument_id": fill.instrument_id,
        "venue_trade_id": fill.venue_trade_id,
        "sequence": fill.sequence,
        "order_id": order_id,
        "venue_order_id": fill.venue_order_id,
        "client_order_id": fill.client_order_id,
        "side": fill.side,
        "position_side": fill.position_side,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity,
        "bid_price": fill.bid_price,
        "ask_price": fill.ask_price,
        "mark_price": fill.mark_price,
        "executed_at": fill.executed_at,
        "details": dump_json(fill.details),
    }


def _event(fill_id: UUID, fill: NewFill, order_id: UUID | None) -> dict[str, Any]:
    payload = {
        "order_id": order_id,
        "instrument_id": fill.instrument_id,
        "venue_trade_id": fill.venue_trade_id,
        "side": fill.side,
        "position_side": fill.position_side,
        "quantity": fill.quantity,
        "price": fill.price,
        "executed_at": fill.executed_at,
    }
    return {
        "topic": "fill.recorded",
        "entity": "fills",
        "entity_key": str(fill_id),
        "account_id": fill.account_id,
        "payload": dump_json(payload),
    }


def _check_order(fill: NewFill, found: Record) -> None:
    if fill.order_id is not None and found.named_order_id is None:
        raise NotFoundError(
            f"There is no order {fill.order_id} in account {fill.account_id}: submit it first, or name it by its "
            "client_order_id or venue_order_id, and the fill waits for it."
        )
    if found.order_id is not None and found.order_id != found.named_order_id:
        raise LedgerConflictError(
            f"fill {fill.venue_trade_id}/{fill.sequence} of account {fill.account_id}",
            {"order_id": found.order_id},
            {"order_id": found.named_order_id},
        )
    if found.named_order_id is not None:
        stored = {"instrument_id": found.order_instrument_id, "position_side": found.order_position_side}
        given = {name: getattr(fill, name) for name in stored}
        if stored != given:
            raise LedgerConflictError(f"order {found.named_order_id}", stored, given)


_CONTENT = ("side", "position_side", "quantity", "price", "executed_at", "fee", "fee_currency")


def _refuse_other_content(fill: NewFill, stored: object, but: tuple[str, ...] = ()) -> None:
    """A fill that is sent without its fee says nothing about it."""
    silent = ("fee", "fee_currency") if fill.fee_currency is None else ()
    differing = [
        name for name in _CONTENT if name not in {*but, *silent} and getattr(stored, name) != getattr(fill, name)
    ]
    if differing:
        raise LedgerConflictError(
            f"fill {fill.venue_trade_id}/{fill.sequence} of account {fill.account_id}, instrument {fill.instrument_id}",
            {name: getattr(stored, name) for name in differing},
            {name: getattr(fill, name) for name in differing},
        )


async def _look_up(session: WriteSession, fills: Sequence[NewFill]) -> Sequence[Record]:
    """For each fill what is stored under its key, and its order. Asked after the positions are locked."""
    rows = [{name: getattr(fill, name) for name in _KEYS} | {"place": place} for place, fill in enumerate(fills)]
    statement = _look_up_statement(min(len(rows), FEW + 1))
    return await fetch(session, statement, sent_values("sent", _NAMES, rows))


_KEYS = {
    "account_id": "uuid",
    "instrument_id": "int4",
    "venue_trade_id": "text",
    "sequence": "int2",
    "order_id": "uuid",
    "client_order_id": "text",
    "venue_order_id": "text",
}
_NAMES = _KEYS | {"place": "int4"}


@cache
def _look_up_statement(count: int) -> TextClause:
    return scoped_by_verb(
        text(
            f"""
        SELECT f.id, f.order_id, f.side, f.position_side, f.quantity, f.price, f.executed_at, f.fee, f.fee_currency,
               o.id AS named_order_id, o.instrument_id AS order_instrument_id, o.position_side AS order_position_side,
               o.status AS order_status
        FROM {sent("sent", _NAMES, count)}
        LEFT JOIN fills f ON f.account_id = sent.account_id AND f.instrument_id = sent.instrument_id
                         AND f.venue_trade_id = sent.venue_trade_id AND f.sequence = sent.sequence
        LEFT JOIN orders o ON o.account_id = sent.account_id AND o.id = coalesce(
            sent.order_id,
            f.order_id,
            (SELECT id FROM orders WHERE account_id = sent.account_id AND client_order_id = sent.client_order_id),
            (SELECT id FROM orders WHERE account_id = sent.account_id AND venue_order_id = sent.venue_order_id)
        )
        ORDER BY sent.place
        """  # noqa: S608 - built from the constants above
        )
    )
