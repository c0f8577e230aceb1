"""What a service's own tests use: a real PostgreSQL, and a migrated database per test in some ten milliseconds.

Put `pytest_plugins = ["tradingdb.testing"]` into `conftest.py`. Tests run on an embedded server without fsync that is
made for the run and removed after it, or on the server that `TRADINGDB_TEST_DATABASE_URL` names. All workers of
pytest-xdist share it; each test that asks for `tradingdb_database` gets a clone of a migrated template.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from tradingdb import migrations, revisions
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database, WriteSession
from tradingdb.embedded import EmbeddedServer
from tradingdb.errors import EmbeddedServerError
from tradingdb.urls import ConnectionTarget, parse_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "autovacuum": "off",
}
"""For data that nobody misses after a power cut, and that do not live long enough to need care."""

FOLDER_PREFIX = "tradingdb-tests-"
ABANDONED_AFTER = 3600
"""Seconds since somebody began to use a server; one that is still used is not removed even then."""

SERVER_VARIABLE = "TRADINGDB_TEST_DATABASE_URL"

MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has a file system in memory
ROOM_NEEDED = 4 * 1024**3
"""Bytes; a run needs about a quarter of them."""

TEMPLATE = f"tradingdb_template_{revisions.history()[-1].id}"
"""Of this package's newest revision: a server that is kept between runs may have older ones."""
_TEMPLATE_LOCK = 7_236_839_128_415_205


def throwaway_root() -> Path:
    """Where servers for tests keep their data: in memory where Linux has room for it, else where temporary files go.

    A database is a thousand small files, and a journaling file system takes ten times as long to make and remove them.
    The environment variable `TMPDIR` overrides the choice.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return Path(tempfile.gettempdir())
    found = os.statvfs(MEMORY)
    suits = found.f_bavail * found.f_frsize >= ROOM_NEEDED and not found.f_flag & os.ST_NOEXEC
    return MEMORY if suits else Path(tempfile.gettempdir())


@asynccontextmanager
async def clone_of_template(server: ConnectionTarget, template: str = TEMPLATE) -> AsyncIterator[ConnectionTarget]:
    """A migrated database of its own, dropped on the way out. Nobody may be connected to what it is a copy of."""
    name = f"tradingdb_test_{uuid4().hex}"
    async with maintenance_connection(server, autocommit=True) as connection:
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} {_strategy()}"))
    try:
        yield server.with_database(name)
    finally:
        async with maintenance_connection(server, autocommit=True) as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _strategy() -> str:
    """Copying files takes half as long as logging what is in them, unless they must reach a disk at once."""
    return "" if os.environ.get(SERVER_VARIABLE) else "STRATEGY FILE_COPY"


async def make_template(server: ConnectionTarget) -> None:
    """Make the migrated template, once per server; others that want it meanwhile wait."""
    async with maintenance_connection(server, autocommit=True) as connection:
        seat = text("SELECT pg_try_advisory_lock(:key)")
        while not await connection.scalar(seat, {"key": _TEMPLATE_LOCK}):  # noqa: ASYNC110 - held by another process
            await asyncio.sleep(0.1)
        if await connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": TEMPLATE}):
            return
        unfinished = f"{TEMPLATE}_unfinished"
        await connection.execute(text(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"))
        await connection.execute(text(f"CREATE DATABASE {unfinished}"))
        async with Database(server.with_database(unfinished)) as database:
            await migrations.upgrade(database)
        await connection.execute(text(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}"))


@pytest.fixture(scope="session")
def tradingdb_server() -> Iterator[ConnectionTarget]:
    """A PostgreSQL server to make databases on; the target names its maintenance database."""
    if url := os.environ.get(SERVER_VARIABLE):
        yield parse_url(url)
        return
    root = throwaway_root()
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        _remove_abandoned(root)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    version = int(os.environ.get("TRADINGDB_EMBEDDED_POSTGRES", "18"))
    with _running(root / f"{FOLDER_PREFIX}{run[:12]}", version) as server:
        yield ConnectionTarget(server.url("postgres"))


@contextmanager
def _running(folder: Path, version: int) -> Iterator[EmbeddedServer]:
    """A throwaway server, which its last user stops and removes."""
    server = EmbeddedServer(folder, version=version, settings=THROWAWAY_SETTINGS)
    server.acquire()
    try:
        yield server
    finally:
        server.release()
        if not server.is_accepting():
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(root: Path) -> None:
    """Stop and remove the servers of runs that were killed: nobody else does, and in memory they take room."""
    for folder in root.glob(f"{FOLDER_PREFIX}*"):
        with suppress(FileNotFoundError, EmbeddedServerError):  # somebody else removes it, or it is beyond that
            if time.time() - (folder / "start.lock").stat().st_mtime > ABANDONED_AFTER:
                for pgdata in folder.glob("postgresql-??"):
                    with _running(folder, int(pgdata.name[-2:])):
                        pass


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tradingdb_template(tradingdb_server: ConnectionTarget) -> ConnectionTarget:
    """The server, with the migrated template on it."""
    await make_template(tradingdb_server)
    return tradingdb_server


@pytest_asyncio.fixture(loop_scope="session")
async def tradingdb_database(tradingdb_template: ConnectionTarget) -> AsyncIterator[Database]:
    """A migrated, empty database of the test's own: commits, connections and faults are real."""
    async with clone_of_template(tradingdb_template) as target, Database(target) as database:
        yield database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _shared_database(tradingdb_template: ConnectionTarget) -> AsyncIterator[Database]:
    async with clone_of_template(tradingdb_template) as target, Database(target) as database:
        yield database


@pytest_asyncio.fixture(loop_scope="session")
async def tradingdb_session(_shared_database: Database) -> AsyncIterator[WriteSession]:
    """A session inside a transaction that is rolled back: fast, and commits of the tested code stay inside it."""
    async with _shared_database.engine.connect() as connection:
        transaction = await connection.begin()
        async with WriteSession(
            bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        await transaction.rollback()
