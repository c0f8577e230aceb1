"""How far consumers are behind, who holds the outbox back, and what may be thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Text, and_, cast, delete, func, select, text, tuple_, update

from tradingdb.core.ddl import table_of
from tradingdb.errors import InvalidValueError, ScopeError
from tradingdb.models import OutboxConsumer, OutboxEvent
from tradingdb.scope import scope_of
from tradingdb.services.outbox.events import Cursor
from tradingdb.services.outbox.reading import PLACE, horizon

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import ScalarSelect

    from tradingdb.database import ReadSession, WriteSession

PRUNED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Holder:
    """The oldest transaction that writes: no event of it or of a later one can be read before it ends."""

    transaction_id: int
    pid: int | None
    """Process of the server; None: a prepared transaction, which outlives its session."""
    since: datetime | None
    """When the transaction began, UTC. None: PostgreSQL shows it to `pg_monitor` only."""
    state: str | None
    """As `pg_stat_activity` says: `active`, `idle in transaction`; `prepared`."""
    application: str | None
    database: str | None


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """How far one consumer is behind what can be read."""

    consumer: str
    cursor: Cursor
    behind: int
    """Events that it could read now, of all topics."""
    oldest_unread: datetime | None
    """When the first of them happened, UTC. None: there is none."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Lag:
    """The outbox at one instant."""

    readable: int
    held_back: int
    """Events that are committed and cannot be read yet, because an older transaction is still under way."""
    oldest_held_back: datetime | None
    ahead_of_server: bool
    """Events carry numbers of transactions that this server has not come to: the data are from a dump; see `rebase`."""
    stalled_by: Holder | None
    """None: nothing is held back."""
    consumers: list[ConsumerLag]


async def lag(session: ReadSession) -> Lag:
    """How the outbox is doing, in all databases' transactions: any of the server's can hold it back."""
    held = OutboxEvent.transaction_id >= horizon()
    row = (
        await session.execute(
            select(
                func.count().filter(~held).label("readable"),
                func.count().filter(held).label("held_back"),
                func.min(OutboxEvent.occurred_at).filter(held).label("oldest"),
                func.coalesce(func.max(OutboxEvent.transaction_id) >= _not_ended(), False).label("ahead"),
            )
        )
    ).one()
    consumers = [ConsumerLag(c.name, Cursor(c.transaction_id, c.last_id), c.behind, c.oldest, c.updated_at)
                 for c in (await session.execute(_BEHIND)).all()]  # fmt: skip
    holder = await stalled_by(session) if row.held_back else None
    return Lag(row.readable, row.held_back, row.oldest, row.ahead, holder, consumers)


def _not_ended() -> ScalarSelect[int]:
    """A number above every transaction that has ended, on this server: no committed event of it comes so far."""
    following = func.pg_snapshot_xmax(func.pg_current_snapshot())
    return select(cast(cast(following, Text), BigInteger)).scalar_subquery()


_BEHIND = (
    select(
        OutboxConsumer.name,
        OutboxConsumer.transaction_id,
        OutboxConsumer.last_id,
        OutboxConsumer.updated_at,
        func.count(OutboxEvent.id).label("behind"),
        func.min(OutboxEvent.occurred_at).label("oldest"),
    )
    .outerjoin(
        OutboxEvent,
        and_(
            tuple_(OutboxConsumer.transaction_id, OutboxConsumer.last_id) < PLACE,
            OutboxEvent.transaction_id < horizon(),
        ),
    )
    .group_by(OutboxConsumer.name)
    .order_by(OutboxConsumer.name)
)


async def stalled_by(session: ReadSession) -> Holder | None:
    """The oldest transaction that writes, of any database of the server; None: there is none but our own.

    Transactions of other roles are seen in full with the rights of `pg_monitor`.
    """
    row = (await session.execute(_OLDEST_WRITER)).one_or_none()
    return None if row is None else Holder(**row._mapping)  # noqa: SLF001 - a public name of SQLAlchemy


_OLDEST_WRITER = text(
    """
    WITH writers AS (
        SELECT backend_xid AS xid, pid, xact_start AS since, state, application_name AS application, datname
        FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL
        SELECT transaction, NULL, prepared, 'prepared', gid, database FROM pg_prepared_xacts
    ), near AS (
        SELECT (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint AS number
    )
    SELECT number - (((number - (xid::text)::bigint + 2147483648) & 4294967295) - 2147483648) AS transaction_id,
           pid, since, state, application, datname AS database
    FROM writers CROSS JOIN near ORDER BY transaction_id LIMIT 1
    """
)
"""The views show the lower 32 bits of a number: it is the one that lies within half their range of the snapshot's.

`age` does not do: it counts from the transaction's own number, or from one that is given to nobody yet.
"""


async def prune(session: WriteSession, older_than: timedelta, *, limit: int = PRUNED_AT_ONCE) -> int:
    """Delete events that happened longer ago than this by the server's clock, the first in order first.

    Returns how many. Never those that a known consumer has not read, nor those that cannot be read yet. Call it again,
    each time in a transaction of its own, until it returns less than `limit`.

    Raises:
        InvalidValueError: a negative age, or a limit below 1.
    """
    if older_than.total_seconds() < 0 or limit < 1:
        raise InvalidValueError("Events are pruned by an age that is not negative, at least one at a time.")
    unread_by_someone = (
        select(OutboxConsumer.name)
        .where(tuple_(OutboxConsumer.transaction_id, OutboxConsumer.last_id) < PLACE)
        .exists()
    )
    chosen = (
        select(OutboxEvent.id)
        .where(OutboxEvent.occurred_at < func.now() - older_than, OutboxEvent.transaction_id < horizon())
        .where(~unread_by_someone)
        .order_by(OutboxEvent.transaction_id, OutboxEvent.id)
        .limit(limit)
    )
    gone = await session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(chosen)).returning(OutboxEvent.id))
    return len(gone.all())


async def rebase(session: WriteSession) -> int:
    """After a restore from a dump: move old events and known cursors below this server's transactions, order kept.

    Returns by how much; consumers that keep cursors of their own take it off their `transaction_id`. 0: nothing to do.
    A dump carries the numbers of its server's transactions; where a new server counts from the start, old events would
    never be readable and new ones would come before them. Nobody can publish meanwhile: the table is locked.

    Raises:
        ScopeError: the session is limited to an account.
    """
    if scope_of(session) is not None:
        raise ScopeError("The outbox is rebased for all accounts at once: open a session without scope.")
    await session.execute(text("LOCK TABLE outbox_events IN SHARE ROW EXCLUSIVE MODE"))
    last = func.max(OutboxEvent.transaction_id)
    is_ahead, ahead = (await session.execute(select(last >= _not_ended(), last - horizon() + 1))).one()
    if not is_ahead:  # there are none, or they are only held back
        return 0
    for table in (table_of(OutboxEvent), table_of(OutboxConsumer)):
        await session.execute(update(table).values(transaction_id=table.c.transaction_id - ahead))
    return int(ahead)
