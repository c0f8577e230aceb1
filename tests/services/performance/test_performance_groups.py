"""Groups, agents, curves and stored figures: each says the same as a summary of the same trades."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import independent
import numpy as np
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import BALANCE, START, Closed, World, closed, histories, make_world, store
from sqlalchemy import select

from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    BacktestEquity,
    ExitReason,
    Order,
    OrderSide,
    OrderType,
    PerformanceMetrics,
    TradingDecision,
)
from tradingdb.services import performance
from tradingdb.services.performance import Dimension
from tradingdb.timeseries import partitions

FEW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
REASONS = [ExitReason.SIGNAL, ExitReason.STOP_LOSS, None]


@pytest_asyncio.fixture(loop_scope="session")
async def world(session: WriteSession) -> World:
    return await make_world(session)


@FEW
@given(trades=histories(2, 25), seed=st.randoms(use_true_random=False), dimension=st.sampled_from(Dimension))
async def test_a_group_is_what_a_summary_of_its_trades_is(
    session: WriteSession, world: World, trades: list[Closed], seed: Any, dimension: Dimension
) -> None:
    """Also where others' trades lie between its own, so that orders, streaks and falls must not cross."""
    instruments = [world.instruments["BTC/USDT"], world.instruments["ETH/USDT:USDT"]]
    rows = [
        world.trade(
            trade, instrument_id=seed.choice(instruments), strategy_id=seed.choice([*world.strategies, None]),
            exit_reason=seed.choice(REASONS), mode=seed.choice(list(TradingMode)),
        )
        for trade in trades
    ]  # fmt: skip
    keys: dict[Dimension, Any] = {
        Dimension.STRATEGY: lambda row: row.strategy_id,
        Dimension.RULE: lambda row: row.rule_id,
        Dimension.INSTRUMENT: lambda row: row.instrument_id,
        Dimension.AGENT: lambda row: world.agents[0] if row.strategy_id == world.strategies[1] else None,
        Dimension.MODE: lambda row: row.mode.value,
        Dimension.MONTH: lambda row: f"{row.exit_time:%Y-%m}",
        Dimension.WEEKDAY: lambda row: row.exit_time.isoweekday(),
        Dimension.EXIT_REASON: lambda row: row.exit_reason and row.exit_reason.value,
    }
    of_mode = rows if dimension is Dimension.MODE else [row for row in rows if row.mode is TradingMode.LIVE]
    expected = {}
    for key in {keys[dimension](row) for row in of_mode}:
        async with session.begin_nested() as savepoint:
            await store(session, [row for row in of_mode if keys[dimension](row) == key])
            mode = TradingMode(key) if dimension is Dimension.MODE else None
            expected[key] = await performance.summary(session, initial_balance=BALANCE, mode=mode)
            await savepoint.rollback()
    async with session.begin_nested() as savepoint:
        await store(session, rows)
        groups = await performance.by(session, dimension, initial_balance=BALANCE)
        await savepoint.rollback()
    assert {group.key: group.summary for group in groups} == expected
    assert all((group.name is None) == (group.key is None) for group in groups)


async def test_a_trade_belongs_to_the_agent_that_decided_it_else_to_its_strategys(
    session: WriteSession, world: World
) -> None:
    first, second = world.agents
    decided, followed, nobodys = (
        world.trade(closed(at, 1, pnl), strategy_id=world.strategies[of])
        for at, (pnl, of) in enumerate([(1, 1), (10, 1), (100, 0)])
    )
    await store(session, [decided, followed, nobodys])
    decision = TradingDecision(
        id=uuid4(), agent_id=second, instrument_id=decided.instrument_id, decision_type="entry", action="buy"
    )
    session.add(decision)
    await session.flush()
    session.add(
        Order(
            id=uuid4(), account_id=decided.account_id, instrument_id=decided.instrument_id, decision_id=decision.id,
            trade_id=decided.id, client_order_id="1", side=OrderSide.BUY, order_type=OrderType.MARKET,
            quantity=Decimal(1),
        )
    )  # fmt: skip
    await session.flush()
    groups = await performance.by(session, Dimension.AGENT)
    assert {(group.key, group.name): group.summary.net_pnl for group in groups} == {
        (second, "two"): 1, (first, "one"): 10, (None, None): 100,
    }  # fmt: skip
    assert (await performance.summary(session, agent_id=second)).net_pnl == 1
    assert (await performance.summary(session, agent_id=first)).net_pnl == 10


@FEW
@given(trades=histories(1, 15))
async def test_a_curve_of_trades_has_every_mark(session: WriteSession, world: World, trades: list[Closed]) -> None:
    async with session.begin_nested() as savepoint:
        await store(session, [world.trade(trade) for trade in trades])
        curve = await performance.equity_curve(session, initial_balance=BALANCE)
        profit = await performance.equity_curve(session)
        await savepoint.rollback()
    marks = independent.marks(trades, BALANCE)
    assert curve.times.tolist() == [at.replace(tzinfo=None) for at, _ in marks]
    assert curve.equity.tolist() == pytest.approx([float(value) for _, value in marks])
    amount, share = independent.deepest(trades, BALANCE)
    assert float(curve.drawdown_amount.max()) == pytest.approx(float(amount), abs=1e-9)
    assert curve.drawdown is not None
    assert float(curve.drawdown.max()) == pytest.approx(float(share), abs=1e-12)
    assert profit.drawdown is None
    np.testing.assert_allclose(profit.equity, curve.equity - float(BALANCE), atol=1e-9)


