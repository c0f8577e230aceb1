"""Sessions are held by PostgreSQL to what they promise, and a database says how it is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import numpy as np
import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError

from scratch_databases import ADD_USER, MAIL, execute, users
from tradingdb import bulk
from tradingdb.candles import wire
from tradingdb.candles.fetch import fetch_columns
from tradingdb.connections import Limits
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.driver import driver_in_transaction
from tradingdb.errors import ConfigurationError, InsufficientRightsError, TradingDBError
from tradingdb.models import User
from tradingdb.settings import Environment, Settings
from tradingdb.urls import ConnectionTarget, parse_url

ADD_WRONG_USER = "INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'no address')"


@pytest_asyncio.fixture
async def table(database: Database) -> Database:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (id bigint PRIMARY KEY)"))
    return database


@pytest.mark.parametrize(
    "statement",
    [
        ADD_USER,
        "UPDATE users SET email = 'x@y'",
        "DELETE FROM users",
        "TRUNCATE users CASCADE",
        "CREATE TABLE t (id int)",
        "DROP TABLE users CASCADE",
    ],
)
async def test_postgresql_refuses_every_write_of_a_reading_session(database: Database, statement: str) -> None:
    with pytest.raises(InsufficientRightsError, match="refused to write"):
        await execute(database.read(), statement)


async def test_an_object_that_is_flushed_in_a_reading_session_is_refused_too(database: Database) -> None:
    async with database.read() as session:
        session.add(User(email=MAIL))
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.flush()
    assert await users(database) == 0


async def test_reading_and_writing_on_the_same_connection_do_not_change_each_other(database: Database) -> None:
    async with Database(database.target, limits=Limits(pool_size=1, max_overflow=0)) as single:
        for _ in range(2):
            async with single.read() as session:
                assert isinstance(session, ReadSession)
                assert await session.scalar(text("SHOW transaction_read_only")) == "on"
            async with single.write(isolation="SERIALIZABLE") as session:
                assert isinstance(session, WriteSession)
                assert await session.scalar(text("SHOW transaction_read_only")) == "off"
                assert await session.scalar(text("SHOW transaction_isolation")) == "serializable"
            async with single.write() as session:
                assert await session.scalar(text("SHOW transaction_isolation")) == "read committed"


async def test_a_unit_of_work_is_committed_once_and_its_rows_stay_readable(database: Database) -> None:
    commits = []
    event.listen(database.engine.sync_engine, "commit", commits.append)
    async with database.write() as session:
        user = User(email=MAIL)
        session.add(user)
        await session.flush()
        session.add(User(email="second@example.org"))
    assert len(commits) == 1
    assert user.email == MAIL
    assert await users(database) == 2


@pytest.mark.parametrize(
    "error",
    [ValueError("mine"), OSError("my file"), ConnectionResetError("my HTTP call"), TimeoutError("my own"), KeyError()],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_of_the_caller_rolls_back_and_passes_through_as_it_is(
    database: Database, error: Exception
) -> None:
    async def work() -> None:
        async with database.write() as session:
            await session.execute(text(ADD_USER))
            raise error

    with pytest.raises(type(error)) as caught:
        await work()
    assert caught.value is error
    assert await users(database) == 0


async def test_a_cancelled_unit_of_work_is_rolled_back_and_leaves_its_connection_usable(database: Database) -> None:
    async with Database(database.target, limits=Limits(pool_size=1, max_overflow=0)) as single:
        inside = asyncio.Event()

        async def work() -> None:
            async with single.write() as session:
                session.add(User(email=MAIL))
                await session.flush()
                inside.set()
                await session.execute(text("SELECT pg_sleep(60)"))

        task = asyncio.create_task(work())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await users(single) == 0
    async with database.read() as session:
        idle = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now()")
        assert await session.scalar(idle) == 0


async def test_work_that_postgresql_gave_up_is_not_reported_as_committed(database: Database) -> None:
    async def swallow_an_error() -> None:
        async with database.write() as session:
            await session.execute(text(ADD_USER))
            with suppress(IntegrityError):
                await session.execute(text(ADD_WRONG_USER))

    with pytest.raises((DBAPIError, InvalidRequestError, TradingDBError)):
        await swallow_an_error()
    assert await users(database) == 0


async def test_a_savepoint_that_failed_leaves_the_rest_of_the_work(database: Database) -> None:
    async with database.write() as session:
        session.add(User(email=MAIL))
        await session.flush()
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(text(ADD_WRONG_USER))
    assert await users(database) == 1


async def test_every_limit_is_set_on_the_server(server: ConnectionTarget) -> None:
    limits = Limits(statement_timeout=7, idle_in_transaction_timeout=11)
    async with Database(server, limits=limits, application_name="limited") as database, database.read() as session:
        names = ("statement_timeout", "idle_in_transaction_session_timeout", "jit", "timezone", "application_name")
        shown = [await session.scalar(text(f"SHOW {name}")) for name in names]
    assert shown == ["7s", "11s", "off", "UTC", "limited"]


def test_no_limit_is_without_end_and_the_server_speaks_before_the_client_gives_up() -> None:
    limits = Limits()
    assert all(0 < getattr(limits, field.name) <= 60 for field in fields(limits))
    assert limits.statement_timeout < limits.command_timeout


async def test_rows_that_were_copied_in_go_with_the_rest_of_a_rolled_back_session(table: Database) -> None:
    columns = {"id": "int8"}
    block = wire.encode(columns, {"id": np.arange(1_000)})

    async def copy_and_count(*, fail: bool) -> None:
        async with table.write() as session:
            assert await bulk.copy_in(session, "numbers", list(columns), [block]) == 1_000
            if fail:
                raise ValueError
        async with table.read() as session:
            assert len((await fetch_columns(session, columns, "SELECT id FROM numbers"))["id"]) == 1_000

    with pytest.raises(ValueError, match=r"^$"):
        await copy_and_count(fail=True)
    async with table.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM numbers")) == 0
    await copy_and_count(fail=False)


async def test_a_reading_session_is_read_only_for_the_bare_driver_as_well(table: Database) -> None:
    async with table.read() as session:
        with await driver_in_transaction(session) as raw, pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await raw.execute("INSERT INTO numbers VALUES (1)")


async def test_closing_leaves_no_connection_behind(server: ConnectionTarget) -> None:
    name = f"closing-{uuid4().hex}"
    counting = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    async with Database(server) as observer:
        async with Database(server, application_name=name) as database:
            async with database.read(), database.read(), database.read():
                pass
            async with observer.read() as session:
                assert await session.scalar(counting, {"name": name}) == 3
        async with observer.write() as session:
            # a backend ends a moment after its client
            for _ in range(500):
                if (left := await session.scalar(counting, {"name": name})) == 0:
                    break
                await session.execute(text("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)"))
        assert left == 0


async def test_a_database_says_how_it_is(database: Database) -> None:
    health = await database.health()
    assert health.database == database.target.database
    assert health.revision
    assert health.vector_version
    assert not health.is_replica
    assert 0 < health.connections <= health.max_connections


async def test_a_database_without_our_schema_is_healthy_and_has_no_revision(server: ConnectionTarget) -> None:
    async with Database(server.with_database("postgres")) as database:
        assert (await database.health()).revision is None


async def test_the_environment_names_the_database(server: ConnectionTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", server.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRADINGDB_ENVIRONMENT", "production")
    async with Database.from_env(application_name="from-env") as database, database.read() as session:
        assert database.embedded is None
        assert await session.scalar(text("SHOW application_name")) == "from-env"


def test_production_without_a_url_is_refused_and_starts_nothing(tmp_path: Path) -> None:
    settings = Settings(environment=Environment.PRODUCTION, data_dir=tmp_path / "data", _env_file=None)
    with pytest.raises(ConfigurationError, match="refused in production: set DATABASE_URL"):
        Database.from_env(settings.model_copy(update={"database_url": None}))
    assert not (tmp_path / "data").exists()


async def test_the_url_that_people_see_of_a_database_has_no_password() -> None:
    database = Database(replace(parse_url("postgresql://u:s3cr3t@h/db"), pgbouncer=True))
    assert "s3cr3t" not in f"{database.target.label} {database.target!r} {database.engine!r}"
    await database.close()


async def test_a_session_that_outlives_its_block_refuses_to_work(database: Database) -> None:
    async with database.write() as session:
        pass
    with pytest.raises(InvalidRequestError, match="closed"):
        await session.execute(text("SELECT 1"))
    async with database.read() as session:
        pass
    with pytest.raises(InvalidRequestError, match="closed"):
        session.add(User(email="late@example.com"))


async def test_a_unit_of_work_commits_once_when_its_block_ends(database: Database) -> None:
    async with database.write(isolation="SERIALIZABLE") as session:
        await session.execute(text(ADD_USER))
        with pytest.raises(InvalidRequestError, match="commits once, when its block ends"):
            await session.commit()
        assert await session.scalar(text("SHOW transaction_isolation")) == "serializable"
    assert await users(database) == 1
