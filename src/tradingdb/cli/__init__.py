"""The `tradingdb` command: a module per noun, each a thin call of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import __version__
from tradingdb.cli import backtests, candles, db, ledger, market_trades, migrate, outbox, server
from tradingdb.cli.boundary import run_app
from tradingdb.cli.candles_build import build_command
from tradingdb.cli.candles_seal import seal_command
from tradingdb.cli.demo import demo_command
from tradingdb.cli.maintain import maintain_command
from tradingdb.cli.output import console
from tradingdb.cli.performance import performance_command
from tradingdb.cli.query import query_command

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The database of a trading platform. Exit codes: docs/reference/exit-codes.md.",
)
app.add_typer(db.app, name="db")
app.add_typer(migrate.app, name="migrate")
app.add_typer(candles.app, name="candles")
candles.app.command("build")(build_command)
candles.app.command("seal")(seal_command)
app.add_typer(market_trades.app, name="market-trades")
app.add_typer(backtests.app, name="backtests")
app.add_typer(ledger.app, name="ledger")
app.add_typer(outbox.app, name="outbox")
app.add_typer(server.app, name="server")
app.command("demo")(demo_command)
app.command("query")(query_command)
app.command("performance")(performance_command)
app.command("maintain")(maintain_command)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command that the command line names."""
    run_app(app)
