"""What candles there are, without reading any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from tradingdb.core.timeframe import Timeframe
from tradingdb.models import Instrument, SeriesCoverage, Venue

if TYPE_CHECKING:
    from tradingdb.database import ReadSession


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One series of candles, as its coverage tells."""

    venue: str
    symbol: str
    timeframe: Timeframe
    first: datetime
    last: datetime
    count: int
    expected: int
    source: str | None

    @property
    def missing(self) -> int:
        """How many candles a market that never closes would have more."""
        return self.expected - self.count


async def listing(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
) -> list[SeriesInfo]:
    """Every series, or those of a venue, symbol or timeframe, in that order."""
    query = (
        select(Venue.code, Instrument.symbol, SeriesCoverage)
        .join(Instrument, Instrument.id == SeriesCoverage.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .order_by(Venue.code, Instrument.symbol)
    )
    if venue is not None:
        query = query.where(Venue.code == venue)
    if symbol is not None:
        query = query.where(Instrument.symbol == symbol)
    if timeframe is not None:
        query = query.where(SeriesCoverage.timeframe == timeframe.value)
    order = list(Timeframe)
    found = []
    for code, name, coverage in await session.execute(query):
        length = Timeframe(coverage.timeframe)
        first, last = coverage.first_open_time.astimezone(UTC), coverage.last_open_time.astimezone(UTC)
        found.append(
            SeriesInfo(
                code,
                name,
                length,
                first,
                last,
                coverage.candle_count,
                length.count_between(first, last),
                coverage.source,
            )
        )
    return sorted(found, key=lambda series: (series.venue, series.symbol, order.index(series.timeframe)))
