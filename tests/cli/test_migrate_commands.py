"""`tradingdb migrate`: forward, back, and what it says about a schema."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from commands import Run, environment, process_that_forks, run_tradingdb
from paths import CHECKOUT
from scratch_databases import Drift, change
from tradingdb import migrations, revisions
from tradingdb.database import Database
from tradingdb.postgres_binaries import PostgresBinaries
from tradingdb.urls import ConnectionTarget

HEAD = revisions.history()[-1].id
CURRENT = {"current": HEAD, "head": HEAD, "pending": [], "applied": []}
APPLIED = CURRENT | {"applied": [HEAD]}


async def test_init_makes_the_schema_once(empty: ConnectionTarget, run: Run, drift: Drift) -> None:
    code, out, err = await run(empty, "migrate", "init", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == CURRENT | {"applied": [revision.id for revision in revisions.history()]}
    assert await drift(empty) == []

    code, out, err = await run(empty, "migrate", "init")
    assert (code, out) == (6, "")
    assert "tradingdb migrate upgrade" in err


async def test_a_step_back_and_a_step_forward(database: Database, run: Run, drift: Drift) -> None:
    target = database.target
    refused = await run(target, "migrate", "downgrade", "-1")
    assert (refused[0], refused[1]) == (6, "")
    assert "--yes" in refused[2]
    assert (await migrations.status(database)).is_current

    code, out, err = await run(target, "migrate", "downgrade", "-1", "--yes", "--json")
    assert (code, err) == (0, "")
    assert [revision["id"] for revision in json.loads(out)["pending"]] == [HEAD]

    said, figures = await asyncio.gather(run(target, "migrate", "status"), run(target, "migrate", "status", "--json"))
    assert (said[0], figures[0]) == (1, 1)
    assert f"1 pending: {HEAD}" in said[1]
    assert json.loads(figures[1])["current"] == revisions.history()[-1].down_revision

    code, out, err = await run(target, "migrate", "upgrade", "+1", "--json")
    assert (code, err, json.loads(out)) == (0, "", APPLIED)
    assert await drift(database.target) == []


async def test_every_answer_in_json_is_one_document_and_nothing_else(database: Database, run: Run) -> None:
    commands = ("current", "history", "sql", "validate")
    ended = await asyncio.gather(*(run(database.target, "migrate", command, "--json") for command in commands))
    assert [(code, err) for code, _, err in ended] == [(0, "")] * len(commands)
    answer = {command: json.loads(out) for command, (_, out, _) in zip(commands, ended, strict=True)}
    assert answer["current"] == {"current": HEAD, "head": HEAD}
    assert [revision["id"] for revision in answer["history"]] == [revision.id for revision in revisions.history()]
    assert answer["sql"]["sql"] == revisions.sql()
    assert answer["validate"] == {"problems": []}


async def test_the_printed_sql_makes_the_same_schema(
    empty: ConnectionTarget, run: Run, drift: Drift, tmp_path: Path
) -> None:
    code, script, err = await run(None, "migrate", "sql")
    assert (code, err) == (0, "")
    port = str(empty.url.port or empty.url.query.get("port") or 5432)
    psql = await asyncio.create_subprocess_exec(
        PostgresBinaries(18, tmp_path).path_of("psql"),
        *("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", empty.hosts[0], "-p", port),
        *("-U", str(empty.url.username), "-d", empty.database),
        env={"PGPASSWORD": str(empty.url.password or "")},
        stdin=asyncio.subprocess.PIPE,
    )
    await psql.communicate(script.encode())
    assert psql.returncode == 0
    async with Database(empty) as database:
        assert (await migrations.status(database)).is_current
    assert await drift(empty) == []


async def test_check_lists_what_differs(database: Database, run: Run) -> None:
    await change(database.target, "ALTER TABLE fills DROP CONSTRAINT ck_fills__fee_has_currency")
    await change(database.target, "CREATE INDEX by_hand ON fills (price)")
    said, figures = await asyncio.gather(
        run(database.target, "migrate", "check"), run(database.target, "migrate", "check", "--json")
    )
    assert (said[0], figures[0]) == (1, 1)
    assert "constraint fills.ck_fills__fee_has_currency" in said[1]
    found = {difference["object"]: difference for difference in json.loads(figures[1])["differences"]}
    assert found.keys() == {"constraint fills.ck_fills__fee_has_currency", "index fills.by_hand"}
    assert found["constraint fills.ck_fills__fee_has_currency"]["actual"] is None
    assert found["index fills.by_hand"]["expected"] is None


async def test_a_schema_that_lost_its_mark_is_stamped_and_a_changed_one_is_not(database: Database, run: Run) -> None:
    await change(database.target, f"DELETE FROM {migrations.VERSION_TABLE}")
    await change(database.target, "ALTER TABLE venues ADD COLUMN extra int")
    code, out, err = await run(database.target, "migrate", "stamp")
    assert (code, out) == (5, "")
    assert "venues.extra" in err
    assert (await migrations.status(database)).current is None

    await change(database.target, "ALTER TABLE venues DROP COLUMN extra")
    code, out, err = await run(database.target, "migrate", "stamp", HEAD, "--json")
    assert (code, err, json.loads(out)) == (0, "", CURRENT)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the checkout."""
    for folder in ("src", "alembic"):
        shutil.copytree(CHECKOUT / folder, tmp_path / "copy" / folder)
    shutil.copy(CHECKOUT / "alembic.ini", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def run_copy(copy: Path, tmp_path: Path) -> Iterator[Run]:
    """Run `tradingdb` with these arguments as it is in the copy of the checkout."""
    with process_that_forks(PYTHONPATH=str(copy / "src")) as forks:
        yield partial(run_tradingdb, forks, tmp_path)


async def test_a_new_revision_is_generated_validated_and_applied(
    database: Database, run_copy: Run, copy: Path, drift: Drift
) -> None:
    nothing = await run_copy(database.target, "migrate", "generate", "Nothing")
    assert (nothing[0], "no revision was written" in nothing[1]) == (0, True)
    await change(database.target, "ALTER TABLE venues DROP COLUMN website")

    code, out, err = await run_copy(database.target, "migrate", "generate", "Venues have a website", "--json")
    assert code == 0, err
    written = Path(json.loads(out)["path"])
    assert written.parent == copy / "alembic" / "versions"
    content = await asyncio.to_thread(written.read_text)
    assert "op.add_column('venues'" in content.replace('"', "'")
    assert "import tradingdb" not in content
    assert "from tradingdb" not in content

    again = await run_copy(database.target, "migrate", "generate", "Venues have a website")
    assert (again[0], again[1]) == (5, "")
    assert "tradingdb migrate upgrade" in again[2]

    unexplained, upgraded = await asyncio.gather(
        run_copy(None, "migrate", "validate"),
        run_copy(database.target, "migrate", "upgrade", "+1", "--json"),
    )
    assert (unexplained[0], upgraded[0]) == (1, 0)
    assert written.name in unexplained[1]
    assert json.loads(upgraded[1])["pending"] == []
    assert await drift(database.target) == []


async def test_a_reader_who_leaves_early_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tradingdb", "migrate", "sql"),
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.close(reading)
    _, err = await process.communicate()
    assert (process.returncode, err) == (141, b"")
