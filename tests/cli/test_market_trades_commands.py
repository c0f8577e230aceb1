"""`tradingdb market-trades import` and `tradingdb candles build`: trades go in once, and candles come of them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from commands import Run
from tradingdb import candles, market
from tradingdb.database import Database

SERIES = ["--venue", "Kraken", "--symbol", "BTC/USD"]


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb` on the database."""
    return partial(run, database.target)


async def test_a_file_of_trades_goes_in_once_and_becomes_candles(run: Run, database: Database, tmp_path: Path) -> None:
    lines = [f"2024-03-01T00:{at // 60:02}:{at % 60:02}Z,{at},1.5,2,buy\n" for at in range(0, 300, 7)]
    (tmp_path / "trades.csv").write_text("time,id,price,amount,side\n" + "".join(lines))
    code, out, err = await run("market-trades", "import", "trades.csv", *SERIES)
    assert (code, err) == (0, "")
    assert "43 trades of BTC/USD at kraken: 43 inserted" in out
    code, out, err = await run("market-trades", "import", "trades.csv", *SERIES, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["report"] == {"inserted": 0, "completed": 0, "unchanged": 43, "duplicates": 0}

    code, out, err = await run(
        "candles", "build", *SERIES, "--timeframe", "1m", "--start", "2024-03-01T00:01", "--json"
    )
    assert (code, err) == (0, "")
    report = {"inserted": 4, "updated": 0, "unchanged": 0, "duplicates": 0, "quarantined": 0}
    assert json.loads(out) == {"venue": "kraken", "symbol": "BTC/USD", "timeframe": "1m", "report": report}
    code, out, err = await run("candles", "build", *SERIES, "--timeframe", "1m", "--whole")
    assert (code, err) == (0, "")
    assert "5 candles of BTC/USD 1m at kraken from its trades: 1 inserted, 1 updated, 3 unchanged." in out
    async with database.read() as session:
        instrument = await market.instrument(session, "kraken", "BTC/USD")
        made = await candles.read(session, instrument, "1m", columns=["is_closed", "trade_count"])
    assert made.extra["trade_count"].tolist() == [9, 9, 8, 9, 8]
    assert made.extra["is_closed"].all()


async def test_what_cannot_be_done_is_one_line_and_a_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("time,id,price,amount\n2024-03-01,1,1.5,0\n")
    code, out, err = await run("market-trades", "import", "bad.csv", *SERIES)
    assert (code, out) == (2, "")
    assert err == "error: bad.csv, line 2: the quantity is not a finite number above 0. Nothing was stored.\n"
    code, out, err = await run("candles", "build", *SERIES, "--timeframe", "1m")
    assert (code, out) == (2, "")
    assert err.startswith("error: There is no instrument BTC/USD at kraken")
