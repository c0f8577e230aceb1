"""`tradingdb market-trades`: public trades from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradingdb import market_trades, migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Symbol, Venue, database_at
from tradingdb.cli.output import console, print_json, progress_bar
from tradingdb.database import WriteSession
from tradingdb.services import market

app = typer.Typer(no_args_is_help=True, help="Public trades, which venues publish one by one.")


@app.callback()
def options() -> None:
    """Public trades, which venues publish one by one."""


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV with a header line, Feather or Parquet; gzipped or not.")],
    venue: Venue,
    symbol: Symbol,
    timezone: Annotated[str, typer.Option(help="Zone of times that carry none.")] = "UTC",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Load public trades from a file. All of them or none; loading the same file again changes nothing."""
    loaded = market_trades.read_file(file, timezone=timezone)
    loaded.check()

    async def work() -> market_trades.WriteReport:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            # a transaction of its own: whoever adds an instrument makes others wait that add one
            await database.run(
                lambda session: market.ensure_instrument(session, venue.lower(), symbol), idempotent=True
            )
            return await database.run(store, idempotent=True)

    async def store(session: WriteSession) -> market_trades.WriteReport:
        with progress_bar() as progress:
            bar = progress.add_task(file.name, total=len(loaded))
            instrument = await market.instrument(session, venue.lower(), symbol)
            return await market_trades.write(
                session, instrument, loaded, source=file.name, on_progress=lambda rows: progress.advance(bar, rows)
            )

    report = wait_for(work())
    if as_json:
        print_json({"file": file, "venue": venue.lower(), "symbol": symbol, "report": report})
    else:
        console.print(
            f"{report.total:,} trades of {symbol} at {venue.lower()}: {report.inserted:,} inserted, "
            f"{report.completed:,} completed with their side, {report.unchanged:,} unchanged, "
            f"{report.duplicates:,} duplicates.",
            soft_wrap=True,
        )
