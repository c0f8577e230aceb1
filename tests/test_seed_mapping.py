"""The mapping from the source platforms is whole, its targets exist, and rows can be made from it."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import CheckConstraint, Column, Table, select, text

from paths import CHECKOUT, SHARED_DATA
from tradingdb.core.types import EnumText, JsonObject, TypedJson
from tradingdb.database import WriteSession
from tradingdb.models import Base, StrategyRule, Trade, TradeOutcome, TradingAccount, TradingMode, User
from tradingdb.services import market
from tradingdb.services.reports.ledger_checks import rules_against_ledger

PAGE = CHECKOUT / "docs" / "seed_mapping.toml"
HOWTO = CHECKOUT / "docs" / "howto" / "moving_in.md"
SOURCE_FIELDS = SHARED_DATA.parent / "seed_fields.json"
LARGEST_DROPPED_SHARE = 0.02
SENTENCE = re.compile(r"[A-Z0-9`].{14,}[.]", re.DOTALL)

SAFE_WITHOUT_A_RULE = {
    "hyperliquid.strategy_rules.confidence": "The source CHECKs 0..1.",
    "hyperliquid.trade_records.confidence": "The source CHECKs 0..1.",
    "hyperliquid.backtest_results.win_rate": "The source CHECKs 0..1.",
    "hyperliquid.backtest_results.max_drawdown": "The source CHECKs 0..1.",
    "hyperliquid.ingestion_tasks.status": "The source CHECKs four of our five words.",
}
"""Narrow columns that take a source column as it is, and why every value of it fits."""

Fields = dict[str, dict[str, list[str]]]
MAPPING: dict[str, dict[str, Any]] = tomllib.loads(PAGE.read_text())
TABLES = [(f"{system}.{table}", entry) for system, tables in MAPPING.items() for table, entry in tables.items()]


class Entry(NamedTuple):
    """One source column, and what the file says about it."""

    name: str
    says: Any


def entries() -> Iterator[Entry]:
    for table, entry in TABLES:
        for column, says in entry["columns"].items():
            yield Entry(f"{table}.{column}", says)


def targets_of(says: Any) -> list[str]:
    if isinstance(says, str):
        return [says]
    return list(says.get("to", []))


def column_of(target: str) -> Column[Any] | None:
    table, _, column = target.partition(".")
    found = Base.metadata.tables.get(table)
    return None if found is None else found.columns.get(column)


def has_known_form(says: Any) -> bool:
    match says:
        case str():
            return True
        case {"to": [_, *_] as targets, "rule": str(), **others}:
            return not others and len(set(targets)) == len(targets) and all(isinstance(name, str) for name in targets)
        case {"dropped": str(), **others}:
            return not others
    return False


def must_be_given(table: Table) -> set[str]:
    """The columns without which PostgreSQL refuses a row, and which nothing fills by itself."""
    return {
        f"{table.name}.{column.name}"
        for column in table.columns
        if not (column.nullable or column.default or column.server_default or column.identity)
    }


def differences(expected: Fields, mapping: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """What the sources have and the mapping lacks, and the reverse, as system.table.column."""
    there = {f"{s}.{t}.{c}" for s, tables in expected.items() for t, columns in tables.items() for c in columns}
    here = {f"{s}.{t}.{c}" for s, tables in mapping.items() for t, entry in tables.items() for c in entry["columns"]}
    return {"left out": sorted(there - here), "invented": sorted(here - there)}


def test_a_source_table_says_where_it_goes_and_nothing_else() -> None:
    for name, entry in TABLES:
        assert set(entry) == {"tables", "columns"}, name
        assert entry["columns"], name


def test_every_entry_is_a_target_a_rule_or_a_reason() -> None:
    assert [entry for entry in entries() if not has_known_form(entry.says)] == []


def test_every_target_exists_and_can_be_written() -> None:
    for name, says in entries():
        for target in targets_of(says):
            column = column_of(target)
            assert column is not None, f"{name} goes to {target}, which does not exist"
            assert column.computed is None, f"{name} goes to {target}, which PostgreSQL computes"


def test_rules_and_reasons_are_sentences() -> None:
    for name, says in entries():
        if not isinstance(says, str):
            (words,) = [says[key] for key in ("rule", "dropped") if key in says]
            assert SENTENCE.fullmatch(words), f"{name}: {words}"


@pytest.mark.parametrize(("name", "entry"), TABLES, ids=[name for name, _ in TABLES])
def test_its_tables_are_those_that_its_columns_use(name: str, entry: dict[str, Any]) -> None:
    used = {target.partition(".")[0] for says in entry["columns"].values() for target in targets_of(says)}
    assert len(set(entry["tables"])) == len(entry["tables"])
    assert set(entry["tables"]) == used
    assert used <= set(Base.metadata.tables)


@pytest.mark.parametrize(("name", "entry"), TABLES, ids=[name for name, _ in TABLES])
def test_every_row_that_it_makes_gets_what_the_database_asks_for(name: str, entry: dict[str, Any]) -> None:
    """Rows are made in the main table, and where anything is given that a row needs; others are only changed."""
    given = {target for says in entry["columns"].values() for target in targets_of(says)}
    for position, table_name in enumerate(entry["tables"]):
        table = Base.metadata.tables[table_name]
        needed = must_be_given(table)
        keys = {f"{table_name}.{column.name}" for column in table.primary_key}
        if position == 0 or (needed | keys) & given:
            assert needed - given == set()


@pytest.mark.parametrize(("name", "entry"), TABLES, ids=[name for name, _ in TABLES])
def test_no_two_columns_go_to_one_place_without_a_rule(name: str, entry: dict[str, Any]) -> None:
    plain = Counter(says for says in entry["columns"].values() if isinstance(says, str))
    assert [target for target, times in plain.items() if times > 1] == []


def narrowness(target: str) -> str | None:
    """What a column refuses that a text, a float or a JSON column of a source may hold; None: nothing of the kind."""
    column = column_of(target)
    if column is None:
        return None
    table = column.table
    assert isinstance(table, Table)
    if isinstance(column.type, EnumText):
        return "words"
    if isinstance(column.type, (JsonObject, TypedJson)):
        return "shape"
    checks = [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]
    if any(check.startswith(f"{column.name} IN (") for check in checks):
        return "words"
    return "range" if any(check.startswith(f"{column.name} BETWEEN ") for check in checks) else None


def test_a_narrow_column_takes_nothing_without_a_rule() -> None:
    narrow = {entry.name for entry in entries() if isinstance(entry.says, str) and narrowness(entry.says)}
    assert narrow == set(SAFE_WITHOUT_A_RULE)


@pytest.mark.parametrize(
    ("target", "refuses"),
    [
        ("orders.side", "words"),
        ("candles.timeframe", "words"),
        ("ai_insights.confidence", "range"),
        ("macro_data.spy_correlation", "range"),
        ("orders.details", "shape"),
        ("strategy_rules.risk_params", "shape"),
        ("orders.quantity", None),
    ],
)
def test_narrow_columns_are_known_for_what_they_refuse(target: str, refuses: str | None) -> None:
    assert narrowness(target) == refuses


def test_few_columns_are_dropped() -> None:
    everything = list(entries())
    dropped = [name for name, says in everything if isinstance(says, dict) and "dropped" in says]
    share = len(dropped) / len(everything)
    assert share < LARGEST_DROPPED_SHARE, f"{share:.1%} of {len(everything):,} columns are dropped: {dropped}"


def test_nothing_of_the_sources_is_left_out_and_nothing_invented() -> None:
    if not SOURCE_FIELDS.exists():
        pytest.skip("the sources' columns are not here: ../shared/seed_fields.json is missing beside the checkout")
    sources: Fields = json.loads(SOURCE_FIELDS.read_text())
    assert differences(sources, MAPPING) == {"left out": [], "invented": []}
    assert {system: set(tables) for system, tables in MAPPING.items()} == {
        system: set(tables) for system, tables in sources.items()
    }


OLD_TRADES = """
CREATE TABLE hyperliquid.trade_records (
    id varchar PRIMARY KEY, strategy_rule_id varchar, asset varchar(20), direction varchar(10), entry_price float8,
    entry_time timestamp, exit_price float8, exit_time timestamp, exit_reason varchar(20), outcome varchar(20),
    pnl_r float8, pnl_usd float8, position_size float8, stop_loss float8, take_profit_levels float8[], fees_usd float8,
    reasoning text, price_action_context json, confidence float8, is_backtest boolean, created_at timestamp,
    updated_at timestamp)
