"""`tradingdb backtests`: results in, runs listed, checked and compared; what is wrong is said, nothing half stored."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from commands import Run
from freqtrade_results import a_result, a_strategy, a_trade, saved
from tradingdb.database import Database


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb backtests` on the database."""
    return partial(run, database.target, "backtests")


async def test_results_are_imported_once_listed_checked_and_compared(run: Run, tmp_path: Path) -> None:
    lost = a_trade(profit_abs=Decimal("-5.5"), open_date="2024-03-01 11:00:00+00:00")
    strategies = {"Cross": a_strategy(a_trade(), wins=1), "Calm": a_strategy(lost, wins=7)}
    file = str(saved(tmp_path / "result.json", a_result(**strategies)))
    command = ("import", file, "--format", "freqtrade", "--venue", "Binance", "--json")
    both = await asyncio.gather(run(*command), run(*command))
    assert [(code, err) for code, _, err in both] == [(0, ""), (0, "")]
    first, second = sorted((json.loads(out)["runs"] for _, out, _ in both), key=lambda runs: not runs[0]["is_new"])
    assert [report["is_new"] for report in (*first, *second)] == [True, True, False, False], "one of two at once"
    cross, calm = first
    assert (cross["strategy"], cross["venue"], cross["trades_inserted"]) == ("Cross", "binance", 1)
    again, listed, table, good, bad, beside = await asyncio.gather(
        run("import", file, "--venue", "binance"),
        run("list", "--json"),
        run("list"),
        run("check", cross["run_id"][:13]),
        run("check", calm["run_id"], "--json"),
        run("compare", cross["run_id"], calm["run_id"], "--json"),
    )
    assert f"Cross at binance was there already as run {cross['run_id']}: 0 trades inserted, 1 unchanged." in again[1]
    assert {entry["id"]: entry["net_profit"] for entry in json.loads(listed[1])} == {
        cross["run_id"]: "19.58", calm["run_id"]: "-5.5",
    }  # fmt: skip
    assert cross["run_id"] in table[1]
    assert good[0] == 0, good
    assert "0 are unexplained." in good[1]
    assert bad[0] == 1, "the engine says seven trades won"
    assert [c["name"] for c in json.loads(bad[1]) if c["agreement"] == "unexplained"] == ["wins"]
    compared = json.loads(beside[1])
    assert (compared["in_both"], compared["only_first"], compared["only_second"]) == (0, 1, 1)
    net = next(pair for pair in compared["figures"] if pair["name"] == "net_pnl")
    assert net == {"name": "net_pnl", "first": "19.58", "second": "-5.5", "difference": "-25.08"}


async def test_what_cannot_be_used_is_refused(run: Run, tmp_path: Path) -> None:
    bad = str(saved(tmp_path / "bad.json", a_result(Cross=a_strategy(a_trade(), a_trade(amount="2")))))
    *results, shown = await asyncio.gather(
        run("import", bad),
        run("import", bad, "--format", "excel"),
        run("check", "0"),
        run("compare", "x", "y"),
        run("list"),
    )
    reasons = [
        f"error: {bad}, strategy.Cross.trades[1].amount: a number is needed. Nothing was stored.\n",
        "'excel' is not one of 'freqtrade'",
        "No run's id begins with 0",
        "'x' is no id of a run",
    ]
    assert shown == (0, "There are no runs. Store some with `tradingdb backtests import`.\n", ""), "nothing was stored"
    for (code, out, err), reason in zip(results, reasons, strict=True):
        assert (code, out) == (2, "")
        assert reason in err
        assert err.count("\n") == 1
