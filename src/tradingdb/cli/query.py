"""`tradingdb query`: the reports, as a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, database_at
from tradingdb.cli.output import cell, console, notes, plain, print_json, print_table
from tradingdb.core.mode import TradingMode
from tradingdb.errors import InvalidValueError
from tradingdb.services import reports

NARROWEST_TEXT = 12
"""Characters that a column of text needs to be read when it is folded."""


def query_command(
    name: Annotated[str | None, typer.Argument(help="Which report. Without one they are listed.")] = None,
    *,
    list_all: Annotated[bool, typer.Option("--list", help="List the reports and what they take.")] = False,
    days: Annotated[int | None, typer.Option(help="Only the last days.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many rows.")] = None,
    mode: Annotated[TradingMode | None, typer.Option(help="live, paper or backtest.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Only the strategy of this name.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Only what takes this long, or longer.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV (RFC 4180) instead of text.")] = False,
) -> None:
    """Ask the database one of the useful questions. Changes nothing."""
    if as_json and as_csv:
        raise InvalidValueError("--json and --csv exclude each other: ask for one of them.")
    options = {"days": days, "limit": limit, "mode": mode, "strategy": strategy, "seconds": seconds}
    given = {option: value for option, value in options.items() if value is not None}
    if name is None or list_all:
        if given or name is not None:
            raise InvalidValueError("The list of reports takes no report and no limits: leave them out.")
        _show_list(as_json=as_json, as_csv=as_csv)
        return
    asked = reports.report(name)
    _refuse_what_it_does_not_take(asked, given)
    asked.statement(**given)  # what is wrong with the values is said before anything is connected to

    async def work() -> reports.Answer:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await reports.answer(session, asked, **given)

    found = wait_for(work())
    if as_json:
        print_json([dict(zip(found.columns, map(plain, row), strict=True)) for row in found.rows])
    elif as_csv:
        _print_csv(found.columns, found.rows)
    else:
        _print_answer(asked, asked.takes | given, found)


def _refuse_what_it_does_not_take(asked: reports.Report, given: dict[str, Any]) -> None:
    takes = asked.takes
    for option in given:
        if option not in takes:
            known = ", ".join(f"--{each}" for each in takes) or "no option of this kind"
            raise InvalidValueError(f"The report {asked.name} takes no --{option}; it takes {known}.")


def _show_list(*, as_json: bool, as_csv: bool) -> None:
    columns = ("report", "takes", "description")
    groups = {
        group: [(each.name, " ".join(f"--{option}" for option in each.takes), each.description) for each in members]
        for group, members in reports.GROUPS.items()
    }
    rows = [row for members in groups.values() for row in members]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif as_csv:
        _print_csv(columns, rows)
    else:
        for group, members in groups.items():
            print_table(group, columns, members)


def _print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout)  # its dialect is that of RFC 4180: CRLF, and quotes where they are needed
    writer.writerow(columns)
    for row in rows:
        values = map(plain, row)
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in values])


def _print_answer(asked: reports.Report, limits: dict[str, Any], found: reports.Answer) -> None:
    """A table, or one below the other where the terminal is too narrow for all columns; empty columns are left out."""
    said = ", ".join(f"{option} {plain(value)}" for option, value in limits.items() if value is not None)
    title = f"{asked.title} ({said})" if said else asked.title
    if not found.rows:
        console.print(f"{title}: nothing.", markup=False, soft_wrap=True)
        return
    kept = [at for at in range(len(found.columns)) if any(row[at] is not None for row in found.rows)]
    names = [found.columns[at].replace("_", " ") for at in kept]
    rows = [[row[at] for at in kept] for row in found.rows]
    if _width(names, rows) <= console.width:
        print_table(title, names, rows)
    else:
        console.print(title, markup=False)
        for row in rows:
            print_table("", ["", ""], [(name, cell(value)) for name, value in zip(names, row, strict=True)])
    if len(rows) == limits.get("limit"):
        notes.print(f"These are the first {len(rows):,}; --limit shows more.")


def _width(names: list[str], rows: list[list[object]]) -> int:
    """What a table needs: text may be folded, numbers and times may not."""
    needed = 0
    for at, name in enumerate(names):
        values = [row[at] for row in rows]
        longest = max(len(cell(value)) for value in values)
        if all(isinstance(value, str) or value is None for value in values):
            longest = min(longest, NARROWEST_TEXT)
        needed += max(longest, len(name) if longest else 0) + 2
    return needed
