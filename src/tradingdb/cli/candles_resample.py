"""`tradingdb candles resample`: stored candles of longer timeframes from shorter ones."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import candles, migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Symbol, Venue, database_at, instant_of
from tradingdb.cli.output import print_json, print_table
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.services import market


def resample_command(
    venue: Venue,
    symbol: Symbol,
    timeframe: Annotated[str, typer.Option(help="The candles to make longer ones of, for example 1m.")],
    to: Annotated[str, typer.Option(help="The timeframes to bring up to date, for example 1h,1d.")],
    since: Annotated[
        str | None,
        typer.Option(help="Compute again from this time on (ISO 8601; UTC if it names no zone), after corrections."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Bring stored candles of longer timeframes up to date. Doing it again changes nothing."""
    source = Timeframe.parse(timeframe)
    targets = [Timeframe.parse(name.strip()) for name in to.split(",") if name.strip()]
    if not targets:
        raise InvalidValueError(f"--to {to!r} names no timeframe: write it as 1h or 1h,1d.")
    instant = instant_of("--since", since)

    async def work() -> dict[Timeframe, candles.WriteReport]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            return await database.run(store, idempotent=True)

    async def store(session: WriteSession) -> dict[Timeframe, candles.WriteReport]:
        instrument = await market.instrument(session, venue.lower(), symbol)
        return await candles.rollup(session, instrument, source, targets, since=instant)

    reports = wait_for(work())
    if as_json:
        print_json({"venue": venue.lower(), "symbol": symbol, "timeframe": source, "reports": reports})
    else:
        print_table(
            f"{symbol} at {venue.lower()}, from {source.value}",
            ["", "inserted", "updated", "unchanged"],
            [(target.value, done.inserted, done.updated, done.unchanged) for target, done in reports.items()],
        )
