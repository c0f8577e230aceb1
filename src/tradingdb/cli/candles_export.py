"""`tradingdb candles export` and `show`: candles into files, and drawn."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from sqlalchemy import text

from tradingdb import candles, migrations
from tradingdb.candles.export import writer_for
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candle_chart import candle_chart
from tradingdb.cli.candle_picture import draw_picture, picture_file
from tradingdb.cli.options import AsJson, DatabaseUrl, Length, Symbol, Venue, database_at, instant_of
from tradingdb.cli.output import cell, console, notes, print_json, progress_bar
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import ReadSession
from tradingdb.errors import NotFoundError
from tradingdb.services import market

app = typer.Typer()

Force = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]

LARGEST_PLAIN = 1e15

LEAST_ROWS, MOST_ROWS = 8, 24
LINES_AROUND = 8
"""Lines of a terminal that the chart leaves to its title, its axis and the prompt."""


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(help="To be made; .csv, .csv.gz, .parquet or .feather.")],
    venue: Venue,
    symbol: Symbol,
    timeframe: Length,
    *,
    start: Annotated[str | None, typer.Option(help="First open time; without a zone it is UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Open time that is the first left out.")] = None,
    force: Force = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write candles to a file, which an import reads back as the same. Whole or not at all."""
    length = Timeframe.parse(timeframe)
    first, last = instant_of("--start", start), instant_of("--end", end)
    writer_for(file)

    async def work() -> candles.ExportReport:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))  # one state for all
                instrument = await market.instrument(session, venue.lower(), symbol)
                total = await _expected(session, venue.lower(), symbol, length, first, last)
                with progress_bar() as progress:
                    bar = progress.add_task(file.name, total=total)
                    return await candles.export(
                        session,
                        instrument,
                        length,
                        file,
                        first,
                        last,
                        force=force,
                        on_progress=lambda rows: progress.advance(bar, rows),
                    )

    report = wait_for(work())
    if as_json:
        print_json({"venue": venue.lower(), "symbol": symbol, "timeframe": length} | asdict(report))
    else:
        console.print(
            f"{report.count:,} candles of {symbol} {length.value} at {venue.lower()} in {file}: "
            f"{cell(report.first)} to {cell(report.last)} UTC, {report.bytes:,} bytes.",
            markup=False,
            soft_wrap=True,
        )


@app.command("show")
def show_command(
    venue: Venue,
    symbol: Symbol,
    timeframe: Length,
    *,
    last: Annotated[int, typer.Option(help="How many of the newest.")] = 60,
    png: Annotated[Path | None, typer.Option("--png", help="Draw a picture into this file instead.")] = None,
    force: Force = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Draw the newest candles."""
    length = Timeframe.parse(timeframe)
    picture = None if png is None else picture_file(png, force=force)

    async def work() -> candles.CandleSeries:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                instrument = await market.instrument(session, venue.lower(), symbol)
                return await candles.latest(session, instrument, length, last, columns=["is_closed", "is_synthetic"])

    series = wait_for(work())
    name = f"{symbol} {length.value} at {venue.lower()}"
    if not len(series):
        raise NotFoundError(f"There are no candles of {name}: `tradingdb candles list` shows what there is.")
    if picture is not None:
        draw_picture(series, picture, title=f"{name}: {_extent(series)}")
    if as_json:
        named = {"venue": venue.lower(), "symbol": symbol, "timeframe": length}
        drawn = {} if png is None else {"png": png}
        print_json(named | drawn | {"candles": _as_rows(series)})
    elif png is not None:
        console.print(f"{len(series):,} candles of {name} are drawn in {png}.", markup=False, soft_wrap=True)
    else:
        _draw(series, name)


async def _expected(
    session: ReadSession, venue: str, symbol: str, length: Timeframe, start: datetime | None, end: datetime | None
) -> int | None:
    """About how many candles a range has, as their coverage tells: for the progress bar only."""
    found = await candles.coverage(session, venue=venue, symbol=symbol, timeframe=length)
    if not found:
        return None
    first, last = max(start or found[0].first, found[0].first), min(end or found[0].last, found[0].last)
    between: int = length.count_between(first, last)
    return min(found[0].count, max(0, between))


def _draw(series: candles.CandleSeries, name: str) -> None:
    height = MOST_ROWS if not console.is_terminal else console.height - LINES_AROUND
    chart = candle_chart(series, width=console.width, height=max(LEAST_ROWS, min(MOST_ROWS, height)))
    shown = series.tail(chart.shown)
    for line in (f"{name}: {_extent(shown)}", _summary(shown)):
        console.print(line, markup=False)
    for drawn in chart.lines:
        console.print(drawn, no_wrap=True, crop=True)
    if chart.shown < len(series):
        notes.print(f"{len(series) - chart.shown:,} older candles do not fit into {console.width} columns.")


def _extent(series: candles.CandleSeries) -> str:
    first, last = (at.replace(tzinfo=UTC) for at in (series.open_time[0].item(), series.open_time[-1].item()))
    missing = series.timeframe.count_between(first, last) - len(series)
    remarks = [
        f"{count:,} {what}"
        for count, what in (
            (missing, "missing in between"),
            (int(series.extra["is_synthetic"].sum()), "synthetic"),
            (int((~series.extra["is_closed"]).sum()), "still growing"),
        )
        if count
    ]
    return ", ".join([f"{len(series):,} candles, {cell(first)} to {cell(last)} UTC", *remarks])


def _summary(series: candles.CandleSeries) -> str:
    opened, closed = float(series.open[0]), float(series.close[-1])
    change = f", {(closed / opened - 1) * 100:+.2f} %" if opened > 0 else ""
    figures = {"open": opened, "high": series.high.max(), "low": series.low.min(), "close": closed}
    return "  ".join(f"{name} {_price(float(value))}" for name, value in figures.items()) + change


def _price(value: float) -> str:
    """A price with the 15 digits that are exact."""
    rounded = float(f"{value:.15g}")
    return np.format_float_positional(rounded, trim="-") if abs(value) < LARGEST_PLAIN else f"{rounded:g}"


def _as_rows(series: candles.CandleSeries) -> list[dict[str, Any]]:
    columns = {name: column.tolist() for name, column in series.columns.items()}
    columns["open_time"] = [at.replace(tzinfo=UTC) for at in columns["open_time"]]
    columns["volume"] = [None if np.isnan(value) else value for value in series.volume.tolist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
