"""The ledger of the development world holds together: every figure is recomputed from the fills."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from world_queries import ZERO, Row, one, position_of, rows

from tradingdb.database import Database

SIX_DIGITS = Decimal("0.000001")
CLOSED_ON_PAPER = "SELECT * FROM trades WHERE outcome <> 'pending' AND mode = 'paper'"


def cash_flow(fills: Iterable[Row]) -> Decimal:
    """What the fills left in the account: sales minus purchases minus fees."""
    return sum(
        (f["quantity"] * f["price"] * (1 if f["side"] == "sell" else -1) - f["fee"] for f in fills),
        start=ZERO,
    )


async def by_account(world: Database, query: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in await rows(world, query):
        found.setdefault(row["account_id"], []).append(row)
    return found


async def test_every_kind_of_end_occurs(world: Database) -> None:
    ends = {(trade["outcome"], trade["exit_reason"]) for trade in await rows(world, "SELECT * FROM trades")}
    assert ends >= {
        ("win", "signal"), ("loss", "stop_loss"), ("loss", "signal"), ("pending", None), ("win", "manual"),
    }  # fmt: skip
    assert {row["status"] for row in await rows(world, "SELECT status FROM orders")} == {"filled", "cancelled"}


async def test_each_order_is_filled_by_exactly_its_fills(world: Database) -> None:
    orders = await rows(world, "SELECT * FROM orders")
    by_order: dict[UUID, list[Row]] = {order["id"]: [] for order in orders}
    for fill in await rows(world, "SELECT * FROM fills"):
        by_order[fill["order_id"]].append(fill)
    for order in orders:
        fills = by_order[order["id"]]
        quantity = sum((fill["quantity"] for fill in fills), start=ZERO)
        assert order["filled_quantity"] == quantity
        assert order["remaining_quantity"] == order["quantity"] - quantity
        if not fills:
            assert (order["status"], order["average_price"], order["fee"]) == ("cancelled", None, None)
            continue
        assert order["average_price"] * quantity == sum(fill["price"] * fill["quantity"] for fill in fills)
        assert order["fee"] == sum(fill["fee"] for fill in fills)
        assert order["executed_at"] == max(fill["executed_at"] for fill in fills)
        for name in ("account_id", "instrument_id", "side", "venue_order_id", "fee_currency"):
            assert {fill[name] for fill in fills} == {order[name]}
    assert max(len(fills) for fills in by_order.values()) > 1, "an order with several fills is part of the world"


async def test_each_order_ends_with_the_event_that_ended_it(world: Database) -> None:
    events = await rows(world, "SELECT * FROM order_events ORDER BY order_id, sequence")
    told = {order_id: list(of_order) for order_id, of_order in groupby(events, key=lambda event: event["order_id"])}
    orders = {order["id"]: order for order in await rows(world, "SELECT * FROM orders")}
    assert told.keys() == orders.keys()
    for order_id, order in orders.items():
        kinds = [event["kind"] for event in told[order_id]]
        assert kinds[:2] == ["submitted", "accepted"]
        newest = told[order_id][-1]
        assert newest["kind"] == order["status"]
        assert (order["last_event_sequence"], order["last_event_at"]) == (newest["sequence"], newest["occurred_at"])
        fills = await rows(world, f"SELECT executed_at FROM fills WHERE order_id = '{order_id}' ORDER BY 1")
        filling = [event["occurred_at"] for event in told[order_id] if "filled" in event["kind"]]
        assert filling == [fill["executed_at"] for fill in fills]


async def test_each_position_is_what_the_fills_say(world: Database) -> None:
    fills = await by_account(world, "SELECT * FROM fills ORDER BY executed_at")
    positions = await by_account(world, "SELECT * FROM positions")
    assert positions.keys() == fills.keys()
    for account_id, [position] in positions.items():
        assert (position["quantity"], position["realized_pnl"]) == position_of(fills[account_id])
        assert position["fees"] == sum(fill["fee"] for fill in fills[account_id])
        assert position["last_fill_at"] == fills[account_id][-1]["executed_at"]
    held = [position for [position] in positions.values() if position["quantity"]]
    pending = await one(world, "SELECT * FROM trades WHERE outcome = 'pending'")
    assert [(p["opened_at"], p["average_entry_price"]) for p in held] == [
        (pending["entry_time"], pending["entry_price"])
    ]


async def test_what_is_held_is_valued_at_the_last_candle(world: Database) -> None:
    position = await one(world, "SELECT * FROM positions WHERE quantity <> 0")
    last = await one(
        world,
        f"""
        SELECT close::text::numeric AS price, open_time + interval '1 minute' AS at FROM candles
        WHERE instrument_id = {position["instrument_id"]} AND timeframe = '1m' ORDER BY open_time DESC LIMIT 1
        """,
    )
    assert (position["mark_price"], position["marked_at"]) == (last["price"], last["at"])
    gained = (last["price"] - position["average_entry_price"]) * position["quantity"]
    assert position["unrealized_pnl"] == gained
    newest = await one(
        world,
        f"""
        SELECT unrealized_pnl FROM portfolio_snapshots
        WHERE account_id = '{position["account_id"]}' ORDER BY taken_at DESC LIMIT 1
        """,
    )
    assert newest["unrealized_pnl"] == gained


async def test_a_trade_earned_what_its_exits_and_its_fills_say(world: Database) -> None:
    trades = {trade["id"]: trade for trade in await rows(world, "SELECT * FROM trades WHERE mode = 'paper'")}
    exits: dict[UUID, list[Row]] = {trade_id: [] for trade_id in trades}
    for part in await rows(
        world, "SELECT x.* FROM trade_exits x JOIN trades t ON t.id = trade_id WHERE mode = 'paper'"
    ):
        exits[part["trade_id"]].append(part)
    fills: dict[UUID, list[Row]] = {trade_id: [] for trade_id in trades}
    for fill in await rows(world, "SELECT f.*, o.trade_id FROM fills f JOIN orders o ON o.id = f.order_id"):
        fills[fill["trade_id"]].append(fill)
    for trade_id, trade in trades.items():
        if trade["outcome"] == "pending":
            assert (trade["pnl"], exits[trade_id], len(fills[trade_id])) == (None, [], 1)
            continue
        earned = sum((part["pnl"] for part in exits[trade_id]), start=ZERO)
        assert earned == cash_flow(fills[trade_id])
        assert trade["pnl"] == earned + trade["funding"]
        assert trade["quantity"] == sum(part["quantity"] for part in exits[trade_id])
        assert trade["fees"] == sum(part["fees"] for part in exits[trade_id])
        sold = sum(part["price"] * part["quantity"] for part in exits[trade_id])
        assert trade["exit_price"] * trade["quantity"] == sold
        risk = abs(trade["entry_price"] - trade["initial_stop"]) * trade["quantity"]
        assert trade["pnl_r"] == (trade["pnl"] / risk).quantize(SIX_DIGITS)
        for part in exits[trade_id]:
            assert part["pnl_r"] == (part["pnl"] / risk).quantize(SIX_DIGITS)
        assert trade["outcome"] == ("win" if trade["pnl"] > 0 else "loss")
        assert {part["fill_id"] for part in exits[trade_id]} < {fill["id"] for fill in fills[trade_id]}


async def test_the_record_of_a_rule_is_that_of_its_closed_trades_without_backtests(world: Database) -> None:
    closed = await rows(world, CLOSED_ON_PAPER)
    assert await rows(world, "SELECT 1 FROM trades WHERE mode = 'backtest' AND rule_id IS NOT NULL")
    traded = 0
    for rule in await rows(world, "SELECT * FROM strategy_rules"):
        of_rule = [trade for trade in closed if trade["rule_id"] == rule["id"]]
        assert rule["trade_count"] == len(of_rule)
        if not of_rule:
            assert (rule["win_rate"], rule["avg_r_multiple"]) == (None, None)
            continue
        traded += 1
        assert rule["win_rate"] == pytest.approx(sum(t["outcome"] == "win" for t in of_rule) / len(of_rule))
        average = sum(trade["pnl_r"] for trade in of_rule) / len(of_rule)
        assert rule["avg_r_multiple"].quantize(SIX_DIGITS) == average.quantize(SIX_DIGITS)
    assert traded == 1


async def test_the_movements_of_cash_add_up_to_the_balance(world: Database) -> None:
    balances = await rows(
        world, "SELECT account_id, asset, quantity AS amount FROM portfolios ORDER BY account_id, asset"
    )
    moved = (
        "SELECT account_id, currency AS asset, sum(amount) AS amount FROM cash_movements GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert balances == await rows(world, moved)
    assert [row["asset"] for row in balances].count("USDT") == 2
    transfers = await one(
        world, "SELECT sum(amount) AS left, count(*) AS n FROM cash_movements WHERE kind = 'transfer'"
    )
    assert transfers == {"left": 0, "n": 2}, "what leaves one account comes into the other"


async def test_fees_profits_and_funding_moved_as_the_positions_say(world: Database) -> None:
    """What a perpetual realizes is paid; spot exchanges coins for money."""
    positions = await rows(
        world,
        """
        SELECT p.account_id, CASE i.kind WHEN 'perpetual' THEN realized_pnl ELSE 0 END AS realized_pnl, fees, funding,
               CASE i.kind WHEN 'spot' THEN quantity ELSE 0 END AS coins
        FROM positions p JOIN instruments i ON i.id = p.instrument_id ORDER BY p.account_id
        """,
    )
    moved = await rows(
        world,
        """
        SELECT account_id, coalesce(sum(amount) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized_pnl,
               -sum(amount) FILTER (WHERE kind = 'fee') AS fees,
               coalesce(sum(amount) FILTER (WHERE kind = 'funding'), 0) AS funding,
               coalesce(sum(amount) FILTER (WHERE currency <> 'USDT'), 0) AS coins
        FROM cash_movements GROUP BY 1 ORDER BY 1
        """,
    )
    assert positions == moved
    of_fills = "SELECT f.id, -f.fee AS amount FROM fills f ORDER BY 1"
    fees = "SELECT fill_id AS id, amount FROM cash_movements WHERE kind = 'fee' ORDER BY 1"
    assert await rows(world, fees) == await rows(world, of_fills)


async def test_funding_is_rate_times_value_of_what_the_fills_had_left(world: Database) -> None:
    due = await rows(
        world,
        """
        SELECT account_id, funding_time AS at, -rate * held * mark_price AS amount FROM (
            SELECT f.account_id, r.funding_time, r.rate, r.mark_price,
                   sum(CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END) AS held
            FROM funding_rates r JOIN fills f
              ON f.instrument_id = r.instrument_id AND f.executed_at <= r.funding_time
            GROUP BY 1, 2, 3, 4
        ) AS held WHERE held <> 0 ORDER BY 2
        """,
    )
    paid = await rows(
        world,
        "SELECT account_id, occurred_at AS at, amount FROM cash_movements WHERE kind = 'funding' ORDER BY 2",
    )
    assert paid == due
    assert len(due) > 3
    trade = await one(world, "SELECT funding FROM trades WHERE funding <> 0")
    assert trade["funding"] == sum(row["amount"] for row in paid)


async def test_funding_is_at_prices_that_the_candles_had(world: Database) -> None:
    for column, kind, timeframe in (("mark_price", "perpetual", "1h"), ("index_price", "spot", "1m")):
        strangers = f"""
            SELECT r.funding_time FROM funding_rates r
            JOIN instruments i ON i.kind = '{kind}' JOIN timeframes t ON t.code = '{timeframe}'
            LEFT JOIN candles c ON c.instrument_id = i.id AND c.timeframe = t.code
                               AND c.open_time = r.funding_time - t.duration
            WHERE c.close::text::numeric IS DISTINCT FROM r.{column}
        """
        assert await rows(world, strangers) == []


async def snapshot_at(world: Database, account_id: UUID, at: Any) -> dict[str, Decimal]:
    """Cash, profit so far, profit still open and worth at an instant, from movements, fills and candles alone."""
    cash = await one(
        world,
        f"""
        SELECT sum(amount) AS cash FROM cash_movements
        WHERE account_id = '{account_id}' AND currency = 'USDT' AND occurred_at <= '{at.isoformat()}'
        """,
    )
    fills = await rows(
        world,
        f"""
        SELECT f.*, i.kind FROM fills f JOIN instruments i ON i.id = f.instrument_id
        WHERE account_id = '{account_id}' AND executed_at <= '{at.isoformat()}' ORDER BY executed_at, venue_trade_id
        """,
    )
    held, realized = position_of(fills)
    if not held:
        return {"cash": cash["cash"], "realized": realized, "unrealized": ZERO, "worth": ZERO}
    mark = await one(
        world,
        f"""
        SELECT close::text::numeric AS price FROM candles JOIN timeframes ON code = timeframe
        WHERE instrument_id = {fills[-1]["instrument_id"]} AND open_time = '{at.isoformat()}'::timestamptz - duration
        """,
    )
    # what a position is worth, with what it has realised, is what was sold and bought and what is left of it
    bought_and_sold = cash_flow(fills) + sum(fill["fee"] for fill in fills)
    unrealized = bought_and_sold + held * mark["price"] - realized
    worth = held * mark["price"] if fills[-1]["kind"] == "spot" else unrealized
    return {"cash": cash["cash"], "realized": realized, "unrealized": unrealized, "worth": worth}


async def test_equity_follows_trades_midnight_by_midnight(world: Database) -> None:
    snapshots = await by_account(world, "SELECT * FROM portfolio_snapshots ORDER BY taken_at")
    assert [len(of_account) for of_account in snapshots.values()] == [15, 15]
    for account_id, of_account in snapshots.items():
        peak = ZERO
        for snapshot in of_account:
            there = await snapshot_at(world, account_id, snapshot["taken_at"])
            assert snapshot["cash"] == there["cash"]
            assert snapshot["realized_pnl"] == there["realized"]
            assert snapshot["unrealized_pnl"] == there["unrealized"]
            assert snapshot["positions_value"] == there["worth"]
            assert snapshot["equity"] == snapshot["cash"] + snapshot["positions_value"]
            peak = max(peak, snapshot["equity"])
            assert snapshot["drawdown"] == pytest.approx(float((peak - snapshot["equity"]) / peak))
        assert any(snapshot["unrealized_pnl"] for snapshot in of_account)


async def test_every_entry_and_exit_is_a_price_that_the_candles_had(world: Database) -> None:
    strangers = """
        SELECT f.price, c.low, c.high FROM fills f
        JOIN instruments i ON i.id = f.instrument_id
        JOIN timeframes t ON t.code = CASE i.kind WHEN 'spot' THEN '1m' ELSE '1h' END
        LEFT JOIN candles c ON c.instrument_id = i.id AND c.timeframe = t.code
                           AND c.open_time = f.executed_at - t.duration
        WHERE c.low IS NULL OR f.price NOT BETWEEN c.low::text::numeric AND c.high::text::numeric
    """
    assert await rows(world, strangers) == []


async def test_no_candle_passed_a_stop_that_did_not_end_the_trade(world: Database) -> None:
    passed = """
        SELECT t.id FROM trades t
        JOIN instruments i ON i.id = t.instrument_id
        JOIN timeframes f ON f.code = CASE i.kind WHEN 'spot' THEN '1m' ELSE '1h' END
        JOIN candles c ON c.instrument_id = i.id AND c.timeframe = f.code
                      AND c.open_time >= t.entry_time AND c.open_time + f.duration < t.exit_time
        WHERE CASE t.direction WHEN 'long' THEN c.low <= t.initial_stop ELSE c.high >= t.initial_stop END
    """
    assert await rows(world, passed) == []
