"""How the strategies did: figures of the closed trades of each week and of the whole, and of the backtest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from tradingdb.models import PerformanceMetrics, PortfolioSnapshot, Trade, TradingMode
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.backtest import INITIAL_BALANCE, RUN_ID, TRIED_UNTIL
from tradingdb.seeds.figures import Closed, Summary, average
from tradingdb.seeds.scene import END, START, SWING_ACCOUNT_ID, SWING_STRATEGY_ID

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

HALF = START + timedelta(days=7)


async def seed_performance(add: Adder, scene: Scene) -> None:
    """Store the figures. Needs the trades and snapshots that they are computed from."""
    crossover, swing = scene.trader, (SWING_STRATEGY_ID, SWING_ACCOUNT_ID)
    rows = [
        await _of_account(add, crossover.strategy_id, crossover.account_id, period)
        for period in ((START, END), (START, HALF), (HALF, END))
    ]
    rows.append(await _of_account(add, *swing, (START, END)))
    rows.append(await _of_backtest(add, crossover.strategy_id))
    await add(PerformanceMetrics, [row | {"user_id": crossover.user_id} for row in rows])


async def _of_account(add: Adder, strategy_id: UUID, account_id: UUID, period: tuple[datetime, datetime]) -> Row:
    """Profit is set against the equity that the period began with."""
    summary = await _closed(add, Trade.account_id == account_id, period)
    began = await add.session.get_one(PortfolioSnapshot, (account_id, period[0]))
    return _row(summary, strategy_id, TradingMode.PAPER, period, began.equity) | {"account_id": account_id}


async def _of_backtest(add: Adder, strategy_id: UUID) -> Row:
    period = (START, TRIED_UNTIL + timedelta(minutes=1))
    summary = await _closed(add, Trade.backtest_run_id == RUN_ID, period)
    return _row(summary, strategy_id, TradingMode.BACKTEST, period, INITIAL_BALANCE)


async def _closed(add: Adder, whose: ColumnElement[bool], period: tuple[datetime, datetime]) -> Summary:
    """The trades that were closed in [start, end), in that order."""
    rows = await add.session.execute(
        select(Trade.pnl, Trade.pnl_r)
        .where(whose, Trade.exit_time >= period[0], Trade.exit_time < period[1])
        .order_by(Trade.exit_time, Trade.entry_time)
    )
    return Summary([Closed(pnl, pnl_r) for pnl, pnl_r in rows if pnl is not None])


def _row(
    summary: Summary, strategy_id: UUID, mode: TradingMode, period: tuple[datetime, datetime], began_with: Decimal
) -> Row:
    start, end = period
    return {
        **summary.shared(),
        "id": named_id(f"performance:{strategy_id}:{mode}:{start.isoformat()}:{end.isoformat()}"),
        "strategy_id": strategy_id,
        "mode": mode,
        "period_start": start,
        "period_end": end,
        "total_return": float(summary.net_profit / began_with),
        "expectancy": summary.average_r(),
        "average_win": average(summary.wins),
        "average_loss": average(summary.losses),
        "currency": "USDT",
    }
