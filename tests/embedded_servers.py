"""Embedded servers of a test's own: their folders, their processes, and what they answer."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from tradingdb.database import Database
from tradingdb.embedded import EmbeddedServer
from tradingdb.errors import EmbeddedServerError
from tradingdb.testing import THROWAWAY_SETTINGS, throwaway_root
from tradingdb.urls import ConnectionTarget

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root, to act for other users")


def embedded(folder: Path, **options: object) -> EmbeddedServer:
    return EmbeddedServer(folder, **{"settings": THROWAWAY_SETTINGS, **options})


async def ask(server: EmbeddedServer, *statements: str) -> object:
    async with Database(ConnectionTarget(server.url())) as database, database.write() as session:
        for statement in statements:
            result = await session.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def processes_of(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd().startswith(str(folder)) or str(folder) in " ".join(process.cmdline()[:6]):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def sockets_of(server: EmbeddedServer) -> Path:
    return Path(str(server.url().query["host"]))


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tdb-", dir=throwaway_root()))
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    for version in (16, 18):
        with suppress(EmbeddedServerError):
            embedded(folder, version=version).stop()
    assert processes_of(folder) == []
    shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that the server's user can reach."""
    folder = new_folder()
    yield folder
    remove(folder)


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """A folder with a server that was started and stopped before; tests leave it stopped."""
    folder = new_folder()
    with embedded(folder):
        pass
    yield folder
    remove(folder)
