"""Rules remember what their closed trades say: after every commit, whoever wrote what, and however it was written."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.database import Database, Retry, WriteSession
from tradingdb.failures import sqlstate_of
from tradingdb.models import Instrument, StrategyRule, Trade, TradingAccount, User, Venue, VenueKind
from tradingdb.models.trading.rule_record import COUNT_ALL_RULES, CREATE_RULE_RECORD
from tradingdb.services import rule_statistics
from tradingdb.services.rule_statistics import RuleRecord

AT = datetime(2026, 1, 5, tzinfo=UTC)
HALF_DIGIT = Fraction(1, 2 * 10**40)


class World:
    """Accounts of both modes, an instrument and rules, with trades made from little."""

    def __init__(self, accounts: dict[TradingMode, UUID], instrument_id: int, rules: list[UUID]) -> None:
        self.accounts, self.instrument_id, self.rules = accounts, instrument_id, rules

    def trade(self, rule: UUID | None, outcome: str, r: str | None, mode: str = "live") -> dict[str, Any]:
        is_closed = outcome in {"win", "loss", "breakeven"}
        return {
            "id": uuid7(),
            "account_id": self.accounts.get(TradingMode(mode)),
            "mode": mode,
            "instrument_id": self.instrument_id,
            "rule_id": rule,
            "direction": "long",
            "quantity": Decimal(1),
            "entry_price": Decimal(100),
            "entry_time": AT,
            "exit_price": Decimal(100) if is_closed else None,
            "exit_time": AT if is_closed else None,
            "outcome": outcome,
            "pnl_r": None if r is None else Decimal(r),
        }


async def make_world(session: WriteSession, rules: int) -> World:
    if not await session.scalar(text("SELECT to_regproc('tradingdb_rule_record') IS NOT NULL")):
        for statement in CREATE_RULE_RECORD:
            await session.execute(text(statement))
    user = User(email="ann@example.org", username="ann")
    venue = Venue(code="mine", name="Mine", kind=VenueKind.EXCHANGE)
    session.add_all([user, venue])
    await session.flush()
    instrument = Instrument(venue_id=venue.id, symbol="BTC/USDT")
    accounts = {
        mode: TradingAccount(user_id=user.id, venue_id=venue.id, label=mode.value, mode=mode, base_currency="USDT")
        for mode in (TradingMode.LIVE, TradingMode.PAPER)
    }
    learned = [StrategyRule(name=f"rule {number}", entry_type="breakout") for number in range(rules)]
    session.add_all([instrument, *accounts.values(), *learned])
    await session.flush()
    return World({mode: one.id for mode, one in accounts.items()}, instrument.id, [rule.id for rule in learned])


@pytest_asyncio.fixture(loop_scope="session")
async def world(session: WriteSession) -> World:
    return await make_world(session, 3)


async def remembered(session: WriteSession) -> dict[UUID, RuleRecord]:
    await rule_statistics.settle(session)
    rows = await session.execute(
        select(StrategyRule.id, StrategyRule.trade_count, StrategyRule.win_rate, StrategyRule.avg_r_multiple)
    )
    return {row[0]: RuleRecord(*row[1:]) for row in rows}


def record_of(trades: list[dict[str, Any]]) -> tuple[int, float | None, Fraction | None]:
    """The record, computed apart from PostgreSQL: of live trades, or of paper if none was live."""
    closed = [t for t in trades if t["outcome"] in {"win", "loss", "breakeven"} and t["mode"] != "backtest"]
    counted = [t for t in closed if t["mode"] == "live"] or closed
    known = [Fraction(t["pnl_r"]) for t in counted if t["pnl_r"] is not None]
    won = sum(t["outcome"] == "win" for t in counted)
    return (
        len(counted),
        won / len(counted) if counted else None,
        sum(known, start=Fraction(0)) / len(known) if known else None,
    )


def assert_says(record: RuleRecord, trades: list[dict[str, Any]]) -> None:
    count, win_rate, average = record_of(trades)
    assert (record.trade_count, record.win_rate) == (count, win_rate)
    assert (record.avg_r_multiple is None) == (average is None)
    if average is not None and record.avg_r_multiple is not None:
        assert abs(Fraction(record.avg_r_multiple) - average) <= HALF_DIGIT


async def test_live_trades_count_paper_ones_until_then_and_backtests_never(session: WriteSession, world: World) -> None:
    rule = world.rules[0]
    for trade, expected in [
        (world.trade(rule, "win", "9", "backtest"), RuleRecord()),
        (world.trade(rule, "win", "3", "paper"), RuleRecord(1, 1.0, Decimal(3))),
        (world.trade(rule, "pending", None), RuleRecord(1, 1.0, Decimal(3))),
        (world.trade(rule, "cancelled", None), RuleRecord(1, 1.0, Decimal(3))),
        (world.trade(rule, "loss", "-1"), RuleRecord(1, 0.0, Decimal(-1))),
        (world.trade(rule, "win", None), RuleRecord(2, 0.5, Decimal(-1))),
        (world.trade(rule, "win", "1"), RuleRecord(3, 2 / 3, Decimal(0))),
    ]:
        await session.execute(insert(Trade), [trade])
        assert (await remembered(session))[rule] == expected
    asked = await rule_statistics.records(session, [rule], TradingMode.PAPER)
    assert asked == {rule: RuleRecord(1, 1.0, Decimal(3))}
    assert (await rule_statistics.records(session, [rule], TradingMode.LIVE))[rule] == RuleRecord(3, 2 / 3, Decimal(0))


OUTCOMES = st.sampled_from(["win", "loss", "breakeven", "pending", "cancelled"])
MODES = st.sampled_from(["live", "paper", "backtest"])
RS = st.none() | st.decimals(min_value=-30, max_value=30, places=37).map(str)
STEPS = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "delete", "undone"]), st.integers(0, 2), OUTCOMES, RS, MODES),
    min_size=4, max_size=14,
)  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS, chance=st.randoms(use_true_random=False))
async def test_any_number_of_changes_leaves_the_exact_record(
    session: WriteSession, world: World, steps: list[tuple[str, int, str, str | None, str]], chance: random.Random
) -> None:
    trades: list[dict[str, Any]] = []
    async with session.begin_nested() as example:
        for kind, number, outcome, r, mode in steps:
            fresh = world.trade(world.rules[number], outcome, r, mode)
            if kind == "insert" or not trades:
                await session.execute(insert(Trade), [fresh])
                trades.append(fresh)
            elif kind == "update":
                old = chance.choice(trades)
                old |= {**fresh, "id": old["id"]}
                await session.execute(update(Trade).where(Trade.id == old["id"]).values(old))
            elif kind == "delete":
                gone = trades.pop(chance.randrange(len(trades)))
                await session.execute(delete(Trade).where(Trade.id == gone["id"]))
            else:
                async with session.begin_nested() as nested:
                    await session.execute(insert(Trade), [fresh])
                    await nested.rollback()
        records = await remembered(session)
        for rule in world.rules:
            assert_says(records[rule], [trade for trade in trades if trade["rule_id"] == rule])
        assert (await rule_statistics.verify_rules(session)).differences == ()
        await example.rollback()


async def test_with_immediate_constraints_each_statement_is_counted(session: WriteSession, world: World) -> None:
    """Somebody may set them so; nothing is lost by it, in either direction."""
    rule, other, _ = world.rules
    kept = select(StrategyRule.trade_count).order_by(StrategyRule.name)
    await session.execute(insert(Trade), [world.trade(other, "win", "2")])
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert list(await session.scalars(kept)) == [0, 1, 0]
    for expected in (3, 6):
        await session.execute(insert(Trade), [world.trade(rule, "win", "2") for _ in range(3)])
        assert list(await session.scalars(kept)) == [expected, 1, 0]
    await session.execute(update(Trade).where(Trade.rule_id == rule).values(rule_id=other))
    assert list(await session.scalars(kept)) == [0, 7, 0]
    await session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    for _ in range(2):
        await session.execute(insert(Trade), [world.trade(rule, "win", "2"), world.trade(other, "win", "2")])
    assert (await rule_statistics.verify_rules(session)).is_true
    assert list(await session.scalars(kept)) == [2, 9, 0]


async def test_rules_and_trades_that_go_away_take_their_part(session: WriteSession, world: World) -> None:
    first, second, third = world.rules
    await session.execute(insert(Trade), [world.trade(rule, "win", "2") for rule in world.rules])
    await session.execute(delete(StrategyRule).where(StrategyRule.id == first))
    await session.execute(update(Trade).where(Trade.rule_id == second).values(rule_id=third))
    assert await remembered(session) == {second: RuleRecord(), third: RuleRecord(2, 1.0, Decimal(2))}
    await session.execute(text("SET LOCAL tradingdb.maintenance = 'on'"))  # evidence of trades is append-only
    await session.execute(text("TRUNCATE trades CASCADE"))
    assert await remembered(session) == {second: RuleRecord(), third: RuleRecord()}


async def test_a_hand_on_the_columns_is_found_and_mended(session: WriteSession, world: World) -> None:
    rule, other, _ = world.rules
    await session.execute(insert(Trade), [world.trade(rule, "win", "2"), world.trade(other, "loss", "-1")])
    await session.execute(update(StrategyRule).where(StrategyRule.id == rule).values(avg_r_multiple=Decimal(7)))
    await session.execute(update(StrategyRule).where(StrategyRule.id == other).values(win_rate=None))
    await rule_statistics.settle(session)
    await session.execute(update(StrategyRule).where(StrategyRule.id == rule).values(avg_r_multiple=Decimal(7)))
    check = await rule_statistics.verify_rules(session)
    assert (check.rules, check.is_true) == (3, False)
    [difference] = check.differences
    assert (difference.rule_id, difference.name) == (rule, "rule 0")
    assert (difference.remembered, difference.counted) == (
        RuleRecord(1, 1.0, Decimal(7)),
        RuleRecord(1, 1.0, Decimal(2)),
    )
    assert (await rule_statistics.verify_rules(session, repair=True)).is_true
    assert (await rule_statistics.verify_rules(session)).differences == ()
    assert (await remembered(session))[rule] == RuleRecord(1, 1.0, Decimal(2))
    await session.execute(text("UPDATE strategy_rules SET trade_count = 5"))
    await session.execute(text(COUNT_ALL_RULES))
    assert (await rule_statistics.verify_rules(session)).differences == ()


async def test_who_waited_for_a_rule_counts_what_the_other_committed(database: Database) -> None:
    async with database.write() as session:
        world = await make_world(session, 1)

    async def second() -> None:
        async with database.write() as session:
            await session.execute(insert(Trade), [world.trade(world.rules[0], "loss", "-1")])

    async with database.write() as first:
        await first.execute(insert(Trade), [world.trade(world.rules[0], "win", "2")])
        await rule_statistics.settle(first)
        waiting = asyncio.create_task(second())
        while not await first.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")):
            assert not waiting.done()
            await asyncio.sleep(0.005)
    await waiting
    async with database.write() as session:
        assert await remembered(session) == {world.rules[0]: RuleRecord(2, 0.5, Decimal("0.5"))}


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
async def test_several_connections_and_no_deadlock(database: Database, isolation: Any) -> None:
    """Each transaction touches several rules, one after the other in an order of its own.

    READ COMMITTED needs no second attempt for it; with an older snapshot PostgreSQL asks for one.
    """
    retry = Retry(attempts=1) if isolation == "READ COMMITTED" else Retry(first_delay=0.005)
    async with database.write() as session:
        world = await make_world(session, 4)
        rows = [world.trade(rule, "pending", None) for rule in world.rules * 24]
        await session.execute(insert(Trade), rows)
    failures: list[str | None] = []

    async def close(mine: list[dict[str, Any]], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - an order, not a secret
        chance.shuffle(mine)
        for start in range(0, len(mine), 4):

            async def work(session: WriteSession, part: list[dict[str, Any]] = mine[start : start + 4]) -> None:
                for trade in part:
                    closed = {"outcome": "win", "exit_time": AT, "exit_price": Decimal(1), "pnl_r": Decimal("0.1")}
                    await session.execute(update(Trade).where(Trade.id == trade["id"]).values(closed))
                if chance.random() < 0.3:
                    raise LookupError

            try:
                await database.run(work, retry=retry, isolation=isolation)
            except LookupError:
                continue
            except Exception as error:  # noqa: BLE001 - told apart below
                failures.append(sqlstate_of(error) or repr(error))

    async def watch(done: asyncio.Event) -> int:
        looked = 0
        while not done.is_set():
            async with database.read() as session:
                assert (await session.execute(rule_statistics.differences())).all() == []
            looked += 1
        return looked

    done = asyncio.Event()
    watching = asyncio.create_task(watch(done))
    await asyncio.gather(*(close(rows[number::6], number) for number in range(6)))
    done.set()
    assert await watching > 0
    assert failures == []
    async with database.read() as session:
        counted = await session.scalar(text("SELECT sum(trade_count) FROM strategy_rules"))
        assert counted == await session.scalar(text("SELECT count(*) FROM trades WHERE outcome = 'win'"))
        assert 0 < counted < len(rows)
