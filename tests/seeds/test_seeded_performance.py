"""Backtests and performance figures of the development world equal what their trades say."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

import pytest
from world_queries import ZERO, Row, one, rows

from tradingdb.database import Database

TRADES_OF_RUN = "SELECT * FROM trades WHERE mode = 'backtest' ORDER BY exit_time, entry_time"


def agrees(figures: Row, trades: list[Row]) -> None:
    """Count, share and sum again what a row of figures says of closed trades."""
    wins = [trade["pnl"] for trade in trades if trade["pnl"] > 0]
    losses = [trade["pnl"] for trade in trades if trade["pnl"] < 0]
    assert (figures["total_trades"], figures["winning_trades"]) == (len(trades), len(wins))
    assert figures["losing_trades"] == len(losses)
    assert figures["net_profit"] == sum((trade["pnl"] for trade in trades), start=ZERO)
    assert figures["win_rate"] == pytest.approx(len(wins) / len(trades))
    expected = float(sum(wins, start=ZERO) / -sum(losses)) if losses else None
    assert figures["profit_factor"] == (expected if expected is None else pytest.approx(expected))


def longest(trades: list[Row], outcome: str) -> int:
    runs = groupby(trade["outcome"] for trade in trades)
    return max((len(list(run)) for found, run in runs if found == outcome), default=0)


async def test_the_result_of_a_backtest_is_that_of_its_trades(world: Database) -> None:
    result = await one(world, "SELECT * FROM backtest_results")
    run = await one(world, "SELECT * FROM backtest_runs WHERE status = 'completed'")
    config = await one(world, "SELECT * FROM backtest_configs")
    trades = await rows(world, TRADES_OF_RUN)
    assert (result["run_id"], run["config_id"]) == (run["id"], config["id"])
    assert {trade["backtest_run_id"] for trade in trades} == {run["id"]}
    assert {trade["account_id"] for trade in trades} == {None}
    agrees(result, trades)
    assert result["final_balance"] == config["initial_balance"] + result["net_profit"]
    assert result["total_return"] == pytest.approx(float(result["net_profit"] / config["initial_balance"]))
    r_multiples = [float(trade["pnl_r"]) for trade in trades]
    assert result["average_r"] == pytest.approx(sum(r_multiples) / len(r_multiples))
    assert (result["best_r"], result["worst_r"]) == (max(r_multiples), min(r_multiples))
    assert result["longest_win_streak"] == longest(trades, "win") > 0
    assert result["longest_loss_streak"] == longest(trades, "loss") > 0


async def test_trades_of_a_backtest_keep_to_its_configuration_and_pay_its_fees(world: Database) -> None:
    config = await one(world, "SELECT * FROM backtest_configs")
    [rule] = await rows(world, "SELECT rule_id FROM backtest_config_rules")
    [instrument] = await rows(world, "SELECT instrument_id FROM backtest_config_instruments")
    trades = await rows(world, TRADES_OF_RUN)
    assert len(trades) > 5
    for trade in trades:
        assert config["start_at"] <= trade["entry_time"] <= trade["exit_time"] <= config["end_at"]
        assert (trade["rule_id"], trade["instrument_id"]) == (rule["rule_id"], instrument["instrument_id"])
        turnover = trade["quantity"] * (trade["entry_price"] + trade["exit_price"])
        assert trade["fees"] == turnover * config["fee_rate"]
        sign = 1 if trade["direction"] == "long" else -1
        gross = sign * (trade["exit_price"] - trade["entry_price"]) * trade["quantity"]
        assert trade["pnl"] == gross - trade["fees"]
        risk = abs(trade["entry_price"] - trade["initial_stop"]) * trade["quantity"]
        assert trade["pnl_r"] == (trade["pnl"] / risk).quantize(Decimal("0.000001"))
    exits = "SELECT trade_id AS id, quantity, price, pnl, fees FROM trade_exits WHERE account_id IS NULL ORDER BY 1"
    ends = "SELECT id, quantity, exit_price AS price, pnl, fees FROM trades WHERE mode = 'backtest' ORDER BY 1"
    assert await rows(world, exits) == await rows(world, ends)


async def test_the_equity_of_a_backtest_goes_from_trade_to_trade_and_ends_at_the_final_balance(
    world: Database,
) -> None:
    points = await rows(world, "SELECT * FROM backtest_equity ORDER BY at")
    config = await one(world, "SELECT * FROM backtest_configs")
    result = await one(world, "SELECT * FROM backtest_results")
    trades = await rows(world, TRADES_OF_RUN)
    assert (points[0]["at"], points[0]["equity"]) == (config["start_at"], config["initial_balance"])
    assert {point["at"] for point in points[1:]} == {trade["exit_time"] for trade in trades}
    peak, deepest, deepest_share = ZERO, ZERO, 0.0
    for point in points:
        earned = sum((trade["pnl"] for trade in trades if trade["exit_time"] <= point["at"]), start=ZERO)
        assert point["equity"] == config["initial_balance"] + earned
        peak = max(peak, point["equity"])
        assert point["drawdown"] == pytest.approx(float((peak - point["equity"]) / peak))
        deepest = max(deepest, peak - point["equity"])
        deepest_share = max(deepest_share, point["drawdown"])
    assert points[-1]["equity"] == result["final_balance"]
    assert (result["max_drawdown_amount"], result["max_drawdown"]) == (deepest, deepest_share)


async def test_a_run_that_failed_says_why_and_left_nothing(world: Database) -> None:
    failed = await one(world, "SELECT * FROM backtest_runs WHERE status = 'failed'")
    assert failed["error_message"]
    for table, column in (("backtest_results", "run_id"), ("trades", "backtest_run_id"), ("backtest_equity", "run_id")):
        assert await rows(world, f"SELECT 1 FROM {table} WHERE {column} = '{failed['id']}'") == []


async def test_performance_is_what_the_trades_of_the_period_say(world: Database) -> None:
    figures = await rows(world, "SELECT * FROM performance_metrics ORDER BY period_start, period_end")
    assert {row["mode"] for row in figures} == {"paper", "backtest"}
    for row in figures:
        trades = await rows(
            world,
            f"""
            SELECT * FROM trades
            WHERE strategy_id = '{row["strategy_id"]}' AND mode = '{row["mode"]}'
              AND exit_time >= '{row["period_start"].isoformat()}' AND exit_time < '{row["period_end"].isoformat()}'
            """,
        )
        agrees(row, trades)
        assert row["expectancy"] == pytest.approx(float(sum(trade["pnl_r"] for trade in trades) / len(trades)))
        wins, losses = ([t["pnl"] for t in trades if t["outcome"] == outcome] for outcome in ("win", "loss"))
        for name, amounts in (("average_win", wins), ("average_loss", losses)):
            expected = sum(amounts, start=ZERO) / len(amounts) if amounts else None
            assert row[name] == expected or float(row[name]) == pytest.approx(float(expected or 0)), name


async def test_a_return_is_profit_by_the_equity_that_the_period_began_with(world: Database) -> None:
    figures = await rows(
        world,
        """
        SELECT m.total_return, m.net_profit::float8 / s.equity::float8 AS expected FROM performance_metrics m
        JOIN portfolio_snapshots s ON s.account_id = m.account_id AND s.taken_at = m.period_start
        """,
    )
    assert len(figures) == 4
    for row in figures:
        assert row["total_return"] == pytest.approx(row["expected"])


async def test_the_weeks_add_up_to_the_whole(world: Database) -> None:
    totals = await rows(
        world,
        """
        SELECT strategy_id, period_end - period_start > interval '10 days' AS whole,
               sum(total_trades) AS trades, sum(net_profit) AS profit
        FROM performance_metrics WHERE mode = 'paper'
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )
    by_strategy = [list(same) for _, same in groupby(totals, key=lambda row: row["strategy_id"])]
    [(weeks, whole)] = [of_strategy for of_strategy in by_strategy if len(of_strategy) == 2]
    assert (weeks["trades"], weeks["profit"]) == (whole["trades"], whole["profit"])
