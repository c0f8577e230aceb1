"""Commands run as pipes run them: each in a process of its own, with nothing around it but what the test gives it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from tradingdb.urls import ConnectionTarget

FORKS = Path(__file__).with_name("command_forks.py")

Where = ConnectionTarget | URL | str | None
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Run = Callable[..., Awaitable[tuple[int, str, str]]]


def environment(home: Path, where: Where = None, **variables: str) -> dict[str, str]:
    """What a command finds around it: a home, a database unless that is None, and these variables."""
    found = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    if where is not None:
        url = where.url if isinstance(where, ConnectionTarget) else where
        found["DATABASE_URL"] = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    return found


async def start_python(
    home: Path, where: Where, *arguments: str | Path, **variables: str
) -> asyncio.subprocess.Process:
    """Start Python on a database, without a terminal, in a folder that is its home."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=home,
        env=environment(home, where, **variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run_python(home: Path, where: Where, *arguments: str | Path, **variables: str) -> tuple[int, str, str]:
    """The same, to its end; returns exit code, output and errors."""
    process = await start_python(home, where, *arguments, **variables)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@contextmanager
def process_that_forks(**variables: str) -> Iterator[Path]:
    """A process that has the commands imported (`command_forks`); gives the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="tradingdb-") as folder:
        path = Path(folder) / "forks"
        with subprocess.Popen(
            [sys.executable, FORKS, path],
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                yield path
            finally:
                process.terminate()


@pytest.fixture(scope="session")
def forks() -> Iterator[Path]:
    """The socket of a process that forks for each command."""
    with process_that_forks() as path:
        yield path


async def run_forked(
    forks: Path, home: Path, where: Where, *arguments: str | Path, **variables: str
) -> tuple[int, str, str]:
    """What `run_python` does, in a process of its own that was forked with the commands imported."""
    return await asyncio.to_thread(_run_forked, forks, home, environment(home, where, **variables), arguments)


async def run_tradingdb(
    forks: Path, home: Path, where: Where, *arguments: str, **variables: str
) -> tuple[int, str, str]:
    """The same with `tradingdb`."""
    return await run_forked(forks, home, where, "-m", "tradingdb", *arguments, **variables)


@contextmanager
def forked(
    forks: Path, home: Path, around: dict[str, str], arguments: tuple[str | Path, ...], *descriptors: int
) -> Iterator[socket.socket]:
    """Start the same with these descriptors for standard input, output and error; the socket will say the exit code.

    Where the input is a terminal, it becomes the terminal of the process.
    """
    request = {"arguments": list(map(str, arguments)), "folder": str(home), "environment": around}
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(forks))
        socket.send_fds(client, [json.dumps(request).encode()], descriptors)
        yield client


def _run_forked(
    forks: Path, home: Path, around: dict[str, str], arguments: tuple[str | Path, ...]
) -> tuple[int, str, str]:
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        forked(forks, home, around, arguments, nothing.fileno(), out.fileno(), err.fileno()) as client,
    ):
        code = int(client.recv(16))
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()
