"""Fills of one call: told apart from those that are there and from each other, then counted into their positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from tradingdb.core.ids import uuid7
from tradingdb.core.json import dump_json
from tradingdb.errors import NotFoundError, TradingDBError
from tradingdb.models import OrderStatus
from tradingdb.services.ledger.books import checkpoints_before, executions_of
from tradingdb.services.ledger.cash_of_fills import corrections_of, fee_movement, movements_of
from tradingdb.services.ledger.entries import Receipt, Result
from tradingdb.services.ledger.holdings import (
    EXACT,
    ZERO,
    Execution,
    charged,
    fold,
    gained,
    leaves_holding,
    order_value,
    place_within,
    profits_of,
    sum_of,
)
from tradingdb.services.ledger.known_fills import Key, StoredFill, check_order, identity, refuse_other_fill
from tradingdb.services.ledger.position_rows import ORDER_SIDES
from tradingdb.services.ledger.posting import Posting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.entries import NewFill
    from tradingdb.services.ledger.holdings import Holding
    from tradingdb.services.ledger.position_rows import Book, Place

CHECKPOINT_EVERY = 50
"""Fills of a position between two checkpoints, about: fewer take room, more are read again for a late fill."""


class FillBatch:
    """What becomes of each, and all that they change, in `posting`."""

    def __init__(self, books: dict[Place, Book]) -> None:
        self.posting = Posting()
        self._books = books
        self._fresh: dict[Place, list[tuple[UUID, Execution]]] = {}
        self._charges: dict[UUID, tuple[Place, Execution]] = {}
        """Fills that were there and have learned their fee."""
        self._recount: dict[Place, UUID] = {}
        """Positions to count again, with the fill that is the cause."""
        self._seen: dict[Key, UUID] = {}
        self._stored: dict[UUID, StoredFill] = {}

    def take(self, place: Place, fill: NewFill, whole: NewFill, found: Mapping[str, Any]) -> Receipt:
        """What becomes of a fill, given what its whole batch says of it, and what is stored under its key."""
        try:
            return self._taken(place, fill, whole, found)
        except TradingDBError as error:
            return Receipt(Result.REFUSED, error=error)

    def _taken(self, place: Place, fill: NewFill, whole: NewFill, found: Mapping[str, Any]) -> Receipt:
        book = self._books.get(place)
        if book is None:
            raise NotFoundError(
                f"There is no account {fill.account_id} or no instrument {fill.instrument_id}: add it first."
            )
        check_order(whole, found)
        value = order_value(fill.quantity, fill.price, book.contract)
        status = None if found["order_status"] is None else OrderStatus(found["order_status"])
        if found["fill_id"] is not None:
            return Receipt(self._known(place, book, fill, found, value), found["fill_id"], status)
        if fill is not whole:
            refuse_other_fill(fill, whole)
        new_id = uuid7()
        fill_id = self._seen.setdefault(identity(fill), new_id)
        if fill_id is not new_id:
            return Receipt(Result.DUPLICATE, fill_id, status)
        self._add(fill_id, place, book, whole, found["named_order_id"], value)
        return Receipt(Result.INSERTED, fill_id, status)

    def _known(self, place: Place, book: Book, fill: NewFill, found: Mapping[str, Any], value: Decimal) -> Result:
        """A fill that is there: a duplicate, unless it brings its fee, its order or the order's name."""
        now = self._stored.setdefault(found["fill_id"], StoredFill.of(found))
        refuse_other_fill(fill, now)
        learned: dict[str, Any] = {
            name: getattr(fill, name)
            for name in ("client_order_id", "venue_order_id")
            if getattr(now, name) is None and getattr(fill, name) is not None
        }
        if now.order_id is None and found["named_order_id"] is not None:
            learned["order_id"] = found["named_order_id"]
            self._share(found["named_order_id"], book, fill, value)
        if now.fee_currency is None and fill.fee_currency is not None:
            learned |= {"fee": fill.fee, "fee_currency": fill.fee_currency}
            self._charge(found["fill_id"], place, fill)
        if not learned:
            return Result.DUPLICATE
        self._stored[found["fill_id"]] = now._replace(**learned)
        self.posting.learned.setdefault(found["fill_id"], {"id": found["fill_id"]}).update(learned)
        return Result.UPDATED

    def _charge(self, fill_id: UUID, place: Place, fill: NewFill) -> None:
        """Count a fee that was not known the first time."""
        execution = execution_in(fill)
        self._charges[fill_id] = place, execution
        self.posting.movements += fee_movement(fill_id, fill)
        self._change(place, execution)
        if leaves_holding(execution, self._books[place].contract):
            self._recount.setdefault(place, fill_id)

    def _add(
        self, fill_id: UUID, place: Place, book: Book, fill: NewFill, order_id: UUID | None, value: Decimal
    ) -> None:
        self.posting.fills.append(_fill_row(fill_id, fill, order_id))
        if order_id is not None:
            self._share(order_id, book, fill, value)
        execution = execution_in(fill)
        self._fresh.setdefault(place, []).append((fill_id, execution))
        last = book.holding.last_place
        if last is not None and execution.place < last:
            self._recount[place] = fill_id
            self._change(place, execution)

    def _share(self, order_id: UUID, book: Book, fill: NewFill, value: Decimal) -> None:
        is_inverse = book.contract.is_inverse
        self.posting.share(order_id, fill.quantity, value, fill.executed_at, is_inverse=is_inverse)

    def _change(self, place: Place, execution: Execution) -> None:
        """Remember since when a position's history is another."""
        at = execution.executed_at
        self.posting.changed_from[place] = min(at, self.posting.changed_from.get(place, at))

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
        begun = charged(book.holding, fees, book.contract) if fees else book.holding
        holding, profits = profits_of(begun, fresh, book.contract)
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
        """Count on from a holding that was before all that is new. Returns what each fill since realized."""
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
            self._pay_differences(place, paid, profits, in_time[same:], gained(book.holding, holding))
        return profits

    def _pay_differences(
        self,
        place: Place,
        paid: dict[UUID, Decimal],
        profits: dict[UUID, Decimal],
        in_time: list[tuple[UUID, Execution]],
        gain: Decimal,
    ) -> None:
        """Pay what earlier fills realized more than was paid then, at their time: cash is what is known of it now.

        The last fill gets what the position gained beside that, for example because the account has changed how it
        counts cost.
        """
        wrong = {at: EXACT.subtract(profits[at], amount) for at, amount in paid.items()}
        counted = sum_of([*wrong.values(), *(profit for at, profit in profits.items() if at not in paid)])
        last = in_time[-1][0]
        wrong[last] = sum_of([wrong.get(last, ZERO), EXACT.subtract(gain, counted)])
        times = {at: execution.executed_at for at, execution in in_time}
        contract = self._books[place].contract
        self.posting.movements += corrections_of(self._recount[place], place, contract, wrong, times)


def _is_checkpoint(execution: Execution) -> bool:
    """One fill in so many, by its name, so that nobody needs to count them."""
    return crc32(execution.within.encode()) % CHECKPOINT_EVERY == 0


def _same_beginning(before: list[tuple[UUID, Execution]], after: list[tuple[UUID, Execution]]) -> int:
    """How many fills at the beginning of two histories are the same."""
    return next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(before))


def execution_in(fill: NewFill) -> Execution:
    """What of a fill its arithmetic needs."""
    return Execution(
        ORDER_SIDES[fill.side],
        fill.quantity,
        fill.price,
        fill.executed_at,
        place_within(fill.venue_trade_id, fill.sequence),
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
        "details": dump_json(fill.details) if fill.details else None,
    }
