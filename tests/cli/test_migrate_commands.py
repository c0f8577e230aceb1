"""`tradingdb migrate`: forward, back, and what it says about a schema."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from tradingdb import migrations
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.urls import ConnectionTarget

CHECKOUT = Path(__file__).resolve().parents[2]
HEAD = migrations.history()[-1].id
CURRENT = {"current": HEAD, "head": HEAD, "pending": []}

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `tradingdb migrate` on a database, without a terminal; returns exit code, output and errors."""

    async def run(target: ConnectionTarget | None, *arguments: str, **variables: str) -> tuple[int, str, str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        if target is not None:
            environment["DATABASE_URL"] = target.url.render_as_string(hide_password=False)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tradingdb", "migrate", *arguments),
            cwd=tmp_path,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    return run


@pytest_asyncio.fixture(loop_scope="session")
async def empty(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database with nothing in it."""
    target = server.with_database(f"tradingdb_test_{uuid4().hex}")
    async with maintenance_connection(server, autocommit=True) as connection:
        await connection.execute(text(f"CREATE DATABASE {target.database}"))
    yield target
    async with maintenance_connection(server, autocommit=True) as connection:
        await connection.execute(text(f"DROP DATABASE {target.database} WITH (FORCE)"))


async def change(target: ConnectionTarget, statement: str) -> None:
    async with maintenance_connection(target, autocommit=True) as connection:
        await connection.execute(text(statement))


async def test_init_makes_the_schema_once(empty: ConnectionTarget, run: Run) -> None:
    code, out, err = await run(empty, "init", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == CURRENT
    async with Database(empty) as database:
        assert await migrations.check(database) == []

    code, out, err = await run(empty, "init")
    assert (code, out) == (6, "")
    assert "tradingdb migrate upgrade" in err


async def test_a_step_back_and_a_step_forward(database: Database, run: Run) -> None:
    target = database.target
    refused = await run(target, "downgrade", "-1")
    assert (refused[0], refused[1]) == (6, "")
    assert "--yes" in refused[2]
    assert (await migrations.status(database)).is_current

    code, out, err = await run(target, "downgrade", "-1", "--yes", "--json")
    assert (code, err) == (0, "")
    assert [revision["id"] for revision in json.loads(out)["pending"]] == [HEAD]

    said, figures = await asyncio.gather(run(target, "status"), run(target, "status", "--json"))
    assert (said[0], figures[0]) == (1, 1)
    assert f"1 pending: {HEAD}" in said[1]
    assert json.loads(figures[1])["current"] == migrations.history()[-1].down_revision

    code, out, err = await run(target, "upgrade", "+1", "--json")
    assert (code, err, json.loads(out)) == (0, "", CURRENT)
    assert await migrations.check(database) == []


async def test_every_answer_in_json_is_one_document_and_nothing_else(database: Database, run: Run) -> None:
    commands = ("current", "history", "sql", "validate")
    ended = await asyncio.gather(*(run(database.target, command, "--json") for command in commands))
    assert [(code, err) for code, _, err in ended] == [(0, "")] * len(commands)
    answer = {command: json.loads(out) for command, (_, out, _) in zip(commands, ended, strict=True)}
    assert answer["current"] == {"current": HEAD, "head": HEAD}
    assert [revision["id"] for revision in answer["history"]] == [revision.id for revision in migrations.history()]
    assert answer["sql"]["sql"] == migrations.sql()
    assert answer["validate"] == {"problems": []}


async def test_the_printed_sql_makes_the_same_schema(empty: ConnectionTarget, run: Run) -> None:
    code, script, err = await run(None, "sql")
    assert (code, err) == (0, "")
    connection = await asyncpg.connect(
        user=empty.url.username,
        password=empty.url.password,
        host=empty.hosts[0],
        port=empty.url.port or empty.url.query.get("port"),
        database=empty.database,
    )
    try:
        await connection.execute(script)
    finally:
        await connection.close()
    async with Database(empty) as database:
        assert (await migrations.status(database)).is_current
        assert await migrations.check(database) == []


async def test_check_lists_what_differs(database: Database, run: Run) -> None:
    await change(database.target, "ALTER TABLE fills DROP CONSTRAINT ck_fills__fee_has_currency")
    await change(database.target, "CREATE INDEX by_hand ON fills (price)")
    said, figures = await asyncio.gather(run(database.target, "check"), run(database.target, "check", "--json"))
    assert (said[0], figures[0]) == (1, 1)
    assert "constraint fills.ck_fills__fee_has_currency" in said[1]
    found = {difference["object"]: difference for difference in json.loads(figures[1])["differences"]}
    assert found.keys() == {"constraint fills.ck_fills__fee_has_currency", "index fills.by_hand"}
    assert found["constraint fills.ck_fills__fee_has_currency"]["actual"] is None
    assert found["index fills.by_hand"]["expected"] is None


async def test_a_schema_that_lost_its_mark_is_stamped_and_a_changed_one_is_not(database: Database, run: Run) -> None:
    await change(database.target, f"DELETE FROM {migrations.VERSION_TABLE}")
    await change(database.target, "ALTER TABLE venues ADD COLUMN extra int")
    code, out, err = await run(database.target, "stamp")
    assert (code, out) == (5, "")
    assert "venues.extra" in err
    assert (await migrations.status(database)).current is None

    await change(database.target, "ALTER TABLE venues DROP COLUMN extra")
    code, out, err = await run(database.target, "stamp", HEAD, "--json")
    assert (code, err, json.loads(out)) == (0, "", CURRENT)


async def test_a_new_revision_is_generated_validated_and_applied(database: Database, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    for folder in ("src", "alembic"):
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "alembic.ini", copy)
    in_copy = {"PYTHONPATH": str(copy / "src")}
    await change(database.target, "ALTER TABLE venues DROP COLUMN website")

    code, out, err = await run(database.target, "generate", "Venues have a website", "--json", **in_copy)
    assert code == 0, err
    written = Path(json.loads(out)["path"])
    assert written.parent == copy / "alembic" / "versions"
    content = await asyncio.to_thread(written.read_text)
    assert "op.add_column('venues'" in content.replace('"', "'")
    assert "import tradingdb" not in content
    assert "from tradingdb" not in content

    unexplained, upgraded = await asyncio.gather(
        run(None, "validate", **in_copy), run(database.target, "upgrade", "+1", "--json", **in_copy)
    )
    assert (unexplained[0], upgraded[0]) == (1, 0)
    assert written.name in unexplained[1]
    assert json.loads(upgraded[1])["pending"] == []
    assert await migrations.check(database) == []


async def test_a_reader_who_leaves_early_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tradingdb", "migrate", "sql"),
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.close(reading)
    _, err = await process.communicate()
    assert (process.returncode, err) == (141, b"")
