"""`tradingdb server`: an embedded PostgreSQL that stays until it is stopped."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tradingdb.database import Database
from tradingdb.embedded import EmbeddedServer


@pytest_asyncio.fixture(loop_scope="session")
async def data_dir() -> AsyncIterator[Path]:
    """A folder that the server's user can enter, with a name short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tradingdb-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        await asyncio.to_thread(path.chmod, 0o755)
        yield path
        await asyncio.to_thread(EmbeddedServer(path).stop)


async def server(data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tradingdb", "server", *arguments),
        cwd=data_dir,
        env={"PATH": os.environ["PATH"], "HOME": str(data_dir), "TRADINGDB_DATA_DIR": str(data_dir)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_server_runs_from_its_start_to_its_stop(data_dir: Path) -> None:
    code, out, err = await server(data_dir, "start", "--json")
    assert (code, err) == (0, "")
    started = json.loads(out)
    assert (started["running"], started["data_dir"]) == (True, str(data_dir))
    async with Database(started["url"]) as database:
        health = await database.health()
    assert health.server_version.startswith(f"{started['version']}.")

    code, out, err = await server(data_dir, "status")
    assert (code, err) == (0, "")
    assert started["url"] in out

    code, out, err = await server(data_dir, "stop")
    assert (code, err) == (0, "")
    assert "does not run" in out
    code, out, err = await server(data_dir, "status", "--json")
    assert (code, err, json.loads(out)["running"]) == (1, "", False)
    assert not await asyncio.to_thread(EmbeddedServer(data_dir).is_accepting)
