"""Where market data are missing, late or not what is said of them, and what stands although its time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, extract, func, literal, or_, select, union_all

from tradingdb.core.timeframe import Timeframe
from tradingdb.models import (
    BacktestEquity,
    BacktestRun,
    Candle,
    Instrument,
    InstrumentStatus,
    PortfolioSnapshot,
    SeriesCoverage,
    Signal,
    SignalStatus,
    Strategy,
    TradingAccount,
    Venue,
)
from tradingdb.services.reports.ledger_checks import ROWS
from tradingdb.services.reports.scope import at_most

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import SQLColumnExpression

LATE = 3
"""A series is stale when so many of its candles have closed and none of them is there."""


def coverage_against_candles(
    *, limit: int | None = ROWS
) -> Select[str, str, str, int, int, datetime | None, datetime | None, datetime | None, datetime | None]:
    """Series whose coverage says something else than their candles do. Reads the key of every candle."""
    stored = (
        select(
            Candle.instrument_id,
            Candle.timeframe,
            func.count().label("count"),
            func.min(Candle.open_time).label("first"),
            func.max(Candle.open_time).label("last"),
        )
        .group_by(Candle.instrument_id, Candle.timeframe)
        .subquery("stored")
    )
    said = SeriesCoverage
    count, covered = func.coalesce(stored.c.count, 0), func.coalesce(said.candle_count, 0)
    timeframe = func.coalesce(said.timeframe, stored.c.timeframe)
    return (
        select(
            Venue.code.label("venue"),
            Instrument.symbol,
            timeframe.label("timeframe"),
            covered.label("covered"),
            count.label("candles"),
            said.first_open_time.label("covered_first"),
            stored.c.first.label("first"),
            said.last_open_time.label("covered_last"),
            stored.c.last.label("last"),
        )
        .select_from(said)
        .join(
            stored,
            (said.instrument_id == stored.c.instrument_id) & (said.timeframe == stored.c.timeframe),
            full=True,
        )
        .join(Instrument, Instrument.id == func.coalesce(said.instrument_id, stored.c.instrument_id))
        .join(Venue, Venue.id == Instrument.venue_id)
        .where(
            or_(
                covered != count,
                said.first_open_time.is_distinct_from(stored.c.first),
                said.last_open_time.is_distinct_from(stored.c.last),
            )
        )
        .order_by(Venue.code, Instrument.symbol, timeframe)
        .limit(at_most(limit))
    )


def series_with_gaps(*, limit: int | None = ROWS) -> Select[str, str, str, datetime, datetime, int, int, int]:
    """Series with fewer candles than a market that never closes would have, as their coverage says; most first."""
    expected = _expected_count()
    missing = expected - SeriesCoverage.candle_count
    return (
        select(
            Venue.code.label("venue"),
            Instrument.symbol,
            SeriesCoverage.timeframe,
            SeriesCoverage.first_open_time,
            SeriesCoverage.last_open_time,
            SeriesCoverage.candle_count,
            expected.label("expected"),
            missing.label("missing"),
        )
        .join(Instrument, Instrument.id == SeriesCoverage.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .where(missing > 0)
        .order_by(missing.desc(), Venue.code, Instrument.symbol, SeriesCoverage.timeframe)
        .limit(at_most(limit))
    )


def stale_series(*, limit: int | None = ROWS) -> Select[str, str, str, datetime, int, str | None]:
    """Series of instruments that trade, of which the last three candles or more are not there; latest ones last."""
    late = _candles_since(SeriesCoverage.last_open_time)
    return (
        select(
            Venue.code.label("venue"),
            Instrument.symbol,
            SeriesCoverage.timeframe,
            SeriesCoverage.last_open_time,
            late.label("missing"),
            SeriesCoverage.sync_error,
        )
        .join(Instrument, Instrument.id == SeriesCoverage.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .where(Instrument.status == InstrumentStatus.TRADING, late >= LATE)
        .order_by(SeriesCoverage.last_open_time, Venue.code, Instrument.symbol, SeriesCoverage.timeframe)
        .limit(at_most(limit))
    )


def signals_past_expiry(
    *, strategy: str | None = None, limit: int | None = ROWS
) -> Select[UUID, str | None, str, str, datetime, datetime | None]:
    """Signals that are still pending although their time is over, oldest first."""
    found = (
        select(
            Signal.id.label("signal_id"),
            Strategy.name.label("strategy"),
            Instrument.symbol,
            Signal.kind,
            Signal.fired_at,
            Signal.expires_at,
        )
        .join(Instrument, Instrument.id == Signal.instrument_id)
        .outerjoin(Strategy, Strategy.id == Signal.strategy_id)
        .where(Signal.status == SignalStatus.PENDING, Signal.expires_at < func.now())
    )
    if strategy is not None:
        found = found.where(Strategy.name == strategy)
    return found.order_by(Signal.expires_at, Signal.id).limit(at_most(limit))


def orphans(*, limit: int | None = ROWS) -> Select[str, UUID, int]:
    """Rows of time series whose account or run is gone; these tables carry no foreign key."""
    snapshots = (
        select(
            literal("portfolio_snapshots").label("table"),
            PortfolioSnapshot.account_id.label("key"),
            func.count().label("rows"),
        )
        .where(~select(TradingAccount.id).where(TradingAccount.id == PortfolioSnapshot.account_id).exists())
        .group_by(PortfolioSnapshot.account_id)
    )
    points = (
        select(literal("backtest_equity"), BacktestEquity.run_id, func.count())
        .where(~select(BacktestRun.id).where(BacktestRun.id == BacktestEquity.run_id).exists())
        .group_by(BacktestEquity.run_id)
    )
    found = union_all(snapshots, points).subquery("orphans")
    return select(found.c.table, found.c.key, found.c.rows).order_by(found.c.table, found.c.key).limit(at_most(limit))


def _expected_count() -> ColumnElement[int]:
    """How many candles the series has if none is missing between its first and its last."""
    return _steps(SeriesCoverage.first_open_time, SeriesCoverage.last_open_time) + 1


def _candles_since(last: SQLColumnExpression[datetime]) -> ColumnElement[int]:
    """How many candles have opened and closed after the last one."""
    return _steps(last, func.now()) - 1


def _steps(start: SQLColumnExpression[datetime], end: SQLColumnExpression[datetime]) -> ColumnElement[int]:
    """How many whole candles of the series' timeframe lie between two times; months are those of UTC's calendar."""
    seconds = case(
        {timeframe.value: timeframe.seconds for timeframe in Timeframe if timeframe.seconds is not None},
        value=SeriesCoverage.timeframe,
    )
    of_fixed_length = func.floor(extract("epoch", end - start) / seconds)
    return cast(
        case((SeriesCoverage.timeframe == Timeframe.MN1.value, _month(end) - _month(start)), else_=of_fixed_length),
        BigInteger,
    )


def _month(at: SQLColumnExpression[datetime]) -> ColumnElement[int]:
    """The number of a month, counted from year 0."""
    utc = func.timezone("UTC", at)
    return extract("year", utc) * 12 + extract("month", utc)