async def test_a_run_has_its_own_curve_where_it_left_one(session: WriteSession, world: World) -> None:
    run = world.runs[0]
    await store(session, [world.trade(closed(0, 1, 50), mode=TradingMode.BACKTEST, backtest_run_id=run)])
    of_trades = await performance.equity_curve(session, run_id=run)
    assert (of_trades.source, of_trades.equity.tolist()) == ("trades", [5000, 5050])
    await partitions.ensure_months(session, BacktestEquity, [START])
    session.add(BacktestEquity(run_id=run, at=START, equity=Decimal(4999)))
    await session.flush()
    own = await performance.equity_curve(session, run_id=run)
    assert (own.source, own.currency, own.equity.tolist()) == ("backtest_equity", "USDT", [4999])
    of_part = await performance.equity_curve(session, run_id=run, instrument_id=world.instruments["BTC/USDT"])
    assert of_part.source == "trades"


async def test_figures_are_stored_once_per_subject_mode_and_period(session: WriteSession, world: World) -> None:
    trades = [closed(0, 5, 10, 2), closed(30, 5, -4, -1), closed(60, 5, -3, 1)]
    await store(session, [world.trade(trade) for trade in trades])
    end = START + timedelta(days=30)
    asked: dict[str, Any] = {"strategy_id": world.strategies[0], "start": START, "end": end}
    first = await performance.save_metrics(session, **asked, initial_balance=BALANCE)
    again = await performance.save_metrics(session, **asked, initial_balance=BALANCE)
    assert ((first.inserted, first.updated), (again.inserted, again.unchanged)) == ((1, 0), (0, 1))
    found = await performance.summary(session, **asked, initial_balance=BALANCE)
    row = (await session.scalars(select(PerformanceMetrics))).one()
    assert (row.mode, row.period_start, row.period_end, row.currency) == (TradingMode.LIVE, START, end, "USDT")
    assert (row.total_return, row.annual_return, row.sharpe_ratio) == (found.total_return, found.cagr, found.sharpe)
    assert (row.sortino_ratio, row.calmar_ratio, row.volatility) == (found.sortino, found.calmar, found.volatility)
    assert (row.max_drawdown, row.win_rate, row.profit_factor) == (
        found.max_drawdown, found.win_rate, found.profit_factor,
    )  # fmt: skip
    assert (row.total_trades, row.winning_trades, row.losing_trades) == (3, 1, 2)
    assert (row.expectancy, row.net_profit, row.average_win, row.average_loss) == (
        found.average_r, 3, 10, Decimal("-3.5"),
    )  # fmt: skip
    assert row.user_id is not None
    assert (row.figures["max_drawdown_amount"], row.figures["sqn"]) == ("7", found.sqn)
    await store(session, [world.trade(replace(trades[0], pnl=Decimal(-2000)))])
    changed = await performance.save_metrics(session, **asked, initial_balance=BALANCE)
    await session.refresh(row)
    assert (changed.updated, row.max_drawdown, row.total_trades) == (1, 1, 4)
    assert row.figures["max_drawdown"] > 1, "what the column cannot hold"
    with pytest.raises(InvalidValueError, match="name one"):
        await performance.save_metrics(session, start=START, end=end)


def of_freqtrade(trade: dict[str, Any]) -> Closed:
    def instant(name: str) -> datetime:
        return datetime.fromisoformat(trade[name]).astimezone(UTC)

    return Closed(instant("open_date"), instant("close_date"), Decimal(str(trade["profit_abs"])))


async def test_a_backtest_of_freqtrade_comes_to_what_freqtrade_says(
    session: WriteSession, world: World, market_data: Path
) -> None:
    said = json.loads((market_data / "backtest-result.json").read_text())["strategy"]["StrategyTestV3"]
    trades = [of_freqtrade(trade) for trade in said["trades"]]
    await store(
        session,
        [world.trade(trade, mode=TradingMode.BACKTEST, backtest_run_id=world.runs[0]) for trade in trades],
    )
    found = await performance.summary(
        session, run_id=world.runs[0], initial_balance=Decimal(str(said["starting_balance"]))
    )
    assert found.trades == said["total_trades"]
    assert float(found.net_pnl) == pytest.approx(said["profit_total_abs"], rel=1e-9)
    assert found.total_return == pytest.approx(said["profit_total"], rel=1e-9)
    assert found.profit_factor == pytest.approx(said["profit_factor"], rel=1e-9)
    assert float(found.final_balance or 0) == pytest.approx(said["final_balance"], rel=1e-9)
    held = [60 * trade["trade_duration"] for trade in said["trades"]]
    assert (found.average_holding or timedelta()).total_seconds() == pytest.approx(sum(held) / len(held), abs=1)
    assert found.max_drawdown == pytest.approx(said["max_drawdown_account"], rel=1e-9)
    assert float(found.max_drawdown_amount or 0) == pytest.approx(said["max_drawdown_abs"], rel=1e-9)
    assert (f"{found.drawdown_from}", f"{found.drawdown_to}") == (
        said["drawdown_start"][:10],
        said["drawdown_end"][:10],
    )
