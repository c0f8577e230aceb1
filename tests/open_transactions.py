"""Waiting for other tests' transactions: to the outbox those of every database of the server count."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import text

from tradingdb.database import Database

PATIENCE = 120
"""Seconds after which a test that hangs is ended; nothing is measured by it. Other tests' transactions are shorter."""

_SNAPSHOT = text(
    """
    SELECT pg_snapshot_xmin(now_here)::text::bigint AS oldest, pg_snapshot_xmax(now_here)::text::bigint AS next
    FROM pg_current_snapshot() AS now_here
    """
)
_WRITERS = text(
    "SELECT backend_xid, pid, datname, state, query FROM pg_stat_activity "
    "WHERE backend_xid IS NOT NULL ORDER BY xact_start"
)


async def until_older_ones_ended(database: Database, than: int | None = None) -> None:
    """Wait until every transaction that began to write before this one, in any database of the server, has ended.

    None: all that are under way now, so that what is committed by now can be read from the outbox.
    """
    give_up_at = time.monotonic() + PATIENCE
    while True:
        async with database.read() as session:
            oldest, following = (await session.execute(_SNAPSHOT)).one()
        than = following if than is None else than
        if oldest >= than:
            return
        if time.monotonic() > give_up_at:
            async with database.read() as session:
                open_ones = [tuple(row) for row in await session.execute(_WRITERS)]
            pytest.fail(f"A transaction before {than} is still open after {PATIENCE} s; under way are {open_ones}.")
        await asyncio.sleep(0.02)
