"""Candles out, a range of one series at once: sealed months as they were packed, the rest by binary COPY into numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradingdb.candles.blocks import NEVER_SEALED_MONTHS, TYPES, are_still_there, fetch_blocks, joined
from tradingdb.candles.months import month_of, moved
from tradingdb.candles.series import SeriesQuery, bounds, first_incomplete, series_from
from tradingdb.core.clock import as_utc, utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tradingdb.candles.blocks import Block
    from tradingdb.candles.series import CandleSeries
    from tradingdb.core.timeframe import Timeframe
    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

Range = tuple["datetime | None", "datetime | None"]
"""From an instant to before another; None is an open end."""


async def read(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
) -> CandleSeries:
    """The candles of a series that open in `[start, end)`; a missing bound is open.

    `columns` asks for more than open, high, low, close and volume: any of quote_volume, trade_count, taker_buy_volume,
    is_closed, is_synthetic.

    `as_of` leaves out every candle that was not complete at that instant, which is one that ended later
    (open_time + timeframe > as_of). It looks at market time only: when a candle was written, and what stood there
    before it was corrected or filled in, is not kept, so a candle that was stored late is there too.

    Raises:
        InvalidValueError: a bound has no time zone, or a column or timeframe does not exist.
    """
    query = SeriesQuery.of(instrument, timeframe, columns)
    conditions = bounds(query.timeframe, start, end, as_of)
    ends = [as_utc(end)] if end is not None else []
    if as_of is not None:
        ends.append(first_incomplete(query.timeframe, as_of))
    wanted = (None if start is None else as_utc(start), min(ends, default=None))
    found = await _with_blocks(session, query, wanted)
    return await query.fetch(session, conditions) if found is None else found


async def _with_blocks(session: ReadSession, query: SeriesQuery, wanted: Range) -> CandleSeries | None:
    """The candles of a range that has sealed months in it; None: it has none, or they were dropped meanwhile.

    Blocks, rows around them, and the look whether the blocks are still there are three statements, and at READ
    COMMITTED others may commit between two. A block that is there before and after the rows were read was there all the
    while, and whoever changes its month would have dropped it: so blocks and rows are one state, that of the statement
    that read the rows. Where one is gone, the caller reads all of the range as rows, in one statement.
    """
    months = _whole_months(wanted)
    if months is None or not query.columns.keys() <= TYPES.keys():
        return None
    series = {"instrument_id": query.instrument_id, "timeframe": query.timeframe.value}
    blocks = await fetch_blocks(session, series, list(query.columns), *months)
    if not blocks:
        return None
    rows = None
    if around := _around(blocks, wanted):
        found = await query.fetch(session, [around])
        if not await are_still_there(session, series, blocks):
            return None
        rows = found.columns | {"open_time": found.open_time.view(np.int64)}
    return series_from(query.instrument_id, query.timeframe, joined(blocks, rows, query.columns))


def _whole_months(wanted: Range) -> tuple[datetime | None, datetime] | None:
    """The months that lie wholly in a range and are old enough to be sealed: the first, and the one after the last."""
    start, end = wanted
    stop = moved(month_of(utc_now()), 1 - NEVER_SEALED_MONTHS)
    if end is not None:
        stop = min(stop, month_of(end))
    if start is None:
        return None, stop
    if start >= stop:
        return None
    first = month_of(start)
    if first < start:
        first = moved(first, 1)
    return (first, stop) if first < stop else None


def _around(blocks: Sequence[Block], wanted: Range) -> str:
    """The condition for candles of a range that are in no block; empty: the blocks cover it."""
    low, stop = wanted
    ranges: list[Range] = []
    for block in blocks:
        if low is None or low < block.month:
            ranges.append((low, block.month))
        low = block.end
    if stop is None or (low is not None and low < stop):
        ranges.append((low, stop))
    parts = []
    for start, end in ranges:
        lower = [] if start is None else [f"open_time >= '{start.isoformat()}'"]
        upper = [] if end is None else [f"open_time < '{end.isoformat()}'"]
        parts.append(" AND ".join(lower + upper))
    return f"({' OR '.join(parts)})" if parts else ""
