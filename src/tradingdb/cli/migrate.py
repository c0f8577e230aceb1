"""`tradingdb migrate`: the schema's history, forward and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradingdb import migrations, revisions
from tradingdb.catalogue import Difference
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Yes, database_at
from tradingdb.cli.output import confirm_destruction, console, print_json, print_table
from tradingdb.errors import RefusedError

app = typer.Typer(no_args_is_help=True, help="The schema's history, forward and back.")

NEGATIVE_IS_NO_OPTION = {"ignore_unknown_options": True}
"""So that `-1` is a revision."""

NOT_AT_HEAD = 1
"""Exit code of questions whose answer is no."""

Message = Annotated[str, typer.Argument(help="What it does, in a few words.")]


@app.command()
def init(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Make the schema in an existing, empty database. Refuses one that has a tradingdb schema."""

    async def work() -> migrations.Status:
        async with database_at(database_url) as database:
            if (await migrations.status(database)).current is not None:
                raise RefusedError("This database has a tradingdb schema already: use `tradingdb migrate upgrade`.")
            return await migrations.upgrade(database)

    _show(wait_for(work()), as_json=as_json)


@app.command()
def current(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """The revision of the database."""
    found = _status(database_url)
    if as_json:
        print_json({"current": found.current, "head": found.head})
    else:
        console.print(found.current or "none")


@app.command()
def history(as_json: AsJson = False) -> None:
    """Every revision, oldest first. Needs no database."""
    found = revisions.history()
    if as_json:
        print_json(found)
    else:
        print_table("Revisions", ["revision", "what"], [(revision.id, revision.title) for revision in found])


@app.command()
def status(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """What is pending. Exits with 1 if anything is."""
    found = _status(database_url)
    _show(found, as_json=as_json)
    if not found.is_current:
        raise typer.Exit(NOT_AT_HEAD)


@app.command(context_settings=NEGATIVE_IS_NO_OPTION)
def upgrade(
    revision: Annotated[str, typer.Argument(metavar="[REV|+N]", help="How far.")] = "head",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Bring the schema forward. Safe while services run, and from several places at once."""

    async def work() -> migrations.Status:
        async with database_at(database_url) as database:
            return await migrations.upgrade(database, revision)

    _show(wait_for(work()), as_json=as_json)


@app.command(context_settings=NEGATIVE_IS_NO_OPTION)
def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REV|-N|base", help="How far back.")],
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take the schema back. What the undone revisions added is lost, with its data."""
    database = database_at(database_url)
    label = f"what revisions after {revision} added to {database.target.label}"
    confirm_destruction(database.target.database, label, yes=yes)

    async def work() -> migrations.Status:
        async with database:
            return await migrations.downgrade(database, revision)

    _show(wait_for(work()), as_json=as_json)


@app.command()
def generate(message: Message, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Write a revision from the difference between models and database. Read it before you commit it."""

    async def work() -> Path | None:
        async with database_at(database_url) as database:
            return await migrations.generate(database, message)

    _show_path(wait_for(work()), as_json=as_json)


@app.command()
def create(message: Message, as_json: AsJson = False) -> None:
    """Write an empty revision."""
    _show_path(revisions.create(message), as_json=as_json)


@app.command()
def stamp(
    revision: Annotated[str, typer.Argument(help="What the schema is.")] = "head",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Mark an existing schema as being at a revision, after verifying that it is."""

    async def work() -> migrations.Status:
        async with database_at(database_url) as database:
            return await migrations.stamp(database, revision)

    _show(wait_for(work()), as_json=as_json)


@app.command()
def sql(
    revision: Annotated[str, typer.Argument(metavar="[REV|FROM:TO]", help="Which revisions.")] = "head",
    as_json: AsJson = False,
) -> None:
    """Print the SQL of an upgrade, or of a downgrade FROM:TO, for somebody to review and run. Needs no database."""
    script = revisions.sql(revision)
    if as_json:
        print_json({"sql": script})
    else:
        sys.stdout.write(script)


@app.command()
def check(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Compare the schema with this package, object by object. Exits with 1 if anything differs."""

    async def work() -> list[Difference]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            return await migrations.check(database)

    differences = wait_for(work())
    if as_json:
        print_json({"differences": differences})
    elif differences:
        rows = [(d.object, d.expected or "nothing", d.actual or "nothing") for d in differences]
        print_table("Differences", ["object", "expected", "actual"], rows)
    else:
        console.print("The schema is exactly what this package expects.")
    if differences:
        raise typer.Exit(NOT_AT_HEAD)


@app.command()
def validate(as_json: AsJson = False) -> None:
    """Check the revision files: one line of history, frozen, explained. Exits with 1 if not. Needs no database."""
    problems = revisions.validate()
    if as_json:
        print_json({"problems": problems})
    else:
        console.print("\n".join(problems) or "Every revision is in line, frozen and explained.")
    if problems:
        raise typer.Exit(NOT_AT_HEAD)


def _status(url: str | None) -> migrations.Status:
    async def work() -> migrations.Status:
        async with database_at(url) as database:
            return await migrations.status(database)

    return wait_for(work())


def _show(found: migrations.Status, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found.is_current:
        console.print(f"The schema is at revision {found.current}, the newest.")
    else:
        console.print(
            f"The schema is at {found.current or 'no revision'}; "
            f"{len(found.pending)} pending: {', '.join(revision.id for revision in found.pending)}."
        )


def _show_path(path: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"path": path})
    elif path is None:
        console.print("The models and the database agree; no revision was written.")
    else:
        console.print(f"Wrote {path}. Read it, and answer its questions.", soft_wrap=True)
