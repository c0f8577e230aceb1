"""`tradingdb db`: make a database, fill it, ask it how it is, or drop it."""

from __future__ import annotations

from typing import Annotated

import typer

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Yes, database_at, settings_with
from tradingdb.cli.output import confirm_destruction, console, print_json, print_table
from tradingdb.database import Health
from tradingdb.revisions import history
from tradingdb.seeds import World, seed
from tradingdb.setup import SetupReport, refuse_reset, reset, setup

app = typer.Typer(no_args_is_help=True, help="Make a database, fill it, ask it how it is, or drop it.")


@app.command("setup")
def setup_command(
    seed_with: Annotated[World | None, typer.Option("--seed", help="Fill it: development or production.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create the database if it is missing, its extensions and its tables. Safe to repeat."""
    run_setup(url=database_url, world=seed_with, as_json=as_json)


@app.command("reset")
def reset_command(
    seed_with: Annotated[World | None, typer.Option("--seed", help="Fill it: development or production.")] = None,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Drop the database with everything in it, and make it anew. Refused in production."""
    run_setup(url=database_url, world=seed_with, drop_first=True, yes=yes, as_json=as_json)


@app.command("stamp")
def stamp_command(
    revision: Annotated[str, typer.Argument(help="What the schema is.")] = "head",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Mark an existing schema as being at a revision, after verifying that it is."""
    run_setup(url=database_url, stamp=revision, as_json=as_json)


@app.command("seed")
def seed_command(
    world: Annotated[World, typer.Argument(help="What to fill it with.")],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Fill the database. Repeated, it changes nothing."""

    async def work() -> dict[str, int]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            return await seed(database, world, settings_with(database_url))

    _show_seeded(world, wait_for(work()), as_json=as_json)


@app.command("health")
def health_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Ask the database how it is. Exits with 0 if it answers, 3 if not."""

    async def work() -> Health:
        async with database_at(database_url) as database:
            return await database.health()

    found = wait_for(work())
    if as_json:
        print_json(found)
        return
    rows = [
        ("database", found.database),
        ("server", f"PostgreSQL {found.server_version}{', a replica' if found.is_replica else ''}"),
        ("answers in", f"{found.latency_ms} ms"),
        ("connections", f"{found.connections} of {found.max_connections}"),
        ("pgvector", found.vector_version or "not installed"),
        ("revision", _revision(found)),
    ]
    print_table("Health", ["what", "value"], rows)


def _revision(found: Health) -> str:
    if found.revision is None:
        return "not readable by this role" if found.has_schema else "no tradingdb schema"
    newest = history()[-1].id
    return found.revision if found.revision == newest else f"{found.revision}; this package is made for {newest}"


def run_setup(
    *,
    url: str | None,
    drop_first: bool = False,
    stamp: str | None = None,
    world: World | None = None,
    yes: bool = False,
    as_json: bool = False,
) -> None:
    """What `scripts/setup_database.py` and the commands above do."""
    settings = settings_with(url)
    database = database_at(url)
    if drop_first:
        refuse_reset(database.target, settings)
        confirm_destruction(database.target.database, database.target.label, yes=yes)

    async def work() -> tuple[SetupReport | migrations.Status, dict[str, int]]:
        async with database:
            if stamp is not None:
                return await migrations.stamp(database, stamp), {}
            report = await (reset(database, settings) if drop_first else setup(database))
            return report, {} if world is None else await seed(database, world, settings)

    report, seeded = wait_for(work())
    if as_json:
        print_json({"result": report, "seeded": seeded})
    elif isinstance(report, SetupReport):
        console.print(_summary(report))
        if world is not None:
            _show_seeded(world, seeded, as_json=False)
    else:
        console.print(f"The schema was verified and marked as revision {report.current}.")


def _summary(report: SetupReport) -> str:
    done = ["created"] if report.created else []
    if report.revisions_applied:
        done.append(f"migrated by {report.revisions_applied} revision(s)")
    if report.partitions_made:
        done.append(f"{len(report.partitions_made)} partitions made")
    what = ", ".join(done) or "nothing to do"
    return f"Database {report.database} is ready at revision {report.revision} ({what})."


def _show_seeded(world: World, seeded: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json({"world": world, "added": seeded})
        return
    rows = [(table, count) for table, count in sorted(seeded.items()) if count]
    if rows:
        print_table(f"Seed {world.value}: rows added", ["table", "rows"], rows)
    else:
        console.print(f"Seed {world.value}: everything was there.")
