"""`tradingdb query`: the same answer as a table, JSON and CSV; what is asked wrongly is refused in one sentence."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import pty
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from commands import Run, environment, forked
from tradingdb.database import Database
from tradingdb.services import reports
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget

PAPER = ("--mode", "paper")
LONG_AGO = ("--days", "36500")
PRINT_ALL = """
import sys
from tradingdb.cli import app
for name in sys.argv[1:]:
    app(["query", name], standalone_mode=False)
"""
STYLES = re.compile(r"\x1b\[[0-9;]*m")
ODD_NAME = '[red]"Buy", he said[/nonsense]\nand more'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(server: ConnectionTarget, seeded: ConnectionTarget) -> AsyncIterator[Database]:
    """The development world, with a strategy of an odd name and a price of many digits."""
    async with clone_of_template(server, seeded.database) as target, Database(target) as made:
        async with made.write() as session:
            await session.execute(
                text(
                    "UPDATE strategies SET name = :name WHERE id = (SELECT strategy_id FROM trades "
                    "WHERE mode = 'paper' GROUP BY strategy_id ORDER BY count(*) DESC LIMIT 1)"
                ),
                {"name": ODD_NAME},
            )
            await session.execute(
                text("UPDATE trades SET entry_price = 0.00000012340 WHERE outcome = 'pending' AND mode = 'paper'")
            )
        yield made


@pytest.fixture
def query(run: Run, world: Database) -> Run:
    """Run `tradingdb query` on that world."""
    return partial(run, world.target, "query")


def on_terminal(forks: Path, home: Path, target: ConnectionTarget, columns: int, *arguments: str) -> str:
    """What `tradingdb` writes to a terminal of so many columns."""
    ours, its = pty.openpty()
    around = environment(home, target, COLUMNS=str(columns), TERM="xterm")
    written = b""
    with forked(forks, home, around, ("-m", "tradingdb", *arguments), its, its, its) as ended:
        os.close(its)
        with suppress(OSError):  # how Linux says that the other end was closed
            while piece := os.read(ours, 65536):
                written += piece
        os.close(ours)
        assert int(ended.recv(16)) == 0, written.decode()
    return STYLES.sub("", written.decode().replace("\r\n", "\n"))


async def test_without_a_name_the_reports_are_listed(query: Run) -> None:
    plain, listed, as_json, as_csv = await asyncio.gather(
        query(), query("--list"), query("--list", "--json"), query("--list", "--csv")
    )
    assert plain == listed
    assert [(code, err) for code, _, err in (plain, as_json, as_csv)] == [(0, "")] * 3
    assert all(name in plain[1] for name in reports.REPORTS)
    entries = json.loads(as_json[1])
    assert [entry["report"] for entry in entries] == list(reports.REPORTS)
    assert entries[0]["takes"] == "--mode --days --strategy --limit"
    assert list(csv.DictReader(io.StringIO(as_csv[1]))) == entries


async def test_the_list_needs_no_database(run: Run) -> None:
    code, out, err = await run("postgresql://me@127.0.0.1:1/db", "query", "--list")
    assert (code, err) == (0, "")
    assert "recent-trades" in out


async def test_json_and_csv_carry_the_same_values_with_every_digit(query: Run, world: Database) -> None:
    arguments = ("recent-trades", *PAPER, *LONG_AGO, "--limit", "500")
    (code, out, err), (csv_code, table, csv_err) = await asyncio.gather(
        query(*arguments, "--json"), query(*arguments, "--csv")
    )
    assert (code, err, csv_code, csv_err) == (0, "", 0, "")
    asked = reports.report("recent-trades")
    async with world.read() as session:
        found = await reports.answer(session, asked, mode="paper", days=36500, limit=500)
    entries = json.loads(out)
    header, *lines = list(csv.reader(io.StringIO(table, newline="")))
    assert tuple(header) == found.columns == tuple(entries[0])
    assert lines == [["" if value is None else value for value in entry.values()] for entry in entries]
    for row, entry in zip(found.rows, entries, strict=True):
        for value, shown in zip(row, entry.values(), strict=True):
            if isinstance(value, Decimal):
                assert Decimal(shown).as_tuple() == value.as_tuple()
            elif isinstance(value, datetime):
                assert datetime.fromisoformat(shown) == value
                assert shown.endswith("+00:00")
            else:
                assert shown == value
    assert "0.00000012340" in {entry["entry_price"] for entry in entries}, "written out, not 1.2340E-7"


async def test_csv_follows_rfc_4180(query: Run) -> None:
    code, out, _ = await query("strategy-performance", *PAPER, "--csv")
    assert code == 0
    lines = out.split("\r\n")
    assert lines[0].startswith("strategy,owner,currency,runs,")
    quoted = '"' + ODD_NAME.replace('"', '""') + '"'
    assert f"\r\n{quoted},dev,USDT," in out
    assert out.endswith("\r\n")
    assert "\n" not in out.replace("\r\n", "").replace(quoted, "")


async def test_a_table_shows_names_as_they_are_and_small_prices(query: Run) -> None:
    code, out, err = await query("recent-trades", *PAPER, *LONG_AGO)
    assert code == 0
    assert "[red]" in out, "a name is no markup"
    assert "0.0000001234" in out
    assert "Traceback" not in err


async def test_every_report_can_be_printed(script: Run, world: Database) -> None:
    code, out, err = await script(world.target, "-c", PRINT_ALL, *reports.REPORTS)
    assert code == 0, err
    assert [each.name for each in reports.REPORTS.values() if each.title not in out] == []


async def test_an_empty_answer_says_in_which_mode_nothing_was_found(run: Run, database: Database) -> None:
    run = partial(run, database.target, "query", "strategy-performance")
    table, as_json, as_csv = await asyncio.gather(run(), run("--json"), run("--csv"))
    assert table == (0, "Strategies (mode live, limit 50): nothing.\n", "")
    assert (as_json[0], json.loads(as_json[1])) == (0, [])
    assert as_csv[1].endswith("average_r\r\n")
    assert as_csv[1].count("\n") == 1, "a header is always there"


async def test_more_rows_than_the_limit_are_hinted_at(query: Run) -> None:
    code, _, err = await query("recent-trades", *PAPER, *LONG_AGO, "--limit", "3")
    assert (code, err) == (0, "These are the first 3; --limit shows more.\n")
    quiet = await query("recent-trades", *PAPER, *LONG_AGO, "--limit", "3", "--csv")
    assert quiet[2] == ""


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("strategy-performance", 80),
        ("recent-trades", 80),
        ("recent-trades", 240),
        ("best-lessons", 60),
        ("partitions", 60),
    ],
)
async def test_no_number_is_cut_off_in_a_narrow_terminal(
    forks: Path, tmp_path: Path, world: Database, columns: int, name: str
) -> None:
    asked = reports.report(name)
    limits = {"mode": "paper", "days": "36500", "limit": "4"}
    options = [word for option in asked.takes if option in limits for word in (f"--{option}", limits[option])]
    out = await asyncio.to_thread(on_terminal, forks, tmp_path, world.target, columns, "query", name, *options)
    assert max(len(line) for line in out.splitlines()) <= columns
    given = {
        option: int(value) if value.isdigit() else value for option, value in limits.items() if option in asked.takes
    }
    async with world.read() as session:
        found = await reports.answer(session, asked, **given)
    assert found.rows
    for row in found.rows:
        for column, value in zip(found.columns, row, strict=True):
            if isinstance(value, datetime):
                assert f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" in out, column
            elif isinstance(value, int):
                assert f"{value:,}" in out, column
            elif isinstance(value, Decimal) and value >= 1:
                assert f"{value:,.8f}"[:9].rstrip("0").rstrip(".") in out, column


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("recent",), "There is no report 'recent'; these exist: strategy-performance, "),
        (("table-sizes", "--days", "3"), "The report table-sizes takes no --days; it takes --limit."),
        (("connections", "--limit", "3"), "The report connections takes no --limit; it takes no option of this kind."),
        (("recent-trades", "--days", "0"), "0 days were asked for"),
        (("recent-trades", "--limit", "-1"), "-1 rows were asked for"),
        (("recent-trades", "--mode", "real"), "'real' is not one of"),
        (("recent-trades", "--strategy", "Crosover"), "There is no strategy 'Crosover'"),
        (("recent-trades", "--json", "--csv"), "--json and --csv exclude each other"),
        (("recent-trades", "--list"), "The list of reports takes no report and no limits"),
        (("--days", "3"), "The list of reports takes no report and no limits"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(query: Run, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = await query(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1


async def test_a_database_that_is_down_or_empty_is_said(run: Run, empty: ConnectionTarget) -> None:
    down, without_schema = await asyncio.gather(
        run("postgresql://me@127.0.0.1:1/db", "query", "recent-trades"), run(empty, "query", "recent-trades")
    )
    assert (down[0], down[1]) == (3, "")
    assert down[2] == "error: PostgreSQL cannot be reached; check that it runs and that DATABASE_URL points at it.\n"
    assert (without_schema[0], without_schema[1]) == (5, "")
    assert "tradingdb" in without_schema[2]
