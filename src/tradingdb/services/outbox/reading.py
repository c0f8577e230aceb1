"""Events come out in order, none lost and none twice, for every consumer that keeps its cursor.

The order is that of `(transaction_id, id)`: first come the events of the transaction that began to write first. Only
those below the oldest transaction that is still under way are given. Its place is taken from the snapshot of the very
statement, so what is below it is complete: committed and visible, or rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from tradingdb.core.ddl import table_of
from tradingdb.errors import InvalidValueError
from tradingdb.models import OutboxConsumer, OutboxEvent
from tradingdb.services.outbox.events import HIGHEST, Cursor, Event

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy import ColumnElement, Row, ScalarSelect, Select

    from tradingdb.database import ReadSession, WriteSession

MOST_AT_ONCE = 10_000
"""Events that one call gives at most: they are all in memory."""

PLACE = tuple_(OutboxEvent.transaction_id, OutboxEvent.id)

_EVENTS = select(
    OutboxEvent.transaction_id,
    OutboxEvent.id,
    OutboxEvent.topic,
    OutboxEvent.entity,
    OutboxEvent.entity_key,
    OutboxEvent.account_id,
    OutboxEvent.payload,
    OutboxEvent.occurred_at,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events, and the cursor to go on from, which is past those that were not asked for too."""

    events: list[Event]
    after: Cursor


def horizon() -> ScalarSelect[int]:
    """The oldest transaction under way in the statement's snapshot: what is below it is complete."""
    oldest = func.pg_snapshot_xmin(func.pg_current_snapshot())
    return select(cast(cast(oldest, Text), BigInteger)).scalar_subquery()


async def read(
    session: ReadSession,
    after: Cursor,
    limit: int = 1000,
    topics: Collection[str] | None = None,
    account_id: UUID | None = None,
) -> list[Event]:
    """The next events after a cursor, in order; the last one's `cursor` is where to go on.

    `topics=None` gives all of them, `account_id=None` those of every account. A scoped session gives its own.

    Raises:
        InvalidValueError: a limit below 1 or above 10,000.
    """
    return await _events(session, after, horizon(), limit, topics, account_id)


async def read_batch(
    session: ReadSession,
    after: Cursor,
    limit: int = 1000,
    topics: Collection[str] | None = None,
    account_id: UUID | None = None,
) -> Batch:
    """The next events, and a cursor that also passes those of other topics and accounts.

    A consumer of a rare topic that goes on from there does not look at all the others again and again.
    """
    complete = (await session.execute(select(horizon()))).scalar_one()
    events = await _events(session, after, literal(complete, BigInteger), limit, topics, account_id)
    if len(events) == limit:
        return Batch(events, events[-1].cursor)
    return Batch(events, max(after, Cursor(complete - 1, HIGHEST)))


async def read_last(session: ReadSession, limit: int = 20, topics: Collection[str] | None = None) -> list[Event]:
    """The last events that can be read, in order."""
    statement = _chosen(horizon(), limit, topics, None).order_by(
        OutboxEvent.transaction_id.desc(), OutboxEvent.id.desc()
    )
    return [_event(row) for row in (await session.execute(statement)).all()][::-1]


async def end(session: ReadSession) -> Cursor:
    """Behind every event that can be read now: where a consumer starts that wants only what comes."""
    return Cursor((await session.execute(select(horizon()))).scalar_one() - 1, HIGHEST)


async def position(session: ReadSession, consumer: str) -> Cursor | None:
    """How far a consumer said it has read; None: it never said."""
    found = await session.execute(
        select(OutboxConsumer.transaction_id, OutboxConsumer.last_id).where(OutboxConsumer.name == consumer)
    )
    row = found.one_or_none()
    return None if row is None else Cursor(row.transaction_id, row.last_id)


async def advance(session: WriteSession, consumer: str, cursor: Cursor) -> None:
    """Store how far a consumer has read, in the transaction of what it did with the events.

    A consumer that was not known becomes known: events that it has not read are not pruned. It goes back only by
    `DELETE` of its row, or by a cursor of its own choice in `read`.
    """
    statement = insert(table_of(OutboxConsumer)).values(
        name=consumer, transaction_id=cursor.transaction_id, last_id=cursor.id
    )
    fresh = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"transaction_id": fresh.transaction_id, "last_id": fresh.last_id, "updated_at": func.now()},
            where=tuple_(OutboxConsumer.transaction_id, OutboxConsumer.last_id)
            < tuple_(fresh.transaction_id, fresh.last_id),
        )
    )


async def _events(
    session: ReadSession,
    after: Cursor,
    complete: ColumnElement[int] | ScalarSelect[int],
    limit: int,
    topics: Collection[str] | None,
    account_id: UUID | None,
) -> list[Event]:
    statement = (
        _chosen(complete, limit, topics, account_id)
        .where(is_after(after))
        .order_by(OutboxEvent.transaction_id, OutboxEvent.id)
    )
    return [_event(row) for row in (await session.execute(statement)).all()]


def is_after(cursor: Cursor) -> ColumnElement[bool]:
    """The condition that an event comes after a cursor, in the form that the index on both columns answers."""
    return tuple_(literal(cursor.transaction_id, BigInteger), literal(cursor.id, BigInteger)) < PLACE


def _chosen(
    complete: ColumnElement[int] | ScalarSelect[int],
    limit: int,
    topics: Collection[str] | None,
    account_id: UUID | None,
) -> Select[*tuple[Any, ...]]:
    if not 1 <= limit <= MOST_AT_ONCE:
        raise InvalidValueError(f"{limit} events were asked for: 1 to {MOST_AT_ONCE:,} are given at once.")
    chosen = _EVENTS.where(OutboxEvent.transaction_id < complete).limit(limit)
    if topics is not None:
        chosen = chosen.where(OutboxEvent.topic.in_(topics))
    return chosen if account_id is None else chosen.where(OutboxEvent.account_id == account_id)


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    return Event(Cursor(row.transaction_id, row.id), *row[2:])
