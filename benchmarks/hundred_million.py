"""Whether the newest candles and the coverage take longer when there are a hundred times as many candles.

    python benchmarks/hundred_million.py [--candles 100000000] [--series 536] [--json FILE] [--docs]

The candles are generated on the server, series by series, a candle a minute; it takes several minutes and about 15 GB.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from figures import Figure, of_times, run, scratch_database
from rich.progress import track
from sqlalchemy import text

from tradingdb import candles, market
from tradingdb.connections import maintenance_connection
from tradingdb.models import Candle
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradingdb import Database

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEWEST = 500
REPEAT = 200

GENERATE = text(
    """
    INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close, volume)
    SELECT :instrument_id, '1m', at, price, price + 1, price - 1, price, 10
    FROM (
        SELECT at, 1000 + 10 * random() AS price
        FROM generate_series(CAST(:first AS timestamptz), CAST(:last AS timestamptz), interval '1 minute') AS at
    ) made
    """
)
COVER = text(
    """
    INSERT INTO series_coverage (instrument_id, timeframe, first_open_time, last_open_time, candle_count)
    VALUES (:instrument_id, '1m', :from, :last, :count)
    ON CONFLICT (instrument_id, timeframe)
    DO UPDATE SET last_open_time = excluded.last_open_time, candle_count = excluded.candle_count
    """
)


async def grow(database: Database, ids: list[int], had: int, wanted: int) -> None:
    """Give every series candles number `had` to `wanted`."""
    first, last = START + had * MINUTE, START + (wanted - 1) * MINUTE
    async with database.write() as session:
        await partitions.ensure(session, Candle, first, last)
    async with maintenance_connection(database.target, autocommit=True) as connection:
        for instrument_id in track(ids, f"{wanted * len(ids):,} candles"):
            values = {"instrument_id": instrument_id, "first": first, "last": last}
            await connection.execute(GENERATE, values)
            await connection.execute(COVER, values | {"from": START, "count": wanted})
        await connection.execute(text("VACUUM ANALYZE candles"))
        await connection.execute(text("VACUUM ANALYZE series_coverage"))
        await connection.execute(text("CHECKPOINT"))


async def median_seconds(work: Callable[[int], Awaitable[Any]]) -> float:
    """Of many calls, after some that do not count."""
    taken = []
    for number in range(REPEAT + 20):
        started = time.perf_counter()
        await work(number)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[20:])


async def asked(database: Database, ids: list[int]) -> tuple[float, float]:
    """Seconds for the newest candles of a series, each time another, and for the coverage of all."""

    async def newest(number: int) -> None:
        async with database.read() as session:
            found = await candles.latest(session, ids[number * 7 % len(ids)], "1m", NEWEST)
        assert len(found) == NEWEST  # noqa: S101 - or the time means nothing

    async def coverage(_: int) -> None:
        async with database.read() as session:
            assert len(await candles.coverage(session)) == len(ids)  # noqa: S101 - same

    return await median_seconds(newest), await median_seconds(coverage)


async def measure(given: argparse.Namespace) -> list[Figure]:
    """Everything, on a server of its own."""
    async with scratch_database() as database:
        async with database.write() as session:
            ids = [(await market.ensure_instrument(session, "bench", f"S{at}/USD")).id for at in range(given.series)]
        few, many = given.candles // 100 // given.series, given.candles // given.series
        await grow(database, ids, 0, few)
        newest_few, _ = await asked(database, ids)
        await grow(database, ids, few, many)
        newest_many, coverage = await asked(database, ids)
    return [
        of_times(f"latest({NEWEST})", "the same with a hundredth of the candles", newest_many, newest_few, 1.3),
        Figure("coverage(), ms", f"{coverage * 1e3:.1f} ms", "", "", coverage * 1e3, 20, is_at_most=True),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--candles", type=int, default=100_000_000)
    parser.add_argument("--series", type=int, default=536)
    run("hundred_million", "{candles:,} candles in {series} series", measure, parser)
