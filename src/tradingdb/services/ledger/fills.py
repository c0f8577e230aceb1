"""Fills: recorded once, however often they are sent, together with everything that they change.

One transaction holds the fill, its order's state, the position, the cash that moved and the event that tells others.
The position is locked first, so two writers of one position queue, and each sees all that the other has done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tradingdb.collisions import in_turn
from tradingdb.last_written import last_written_in
from tradingdb.services.ledger.entries import NewFill, Receipt, Result
from tradingdb.services.ledger.expectations import expectation_of
from tradingdb.services.ledger.fill_batch import FillBatch
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.ledger.holdings import place_within
from tradingdb.services.ledger.known_fills import assumed, open_and_look_up, whole_fills
from tradingdb.services.ledger.position_rows import POSITION_SIDES, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradingdb.database import WriteSession
    from tradingdb.last_written import LastWritten
    from tradingdb.models import OrderStatus
    from tradingdb.services.ledger.holdings import Holding
    from tradingdb.services.ledger.position_rows import Book
    from tradingdb.services.ledger.posting import Posting


MOST_LOTS = 100
"""Of a position that is remembered."""


async def record_fill(session: WriteSession, fill: NewFill) -> Receipt:
    """Record one execution.

    A fill whose order is not known yet is kept, and joins it when the order is submitted or learns its venue id. One
    that was executed before others that were recorded already is counted where it belongs in time. Sent again it is a
    duplicate; sent again with the fee or the order's name that was not known the first time, or after its order became
    known, it is updated.

    Raises:
        LedgerConflictError: the same key was recorded with another content, or for another order.
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
    places = [place_of(fill) for fill in fills]
    turn = in_turn(session, set(places))
    if len(fills) == len(turn.wanted) == 1 and turn.waits:
        receipt = await _record_unseen(session, places[0], fills[0])
        if receipt is not None:
            return [receipt]
    whole = whole_fills(fills)
    books, found = await open_and_look_up(session, places, whole, turn)
    batch = FillBatch(books)
    receipts = [batch.take(*each) for each in zip(places, fills, whole, found, strict=True)]
    await batch.count(session)
    statuses = await batch.posting.store(session)
    last = last_written_in(session)
    for place, book in books.items():
        last.found(place, book)
        _remember(last, place, book, batch.posting)
    return [
        _with_status(receipt, statuses.get(row["named_order_id"])) for receipt, row in zip(receipts, found, strict=True)
    ]


async def _record_unseen(session: WriteSession, place: Place, fill: NewFill) -> Receipt | None:
    """Record a fill without looking first, if its position and its order are as can be expected: a round trip less.

    None: nothing could be expected, or it was not so; nothing has changed.
    """
    last = last_written_in(session)
    book: Book | None = last.guess(place)
    if book is None or not _is_next(fill, book.holding):
        return None
    batch = FillBatch({place: book})
    receipt = batch.take(place, fill, fill, assumed(fill))
    if receipt.result is not Result.INSERTED:
        return None
    await batch.count(session)
    status = await batch.posting.store_if(session, expectation_of(place, book, fill))
    if status is None:
        last.was_wrong(place)
        return None
    last.was_right(place)
    _remember(last, place, book, batch.posting)
    return Receipt(Result.INSERTED, receipt.id, status)


def _is_next(fill: NewFill, holding: Holding) -> bool:
    """Whether a fill comes after all that is held, and so is no duplicate, and names an order."""
    if fill.order_id is None and fill.client_order_id is None and fill.venue_order_id is None:
        return False
    at = fill.executed_at, place_within(fill.venue_trade_id, fill.sequence)
    return holding.last_place is not None and at > holding.last_place


def _remember(last: LastWritten, place: Place, book: Book, posting: Posting) -> None:
    """Remember a position as it was stored, unless comparing its lots would take longer than looking."""
    holding = posting.positions.get(place)
    if holding is not None and len(holding.lots or ()) <= MOST_LOTS:
        last.wrote(place, book.holding_now(holding))


def _with_status(receipt: Receipt, status: OrderStatus | None) -> Receipt:
    return receipt if status in {None, receipt.order_status} else replace(receipt, order_status=status)


def place_of(fill: NewFill) -> Place:
    """The position that a fill moves."""
    return Place(fill.account_id, fill.instrument_id, POSITION_SIDES[fill.position_side])
