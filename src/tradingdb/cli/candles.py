"""`tradingdb candles`: files in, and what is there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tradingdb import candles, migrations
from tradingdb.cli import candles_export, candles_gaps
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candles_resample import resample_command
from tradingdb.cli.options import (
    AsJson,
    DatabaseUrl,
    Length,
    OneLength,
    OneSymbol,
    OneVenue,
    Symbol,
    Venue,
    database_at,
)
from tradingdb.cli.output import console, notes, print_json, print_table, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.services import market

app = typer.Typer(no_args_is_help=True, help="Candles from files, and what candles there are.")
app.command("resample")(resample_command)
app.add_typer(candles_export.app)
app.add_typer(candles_gaps.app)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV, Feather, Parquet or JSON; gzipped or not.")],
    venue: Venue,
    symbol: Symbol,
    timeframe: Length,
    timezone: Annotated[str, typer.Option(help="Zone of times that carry none.")] = "UTC",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Load candles from a file. All of them or none; loading the same file again changes nothing."""
    length = Timeframe.parse(timeframe)
    loaded = candles.read_file(file, timezone=timezone, symbol=symbol)
    loaded.check(length)

    async def work() -> candles.WriteReport:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            await _say_if_new(database, venue.lower())
            # a transaction of its own: whoever adds an instrument makes others wait that add one
            await database.run(
                lambda session: market.ensure_instrument(session, venue.lower(), symbol), idempotent=True
            )
            return await database.run(store, idempotent=True)

    async def store(session: WriteSession) -> candles.WriteReport:
        with progress_bar() as progress:
            bar = progress.add_task(file.name, total=len(loaded))
            instrument = await market.instrument(session, venue.lower(), symbol)
            return await candles.write(
                session,
                instrument,
                length,
                loaded.columns,
                source=file.name,
                on_progress=lambda rows: progress.advance(bar, rows),
            )

    report = wait_for(work())
    if as_json:
        print_json({"file": file, "venue": venue.lower(), "symbol": symbol, "timeframe": length, "report": report})
    else:
        console.print(
            f"{report.total:,} candles of {symbol} {length.value} at {venue.lower()}: {report.inserted:,} inserted, "
            f"{report.updated:,} updated, {report.unchanged:,} unchanged, {report.duplicates:,} duplicates.",
            soft_wrap=True,
        )


@app.command("list")
def list_command(
    venue: OneVenue = None,
    symbol: OneSymbol = None,
    timeframe: OneLength = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """What candles there are."""
    length = None if timeframe is None else Timeframe.parse(timeframe)

    async def work() -> list[candles.SeriesInfo]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await candles.coverage(session, venue=venue and venue.lower(), symbol=symbol, timeframe=length)

    found = wait_for(work())
    if as_json:
        print_json([asdict(series) | {"missing": series.missing} for series in found])
    elif found:
        print_series(found)
    else:
        console.print("There are no candles. Load some with `tradingdb candles import`.")


async def _say_if_new(database: Database, venue: str) -> None:
    """A venue is added by its first candles; a mistyped one should be seen."""
    async with database.read() as session:
        known = await market.venue_codes(session)
    if known and venue not in known:
        notes.print(f"{venue} is a new venue; known so far: {', '.join(known)}.")


def print_series(found: list[candles.SeriesInfo]) -> None:
    """The table of series."""
    print_table(
        "Candles",
        ["venue", "symbol", "", "first", "last", "candles", "missing"],
        [(s.venue, s.symbol, s.timeframe.value, s.first, s.last, s.count, s.missing) for s in found],
    )
