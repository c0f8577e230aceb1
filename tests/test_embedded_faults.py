"""The embedded PostgreSQL recovers from what can be mended, and says in a sentence why it cannot start."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from embedded_servers import ROOT, as_root, ask, embedded, processes_of, sockets_of, stat_mode
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.embedded import SERVER_USER_OF_ROOT, EmbeddedServer
from tradingdb.errors import DatabaseUnavailableError, EmbeddedServerError
from tradingdb.settings import Settings
from tradingdb.setup import reset
from tradingdb.urls import ConnectionTarget


def kill_without_mercy(server: EmbeddedServer) -> None:
    postmaster = psutil.Process(int((server.pgdata / "postmaster.pid").read_text().split()[0]))
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while any(is_alive(process) for process in family):
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; init may take a second to bury what does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_an_open_database_starts_a_server_again_that_was_killed(used_folder: Path) -> None:
    server = embedded(used_folder)
    async with Database(ConnectionTarget(server.url()), embedded=server) as database:
        async with database.read() as session:
            assert await session.scalar(text("SELECT 41")) == 41
        kill_without_mercy(server)
        async with database.read() as session:
            assert await session.scalar(text("SELECT 42")) == 42
    assert not server.is_accepting()


async def test_committed_data_survives_a_server_that_was_killed(used_folder: Path) -> None:
    server = embedded(used_folder, settings={"fsync": "off"})
    server.acquire()
    await ask(server, "CREATE TABLE survived (id int)", "INSERT INTO survived VALUES (7)")
    kill_without_mercy(server)
    server.release()
    with embedded(used_folder) as again:
        assert await ask(again, "SELECT id FROM survived") == 7


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process of the server's user that has nothing to do with it."""
    with subprocess.Popen(["sleep", "600"], user=SERVER_USER_OF_ROOT if ROOT else None) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.mark.parametrize("whose", ["this process", "a process of the server's user"])
async def test_a_pid_file_that_names_somebody_else_s_process_is_not_believed(
    used_folder: Path, stranger: psutil.Process, whose: str
) -> None:
    server = embedded(used_folder)
    server.acquire()
    kill_without_mercy(server)
    server.release()
    pid = os.getpid() if whose == "this process" else stranger.pid
    for file in (server.pgdata / "postmaster.pid", sockets_of(server) / ".s.PGSQL.5432.lock"):
        _, *rest = file.read_text().split("\n")
        file.write_text("\n".join([str(pid), *rest]))
    with embedded(used_folder) as again:
        assert await ask(again, "SELECT 42") == 42
    assert stranger.is_running()


def test_a_half_made_data_directory_is_made_again(folder: Path) -> None:
    partial = folder / "postgresql-18.partial"
    (partial / "base").mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    with embedded(folder) as server:
        assert server.is_accepting()
    assert not partial.exists()


async def test_a_setting_that_postgresql_refuses_is_said_and_the_next_start_with_a_good_one_works(
    used_folder: Path,
) -> None:
    with pytest.raises(EmbeddedServerError, match=r"did not start: .*(contains errors|invalid value).*server\.log"):
        embedded(used_folder, settings={"shared_buffers": "nonsense"}).acquire()
    assert processes_of(used_folder) == []
    with embedded(used_folder) as server:
        assert await ask(server, "SELECT 42") == 42


def test_a_damaged_configuration_is_said(used_folder: Path) -> None:
    configuration = embedded(used_folder).pgdata / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "\nthis is = = no setting\n")
    try:
        with pytest.raises(EmbeddedServerError, match=r"did not start: .*postgresql\.conf"):
            embedded(used_folder).acquire()
        assert processes_of(used_folder) == []
    finally:
        configuration.write_text(good)
    with embedded(used_folder) as server:
        assert server.is_accepting()


def test_damaged_data_are_said_and_not_thrown_away(used_folder: Path) -> None:
    control = embedded(used_folder).pgdata / "global" / "pg_control"
    good = control.read_bytes()
    control.write_bytes(b"\xff" * len(good))
    try:
        with pytest.raises(EmbeddedServerError, match=r"did not start"):
            embedded(used_folder).acquire()
        assert processes_of(used_folder) == []
    finally:
        control.write_bytes(good)


@as_root
def test_a_data_directory_of_another_user_is_refused(used_folder: Path) -> None:
    pgdata = embedded(used_folder).pgdata
    shutil.chown(pgdata, "nobody")
    try:
        with pytest.raises(EmbeddedServerError, match=r"belongs to another user.*TRADINGDB_DATA_DIR"):
            embedded(used_folder).acquire()
    finally:
        shutil.chown(pgdata, SERVER_USER_OF_ROOT)


@as_root
def test_a_folder_that_the_server_s_user_cannot_enter_is_refused_and_its_mode_is_left_alone(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=f"cannot enter {closed}: set TRADINGDB_DATA_DIR"):
        embedded(closed / "data").acquire()
    assert stat_mode(closed) == 0o700


def test_a_file_where_the_folder_should_be_is_refused(folder: Path) -> None:
    (folder / "data").write_text("")
    with pytest.raises(EmbeddedServerError, match=r"cannot be used.*TRADINGDB_DATA_DIR"):
        embedded(folder / "data").acquire()


async def test_a_database_whose_drop_was_interrupted_can_be_reset(used_folder: Path) -> None:
    with embedded(used_folder) as server:
        target = ConnectionTarget(server.url())
        async with maintenance_connection(target.with_database("postgres"), autocommit=True) as connection:
            await connection.execute(text("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'tradingdb'"))
    async with Database(ConnectionTarget(server.url()), embedded=embedded(used_folder)) as database:
        with pytest.raises(DatabaseUnavailableError, match="tradingdb db reset"):
            await database.health()
        assert (await reset(database, Settings(_env_file=None))).created
        assert (await database.health()).revision


async def test_a_start_that_fails_after_the_server_runs_stops_it_again(folder: Path) -> None:
    with embedded(folder) as server:
        beside = ConnectionTarget(server.url()).with_database("postgres")
        async with maintenance_connection(beside, autocommit=True) as connection:
            await connection.execute(text("DROP DATABASE tradingdb"))
            await connection.execute(text("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'template1'"))
    with pytest.raises(EmbeddedServerError, match="createdb failed"):
        server.acquire()
    assert not server.is_accepting()
    assert processes_of(folder) == []
