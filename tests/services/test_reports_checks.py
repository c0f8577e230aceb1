"""Each check of the data finds the one defect that was planted for it, and no other check does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tradingdb import candles
from tradingdb.core.mode import TradingMode
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.models import BacktestEquity, PortfolioSnapshot
from tradingdb.seeds.synthetic import random_walk
from tradingdb.seeds.trading_world import trade_series
from tradingdb.services import market, reports
from tradingdb.testing import clone_of_template
from tradingdb.timeseries import partitions
from tradingdb.urls import ConnectionTarget

AT = datetime(2025, 1, 5, 12, tzinfo=UTC)
CHECKS = [each.name for each in reports.GROUPS["What is wrong"] if each.name != "data-quality"]

ONE_WIN = "(SELECT id FROM trades WHERE outcome = 'win' ORDER BY id LIMIT 1)"
NEW_ORDER = """
    INSERT INTO orders (id, account_id, instrument_id, client_order_id, side, order_type, quantity, {columns})
    SELECT gen_random_uuid(), account_id, instrument_id, 'planted', 'buy', 'market', 1, {values} FROM orders LIMIT 1
"""
NEW_FILL = """
    INSERT INTO fills (id, account_id, instrument_id, venue_trade_id, side, quantity, price, executed_at)
    SELECT gen_random_uuid(), account_id, instrument_id, 'planted', '{side}', {quantity}, 100, now() FROM fills LIMIT 1
