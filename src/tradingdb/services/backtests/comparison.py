"""Two runs beside each other: figure by figure, and which trades both made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import BacktestRun, TradeDirection
from tradingdb.services.backtests.figures import figures_of
from tradingdb.services.performance import Summary
from tradingdb.services.reports.scope import at_most

if TYPE_CHECKING:
    from uuid import UUID

    from tradingdb.database import ReadSession

Figure = Decimal | float | datetime | date | str | None


class Presence(StrEnum):
    """Which of two runs made a trade."""

    BOTH = "both"
    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class FigurePair:
    """One figure of both runs, durations in seconds. The difference is second minus first; None: there is none."""

    name: str
    first: Figure
    second: Figure
    difference: Decimal | float | None


@dataclass(frozen=True, slots=True)
class TradePair:
    """A trade by instrument, entry time and direction, and what it made in the runs that have it."""

    presence: Presence
    venue: str
    symbol: str
    entry_time: datetime
    direction: TradeDirection
    first_pnl: Decimal | None
    second_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other."""

    first: UUID
    second: UUID
    figures: list[FigurePair]
    in_both: int
    """Trades that both runs made; beside it, how many of them ended with another profit, and those of one run only."""
    with_other_pnl: int
    only_first: int
    only_second: int
    trades: list[TradePair]
    """Those that only one run made or that ended differently, in order of entry, up to the number asked for."""


_MATCHED = """
    WITH numbered AS (
        SELECT backtest_run_id, instrument_id, entry_time, direction, pnl, exit_time,
               row_number() OVER (
                   PARTITION BY backtest_run_id, instrument_id, entry_time, direction ORDER BY exit_time, id
               ) AS number
        FROM trades WHERE backtest_run_id IN (:first, :second)
    ),
    matched AS (
        SELECT instrument_id, entry_time, direction, number, one.pnl AS first_pnl, two.pnl AS second_pnl,
               CASE WHEN two.backtest_run_id IS NULL THEN 'first'
                    WHEN one.backtest_run_id IS NULL THEN 'second' ELSE 'both' END AS presence
        FROM (SELECT * FROM numbered WHERE backtest_run_id = :first) AS one
        FULL JOIN (SELECT * FROM numbered WHERE backtest_run_id = :second) AS two
            USING (instrument_id, entry_time, direction, number)
    )
"""
"""Several trades of one run with the same key are told apart by the order in which they ended."""

_COUNTS = f"""{_MATCHED}
    SELECT count(*) FILTER (WHERE presence = 'both') AS in_both,
           count(*) FILTER (WHERE presence = 'both' AND first_pnl IS DISTINCT FROM second_pnl) AS with_other_pnl,
           count(*) FILTER (WHERE presence = 'first') AS only_first,
           count(*) FILTER (WHERE presence = 'second') AS only_second
    FROM matched
"""  # noqa: S608 - parts of this module

_DIFFERENT = f"""{_MATCHED}
    SELECT presence, venues.code AS venue, symbol, entry_time, direction, first_pnl, second_pnl
    FROM matched JOIN instruments ON instruments.id = instrument_id JOIN venues ON venues.id = venue_id
    WHERE presence <> 'both' OR first_pnl IS DISTINCT FROM second_pnl
    ORDER BY entry_time, symbol, venue, direction, number
    LIMIT :most
"""  # noqa: S608 - same


async def compare(session: ReadSession, first: UUID, second: UUID, *, limit: int | None = 100) -> Comparison:
    """Two runs figure by figure, computed from their trades, and the trades that only one made or that ended otherwise.

    Raises:
        NotFoundError: there is no such run.
        InvalidValueError: both are the same run, their amounts are in different currencies, or the limit is none.
    """
    most = at_most(limit)
    if first == second:
        raise InvalidValueError(f"The run {first} was to be compared with itself: name two.")
    currencies = [await _currency_of(session, run_id) for run_id in (first, second)]
    if currencies[0] != currencies[1]:
        raise InvalidValueError(
            f"One run counts in {currencies[0]}, the other in {currencies[1]}: their amounts cannot be compared."
        )
    one, two = await figures_of(session, first), await figures_of(session, second)
    both = {"first": first, "second": second}
    counts = (await session.execute(text(_COUNTS), both)).one()._asdict()
    different = await session.execute(text(_DIFFERENT), both | {"most": most})
    return Comparison(
        first,
        second,
        figures=[_pair(field.name, one, two) for field in fields(Summary)],
        trades=[
            TradePair(
                Presence(row.presence), row.venue, row.symbol, row.entry_time, TradeDirection(row.direction), *row[5:]
            )
            for row in different
        ],
        **counts,
    )


async def _currency_of(session: ReadSession, run_id: UUID) -> str:
    run = await session.get(BacktestRun, run_id)
    if run is None:
        raise NotFoundError(f"There is no run {run_id}: `tradingdb backtests list` shows those that there are.")
    return str(
        await session.scalar(text("SELECT currency FROM backtest_configs WHERE id = :id"), {"id": run.config_id})
    )


def _pair(name: str, one: Summary, two: Summary) -> FigurePair:
    first, second = _told(getattr(one, name)), _told(getattr(two, name))
    numbers = type(first) is type(second) and type(first) in {int, float, Decimal}
    return FigurePair(name, first, second, second - first if numbers else None)


def _told(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value
