"""How fast figures of trading are computed, against fetching the trades into pandas and computing them there.

    python benchmarks/performance.py [--trades 1000000] [--repeat 3] [--json FILE] [--docs]

Each figure is the median of `--repeat` runs on an embedded PostgreSQL of its own. The rival reads the columns that it
needs by `pandas.read_sql`, and computes fewer figures than `performance.summary` does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import figures
import numpy as np
import pandas as pd
from figures import Figure
from sqlalchemy import text

from tradingdb.services import performance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradingdb import Database

BALANCE = Decimal(10_000)
BATCH = 100_000
GOAL = 1.5
"""Seconds for the summary of a million trades."""

READ = (
    "SELECT entry_time, exit_time, outcome, pnl, pnl_r, fees FROM trades "
    "WHERE mode = 'live' AND outcome IN ('win', 'loss', 'breakeven')"
)
WORLD = [
    "INSERT INTO users (id, email, username) VALUES (gen_random_uuid(), 'a@example.org', 'a')",
    "INSERT INTO venues (code, name, kind) VALUES ('bench', 'Bench', 'exchange')",
    "INSERT INTO instruments (venue_id, symbol, quote_currency) SELECT id, 'A/B', 'B' FROM venues",
    """INSERT INTO strategies (id, user_id, name)
       SELECT gen_random_uuid(), id, 's' || n FROM users, generate_series(1, 5) n""",
    """INSERT INTO trading_accounts (id, user_id, venue_id, label, mode, base_currency)
       SELECT gen_random_uuid(), users.id, venues.id, 'a', 'live', 'B' FROM users, venues""",
]
TRADES = """
INSERT INTO trades (id, mode, account_id, instrument_id, strategy_id, direction, quantity, entry_price, entry_time,
                    exit_price, exit_time, exit_reason, outcome, initial_stop, pnl, pnl_r, fees, reasoning)
SELECT gen_random_uuid(), 'live', (SELECT id FROM trading_accounts), (SELECT id FROM instruments),
       (SELECT array_agg(id) FROM strategies)[1 + n % 5], 'long', 1.5, 100.25, entry, 101.5, entry + held,
       (ARRAY['tp1', 'stop_loss', 'signal'])[1 + n % 3],
       CASE WHEN pnl > 0 THEN 'win' WHEN pnl < 0 THEN 'loss' ELSE 'breakeven' END,
       99.5, pnl, round(pnl / 7.5, 8), 0.01, 'a pattern'
FROM (
    SELECT n, timestamptz '2015-01-01Z' + n * interval '5 minutes' + random() * interval '1 hour' AS entry,
           random() * interval '3 hours' AS held, round((random() * 20 - 9.9)::numeric, 4) AS pnl
    FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n
) made
"""


async def seconds(work: Callable[[], Awaitable[Any]], repeat: int) -> float:
    """The median of the runs."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


async def fill(database: Database, trades: int) -> None:
    """Random trades, made by the server."""
    async with database.write() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in WORLD:
            await session.execute(text(statement))
        for first in range(1, trades + 1, BATCH):  # each within the client's time limit for a statement
            await session.execute(text(TRADES), {"first": first, "last": min(trades, first + BATCH - 1)})
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("SET statement_timeout = 0"))
        await alone.execute(text("VACUUM ANALYZE trades"))


async def in_pandas(database: Database) -> dict[str, float]:
    """What a service without this module does."""
    async with database.engine.connect() as connection:
        frame: Any = await connection.run_sync(lambda sync: pd.read_sql(text(READ), sync))
    frame = frame.sort_values("exit_time")
    pnl = frame["pnl"].astype(float)
    equity = float(BALANCE) + pnl.cumsum()
    days = pnl.groupby(frame["exit_time"].dt.floor("D")).sum().asfreq("D", fill_value=0.0)
    returns = days / (float(BALANCE) + days.cumsum().shift(fill_value=0.0))
    r = frame["pnl_r"].astype(float)
    runs = (frame["outcome"] != frame["outcome"].shift()).cumsum()
    in_order = frame.sort_values("entry_time")
    covered = in_order["exit_time"].cummax().shift()
    starts = in_order["entry_time"].where(covered.isna() | (covered < in_order["entry_time"]), covered)
    return {
        "sharpe": returns.mean() / returns.std() * np.sqrt(365),
        "max_drawdown": float((1 - equity / equity.cummax().clip(lower=float(BALANCE))).max()),
        "profit_factor": pnl[pnl > 0].sum() / -pnl[pnl < 0].sum(),
        "sqn": np.sqrt(len(r)) * r.mean() / r.std(),
        "longest_streak": float(frame.groupby(runs).size().max()),
        "time_in_market": (in_order["exit_time"] - starts).clip(lower=pd.Timedelta(0)).sum().total_seconds(),
    }


async def compare(database: Database, trades: int, repeat: int) -> list[Figure]:
    """The summary against the rival, and what groups and a curve cost beside it."""

    async def summary() -> performance.Summary:
        async with database.read() as session:
            return await performance.summary(session, initial_balance=BALANCE)

    async def by_strategy() -> list[performance.GroupSummary]:
        async with database.read() as session:
            return await performance.by(session, performance.Dimension.STRATEGY, initial_balance=BALANCE)

    async def curve() -> performance.EquityCurve:
        async with database.read() as session:
            return await performance.equity_curve(session, initial_balance=BALANCE)

    found, theirs = await summary(), await in_pandas(database)
    for name in ("sharpe", "max_drawdown", "profit_factor", "sqn"):
        if not np.isclose(getattr(found, name), theirs[name], rtol=1e-9):
            raise SystemExit(f"{name}: {getattr(found, name)} is not the rival's {theirs[name]}")
    ours, rival = await seconds(summary, repeat), await seconds(lambda: in_pandas(database), repeat)
    goal = GOAL * trades / 1_000_000
    return [
        Figure("summary, seconds", f"{ours:.2f} s", "pandas read_sql", f"{rival:.2f} s", ours, goal, is_at_most=True),
        figures.of_times("summary", "pandas read_sql", ours, rival),
        figures.of_times("by strategy", "the summary", await seconds(by_strategy, repeat), ours),
        figures.of_times("equity curve into numpy", "the summary", await seconds(curve, repeat), ours),
    ]


async def measure(given: argparse.Namespace) -> list[Figure]:
    """Everything, on a server of its own."""
    async with figures.scratch_database() as database:
        await fill(database, given.trades)
        return await compare(database, given.trades, given.repeat)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--trades", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    figures.run("performance", "{trades:,} closed trades, medians of {repeat} runs", measure, parser)
