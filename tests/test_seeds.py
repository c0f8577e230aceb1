"""The seeded worlds hold together: every figure is recomputed here from the fills, and a repeat touches no row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb.candles import CandleSeries
from tradingdb.candles.validate import problems
from tradingdb.core.ids import uuid7
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database
from tradingdb.errors import RefusedError
from tradingdb.models import Base, Instrument, StrategyRule, TradingAccount, TradingMode
from tradingdb.seeds import World, crossover, seed
from tradingdb.seeds.synthetic import random_walk
from tradingdb.settings import Settings
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget

DEVELOPMENT = Settings(environment="development")
ZERO = Decimal(0)
SIX_DIGITS = Decimal("0.000001")

Row = Mapping[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(server: ConnectionTarget) -> AsyncIterator[Database]:
    async with clone_of_template(server) as target, Database(target) as made:
        await seed(made, World.DEVELOPMENT, DEVELOPMENT)
        yield made


async def rows(database: Database, query: str) -> list[Row]:
    async with database.read() as session:
        return list((await session.execute(text(query))).mappings())


async def row_versions(database: Database) -> dict[str, list[Any]]:
    """Where each row of each table stands and which transaction wrote it: any write at all changes this."""
    return {
        table.name: await rows(database, f"SELECT tableoid, ctid::text, xmin::text FROM {table.name} ORDER BY 1, 2")
        for table in Base.metadata.sorted_tables
    }


def position_of(fills: Iterable[Row]) -> tuple[Decimal, Decimal]:
    """The quantity held and the profit realised, by the average price of what is held."""
    held = average = realized = ZERO
    for fill in fills:
        change = fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
        if held * change >= 0:
            average = (held * average + change * fill["price"]) / (held + change)
        else:
            closing = min(abs(change), abs(held))
            realized += closing * (fill["price"] - average) * (1 if held > 0 else -1)
            if abs(change) > abs(held):
                average = fill["price"]
        held += change
    return held, realized


def cash_flow(fills: Iterable[Row]) -> Decimal:
    """What the fills left in the account: sales minus purchases minus fees."""
    return sum(
        (f["quantity"] * f["price"] * (1 if f["side"] == "sell" else -1) - f["fee"] for f in fills),
        start=ZERO,
    )


async def test_every_table_of_the_ledger_has_rows_and_every_kind_of_end_occurs(world: Database) -> None:
    for table in ("signals", "trades", "orders", "order_events", "fills", "trade_exits", "learning_evidence"):
        assert await rows(world, f"SELECT 1 FROM {table}"), table
    ends = {(trade["outcome"], trade["exit_reason"]) for trade in await rows(world, "SELECT * FROM trades")}
    assert ends >= {("win", "signal"), ("loss", "stop_loss"), ("loss", "signal"), ("pending", None)}


async def test_every_foreign_key_is_enforced_and_holds(world: Database) -> None:
    keys = await rows(
        world,
        """
        SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent, convalidated,
               (SELECT string_agg(format('p.%I = c.%I', p.attname, c.attname), ' AND ')
                FROM unnest(conkey, confkey) AS k (child, parent)
                JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = k.child
                JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = k.parent) AS match,
               (SELECT string_agg(format('c.%I IS NOT NULL', c.attname), ' AND ')
                FROM pg_attribute c WHERE c.attrelid = conrelid AND c.attnum = ANY (conkey)) AS given
        FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
        """,
    )
    assert len(keys) > 30
    for key in keys:
        orphans = f"""
            SELECT 1 FROM {key["child"]} c
            WHERE {key["given"]} AND NOT EXISTS (SELECT 1 FROM {key["parent"]} p WHERE {key["match"]})
        """
        assert key["convalidated"], key
        assert await rows(world, orphans) == [], key


async def test_each_order_is_filled_by_exactly_its_fills(world: Database) -> None:
    orders = await rows(world, "SELECT * FROM orders")
    by_order: dict[UUID, list[Row]] = {order["id"]: [] for order in orders}
    for fill in await rows(world, "SELECT * FROM fills"):
        by_order[fill["order_id"]].append(fill)
    for order in orders:
        fills = by_order[order["id"]]
        quantity = sum(fill["quantity"] for fill in fills)
        assert order["filled_quantity"] == quantity
        assert order["remaining_quantity"] == order["quantity"] - quantity
        assert order["average_price"] * quantity == sum(fill["price"] * fill["quantity"] for fill in fills)
        assert order["fee"] == sum(fill["fee"] for fill in fills)
        assert order["executed_at"] == max(fill["executed_at"] for fill in fills)
        for name in ("account_id", "instrument_id", "side", "venue_order_id", "fee_currency"):
            assert {fill[name] for fill in fills} == {order[name]}


async def test_each_order_ends_with_the_event_that_filled_it(world: Database) -> None:
    events = await rows(world, "SELECT * FROM order_events ORDER BY order_id, sequence")
    told = {order_id: list(of_order) for order_id, of_order in groupby(events, key=lambda event: event["order_id"])}
    orders = {order["id"]: order for order in await rows(world, "SELECT * FROM orders")}
    assert told.keys() == orders.keys()
    for order_id, order in orders.items():
        assert [event["kind"] for event in told[order_id]] == ["submitted", "accepted", "filled"]
        newest = told[order_id][-1]
        assert (order["last_event_sequence"], order["last_event_at"]) == (newest["sequence"], newest["occurred_at"])


async def test_the_position_is_what_the_fills_say(world: Database) -> None:
    fills = await rows(world, "SELECT * FROM fills ORDER BY executed_at")
    [position] = await rows(world, "SELECT * FROM positions")
    quantity, realized = position_of(fills)
    assert (position["quantity"], position["realized_pnl"]) == (quantity, realized)
    assert position["quantity"] != 0, "an open position is part of the world"
    assert position["fees"] == sum(fill["fee"] for fill in fills)
    assert position["last_fill_at"] == fills[-1]["executed_at"]
    [pending] = await rows(world, "SELECT * FROM trades WHERE outcome = 'pending'")
    assert (position["opened_at"], position["average_entry_price"]) == (pending["entry_time"], pending["entry_price"])


async def test_a_trade_earned_what_its_exits_and_its_fills_say(world: Database) -> None:
    trades = {trade["id"]: trade for trade in await rows(world, "SELECT * FROM trades")}
    exits: dict[UUID, list[Row]] = {trade_id: [] for trade_id in trades}
    fills: dict[UUID, list[Row]] = {trade_id: [] for trade_id in trades}
    for row in await rows(world, "SELECT * FROM trade_exits"):
        exits[row["trade_id"]].append(row)
    for row in await rows(world, "SELECT f.*, o.trade_id FROM fills f JOIN orders o ON o.id = f.order_id"):
        fills[row["trade_id"]].append(row)
    for trade_id, trade in trades.items():
        assert trade["fees"] == sum(fill["fee"] for fill in fills[trade_id])
        if trade["outcome"] == "pending":
            assert (trade["pnl"], exits[trade_id], len(fills[trade_id])) == (None, [], 1)
            continue
        assert trade["pnl"] == sum(part["pnl"] for part in exits[trade_id]) == cash_flow(fills[trade_id])
        assert trade["quantity"] == sum(part["quantity"] for part in exits[trade_id])
        assert trade["fees"] == sum(part["fees"] for part in exits[trade_id])
        risk = abs(trade["entry_price"] - trade["initial_stop"]) * trade["quantity"]
        assert trade["pnl_r"] == (trade["pnl"] / risk).quantize(SIX_DIGITS)
        assert trade["pnl_r"] == sum(part["pnl_r"] for part in exits[trade_id])
        assert trade["outcome"] == ("win" if trade["pnl"] > 0 else "loss")
        assert {part["fill_id"] for part in exits[trade_id]} < {fill["id"] for fill in fills[trade_id]}


async def test_the_record_of_the_rule_is_that_of_its_closed_trades(world: Database) -> None:
    [rule] = await rows(world, "SELECT * FROM strategy_rules")
    closed = await rows(world, "SELECT * FROM trades WHERE outcome <> 'pending'")
    assert {trade["rule_id"] for trade in closed} == {rule["id"]}
    assert rule["trade_count"] == len(closed)
    assert rule["win_rate"] == pytest.approx(sum(trade["outcome"] == "win" for trade in closed) / len(closed))
    average = sum(trade["pnl_r"] for trade in closed) / len(closed)
    assert rule["avg_r_multiple"].quantize(SIX_DIGITS) == average.quantize(SIX_DIGITS)


async def test_the_lesson_counts_its_evidence_and_the_evidence_is_the_trades(world: Database) -> None:
    [lesson] = await rows(world, "SELECT * FROM learning_entries")
    evidence = await rows(world, "SELECT * FROM learning_evidence")
    trades = {t["id"]: t for t in await rows(world, "SELECT * FROM trades WHERE outcome <> 'pending'")}
    assert {piece["trade_id"] for piece in evidence} == trades.keys()
    for piece in evidence:
        trade = trades[piece["trade_id"]]
        assert piece["verdict"] == ("supports" if trade["outcome"] == "win" else "contradicts")
        assert (piece["r_multiple"], piece["known_at"]) == (trade["pnl_r"], trade["exit_time"])
    supporting = sum(piece["verdict"] == "supports" for piece in evidence)
    assert lesson["validation_count"] == supporting > 0
    assert lesson["contradiction_count"] == len(evidence) - supporting > 0
    assert lesson["last_validated_at"] == max(piece["known_at"] for piece in evidence)
    assert lesson["confidence"] == pytest.approx((1 + supporting) / (2 + len(evidence)))


async def test_coverage_is_what_candles_there_are_and_all_are_marked_as_synthetic(world: Database) -> None:
    covered = await rows(
        world,
        "SELECT instrument_id, timeframe, first_open_time, last_open_time, candle_count, source FROM series_coverage",
    )
    there = await rows(
        world,
        """
        SELECT instrument_id, timeframe, min(open_time) AS first_open_time, max(open_time) AS last_open_time,
               count(*) AS candle_count, max(source) AS source
        FROM candles GROUP BY 1, 2
        """,
    )
    assert covered == there
    assert await rows(world, "SELECT DISTINCT is_synthetic FROM candles") == [{"is_synthetic": True}]


async def test_every_entry_and_exit_is_a_price_that_the_candles_had(world: Database) -> None:
    strangers = """
        SELECT f.price, c.low, c.high FROM fills f
        LEFT JOIN candles c ON c.instrument_id = f.instrument_id AND c.timeframe = '1m'
                           AND c.open_time = f.executed_at - interval '1 minute'
        WHERE c.low IS NULL OR f.price NOT BETWEEN c.low::text::numeric AND c.high::text::numeric
    """
    assert await rows(world, strangers) == []


async def test_nobody_of_the_development_world_can_log_in(world: Database) -> None:
    users = await rows(world, "SELECT password_hash, two_factor_secret FROM users")
    assert users == [{"password_hash": None, "two_factor_secret": None}]
    for table in ("user_sessions", "user_tokens", "api_keys"):
        assert await rows(world, f"SELECT 1 FROM {table}") == []


async def test_the_same_world_is_made_in_every_database(world: Database, database: Database) -> None:
    await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    for table in ("trades", "orders", "fills", "positions", "trade_exits", "learning_evidence", "signals"):
        described = f"SELECT to_jsonb(t) - 'created_at' - 'updated_at' AS row FROM {table} t ORDER BY 1"
        assert await rows(database, described) == await rows(world, described), table


@pytest.mark.parametrize("which", list(World))
async def test_seeding_again_adds_nothing_and_writes_no_row(database: Database, which: World) -> None:
    first = await seed(database, which, DEVELOPMENT)
    before = await row_versions(database)
    second = await seed(database, which, DEVELOPMENT)
    assert sum(first.values()) > 0
    assert set(second.values()) == {0}
    assert await row_versions(database) == before


async def test_seeding_again_uses_up_no_identifiers(database: Database) -> None:
    numbers = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    before = await rows(database, numbers)
    await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    assert await rows(database, numbers) == before


@pytest.mark.parametrize("which", list(World))
async def test_the_rows_that_a_seed_says_it_added_are_there(database: Database, which: World) -> None:
    added = await seed(database, which, DEVELOPMENT)
    for table, count in added.items():
        assert await rows(database, f"SELECT count(*) AS n FROM {table}") == [{"n": count}], table


async def test_the_production_world_is_reference_data_without_users(database: Database) -> None:
    await seed(database, World.PRODUCTION, Settings(environment="production"))
    filled = {name for name, versions in (await row_versions(database)).items() if versions}
    assert filled == {"timeframes", "venues"}
    codes = await rows(database, "SELECT code FROM timeframes ORDER BY position")
    assert [row["code"] for row in codes] == [timeframe.value for timeframe in Timeframe]


async def test_the_development_world_is_refused_in_production_and_nothing_is_stored(database: Database) -> None:
    with pytest.raises(RefusedError, match="production"):
        await seed(database, World.DEVELOPMENT, Settings(environment="production"))
    assert not any((await row_versions(database)).values())


async def test_what_somebody_changed_is_not_changed_back(database: Database) -> None:
    await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    async with database.write() as session:
        await session.execute(text("UPDATE venues SET name = 'Ours' WHERE code = 'kraken'"))
        await session.execute(text("UPDATE strategies SET status = 'paused'"))
        await session.execute(text("DELETE FROM user_preferences"))
    added = await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    assert {table: count for table, count in added.items() if count} == {"user_preferences": 1}
    assert await rows(database, "SELECT name FROM venues WHERE code = 'kraken'") == [{"name": "Ours"}]
    assert await rows(database, "SELECT status FROM strategies") == [{"status": "paused"}]


@settings(deadline=None, max_examples=25)
@given(minutes=st.integers(1, 3_000), tick=st.sampled_from([0.01, 0.1, 0.5, 5]))
def test_a_synthetic_series_is_valid_and_on_its_tick(minutes: int, tick: float) -> None:
    walk = random_walk(minutes, tick=tick)
    assert len(walk) == minutes
    assert problems(walk, Timeframe.M1) == []
    for prices in (walk.open, walk.high, walk.low, walk.close):
        assert np.allclose(np.round(prices / tick) * tick, prices, rtol=0, atol=1e-6)
    assert walk.is_synthetic is not None
    assert walk.is_synthetic.all()


@given(number=st.integers(0, 2**32 - 1), length=st.integers(1, 600), volatility=st.floats(0.0005, 0.01))
@settings(deadline=None, max_examples=60)
def test_the_ledger_of_any_series_adds_up(number: int, length: int, volatility: float) -> None:
    generator = np.random.default_rng(number)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crossover, "FAST", 5)
        patched.setattr(crossover, "SLOW", 20)
        ledger = crossover.run(
            series_of(100 * np.exp(np.cumsum(generator.normal(0, volatility, length)))),
            TradingAccount(id=uuid7(), mode=TradingMode.PAPER, base_currency="USDT"),
            Instrument(id=1, symbol="BTC/USDT", price_tick=Decimal("0.01")),
            StrategyRule(id=uuid7(), strategy_id=uuid7()),
            uuid7(),
        )
    if not ledger.positions:
        assert [*ledger.trades, *ledger.orders, *ledger.fills] == []
        return
    [position] = ledger.positions
    assert position_of(ledger.fills) == (position["quantity"], position["realized_pnl"])
    assert position["fees"] == sum(fill["fee"] for fill in ledger.fills)
    closed = [trade for trade in ledger.trades if trade["pnl"] is not None]
    still_open = [trade for trade in ledger.trades if trade["pnl"] is None]
    assert len(still_open) <= 1
    open_fees = sum((trade["fees"] for trade in still_open), start=ZERO)
    assert sum((trade["pnl"] for trade in closed), start=ZERO) == (
        position["realized_pnl"] - (position["fees"] - open_fees)
    )
    assert len(ledger.trade_exits) == len(ledger.evidence) == len(closed)
    assert len({order["client_order_id"] for order in ledger.orders}) == len(ledger.orders)


def series_of(close: np.ndarray[Any, np.dtype[np.float64]]) -> CandleSeries:
    times = np.datetime64("2025-01-01", "us") + np.arange(len(close)) * np.timedelta64(1, "m")
    close = np.round(close, 2)
    opens = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    return CandleSeries(1, Timeframe.M1, times, opens, high, low, close, np.ones(len(close)))
