"""Fills: recorded once, however often they are sent, together with everything that they change.

One transaction holds the fill, its order's state, the position, the cash that moved and the event that tells others.
The position is locked first, so two writers of one position queue, and each sees all that the other has done.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from sqlalchemy import text

from tradingdb.bulk import FEW, Record, fetch, sent, sent_values
from tradingdb.core.ids import uuid7
from tradingdb.core.json import dump_json
from tradingdb.errors import LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.models import OrderSide, OrderStatus, PositionSide
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import Book, Place, checkpoints_before, executions_of, open_books
from tradingdb.services.ledger.cash_of_fills import corrections_of, fee_movement, movements_of
from tradingdb.services.ledger.entries import NewFill, Receipt, Result
from tradingdb.services.ledger.guard import refuse_other_content, require_accounts
from tradingdb.services.ledger.holdings import (
    EXACT,
    Execution,
    charged,
    fold,
    gained,
    leaves_holding,
    order_value,
    profits_of,
    sum_of,
)
from tradingdb.services.ledger.posting import Posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import TextClause

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.holdings import Holding

ZERO = Decimal(0)

CHECKPOINT_EVERY = 50
"""Fills of a position between two checkpoints, about: fewer take room, more are read again for a late fill."""


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
    await require_accounts(session, {fill.account_id for fill in fills})
    if not fills:
        return []
    books = await open_books(session, {place_of(fill) for fill in fills})
    found = await _look_up(session, fills)
    batch = _Batch(books)
    receipts: dict[int, Receipt] = {}
    for place in sorted(range(len(fills)), key=lambda at: fills[at].fee_currency is None):  # who knows his fee first
        receipts[place] = batch.take(fills[place], found[place])
    await batch.count(session)
    statuses = await batch.posting.store(session)
    return [_with_status(receipts[place], statuses.get(row.named_order_id)) for place, row in enumerate(found)]


def _with_status(receipt: Receipt, status: OrderStatus | None) -> Receipt:
    return receipt if status in {None, receipt.order_status} else replace(receipt, order_status=status)


def place_of(fill: NewFill) -> Place:
    """The position that a fill moves."""
    return Place(fill.account_id, fill.instrument_id, PositionSide(fill.position_side))


class _Batch:
    """Fills of one call: told apart from those that are there and from each other, then counted."""

    def __init__(self, books: dict[Place, Book]) -> None:
        self.posting = Posting()
        self._books = books
        self._fresh: dict[Place, list[tuple[UUID, Execution]]] = {}
        self._charges: dict[UUID, tuple[Place, Execution]] = {}
        """Fills that were there and have learned their fee."""
        self._joined: set[UUID] = set()
        self._recount: dict[Place, UUID] = {}
        """Positions to count again, with the fill that is the cause."""
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
        learns_fee = found.fee_currency is None and fill.fee_currency is not None and found.id not in self._charges
        _refuse_other_content(fill, found, but=("fee", "fee_currency") if found.fee_currency is None else ())
        joins = found.order_id is None and found.named_order_id is not None and found.id not in self._joined
        if joins:
            self._joined.add(found.id)
            self.posting.links.append({"id": found.id, "order_id": found.named_order_id})
            self._share(found.named_order_id, fill, value)
        if learns_fee:
            place, execution = place_of(fill), execution_in(fill)
            self._charges[found.id] = place, execution
            self.posting.fees.append({"id": found.id, "fee": fill.fee, "fee_currency": fill.fee_currency})
            self.posting.movements += fee_movement(found.id, fill)
            self._change(place, execution)
            if leaves_holding(execution, self._books[place].contract):
                self._recount.setdefault(place, found.id)
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
            self._recount[place] = fill_id
            self._change(place, execution)

    def _change(self, place: Place, execution: Execution) -> None:
        """Remember since when a position's history is another."""
        at = execution.executed_at
        self.posting.changed_from[place] = min(at, self.posting.changed_from.get(place, at))

    def _share(self, order_id: UUID, fill: NewFill, value: Decimal) -> None:
        self.posting.shares.append(
            {"order_id": order_id, "quantity": fill.quantity, "value": value, "executed_at": fill.executed_at}
        )

    async def count(self, session: WriteSession) -> None:
        """Fold what is new into the positions; from the last checkpoint before where something came late."""
        times = {place: self.posting.changed_from[place] for place in self._recount}
        begin = await checkpoints_before(session, self._books, times) if times else {}
        before = await executions_of(session, begin, begin) if times else {}
        for place in self._fresh.keys() | self._recount.keys() | {place for place, _ in self._charges.values()}:
            fresh = sorted(self._fresh.get(place, ()), key=lambda item: item[1].place)
            if place in self._recount:
                profits = self._counted_again(place, begin[place], before.get(place, []), fresh)
            else:
                profits = self._counted_on(place, fresh)
            contract = self._books[place].contract
            for fill_id, execution in fresh:
                self.posting.movements += movements_of(fill_id, place, execution, contract, profits[fill_id])

    def _counted_on(self, place: Place, fresh: list[tuple[UUID, Execution]]) -> dict[UUID, Decimal]:
        """Count what comes after all others. Returns what each fill realized."""
        book = self._books[place]
        fees = [execution for at, execution in self._charges.values() if at == place]
        holding, profits = profits_of(charged(book.holding, fees, book.contract), fresh, book.contract)
        self.posting.positions[place] = holding
        if not fees and any(_is_checkpoint(execution) for _, execution in fresh):
            self.posting.checkpoints[place] = holding
        return profits

    def _counted_again(
        self,
        place: Place,
        begin: Holding,
        stored: list[tuple[UUID, Execution]],
        fresh: list[tuple[UUID, Execution]],
    ) -> dict[UUID, Decimal]:
        """Count on from a holding that was before all that is new. Returns what each fill since realized.

        Where an earlier fill realized something else than was paid then, the difference is paid at that fill's time, so
        that the cash of every instant is what is known of it now.
        """
        book = self._books[place]
        known = [(at, self._charges[at][1] if at in self._charges else execution) for at, execution in stored]
        in_time = sorted([*known, *fresh], key=lambda item: item[1].place)
        same = _same_beginning(stored, in_time)  # up to what came late nothing changes
        old = max(0, min(same, len(in_time) - CHECKPOINT_EVERY // 2))  # near the end others will come late, too
        early = fold(begin, [execution for _, execution in in_time[:old]], book.contract)
        if old >= CHECKPOINT_EVERY and in_time[old - 1][1].executed_at < self.posting.changed_from[place]:
            self.posting.checkpoints[place] = early
        begun = fold(early, [execution for _, execution in in_time[old:same]], book.contract)
        holding, profits = profits_of(begun, in_time[same:], book.contract)
        self.posting.positions[place] = holding
        if book.contract.is_margined:
            _, paid = profits_of(begun, stored[same:], book.contract)
            times = {at: execution.executed_at for at, execution in stored[same:]}
            wrong = {at: EXACT.subtract(profits[at], amount) for at, amount in paid.items()}
            # what was not paid along the way, for example because the account has changed how it counts cost
            counted = sum_of([*wrong.values(), *(profits[at] for at, _ in fresh)])
            wrong[in_time[-1][0]] = sum_of(
                [wrong.get(in_time[-1][0], ZERO), EXACT.subtract(gained(book.holding, holding), counted)]
            )
            times[in_time[-1][0]] = in_time[-1][1].executed_at
            self.posting.movements += corrections_of(self._recount[place], place, book.contract, wrong, times)
        return profits


def _is_checkpoint(execution: Execution) -> bool:
    """One fill in so many, by its name, so that nobody needs to count them."""
    return crc32(execution.place[1].encode()) % CHECKPOINT_EVERY == 0


def _same_beginning(before: list[tuple[UUID, Execution]], after: list[tuple[UUID, Execution]]) -> int:
    """How many fills at the beginning of two histories are the same."""
    return next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(before))


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
    for other in (found.order_id, found.venue_named_id):
        if other is not None and other != found.named_order_id:
            raise LedgerConflictError(_key(fill), {"order_id": other}, {"order_id": found.named_order_id})
    if found.named_order_id is not None:
        order = _OrderFacts(found.order_instrument_id, found.order_position_side, found.order_side)
        refuse_other_content(f"order {found.named_order_id}", order, fill, _OrderFacts._fields)


class _OrderFacts(NamedTuple):
    """What an order and its fills have in common."""

    instrument_id: int
    position_side: str
    side: str


_CONTENT = ("side", "position_side", "quantity", "price", "executed_at", "fee", "fee_currency")


def _refuse_other_content(fill: NewFill, stored: object, but: tuple[str, ...] = ()) -> None:
    """A fill that is sent without its fee says nothing about it."""
    silent = ("fee", "fee_currency") if fill.fee_currency is None else ()
    refuse_other_content(_key(fill), stored, fill, [name for name in _CONTENT if name not in {*but, *silent}])


def _key(fill: NewFill) -> str:
    return f"fill {fill.venue_trade_id}/{fill.sequence} of account {fill.account_id}, instrument {fill.instrument_id}"


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
                   o.side AS order_side, v.id AS venue_named_id,
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
        LEFT JOIN orders v ON v.account_id = sent.account_id AND v.venue_order_id = sent.venue_order_id
        ORDER BY sent.place
        """  # noqa: S608 - built from the constants above
        )
    )
