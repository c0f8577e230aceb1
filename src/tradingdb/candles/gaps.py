"""Which candles are missing, and candles made to stand in for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from tradingdb.candles.calendars import ALWAYS_OPEN, joined
from tradingdb.candles.columns import CandleColumns, candle_columns, months_of, to_microseconds
from tradingdb.candles.refusals import refusals
from tradingdb.candles.series import id_of
from tradingdb.candles.store import merge_staged, settle
from tradingdb.core.clock import as_utc, utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError
from tradingdb.models import Candle
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tradingdb.candles.calendars import Calendar, OpenRange
    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.models import Instrument

FILL_SOURCE = "tradingdb fill"
"""Source of the candles that `fill` makes, by which it knows them again."""

CHUNK = 100_000
"""Candles that `fill` writes at once."""

EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
"""Calendars need some days before the range that they are asked for, and Python has none before the year 1."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Candles that are missing in a row: those that open in `[start, end)`."""

    start: datetime
    end: datetime
    missing: int


class FillPolicy(StrEnum):
    """What stands in for a missing candle."""

    FLAT = "flat"
    """Nothing was traded: every price is the close before it, the volume is 0."""
    NONE = "none"
    """Nothing stands in."""


@dataclass(frozen=True, slots=True)
class FillReport:
    """What `fill` has done."""

    filled: int
    """Candles that were made."""
    refreshed: int
    """Candles made earlier that now follow another close."""
    left: int
    """Candles that are still missing: the policy makes none, or there is no close before them."""


async def gaps(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    calendar: Calendar = ALWAYS_OPEN,
) -> list[Gap]:
    """The candles of a series that are missing among those that open in `[start, end)`, in order of time.

    A missing bound is the first or last candle that there is: before and after them nothing is missing unless a bound
    says so. A candle is expected if the market is open in any part of its time, and its time has passed. A gap ends
    where the market closes; what is missing after that is another gap. Candles that were made to fill a gap close it.

    Raises:
        InvalidValueError: a bound has no time zone, or the timeframe does not exist.
    """
    series = _series(instrument, timeframe)
    return await _missing(session, series, await _expected(session, series, start, end, calendar))


async def fill(
    session: WriteSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    policy: FillPolicy | str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    calendar: Calendar = ALWAYS_OPEN,
) -> FillReport:
    """Make candles where `gaps` with the same bounds and calendar finds none.

    They are marked `is_synthetic`; a real candle that is written later replaces its stand-in. Those made earlier are
    brought up to date with what was written before them since. Doing it again changes nothing.

    Raises:
        InvalidCandlesError: a month is just being retired; nothing is stored.
        InvalidValueError: a bound has no time zone, or the timeframe or policy does not exist.
    """
    if policy not in set(FillPolicy):
        raise InvalidValueError(f"There is no policy {policy!r} to fill gaps; these exist: {', '.join(FillPolicy)}.")
    series = _series(instrument, timeframe)
    expected = await _expected(session, series, start, end, calendar)
    filled = refreshed = 0
    if policy == FillPolicy.FLAT:
        key = {"instrument_id": series.instrument_id, "timeframe": series.timeframe.value}
        wanting = await _gaps_with_closes(session, series, expected)
        with refusals(session, series.instrument_id):
            async with session.begin_nested():  # all of it or nothing
                for chunk in _flat(series.timeframe, wanting):
                    months = months_of(chunk.open_time)
                    await partitions.ensure_months(session, Candle, months)
                    counts = await merge_staged(session, key | {"source": FILL_SOURCE}, chunk)
                    # the series' source stays
                    await settle(session, key | {"source": None}, chunk, counts[0], months if any(counts) else ())
                    filled, refreshed = filled + counts[0], refreshed + counts[1]
    return FillReport(filled, refreshed, sum(gap.missing for gap in await _missing(session, series, expected)))


@dataclass(frozen=True, slots=True)
class _Series:
    instrument_id: int
    timeframe: Timeframe

    @property
    def candles(self) -> str:
        """The candles of the series, as SQL to which conditions can be added."""
        return f"candles WHERE instrument_id = {self.instrument_id} AND timeframe = '{self.timeframe.value}'"

    @property
    def next_open(self) -> str:
        """When the candle after one opens, in SQL; months are added in UTC, whatever the session's zone is."""
        if self.timeframe.seconds is not None:
            return f"open_time + interval '{self.timeframe.seconds} seconds'"
        return "(open_time AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'"


def _series(instrument: Instrument | int, timeframe: Timeframe | str) -> _Series:
    return _Series(id_of(instrument), Timeframe.parse(timeframe))


