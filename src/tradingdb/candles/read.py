"""Candles out, a range of one series at once: columns straight from binary COPY into numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradingdb.candles.series import SeriesQuery, bounds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tradingdb.candles.series import CandleSeries
    from tradingdb.core.timeframe import Timeframe
    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument


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
    return await query.fetch(session, bounds(query.timeframe, start, end, as_of))
