"""Positions, locked: whoever records fills opens the books of their positions first, so that others wait for him."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import text

from tradingdb.bulk import FEW, arrays, fetch, sent, sent_values, unnested
from tradingdb.collisions import GATE, collide, in_turn
from tradingdb.models.trading.open_fill import HELD, selected
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.position_rows import (
    PLACE,
    POSITION,
    POSITION_SIDES,
    Place,
    book_of,
    execution_of,
    holding_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy import TextClause

    from tradingdb.collisions import Turn
    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.services.ledger.holdings import Execution, Holding
    from tradingdb.services.ledger.position_rows import Book

EARLIEST = datetime.min.replace(tzinfo=UTC)


async def open_books(session: WriteSession, places: Iterable[Place]) -> dict[Place, Book]:
    """Lock positions until the transaction ends, in one order for everybody; those not there yet are made, empty.

    A place whose account or instrument does not exist is left out.

    Raises:
        CollisionError: within `Database.run`, which begins the unit of work again.
    """
    asked = set(places)
    if not asked:
        return {}
    return await lock_books(session, asked, in_turn(session, asked))


async def lock_books(session: WriteSession, asked: set[Place], turn: Turn) -> dict[Place, Book]:
    """Open those that are asked for, once `in_turn` has said what to lock for them."""
    books = await _locked(session, turn)
    if not asked <= books.keys():
        await session.execute(_MAKE, arrays("place", Place._fields, [place._asdict() for place in turn.wanted]))
        books = await _locked(session, turn)
    return {place: book for place, book in books.items() if place in asked}


async def places_of(session: ReadSession, *, account_id: UUID | None = None) -> list[Place]:
    """Every position that has a row or fills, of one account or of all."""
    rows = await session.execute(_PLACES_THERE, {"account_id": account_id})
    return [Place(row.account_id, row.instrument_id, POSITION_SIDES[row.side]) for row in rows]


async def checkpoints_before(
    session: ReadSession, books: Mapping[Place, Book], times: Mapping[Place, datetime]
) -> dict[Place, Holding]:
    """Each position as it was at its last checkpoint before a time, or empty: where counting it again begins."""
    rows = [place._asdict() | {"before": at} for place, at in times.items()]
    found = {place: books[place].empty for place in times}
    stored = await session.execute(_CHECKPOINTS, arrays("place", (*Place._fields, "before"), rows))
    for row in stored.mappings():
        place, holding = Place(row["account_id"], row["instrument_id"], POSITION_SIDES[row["side"]]), holding_of(row)
        if (holding.lots is None) == (found[place].lots is None):  # else the account has changed how it counts
            found[place] = holding
    return found


async def executions_of(
    session: ReadSession, places: Iterable[Place], after: Mapping[Place, Holding] | None = None
) -> dict[Place, list[tuple[UUID, Execution]]]:
    """Every fill of some positions, in order of place in time; only those that come after a holding."""
    known = {place: holding.last_place for place, holding in (after or {}).items()}
    since = [place._asdict() | {"since": (known.get(place) or (EARLIEST,))[0]} for place in places]
    parameters = arrays("place", (*Place._fields, "since"), since)
    found: dict[Place, list[tuple[UUID, Execution]]] = {}
    for row in (await session.execute(_EXECUTIONS, parameters)).mappings():
        place = Place(row["account_id"], row["instrument_id"], POSITION_SIDES[row["position_side"]])
        execution, last = execution_of(row), known.get(place)
        if last is None or execution.place > last:
            found.setdefault(place, []).append((row["id"], execution))
    for executions in found.values():
        executions.sort(key=lambda item: item[1].place)
    return found


async def _locked(session: WriteSession, turn: Turn) -> dict[Place, Book]:
    statement = _lock(min(len(turn.wanted), FEW + 1), waits=turn.waits)
    parameters = sent_values("place", _PLACE, [place._asdict() for place in turn.wanted])
    try:
        rows = await fetch(session, statement, parameters)
    except asyncpg.LockNotAvailableError:
        if turn.waits:
            raise
        collide(session)
    return {Place(row["account_id"], row["instrument_id"], POSITION_SIDES[row["side"]]): book_of(row) for row in rows}


_PLACE = {name: POSITION[name] for name in PLACE}
_PLACES = f"{unnested('place', _PLACE)} AS sent ({', '.join(_PLACE)})"


_QUEUED = """
CROSS JOIN (
    SELECT count(tradingdb_lock_position(account_id, instrument_id, side))
    FROM (SELECT * FROM {} ORDER BY account_id, instrument_id, side) AS sent
) AS locked
"""
"""One after the other, for a few places only: the locks of the queue are kept in a memory of limited size."""


@cache
def _lock(count: int, *, waits: bool) -> TextClause:
    table = sent("place", _PLACE, count)
    queued = _QUEUED.format(table) if waits and count <= FEW else ""
    return scoped_by_verb(
        text(
            f"""
            SELECT p.account_id, p.instrument_id, p.side, {selected(HELD)}
            FROM (SELECT pg_advisory_xact_lock_shared({GATE})) AS gate
            {queued}
            CROSS JOIN {table}
            JOIN positions p USING (account_id, instrument_id, side)
            JOIN trading_accounts a ON a.id = p.account_id
            JOIN instruments i ON i.id = p.instrument_id
            ORDER BY p.account_id, p.instrument_id, p.side
            FOR NO KEY UPDATE OF p {"" if waits else "NOWAIT"}
            """  # noqa: S608 - built from the constants above
        )
    )


_MAKE = scoped_by_verb(
    text(
        f"""
    INSERT INTO positions (account_id, instrument_id, side, quantity)
    SELECT a.id, i.id, sent.side, 0
    FROM {_PLACES}
    JOIN trading_accounts a ON a.id = sent.account_id
    JOIN instruments i ON i.id = sent.instrument_id
    ORDER BY a.id, i.id, sent.side
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - same
    )
)
_PLACES_THERE = scoped_by_verb(
    text(
        """
        SELECT account_id, instrument_id, side FROM positions
        WHERE CAST(:account_id AS uuid) IS NULL OR account_id = :account_id
        UNION
        SELECT account_id, instrument_id, position_side FROM fills
        WHERE CAST(:account_id AS uuid) IS NULL OR account_id = :account_id
        ORDER BY account_id, instrument_id, side
        """
    )
)
_SINCE = _PLACE | {"since": "timestamptz"}
_PLACES_SINCE = f"{unnested('place', _SINCE)} AS sent ({', '.join(_SINCE)})"
_BEFORE = _PLACE | {"before": "timestamptz"}
_CHECKPOINTS = scoped_by_verb(
    text(
        f"""
    SELECT p.account_id, p.instrument_id, p.side, p.quantity, p.average_entry_price, p.realized_pnl, p.fees,
           CAST(p.other_fees AS text) AS other_fees, p.opened_at, p.last_fill_at, p.last_fill_place,
           CAST(p.lots AS text) AS lots, a.cost_basis
    FROM {unnested("place", _BEFORE)} AS sent ({", ".join(_BEFORE)})
    JOIN trading_accounts a ON a.id = sent.account_id
    CROSS JOIN LATERAL (
        SELECT * FROM position_checkpoints c
        WHERE c.account_id = sent.account_id AND c.instrument_id = sent.instrument_id AND c.side = sent.side
          AND c.last_fill_at < sent.before
        ORDER BY c.last_fill_at DESC LIMIT 1
    ) AS p
    """  # noqa: S608 - same
    )
)
_EXECUTIONS = scoped_by_verb(
    text(
        f"""
    SELECT f.id, f.account_id, f.instrument_id, f.position_side, f.side, f.quantity, f.price, f.executed_at,
           f.venue_trade_id, f.sequence, f.fee, f.fee_currency
    FROM {_PLACES_SINCE}
    JOIN fills f ON f.account_id = sent.account_id AND f.instrument_id = sent.instrument_id
                AND f.position_side = sent.side AND f.executed_at >= sent.since
    """  # noqa: S608 - same
    )
)
