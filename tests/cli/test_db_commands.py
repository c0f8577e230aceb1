"""`tradingdb db` and what is asked at a terminal before anything is dropped."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from commands import Run, environment, forked
from paths import SETUP_SCRIPT
from scratch_databases import ADD_VENUE, Drift, change, count
from tradingdb import migrations, revisions
from tradingdb.database import Database

CTRL_C, CTRL_D = "\x03", "\x04"
PROMPT = "to go on: "
PATIENCE = 20
"""Seconds after which a command that says nothing is taken to hang."""

Answer = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb db` on the database."""
    return partial(run, database.target, "db")


@pytest.fixture
def answer(database: Database, forks: Path, tmp_path: Path) -> Answer:
    """Run Python at a pseudo-terminal and type an answer to its question; returns exit code and what was shown."""

    def answer(typed: str, *arguments: str | Path) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        around = environment(tmp_path, database.target, COLUMNS="200")  # so that the question stands on one line
        try:
            with forked(forks, tmp_path, around, arguments, theirs, theirs, theirs) as ended:
                os.close(theirs)
                shown = _type_at_the_prompt(ours, typed)
                ended.settimeout(PATIENCE)
                return int(ended.recv(16)), shown
        finally:
            os.close(ours)  # which also ends what still runs on it

    return partial(asyncio.to_thread, answer)


def _type_at_the_prompt(terminal: int, typed: str) -> str:
    shown, asked = "", 0
    while asked <= PATIENCE:
        if not select.select([terminal], [], [], 1 if asked else PATIENCE)[0]:
            if not asked:
                break
            asked += 1
            if typed == CTRL_C:  # Python misses one that comes after the question and before it begins to read
                os.write(terminal, typed.encode())
            continue
        try:
            said = os.read(terminal, 4096).decode()
        except OSError:  # how Linux says that nobody holds the other end
            return shown
        if not said:
            return shown
        shown += said
        if not asked and PROMPT in shown:
            asked = 1
            os.write(terminal, typed.encode())
    pytest.fail(f"the command waits for more than {typed!r}, having said {shown!r}")


async def test_health_and_setup_and_seed_answer_in_json(database: Database, run: Run) -> None:
    health, setup, seed = await asyncio.gather(
        run("health", "--json"), run("setup", "--json"), run("seed", "production", "--json")
    )
    assert [(code, err) for code, _, err in (health, setup, seed)] == [(0, "")] * 3
    assert json.loads(health[1])["database"] == database.target.database
    assert json.loads(health[1])["revision"] == revisions.history()[-1].id
    assert json.loads(setup[1])["result"]["created"] is False
    assert json.loads(seed[1])["added"]["venues"] == await count(database.target, "venues") > 0


@pytest.mark.parametrize(
    ("typed", "code", "left"),
    [("{name}\n", 0, 0), ("yes\n", 6, 1), (CTRL_D, 6, 1), (CTRL_C, 130, 1)],
    ids=["the name", "something else", "end of input", "Ctrl-C"],
)
async def test_only_the_name_of_the_database_typed_at_a_terminal_resets_it(
    database: Database, answer: Answer, drift: Drift, typed: str, code: int, left: int
) -> None:
    await change(database.target, ADD_VENUE)
    ended, shown = await answer(typed.format(name=database.target.database), SETUP_SCRIPT, "--reset")
    assert (ended, await count(database.target, "venues")) == (code, left)
    assert "Traceback" not in shown
    assert database.target.database in shown.partition(PROMPT)[0]
    assert await drift(database.target) == []


async def test_a_downgrade_that_was_not_confirmed_changes_nothing(database: Database, answer: Answer) -> None:
    ended, shown = await answer("base\n", "-m", "tradingdb", "migrate", "downgrade", "base")
    assert ended == 6
    assert "Traceback" not in shown
    assert (await migrations.status(database)).is_current
