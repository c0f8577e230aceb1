"""Positions counted again from all their fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from tradingdb.core.clock import utc_now
from tradingdb.core.ids import uuid7
from tradingdb.models import CashMovementKind
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import executions_of, open_books, places_of
from tradingdb.services.ledger.guard import require_all_or_one
from tradingdb.services.ledger.holdings import fold, gained
from tradingdb.services.ledger.posting import Posting

if TYPE_CHECKING:
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.holdings import Holding
    from tradingdb.services.ledger.position_rows import Book, Place


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A position that was not what its fills say."""

    place: Place
    before: Holding
    after: Holding


async def rebuild_positions(session: WriteSession, *, account_id: UUID | None = None) -> list[Rebuilt]:
    """Count positions anew from their fills, of one account or of all, and store those that differ.

    What is kept along the way equals this, digit by digit; it is for fills that were changed behind the library's back,
    and for accounts that have changed how they count cost. Where a margined position realized another profit the
    difference moves cash. Each position is locked until the transaction ends.

    Raises:
        NotFoundError: there is no such account.
        ScopeError: the session is limited to another account, or to one and none was named.
    """
    await require_all_or_one(session, account_id)
    changed = []
    for place in await places_of(session, account_id=account_id):
        books = await open_books(session, [place])
        fills = (await executions_of(session, [place])).get(place, [])
        book = books[place]
        after = fold(book.empty, [execution for _, execution in fills], book.contract)
        if after != book.holding:
            await _store(session, place, book, after)
            changed.append(Rebuilt(place, book.holding, after))
    await session.execute(_FORGET_CHECKPOINTS, {"account_id": account_id})
    return changed


async def _store(session: WriteSession, place: Place, book: Book, after: Holding) -> None:
    posting = Posting(positions={place: after})
    profit = gained(book.holding, after)
    if profit and book.contract.is_margined and book.contract.settle_currency is not None:
        change_id = uuid7()
        posting.movements.append(
            {
                "id": change_id,
                "account_id": place.account_id,
                "dedupe_key": f"rebuild:{change_id}",
                "kind": CashMovementKind.REALIZED_PNL,
                "amount": profit,
                "currency": book.contract.settle_currency,
                "occurred_at": utc_now(),
                "instrument_id": place.instrument_id,
                "fill_id": None,
            }
        )
    await posting.store(session)


_FORGET_CHECKPOINTS = scoped_by_verb(
    text("DELETE FROM position_checkpoints WHERE CAST(:account_id AS uuid) IS NULL OR account_id = :account_id")
)
"""They were made of the fills as they were."""
