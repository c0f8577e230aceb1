"""`scripts/setup_database.py` and `scripts/manage_migrations.py`, run as people run them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from commands import Run
from paths import CHECKOUT, SETUP_SCRIPT
from scratch_databases import ADD_VENUE, Drift, change, count, empty_database, missing_database
from tradingdb import migrations, revisions
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.models import Base
from tradingdb.urls import ConnectionTarget

MANAGE_SCRIPT = CHECKOUT / "scripts" / "manage_migrations.py"
HEAD = revisions.history()[-1].id


@pytest_asyncio.fixture(loop_scope="session")
async def missing(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database that is not there yet."""
    async with missing_database(server) as target:
        yield target


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made_by_create_all(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database whose schema the models made, without migrations; clone it."""
    async with empty_database(server) as target:
        async with maintenance_connection(target) as connection:
            await connection.execute(text("CREATE EXTENSION vector"))
            await connection.run_sync(Base.metadata.create_all)
            await connection.commit()
        yield target


async def test_setup_makes_a_missing_database_and_then_has_nothing_to_do(
    missing: ConnectionTarget, python: Run, script: Run, drift: Drift
) -> None:
    code, out, err = await python(missing, SETUP_SCRIPT, "--json")
    assert (code, err) == (0, "")
    result = json.loads(out)["result"]
    assert (result["database"], result["created"], result["revision"]) == (missing.database, True, HEAD)
    async with Database(missing) as database:
        assert (await database.health()).vector_version
    assert await drift(missing) == []

    code, out, err = await script(missing, SETUP_SCRIPT)
    assert (code, err) == (0, "")
    assert "nothing to do" in out


@pytest.mark.parametrize("world", ["development", "production"])
async def test_a_seed_adds_its_rows_once(database: Database, script: Run, world: str) -> None:
    code, out, err = await script(database.target, SETUP_SCRIPT, "--seed", world, "--json")
    assert (code, err) == (0, "")
    added = json.loads(out)["seeded"]
    assert added["venues"] == await count(database.target, "venues") > 0
    assert ("users" in added) == (world == "development")
    assert await count(database.target, "users") == (world == "development")

    code, out, err = await script(database.target, SETUP_SCRIPT, "--seed", world, "--json")
    assert (code, err) == (0, "")
    again = json.loads(out)["seeded"]
    assert again.keys() == added.keys()
    assert set(again.values()) == {0}


async def test_the_development_world_is_refused_in_production(database: Database, script: Run) -> None:
    code, out, err = await script(
        database.target, SETUP_SCRIPT, "--seed", "development", TRADINGDB_ENVIRONMENT="production"
    )
    assert (code, out.count("rows added")) == (6, 0)
    assert err == "error: The development seed is refused where TRADINGDB_ENVIRONMENT is production.\n"
    assert await count(database.target, "users") == 0


async def test_a_reset_without_a_terminal_needs_yes_and_is_never_done_in_production(
    database: Database, script: Run, drift: Drift
) -> None:
    await change(database.target, ADD_VENUE)
    unasked, production = await asyncio.gather(
        script(database.target, SETUP_SCRIPT, "--reset"),
        script(database.target, SETUP_SCRIPT, "--reset", "--yes", TRADINGDB_ENVIRONMENT="production"),
    )
    assert (unasked[0], unasked[1]) == (production[0], production[1]) == (6, "")
    assert "--yes" in unasked[2]
    assert "production" in production[2]
    assert await count(database.target, "venues") == 1

    code, out, err = await script(database.target, SETUP_SCRIPT, "--reset", "--yes", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["result"]["created"] is True
    assert await count(database.target, "venues") == 0
    assert await drift(database.target) == []


@pytest.mark.parametrize(
    ("alteration", "named"),
    [
        (None, None),
        (
            """
            ALTER TABLE fills DROP CONSTRAINT ck_fills__fee_has_currency,
                ADD CONSTRAINT ck_fills__fee_has_currency CHECK (fee >= 0 OR fee_currency IS NOT NULL)
            """,
            "fills.ck_fills__fee_has_currency",
        ),
    ],
    ids=["as it is", "a check says something else"],
)
async def test_only_a_schema_that_is_ours_is_stamped(
    server: ConnectionTarget,
    made_by_create_all: ConnectionTarget,
    script: Run,
    alteration: str | None,
    named: str | None,
) -> None:
    async with missing_database(server) as target:
        await change(server, f"CREATE DATABASE {target.database} TEMPLATE {made_by_create_all.database}")
        if alteration is not None:
            await change(target, alteration)
        code, out, err = await script(target, SETUP_SCRIPT, "--stamp")
        async with Database(target) as database:
            current = (await migrations.status(database)).current
        if named is None:
            assert (code, err, current) == (0, "", HEAD)
        else:
            assert (code, out, current) == (5, "", None)
            assert named in err
            assert err.count("\n") == 1


async def test_eight_that_set_up_the_same_database_at_once_all_succeed(
    missing: ConnectionTarget, script: Run, drift: Drift
) -> None:
    ended = await asyncio.gather(*(script(missing, SETUP_SCRIPT) for _ in range(8)))
    assert [(code, err) for code, _, err in ended] == [(0, "")] * 8
    assert sum("(created" in out for _, out, _ in ended) == 1
    assert await count(missing, migrations.VERSION_TABLE) == 1
    assert await drift(missing) == []


async def test_manage_migrations_answers_like_tradingdb_migrate(database: Database, script: Run) -> None:
    status, history = await asyncio.gather(
        script(database.target, MANAGE_SCRIPT, "status"),
        script(database.target, MANAGE_SCRIPT, "history"),
    )
    assert (status[0], history[0]) == (0, 0)
    assert status[1] == f"The schema is at revision {HEAD}, the newest.\n"
    assert all(revision.title in history[1] for revision in revisions.history())


async def test_a_stamp_and_a_seed_in_one_call_are_refused(missing: ConnectionTarget, script: Run) -> None:
    code, out, err = await script(missing, SETUP_SCRIPT, "--stamp", "--seed", "development")
    assert (code, out) == (2, "")
    assert err.startswith("usage: setup_database.py")
