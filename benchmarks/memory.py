"""How much memory candles take on their way in and out, beside the arrays that the caller has himself.

    python benchmarks/memory.py [--rows 10000000] [--json FILE] [--docs]

The most that this process held at any moment, above what it held before: PostgreSQL is another process. Linux counts it
(`VmHWM`, made to begin anew by `/proc/self/clear_refs`), so it runs there only.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from figures import Figure, run, scratch_database

from tradingdb import candles, market

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOAL = 200
"""MB, whatever the number of rows."""
FIRST = np.datetime64("2006-01-01", "us")
MEGABYTE = 10**6


class Peak:
    """What the process takes at most while a block runs, in bytes more than before it."""

    def __enter__(self) -> Self:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        self.before = _memory("VmRSS")
        return self

    def __exit__(self, *raised: object) -> None:
        self.extra = _memory("VmHWM") - self.before


def _memory(name: str) -> int:
    """A line of the process's status, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0]) * 1024


def bars(rows: int) -> dict[str, NDArray[np.generic]]:
    """A random walk, a candle a minute."""
    random = np.random.default_rng(7)
    close = np.round(100 + random.normal(scale=0.01, size=rows).cumsum(), 2)
    times = FIRST + np.arange(rows) * np.timedelta64(1, "m")
    return {"open_time": times, "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": close}


def figure(what: str, peak: Peak, against: str, size: int) -> Figure:
    """Megabytes, and how many the columns themselves have."""
    extra = peak.extra / MEGABYTE
    return Figure(what, f"{extra:,.0f} MB", against, f"{size / MEGABYTE:,.0f} MB", extra, GOAL, is_at_most=True)


async def measure(given: argparse.Namespace) -> list[Figure]:
    """A write from numpy in one transaction, and a stream of the same candles."""
    async with scratch_database() as database:
        async with database.write() as session:
            instrument_id = (await market.ensure_instrument(session, "bench", "A/B")).id
        data = bars(given.rows)
        size = sum(column.nbytes for column in data.values())
        with Peak() as writing:
            async with database.write() as session:
                await candles.write(session, instrument_id, "1m", data)
        del data
        read = 0
        with Peak() as streaming:
            async with database.read() as session:
                async for part in candles.stream(session, instrument_id, "1m"):
                    read += len(part)
        assert read == given.rows  # noqa: S101 - or the figure is of something else
    return [
        figure("write from numpy, extra at most", writing, "the arrays that are written", size),
        figure("stream, extra at most", streaming, "the columns that are read", size),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    run("memory", "{rows:,} candles", measure, parser)
