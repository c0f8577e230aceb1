"""`tradingdb demo`: a first look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradingdb import demo
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.candles import print_series
from tradingdb.cli.options import AsJson
from tradingdb.cli.output import console, print_json, print_table
from tradingdb.core.timeframe import Timeframe
from tradingdb.settings import Settings


def demo_command(
    candles: Annotated[
        Path | None, typer.Option(help="A file of candles; without one a synthetic series is made.", envvar="CANDLES")
    ] = None,
    symbol: Annotated[str, typer.Option(help="What the file's candles are of.")] = "BTC/USDT",
    timeframe: Annotated[str, typer.Option(help="Length of the file's candles.")] = "1m",
    as_json: AsJson = False,
) -> None:
    """Embedded PostgreSQL, tables, candles, a strategy and its trades, in a database of their own."""
    report = wait_for(demo.run(Settings.load(), candles, symbol=symbol, timeframe=Timeframe.parse(timeframe)))
    if as_json:
        url = report.server.libpq_url(demo.DATABASE)
        print_json(report.figures() | {"url": url, "data_dir": report.server.data_dir})
        return
    _print(report)


def _print(report: demo.DemoReport) -> None:
    what = "a synthetic series that nobody traded" if report.source == "synthetic" else report.source
    written = report.written
    console.print(f"Loaded {written.total:,} candles from {what}:")
    console.print(f"{written.inserted:,} inserted, {written.unchanged:,} were there.\n")
    print_series(report.series)
    print_table(
        "What the strategies did (paper)",
        ["strategy", "trades", "won", "lost", "open", "PnL", "fees", "average R"],
        [(r.strategy, r.trades, r.wins, r.losses, r.open, r.pnl, r.fees, r.average_r) for r in report.results],
    )
    print_table("What is in the database", ["table", "rows"], [(t, n) for t, n in report.rows.items() if n])
    console.print(
        f"\nIt lives in {report.server.data_dir}. To look inside:\n"
        f"  tradingdb server start\n"
        f"  psql '{report.server.libpq_url(demo.DATABASE)}'",
        soft_wrap=True,
    )