async def _expected(
    session: ReadSession, series: _Series, start: datetime | None, end: datetime | None, calendar: Calendar
) -> list[OpenRange]:
    """Ranges on the grid in which every candle is expected, in order and apart from each other."""
    timeframe = series.timeframe
    first = None if start is None else timeframe.ceiling(max(as_utc(start), EARLIEST))
    stop = None if end is None else as_utc(end)
    if first is None or stop is None:
        row = (await session.execute(text(_ENDS.format(candles=series.candles)))).one()
        if row.first is None:
            return []
        first = first or row.first.astimezone(UTC)
        stop = stop or timeframe.next(row.last.astimezone(UTC))
    stop = timeframe.ceiling(max(EARLIEST, min(stop, timeframe.floor(utc_now()))))
    if first >= stop:
        return []
    hours = calendar.open_between(first, stop)
    return joined((timeframe.floor(opens), timeframe.ceiling(closes)) for opens, closes in hours)


async def _missing(session: ReadSession, series: _Series, expected: list[OpenRange], *, but: str = "") -> list[Gap]:
    """The gaps in ranges. `but` is a condition on the candles that count as being there."""
    query = _GAPS.format(candles=f"{series.candles} {but}", next_open=series.next_open)
    found = await session.execute(text(query), _bounds(expected))
    times = [(row.start.astimezone(UTC), row.until.astimezone(UTC)) for row in found]
    return [Gap(start, until, series.timeframe.count_between(start, until) - 1) for start, until in times]


async def _gaps_with_closes(
    session: ReadSession, series: _Series, expected: list[OpenRange]
) -> list[tuple[Gap, float]]:
    """The gaps in ranges with the close before each, as if nothing had been filled; without those that have none."""
    found = await _missing(session, series, expected, but=_NOT_FILLED)
    query = _CLOSES.format(candles=f"{series.candles} {_NOT_FILLED}")
    rows = await session.execute(text(query), {"starts": [gap.start for gap in found]})
    close = {row.start.astimezone(UTC): row.close for row in rows}
    return [(gap, close[gap.start]) for gap in found if gap.start in close]


def _bounds(ranges: list[OpenRange]) -> dict[str, list[datetime]]:
    return {"lows": [low for low, _ in ranges], "highs": [high for _, high in ranges]}


def _flat(timeframe: Timeframe, found: list[tuple[Gap, float]]) -> Iterator[CandleColumns]:
    """Candles without a trade for every gap, in order of time, about `CHUNK` at once."""
    times: list[NDArray[np.int64]] = []
    closes: list[NDArray[np.float64]] = []
    size = 0
    for gap, close in found:
        for opens in _open_times(timeframe, gap):
            times.append(opens)
            closes.append(np.full(len(opens), close))
            size += len(opens)
            if size >= CHUNK:
                yield _untraded(np.concatenate(times), np.concatenate(closes))
                times, closes, size = [], [], 0
    if size:
        yield _untraded(np.concatenate(times), np.concatenate(closes))


def _open_times(timeframe: Timeframe, gap: Gap) -> Iterator[NDArray[np.int64]]:
    """The open times of the candles of a gap in microseconds since 1970, at most `CHUNK` at once."""
    start, end = to_microseconds(gap.start), to_microseconds(gap.end)
    if timeframe.seconds is None:
        first, stop = np.array([start, end], "datetime64[us]").astype("datetime64[M]").astype(np.int64)
        yield np.arange(first, stop).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
        return
    step = timeframe.seconds * 1_000_000
    for low in range(start, end, CHUNK * step):
        yield np.arange(low, min(end, low + CHUNK * step), step, dtype=np.int64)


def _untraded(open_time: NDArray[np.int64], close: NDArray[np.float64]) -> CandleColumns:
    is_true = np.ones(len(close), np.bool_)
    nothing = np.zeros(len(close))
    return candle_columns(
        open_time, (close, close, close, close), volume=nothing, is_closed=is_true, is_synthetic=is_true
    )


_NOT_FILLED = f"AND NOT (is_synthetic AND source IS NOT DISTINCT FROM '{FILL_SOURCE}')"

_ENDS = """
    SELECT (SELECT open_time FROM {candles} ORDER BY open_time LIMIT 1) AS first,
           (SELECT open_time FROM {candles} ORDER BY open_time DESC LIMIT 1) AS last
"""
# per range: from each candle to the one after it, and from the start to the first; only the index is read
_GAPS = """
    SELECT gap.start, gap.until
    FROM unnest(CAST(:lows AS timestamptz[]), CAST(:highs AS timestamptz[])) AS hours (low, high)
    CROSS JOIN LATERAL (
        SELECT {next_open} AS start, lead(open_time, 1, hours.high) OVER (ORDER BY open_time) AS until
        FROM {candles} AND open_time >= hours.low AND open_time < hours.high
        UNION ALL
        SELECT hours.low, coalesce((
            SELECT open_time FROM {candles} AND open_time >= hours.low AND open_time < hours.high
            ORDER BY open_time LIMIT 1
        ), hours.high)
    ) gap
    WHERE gap.until > gap.start
    ORDER BY gap.start
"""
_CLOSES = """
    SELECT gap.start, before.close
    FROM unnest(CAST(:starts AS timestamptz[])) AS gap (start)
    CROSS JOIN LATERAL (
        SELECT close FROM {candles} AND open_time < gap.start ORDER BY open_time DESC LIMIT 1
    ) before
"""
