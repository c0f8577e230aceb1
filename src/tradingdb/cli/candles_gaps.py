"""`tradingdb candles gaps` and `verify`: what is missing, and whether what is recorded is true."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from tradingdb import candles, migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candle_choice import refuse_choice, require_series
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
    instant_of,
)
from tradingdb.cli.output import console, print_json, print_table, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database
from tradingdb.services import market

app = typer.Typer()
"""Added to `tradingdb candles` without a name of its own."""

ANSWER_IS_NO = 1
"""Exit code where candles are missing, or the coverage or a sealed month is not true."""

ALWAYS = "always"


@app.command("gaps")
def gaps_command(
    *,
    venue: Venue,
    symbol: Symbol,
    timeframe: Length,
    start: Annotated[str | None, typer.Option(help="From this time, ISO 8601; UTC without a zone.")] = None,
    end: Annotated[str | None, typer.Option(help="To before this time.")] = None,
    calendar: Annotated[
        str, typer.Option(help="When it trades: always, or the code of an exchange, as XNYS.")
    ] = ALWAYS,
    fill: Annotated[candles.FillPolicy, typer.Option(help="What to put into the gaps.")] = candles.FillPolicy.NONE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """The candles that are missing. Exits with 1 if any are, after filling."""
    length = Timeframe.parse(timeframe)
    bounds = instant_of("--start", start), instant_of("--end", end)
    hours = candles.ALWAYS_OPEN if calendar == ALWAYS else candles.exchange_calendar(calendar)

    async def work() -> tuple[list[candles.Gap], candles.FillReport | None]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            instrument_id = await _series(database, venue.lower(), symbol, length)
            async with database.read() as session:
                found = await candles.gaps(session, instrument_id, length, *bounds, calendar=hours)
            if fill is candles.FillPolicy.NONE:
                return found, None
            return found, await database.run(
                lambda session: candles.fill(
                    session, instrument_id, length, fill, start=bounds[0], end=bounds[1], calendar=hours
                ),
                idempotent=True,
            )

    found, report = wait_for(work())
    missing = sum(gap.missing for gap in found)
    if as_json:
        print_json({"gaps": found, "missing": missing, "fill": report})
    else:
        if found:
            rows = [(_precise(gap.start), _precise(gap.end), gap.missing) for gap in found]
            print_table(f"Gaps of {symbol} {length.value} at {venue.lower()}", ["from", "to before", "missing"], rows)
        console.print(_summary(len(found), missing, report))
    if missing if report is None else report.left:
        raise typer.Exit(ANSWER_IS_NO)


@app.command("verify")
def verify_command(
    venue: OneVenue = None,
    symbol: OneSymbol = None,
    timeframe: OneLength = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Count the candles, and compare with what is recorded; compare sealed months with them, value by value.

    Exits with 1 if anything differs and was not mended. A sealed month that differs is mended by dropping it.
    """
    length = None if timeframe is None else Timeframe.parse(timeframe)
    code = venue and venue.lower()

    async def work() -> tuple[candles.CoverageCheck, candles.BlockCheck]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            if repair:
                coverage = await database.run(
                    lambda session: candles.verify_coverage(
                        session, venue=code, symbol=symbol, timeframe=length, repair=True
                    ),
                    idempotent=True,
                )
                return coverage, await database.run(compare, idempotent=True)
            async with database.read() as session:
                coverage = await candles.verify_coverage(session, venue=code, symbol=symbol, timeframe=length)
                return coverage, await compare(session)

    async def compare(session: Any) -> candles.BlockCheck:
        with progress_bar() as progress:
            bar = progress.add_task("sealed months", total=None)
            return await candles.verify_blocks(
                session,
                venue=code,
                symbol=symbol,
                timeframe=length,
                repair=repair,
                on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
            )

    coverage, blocks = wait_for(work())
    if not coverage.series and not blocks.blocks:
        refuse_choice(code, symbol, length)
    if as_json:
        print_json({"series": coverage.series, "differences": coverage.differences, "sealed": blocks})
    else:
        if coverage.differences:
            _print_differences(coverage.differences)
        told = f"{coverage.series:,} series were counted, {len(coverage.differences):,} differ from what is recorded."
        console.print(told)
        if blocks.blocks:
            _print_blocks(blocks)
    if not (coverage.is_true and blocks.is_true):
        raise typer.Exit(ANSWER_IS_NO)


async def _series(database: Database, venue: str, symbol: str, timeframe: Timeframe) -> int:
    """The instrument of a series that has candles: a mistyped one has no gaps, and should be seen.

    Raises:
        NotFoundError: there is no such instrument, or there are no candles of it.
    """
    async with database.read() as session:
        instrument = await market.instrument(session, venue, symbol)
    await require_series(database, venue, symbol, timeframe)
    return instrument.id


def _precise(at: datetime) -> str:
    """A time with its seconds, if it has any: candles may be shorter than a minute."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at.second else f"{at:%Y-%m-%d %H:%M}"


def _summary(gaps: int, missing: int, report: candles.FillReport | None) -> str:
    told = f"{missing:,} candles are missing in {gaps:,} gaps." if gaps else "No candle is missing."
    if report is not None:
        told += f" {report.filled:,} were filled, {report.refreshed:,} refreshed, {report.left:,} are left."
    return told


def _print_differences(differences: list[candles.CoverageDifference]) -> None:
    rows = []
    for found in differences:
        name = found.symbol or f"instrument {found.instrument_id}, which does not exist"
        sides = (found.recorded, found.actual)
        told = ["nothing" if side is None else f"{_precise(side.first)} - {_precise(side.last)}" for side in sides]
        counts = [0 if side is None else side.count for side in sides]
        rows.append(
            (found.venue, name, found.timeframe.value, told[0], counts[0], told[1], counts[1], found.is_repaired)
        )
    columns = ["venue", "symbol", "", "recorded", "candles", "counted", "candles", "mended"]
    print_table("Coverage that differs from the candles", columns, rows)


def _print_blocks(check: candles.BlockCheck) -> None:
    if check.differences:
        rows = [
            (one.venue, one.symbol, one.timeframe.value, f"{one.month:%Y-%m}", one.problem, one.is_dropped)
            for one in check.differences
        ]
        print_table(
            "Sealed months that differ from the candles", ["venue", "symbol", "", "month", "what", "dropped"], rows
        )
    console.print(
        f"{check.blocks:,} sealed months were compared, {len(check.differences):,} differ from their candles."
    )
