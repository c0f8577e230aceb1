"""A seed fills what it says it fills, once: a repeat touches no row, and nobody can log in to what it made."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import text
from world_queries import DEVELOPMENT, row_versions, rows

from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import UtcDateTime
from tradingdb.database import Database
from tradingdb.errors import RefusedError
from tradingdb.models import Base
from tradingdb.seeds import World, seed
from tradingdb.seeds.development import LEFT_EMPTY
from tradingdb.services import ledger
from tradingdb.settings import Settings

WHEN_STORED = ("created_at", "updated_at")
RANDOM = ("api_key_encrypted", "api_secret_encrypted", "transaction_id")
"""Columns in which two databases with the same world differ: the server's clock, thrown-away keys, transactions."""


async def test_every_table_has_rows_but_those_that_are_named_with_a_reason(world: Database) -> None:
    filled = {name for name, versions in (await row_versions(world)).items() if versions}
    assert (
        set(Base.metadata.tables) - filled
        == LEFT_EMPTY.keys()
        == {
            "candle_blocks",
            "candle_quarantine",
            "outbox_consumers",
            "position_checkpoints",
            "reconciliations",
        }
    )
    assert all(len(reason) > 40 for reason in LEFT_EMPTY.values())


async def test_the_ledger_of_the_world_agrees_with_itself(world: Database) -> None:
    async with world.read() as session:
        assert await ledger.verify(session) == []


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
    assert len(keys) > 150
    for key in keys:
        orphans = f"""
            SELECT 1 FROM {key["child"]} c
            WHERE {key["given"]} AND NOT EXISTS (SELECT 1 FROM {key["parent"]} p WHERE {key["match"]})
        """
        assert key["convalidated"], key
        assert await rows(world, orphans) == [], key


LOOSE_REFERENCES = {
    "portfolio_snapshots.account_id": ("trading_accounts", "id"),
    "backtest_equity.run_id": ("backtest_runs", "id"),
    "api_usage.user_id": ("users", "id"),
    "api_usage.agent": ("agents", "agent_id"),
    "api_costs.agent": ("agents", "agent_id"),
    "api_costs.entry_id": ("ai_analyses", "id"),
    "agent_logs.agent": ("agents", "agent_id"),
    "audit_log.user_id": ("users", "id"),
    "data_quality_metrics.factor": ("factor_definitions", "name"),
    "trading_decisions.session_key": ("conversation_sessions", "session_key"),
    "ai_insights.session_key": ("conversation_sessions", "session_key"),
}
"""References that no foreign key holds."""


@pytest.mark.parametrize("column", LOOSE_REFERENCES)
async def test_references_without_a_foreign_key_hold_too(world: Database, column: str) -> None:
    table, name = column.split(".")
    parent, key = LOOSE_REFERENCES[column]
    given = f"{name} IS NOT NULL AND {name}::text <> ''"
    assert await rows(world, f"SELECT 1 FROM {table} WHERE {given}")
    strangers = f"SELECT {name} FROM {table} WHERE {given} AND {name} NOT IN (SELECT {key} FROM {parent})"
    assert await rows(world, strangers) == []


async def test_the_audit_log_and_the_outbox_name_rows_that_are_there(world: Database) -> None:
    named = await rows(
        world,
        "SELECT table_name, row_key FROM audit_log UNION ALL SELECT entity, entity_key FROM outbox_events",
    )
    assert len(named) > 10
    for row in named:
        assert re.fullmatch(r"[a-z_]+", row["table_name"])
        assert await rows(world, f"SELECT 1 FROM {row['table_name']} WHERE id = '{row['row_key']}'"), row


async def test_each_order_that_ended_is_told_once_and_in_order(world: Database) -> None:
    told = await rows(
        world, "SELECT topic, entity_key::uuid AS id, account_id, occurred_at FROM outbox_events ORDER BY id"
    )
    ended = await rows(
        world,
        """
        SELECT 'order.' || status AS topic, id, account_id, last_event_at AS occurred_at FROM orders
        WHERE status IN ('filled', 'cancelled')
        """,
    )
    assert sorted(told, key=lambda event: event["id"]) == sorted(ended, key=lambda event: event["id"])
    in_order = await rows(world, "SELECT occurred_at FROM outbox_events ORDER BY outbox_events.id")
    times = [event["occurred_at"] for event in in_order]
    assert times == sorted(times)


