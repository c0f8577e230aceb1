"""`tradingdb performance`: how a strategy, a run or an account did, in figures and in a curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import select

from tradingdb import migrations
from tradingdb.cli.boundary import wait_for
from tradingdb.cli.options import AsJson, DatabaseUrl, database_at, instant_of
from tradingdb.cli.output import console, print_json, print_table
from tradingdb.cli.performance_picture import curve_lines, draw_curve, picture_file
from tradingdb.core.mode import TradingMode
from tradingdb.database import ReadSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Strategy
from tradingdb.services import performance
from tradingdb.services.performance import Dimension, EquityCurve, GroupSummary, Summary

CURVE_HEIGHT, CURVE_WIDTH = 8, 72
OF_GROUPS = ("trades", "win rate", "net", "", "profit factor", "expectancy", "avg R", "max drawdown", "Sharpe")


@dataclass(frozen=True, slots=True)
class Found:
    """What the command has to tell: figures and their curve, or groups."""

    summary: Summary | None
    curve: EquityCurve | None
    groups: list[GroupSummary]


def performance_command(
    *,
    strategy: Annotated[str | None, typer.Option(help="Only the strategy of this name.")] = None,
    run: Annotated[UUID | None, typer.Option(help="Only this run of a backtest.")] = None,
    account: Annotated[UUID | None, typer.Option(help="Only this trading account.")] = None,
    mode: Annotated[
        TradingMode | None, typer.Option(help="live, paper or backtest; else that of the run or account, else live.")
    ] = None,
    dimension: Annotated[Dimension | None, typer.Option("--by", help="A row for each group instead.")] = None,
    start: Annotated[str | None, typer.Option(help="Closed from this time, ISO 8601; UTC without a zone.")] = None,
    end: Annotated[str | None, typer.Option(help="Closed before this time.")] = None,
    balance: Annotated[str | None, typer.Option(help="What the equity begins with, if nothing says so.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw equity and drawdown into this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Figures of closed trades, and their equity curve. Changes nothing."""
    if dimension is not None and png is not None:
        raise InvalidValueError("--png draws one curve, and --by has many groups: leave one of them out.")
    asked: dict[str, Any] = {
        "mode": mode,
        "run_id": run,
        "account_id": account,
        "start": instant_of("--start", start),
        "end": instant_of("--end", end),
        "initial_balance": _amount(balance),
    }
    file = None if png is None else picture_file(png, force=force)

    async def work() -> Found:
        async with database_at(database_url) as database:
            await migrations.require_current(database)
            async with database.read() as session:
                if strategy is not None:
                    asked["strategy_id"] = await _strategy_id(session, strategy)
                if dimension is not None:
                    return Found(None, None, await performance.by(session, dimension, **asked))
                summary = await performance.summary(session, **asked)
                return Found(summary, await performance.equity_curve(session, **asked), [])

    found = wait_for(work())
    if file is not None and found.curve is not None:
        draw_curve(found.curve, file, title=f"{strategy or run or account or 'all trades'}")
    if as_json:
        print_json(_as_json(found, dimension))
    elif dimension is not None:
        _print_groups(dimension, found.groups)
    elif found.summary is not None:
        _print_summary(found.summary, found.curve)
        if png is not None:
            console.print(f"Drawn into {png}.", markup=False, soft_wrap=True)


def _amount(given: str | None) -> Decimal | None:
    try:
        return None if given is None else Decimal(given)
    except InvalidOperation:
        raise InvalidValueError(f"--balance {given!r} is no amount: write it as 10000 or 10000.50.") from None


async def _strategy_id(session: ReadSession, name: str) -> UUID:
    """The strategy of a name.

    Raises:
        NotFoundError: there is none.
        InvalidValueError: several owners have one of that name.
    """
    found = list(await session.scalars(select(Strategy.id).where(Strategy.name == name).limit(2)))
    if not found:
        raise NotFoundError(f"There is no strategy {name!r}: check the spelling.")
    if len(found) > 1:
        raise InvalidValueError(f"Several owners have a strategy {name!r}: ask for an --account, or --by strategy.")
    return found[0]


