"""Whatever is wrong is said in one sentence with the exit code of its kind, and no password is ever repeated."""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from commands import Run, Where, environment
from paths import CHECKOUT
from tradingdb import errors, migrations
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.testing import throwaway_root
from tradingdb.urls import ConnectionTarget

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
SECRET = "hunter2-secret"

IMPORT = ("candles", "import", "candles.csv", "--venue", "kraken", "--symbol", "BTC/USD", "--timeframe", "1m")
GOOD_LINES = "time,open,high,low,close,volume\n2024-01-01 00:00,1,2,0.5,1.5,10\n2024-01-01 00:01,1,2,0.5,1.5,10\n"

Refusal = Callable[..., Awaitable[str]]


@pytest.fixture
def refusal(run: Run) -> Refusal:
    """Run `tradingdb`, which must end with that error; returns its sentence."""

    async def refusal(
        expected: type[errors.TradingDBError], *arguments: str, url: Where = None, **variables: str
    ) -> str:
        code, out, err = await run(url, *arguments, **variables)
        assert (code, out) == (expected.exit_code, ""), err
        assert err.startswith("error: ")
        assert err.endswith(".\n")
        assert err.count("\n") == 1
        assert SECRET not in err
        return err.removeprefix("error: ").rstrip("\n")

    return refusal


@asynccontextmanager
async def role(server: ConnectionTarget) -> AsyncIterator[str]:
    """A login that may do nothing but connect."""
    name = f"poor_{uuid4().hex}"
    async with maintenance_connection(server, autocommit=True) as connection:
        await connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'"))
        try:
            yield name
        finally:
            await connection.execute(text(f"DROP ROLE {name}"))


@pytest.mark.parametrize(
    ("url", "expected", "says"),
    [
        (
            f"postgresql://me:{SECRET}@127.0.0.1:1/db",
            errors.DatabaseUnavailableError,
            "PostgreSQL cannot be reached; check that it runs and that DATABASE_URL points at it.",
        ),
        (f"mysql://me:{SECRET}@127.0.0.1/db", errors.ConfigurationError, "mysql://"),
        (f"postgresql://me:{SECRET}@127.0.0.1/db?sslmod=require", errors.ConfigurationError, "sslmod"),
    ],
    ids=["nobody listens", "another database system", "unknown parameter"],
)
async def test_a_url_that_leads_nowhere(
    refusal: Refusal, url: str, expected: type[errors.TradingDBError], says: str
) -> None:
    assert says in await refusal(expected, "candles", "list", url=url)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TRADINGDB_ENVIRONMENT": "production"}, "set DATABASE_URL"),
        ({"TRADINGDB_ENVIRONMENT": "nonsense"}, "TRADINGDB_ENVIRONMENT"),
    ],
    ids=["production without a database", "no such environment"],
)
async def test_a_setting_that_cannot_be_used_is_named(refusal: Refusal, variables: dict[str, str], says: str) -> None:
    assert says in await refusal(errors.ConfigurationError, "candles", "list", **variables)


async def test_a_database_or_a_role_that_does_not_exist(refusal: Refusal, server: ConnectionTarget) -> None:
    nowhere = server.url.set(database=f"missing_{uuid4().hex}")
    nobody = server.url.set(username="nobody_at_all", password=SECRET)
    no_database, no_role = await asyncio.gather(
        refusal(errors.DatabaseMissingError, "candles", "list", url=nowhere),
        refusal(errors.LoginRefusedError, "db", "health", url=nobody),
    )
    assert "tradingdb db setup" in no_database
    assert "login" in no_role


async def test_a_role_that_may_not_make_the_schema_or_the_database(
    refusal: Refusal, server: ConnectionTarget, empty: ConnectionTarget
) -> None:
    async with role(server) as name:
        login = empty.url.set(username=name, password=SECRET)
        migrating, creating = await asyncio.gather(
            refusal(errors.InsufficientRightsError, "migrate", "upgrade", url=login),
            refusal(errors.InsufficientRightsError, "db", "setup", url=login.set(database=f"of_{name}")),
        )
    assert "CREATE EXTENSION vector" in migrating
    assert f"CREATE DATABASE of_{name}" in creating
    async with Database(empty) as database:
        assert (await migrations.status(database)).current is None