"""
OPEN_TRADE, CLOSED_TRADE, RULE = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123")
AWKWARD = {
    # name: direction, entry, exit price and time, exit reason, outcome, pnl, is it a backtest; and what it becomes
    "nan_long_up": ("long", "100", "110", "now()", "TP1", "pending", "'NaN'", False, TradeOutcome.WIN),
    "nan_short_up": ("short", "100", "110", "now()", "stop_loss", "pending", "'NaN'", False, TradeOutcome.LOSS),
    "null_long_down": ("LONG", "100", "90", "now()", "expired", "open", "NULL", False, TradeOutcome.LOSS),
    "null_short_down": ("sell", "100", "90", "now()", "tp2", "pending", "NULL", False, TradeOutcome.WIN),
    "null_flat": ("long", "100", "100", "now()", "manual", "pending", "NULL", False, TradeOutcome.BREAKEVEN),
    "pnl_decides": ("long", "100", "110", "now()", "manual", "pending", "-1", False, TradeOutcome.LOSS),
    "said_loss": ("long", "100", "110", "now()", "manual", "Loss", "'NaN'", False, TradeOutcome.LOSS),
    "half_an_exit": ("long", "100", "110", "NULL", "manual", "win", "10", False, TradeOutcome.PENDING),
    "exit_at_nan": ("long", "100", "'NaN'", "now()", "manual", "win", "10", False, TradeOutcome.PENDING),
    "infinite": ("long", "100", "110", "now()", "manual", "pending", "'Infinity'", True, TradeOutcome.WIN),
}
"""Closed and half closed trades of the source that its own constraints let through."""


def statements() -> list[str]:
    """What the how-to runs, in its order: a function, the move of the trades, the records of the rules."""
    return re.findall(r"```sql\n(.*?)```", HOWTO.read_text(), re.DOTALL)


async def run_all(session: WriteSession) -> None:
    """Move in as the how-to says."""
    connection = await session.connection()
    for statement in statements():
        await connection.exec_driver_sql(statement)


async def old_platform(session: WriteSession) -> None:
    """Two trades of the Hyperliquid suite, and what has to be here before they can move in."""
    user = User(email="ada@example.com")
    rule = StrategyRule(id=UUID(RULE), name="Fakeout", entry_type="fakeout", conditions=[])
    eth = await market.ensure_instrument(session, "hyperliquid", "ETH/USDC:USDC")
    session.add_all([user, rule])
    await session.flush()
    session.add(
        TradingAccount(
            user_id=user.id,
            venue_id=eth.venue_id,
            label="hyperliquid suite",
            mode=TradingMode.LIVE,
            base_currency="USDC",
        )
    )
    await session.flush()
    await session.execute(text("CREATE SCHEMA hyperliquid"))
    await session.execute(text(OLD_TRADES))
    await session.execute(
        text(f"""
        INSERT INTO hyperliquid.trade_records VALUES
        ('{OPEN_TRADE}', '{RULE}', 'ETH', 'short', 3500.123456789012, '2026-02-01 10:00', NULL, NULL, NULL, 'pending',
         NULL, NULL, 0.1, 3600.5, NULL, NULL, 'why', '{{"phase": "range"}}', 0.7, false, now(), now()),
        ('{CLOSED_TRADE}', '{RULE}', 'ETH-USD', 'long', 3000, '2026-02-01 10:00', 3300, '2026-02-02 10:00', 'tp1',
         'pending', 3, 300, 1, 2900, '{{3300.1, 3400}}', 1.25, 'why', '{{}}', 0.5, true, now(), now())
        """)
    )


async def test_the_statement_in_the_howto_moves_trades_and_can_be_repeated(session: WriteSession) -> None:
    await old_platform(session)
    for _ in range(2):
        await run_all(session)
    moved = {str(trade.id): trade for trade in await session.scalars(select(Trade))}
    assert set(moved) == {OPEN_TRADE, CLOSED_TRADE}

    still_open, closed = moved[OPEN_TRADE], moved[CLOSED_TRADE]
    assert (still_open.mode, closed.mode) == (TradingMode.LIVE, TradingMode.BACKTEST)
    assert still_open.account_id is not None
    assert closed.account_id is None
    assert (still_open.outcome, closed.outcome) == (TradeOutcome.PENDING, TradeOutcome.WIN)
    assert still_open.entry_price == Decimal("3500.123456789012")
    assert still_open.entry_time == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert closed.target_prices == [Decimal("3300.1"), Decimal(3400)]
    assert (still_open.fees, closed.fees) == (Decimal(0), Decimal("1.25"))
    assert still_open.context == {"phase": "range"}


async def test_an_unknown_profit_is_no_win_and_no_breakeven_and_half_an_exit_is_none(session: WriteSession) -> None:
    await old_platform(session)
    for name, (way, entry, price, at, reason, outcome, pnl, is_backtest, _) in AWKWARD.items():
        row = f"""
            INSERT INTO hyperliquid.trade_records VALUES (
                gen_random_uuid(), '{RULE}', 'ETH', '{way}', {entry}, '2026-02-01 10:00', {price}, {at}, '{reason}',
                '{outcome}', {pnl}, {pnl}, 1, 'NaN', '{{3,NULL,NaN,2,Infinity}}', 'NaN', '{name}', '["a list"]', 0.5,
                {is_backtest}, now(), now())
        """
        await session.execute(text(row))
    await run_all(session)

    moved = {trade.reasoning: trade for trade in await session.scalars(select(Trade)) if trade.reasoning in AWKWARD}
    assert {name: moved[name].outcome for name in moved} == {name: row[-1] for name, row in AWKWARD.items()}
    for name, trade in moved.items():
        assert trade.context["value"] == ["a list"]
        assert trade.target_prices == [3, 2]
        assert (trade.initial_stop, trade.fees) == (None, Decimal(0))
        assert trade.pnl == (Decimal(AWKWARD[name][6]) if AWKWARD[name][6].lstrip("-").isdigit() else None)
    assert (moved["nan_long_up"].exit_reason, moved["null_long_down"].exit_reason) == ("tp1", None)
    assert moved["null_long_down"].context["exit_reason"] == "expired"
    assert moved["half_an_exit"].exit_price is None
    assert moved["half_an_exit"].context["exit_price"] == "110"


async def test_the_records_of_the_rules_are_those_of_the_moved_trades(session: WriteSession) -> None:
    await old_platform(session)
    rule = await session.get_one(StrategyRule, UUID(RULE))
    rule.trade_count, rule.win_rate = 17, 0.9
    idle = StrategyRule(name="Idle", entry_type="onion", conditions=[], trade_count=3, avg_r_multiple=Decimal(2))
    session.add(idle)
    await session.flush()
    for is_backtest, pnl in ((False, 3), (False, -1), (False, -1), (False, -1), (True, 50)):
        row = f"""
            INSERT INTO hyperliquid.trade_records VALUES (
                gen_random_uuid(), '{RULE}', 'ETH', 'long', 100, '2026-02-01 10:00', 101, '2026-02-01 11:00', 'manual',
                'pending', {pnl}, {pnl}, 1, 90, NULL, 0, 'why', '{{}}', 0.5, {is_backtest}, now(), now())
        """
        await session.execute(text(row))
    assert (await session.execute(rules_against_ledger())).all() != []
    await run_all(session)

    assert (await session.execute(rules_against_ledger())).all() == []
    for changed in (rule, idle):
        await session.refresh(changed)
    assert (rule.trade_count, rule.win_rate, rule.avg_r_multiple) == (4, 0.25, Decimal(0))
    assert (idle.trade_count, idle.win_rate, idle.avg_r_multiple) == (0, None, None)


def test_the_statement_in_the_howto_fills_what_the_mapping_says() -> None:
    ((table, names),) = re.findall(r"INSERT INTO (\w+) \((.*?)\)", HOWTO.read_text(), re.DOTALL)
    entry = MAPPING["hyperliquid"]["trade_records"]
    targets = {target for says in entry["columns"].values() for target in targets_of(says)}
    assert {f"{table}.{name.strip()}" for name in names.split(",")} == targets
