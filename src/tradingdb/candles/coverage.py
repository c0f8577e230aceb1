"""What candles there are, without reading any; and whether that is true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from sqlalchemy import select, text

from tradingdb.core.timeframe import Timeframe
from tradingdb.models import Instrument, SeriesCoverage, Venue

if TYPE_CHECKING:
    from tradingdb.database import ReadSession, WriteSession

ORDER = {timeframe: at for at, timeframe in enumerate(Timeframe)}


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


@dataclass(frozen=True, slots=True)
class Extent:
    """From which candle to which a series goes, by open time, and how many it has."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class CoverageDifference:
    """A series whose coverage is not what its candles say. None stands for no row, and for no candles."""

    instrument_id: int
    venue: str | None
    symbol: str | None
    """None: the candles belong to no instrument that exists."""
    timeframe: Timeframe
    recorded: Extent | None
    actual: Extent | None
    is_repaired: bool


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """What `verify_coverage` found."""

    series: int
    """How many were looked at."""
    differences: list[CoverageDifference]

    @property
    def is_true(self) -> bool:
        """Whether the coverage is now what the candles say."""
        return all(difference.is_repaired for difference in self.differences)


async def coverage(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
) -> list[SeriesInfo]:
    """Every series, or those of a venue, symbol or timeframe, in that order. No candle is looked at.

    Raises:
        InvalidValueError: the timeframe does not exist.
    """
    query = (
        select(
            Venue.code,
            Instrument.symbol,
            SeriesCoverage.timeframe,
            SeriesCoverage.first_open_time,
            SeriesCoverage.last_open_time,
            SeriesCoverage.candle_count,
            SeriesCoverage.source,
        )
        .join(Instrument, Instrument.id == SeriesCoverage.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .order_by(Venue.code, Instrument.symbol)
    )
    if venue is not None:
        query = query.where(Venue.code == venue)
    if symbol is not None:
        query = query.where(Instrument.symbol == symbol)
    if timeframe is not None:
        query = query.where(SeriesCoverage.timeframe == Timeframe.parse(timeframe).value)
    found = []
    for code, name, of, first, last, count, source in await session.execute(query):
        length, first, last = Timeframe(of), first.astimezone(UTC), last.astimezone(UTC)  # noqa: PLW2901 - the same, typed
        found.append(SeriesInfo(code, name, length, first, last, count, length.count_between(first, last), source))
    return sorted(found, key=lambda series: (series.venue, series.symbol, ORDER[series.timeframe]))


@overload
async def verify_coverage(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: Literal[False] = False,
) -> CoverageCheck: ...


@overload
async def verify_coverage(
    session: WriteSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: bool,
) -> CoverageCheck: ...


async def verify_coverage(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: bool = False,
) -> CoverageCheck:
    """Count the candles of every series, or of those chosen, and compare with their coverage.

    Each series is counted and compared in one statement, so what others are writing is not taken for an error. `repair`
    mends the rows that differ, each locked from its count until the transaction ends: whoever writes to such a series
    waits at the end of his write, and adds what he inserted to the mended row. After `partitions.retire` it takes what
    was dropped out of the coverage.

    Raises:
        InvalidValueError: the timeframe does not exist.
    """
    chosen = {
        "venue": venue,
        "symbol": symbol,
        "timeframe": None if timeframe is None else Timeframe.parse(timeframe).value,
    }
    found = (await session.execute(_SERIES, chosen)).all()
    differences = []
    for row in found:
        key = {"instrument_id": row.instrument_id, "timeframe": row.timeframe}
        recorded, actual = await _extents(session, key)
        if recorded != actual:
            is_repaired = repair and row.symbol is not None
            if is_repaired:
                await _repair(session, key, actual)
            length = Timeframe(row.timeframe)
            differences.append(
                CoverageDifference(row.instrument_id, row.venue, row.symbol, length, recorded, actual, is_repaired)
            )
    return CoverageCheck(len(found), differences)


async def _extents(session: ReadSession, key: dict[str, Any]) -> tuple[Extent | None, Extent | None]:
    """What the coverage says of a series, and what its candles say, at one instant."""
    row = (await session.execute(_EXTENTS, key)).one()
    return (
        _extent(row.first_open_time, row.last_open_time, row.candle_count),
        _extent(row.first, row.last, row.found),
    )


def _extent(first: datetime | None, last: datetime | None, count: int | None) -> Extent | None:
    if first is None or last is None or count is None:
        return None
    return Extent(first.astimezone(UTC), last.astimezone(UTC), count)


async def _repair(session: ReadSession, key: dict[str, Any], actual: Extent | None) -> None:
    """Make the coverage of a series true.

    Writers insert candles first and add their number to the coverage after that. Whoever has added his, has committed
    when we get the lock, and the count after it sees his candles; whoever has not, adds it to what we leave.
    """
    if actual is not None:  # there must be a row to lock; what it says is mended below
        await session.execute(_ENSURE_ROW, key | asdict(actual))
    await session.execute(_LOCK_ROW, key)
    _, actual = await _extents(session, key)
    if actual is None:
        await session.execute(_DELETE_ROW, key)
    else:
        await session.execute(_MEND_ROW, key | asdict(actual))


# The series that have candles, each found by one step along the index, and those that have a coverage.
_SERIES = text(
    """
    WITH RECURSIVE found AS (
        (SELECT instrument_id, timeframe FROM candles ORDER BY instrument_id, timeframe LIMIT 1)
        UNION ALL
        SELECT further.* FROM found CROSS JOIN LATERAL (
            SELECT instrument_id, timeframe FROM candles
            WHERE (instrument_id, timeframe) > (found.instrument_id, found.timeframe)
            ORDER BY instrument_id, timeframe LIMIT 1
        ) further
    ), series AS (
        SELECT instrument_id, timeframe FROM found UNION SELECT instrument_id, timeframe FROM series_coverage
    )
    SELECT series.instrument_id, series.timeframe, venues.code AS venue, instruments.symbol
    FROM series
    LEFT JOIN instruments ON instruments.id = series.instrument_id
    LEFT JOIN venues ON venues.id = instruments.venue_id
    WHERE (CAST(:venue AS text) IS NULL OR venues.code = :venue)
      AND (CAST(:symbol AS text) IS NULL OR instruments.symbol = :symbol)
      AND (CAST(:timeframe AS text) IS NULL OR series.timeframe = :timeframe)
    ORDER BY series.instrument_id, series.timeframe
    """
)
_EXTENTS = text(
    """
    SELECT candles.*, recorded.first_open_time, recorded.last_open_time, recorded.candle_count
    FROM (
        SELECT min(open_time) AS first, max(open_time) AS last, count(*) AS found FROM candles
        WHERE instrument_id = :instrument_id AND timeframe = :timeframe
    ) candles
    LEFT JOIN series_coverage recorded ON recorded.instrument_id = :instrument_id AND recorded.timeframe = :timeframe
    """
)
_ENSURE_ROW = text(
    """
    INSERT INTO series_coverage (instrument_id, timeframe, first_open_time, last_open_time, candle_count)
    VALUES (:instrument_id, :timeframe, :first, :last, :count)
    ON CONFLICT (instrument_id, timeframe) DO NOTHING
    """
)
_LOCK_ROW = text(
    "SELECT FROM series_coverage WHERE instrument_id = :instrument_id AND timeframe = :timeframe FOR UPDATE"
)
_DELETE_ROW = text("DELETE FROM series_coverage WHERE instrument_id = :instrument_id AND timeframe = :timeframe")
_MEND_ROW = text(
    """
    UPDATE series_coverage
    SET first_open_time = :first, last_open_time = :last, candle_count = :count, updated_at = now()
    WHERE instrument_id = :instrument_id AND timeframe = :timeframe
    """
)