EXPIRE_LATE = {"cache_entries", "feature_cache", "historical_data_cache"}


async def test_all_of_it_happens_in_two_weeks_of_january_whatever_the_clock_says(world: Database) -> None:
    times = [
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, UtcDateTime) and column.name not in WHEN_STORED and table.name not in EXPIRE_LATE
    ]
    assert len(times) > 100
    for table, column in times:
        outside = f"SELECT 1 FROM {table} WHERE {column} NOT BETWEEN '2025-01-01 00:00Z' AND '2025-01-16 00:00Z'"
        assert await rows(world, outside) == [], f"{table}.{column}"


async def test_nobody_of_the_development_world_can_log_in(world: Database) -> None:
    users = await rows(world, "SELECT password_hash, two_factor_secret FROM users")
    assert users == [{"password_hash": None, "two_factor_secret": None}]
    for table in ("user_sessions", "api_keys"):
        valid = f"SELECT 1 FROM {table} WHERE revoked_at IS NULL OR expires_at IS NULL OR expires_at > now()"
        assert await rows(world, valid) == [], table
    assert await rows(world, "SELECT 1 FROM user_tokens WHERE used_at IS NULL OR expires_at > now()") == []
    assert await rows(world, "SELECT 1 FROM agents WHERE api_key_hash IS NOT NULL") == []
    assert await rows(world, "SELECT 1 FROM api_credentials WHERE is_active") == []
    assert await rows(world, "SELECT 1 FROM encryption_keys WHERE is_active OR salt IS NOT NULL") == []


async def test_the_same_world_is_made_in_every_database(world: Database, database: Database) -> None:
    await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    for table in Base.metadata.sorted_tables:
        left_out = ", ".join(f"'{name}'" for name in (*WHEN_STORED, *RANDOM))
        described = f"SELECT to_jsonb(t) - ARRAY[{left_out}] AS row FROM {table.name} t ORDER BY 1"
        assert await rows(database, described) == await rows(world, described), table.name


@pytest.mark.parametrize("which", list(World))
async def test_a_seed_says_how_many_rows_it_added_and_again_adds_none_and_uses_up_no_identifiers(
    database: Database, which: World
) -> None:
    numbers = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    first = await seed(database, which, DEVELOPMENT)
    versions, identifiers = await row_versions(database), await rows(database, numbers)
    there = {name: len(found) for name, found in versions.items() if found}
    there.pop("cash_balances", None)  # PostgreSQL itself keeps them
    assert first == there
    second = await seed(database, which, DEVELOPMENT)
    assert second == dict.fromkeys(first, 0)
    assert await row_versions(database) == versions
    assert await rows(database, numbers) == identifiers


async def test_two_that_seed_at_once_make_one_world(world: Database, database: Database) -> None:
    await asyncio.gather(*(seed(database, World.DEVELOPMENT, DEVELOPMENT) for _ in range(2)))
    for table in Base.metadata.sorted_tables:
        counted = f"SELECT count(*) AS n FROM {table.name}"
        assert await rows(database, counted) == await rows(world, counted), table.name


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


async def test_what_somebody_changed_is_not_changed_back(own_world: Database) -> None:
    database = own_world
    async with database.write() as session:
        await session.execute(text("UPDATE venues SET name = 'Ours' WHERE code = 'kraken'"))
        await session.execute(text("UPDATE strategies SET status = 'paused'"))
        await session.execute(text("UPDATE positions SET mark_price = 1, unrealized_pnl = 0"))
        await session.execute(text("UPDATE embedding_spaces SET status = 'retired'"))
        await session.execute(text("DELETE FROM user_preferences"))
    added = await seed(database, World.DEVELOPMENT, DEVELOPMENT)
    assert {table: count for table, count in added.items() if count} == {"user_preferences": 1}
    assert await rows(database, "SELECT name FROM venues WHERE code = 'kraken'") == [{"name": "Ours"}]
    assert await rows(database, "SELECT DISTINCT status FROM strategies") == [{"status": "paused"}]
    assert await rows(database, "SELECT DISTINCT mark_price FROM positions WHERE quantity <> 0") == [{"mark_price": 1}]
    assert await rows(database, "SELECT status FROM embedding_spaces") == [{"status": "retired"}]
