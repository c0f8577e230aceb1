"""The `tradingdb` command: a module per noun, each a thin call of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import __version__
from tradingdb.cli import candles, db, migrate, server
from tradingdb.cli.boundary import run_app
from tradingdb.cli.demo import demo_command
from tradingdb.cli.output import console
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
app.add_typer(server.app, name="server")
app.command("demo")(demo_command)
app.command("query")(query_command)


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
