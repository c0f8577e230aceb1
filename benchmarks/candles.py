"""How fast candles go in and out, as ratios against named rivals in the same run.

    python benchmarks/candles.py [--rows 1000000] [--repeat 3] [--json FILE]

Each figure is the median of `--repeat` runs on an embedded PostgreSQL of its own, fsync on. Rivals that are slow by a
factor of ten and more write a tenth of the rows; the ratio is of rows per second.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import rivals
from figures import Figure, of_rates, run, scratch_database
from sqlalchemy import text

from tradingdb import Database, candles, market
from tradingdb.bulk import copy_in, copy_out
from tradingdb.candles import store
from tradingdb.candles.sources import columns_from

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MINUTE = 60_000_000
FIRST = 1_600_000_020_000_000 // MINUTE * MINUTE
READ = (
    "SELECT open_time, open, high, low, close, volume FROM candles "
    "WHERE instrument_id = {} AND timeframe = '1m' ORDER BY open_time"
)


class Bench:
    """One database, one series of candles, and the measurements on it."""

    def __init__(self, database: Database, instrument_id: int, rows: int, repeat: int) -> None:
        self.database, self.instrument_id, self.rows, self.repeat = database, instrument_id, rows, repeat
        self.bars = bars(rows)
        self.tenth = {name: values[: rows // 10] for name, values in self.bars.items()}

    async def rate(
        self, rows: int, work: Callable[[], Awaitable[Any]], before: Callable[[], Awaitable[Any]] | None = None
    ) -> float:
        """Rows per second: the median of the runs."""
        rates = []
        for _ in range(self.repeat):
            if before is not None:
                await before()
            started = time.perf_counter()
            await work()
            rates.append(rows / (time.perf_counter() - started))
        return statistics.median(rates)

    async def rates(self, ours: Callable[[], Awaitable[Any]], theirs: Callable[[], Awaitable[Any]]) -> list[float]:
        """Rows per second of two that are close, in turns, so that both meet the same machine."""
        runs = [[await self.rate(self.rows, work) for work in (ours, theirs)] for _ in range(self.repeat)]
        return [statistics.median(rates) for rates in zip(*runs, strict=True)]

    async def clear(self) -> None:
        """No candles, and no plain ones."""
        async with self.database.write() as session:
            await session.execute(text("TRUNCATE candles, series_coverage, plain_candles"))

    async def write(self) -> None:
        """What is measured: all candles by `candles.write`, in one transaction."""
        async with self.database.write() as session:
            await candles.write(session, self.instrument_id, "1m", self.bars)

    async def raw_copy(self) -> None:
        """The limit: the same bytes, made beforehand, into the same table."""
        async with self.database.write() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            await copy_in(session, "candles", self.raw_columns, self.raw)

    def prepare_raw(self) -> None:
        """The bytes that `candles.write` would send."""
        ours = replace(
            columns_from(self.bars), is_closed=np.ones(self.rows, np.bool_), is_synthetic=np.zeros(self.rows, np.bool_)
        )
        series = {"instrument_id": self.instrument_id, "timeframe": "1m", "source": None}
        self.raw_columns, block = store.block_for_table(series, ours)
        size = 8 << 20
        self.raw = [block[at : at + size] for at in range(0, len(block), size)]

    async def read(self) -> candles.CandleSeries:
        """What is measured: all candles by `candles.read`."""
        async with self.database.read() as session:
            return await candles.read(session, self.instrument_id, "1m")

    async def read_arrow(self) -> Any:
        """The same into Arrow."""
        return (await self.read()).to_arrow()

    async def drain(self) -> None:
        """The limit: the same COPY, thrown away."""
        async with self.database.read() as session:
            query = READ.format(self.instrument_id).replace("volume", "coalesce(volume, 'NaN')")
            await copy_out(session, query, len)


def bars(rows: int) -> rivals.Bars:
    """A random walk, a candle a minute."""
    random = np.random.default_rng(7)
    open_ = 100 + random.normal(size=rows).cumsum() * 0.01
    close = open_ + random.normal(size=rows) * 0.01
    times = (FIRST + np.arange(rows, dtype=np.int64) * MINUTE).view("datetime64[us]")
    high, low = np.maximum(open_, close) + 0.01, np.minimum(open_, close) - 0.01
    return {"open_time": times, "open": open_, "high": high, "low": low, "close": close, "volume": random.random(rows)}


async def writing(bench: Bench) -> list[Figure]:
    """Every way in, against `candles.write` of a fresh range."""
    database, target, tenth = bench.database, bench.database.target, bench.rows // 10
    await bench.write()  # makes the partitions, which no rival needs
    bench.prepare_raw()
    raw = await bench.rate(bench.rows, bench.raw_copy, bench.clear)
    fresh = await bench.rate(bench.rows, bench.write, bench.clear)
    unchanged = await bench.rate(bench.rows, bench.write)
    theirs = {
        "asyncpg copy_records_to_table": (None, lambda: rivals.records(database, bench.tenth)),
        "SQLAlchemy Core executemany": (None, lambda: rivals.executemany(database, bench.tenth)),
        "SQLAlchemy add_all": (None, lambda: rivals.add_all(database, bench.tenth)),
        "pandas to_sql": (None, lambda: rivals.to_sql(database, bench.tenth)),
        "vnpy-style upserts of 100 rows": (20, lambda: rivals.in_thread(rivals.vnpy_style, target, bench.tenth)),
        "jesse-style inserts of 1,000 rows": (20, lambda: rivals.in_thread(rivals.jesse_style, target, bench.tenth)),
    }
    found = [
        of_rates("write a fresh range", "raw COPY of the same bytes", fresh, raw, 0.80),
        of_rates("rewrite it unchanged", "raw COPY of the same bytes", unchanged, raw, 0.50),
    ]
    for name, (goal, work) in theirs.items():
        found.append(of_rates("write a fresh range", name, fresh, await bench.rate(tenth, work, bench.clear), goal))
    ingest = await bench.rate(bench.rows, lambda: rivals.in_thread(rivals.adbc_ingest, target, bench.bars))
    found.append(
        of_rates("write a fresh range", "ADBC ingest into a table without keys or checks", fresh, ingest, None)
    )
    return found


async def reading(bench: Bench) -> list[Figure]:
    """Every way out, against `candles.read`."""
    await bench.clear()
    await bench.write()
    query = READ.format(bench.instrument_id)
    target = bench.database.target
    ours, drain = await bench.rates(bench.read, bench.drain)
    arrow = await bench.rate(bench.rows, bench.read_arrow)
    adbc = await bench.rate(bench.rows, lambda: rivals.in_thread(rivals.adbc_fetch, target, query))
    pandas = await bench.rate(bench.rows, lambda: rivals.read_sql(bench.database, query))
    return [
        of_rates("read into numpy", "draining the same COPY", ours, drain, 0.85),
        of_rates("read into Arrow", "ADBC fetch", arrow, adbc, 1.0),
        of_rates("read into numpy", "pandas read_sql", ours, pandas, 8),
    ]


async def measure(given: argparse.Namespace) -> list[Figure]:
    """Everything, on a server of its own."""
    async with scratch_database() as database:
        async with database.write() as session:
            instrument_id = (await market.ensure_instrument(session, "bench", "A/B")).id
        async with database.engine.begin() as connection:
            await connection.run_sync(rivals.Base.metadata.create_all)
        bench = Bench(database, instrument_id, given.rows, given.repeat)
        return [*await writing(bench), *await reading(bench)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    run("candles", "{rows:,} candles, medians of {repeat} runs", measure, parser)