"""
DROP_CANDLE = f"DELETE FROM candles WHERE open_time = '{AT}'"

DEFECTS: dict[str, tuple[str, list[str]]] = {
    "a win that lost": ("pnl-against-outcome", [f"UPDATE trades SET pnl = -pnl WHERE id = {ONE_WIN}"]),
    "a win of nothing": ("pnl-against-outcome", [f"UPDATE trades SET pnl = 0 WHERE id = {ONE_WIN}"]),
    "a loss of nothing": (
        "pnl-against-outcome",
        [f"UPDATE trades SET outcome = 'loss', pnl = 0 WHERE id = {ONE_WIN}"],
    ),
    "a loss that gained": ("pnl-against-outcome", [f"UPDATE trades SET outcome = 'loss' WHERE id = {ONE_WIN}"]),
    "a win of an unknown amount": ("closed-without-pnl", [f"UPDATE trades SET pnl = NULL WHERE id = {ONE_WIN}"]),
    "an exit of less": (
        "exits-against-trade",
        [f"UPDATE trade_exits SET quantity = quantity / 2 WHERE trade_id = {ONE_WIN}"],
    ),
    "an exit of more from an open trade": (
        "exits-against-trade",
        [
            ("INSERT INTO trade_exits (trade_id, sequence, quantity, price, exit_time) "
            "SELECT id, 1, quantity + 1, 100, entry_time FROM trades WHERE outcome = 'pending'")
        ],
    ),
    "a trade of nobody's": (
        "trades-without-strategy",
        ["UPDATE trades SET strategy_id = NULL, rule_id = NULL WHERE outcome = 'pending'"],
    ),
    "a live trade on a paper account": (
        "mode-against-account",
        [f"UPDATE trades SET mode = 'live' WHERE id = {ONE_WIN}"],
    ),
    "a filled order without fills": (
        "orders-without-fills",
        [NEW_ORDER.format(columns="filled_quantity, average_price, status", values="1, 100, 'filled'")],
    ),
    "an order filled by more than its fills": (
        "orders-against-fills",
        [
            ("UPDATE orders SET quantity = quantity + 1, filled_quantity = filled_quantity + 1 "
            "WHERE id = (SELECT id FROM orders WHERE status = 'filled' ORDER BY id LIMIT 1)")
        ],
    ),
    "fills that cancel each other out, of no order": (
        "fills-without-order",
        [
            NEW_FILL.format(side="buy", quantity="0.25"),
            "UPDATE positions SET quantity = quantity + 0.25",
        ],
    ),
    "an open order whose time is over": (
        "orders-past-expiry",
        [NEW_ORDER.format(columns="status, expires_at", values="'open', now() - interval '1 second'")],
    ),
    "a position of twice the fills": ("positions-against-fills", ["UPDATE positions SET quantity = quantity * 2"]),
    "a position that is missing": ("positions-against-fills", ["DELETE FROM positions"]),
    "a position without fills": (
        "positions-against-fills",
        [
            ("INSERT INTO positions (account_id, instrument_id, side, quantity, average_entry_price) "
            "SELECT account_id, instrument_id, 'long', 1, 100 FROM positions")
        ],
    ),
    "a rule that counts one trade more": (
        "rules-against-ledger",
        ["UPDATE strategy_rules SET trade_count = trade_count + 1"],
    ),
    "a lesson that counts less support": (
        "lessons-against-evidence",
        ["UPDATE learning_entries SET validation_count = validation_count - 1"],
    ),
    "a lesson that counts more contradiction": (
        "lessons-against-evidence",
        ["UPDATE learning_entries SET contradiction_count = contradiction_count + 1"],
    ),
    "a candle that was deleted by hand": ("coverage-against-candles", [DROP_CANDLE]),
    "a coverage that starts too early": (
        "coverage-against-candles",
        [
            "UPDATE series_coverage SET first_open_time = first_open_time - interval '1 minute'",
            "UPDATE series_coverage SET last_open_time = last_open_time - interval '1 minute'",
        ],
    ),
    "candles that no coverage tells of": ("coverage-against-candles", ["DELETE FROM series_coverage"]),
    "a candle that never came": (
        "series-with-gaps",
        [DROP_CANDLE, "UPDATE series_coverage SET candle_count = candle_count - 1"],
    ),
    "a market that trades on while its candles stand still": (
        "stale-series",
        ["UPDATE instruments SET status = 'trading' WHERE status = 'halted'"],
    ),
    "a pending signal whose time is over": (
        "signals-past-expiry",
        [
            ("INSERT INTO signals (id, instrument_id, kind, direction, fired_at, expires_at) SELECT gen_random_uuid(), "
            "id, 'buy', 'long', now() - interval '1 hour', now() - interval '1 second' FROM instruments LIMIT 1")
        ],
    ),
    "a snapshot of no account": (
        "orphans",
        [
            ("INSERT INTO portfolio_snapshots (account_id, taken_at, currency, cash, positions_value, equity) "
            f"VALUES (gen_random_uuid(), '{AT}', 'USDT', 1, 0, 1)")
        ],
    ),
    "equity of no backtest": (
        "orphans",
        [f"INSERT INTO backtest_equity (run_id, at, equity) VALUES (gen_random_uuid(), '{AT}', 1)"],
    ),
}  # fmt: skip

HARMLESS = {
    "a snapshot of an account that is there": "INSERT INTO portfolio_snapshots (account_id, taken_at, currency, cash, "
    f"positions_value, equity) SELECT id, '{AT}', 'USDT', 1, 0, 1 FROM trading_accounts",
    "an open order whose time is to come": NEW_ORDER.format(
        columns="status, expires_at", values="'open', now() + interval '1 hour'"
    ),
    "an order of no fill yet": NEW_ORDER.format(columns="status", values="'open'"),
    "an order past its time that was cancelled": NEW_ORDER.format(
        columns="status, expires_at", values="'cancelled', now() - interval '1 hour'"
    ),
    "a trade that was cancelled": "UPDATE trades SET outcome = 'cancelled' WHERE outcome = 'pending'",
    "a rule alone": "UPDATE trades SET strategy_id = NULL",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(server: ConnectionTarget) -> AsyncIterator[Database]:
    """Two weeks of candles and a strategy that traded them on paper; the market is halted, so nothing is late."""
    async with clone_of_template(server) as target, Database(target) as made:
        async with made.write() as session:
            instrument = await market.ensure_instrument(session, "simulated", "BTC/USDT")
            await candles.write(session, instrument, "1m", random_walk(14 * 24 * 60))
            await trade_series(session, instrument, await candles.read(session, instrument, "1m"), owner="dev")
            await partitions.ensure(session, PortfolioSnapshot, AT, AT)
            await partitions.ensure(session, BacktestEquity, AT, AT)
            await session.execute(text("UPDATE instruments SET status = 'halted'"))
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def connection(world: Database) -> AsyncIterator[AsyncConnection]:
    """A connection to the world; what is done on it is rolled back."""
    async with world.engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


async def rows(connection: AsyncConnection, name: str, **limits: Any) -> list[dict[str, Any]]:
    async with WriteSession(bind=connection, join_transaction_mode="create_savepoint") as session:
        found = await reports.answer(session, reports.report(name), **limits)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


async def defects(connection: AsyncConnection) -> dict[str, int]:
    return {row["check"]: row["found"] for row in await rows(connection, "data-quality") if row["found"]}


async def test_a_world_without_defects_passes_every_check(connection: AsyncConnection) -> None:
    found = await rows(connection, "data-quality")
    assert {row["check"] for row in found} == set(CHECKS)
    assert await defects(connection) == {}


@pytest.mark.parametrize("planted", DEFECTS)
async def test_a_planted_defect_is_found_by_its_check_alone(connection: AsyncConnection, planted: str) -> None:
    check, statements = DEFECTS[planted]
    for statement in statements:
        await connection.exec_driver_sql(statement)
    await connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")  # records of rules are counted at COMMIT
    assert await defects(connection) == {check: 1}
    assert len(await rows(connection, check)) == 1


@pytest.mark.parametrize("planted", HARMLESS)
async def test_what_is_no_defect_is_not_reported(connection: AsyncConnection, planted: str) -> None:
    changed = await connection.exec_driver_sql(HARMLESS[planted])
    assert changed.rowcount > 0
    assert await defects(connection) == {}


def test_every_check_has_a_defect() -> None:
    assert {check for check, _ in DEFECTS.values()} == set(CHECKS)


async def test_a_check_shows_which_row_and_by_how_much(connection: AsyncConnection) -> None:
    await connection.exec_driver_sql("UPDATE positions SET quantity = quantity * 2")
    [position] = await rows(connection, "positions-against-fills")
    assert position["quantity"] == 2 * position["fills_quantity"] != 0
    assert (position["mode"], position["symbol"], position["side"]) == (TradingMode.PAPER, "BTC/USDT", "net")
    await connection.exec_driver_sql(DROP_CANDLE)
    [series] = await rows(connection, "coverage-against-candles")
    assert (series["timeframe"], series["covered"] - series["candles"]) == ("1m", 1)


async def test_checks_look_at_one_mode_where_one_is_asked_for(connection: AsyncConnection) -> None:
    await connection.exec_driver_sql(f"UPDATE trades SET pnl = NULL WHERE id = {ONE_WIN}")
    [found] = await rows(connection, "closed-without-pnl", mode=TradingMode.PAPER)
    assert isinstance(found["trade_id"], UUID)
    assert await rows(connection, "closed-without-pnl", mode=TradingMode.LIVE) == []


async def test_the_overview_counts_all_rows_and_a_check_shows_as_many_as_are_asked_for(
    connection: AsyncConnection,
) -> None:
    changed = await connection.exec_driver_sql("UPDATE trades SET pnl = NULL WHERE outcome IN ('win', 'loss')")
    assert await defects(connection) == {"closed-without-pnl": changed.rowcount}
    assert changed.rowcount > 5
    assert len(await rows(connection, "closed-without-pnl", limit=5)) == 5


@pytest.mark.parametrize("timeframe", Timeframe)
async def test_gaps_and_lateness_are_counted_as_the_timeframe_counts(
    session: WriteSession, timeframe: Timeframe
) -> None:
    """The same numbers in SQL as in Python, also for weeks and calendar months."""
    instrument = await market.ensure_instrument(session, "mine", "BTC/USDT")
    now = datetime.now(UTC)
    first = timeframe.floor(datetime(2024, 1, 31, tzinfo=UTC))
    if timeframe.seconds is not None:
        first = timeframe.floor(now - 100 * timedelta(seconds=timeframe.seconds))
    last = timeframe.next(timeframe.next(timeframe.next(first)))
    bars = [[int(at.timestamp() * 1000), 1, 2, 0.5, 1.5, 3] for at in (first, last)]
    await candles.write(session, instrument, timeframe, bars)

    gaps = await reports.answer(session, reports.report("series-with-gaps"))
    assert [row[-3:] for row in gaps.rows] == [(2, 4, 2)]
    [late] = (await reports.answer(session, reports.report("stale-series"))).rows
    closed = timeframe.count_between(last, timeframe.floor(now)) - 2
    assert late[4] - closed in {0, 1}, "a candle may close meanwhile"


async def test_a_series_is_stale_from_the_third_candle_on_that_is_missing(session: WriteSession) -> None:
    fresh = await market.ensure_instrument(session, "mine", "FRESH/USDT")
    stale = await market.ensure_instrument(session, "mine", "STALE/USDT")
    week = Timeframe.W1.floor(datetime.now(UTC))
    for instrument, weeks in ((fresh, 3), (stale, 4)):  # the week under way is not closed
        opened = week - timedelta(weeks=weeks)
        await candles.write(session, instrument, "1w", [[int(opened.timestamp() * 1000), 1, 2, 0.5, 1.5, 3]])
    found = await reports.answer(session, reports.report("stale-series"))
    assert [(row[1], row[4]) for row in found.rows] == [("STALE/USDT", 3)]


async def test_signals_past_their_expiry_are_told_by_strategy(connection: AsyncConnection) -> None:
    for strategy in ("(SELECT id FROM strategies LIMIT 1)", "NULL"):
        await connection.exec_driver_sql(
            "INSERT INTO signals (id, strategy_id, instrument_id, kind, direction, fired_at, expires_at) "
            f"SELECT '{uuid4()}'::uuid, {strategy}, id, 'buy', 'long', now() - interval '2 hours', "
            "now() - interval '1 hour' FROM instruments LIMIT 1"
        )
    assert len(await rows(connection, "signals-past-expiry")) == 2
    [name] = {row["strategy"] for row in await rows(connection, "signals-past-expiry")} - {None}
    assert [row["strategy"] for row in await rows(connection, "signals-past-expiry", strategy=name)] == [name]
