"""Consumers that go on for ever, and the relay that tells them when there is something new.

Polling is what makes them right; `NOTIFY` only makes them quick. It is sent by one relay, not by those who publish: at
COMMIT each NOTIFY takes a lock of the whole server, behind which all other committing writers would queue.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from tradingdb.errors import ConfigurationError, TradingDBError
from tradingdb.failures import in_our_words
from tradingdb.services.outbox.events import START, Cursor, Event
from tradingdb.services.outbox.reading import advance, position, read_batch, read_last

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from uuid import UUID

    from tradingdb.database import Database, WriteSession

logger = logging.getLogger("tradingdb")

Handler = Callable[["WriteSession", list[Event]], Awaitable[None]]
"""What a consumer does with events: in the session whose transaction stores the cursor too."""

CHANNEL = "tradingdb_outbox"
POLL = 1.0
"""Seconds after which a consumer looks by itself."""
SHORTEST_PAUSE = 0.1
"""Seconds between two notifications of the relay."""
RELAY_SEAT = 7_236_839_128_415_219
"""Key of the advisory lock that the one relay holds."""


async def consume(
    database: Database,
    consumer: str,
    handler: Handler,
    *,
    topics: Collection[str] | None = None,
    account_id: UUID | None = None,
    limit: int = 500,
    start: Cursor = START,
) -> int | None:
    """Handle one batch of events, and store the cursor in the same transaction. Returns how many; None: not our turn.

    What the handler writes with its session happens exactly once per event; what it does elsewhere happens again if
    the transaction fails. One process at a time consumes under a name; the others wait for their turn. `start` counts
    where the consumer is not known yet.

    Raises:
        Exception: whatever the handler raises; then none of the batch counts as read.
    """

    async def work(session: WriteSession) -> int | None:
        # no row lock: that would begin to write, and hold back the readers of the outbox while the handler works
        seat = func.pg_try_advisory_xact_lock(func.hashtextextended(f"tradingdb.outbox:{consumer}", 0))
        if not await session.scalar(select(seat)):
            return None
        known = await position(session, consumer)
        after = start if known is None else known
        batch = await read_batch(session, after, limit, topics, account_id)
        if batch.events:
            await handler(session, batch.events)
        if batch.events or known is None:
            await advance(session, consumer, batch.after)
        return len(batch.events)

    return await database.run(work, idempotent=True)


async def follow(
    database: Database,
    consumer: str,
    handler: Handler,
    *,
    topics: Collection[str] | None = None,
    account_id: UUID | None = None,
    limit: int = 500,
    start: Cursor = START,
    poll: float = POLL,
) -> None:
    """Consume for ever: all that is there, then what comes. Cancel the task to stop; a batch under way is rolled back.

    `poll` is how many seconds it waits at most before it looks again; a relay makes it look at once.

    Raises:
        Exception: whatever the handler raises, and what `Database.run` raises when the server stays away.
    """
    async with _hints(database) as hinted:
        while True:
            hinted.clear()  # before looking: what is notified while we look makes us look again
            handled = await consume(
                database, consumer, handler, topics=topics, account_id=account_id, limit=limit, start=start
            )
            if handled is None or handled < limit:
                try:
                    async with asyncio.timeout(poll):
                        await hinted.wait()
                except TimeoutError:
                    continue


async def relay(database: Database, *, pause: float = SHORTEST_PAUSE, standby: float = POLL) -> None:
    """Notify consumers of new events, at most every `pause` seconds, for ever. Cancel the task to stop.

    Start as many as you like: one works, the others wait and take over. Consumers need none to be right.

    Raises:
        ConfigurationError: behind PgBouncer, which keeps no session locks.
        DatabaseUnavailableError: the connection was lost; start it again.
    """
    if database.behind_pgbouncer:
        raise ConfigurationError(
            "The relay holds a lock of its server session, which PgBouncer does not keep: connect it to PostgreSQL."
        )
    await database.open()
    with in_our_words():
        async with database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            while not await connection.scalar(select(func.pg_try_advisory_lock(RELAY_SEAT))):  # noqa: ASYNC110 - held elsewhere
                await asyncio.sleep(standby)
            try:
                told: Cursor | None = None
                while True:
                    newest = await _newest(database)
                    if newest is not None and newest != told:
                        await connection.execute(select(func.pg_notify(CHANNEL, str(newest))))
                        told = newest
                    await asyncio.sleep(pause)
            finally:
                await connection.invalidate()  # closed, not pooled: the lock ends with the server session


async def _newest(database: Database) -> Cursor | None:
    async with database.read() as session:
        last = await read_last(session, 1)
    return last[0].cursor if last else None


@asynccontextmanager
async def _hints(database: Database) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the relay notifies; where nobody can listen it never is, and polling does the work."""
    hinted = asyncio.Event()
    if database.behind_pgbouncer:
        yield hinted
        return
    listening = asyncio.create_task(_listen(database, hinted))
    try:
        yield hinted
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(database: Database, hinted: asyncio.Event) -> None:
    """Listen for ever, and again after a lost connection."""
    while True:
        try:
            await _listen_once(database, hinted)
        except (DBAPIError, OSError, TradingDBError) as error:
            logger.info("the outbox is polled only, because listening failed: %s", type(error).__name__)
        await asyncio.sleep(POLL)


async def _listen_once(database: Database, hinted: asyncio.Event) -> None:
    """Listen until the connection is lost."""
    lost = asyncio.Event()
    await database.open()
    async with database.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None  # noqa: S101 - a checked-out connection has a driver; tells mypy
        raw.add_termination_listener(lambda _: lost.set())
        await raw.add_listener(CHANNEL, lambda *_: hinted.set())
        hinted.set()  # for what was notified before we listened
        try:
            await lost.wait()
        finally:
            await connection.invalidate()  # closed, not pooled: the next user would be notified