async def test_a_schema_of_another_time(refusal: Refusal, database: Database, empty: ConnectionTarget) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE tradingdb_version SET version_num = 'ffff'"))
    newer, newer_status, absent = await asyncio.gather(
        refusal(errors.SchemaAheadError, "candles", "list", url=database.target.url),
        refusal(errors.SchemaAheadError, "migrate", "upgrade", url=database.target.url),
        refusal(errors.SchemaBehindError, "candles", "list", url=empty.url),
    )
    assert "ffff" in newer
    assert "upgrade the tradingdb package" in newer_status
    assert "tradingdb db setup" in absent


async def test_a_revision_or_a_timeframe_that_does_not_exist(refusal: Refusal, database: Database) -> None:
    url = database.target.url
    revision, timeframe = await asyncio.gather(
        refusal(errors.UnknownRevisionError, "migrate", "upgrade", "ffff", url=url),
        refusal(errors.InvalidValueError, "candles", "list", "--timeframe", "7m", url=url),
    )
    assert "ffff" in revision
    assert "tradingdb migrate history" in revision
    assert "7m" in timeframe
    assert "15m" in timeframe


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (None, (), "candles.csv"),
        (GOOD_LINES + "2024-01-01 00:02,1,oops,0.5,1.5,10\n", (), "candles.csv, line 4: high"),
        (GOOD_LINES + "2024-01-01 00:02,1,0.7,0.5,1.5,10\n", (), "candles.csv, line 4: high"),
        (GOOD_LINES, ("--timezone", "Mars/Base"), "There is no time zone 'Mars/Base'"),
    ],
    ids=["missing", "not a number", "not a candle", "no such zone"],
)
async def test_a_file_that_is_no_good_is_named_with_its_line_and_nothing_of_it_is_stored(
    refusal: Refusal, database: Database, tmp_path: Path, content: str | None, options: tuple[str, ...], says: str
) -> None:
    if content is not None:
        await asyncio.to_thread((tmp_path / "candles.csv").write_text, content)
    assert says in await refusal(errors.UnusableFileError, *IMPORT, *options, url=database.target.url)
    async with database.read() as session:
        for table in ("candles", "instruments", "venues"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


@pytest.fixture
def postgres_15(tmp_path: Path) -> Iterator[str]:
    """The URL of a PostgreSQL 15 that has no pgvector."""
    if not (POSTGRES_15 / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not here: {POSTGRES_15} is missing")
    owner = {}
    with tempfile.TemporaryDirectory(prefix="pg15-", dir=throwaway_root()) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)

        def do(program: str, *arguments: str) -> None:
            subprocess.run(
                [POSTGRES_15 / program, "-D", folder / "data", *arguments],
                check=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **owner,
            )  # fmt: skip

        do("initdb", "--auth=trust", "--username=postgres", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        do("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", settings)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            do("pg_ctl", "stop", "-w", "-m", "immediate")


async def test_a_server_without_pgvector_is_told_apart_and_the_remedy_named(
    refusal: Refusal, postgres_15: str, tmp_path: Path
) -> None:
    async with Database(postgres_15) as database, database.read() as session:
        if await session.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")):
            pytest.skip("this PostgreSQL 15 has pgvector")
    alembic = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("alembic"),
        *("upgrade", "head"),
        cwd=CHECKOUT,
        env=environment(tmp_path, postgres_15),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    (said, _), sentence = await asyncio.gather(
        alembic.communicate(), refusal(errors.ExtensionMissingError, "db", "setup", url=postgres_15)
    )
    assert "apt install postgresql-15-pgvector" in sentence
    assert alembic.returncode not in {0, None}
    assert sentence in said.decode()
    assert "Traceback" not in said.decode()
