"""`tradingdb backtests`: results of other engines in, which runs there are, and two of them beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, database_at
from tradingdb.cli.output import console, notes, print_json, print_table
from tradingdb.services import backtests

app = typer.Typer(no_args_is_help=True, help="Runs of backtests: imported, listed, compared.")

ANSWER_IS_NO = 1
"""Exit code where a figure of the engine's cannot be explained."""

Limit = Annotated[int, typer.Option(help="At most so many rows.")]


class Format(StrEnum):
    """What wrote a file."""

    FREQTRADE = "freqtrade"


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="Results of a backtest: JSON, or the zip of newer versions.")],
    written_by: Annotated[Format, typer.Option("--format", help="What wrote the file.")] = Format.FREQTRADE,  # noqa: ARG001 - one so far
    venue: Annotated[str | None, typer.Option(help="Code of the exchange, if the file does not say it.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Store the results of a backtest, a run for each strategy. Importing the same file again changes nothing."""

    async def work() -> list[backtests.ImportReport]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            return await database.run(
                lambda session: backtests.import_freqtrade(session, file, venue=venue), idempotent=True
            )

    with notes.status(f"importing {escape(file.name)}"):  # seen at a terminal only
        reports = wait_for(work())
    if as_json:
        print_json({"file": file, "runs": reports})
        return
    for report in reports:
        what = "stored as" if report.is_new else "was there already as"
        console.print(
            f"{report.strategy} at {report.venue} {what} run {report.run_id}: {report.trades_inserted:,} trades "
            f"inserted, {report.trades_unchanged:,} unchanged.",
            soft_wrap=True,
        )
        for note in report.notes:
            notes.print(note, soft_wrap=True)


@app.command("list")
def list_command(limit: Limit = 50, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Which runs there are, newest first."""

    async def work() -> list[backtests.RunInfo]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await backtests.runs(session, limit=limit)

    found = wait_for(work())
    if as_json:
        print_json(found)
    elif found:
        print_table(
            "Backtests",
            ["run", "what", "engine", "status", "trades", "won", "net profit", "", "return", "factor", "drawdown"],
            [
                (
                    str(run.id), run.config, run.engine, run.status, run.trades, run.win_rate, run.net_profit,
                    run.currency, run.total_return, run.profit_factor, run.max_drawdown,
                )
                for run in found
            ],
        )  # fmt: skip
    else:
        console.print("There are no runs. Store some with `tradingdb backtests import`.")


@app.command("compare")
def compare_command(
    first: Annotated[str, typer.Argument(help="Id of a run, or its beginning.")],
    second: Annotated[str, typer.Argument(help="The same of another run.")],
    limit: Limit = 100,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Two runs beside each other: figures, and trades that only one made or that ended otherwise."""

    async def work() -> backtests.Comparison:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                one, two = [await backtests.run_named(session, name) for name in (first, second)]
                return await backtests.compare(session, one, two, limit=limit)

    found = wait_for(work())
    if as_json:
        print_json(found)
        return
    rows = [(pair.name, pair.first, pair.second, pair.difference) for pair in found.figures]
    print_table("Figures", ["figure", _short(found.first), _short(found.second), "difference"], map(_readable, rows))
    console.print(
        f"{found.in_both:,} trades are in both, {found.with_other_pnl:,} of them with another profit; "
        f"{found.only_first:,} only in the first, {found.only_second:,} only in the second."
    )
    if found.trades:
        print_table(
            "Trades that differ",
            ["in", "venue", "symbol", "entry", "", "first", "second"],
            [
                (t.presence, t.venue, t.symbol, t.entry_time, t.direction, t.first_pnl, t.second_pnl)
                for t in found.trades
            ],
        )


@app.command("check")
def check_command(
    run: Annotated[str, typer.Argument(help="Id of a run, or its beginning.")],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """What the engine reports beside what the stored trades add up to. Exits with 1 if a figure cannot be explained."""

    async def work() -> list[backtests.FigureCheck]:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                return await backtests.check_reported(session, await backtests.run_named(session, run))

    found = wait_for(work())
    unlike = [check for check in found if check.agreement is not backtests.Agreement.SAME]
    unexplained = sum(check.agreement is backtests.Agreement.UNEXPLAINED for check in unlike)
    if as_json:
        print_json(found)
    else:
        if unlike:
            rows = [(c.name, c.reported, c.ours, c.reason or "no definition explains it") for c in unlike]
            print_table("Figures that differ", ["figure", "the engine", "ours", "why"], map(_readable, rows))
        console.print(
            f"{len(found):,} figures were compared: {len(found) - len(unlike):,} are the same, "
            f"{len(unlike) - unexplained:,} follow another definition, {unexplained:,} are unexplained."
        )
    if unexplained:
        raise typer.Exit(ANSWER_IS_NO)


def _short(run_id: UUID) -> str:
    """Enough of an id to tell two runs apart."""
    return str(run_id)[:8]


def _readable(row: Sequence[object]) -> list[object]:
    """Averages have endless digits; ten are enough to read."""
    return [Decimal(f"{value:.10g}") if isinstance(value, Decimal) else value for value in row]
