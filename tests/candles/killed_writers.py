"""Processes that write candles and are killed in the middle: what is left must be whole batches and a true coverage.

`make soak` kills fifty; the suite kills a few. `python tests/candles/killed_writers.py --write URL` is such a process.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from tradingdb import Database, candles, market
from tradingdb.embedded import EmbeddedServer
from tradingdb.setup import setup
from tradingdb.urls import ConnectionTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2025, 1, 1, tzinfo=UTC)
SIZES = (5, 400, 3_000, 30_000)
"""Candles of a batch: by one statement, by COPY and merge, and over several months."""
ROOM = 50_000
"""Minutes that each size has for itself, so that a batch either fills its range or is not there."""


def batch(size: int, number: int) -> dict[str, np.ndarray]:
    """All candles of a range at one price, the number of the batch."""
    first = START + SIZES.index(size) * timedelta(minutes=ROOM)
    times = np.datetime64(first.replace(tzinfo=None), "us") + np.arange(size) * np.timedelta64(1, "m")
    price = np.full(size, float(number))
    return {"open_time": times, "open": price, "high": price, "low": price, "close": price, "volume": price}


async def write_until_killed(url: str) -> None:
    """Write batch after batch, each larger price over the last; says so once it has begun."""
    async with Database(url) as database:
        async with database.write() as session:
            instrument_id = (await market.ensure_instrument(session, "testex", "KILL/USD")).id
        began = time.time_ns() // 1_000
        print("writing", flush=True)  # noqa: T201 - who kills waits for it
        for number in itertools.count():
            async with database.write() as session:
                size = SIZES[number % len(SIZES)]
                await candles.write(session, instrument_id, "1m", batch(size, began + number))
            if number == 0:
                print("stored", flush=True)  # noqa: T201 - same


def kill_one(url: str, dice: random.Random) -> None:
    """Start a writer, and kill it at a random moment of its work."""
    command = [sys.executable, __file__, "--write", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        assert writer.stdout.readline() == b"stored\n"  # or nothing would be there to be wrong
        time.sleep(dice.uniform(0, 1.2))
        writer.kill()


async def newest_in(database: Database) -> float:
    """The number of the newest batch; 0: there is none."""
    async with database.read() as session:
        return float(await session.scalar(text("SELECT coalesce(max(open), 0) FROM candles")) or 0)


async def wrong_in(database: Database) -> list[str]:
    """Batches that are not whole, and series whose coverage is untrue."""
    query = text(
        """
        SELECT count(*) AS candles, count(DISTINCT open) AS batches FROM candles
        WHERE open_time >= :first AND open_time < :last
        """
    )
    wrong = []
    async with database.read() as session:
        for at, size in enumerate(SIZES):
            first = START + at * timedelta(minutes=ROOM)
            row = (await session.execute(query, {"first": first, "last": first + timedelta(minutes=ROOM)})).one()
            if (row.candles, row.batches) not in {(0, 0), (size, 1)}:
                wrong.append(f"{row.candles} of {size} candles, of {row.batches} batches")
        check = await candles.verify_coverage(session)
    return wrong + [f"coverage: {difference}" for difference in check.differences]


async def soak(server: EmbeddedServer, kills: int) -> Sequence[str]:
    """Kill writers, and look after each."""
    dice, wrong = random.Random(1), []  # noqa: S311 - can be repeated
    url = server.url()
    async with Database(ConnectionTarget(url)) as database:
        await setup(database)
        for _ in range(kills):
            before = await newest_in(database)
            await asyncio.to_thread(kill_one, str(url), dice)
            wrong += await wrong_in(database)
            wrong += [] if await newest_in(database) > before else ["nothing was stored by the writer that was killed"]
    return wrong


def main() -> int:
    """Be a writer, or kill some on a server of their own. Returns 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write")
    parser.add_argument("--kills", type=int, default=50)
    given = parser.parse_args()
    if given.write:
        asyncio.run(write_until_killed(given.write))
    with tempfile.TemporaryDirectory(prefix="tradingdb-kills-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # a server that root starts runs as somebody else
        server = EmbeddedServer(Path(folder) / "data")
        server.acquire()
        try:
            wrong = asyncio.run(soak(server, given.kills))
        finally:
            server.release()
    print(f"{given.kills} writers of candles killed; wrong: {len(wrong)}", *wrong[:20], sep="\n")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
