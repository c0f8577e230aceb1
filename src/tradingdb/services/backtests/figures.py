"""What the closed trades of a run add up to, and the balance over time that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tradingdb.errors import NotFoundError
from tradingdb.models import BacktestConfig, BacktestRun
from tradingdb.services import performance

if TYPE_CHECKING:
    from uuid import UUID

    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.services.performance import Summary

CLOSED = """
    closed AS (
        SELECT id, instrument_id, direction, outcome, pnl, pnl_r, pnl_percent / 100 AS ratio, fees, entry_time,
               exit_time, context -> 'freqtrade' ->> 'exit_reason' AS exit_word,
               context -> 'freqtrade' ->> 'enter_tag' AS entry_word,
               (context ->> 'position_in_file')::integer AS position
        FROM trades
        WHERE backtest_run_id = :run_id AND outcome IN ('win', 'loss', 'breakeven')
    ),
    told AS (
        SELECT start_at, end_at, initial_balance FROM backtest_configs
        WHERE id = (SELECT config_id FROM backtest_runs WHERE id = :run_id)
    )
"""
"""Closed trades of a run, and what it was told."""

EQUITY = """
    balances AS (
        SELECT at, min(initial_balance) + sum(sum(change)) OVER (ORDER BY at) AS equity
        FROM (SELECT start_at AS at, 0 AS change FROM told UNION ALL SELECT exit_time, pnl FROM closed) AS changes, told
        GROUP BY at
    ),
    equity AS (SELECT at, equity, max(equity) OVER (ORDER BY at) AS peak FROM balances)
"""
"""The balance at the start and after each instant at which trades were closed, and the highest until then."""

_STORE_EQUITY = f"""
WITH {CLOSED}, {EQUITY}
INSERT INTO backtest_equity (run_id, at, equity, drawdown)
SELECT :run_id, at, equity, least((peak - equity) / peak, 1)::double precision FROM equity
ON CONFLICT DO NOTHING
"""  # noqa: S608 - same
"""A balance below zero has lost no more than all of it."""


async def figures_of(session: ReadSession, run_id: UUID) -> Summary:
    """The figures of a run's closed trades over the time that it tested, by the definitions of `performance`.

    Raises:
        NotFoundError: there is no such run.
    """
    asked = (
        select(BacktestConfig.start_at, BacktestConfig.end_at)
        .join(BacktestRun, BacktestRun.config_id == BacktestConfig.id)
        .where(BacktestRun.id == run_id)
    )
    tested = (await session.execute(asked)).one_or_none()
    if tested is None:
        raise NotFoundError(f"There is no run {run_id}: `tradingdb backtests list` shows those that there are.")
    return await performance.summary(session, run_id=run_id, start=tested.start_at, end=tested.end_at)


async def store_equity(session: WriteSession, run_id: UUID) -> int:
    """Add the points of a run's equity that are missing; its partitions must be there. Returns how many were added."""
    return (await session.execute(text(_STORE_EQUITY), {"run_id": run_id})).rowcount  # type: ignore[attr-defined,no-any-return]
