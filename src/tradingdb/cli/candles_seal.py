"""`tradingdb candles seal`: packed copies of old months, which are read many times faster."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import candles, migrations
from tradingdb.candles.seal import OLDER_THAN
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candle_choice import require_series
from tradingdb.cli.options import AsJson, DatabaseUrl, OneLength, OneSymbol, OneVenue, database_at
from tradingdb.cli.output import console, print_json, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database

OlderThan = Annotated[
    str, typer.Option("--older-than", metavar="SPAN", help="Months this old, for example 2mo (the least) or 1y.")
]


def seal_command(
    older_than: OlderThan = OLDER_THAN,
    venue: OneVenue = None,
    symbol: OneSymbol = None,
    timeframe: OneLength = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Seal the months that are old enough and are not sealed. Doing it again seals what was changed since."""
    length = None if timeframe is None else Timeframe.parse(timeframe)

    async def work() -> candles.SealReport:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            await require_series(database, venue and venue.lower(), symbol, length)
            return await seal_with_bar(database, older_than, venue and venue.lower(), symbol, length)

    report = wait_for(work())
    if as_json:
        print_json(report)
    else:
        console.print(sealed_in_words(report))


async def seal_with_bar(
    database: Database,
    older_than: str = OLDER_THAN,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
) -> candles.SealReport:
    """`candles.seal` with its progress on standard error."""
    with progress_bar() as progress:
        bar = progress.add_task("months", total=None)
        return await candles.seal(
            database,
            older_than=older_than,
            venue=venue,
            symbol=symbol,
            timeframe=timeframe,
            on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )


def sealed_in_words(report: candles.SealReport) -> str:
    """What was sealed and what was not, in a sentence."""
    told = f"{report.sealed:,} months with {report.candles:,} candles were sealed."
    if report.growing:
        told += f" {report.growing:,} have candles that are not closed."
    if report.busy:
        told += (
            f" {report.busy:,} are being written to, or somebody has just sealed or emptied them: run it again later."
        )
    return told
