"""Stored candles of higher timeframes, kept up to date from those of a lower one: only what may have changed."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select, text

from tradingdb.candles.buckets import Length
from tradingdb.candles.columns import CandleColumns, to_datetime
from tradingdb.candles.read import read
from tradingdb.candles.resample import resample
from tradingdb.candles.series import id_of
from tradingdb.candles.write import WriteReport, write
from tradingdb.core.clock import as_utc
from tradingdb.core.timeframe import Timeframe
from tradingdb.models import Candle, SeriesCoverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tradingdb.candles.series import CandleSeries
    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.models import Instrument

LOOK_BACK = 3
"""A stored candle that is not closed is computed again until it is so many lengths older than the newest."""

CHUNK = 1_000_000
"""Source candles, at most, that one statement aggregates: some ten times less than its time limit allows."""

_COLUMNS = ("quote_volume", "trade_count", "taker_buy_volume", "is_closed", "is_synthetic", "first_open_time")


async def rollup(
    session: WriteSession,
    instrument: Instrument | int,
    source: Timeframe | str,
    targets: Iterable[Timeframe | str],
    *,
    since: datetime | None = None,
) -> dict[Timeframe, WriteReport]:
    """Bring stored candles of longer timeframes up to date with those of `source`. Says per target what was written.

    Computed again are, without `since`: the newest stored candle of the target and everything after it, and before it
    what is not closed up to three lengths back; everything up to its oldest, if the source now begins before that, and
    its oldest if that is not closed. With `since`: every bucket from the one that holds this instant on. Only this
    notices source candles that were corrected, filled in or deleted further back.

    What is computed is stored by the rule of `write`: an incomplete bucket does not replace a closed candle, nor a
    made-up one a real one. A bucket whose beginning the source no longer has does not replace a candle that saw more.
    Rollups of one instrument wait for each other.

    Raises:
        InvalidValueError: a target is not made of whole source candles, or `since` has no time zone.
    """
    source = Timeframe.parse(source)
    chosen = sorted({Timeframe.parse(target) for target in targets}, key=list(Timeframe).index)
    for target in chosen:
        Length.parse(target).require_coarser_than(source)
    since = None if since is None else as_utc(since)
    instrument_id = id_of(instrument)
    # whoever read the source earlier must not write later
    await session.execute(_WAIT, {"key": f"tradingdb rollup {instrument_id}"})
    extent = await _extent(session, instrument_id, source)
    reports = dict.fromkeys(chosen, WriteReport())
    if extent is None:
        return reports
    for target in chosen:
        for first, end in await _touched(session, instrument_id, target, extent, since):
            for start, stop in _chunks(source, target, first, end):
                made = await resample(session, instrument_id, source, target, start, stop, columns=_COLUMNS)
                better = await _without_cut(session, target, made)
                report = await write(session, instrument_id, target, better, source=f"rollup {source.value}")
                reports[target] = _sum(reports[target], report)
    return reports


_WAIT = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def _extent(session: ReadSession, instrument_id: int, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
    """The open times of the first and last candle of a series, from its coverage."""
    query = select(SeriesCoverage.first_open_time, SeriesCoverage.last_open_time).where(
        SeriesCoverage.instrument_id == instrument_id, SeriesCoverage.timeframe == timeframe.value
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (as_utc(found.first_open_time), as_utc(found.last_open_time))


async def _touched(
    session: ReadSession,
    instrument_id: int,
    target: Timeframe,
    source: tuple[datetime, datetime],
    since: datetime | None,
) -> list[tuple[datetime, datetime]]:
    """Ranges of time, on the target's grid, whose candles must be computed again."""
    first, after_last = target.floor(source[0]), target.next(target.floor(source[1]))
    stored = await _extent(session, instrument_id, target)
    if since is not None:
        ranges = [(max(first, target.floor(since)), after_last)]
    elif stored is None:
        ranges = [(first, after_last)]
    else:
        growing = await _growing(session, instrument_id, target, stored)
        reaches_back = first < stored[0] or stored[0] in growing
        head = min(target.next(stored[0]), after_last) if reaches_back else first
        recent = [at for at in (*growing, stored[1]) if at > stored[0]]
        ranges = [(first, head), (max(head, min(recent, default=stored[1])), after_last)]
    return [(start, end) for start, end in ranges if start < end]


async def _growing(
    session: ReadSession, instrument_id: int, target: Timeframe, stored: tuple[datetime, datetime]
) -> list[datetime]:
    """Where the oldest candle and the newest few are not closed."""
    oldest, newest = stored
    query = select(Candle.open_time).where(
        Candle.instrument_id == instrument_id,
        Candle.timeframe == target.value,
        ~Candle.is_closed,
        (Candle.open_time == oldest) | Candle.open_time.between(newest - LOOK_BACK * _longest(target), newest),
    )
    return [as_utc(at) for at in await session.scalars(query)]


def _longest(timeframe: Timeframe) -> timedelta:
    return timedelta(days=31) if timeframe.seconds is None else timedelta(seconds=timeframe.seconds)


def _chunks(
    source: Timeframe, target: Timeframe, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The range in pieces that begin and end on the target's grid."""
    span = CHUNK * _longest(source)
    while start < end:
        stop = end if end - start <= span else max(target.floor(start + span), target.next(start))
        yield start, stop
        start = stop


async def _without_cut(session: ReadSession, target: Timeframe, made: CandleSeries) -> CandleColumns:
    """What was made, without a first bucket that lacks its beginning and knows less than the candle that is stored.

    So it is where the source is kept for a shorter time than the target.
    """
    columns = _to_write(made)
    if not len(made) or made.extra["first_open_time"][0] == made.open_time[0]:
        return columns
    begin = to_datetime(int(columns.open_time[0]))
    stored = await read(session, made.instrument_id, target, begin, target.next(begin), columns=["is_synthetic"])
    if not len(stored) or stored.extra["is_synthetic"][0]:
        return columns
    knows_more = stored.high[0] > made.high[0] or stored.low[0] < made.low[0] or stored.volume[0] > made.volume[0]
    return columns.take(slice(1, None)) if knows_more else columns


def _to_write(made: CandleSeries) -> CandleColumns:
    return CandleColumns(
        open_time=made.open_time.view(np.int64),
        **{name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")},
        **{name: made.extra[name] for name in _COLUMNS if name != "first_open_time"},
    )


def _sum(one: WriteReport, other: WriteReport) -> WriteReport:
    return WriteReport(*map(sum, zip(astuple(one), astuple(other), strict=True)))
