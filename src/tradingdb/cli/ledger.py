"""`tradingdb ledger`: does it agree with itself and with the venue, and what mends it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, Yes, database_at
from tradingdb.cli.output import cell, console, notes, plain, print_json, print_table
from tradingdb.errors import RefusedError
from tradingdb.services.ledger import Rebuilt, rebuild_positions
from tradingdb.services.ledger.verify import Finding, positions_against_fills, verify
from tradingdb.services.reconcile import Difference, Reconciliation, read_snapshot, reconcile
from tradingdb.services.reconcile.differences import recorded

app = typer.Typer(no_args_is_help=True, help="Orders, fills, positions, cash: verified, counted again, reconciled.")

ANSWER_IS_NO = 1
"""Exit code where the ledger contradicts itself, or the venue."""

SHOWN, NAMED = 100, 3
"""Rows of a table, where JSON has all, and names in a sentence."""

OneAccount = Annotated[UUID | None, typer.Option("--account", metavar="ID", help="Only this trading account.")]


@app.command("verify")
def verify_command(account: OneAccount = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Compare what is kept along the way with what it is made of; changes nothing. Exits with 1 if anything differs."""

    async def work() -> list[Finding]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await verify(session, account)

    with notes.status("counting"):  # seen at a terminal only
        found = wait_for(work())
    if as_json:
        print_json(found)
    else:
        _print_findings("What does not agree", found)
        console.print(f"{len(found):,} findings." if found else "The ledger agrees with itself.")
    if found:
        raise typer.Exit(ANSWER_IS_NO)


@app.command("rebuild")
def rebuild_command(
    account: OneAccount = None, yes: Yes = False, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Count positions again from all their fills, and store those that differ. Shows them and asks first."""

    async def work() -> list[Rebuilt]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                found = [finding async for finding in positions_against_fills(session, account)]
            if not found:
                return []
            if not yes:
                named = ", ".join(finding.what.removeprefix("position ") for finding in found[:NAMED])
                named += ", …" if len(found) > NAMED else ""
                _confirm(
                    f"This changes {len(found):,} positions in {database.target.label} ({named})",
                    lambda: _print_findings("Positions that would change", found),
                )
            return await database.run(lambda session: rebuild_positions(session, account_id=account), idempotent=True)

    changed = wait_for(work())
    if as_json:
        print_json(
            [one.place._asdict() | {"before": one.before._asdict(), "after": one.after._asdict()} for one in changed]
        )
    else:
        console.print(
            f"{len(changed):,} positions were counted again and stored."
            if changed
            else "Every position is what its fills say."
        )


@app.command("reconcile")
def reconcile_command(
    file: Annotated[Path, typer.Argument(help="What the venue said, as JSON; see docs/howto/ledger.md.")],
    account: Annotated[UUID, typer.Option("--account", metavar="ID", help="The trading account that it is about.")],
    apply: Annotated[bool, typer.Option("--apply", help="Record the entries that are proposed; asks first.")] = False,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Compare an account with its venue, and propose what would explain the differences.

    Exits with 1 if anything differs: with --apply, if anything is left that nothing explains.
    """

    async def work() -> Reconciliation:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as reading:
                snapshot = await read_snapshot(reading, account, file)
            if not (apply and yes):
                found = await database.run(lambda session: reconcile(session, account, snapshot), idempotent=True)
                entries = sum(len(difference.proposals) for difference in found.differences)
                if not apply or not entries:
                    return found
                _confirm(
                    f"This records {entries:,} entries in {database.target.label}",
                    lambda: _print_differences(found.differences),
                )
            return await database.run(
                lambda session: reconcile(session, account, snapshot, apply=True), idempotent=True
            )

    found = wait_for(work())
    if as_json:
        print_json(
            {
                "account_id": found.account_id,
                "taken_at": found.taken_at,
                "is_applied": found.is_applied,
                "differences": [recorded(one).model_dump() for one in found.differences],
            }
        )
    else:
        _print_differences(found.differences)
        console.print(_summary(found))
    if not found.is_true:
        raise typer.Exit(ANSWER_IS_NO)


def _confirm(what: str, show: Callable[[], None]) -> None:
    """Show what would be done, and ask.

    Raises:
        RefusedError: there is no terminal to ask at, or the answer is not yes.
    """
    if not sys.stdin.isatty():
        raise RefusedError(f"{what}; without a terminal to ask at it needs --yes. Nothing was changed.")
    show()
    notes.print(f"{what}.")
    try:
        answer = notes.input("Type [bold]yes[/bold] to go on: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        raise RefusedError("The answer was not yes, so nothing was changed.")


def _print_findings(title: str, found: list[Finding]) -> None:
    if not found:
        return
    rows = [(one.kind, one.what, str(one.account_id or ""), *_sides(one.stored, one.expected)) for one in found[:SHOWN]]
    print_table(title, ["kind", "what", "account", "stored", "expected"], rows)
    if len(found) > SHOWN:
        console.print(f"The first {SHOWN:,} of {len(found):,}; --json prints all.")


def _print_differences(found: tuple[Difference, ...]) -> None:
    if not found:
        return
    rows = [
        (
            one.kind,
            one.subject,
            *_sides(one.ours, one.venue),
            ", ".join(f"{entry.verb}{' (refused)' if entry.error else ''}" for entry in one.proposals)
            or one.remedy
            or "explained by the others",
        )
        for one in found[:SHOWN]
    ]
    print_table("Differences", ["kind", "what", "ledger", "venue", "what would explain it"], rows)


def _summary(found: Reconciliation) -> str:
    if not found.differences:
        return "The ledger says what the venue says."
    told = f"{len(found.differences):,} differences, {len(found.unexplained):,} of them without an explanation."
    return f"{told} What was proposed {'was recorded' if found.is_applied else 'was not recorded'}."


def _sides(*sides: Mapping[str, Any]) -> list[str]:
    """Values by name, as people read them in a table."""
    return [", ".join(f"{name} {_readable(value)}" for name, value in side.items()) for side in sides]


def _readable(value: object) -> str:
    return str(plain(value)) if isinstance(value, (dict, tuple, list)) else cell(value) or "none"
