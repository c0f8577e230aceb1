"""Options that many commands share, and how they find their database."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import SecretStr

from tradingdb.cli.output import notes
from tradingdb.database import Database
from tradingdb.settings import Settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", metavar="URL", help="Where PostgreSQL is, instead of DATABASE_URL.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


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
