"""Revisions: one line, frozen, there and back, equal to the models, safe beside others."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from paths import CHECKOUT
from scratch_databases import empty_database
from tradingdb import migrations, revisions
from tradingdb.catalogue import compare, snapshot
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
from tradingdb.models import Base
from tradingdb.seeds import World, seed
from tradingdb.services import market
from tradingdb.settings import Settings
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tradingdb.catalogue import Snapshot
    from tradingdb.database import WriteSession
    from tradingdb.urls import ConnectionTarget


@pytest.fixture
async def empty(server: ConnectionTarget) -> AsyncIterator[Database]:
    """A database without any schema."""
    async with empty_database(server) as target, Database(target) as database:
        yield database


async def schema_of(database: Database) -> Snapshot:
    async with maintenance_connection(database.target) as connection:
        return await connection.run_sync(snapshot)


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


def environment_for(database: Database, **more: str) -> dict[str, str]:
    url = database.target.url.render_as_string(hide_password=False)
    return {"PATH": os.environ["PATH"], "DATABASE_URL": url, **more}


def run(*command: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)


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


async def test_up_down_and_up_again_leaves_nothing_and_gives_the_same(empty: Database) -> None:
    await migrations.upgrade(empty)
    first = await schema_of(empty)
    async with empty.write() as session:
        await partitions.ensure_ahead(session)
    assert await leftovers(empty)
    await migrations.downgrade(empty, "base")
    assert await leftovers(empty) == []
    await migrations.upgrade(empty)
    assert await schema_of(empty) == first


async def test_every_revision_goes_up_down_and_up(empty: Database) -> None:
    for revision in revisions.history():
        before = await schema_of(empty)
        await migrations.upgrade(empty, revision.id)
        there = await schema_of(empty)
        await migrations.downgrade(empty, revision.down_revision or "base")
        assert await schema_of(empty) == before
        await migrations.upgrade(empty, revision.id)
        assert await schema_of(empty) == there


async def test_migrations_and_models_give_the_same_schema(database: Database, empty: Database) -> None:
    assert await migrations.check(database) == []
    async with empty.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    assert await schema_of(empty) == await schema_of(database)


async def test_alembic_check_is_clean_beside_partitions_and_tables_of_a_service(database: Database) -> None:
    async with database.write() as session:
        await partitions.ensure_ahead(session)
        await session.execute(text("CREATE TABLE a_table_of_the_service (id int)"))
    result = await asyncio.to_thread(
        run, sys.executable, "-m", "alembic", "check", cwd=CHECKOUT, env=environment_for(database)
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("ALTER TABLE orders DROP CONSTRAINT ck_orders__side_known", "constraint orders.ck_orders__side_known"),
        (
            """
            ALTER TABLE orders DROP CONSTRAINT ck_orders__side_known,
                ADD CONSTRAINT ck_orders__side_known CHECK (side IN ('buy', 'sell', 'hold'))
            """,
            "constraint orders.ck_orders__side_known",
        ),
        ("DROP INDEX ix_orders__open", "index orders.ix_orders__open"),
        ("ALTER TABLE users ALTER COLUMN role DROP DEFAULT", "column users.role"),
        ("ALTER TABLE users ALTER COLUMN role DROP NOT NULL", "column users.role"),
        ("ALTER TABLE fills ALTER COLUMN price TYPE numeric(20, 8)", "column fills.price"),
        ("ALTER TABLE fills ADD COLUMN more text", "column fills.more"),
        ("ALTER TABLE trades DROP COLUMN notes", "column trades.notes"),
        ("COMMENT ON TABLE users IS 'something else'", "table users"),
        ("DROP TRIGGER order_events_append_only ON order_events", "trigger order_events.order_events_append_only"),
        ("ALTER TABLE trade_exits SET UNLOGGED", "table trade_exits"),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "table users"),
        (
            """
            CREATE OR REPLACE FUNCTION tradingdb_refuse_change() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN RETURN NEW; END'
            """,
            "function tradingdb_refuse_change",
        ),
        (
            """
            ALTER TABLE trade_exits DROP CONSTRAINT fk_trade_exits__trade_id,
                ADD CONSTRAINT fk_trade_exits__trade_id FOREIGN KEY (trade_id) REFERENCES trades (id) NOT VALID
            """,
            "constraint trade_exits.fk_trade_exits__trade_id",
        ),
        ("DROP TABLE learning_evidence", "table learning_evidence"),
    ],
)
async def test_every_kind_of_drift_is_seen(session: WriteSession, change: str, where: str) -> None:
    connection = await session.connection()
    before = await connection.run_sync(snapshot)
    await session.execute(text(change))
    differences = compare(before, await connection.run_sync(snapshot))
    assert where in {difference.object for difference in differences}


async def test_a_schema_that_drifted_is_reported_and_not_stamped(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("DROP INDEX ix_orders__open"))
        await session.execute(text("DROP TABLE tradingdb_version"))
    assert [difference.object for difference in await migrations.check(database)] == ["index orders.ix_orders__open"]
    with pytest.raises(SchemaMismatchError, match=r"not stamped: index orders\.ix_orders__open is missing"):
        await migrations.stamp(database)
    assert (await migrations.status(database)).current is None


async def test_a_schema_that_was_marked_before_is_compared_all_the_same(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("ALTER TABLE fills DROP COLUMN fee CASCADE"))
    with pytest.raises(SchemaMismatchError, match=r"column fills\.fee is missing"):
        await migrations.stamp(database)


async def test_migrations_through_pgbouncer_are_refused(database: Database) -> None:
    async with Database(database.target, pgbouncer=True) as behind:
        with pytest.raises(ConfigurationError, match="PostgreSQL itself"):
            await migrations.status(behind)


async def test_what_only_grows_cannot_be_emptied(database: Database) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await session.execute(text("TRUNCATE order_events"))


async def test_a_schema_made_without_migrations_can_be_stamped(empty: Database) -> None:
    async with empty.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    assert (await migrations.stamp(empty)).is_current
    assert await migrations.check(empty) == []


async def test_looking_at_the_schema_leaves_no_trace(database: Database) -> None:
    query = text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tradingdb_scratch%'")
    await migrations.check(database)
    await migrations.stamp(database)
    async with database.read() as session:
        assert await session.scalar(query) == 0


async def test_several_migrators_at_once_all_succeed(empty: Database) -> None:
    found = await asyncio.gather(*(migrations.upgrade(empty) for _ in range(4)))
    assert all(status.is_current for status in found)
    assert await migrations.check(empty) == []


async def test_a_migrator_waits_for_the_one_before_it(empty: Database) -> None:
    key = {"key": migrations.MIGRATION_LOCK}
    async with maintenance_connection(empty.target) as other:
        await other.execute(text("SELECT pg_advisory_lock(:key)"), key)
        await other.commit()
        waiting = asyncio.create_task(migrations.upgrade(empty))
        await asyncio.sleep(1)
        assert not waiting.done()
        assert (await migrations.status(empty)).current is None
        await other.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        await other.commit()
        assert (await waiting).is_current


async def test_a_revision_that_cannot_get_its_lock_is_tried_again(empty: Database) -> None:
    async with maintenance_connection(empty.target) as other:
        await other.execute(text("CREATE TABLE users (somebody_else_was_faster int)"))
        waiting = asyncio.create_task(migrations.upgrade(empty))
        await asyncio.sleep(3)
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


async def test_what_only_grows_cannot_be_changed_unless_it_is_said_aloud(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE probe (LIKE learning_evidence)"))
        await session.execute(
            text(
                "CREATE TRIGGER probe_append_only BEFORE UPDATE OR DELETE ON probe "
                "FOR EACH ROW EXECUTE FUNCTION tradingdb_refuse_change()"
            )
        )
        await session.execute(
            text(
                "INSERT INTO probe (id, entry_id, verdict, weight, known_at, created_at) "
                "VALUES (gen_random_uuid(), gen_random_uuid(), 'supports', 1, now(), now())"
            )
        )
    for statement in ("DELETE FROM probe", "UPDATE probe SET weight = 2"):
        with pytest.raises(Exception, match="append-only"):
            async with database.write() as session:
                await session.execute(text(statement))
    async with database.write() as session:
        await session.execute(text("SET LOCAL tradingdb.maintenance = 'on'"))
        await session.execute(text("DELETE FROM probe"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM probe")) == 0


async def test_a_service_keeps_its_own_alembic(empty: Database, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    environment = environment_for(empty, PYTHONPATH=str(tmp_path))
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/service\npath_separator = os\n")
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(
        "import asyncio, os\n"
        "from alembic import context\n"
        "from sqlalchemy.ext.asyncio import create_async_engine\n"
        "def go(connection):\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n"
        "async def main():\n"
        "    engine = create_async_engine(os.environ['DATABASE_URL'])\n"
        "    async with engine.begin() as connection:\n"
        "        await connection.run_sync(go)\n"
        "    await engine.dispose()\n"
        "asyncio.run(main())\n"
    )
    (folder / "versions" / "s1.py").write_text(
        "from alembic import op\nrevision = 's1'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE of_the_service (id int)')\n"
        "def downgrade():\n    op.execute('DROP TABLE of_the_service')\n"
    )
    alembic = (sys.executable, "-m", "alembic")
    for command, cwd in ((("upgrade", "head"), tmp_path), (("upgrade", "head"), CHECKOUT), (("check",), CHECKOUT)):
        result = await asyncio.to_thread(run, *alembic, *command, cwd=cwd, env=environment)
        assert result.returncode == 0, result.stderr
    result = await asyncio.to_thread(run, *alembic, "downgrade", "base", cwd=CHECKOUT, env=environment)
    assert result.returncode == 0, result.stderr
    async with empty.read() as session:
        assert await session.scalar(text("SELECT version_num FROM alembic_version")) == "s1"
        assert await session.scalar(text("SELECT count(*) FROM of_the_service")) == 0


async def test_the_installed_wheel_brings_its_revisions(empty: Database, tmp_path: Path) -> None:
    build = await asyncio.to_thread(
        run, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"),
        cwd=CHECKOUT, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert build.returncode == 0, build.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    assert (installed / "tradingdb" / "py.typed").exists()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = environment_for(empty, PYTHONPATH=str(installed))
    tradingdb = (sys.executable, "-m", "tradingdb", "migrate")
    for command in (("upgrade",), ("check",)):
        result = await asyncio.to_thread(run, *tradingdb, *command, cwd=elsewhere, env=environment)
        assert result.returncode == 0, result.stderr
    refused = await asyncio.to_thread(run, *tradingdb, "create", "x", cwd=elsewhere, env=environment)
    assert refused.returncode == 2
    assert "installed package" in refused.stderr


@pytest.mark.parametrize("name", ["", " "])
async def test_an_empty_name_of_a_revision_is_refused(database: Database, name: str) -> None:
    for call in (migrations.upgrade, migrations.downgrade, migrations.stamp):
        with pytest.raises(UnknownRevisionError, match="empty"):
            await call(database, name)
    with pytest.raises(InvalidValueError, match="needs a message"):
        revisions.create(name)


async def test_a_filled_database_goes_down_and_up_again(database: Database) -> None:
    await seed(database, World.DEVELOPMENT, Settings(_env_file=None))
    await migrations.downgrade(database, "0001")
    await migrations.upgrade(database)
    assert await migrations.check(database) == []
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM orders")) > 0


async def test_rows_that_name_what_does_not_exist_are_told_with_the_remedy(database: Database) -> None:
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
    assert await migrations.check(database) == []
