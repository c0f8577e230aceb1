"""What runs a command in a folder of the test's own, and what it runs on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from commands import Run, Start, run_forked, run_python, run_tradingdb, start_python
from scratch_databases import empty_database
from tradingdb.embedded import EmbeddedServer
from tradingdb.testing import throwaway_root
from tradingdb.urls import ConnectionTarget


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start Python with these arguments, on that database."""
    return partial(start_python, tmp_path)


@pytest.fixture
def python(tmp_path: Path) -> Run:
    """Run a new Python with these arguments, on that database; returns exit code, output and errors."""
    return partial(run_python, tmp_path)


@pytest.fixture
def run(forks: Path, tmp_path: Path) -> Run:
    """Run `tradingdb` with these arguments, on that database; returns exit code, output and errors."""
    return partial(run_tradingdb, forks, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def empty(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database without a schema, which belongs to the administrator."""
    async with empty_database(server) as target:
        yield target


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def data_dir() -> AsyncIterator[Path]:
    """A folder that the server's user can enter, with a name short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tradingdb-", dir=throwaway_root(), ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        await asyncio.to_thread(path.chmod, 0o755)
        yield path
        await asyncio.to_thread(EmbeddedServer(path).stop)


@pytest.fixture
def script(forks: Path, tmp_path: Path) -> Run:
    """Run Python with these arguments in a fork, on that database; returns exit code, output and errors."""
    return partial(run_forked, forks, tmp_path)


@pytest.fixture
def run_embedded(forks: Path, data_dir: Path) -> Run:
    """Run `tradingdb` with these arguments, on the embedded server of that folder."""
    return partial(run_tradingdb, forks, data_dir, None, TRADINGDB_DATA_DIR=str(data_dir))
