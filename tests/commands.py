"""Commands run as pipes run them: each in a process of its own, with nothing around it but what the test gives it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import URL

from tradingdb.urls import ConnectionTarget

Where = ConnectionTarget | URL | str | None
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
READ_BY_IMPORTS = {"PYTHONPATH", "COLUMNS", "TERM"}

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


async def run_tradingdb(
    forks: Path, home: Path, where: Where, *arguments: str, **variables: str
) -> tuple[int, str, str]:
    """Run `tradingdb` in a process of its own that was forked with the commands imported (`command_forks`).

    What is read while they are imported takes effect only in a new Python, which is started for it.
    """
    if variables.keys() & READ_BY_IMPORTS:
        return await run_python(home, where, "-m", "tradingdb", *arguments, **variables)
    return await _run_fork(forks, home, environment(home, where, **variables), arguments)


async def run_script(
    forks: Path, home: Path, where: Where, script: Path, *arguments: str, **variables: str
) -> tuple[int, str, str]:
    """The same with a script."""
    return await _run_fork(forks, home, environment(home, where, **variables), arguments, script)


async def _run_fork(
    forks: Path, home: Path, around: dict[str, str], arguments: tuple[str, ...], script: Path | None = None
) -> tuple[int, str, str]:
    request = {"arguments": arguments, "folder": str(home), "environment": around, "script": script and str(script)}
    return await asyncio.to_thread(_fork, forks, json.dumps(request).encode())


def _fork(forks: Path, request: bytes) -> tuple[int, str, str]:
    with socket.socket(socket.AF_UNIX) as client, TemporaryFile() as out, TemporaryFile() as err:
        client.connect(str(forks))
        socket.send_fds(client, [request], [out.fileno(), err.fileno()])
        code = int(client.recv(16))
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()