def _as_json(found: Found, dimension: Dimension | None) -> Any:
    if dimension is not None:
        return [{"key": each.key, "name": each.name} | _figures(each.summary) for each in found.groups]
    figures = {} if found.summary is None else _figures(found.summary)
    return figures | {"equity_from": None if found.curve is None else found.curve.source}


def _figures(summary: Summary) -> dict[str, Any]:
    """Every figure; lengths of time in seconds."""
    return {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in asdict(summary).items()
    }


def _print_groups(dimension: Dimension, groups: list[GroupSummary]) -> None:
    if not groups:
        console.print("No trade was closed.")
        return
    rows = []
    for group in groups:
        of = group.summary
        rows.append(
            (
                group.name or "none", of.trades, _percent(of.win_rate), of.net_pnl, of.currency, of.profit_factor,
                of.expectancy, of.average_r, of.max_drawdown_amount, of.sharpe,
            )
        )  # fmt: skip
    print_table(f"Closed trades by {dimension.value.replace('_', ' ')}", [dimension.value, *OF_GROUPS], rows)


def _print_summary(of: Summary, curve: EquityCurve | None) -> None:
    """The figures that are defined, and the curve."""
    if not of.trades:
        console.print("No trade was closed.")
        return
    period = "" if of.start is None or of.end is None else f", {of.start:%Y-%m-%d} to {of.end:%Y-%m-%d}"
    title = f"{of.trades:,} closed trades{f', {of.mode.value}' if of.mode else ''}{period}"
    figures = [(name, value) for name, value in _told(of) if value is not None]
    print_table(
        title, ["", ""], [(name, value if isinstance(value, str) else _number(value)) for name, value in figures]
    )
    if of.without_pnl:
        console.print(f"{of.without_pnl:,} closed trades have no profit written down, and are in no figure.")
    if curve is not None and len(curve) > 1:
        for line in curve_lines(curve, width=min(CURVE_WIDTH, console.width), height=CURVE_HEIGHT):
            console.print(line, markup=False, no_wrap=True)


def _told(of: Summary) -> list[tuple[str, str | float | None]]:
    money = f" {of.currency}" if of.currency else ""
    fell = "" if of.drawdown_from is None else f", {of.drawdown_from} to {of.drawdown_to}"
    deepest = None if of.max_drawdown_amount is None else f"{_number(of.max_drawdown_amount)}{money}"
    if deepest is not None and of.max_drawdown is not None:
        deepest = f"{_percent(of.max_drawdown)} ({deepest})"
    return [
        ("net profit", f"{_number(of.net_pnl)}{money}"),
        ("fees", f"{_number(of.fees)}{money}"),
        ("return", _percent(of.total_return)),
        ("per year (CAGR)", _percent(of.cagr)),
        ("volatility per year", _percent(of.volatility)),
        ("Sharpe", of.sharpe),
        ("Sortino", of.sortino),
        ("Calmar", of.calmar),
        ("max drawdown", deepest and deepest + fell),
        ("wins, losses, breakeven", f"{of.wins:,}, {of.losses:,}, {of.breakeven:,}"),
        ("win rate", _percent(of.win_rate)),
        ("profit factor", of.profit_factor),
        ("payoff", of.payoff),
        ("expectancy", None if of.expectancy is None else f"{_number(of.expectancy)}{money}"),
        ("best, worst trade", f"{_number(of.best_trade)}, {_number(of.worst_trade)}{money}"),
        ("longest streaks", f"{of.longest_win_streak:,} won, {of.longest_loss_streak:,} lost"),
        ("average R", of.average_r),
        ("SQN", of.sqn),
        ("time in market", _percent(of.exposure)),
        (
            "average holding",
            None if of.average_holding is None else str(timedelta(seconds=round(of.average_holding.total_seconds()))),
        ),
    ]


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:,.2%}"


def _number(value: Decimal | float | None) -> str:
    """Two decimals, and four digits of what is below one: figures to be read, not to be added up."""
    if value is None:
        return ""
    shown = float(value)
    return f"{shown:,.2f}" if abs(shown) >= 1 or not shown else f"{shown:.4g}"
