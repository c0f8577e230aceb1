"""Behind a real PgBouncer in transaction mode sessions work as elsewhere, and leave nothing on shared connections."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from commands import run_forked
from tradingdb.connections import Limits
from tradingdb.database import Database
from tradingdb.embedded import SERVER_USER_OF_ROOT, EmbeddedServer
from tradingdb.errors import ConfigurationError, InsufficientRightsError, TimeLimitError
from tradingdb.testing import THROWAWAY_SETTINGS, throwaway_root

BINARY = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(BINARY is None, reason="pgbouncer is not installed")

PORT = 6432
CONFIGURATION = """
[databases]
wide = host={server} port=5432 dbname=tradingdb pool_size=8
narrow = host={server} port=5432 dbname=tradingdb pool_size=1
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
max_client_conn = 500
"""
SERVICE = """
import asyncio, sys
from sqlalchemy import text
from tradingdb import Database

async def main():
    async with Database(sys.argv[1], pgbouncer=True) as database:
        async def work(number):
            async with database.write() as session:
                for other in range(3):
                    found = await session.scalar(text(f"SELECT CAST(:x AS int) + {other}"), {"x": number})
                    assert found == number + other
        await asyncio.gather(*(work(number) for number in range(60)))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def bouncer() -> Iterator[Path]:
    """The folder of the socket of a PgBouncer in front of a server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tdb-", dir=throwaway_root()))
    folder.chmod(0o755)
    root = os.geteuid() == 0
    with EmbeddedServer(folder / "data", settings=THROWAWAY_SETTINGS) as server:
        home = folder / "bouncer"
        home.mkdir()
        (home / "users.txt").write_text('"postgres" ""\n')
        sockets = server.url().query["host"]
        (home / "pgbouncer.ini").write_text(CONFIGURATION.format(server=sockets, port=PORT, folder=home))
        if root:
            shutil.chown(home, SERVER_USER_OF_ROOT)
        user = pwd.getpwnam(SERVER_USER_OF_ROOT).pw_uid if root else None
        with (home / "log").open("wb") as log:
            process = subprocess.Popen([BINARY, str(home / "pgbouncer.ini")], user=user, stdout=log, stderr=log)
        try:
            wait_until_it_listens(home / f".s.PGSQL.{PORT}", process)
            yield home
        finally:
            process.terminate()
            process.wait(30)
    shutil.rmtree(folder)


def wait_until_it_listens(path: Path, process: subprocess.Popen[bytes]) -> None:
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        if process.poll() is not None:
            pytest.fail(f"pgbouncer ended: {(path.parent / 'log').read_text()}")
        time.sleep(0.02)


def url(folder: Path, database: str, more: str = "") -> str:
    return f"postgresql://postgres@/{database}?host={folder}&port={PORT}{more}"


@pytest.mark.parametrize("name", ["wide", "narrow"])
async def test_many_short_transactions_at_once_all_succeed(bouncer: Path, name: str) -> None:
    limits = Limits(pool_size=20, max_overflow=0, pool_timeout=60)
    async with Database(url(bouncer, name), limits=limits, pgbouncer=True) as database:

        async def work(number: int) -> int:
            enter = database.read if number % 2 else database.write
            async with enter() as session:
                statement = text(f"SELECT CAST(:number AS bigint) * 2, pg_sleep(0.001), {number % 7}")
                return await session.scalar(statement, {"number": number})

        assert await asyncio.gather(*(work(number) for number in range(200))) == [n * 2 for n in range(200)]


async def test_several_services_share_one_server_connection(bouncer: Path, forks: Path) -> None:
    service = partial(run_forked, forks, bouncer, None, "-c", SERVICE, url(bouncer, "narrow"))
    for code, _, complaint in await asyncio.gather(*(service() for _ in range(3))):
        assert code == 0, complaint[-2000:]


@pytest.mark.parametrize("said_by", ["argument", "url"])
async def test_the_limits_are_in_force_in_each_transaction_and_stay_inside_it(bouncer: Path, said_by: str) -> None:
    limits = Limits(statement_timeout=7, idle_in_transaction_timeout=11)
    target = url(bouncer, "narrow", "&pgbouncer=true&connection_limit=1" if said_by == "url" else "")
    async with Database(target, limits=limits, pgbouncer=said_by == "argument") as database:
        for enter in (database.write, database.read):
            async with enter() as session:
                pid = await session.scalar(text("SELECT pg_backend_pid()"))
                assert await session.scalar(text("SHOW statement_timeout")) == "7s"
                assert await session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "11s"
    assert await seen_by_somebody_else(bouncer) == [pid, "0", "0"]


async def test_a_statement_that_takes_too_long_is_stopped_and_the_next_client_is_not_limited(bouncer: Path) -> None:
    async with Database(url(bouncer, "narrow"), limits=Limits(statement_timeout=0.05), pgbouncer=True) as database:
        with pytest.raises(TimeLimitError):
            async with database.read() as session:
                await session.execute(text("SELECT pg_sleep(60)"))
        async with database.read() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
    assert await seen_by_somebody_else(bouncer) == [pid, "0", "0"]


async def test_a_reading_session_is_read_only_here_too_and_the_next_one_may_write(bouncer: Path) -> None:
    async with Database(url(bouncer, "narrow"), pgbouncer=True) as database:
        with pytest.raises(InsufficientRightsError):
            async with database.read() as session:
                await session.execute(text("CREATE TABLE here (id int)"))
        async with database.write() as session:
            await session.execute(text("CREATE TABLE here (id int)"))
            await session.execute(text("DROP TABLE here"))


async def seen_by_somebody_else(bouncer: Path) -> list[object]:
    """The server connection of the narrow pool, as a client finds it that sets nothing."""
    other = await asyncpg.connect(
        host=str(bouncer), port=PORT, user="postgres", database="narrow", statement_cache_size=0
    )
    try:
        row = await other.fetchrow(
            "SELECT pg_backend_pid(), current_setting('statement_timeout'), "
            "current_setting('idle_in_transaction_session_timeout')"
        )
        return list(row)
    finally:
        await other.close()


async def test_whoever_does_not_say_that_it_is_pgbouncer_is_told_to(bouncer: Path) -> None:
    async with Database(url(bouncer, "wide")) as database:
        with pytest.raises(ConfigurationError, match="pgbouncer=true"):
            await database.health()
