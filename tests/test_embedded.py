"""The embedded PostgreSQL starts, is shared by processes, belongs to one user, and stops."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from commands import run_forked
from embedded_servers import as_root, ask, embedded, processes_of, sockets_of, stat_mode
from tradingdb.database import Database
from tradingdb.settings import Settings

SYSTEM_PYTHON = Path("/usr/bin/python3")

USER_OF_THE_SERVER = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from tradingdb.database import Database
from tradingdb.embedded import EmbeddedServer
from tradingdb.errors import EmbeddedServerError
from tradingdb.urls import ConnectionTarget

async def ask(server):
    async with Database(ConnectionTarget(server.url())) as database, database.read() as session:
        return await session.scalar(text("SELECT 6 * 7"))

server = EmbeddedServer(Path(sys.argv[1]), settings={"fsync": "off"})
try:
    server.acquire()
except EmbeddedServerError as error:
    sys.exit(f"refused: {error}")
print(asyncio.run(ask(server)), flush=True)
sys.stdin.readline()
server.release()
print(server.is_accepting(), flush=True)
"""

CANNOT_IMPORT = 77
IMPORTS_OR_SAYS_WHY_NOT = f"""
import sys
try:
    import asyncpg, tradingdb.database
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit({CANNOT_IMPORT})
"""


