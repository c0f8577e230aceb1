"""Options that many commands share, and how they find their database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import SecretStr

from tradingdb.cli.output import notes
from tradingdb.database import Database
from tradingdb.errors import InvalidValueError
from tradingdb.settings import Settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", metavar="URL", help="Where PostgreSQL is, instead of DATABASE_URL.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Venue = Annotated[str, typer.Option(help="Code of the venue, for example binance.")]
Symbol = Annotated[str, typer.Option(help="Unified symbol, for example BTC/USDT.")]
Length = Annotated[str, typer.Option("--timeframe", help="Length of the candles, for example 1m, 4h, 1d.")]
OneVenue = Annotated[str | None, typer.Option("--venue", help="Only this venue.")]
OneSymbol = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]
OneLength = Annotated[str | None, typer.Option("--timeframe", help="Only this timeframe.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def instant_of(option: str, given: str | None) -> datetime | None:
    """The instant that an option names in ISO 8601; without a zone it is UTC.

    Raises:
        InvalidValueError: it names none.
    """
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        raise InvalidValueError(
            f"{option} {given!r} is no time: write it as 2024-01-31, 2024-01-31T12:00 or 2024-01-31T12:00+01:00."
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def settings_with(url: str | None) -> Settings:
    """The environment's settings, with another database where one was named on the command line."""
    settings = Settings.load()
    return settings if url is None else settings.model_copy(update={"database_url": SecretStr(url)})


def database_at(url: str | None) -> Database:
    """The database that the command line or the environment names; says so when it is the embedded one."""
    database = Database.from_env(settings_with(url), application_name="tradingdb-cli")
    if database.embedded is not None:
        server = database.embedded
        notes.print(
            f"DATABASE_URL is not set: using the embedded PostgreSQL {server.version} in {server.data_dir}", style="dim"
        )
    return database
