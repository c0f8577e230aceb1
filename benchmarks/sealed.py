"""How fast sealed months are read, as ratios against named rivals in the same run.

    python benchmarks/sealed.py [--series 50] [--months 12] [--repeat 3] [--json FILE]

A year of 1m candles of one series is read warm. Then the months of `--series` series that were written side by side, as
live feeds do, are read cold: the server is started anew, and the page cache of the system is dropped where we may (as
root on Linux). Each figure is the median of `--repeat` runs on an embedded PostgreSQL of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from figures import Figure, of_rates, run, server
from sqlalchemy import text

from candles import READ, bars
from tradingdb import Database, candles, market
from tradingdb.bulk import copy_out
from tradingdb.connections import maintenance_connection
from tradingdb.models import Candle
from tradingdb.setup import setup
from tradingdb.timeseries import partitions
from tradingdb.urls import ConnectionTarget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rivals import Bars

    from tradingdb.embedded import EmbeddedServer

YEAR = 525_600
START = datetime(2023, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 1, tzinfo=UTC)
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
DRAIN = READ.replace("volume", "coalesce(volume, 'NaN')").replace(
    "ORDER", "AND open_time >= '{}' AND open_time < '{}' ORDER"
)
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")

_INTERLEAVED = text(
    """
    INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close, volume)
    SELECT instrument_id, '1m', at, price, price + 1, price - 1, price, round(random()::numeric, 5)
    FROM generate_series(CAST(:first AS timestamptz), CAST(:last AS timestamptz), interval '1 minute') AS at
    CROSS JOIN LATERAL (
        SELECT instrument_id, round((1000 + 10 * random())::numeric, 2) AS price
        FROM unnest(CAST(:ids AS int[])) AS instrument_id
        WHERE at IS NOT NULL
    ) one
    """
)


class Bench:
    """A server that can be made cold, and the measurements on it."""

    def __init__(self, server: EmbeddedServer, repeat: int) -> None:
        self.server, self.repeat = server, repeat

    def database(self) -> Database:
        """A database of its own for each measurement, so that the server stops in between."""
        return Database(ConnectionTarget(self.server.url()), embedded=self.server)

    async def warm(self, database: Database, rows: int, work: Callable[[Database], Awaitable[Any]]) -> float:
        """Rows per second: the median of the runs, after one that does not count."""
        await work(database)
        rates = []
        for _ in range(self.repeat):
            started = time.perf_counter()
            await work(database)
            rates.append(rows / (time.perf_counter() - started))
        return statistics.median(rates)

    async def cold(self, rows: int, work: Callable[[Database], Awaitable[Any]]) -> float:
        """The same, each run on a server that has just been started. Connecting does not count."""
        rates = []
        for _ in range(self.repeat):
            await asyncio.to_thread(self.server.stop)
            drop_caches()
            async with self.database() as database:
                async with database.read() as session:
                    await session.execute(text("SELECT 1"))
                started = time.perf_counter()
                await work(database)
                rates.append(rows / (time.perf_counter() - started))
        return statistics.median(rates)


def drop_caches() -> None:
    """Have the system read from disk again, where we may."""
    os.sync()
    if may_drop_caches():
        DROP_CACHES.write_text("3\n")


def may_drop_caches() -> bool:
    """Whether there is such a thing, and it is ours to do."""
    return os.access(DROP_CACHES, os.W_OK)


def reader(instrument_id: int, start: datetime, end: datetime) -> Callable[[Database], Awaitable[Any]]:
    """What is measured: `candles.read`."""

    async def read(database: Database) -> None:
        async with database.read() as session:
            await candles.read(session, instrument_id, "1m", start, end)

    return read


def drainer(instrument_id: int, start: datetime, end: datetime) -> Callable[[Database], Awaitable[Any]]:
    """The rival: binary COPY of the rows, thrown away."""

    async def drain(database: Database) -> None:
        async with database.read() as session:
            await copy_out(session, DRAIN.format(instrument_id, start, end), len)

    return drain


def quoted(rows: int) -> Bars:
    """Candles as venues quote them, with two decimals of the price and five of the volume."""
    made = bars(rows)
    times = START.timestamp() * 1e6 + np.arange(rows) * 60e6
    prices = {name: np.round(made[name], 2) for name in ("open", "high", "low", "close")}
    return {"open_time": times.astype("datetime64[us]"), **prices, "volume": np.round(made["volume"], 5)}


async def year(bench: Bench, folder: Path) -> list[Figure]:
    """One series, one year, warm; once as venues quote prices, once with every digit that a double has."""
    found = []
    async with bench.database() as database:
        await setup(database)
        for symbol, what in (("A/B", "a year, prices as quoted"), ("C/D", "a year, doubles of 17 digits")):
            values = quoted(YEAR) if symbol == "A/B" else quoted(YEAR) | {n: bars(YEAR)[n] for n in COLUMNS[1:]}
            async with database.write() as session:
                instrument_id = (await market.ensure_instrument(session, "bench", symbol)).id
                await candles.write(session, instrument_id, "1m", values)
            async with maintenance_connection(database.target, autocommit=True) as connection:
                await connection.execute(text("VACUUM ANALYZE candles"))
            rows = await bench.warm(database, YEAR, drainer(instrument_id, START, END))
            await candles.seal(database, symbol=symbol)
            ours = await bench.warm(database, YEAR, reader(instrument_id, START, END))
            file = folder / f"{instrument_id}.parquet"
            pq.write_table(pa.table(values), file)

            async def parquet(_: Database, file: Path = file) -> None:
                table = await asyncio.to_thread(pq.read_table, file)
                for name in COLUMNS:
                    table[name].to_numpy()

            file_rate = await bench.warm(database, YEAR, parquet)
            found += [
                of_rates(what, "draining COPY of the rows", ours, rows, 4),
                of_rates(what, "pyarrow, one Parquet file", ours, file_rate, 0.25),
            ]
    return found


async def bytes_of_a_row(bench: Bench) -> dict[str, float]:
    """What a sealed candle takes on disk, by symbol; six plain numbers would be 48 bytes."""
    query = """
        SELECT symbol, sum(octet_length(open) + octet_length(high) + octet_length(low) + octet_length(close)
                           + octet_length(volume))::float8 / sum(row_count) AS bytes
        FROM candle_blocks JOIN instruments ON instruments.id = instrument_id GROUP BY symbol ORDER BY symbol
    """
    async with bench.database() as database, database.read() as session:
        return {row.symbol: row.bytes for row in await session.execute(text(query))}


async def side_by_side(bench: Bench, series: int, months: int) -> list[Figure]:
    """Many series written minute by minute: the rows of one lie on all pages of the table."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    end = datetime(2020 + months // 12, 1 + months % 12, 1, tzinfo=UTC)
    async with bench.database() as database:
        async with database.write() as session:
            made = [await market.ensure_instrument(session, "bench", f"S{at}/USD") for at in range(series)]
            await partitions.ensure(session, Candle, start, end)
        async with maintenance_connection(database.target, autocommit=True) as connection:
            last = end - timedelta(minutes=1)
            await connection.execute(_INTERLEAVED, {"first": start, "last": last, "ids": [one.id for one in made]})
            await connection.execute(text("VACUUM ANALYZE candles"))
        await database.run(lambda session: candles.verify_coverage(session, repair=True))
    rows = (end - start) // timedelta(minutes=1)
    chosen = made[series // 2].id
    theirs = await bench.cold(rows, drainer(chosen, start, end))
    async with bench.database() as database:
        await candles.seal(database)
    ours = await bench.cold(rows, reader(chosen, start, end))
    kind = "cold" if may_drop_caches() else "server restarted"
    return [of_rates(f"{months} months of {series} series, {kind}", "draining COPY of the rows", ours, theirs, 10)]


async def measure(given: argparse.Namespace) -> list[Figure]:
    """Everything, on a server of its own."""
    with server() as embedded:
        bench = Bench(embedded, given.repeat)
        found = await year(bench, embedded.data_dir.parent)
        sizes = await bytes_of_a_row(bench)
        found += [
            Figure(f"bytes of a candle, {symbol}", f"{size:.1f}", "plain doubles", "48", size)
            for symbol, size in sizes.items()
        ]
        return [*found, *await side_by_side(bench, given.series, given.months)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--series", type=int, default=50)
    parser.add_argument("--months", type=int, default=12, choices=range(1, 13))
    parser.add_argument("--repeat", type=int, default=3)
    run("sealed", "Sealed months, medians of {repeat} runs", measure, parser)
