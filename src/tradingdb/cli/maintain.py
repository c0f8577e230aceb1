"""`tradingdb maintain`: what a database wants once a day, or once a month at least."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tradingdb import candles, migrations
from tradingdb.candles.months import months_in
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candles_seal import seal_with_bar, sealed_in_words
from tradingdb.cli.options import AsJson, DatabaseUrl, Yes, database_at
from tradingdb.cli.output import console, notes, print_json, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError, RefusedError
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from tradingdb.database import Database

Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="TIMEFRAME=SPAN",
        help="Delete candles of this timeframe that are older, as 1m=24mo or 1h=10y; may be given several times.",
    ),
]


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done."""

    partitions_made: list[str]
    retention: candles.RetentionReport
    seal: candles.SealReport


def maintain_command(
    keep: Keep = None, yes: Yes = False, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Make the partitions of the months ahead, delete what is past its limit (asks first), seal old months."""
    limits = _limits(keep or [])

    async def work() -> Maintained:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            await _confirm(database, limits, yes=yes)
            made = await database.run(partitions.ensure_ahead, idempotent=True)
            with progress_bar() as progress:
                bar = progress.add_task("months past their limit", total=None)
                retained = await candles.retain(
                    database,
                    limits,
                    on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
                )
            return Maintained(made, retained, await seal_with_bar(database))

    report = wait_for(work())
    if as_json:
        print_json(report)
        return
    console.print(f"{len(report.partitions_made):,} partitions were made ahead.")
    if limits:
        gone = report.retention
        console.print(
            f"{gone.candles:,} candles and {gone.blocks:,} sealed months past their limit were deleted, "
            f"{len(gone.partitions):,} partitions were dropped."
        )
    console.print(sealed_in_words(report.seal))


def _limits(given: list[str]) -> dict[str, str]:
    """Timeframe to span, as they were written: a value for each.

    Raises:
        InvalidValueError: one is not written so, names no timeframe or no span, or is the second for its timeframe.
    """
    limits: dict[str, str] = {}
    for each in given:
        name, _, span = each.partition("=")
        timeframe = Timeframe.parse(name.strip()).value
        months_in(span)
        if timeframe in limits:
            raise InvalidValueError(f"--keep names {timeframe} twice: say once how long it is kept.")
        limits[timeframe] = span
    return limits


async def _confirm(database: Database, limits: dict[str, str], *, yes: bool) -> None:
    """Ask before candles are deleted; nothing is asked where none would be.

    Raises:
        RefusedError: there is no terminal to ask at and no --yes, or the answer is not yes.
    """
    async with database.read() as session:
        found = [month for month in await candles.expired(session, limits) if month.timeframes]
    if not found or yes:
        return
    named = ", ".join(dict.fromkeys(one.value for month in found for one in month.timeframes))
    what = f"candles of {named} in {len(found):,} months, {found[0].month:%Y-%m} to {found[-1].month:%Y-%m}"
    if not sys.stdin.isatty():
        raise RefusedError(
            f"This deletes {what}, in {database.target.label}; without a terminal to ask at it needs --yes. "
            "Nothing was changed."
        )
    notes.print(f"This deletes {what}, in [bold]{database.target.label}[/bold]. There is no way back.")
    try:
        answer = notes.input("Type [bold]yes[/bold] to go on: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        raise RefusedError("The answer was not yes, so nothing was changed.")
