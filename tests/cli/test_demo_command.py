"""`tradingdb demo`: it can be repeated, whatever it is shown, and its numbers agree with each other."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import text

from commands import Run
from tradingdb import demo
from tradingdb.database import Database
from tradingdb.embedded import EmbeddedServer
from tradingdb.urls import ConnectionTarget

ROWS = 6000


def waves(folder: Path, rows: int) -> str:
    """A file of candles that rise and fall ever faster, so that the strategy wins at first and loses later."""
    prices = [100 + 4 * math.sin((at / 250) ** 1.3 / 3) for at in range(rows + 1)]
    lines = [
        f"{1_704_067_200 + at * 60},{a:.2f},{max(a, b) + 0.02:.2f},{min(a, b) - 0.02:.2f},{b:.2f},5\n"
        for at, (a, b) in enumerate(pairwise(prices))
    ]
    (folder / f"{rows}.csv").write_text("time,open,high,low,close,volume\n" + "".join(lines))
    return f"{rows}.csv"


async def shown(run: Run, *arguments: str) -> dict[str, Any]:
    code, out, err = await run("demo", *arguments, "--json")
    assert (code, err) == (0, "")
    answer: dict[str, Any] = json.loads(out)
    return answer


async def disagreements(data_dir: Path) -> dict[str, list[Any]]:
    """Every row of the ledger that says something else than the fills do, by question."""
    server = EmbeddedServer(data_dir)
    async with Database(ConnectionTarget(server.url(demo.DATABASE)), embedded=server) as database, database.read() as s:
        answers = {name: list(await s.execute(text(query))) for name, query in QUESTIONS.items()}
    return {name: rows for name, rows in answers.items() if rows}


SIGNED = "CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END"
QUESTIONS = {
    "positions": f"""
        SELECT p.quantity, p.fees, sum({SIGNED}), sum(f.fee) FROM positions p
        JOIN fills f USING (account_id, instrument_id)
        GROUP BY p.account_id, p.instrument_id, p.side
        HAVING p.quantity <> sum({SIGNED}) OR p.fees <> sum(f.fee) OR p.last_fill_at <> max(f.executed_at)
    """,
    "trades' fees": """
        SELECT t.id, t.fees, sum(f.fee) FROM trades t
        JOIN orders o ON o.trade_id = t.id JOIN fills f ON f.order_id = o.id
        GROUP BY t.id HAVING t.fees <> sum(f.fee)
    """,
    "trades' exits": """
        SELECT t.id, t.outcome, t.pnl, sum(x.pnl) FROM trades t LEFT JOIN trade_exits x ON x.trade_id = t.id
        GROUP BY t.id HAVING t.pnl IS DISTINCT FROM sum(x.pnl) OR (t.outcome = 'pending') <> (count(x.trade_id) = 0)
    """,
    "rules": """
        SELECT r.id, r.trade_count, count(*) FROM strategy_rules r JOIN trades t ON t.rule_id = r.id
        WHERE t.outcome <> 'pending' GROUP BY r.id HAVING r.trade_count <> count(*)
    """,
}


async def test_a_file_can_be_shown_again_and_a_synthetic_series_beside_it_and_the_numbers_agree(
    data_dir: Path, run_embedded: Run
) -> None:
    file = waves(data_dir, ROWS)
    first = await shown(run_embedded, "--candles", file)
    assert first["written"] == {"inserted": ROWS, "updated": 0, "unchanged": 0, "duplicates": 0, "quarantined": 0}
    assert (first["source"], first["rows"]["candles"]) == (file, ROWS)
    [result] = first["results"]
    assert result["trades"] == result["wins"] + result["losses"] + result["open"] == first["rows"]["trades"] > 3
    assert result["losses"] > 0
    assert result["wins"] > 0
    assert first["rows"]["fills"] == first["rows"]["orders"] == 2 * result["trades"] - result["open"]
    assert first["rows"]["trade_exits"] == result["trades"] - result["open"]
    assert Decimal(result["fees"]) > 0
    assert await disagreements(data_dir) == {}

    again = await shown(run_embedded, "--candles", file)
    assert again["written"] == {"inserted": 0, "updated": 0, "unchanged": ROWS, "duplicates": 0, "quarantined": 0}
    assert (again["rows"], again["results"]) == (first["rows"], first["results"])

    code, out, err = await run_embedded("demo")
    assert (code, err) == (0, "")
    assert "a synthetic series that nobody traded" in out
    assert await disagreements(data_dir) == {}


async def test_a_file_that_has_grown_continues_the_ledger(data_dir: Path, run_embedded: Run) -> None:
    await shown(run_embedded, "--symbol", "ETH/USDT", "--candles", waves(data_dir, ROWS // 2))
    grown = await shown(run_embedded, "--symbol", "ETH/USDT", "--candles", waves(data_dir, ROWS))
    assert grown["written"]["inserted"] == ROWS - ROWS // 2
    assert await disagreements(data_dir) == {}
