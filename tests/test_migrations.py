"""Revisions: one line, frozen, there and back, safe beside other migrators and long transactions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from scratch_databases import empty_database
from tradingdb import migrations, revisions
from tradingdb.catalogue import snapshot
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.errors import (
    ConfigurationError,
    InvalidValueError,
    SchemaAheadError,
    SchemaBehindError,
    SchemaMismatchError,
    UnknownRevisionError,
)
from tradingdb.services import market
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from scratch_databases import Drift
    from tradingdb.catalogue import Snapshot
    from tradingdb.urls import ConnectionTarget


@pytest.fixture
async def empty(server: ConnectionTarget) -> AsyncIterator[Database]:
    """A database without any schema."""
    async with empty_database(server) as target, Database(target) as database:
        yield database


async def leftovers(database: Database) -> list[str]:
    """Everything in the schema that does not belong to an extension and is not our version table."""
    query = """
        SELECT 'relation ' || relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace
          AND relname NOT LIKE '%tradingdb_version%'
          AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'function ' || proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'type ' || typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace
          AND typname NOT LIKE '%tradingdb_version%'
          AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid IN (t.oid, t.typelem) AND d.deptype = 'e')
    """
    async with maintenance_connection(database.target) as connection:
        return list((await connection.scalars(text(query))).all())


def test_the_history_is_one_line_frozen_and_explained() -> None:
    assert revisions.validate() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('"""Why:\n x\nLocks:\n x\nSafe while old code runs:\n x\n"""', "does not answer 'Undo:'"),
        ('"""Why:\n (what)\nLocks:\n x\nSafe while old code runs:\n x\nUndo:\n x\n"""', "does not answer 'Why:'"),
        ('"""Why: x Locks: x Safe while old code runs: x Undo: x"""\nimport tradingdb.models', "imports tradingdb"),
        ('"""Why: x Locks: x Safe while old code runs: x Undo: x"""\nfrom tradingdb import x', "imports tradingdb"),
    ],
)
def test_a_revision_that_breaks_the_rules_is_found(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "revision.py"
    path.write_text(text)
    assert any(problem in found for found in revisions.problems_of(path))


async def test_every_revision_goes_up_and_down_and_up_again(empty: Database) -> None:
    """Step by step up and down again: each step leaves what it found, the last one nothing, and all can be repeated."""
    history = revisions.history()
    async with maintenance_connection(empty.target, autocommit=True) as looking:
        there: dict[str | None, Snapshot] = {None: await looking.run_sync(snapshot)}
        for revision in history:
            await migrations.upgrade(empty, revision.id)
            there[revision.id] = await looking.run_sync(snapshot)
        async with empty.write() as session:
            await partitions.ensure_ahead(session)
        assert await leftovers(empty)
        for revision in reversed(history):
            await migrations.downgrade(empty, revision.down_revision or "base")
            assert await looking.run_sync(snapshot) == there[revision.down_revision], revision.id
        assert await leftovers(empty) == []
        await migrations.upgrade(empty)
        assert await looking.run_sync(snapshot) == there[history[-1].id]


async def test_a_filled_database_goes_down_and_up_again_once_its_rows_name_only_what_exists(
    own_world: Database, drift: Drift
) -> None:
    database = own_world
    await migrations.downgrade(database, "0001")
    async with database.write() as session:
        btc = await market.ensure_instrument(session, "binance", "BTC/USDT")
        await session.execute(
            text(
                "INSERT INTO trades (id, mode, backtest_run_id, instrument_id, direction, quantity, entry_price, "
                "entry_time) "
                "VALUES (gen_random_uuid(), 'backtest', gen_random_uuid(), :instrument, 'long', 1, 1, now())"
            ),
            {"instrument": btc.id},
        )
    with pytest.raises(SchemaMismatchError, match=r"Rows of trades name something that does not exist.*NULL"):
        await migrations.upgrade(database)
    async with database.write() as session:
        await session.execute(text("UPDATE trades SET backtest_run_id = NULL"))
    await migrations.upgrade(database)
    assert await drift(database.target) == []
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM orders")) > 0


async def test_through_pgbouncer_nothing_migrates_but_the_schema_can_be_asked_for(database: Database) -> None:
    async with Database(database.target, pgbouncer=True) as behind:
        await migrations.require_current(behind)
        with pytest.raises(ConfigurationError, match="PostgreSQL itself"):
            await migrations.downgrade(behind, "-1")


async def test_several_migrators_at_once_all_succeed(empty: Database, drift: Drift) -> None:
    found = await asyncio.gather(*(migrations.upgrade(empty) for _ in range(4)))
    assert all(status.is_current for status in found)
    assert await drift(empty.target) == []


async def seen(onlooker: AsyncConnection, doing: str) -> None:
    """Wait until the migrator of this database has begun twice to do something, by its row of pg_stat_activity."""
    beginnings = set()
    query = text(
        "SELECT query_start FROM pg_stat_activity "
        f"WHERE datname = current_database() AND application_name = 'tradingdb-migrations' AND {doing}"
    )
    async with asyncio.timeout(60):
        while len(beginnings) < 2:
            beginnings |= set(await onlooker.scalars(query))
            await asyncio.sleep(0.05)


async def test_a_migrator_waits_for_the_one_before_it(empty: Database) -> None:
    key = {"key": migrations.MIGRATION_LOCK}
    async with maintenance_connection(empty.target, autocommit=True) as other:
        await other.execute(text("SELECT pg_advisory_lock(:key)"), key)
        waiting = asyncio.create_task(migrations.upgrade(empty))
        await seen(other, "query LIKE '%pg_try_advisory_lock%'")
        assert not waiting.done()
        assert (await migrations.status(empty)).current is None
        await other.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        assert (await waiting).is_current


async def test_a_revision_that_cannot_get_its_lock_is_tried_again(empty: Database) -> None:
    async with (
        maintenance_connection(empty.target) as other,
        maintenance_connection(empty.target, autocommit=True) as onlooker,
    ):
        await other.execute(text("CREATE TABLE users (somebody_else_was_faster int)"))
        waiting = asyncio.create_task(migrations.upgrade(empty))
        await seen(onlooker, "wait_event_type = 'Lock'")
        assert not waiting.done()
        await other.rollback()
        assert (await waiting).is_current


async def test_an_upgrade_at_head_takes_no_lock(database: Database) -> None:
    async with maintenance_connection(database.target) as other:
        await other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrations.MIGRATION_LOCK})
        await other.commit()
        assert (await asyncio.wait_for(migrations.upgrade(database), 20)).is_current


async def test_a_schema_of_a_newer_package_is_not_touched(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE tradingdb_version SET version_num = 'ffff'"))
    for action in (migrations.status, migrations.upgrade, migrations.require_current):
        with pytest.raises(SchemaAheadError, match="ffff"):
            await action(database)


async def test_a_schema_that_is_behind_is_refused_by_commands(empty: Database) -> None:
    with pytest.raises(SchemaBehindError, match="db setup"):
        await migrations.require_current(empty)


@pytest.mark.parametrize("revision", ["no_such_revision", "+99"])
async def test_an_unknown_revision_is_named(database: Database, empty: Database, revision: str) -> None:
    with pytest.raises(UnknownRevisionError):
        await migrations.upgrade(empty, revision)
    with pytest.raises(UnknownRevisionError):
        await migrations.downgrade(database, "-99")


@pytest.mark.parametrize("name", ["", " "])
async def test_an_empty_name_of_a_revision_is_refused(database: Database, name: str) -> None:
    for call in (migrations.upgrade, migrations.downgrade, migrations.stamp):
        with pytest.raises(UnknownRevisionError, match="empty"):
            await call(database, name)
    with pytest.raises(InvalidValueError, match="needs a message"):
        revisions.create(name)
