"""Every fault on the way to PostgreSQL has its own error, and what is limited in time ends in time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scratch_databases import ADD_USER, execute, users
from tradingdb.connections import Limits
from tradingdb.database import Database, ReadSession
from tradingdb.errors import (
    ConfigurationError,
    DatabaseMissingError,
    DatabaseUnavailableError,
    LockTimeoutError,
    LoginRefusedError,
    TimeLimitError,
)
from tradingdb.urls import ConnectionTarget


async def terminate(database: Database, pid: int) -> None:
    async with database.engine.connect() as other:
        assert await other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


async def test_a_statement_that_takes_too_long_is_stopped_by_the_server(database: Database) -> None:
    async with Database(database.target, limits=Limits(statement_timeout=0.05)) as hurried:
        with pytest.raises(TimeLimitError):
            await execute(hurried.write(), ADD_USER, "SELECT pg_sleep(60)")
        assert await users(hurried) == 0


async def test_a_server_that_does_not_answer_a_statement_does_not_hold_the_caller(database: Database) -> None:
    async with Database(database.target, limits=Limits(command_timeout=0.2)) as hurried:
        with pytest.raises(TimeLimitError, match="within command_timeout"):
            await execute(hurried.read(), "SELECT pg_sleep(60)")
        assert await users(hurried) == 0


async def test_a_lock_that_is_not_given_in_time_has_its_own_error(database: Database) -> None:
    await execute(database.write(), "CREATE TABLE numbers (id bigint PRIMARY KEY)")
    async with database.write() as holder:
        await holder.execute(text("LOCK TABLE numbers"))
        with pytest.raises(LockTimeoutError):
            await execute(database.write(), "SET LOCAL lock_timeout = '20ms'", "INSERT INTO numbers VALUES (1)")


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


async def test_a_connection_that_was_lost_is_lost_for_what_comes_after(database: Database) -> None:
    """Also for those who clean up: what they say would hide why."""

    async def work() -> None:
        async with database.write() as session:
            await terminate(database, await session.scalar(text("SELECT pg_backend_pid()")))
            try:
                await session.execute(text("SELECT 1"))
            finally:
                await session.execute(text("SELECT 2"))

    with pytest.raises(DatabaseUnavailableError, match="lost"):
        await work()


async def test_connections_that_were_killed_while_idle_are_replaced_unseen(database: Database) -> None:
    limits = Limits(pool_size=3, max_overflow=0)
    async with Database(database.target, limits=limits, application_name="killed") as pooled:

        async def kill_idle() -> None:
            async with pooled.read() as one, pooled.read() as two, pooled.read() as three:
                pids = [await session.scalar(text("SELECT pg_backend_pid()")) for session in (one, two, three)]
            for pid in pids:
                await terminate(database, pid)

        await kill_idle()
        async with pooled.read() as one, pooled.write() as two, pooled.write(isolation="SERIALIZABLE") as three:
            assert [await session.scalar(text("SELECT 1")) for session in (one, two, three)] == [1, 1, 1]
            assert await three.scalar(text("SHOW transaction_isolation")) == "serializable"
            assert await connections(database, "killed") == 3
            with pytest.raises(DBAPIError, match="read-only"):
                await one.execute(text(ADD_USER))
        async with pooled.write() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await session.rollback()
            await terminate(database, pid)
            assert await session.scalar(text("SELECT 1")) == 1
        await kill_idle()
        async with pooled.engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
        await kill_idle()
        async with pooled.engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            assert await plain.scalar(text("SELECT 1")) == 1
    assert await connections(database, "killed") == 0


async def test_a_connection_that_was_left_within_a_transaction_is_replaced_unseen(database: Database) -> None:
    """As happens where somebody begins on the driver itself: nobody may go on in what is open there."""
    limits = Limits(pool_size=1, max_overflow=0)
    async with Database(database.target, limits=limits, application_name="left open") as pooled:
        async with pooled.engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            await raw.execute("BEGIN; SET LOCAL statement_timeout = 12345")
        async with pooled.write() as session:
            assert await session.scalar(text("SHOW statement_timeout")) == "30s"
            assert await connections(database, "left open") == 1


async def test_a_begin_that_is_not_answered_leaves_nothing_open(database: Database) -> None:
    limits = Limits(pool_size=1, max_overflow=0, command_timeout=0.5)
    async with Database(database.target, limits=limits, application_name="stopped") as pooled:
        async with pooled.write() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
        os.kill(pid, signal.SIGSTOP)
        try:
            async with pooled.write() as session:
                assert await session.scalar(text("SELECT pg_backend_pid()")) != pid
        finally:
            os.kill(pid, signal.SIGCONT)
        for _ in range(500):  # it ends once it sees that its client has gone
            if (left := await connections(database, "stopped")) == 1:
                break
            await asyncio.sleep(0.01)
        assert left == 1


async def connections(database: Database, application_name: str) -> int:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    async with database.read() as session:
        found: int | None = await session.scalar(query, {"name": application_name})
    return found or 0


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
