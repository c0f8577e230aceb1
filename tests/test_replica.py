"""On a hot standby: reading works, and whoever writes or begins what it cannot begin hears just that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from embedded_servers import ask, embedded, folder  # noqa: F401 - a fixture
from tradingdb.connections import Limits
from tradingdb.database import Database
from tradingdb.errors import DatabaseUnavailableError
from tradingdb.urls import ConnectionTarget


@pytest_asyncio.fixture
async def replica(folder: Path) -> AsyncIterator[Database]:  # noqa: F811 - the fixture
    server = embedded(folder)
    with server:
        await ask(server, "CREATE TABLE numbers (n int)", "INSERT INTO numbers VALUES (1)")
    (server.pgdata / "standby.signal").touch()  # a standby of nobody: it has all WAL there is
    limits = Limits(pool_size=1, max_overflow=0)
    async with Database(ConnectionTarget(server.url()), embedded=server, limits=limits) as database:
        yield database


async def test_a_replica_reads_and_says_why_it_does_nothing_else(replica: Database) -> None:
    async with replica.read() as session:
        assert await session.scalar(text("SELECT n FROM numbers")) == 1
    assert (await replica.health()).is_replica

    async def write() -> None:
        async with replica.write() as session:
            await session.execute(text("INSERT INTO numbers VALUES (2)"))

    with pytest.raises(DatabaseUnavailableError, match="replica"):
        await write()

    async def begin() -> None:
        async with replica.write(isolation="SERIALIZABLE"):
            pass

    for _ in range(2):  # what was refused once leaves the connection as it was
        with pytest.raises(DBAPIError, match="hot standby"):
            await begin()
    async with replica.read() as session:
        assert await session.scalar(text("SELECT n FROM numbers")) == 1
