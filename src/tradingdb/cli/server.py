"""`tradingdb server`: the embedded PostgreSQL, for those who want to look inside with other tools."""

from __future__ import annotations

import typer

from tradingdb.cli.options import AsJson
from tradingdb.cli.output import console, print_json
from tradingdb.database import embedded_server
from tradingdb.embedded import EmbeddedServer
from tradingdb.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL, for looking inside with other tools.")


@app.command()
def start(as_json: AsJson = False) -> None:
    """Start it and keep it running until `tradingdb server stop`."""
    server = _server()
    with server:
        server.pin(keep=True)
    _show(server, as_json=as_json)


@app.command()
def stop(as_json: AsJson = False) -> None:
    """Stop it, whoever uses it. Committed data are safe."""
    server = _server()
    server.stop()
    _show(server, as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Whether it runs, where its data are, and how to connect. Exits with 1 if it does not run."""
    server = _server()
    _show(server, as_json=as_json)
    if not server.is_accepting():
        raise typer.Exit(1)


def _server() -> EmbeddedServer:
    return embedded_server(Settings.load())


def _show(server: EmbeddedServer, *, as_json: bool) -> None:
    running = server.is_accepting()
    url = server.libpq_url()
    if as_json:
        print_json({"running": running, "data_dir": server.data_dir, "version": server.version, "url": url})
        return
    runs = "runs" if running else "does not run"
    console.print(
        f"The embedded PostgreSQL {server.version} {runs}; its data are in {server.data_dir}.", soft_wrap=True
    )
    if running:
        console.print(f"psql '{url}'", soft_wrap=True)
