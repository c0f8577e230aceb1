"""`tradingdb candles`: files go in once, and what is there is listed."""

from __future__ import annotations

import asyncio
import json
import signal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from commands import Run, Start
from tradingdb import candles
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database, ReadSession
from tradingdb.services import market

HEADER = "time,open,high,low,close,volume\n"
ROWS = 120


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb candles` on the database."""
    return partial(run, database.target, "candles")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Two hours of candles whose times carry no zone."""
    lines = [f"2024-03-01 {at // 60:02}:{at % 60:02},1,2,0.5,1.5,{at}\n" for at in range(ROWS)]
    (tmp_path / "two hours.csv").write_text(HEADER + "".join(lines))
    return "two hours.csv"


async def count_candles(session: ReadSession) -> int:
    return await session.scalar(text("SELECT count(*) FROM candles")) or 0


def series(venue: str, symbol: str, timeframe: str) -> list[str]:
    return ["--venue", venue, "--symbol", symbol, "--timeframe", timeframe]


async def test_a_file_goes_in_once_however_often_it_is_imported(run: Run, file: str) -> None:
    first = await run("import", file, *series("kraken", "BTC/USD", "1m"))
    assert (first[0], first[2]) == (0, ""), "progress is not for pipes"
    assert f"{ROWS} inserted" in first[1]

    code, out, err = await run("import", file, *series("kraken", "BTC/USD", "1m"), "--json")
    assert (code, err) == (0, "")
    report = {"inserted": 0, "updated": 0, "unchanged": ROWS, "duplicates": 0, "quarantined": 0}
    assert json.loads(out) == {
        "file": file, "venue": "kraken", "symbol": "BTC/USD", "timeframe": "1m", "report": report,
    }  # fmt: skip


async def test_times_without_a_zone_are_read_in_the_zone_that_was_named(
    database: Database, run: Run, file: str
) -> None:
    code, _, err = await run("import", file, *series("kraken", "BTC/JPY", "1m"), "--timezone", "Asia/Tokyo")
    assert (code, err) == (0, "")
    async with database.read() as session:
        [stored] = await candles.coverage(session)
    assert (stored.first.isoformat(), stored.count) == ("2024-02-29T15:00:00+00:00", ROWS)


async def test_what_is_there_is_listed_by_venue_symbol_and_timeframe(database: Database, run: Run) -> None:
    async with database.write() as session:
        for venue, symbol, timeframe, step in [("kraken", "BTC/USD", "1m", 60), ("binance", "ETH/USDT", "1h", 3600)]:
            instrument = await market.ensure_instrument(session, venue, symbol)
            bars = [[1_709_251_200_000 + at * step * 1000, 1, 2, 0.5, 1.5, 3] for at in (0, 1, 3)]
            await candles.write(session, instrument, timeframe, bars, source="ccxt")
    listed, of_venue, of_nobody, table = await asyncio.gather(
        run("list", "--json"),
        run("list", "--venue", "Kraken", "--timeframe", "1m", "--json"),
        run("list", "--venue", "krakn", "--json"),
        run("list"),
    )
    assert [(code, err) for code, _, err in (listed, of_venue, of_nobody, table)] == [(0, "")] * 4
    assert [info["venue"] for info in json.loads(listed[1])] == ["binance", "kraken"]
    first = json.loads(listed[1])[0]
    assert (first["symbol"], first["timeframe"], first["count"], first["expected"]) == ("ETH/USDT", "1h", 3, 4)
    assert first["source"] == "ccxt"
    assert json.loads(of_nobody[1]) == []
    assert "2024-03-01 00:00" in table[1]
    assert [info["venue"] for info in json.loads(of_venue[1])] == ["kraken"], "as an import takes it, whatever its case"


async def test_an_interrupted_import_stores_nothing(database: Database, start: Start, tmp_path: Path) -> None:
    lines = [f"2024-{1 + day // 28:02}-{1 + day % 28:02},1,2,0.5,1.5,1\n" for day in range(300)]
    await asyncio.to_thread((tmp_path / "days.csv").write_text, HEADER + "".join(lines))
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "kraken", "BTC/USD")
        await candles.write(session, instrument, "1d", [[1_700_006_400_000, 1, 2, 0.5, 1.5, 3]])

    async with database.write() as session:  # the import has written its candles when it comes to this row
        await session.execute(text("SELECT 1 FROM series_coverage FOR UPDATE"))
        importing = await start(
            database.target, "-m", "tradingdb", "candles", "import", "days.csv", *series("kraken", "BTC/USD", "1d")
        )
        said = asyncio.create_task(importing.communicate())
        waiting = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        async with asyncio.timeout(60), maintenance_connection(database.target, autocommit=True) as onlooker:
            while not await onlooker.scalar(waiting):
                assert importing.returncode is None, (await said)[1].decode()
                await asyncio.sleep(0.05)
        importing.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            out, err = await said

    assert (importing.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert err == b"error: Interrupted; transactions that were not finished were rolled back.\n"
    async with database.read() as session:
        assert await count_candles(session) == 1
        assert await session.scalar(text("SELECT candle_count FROM series_coverage")) == 1