async def test_committed_data_is_there_after_a_restart(used_folder: Path) -> None:
    with embedded(used_folder) as server:
        await ask(server, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (42)")
    assert not server.is_accepting()
    assert processes_of(used_folder) == []
    with embedded(used_folder) as again:
        assert await ask(again, "SELECT id FROM kept") == 42


async def test_two_versions_live_side_by_side_in_one_folder(used_folder: Path) -> None:
    with embedded(used_folder, version=16) as old:
        with embedded(used_folder, version=18) as new:
            asked = [await ask(server, "SHOW server_version") for server in (old, new)]
            assert [str(version).split(".")[0] for version in asked] == ["16", "18"]
            assert await ask(old, "CREATE EXTENSION vector", "SELECT '[1,2]'::vector <-> '[1,3]'") == 1
        assert (old.is_accepting(), new.is_accepting()) == (True, False)
    assert not old.is_accepting()


async def test_a_path_that_is_too_long_for_a_socket_works_all_the_same(folder: Path) -> None:
    deep = folder / ("long folder name with spaces and 'quotes' " * 3) / ("y" * 90)
    with embedded(deep) as server:
        assert await ask(server, "SHOW data_directory") == str(server.pgdata)
        assert stat_mode(sockets_of(server)) == 0o700
    assert not server.is_accepting()
    shutil.rmtree(sockets_of(server))


async def test_variables_meant_for_other_servers_do_not_lead_astray(
    used_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "db.invalid", "PGPORT": "1", "PGDATA": "/nonexistent", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    with embedded(used_folder, settings={"cluster_name": "it's mine"}) as server:
        assert await ask(server, "SHOW cluster_name") == "it's mine"


async def test_nobody_but_this_user_can_reach_the_server(used_folder: Path) -> None:
    with embedded(used_folder) as server:
        assert await ask(server, "SHOW listen_addresses") == ""
        assert stat_mode(sockets_of(server)) == 0o700
        assert stat_mode(server.pgdata) == 0o700


def start_user(folder: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", USER_OF_THE_SERVER, str(folder)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


async def test_many_processes_may_start_one_folder_at_once(folder: Path, forks: Path) -> None:
    user = partial(run_forked, forks, folder, None, "-c", USER_OF_THE_SERVER, folder)
    ended = await asyncio.gather(*(user() for _ in range(6)))
    assert [(code, out.split()[:1], err) for code, out, err in ended] == [(0, ["42"], "")] * 6
    assert not embedded(folder).is_accepting()


def test_the_last_user_stops_the_server_and_an_earlier_one_does_not(used_folder: Path) -> None:
    first, second, third = (embedded(used_folder) for _ in range(3))
    for server in (first, second, third, third):
        server.acquire()
    first.release()
    third.release()
    assert second.is_accepting()
    second.release()
    assert not second.is_accepting()
    second.release()


def test_a_user_that_was_killed_does_not_keep_the_server(used_folder: Path) -> None:
    with start_user(used_folder) as user, closing(user.stdin):
        assert user.stdout.readline() == "42\n"
        with embedded(used_folder) as server:
            user.kill()
            user.wait(30)
            user.stdout.close()
            user.stderr.close()
        assert not server.is_accepting()


def test_a_pinned_server_outlives_its_users_until_it_is_stopped_or_unpinned(used_folder: Path) -> None:
    with embedded(used_folder) as server:
        server.pin(keep=True)
    assert server.is_accepting()
    with embedded(used_folder) as server:
        server.pin(keep=False)
    assert not server.is_accepting()
    with embedded(used_folder) as server:
        server.pin(keep=True)
    server.stop()
    assert not server.is_accepting()
    with embedded(used_folder):
        pass
    assert not server.is_accepting(), "stopping also unpins"


def test_stopping_does_not_wait_for_users(used_folder: Path) -> None:
    with embedded(used_folder) as user:
        embedded(used_folder).stop()
        assert not user.is_accepting()
        user.release()


@pytest.fixture
def ordinary_folder(folder: Path) -> Path:
    """A folder of an ordinary user without a home, when the suite itself runs as root."""
    shutil.chown(folder, "nobody")
    return folder


def run_as_nobody(folder: Path) -> subprocess.CompletedProcess[str]:
    packages = Path(psutil.__file__).parents[1]
    sources = Path(sys.modules["tradingdb"].__file__).parents[1]
    environment = {"PYTHONPATH": f"{packages}:{sources}", "PATH": os.environ["PATH"]}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder.parent)}
    nobody = pwd.getpwnam("nobody")
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    command = [str(SYSTEM_PYTHON), "-c", f"{IMPORTS_OR_SAYS_WHY_NOT}{USER_OF_THE_SERVER}", str(folder)]
    if not SYSTEM_PYTHON.exists():
        pytest.skip(f"{SYSTEM_PYTHON} cannot run the package as another user: it does not exist")
    ended = subprocess.run(
        command, **identity, env=environment, cwd="/", input="\n", capture_output=True, text=True, check=False
    )
    if ended.returncode == CANNOT_IMPORT:
        pytest.skip(f"{SYSTEM_PYTHON} cannot run the package as another user: {ended.stderr.strip()}")
    return ended


@as_root
def test_an_ordinary_user_runs_a_server_of_his_own(ordinary_folder: Path) -> None:
    data = ordinary_folder / "data"
    data.mkdir()
    shutil.chown(data, "nobody")
    ended = run_as_nobody(data)
    assert (ended.stdout.split(), ended.stderr, ended.returncode) == (["42", "False"], "", 0)
    assert (data / "postgresql-18").stat().st_uid == pwd.getpwnam("nobody").pw_uid


@as_root
@pytest.mark.parametrize("name", ["short", "long" * 40], ids=["short path", "long path"])
def test_an_ordinary_user_is_told_when_he_may_not_write_to_the_folder(ordinary_folder: Path, name: str) -> None:
    closed = ordinary_folder / name
    closed.mkdir(mode=0o555)
    ended = run_as_nobody(closed)
    assert ended.stderr.startswith(f"refused: {closed} cannot be used for the embedded PostgreSQL (Permission denied)")
    assert processes_of(closed) == []


async def test_sessions_that_come_at_once_start_the_server_by_themselves_and_closing_stops_it(
    used_folder: Path,
) -> None:
    settings = Settings(data_dir=used_folder, _env_file=None).model_copy(update={"database_url": None})
    database = Database.from_env(settings)

    async def one_session() -> int:
        async with database.read() as session:
            return await session.scalar(text("SELECT 42"))

    assert await asyncio.gather(*(one_session() for _ in range(5))) == [42] * 5
    await database.close()
    assert not embedded(used_folder).is_accepting()
    assert await one_session() == 42, "a closed database opens again when it is asked"
    await database.close()
    assert processes_of(used_folder) == []


def test_ctrl_c_in_a_terminal_does_not_reach_the_server(used_folder: Path) -> None:
    with embedded(used_folder) as server:
        postmaster = int((server.pgdata / "postmaster.pid").read_text().split()[0])
        assert os.getsid(postmaster) != os.getsid(0)
        assert os.getpgid(postmaster) != os.getpgid(0)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
