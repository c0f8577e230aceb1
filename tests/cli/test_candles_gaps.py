"""`tradingdb candles gaps` and `verify`: what is missing is told and filled, what is not true is told and mended."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import pytest
import pytest_asyncio
from sqlalchemy import text

from commands import Run
from tradingdb import candles
from tradingdb.database import Database
from tradingdb.services import market

FRIDAY = 1_709_308_800
"""2024-03-01T16:00Z, in seconds."""
HOURS = [0, 1, 4, 71, 72]
"""After it, to Monday 16:00."""
SERIES = ("--venue", "NYSE", "--symbol", "SPY", "--timeframe", "1h")


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb candles` on the database."""
    return partial(run, database.target, "candles")


@pytest_asyncio.fixture(loop_scope="session")
async def spy(database: Database) -> None:
    """A series with holes, in and out of hours."""
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "nyse", "SPY")
        await candles.write(session, instrument, "1h", [[FRIDAY + at * 3600, 1, 2, 0.5, 1.5, 3] for at in HOURS])


async def test_gaps_are_listed_and_are_a_no(run: Run, spy: None) -> None:
    table, listed, bounded = await asyncio.gather(
        run("gaps", *SERIES),
        run("gaps", *SERIES, "--json"),
        run("gaps", *SERIES, "--start", "2024-03-01T14:00-01:00", "--end", "2024-03-01T20:00", "--json"),
    )
    assert (table[0], table[2]) == (1, "")
    assert "2024-03-01 18:00" in table[1]
    assert "68 candles are missing in 2 gaps." in table[1]
    gaps = [
        {"start": "2024-03-01T18:00:00+00:00", "end": "2024-03-01T20:00:00+00:00", "missing": 2},
        {"start": "2024-03-01T21:00:00+00:00", "end": "2024-03-04T15:00:00+00:00", "missing": 66},
    ]
    assert (listed[0], json.loads(listed[1])) == (1, {"gaps": gaps, "missing": 68, "fill": None})
    assert json.loads(bounded[1])["missing"] == 3, "from 15:00 to before 20:00, of which two are there"


async def test_gaps_in_the_hours_of_an_exchange_are_filled_once(run: Run, spy: None) -> None:
    code, out, err = await run("gaps", *SERIES, "--calendar", "XNYS", "--fill", "flat", "--json")
    assert (code, err) == (0, "")
    assert [gap["missing"] for gap in json.loads(out)["gaps"]] == [2, 1]
    assert json.loads(out)["fill"] == {"filled": 3, "refreshed": 0, "left": 0}
    again, before = await asyncio.gather(
        run("gaps", *SERIES, "--end", "2024-03-01T21:00", "--fill", "flat"),
        run("gaps", *SERIES, "--start", "2024-03-01T14:00", "--end", "2024-03-01T21:00", "--fill", "flat"),
    )
    assert again == (0, "No candle is missing. 0 were filled, 0 refreshed, 0 are left.\n", "")
    assert (before[0], before[2]) == (1, "")
    assert "0 were filled, 0 refreshed, 2 are left." in before[1]


async def test_what_is_recorded_is_verified_and_mended(database: Database, run: Run, spy: None) -> None:
    assert await run("verify") == (0, "1 series were counted, 0 differ from what is recorded.\n", "")
    async with database.write() as session:
        await session.execute(text("UPDATE series_coverage SET candle_count = 99"))
    table, listed = await asyncio.gather(run("verify"), run("verify", "--json"))
    assert (table[0], table[2]) == (1, "")
    assert "2024-03-01 16:00 - 2024-03-04 16:00" in table[1]
    (difference,) = json.loads(listed[1])["differences"]
    assert (listed[0], difference["recorded"]["count"], difference["actual"]["count"]) == (1, 99, len(HOURS))

    code, out, err = await run("verify", *SERIES, "--repair", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["differences"] == [difference | {"is_repaired": True}]
    assert (await run("verify"))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("gaps", *SERIES[:4], "--timeframe", "1m"), "There are no 1m candles of SPY at nyse: see `tradingdb candles"),
        (("gaps", *SERIES, "--symbol", "QQQ"), "There is no instrument QQQ at nyse"),
        (("gaps", *SERIES, "--start", "yesterday"), "--start 'yesterday' is no time: write it as 2024-01-31"),
        (("gaps", *SERIES, "--fill", "linear"), "'linear' is not one of 'flat', 'none'"),
        (("verify", "--timeframe", "7m"), "There is no timeframe '7m'"),
        (("verify", "--venue", "Nope"), "There are no candles at nope: see `tradingdb candles list`"),
        (("seal", "--symbol", "QQQ", "--timeframe", "1h"), "There are no 1h candles of QQQ: see `tradingdb"),
    ],
    ids=["no candles", "no instrument", "no time", "no policy", "no timeframe", "nothing to verify", "nothing to seal"],
)
async def test_what_makes_no_sense_is_refused(run: Run, spy: None, arguments: tuple[str, ...], reason: str) -> None:
    code, out, err = await run(*arguments)
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1
