"""Sessions are held by PostgreSQL to what they promise, and every fault of the way there has its own error."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import fields, replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import numpy as np
import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError

from tradingdb import bulk
from tradingdb.candles import wire
from tradingdb.connections import Limits
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import (
    ConfigurationError,
    DatabaseMissingError,
    DatabaseUnavailableError,
    InsufficientRightsError,
    LockTimeoutError,
    LoginRefusedError,
    TimeLimitError,
    TradingDBError,
)
from tradingdb.models import User
from tradingdb.settings import Environment, Settings
from tradingdb.urls import ConnectionTarget, parse_url

MAIL = "trader@example.org"
ADD_USER = f"INSERT INTO users (id, email) VALUES (gen_random_uuid(), '{MAIL}')"
ADD_WRONG_USER = "INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'no address')"


async def execute(entering: AbstractAsyncContextManager[ReadSession], *statements: str) -> None:
    async with entering as session:
        for statement in statements:
            await session.execute(text(statement))


async def users(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(text("SELECT count(*) FROM users"))


async def terminate(database: Database, pid: int) -> None:
    async with database.engine.connect() as other:
        assert await other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


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


async def test_a_statement_that_takes_too_long_is_stopped_by_the_server(database: Database) -> None:
    async with Database(database.target, limits=Limits(statement_timeout=0.05)) as hurried:
        with pytest.raises(TimeLimitError):
            await execute(hurried.write(), ADD_USER, "SELECT pg_sleep(60)")
        assert await users(hurried) == 0


async def test_a_server_that_does_not_answer_a_statement_does_not_hold_the_caller(database: Database) -> None:
    async with Database(database.target, limits=Limits(command_timeout=0.2)) as hurried:
        with pytest.raises((TimeoutError, DatabaseUnavailableError)):
            await execute(hurried.read(), "SELECT pg_sleep(60)")
        assert await users(hurried) == 0


async def test_a_lock_that_is_not_given_in_time_has_its_own_error(table: Database) -> None:
    async with table.write() as holder:
        await holder.execute(text("LOCK TABLE numbers"))
        with pytest.raises(LockTimeoutError):
            await execute(table.write(), "SET LOCAL lock_timeout = '20ms'", "INSERT INTO numbers VALUES (1)")


async def test_an_idle_transaction_is_ended_by_the_server_and_says_so(database: Database) -> None:
    async def fall_asleep(hurried: Database) -> None:
        async with hurried.write() as session:
            await session.execute(text(ADD_USER))
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            gone = text("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = :pid)")
            async with database.engine.connect() as other:
                while not await other.scalar(gone, {"pid": pid}):
                    await other.rollback()
            await session.execute(text("SELECT 1"))

    async with Database(database.target, limits=Limits(idle_in_transaction_timeout=0.05)) as hurried:
        with pytest.raises(DatabaseUnavailableError):
            await fall_asleep(hurried)
        assert await users(hurried) == 0


async def test_a_pool_without_a_free_connection_says_what_to_do(server: ConnectionTarget) -> None:
    limits = Limits(pool_size=1, max_overflow=0, pool_timeout=0.05)
    async with Database(server, limits=limits) as database, database.read():
        with pytest.raises(DatabaseUnavailableError, match="larger pool"):
            async with database.read():
                pass


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"username": "nobody_knows_me"}, LoginRefusedError, "does not exist or pg_hba"),
        ({"database": "not_there"}, DatabaseMissingError, "tradingdb db setup"),
        ({"query": {"host": "/nonexistent"}}, DatabaseUnavailableError, "cannot be reached"),
        ({"host": "db.invalid", "query": {}}, DatabaseUnavailableError, "cannot be reached"),
    ],
    ids=["user", "database", "socket", "name"],
)
async def test_what_is_wrong_with_the_address_is_said(
    server: ConnectionTarget, changes: dict[str, object], kind: type[Exception], says: str
) -> None:
    async with Database(ConnectionTarget(server.url.set(password="s3cr3t", **changes))) as database:
        for enter in (database.read, database.write):
            with pytest.raises(kind, match=says) as caught:
                async with enter():
                    pass
            assert "s3cr3t" not in str(caught.value)


async def test_a_port_that_nobody_listens_on_is_a_server_that_cannot_be_reached() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with Database(f"postgresql://u@127.0.0.1:{reserved.getsockname()[1]}/db") as database:
            with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
                await database.health()


@pytest.mark.parametrize(
    ("answers", "parameters", "says"),
    [
        (None, "", "did not answer in time"),
        ([], "", "cannot be reached|was lost"),
        ([b"N"], "sslmode=require", "cannot be reached|TLS"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "sslmode=disable", "PostgreSQL"),
        ([b"S", b"this is no handshake"], "sslmode=require", "TLS with PostgreSQL failed"),
    ],
    ids=["silence", "hangs up", "no TLS", "another protocol", "broken TLS"],
)
async def test_something_else_on_the_port_is_told_from_postgresql(
    answers: list[bytes] | None, parameters: str, says: str
) -> None:
    finished = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answers is None:
            await finished.wait()
        for answer in answers or ():
            await reader.read(1000)
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        url = f"postgresql://u:s3cr3t@127.0.0.1:{port}/db?{parameters}"
        async with Database(url, limits=Limits(connect_timeout=0.5)) as database:
            with pytest.raises(DatabaseUnavailableError, match=says) as caught:
                await execute(database.read())
        finished.set()
    assert "s3cr3t" not in str(caught.value)


async def test_a_certificate_that_cannot_be_verified_for_want_of_a_root_is_no_lost_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises((ConfigurationError, DatabaseUnavailableError), match="sslrootcert"):
        async with Database("postgresql://u@127.0.0.1:1/db?sslmode=verify-full") as database:
            await execute(database.read())


@pytest.mark.parametrize("enter", [Database.read, Database.write])
async def test_a_connection_that_is_killed_in_use_has_its_own_error_and_the_next_session_works(
    database: Database, enter: Callable[[Database], AbstractAsyncContextManager[ReadSession]]
) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await execute(enter(database), "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")
    assert await users(database) == 0


async def test_a_connection_that_is_killed_between_two_statements_has_the_same_error(database: Database) -> None:
    async def work() -> None:
        async with database.write() as session:
            await terminate(database, await session.scalar(text("SELECT pg_backend_pid()")))
            await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailableError):
        await work()


async def test_connections_that_were_killed_while_idle_are_replaced_unseen(database: Database) -> None:
    async with Database(database.target, limits=Limits(pool_size=3)) as pooled:
        async with pooled.read() as one, pooled.read() as two:
            pids = [await session.scalar(text("SELECT pg_backend_pid()")) for session in (one, two)]
        for pid in pids:
            await terminate(database, pid)
        async with pooled.write() as one, pooled.write() as two:
            assert [await session.scalar(text("SELECT 1")) for session in (one, two)] == [1, 1]


async def test_a_server_that_was_demoted_gets_no_second_write(database: Database) -> None:
    limits = Limits(pool_size=1, max_overflow=0)
    async with Database(database.target, limits=limits) as single:
        async with single.write() as session:
            before = await session.scalar(text("SELECT pg_backend_pid()"))
        with pytest.raises(DatabaseUnavailableError):
            await execute(single.write(), "SET TRANSACTION READ ONLY", "DELETE FROM users")
        async with single.write() as session:
            assert await session.scalar(text("SELECT pg_backend_pid()")) != before
            await session.execute(text("DELETE FROM users"))


async def test_rows_that_were_copied_in_go_with_the_rest_of_a_rolled_back_session(table: Database) -> None:
    columns = {"id": "int8"}
    block = wire.encode(columns, {"id": np.arange(1_000)})

    async def copy_and_count(*, fail: bool) -> None:
        async with table.write() as session:
            assert await bulk.copy_in(session, "numbers", list(columns), [block]) == 1_000
            if fail:
                raise ValueError
        async with table.read() as session:
            assert len(wire.decode(columns, await bulk.copy_out(session, "SELECT id FROM numbers"))["id"]) == 1_000

    with pytest.raises(ValueError, match=r"^$"):
        await copy_and_count(fail=True)
    async with table.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM numbers")) == 0
    await copy_and_count(fail=False)


async def test_a_reading_session_is_read_only_for_the_bare_driver_as_well(table: Database) -> None:
    async with table.read() as session:
        raw = await bulk.driver_in_transaction(session)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
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
