"""`tradingdb outbox`: what happened, and who is behind."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from typing import Annotated, Any

import typer

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, database_at
from tradingdb.cli.output import console, notes, plain, print_json, print_table
from tradingdb.core.clock import utc_now
from tradingdb.errors import InvalidValueError
from tradingdb.services import outbox

app = typer.Typer(no_args_is_help=True, help="Events for other services, and how far their readers are.")

Topics = Annotated[list[str] | None, typer.Option("--topic", help="Only this topic; may be given several times.")]


@app.command("tail")
def tail_command(
    after: Annotated[str | None, typer.Option(help="Start behind this cursor instead of with the last events.")] = None,
    topic: Topics = None,
    limit: Annotated[int, typer.Option(help="Events at most, or at a time with --follow.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes; one JSON a line.")] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print events in order: the last ones, or those after a cursor."""
    start = None if after is None else outbox.Cursor.parse(after)

    async def work() -> list[outbox.Event]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                if start is None:
                    found = await outbox.read_last(session, limit, topic)
                else:
                    found = await outbox.read(session, start, limit, topic)
                behind = found[-1].cursor if found else start or await outbox.end(session)
            if not follow:
                return found
            while True:
                _print_lines(found, as_json=as_json)
                if len(found) < limit:
                    await asyncio.sleep(1)
                async with database.read() as session:
                    batch = await outbox.read_batch(session, behind, limit, topic)
                found, behind = batch.events, batch.after

    events = wait_for(work())
    if as_json:
        print_json([_shown(event) for event in events])
    elif events:
        print_table(
            "Events",
            ["cursor", "time (UTC)", "topic", "about", "account", "payload"],
            [
                (
                    str(e.cursor),
                    e.occurred_at,
                    e.topic,
                    f"{e.entity} {e.key}",
                    e.account_id,
                    json.dumps(plain(e.payload)),
                )
                for e in events
            ],
        )
    else:
        console.print("There are no events." if start is None else "There are no events after this cursor.")


def _shown(event: outbox.Event) -> dict[str, Any]:
    found: dict[str, Any] = plain(event)
    return found | {"cursor": str(event.cursor)}


def _print_lines(events: list[outbox.Event], *, as_json: bool) -> None:
    for event in events:
        shown = _shown(event)
        text = json.dumps(shown, ensure_ascii=False)
        line = (
            text if as_json else f"{shown['cursor']}  {shown['occurred_at']}  {event.topic}  {event.entity} {event.key}"
        )
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


@app.command("lag")
def lag_command(
    alarm: Annotated[
        float | None, typer.Option(help="End with code 1 when an event has waited for more than so many seconds.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print how far consumers are behind, and which transaction holds events back."""
    if alarm is not None and not 0 <= alarm < math.inf:
        raise InvalidValueError(f"--alarm was {alarm}: it is a number of seconds, zero or more.")

    async def work() -> outbox.Lag:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await outbox.lag(session)

    found = wait_for(work())
    if as_json:
        print_json(found)
    else:
        _print_lag(found)
    waiting = [since for since in (found.oldest_held_back, *(c.oldest_unread for c in found.consumers)) if since]
    if alarm is not None and waiting and (utc_now() - min(waiting)).total_seconds() > alarm:
        notes.print(f"An event has been waiting since {min(waiting):%Y-%m-%d %H:%M:%S} UTC.")
        raise typer.Exit(1)


def _print_lag(found: outbox.Lag) -> None:
    console.print(f"{found.readable:,} events can be read, {found.held_back:,} are held back.")
    if found.ahead_of_server:
        console.print("Events are numbered ahead of this server, as after a restore from a dump: see outbox.rebase.")
    if (holder := found.stalled_by) is not None:
        who = "a prepared transaction" if holder.pid is None else f"process {holder.pid}"
        where = f"{holder.application or 'unnamed'}, {holder.state}"
        console.print(
            f"The oldest transaction that writes is of {who} in {holder.database} ({where}), "
            f"since {holder.since or 'a time that only pg_monitor sees'}.",
            soft_wrap=True,
        )
    if found.consumers:
        print_table(
            "Consumers",
            ["consumer", "cursor", "behind", "oldest unread", "updated"],
            [(c.consumer, str(c.cursor), c.behind, c.oldest_unread, c.updated_at) for c in found.consumers],
        )
