"""`tradingdb candles seal`, `candles verify` of sealed months, and `tradingdb maintain`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import text

from commands import Run
from tradingdb import candles
from tradingdb.candles.months import month_of, moved
from tradingdb.database import Database
from tradingdb.services import market

OLD = moved(month_of(datetime.now(UTC)), -30)


async def fill(database: Database) -> None:
    async with database.write() as session:
        btc = await market.ensure_instrument(session, "binance", "BTC/USDT")
        for timeframe in ("1m", "1d"):
            rows = [[moved(OLD, at).timestamp(), 1, 2, 0.5, 1.5, 10] for at in range(10)]
            await candles.write(session, btc, timeframe, rows)


async def test_months_are_sealed_verified_and_mended(run: Run, database: Database) -> None:
    await fill(database)
    where = database.target
    code, out, err = await run(where, "candles", "seal", "--older-than", "28mo", "--timeframe", "1m", "--json")
    assert (code, json.loads(out), err) == (0, {"sealed": 3, "growing": 0, "busy": 0, "candles": 3}, "")
    assert (await run(where, "candles", "seal"))[1] == "17 months with 17 candles were sealed.\n"
    code, _, err = await run(where, "candles", "seal", "--older-than", "1mo")
    assert (code, err.count("\n")) == (2, 1)
    async with database.write() as session:
        await session.execute(text("UPDATE candles SET close = 2 WHERE timeframe = '1m'"))
    code, out, _ = await run(where, "candles", "verify", "--timeframe", "1m")
    assert code == 1
    assert "10 sealed months were compared, 10 differ from their candles." in out
    code, out, _ = await run(where, "candles", "verify", "--repair", "--json")
    assert (code, [one["is_dropped"] for one in json.loads(out)["sealed"]["differences"]]) == (0, [True] * 10)


async def test_maintenance_asks_before_anything_goes(run: Run, database: Database) -> None:
    await fill(database)
    arguments = (database.target, "maintain", "--keep", "1m=28mo", "--keep", "1d=10y")
    code, out, err = await run(*arguments)
    assert (code, out) == (6, "")
    assert "candles of 1m in 2 months" in err
    assert "--yes" in err
    code, out, err = await run(*arguments, "--yes", "--json")
    assert (code, err) == (0, "")
    done = json.loads(out)
    assert done["retention"] == {"candles": 2, "blocks": 0, "months": 2, "partitions": []}
    assert done["seal"]["sealed"] == 18
    code, out, _ = await run(*arguments)
    assert code == 0, "nothing is left to ask about"
    assert "0 candles and 0 sealed months past their limit were deleted" in out
    for wrong in ("1m", "7m=2mo", "1m=2w"):
        assert (await run(database.target, "maintain", "--keep", wrong))[0] == 2
