"""The comparison as a whole: tried out behind a savepoint, recorded if told to, remembered either way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from tradingdb.core.clock import utc_now
from tradingdb.core.json import dump_json
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import PositionSide
from tradingdb.scope import scoped_by_verb
from tradingdb.services.equity import holdings_at
from tradingdb.services.ledger.books import open_books, places_of
from tradingdb.services.ledger.guard import require_account_there
from tradingdb.services.ledger.position_rows import Place
from tradingdb.services.outbox import NewEvent, publish_many
from tradingdb.services.reconcile.differences import Difference, Reconciliation, recorded
from tradingdb.services.reconcile.orders import OrderComparison
from tradingdb.services.reconcile.totals import compare_balances, compare_positions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger import NewFill, NewOrder
    from tradingdb.services.reconcile.snapshot import VenueSnapshot

IN_FLIGHT = timedelta(seconds=30)


async def reconcile(
    session: WriteSession,
    account_id: UUID,
    snapshot: VenueSnapshot,
    *,
    apply: bool = False,
    in_flight: timedelta = IN_FLIGHT,
) -> Reconciliation:
    """Compare an account with what its venue said, remember the differences, and propose what would explain them.

    Every proposed entry was tried, and what it explains is not proposed again: a missing fill accounts for the cash
    that it moves. Unless told to `apply`, all of that is taken back. Applied twice, the same snapshot is recorded once.
    What is news of an instant is told to others (`account.reconciled`).
    Orders submitted less than `in_flight` before the snapshot may have been on their way, and are not called gone.

    A proposed fill has a key of its own, not the venue's: record the venue's executions instead where they can be had
    (`snapshot.trades`), because one that arrives after it was made up here would count twice.

    Raises:
        InvalidValueError: the snapshot has entries of another account.
        NotFoundError: there is no such account, or an instrument does not exist.
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_account_there(session, account_id)
    named = _places(account_id, snapshot)
    async with session.begin_nested() as attempt:
        # all positions at once, before anything else is locked
        books = await open_books(session, named | set(await places_of(session, account_id=account_id)))
        symbols = await _symbols(session, named - books.keys(), books.keys())
        differences = await _differences(session, account_id, snapshot, in_flight, symbols)
        if not apply:
            await attempt.rollback()
    found = Reconciliation(account_id, snapshot.at, tuple(differences), is_applied=apply)
    await _remember(session, found)
    return found


def _places(account_id: UUID, snapshot: VenueSnapshot) -> set[Place]:
    """The positions that a snapshot may move."""
    entries: list[NewOrder | NewFill] = [*(told.order for told in snapshot.orders or ()), *snapshot.trades]
    if any(entry.account_id != account_id for entry in entries):
        raise InvalidValueError(f"The snapshot has entries of another account than {account_id}.")
    return {
        *(Place(account_id, one.instrument_id, PositionSide(one.position_side)) for one in entries),
        *(Place(account_id, one.instrument_id, PositionSide(one.side)) for one in snapshot.positions or ()),
    }


async def _differences(
    session: WriteSession,
    account_id: UUID,
    snapshot: VenueSnapshot,
    in_flight: timedelta,
    symbols: dict[int, str],
) -> list[Difference]:
    held, cash = await holdings_at(session, account_id, snapshot.at)
    found = await OrderComparison(session, account_id, snapshot, in_flight).differences()
    if snapshot.positions is not None:
        held_after, _ = await holdings_at(session, account_id, snapshot.at)
        found += await compare_positions(session, account_id, snapshot, symbols, (held, held_after))
    if snapshot.balances is not None:
        _, cash_after = await holdings_at(session, account_id, snapshot.at)
        found += await compare_balances(session, account_id, snapshot, (cash, cash_after))
    return found


async def _symbols(session: WriteSession, unknown: set[Place], known: Iterable[Place]) -> dict[int, str]:
    if unknown:
        raise NotFoundError(f"There is no instrument {min(unknown).instrument_id}: add it first.")
    rows = await session.execute(_SYMBOLS, {"ids": [place.instrument_id for place in known]})
    return {row.id: row.symbol for row in rows}


async def _remember(session: WriteSession, found: Reconciliation) -> None:
    """Keep what was found of an instant the last time, and tell it if it is news; what was applied stays as it was."""
    row = {
        "account_id": found.account_id,
        "taken_at": found.taken_at,
        "difference_count": len(found.differences),
        "unexplained_count": len(found.unexplained),
        "differences": dump_json([recorded(difference) for difference in found.differences]),
        "applied_at": utc_now() if found.is_applied else None,
    }
    if await session.scalar(_REMEMBER, row):
        names = ("taken_at", "difference_count", "unexplained_count")
        payload = {name: row[name] for name in names} | {"is_applied": found.is_applied}
        key = f"{found.account_id}/{found.taken_at.isoformat()}"
        await publish_many(session, [NewEvent("account.reconciled", "reconciliations", key, payload, found.account_id)])


_SYMBOLS = text("SELECT id, symbol FROM instruments WHERE id = ANY(CAST(:ids AS int4[]))")
_REMEMBER = scoped_by_verb(
    text(
        """
        INSERT INTO reconciliations
            (account_id, taken_at, difference_count, unexplained_count, differences, applied_at)
        VALUES (:account_id, :taken_at, :difference_count, :unexplained_count, CAST(:differences AS jsonb), :applied_at)
        ON CONFLICT (account_id, taken_at) DO UPDATE
        SET difference_count = excluded.difference_count, unexplained_count = excluded.unexplained_count,
            differences = excluded.differences, applied_at = excluded.applied_at, updated_at = now()
        WHERE reconciliations.applied_at IS NULL
          AND (excluded.applied_at IS NOT NULL OR reconciliations.differences <> excluded.differences)
        RETURNING true
        """
    )
)
