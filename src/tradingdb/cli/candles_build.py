"""`tradingdb candles build`: candles from stored public trades."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import candles, migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Length, Symbol, Venue, database_at, instant_of
from tradingdb.cli.output import console, print_json, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.services import market


def build_command(
    *,
    venue: Venue,
    symbol: Symbol,
    timeframe: Length,
    start: Annotated[str | None, typer.Option(help="From this open time, ISO 8601; UTC without a zone.")] = None,
    end: Annotated[str | None, typer.Option(help="To before this open time.")] = None,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="No trade is missing in the first and the last candle: count them as closed."),
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make candles of the public trades that are stored. Doing it again changes nothing."""
    length = Timeframe.parse(timeframe)
    bounds = instant_of("--start", start), instant_of("--end", end)

    async def work() -> candles.WriteReport:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            return await database.run(store, idempotent=True)

    async def store(session: WriteSession) -> candles.WriteReport:
        instrument = await market.instrument(session, venue.lower(), symbol)
        with progress_bar() as progress:
            bar = progress.add_task(f"{symbol} {length.value}", total=None)
            return await candles.from_trades(
                session,
                instrument,
                length,
                *bounds,
                whole=whole,
                on_progress=lambda rows: progress.advance(bar, rows),
            )

    report = wait_for(work())
    if as_json:
        print_json({"venue": venue.lower(), "symbol": symbol, "timeframe": length, "report": report})
    else:
        console.print(
            f"{report.total:,} candles of {symbol} {length.value} at {venue.lower()} from its trades: "
            f"{report.inserted:,} inserted, {report.updated:,} updated, {report.unchanged:,} unchanged.",
            soft_wrap=True,
        )
