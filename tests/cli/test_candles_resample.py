"""`tradingdb candles resample`: says per timeframe what it stored, and stores nothing twice."""

from __future__ import annotations

import json
from functools import partial

import pytest

from commands import Run
from tradingdb import candles
from tradingdb.database import Database
from tradingdb.services import market

START = 1_709_251_200_000


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb candles resample` on minutes of Bitcoin."""
    return partial(
        run, database.target, "candles", "resample", "--venue", "Kraken", "--symbol", "BTC/USD", "--timeframe", "1m"
    )


async def load(database: Database, first: int, count: int, high: float = 2) -> None:
    async with database.write() as session:
        btc = await market.ensure_instrument(session, "kraken", "BTC/USD")
        rows = [[START + at * 60_000, 1, high, 0.5, 1.5, 3] for at in range(first, first + count)]
        await candles.write(session, btc, "1m", rows)


async def test_longer_candles_are_stored_once_and_corrected_on_request(database: Database, run: Run) -> None:
    await load(database, 0, 240)
    code, out, err = await run("--to", "1d, 1h")
    assert (code, err) == (0, "")
    assert "BTC/USD at kraken, from 1m" in out
    assert [line.split() for line in out.splitlines() if line.strip().startswith("1")] == [
        ["1h", "4", "0", "0"],
        ["1d", "1", "0", "0"],
    ]

    await load(database, 70, 1, high=9)
    code, out, err = await run("--to", "1h", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert {name: answer[name] for name in ("venue", "symbol", "timeframe")} == {
        "venue": "kraken", "symbol": "BTC/USD", "timeframe": "1m",
    }  # fmt: skip
    assert (answer["reports"]["1h"]["updated"], answer["reports"]["1h"]["unchanged"]) == (0, 1)

    code, out, _ = await run("--to", "1h", "--since", "2024-03-01T02:30+01:00", "--json")
    assert (json.loads(out)["reports"]["1h"]["updated"], json.loads(out)["reports"]["1h"]["unchanged"]) == (1, 2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--to", "1h,7m"), "no timeframe '7m'"),
        (("--to", "1h", "--since", "yesterday"), "'yesterday' is no time"),
        (("--to", ","), "--to ',' names no timeframe: write it as 1h or 1h,1d."),
        (("--to", "1h"), "BTC/USD"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(run: Run, options: tuple[str, ...], reason: str) -> None:
    code, out, err = await run(*options)
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1
