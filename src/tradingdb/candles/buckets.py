"""How times are put into buckets: fixed lengths, days, weeks and months of a time zone, open hours. Renders SQL.

Nothing but numbers, times and names of time zones that exist is formatted into it: COPY takes no parameters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from tradingdb.candles.columns import to_microseconds
from tradingdb.candles.times import require_zone
from tradingdb.core.clock import as_utc
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from tradingdb.candles.calendars import Calendar, OpenRange
    from tradingdb.core.timeframe import Timeframe

_SECONDS_OF = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MONTH = "M"
_MONTHS_A_YEAR = 12
_NOON = time(12)
_LAST_SAFE_DAY = 28
_LONGEST_SHIFT = timedelta(days=1)
"""No clock was ever changed by more, so a local time is at most this far from the grid point before it."""

MIDNIGHT = time()
FIRST_MIDNIGHT, FIRST_MONDAY = datetime(1970, 1, 1), datetime(1970, 1, 5)  # noqa: DTZ001 - in whatever zone is asked for


@dataclass(frozen=True, slots=True)
class Length:
    """How long a bucket is: a count of s, m, h, d, w or M, as every `Timeframe` and any other, such as 7m or 2w."""

    count: int
    unit: str

    @classmethod
    def parse(cls, value: str) -> Self:
        """The length that a text names; `1mo` and `1mon` are understood as `1M`.

        Raises:
            InvalidValueError: it names none.
        """
        match = re.fullmatch(r"([1-9][0-9]{0,5})(s|m|h|d|w|M|mo|mon)", value)
        if match is None:
            raise InvalidValueError(f"{value!r} is no length of candles: write a count and one of s m h d w M, as 90m.")
        return cls(int(match[1]), _MONTH if match[2].startswith("mo") else match[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def seconds(self) -> int | None:
        """The length in seconds, where a day has 24 hours; None for months."""
        return None if self.unit == _MONTH else self.count * _SECONDS_OF[self.unit]

    @property
    def has_days(self) -> bool:
        """Whether it counts days, weeks or months, which begin when the local day does."""
        return self.unit in "dwM"

    @property
    def interval(self) -> str:
        """The same in SQL."""
        return f"interval '{self.count} months'" if self.seconds is None else f"interval '{self.seconds} seconds'"

    @property
    def default_origin(self) -> datetime:
        """Where the grid of local times starts: weeks on a Monday, all else in 1970."""
        return FIRST_MONDAY if self.unit == "w" else FIRST_MIDNIGHT

    def require_coarser_than(self, source: Timeframe) -> None:
        """Refuse what whole candles of the source cannot make.

        Raises:
            InvalidValueError: it is not a multiple of the source.
        """
        if source.seconds is None:
            fits = self.seconds is None and self.count > 1
        elif self.seconds is None:
            fits = _SECONDS_OF["d"] % source.seconds == 0
        else:
            fits = self.seconds > source.seconds and self.seconds % source.seconds == 0
        if not fits:
            raise InvalidValueError(f"Candles of {self} are not made of whole candles of {source.value}.")

    def floor(self, local: datetime, origin: datetime) -> datetime:
        """The grid point at or before a local time, where the grid is counted from `origin`, before or after it."""
        if self.seconds is not None:
            step = timedelta(seconds=self.seconds)
            return origin + (local - origin) // step * step
        months = (local.year - origin.year) * _MONTHS_A_YEAR + local.month - origin.month
        if _add_months(origin, months) > local:
            months -= 1
        return _add_months(origin, months // self.count * self.count)

    def later(self, point: datetime, steps: int) -> datetime:
        """A grid point some steps after another, or before it."""
        if self.seconds is not None:
            return point + steps * timedelta(seconds=self.seconds)
        return _add_months(point, steps * self.count)


@dataclass(frozen=True, slots=True)
class Buckets:
    """A length, and what its buckets are counted from.

    Days, weeks and months begin with the local day of the zone, so a day has 23, 24 or 25 hours; shorter buckets begin
    whenever the local clock shows a multiple. `origin` is any instant at which one begins. `day_starts` is the local
    time at which a trading day begins; from noon on it does so on the eve: Monday's on Sunday at 17:00. With `calendar`
    only open hours count; buckets shorter than a day are then counted from each opening and cut at the close.
    """

    length: Length
    time_zone: str = "UTC"
    origin: datetime | None = None
    day_starts: time = MIDNIGHT
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        require_zone(self.time_zone)
        if self.time_zone != "UTC" and "/" not in self.time_zone:
            # PostgreSQL takes EST and CET for offsets that never change
            raise InvalidValueError(f"The time zone {self.time_zone!r} is ambiguous: name it as Europe/Berlin or UTC.")
        if self.origin is not None and (self.day_starts != MIDNIGHT or self.calendar is not None):
            raise InvalidValueError(
                "Buckets are counted from an origin, or from trading days and hours, not from both."
            )
        if self.day_starts.tzinfo is not None:
            raise InvalidValueError("A day starts at a local time: leave its tzinfo out and name the time zone.")
        if self.length.seconds is None and self._origin.day > _LAST_SAFE_DAY:
            raise InvalidValueError("Months cannot be counted from the 29th or later: not every month has that day.")

    @property
    def are_plain(self) -> bool:
        """Whether every bucket is equally long, and arithmetic finds the one of a time."""
        is_utc = self.time_zone == "UTC" and self.day_starts == MIDNIGHT and self.calendar is None
        return is_utc and self.length.seconds is not None

    @property
    def _origin(self) -> datetime:
        """In local time, without a zone."""
        return self.length.default_origin if self.origin is None else self._local(self.origin)

    @property
    def _shift(self) -> timedelta:
        """From the midnight of a date to the beginning of its trading day."""
        after_midnight = datetime.combine(FIRST_MIDNIGHT, self.day_starts) - FIRST_MIDNIGHT
        return after_midnight - timedelta(days=1) if self.day_starts >= _NOON else after_midnight

    def _local(self, at: datetime) -> datetime:
        return as_utc(at).astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)

    def plain_sql(self, at: str) -> str:
        """The expression for the beginning of the bucket that a time column lies in."""
        return f"date_bin({self.length.interval}, {at}, timestamptz '{self._origin.isoformat()}Z')"

    def segments_sql(self, first: datetime, last: datetime) -> str:
        """CTEs that end in `segment (opens, closes, bucket, ends, seconds)`, for candles from `first` to `last`.

        A segment is a stretch of time that belongs to one bucket; `seconds` is all the open time that the bucket has.
        """
        before, after = (
            self._local(first) - self._shift - _LONGEST_SHIFT,
            self._local(last) - self._shift + _LONGEST_SHIFT,
        )
        grid_start = self.length.later(self.length.floor(before, self._origin), -1)
        grid_end = self.length.later(self.length.floor(after, self._origin), 2)
        if self.calendar is not None:
            zone = ZoneInfo(self.time_zone)
            reach = [at.replace(tzinfo=zone) for at in (grid_start - _LONGEST_SHIFT, grid_end + _LONGEST_SHIFT)]
            hours = f"open_hours AS ({_ranges(self.calendar.open_between(reach[0], reach[1]))})"
            if not self.length.has_days:
                return f"{hours}, {self._pieces_of_hours()}"
        points = (
            f"SELECT point + interval '{self._shift.total_seconds():.6f} seconds' AS shown "  # noqa: S608 - numbers, times and names of ours
            f"FROM generate_series(timestamp '{grid_start}', timestamp '{grid_end}', {self.length.interval}) point"
        )
        grid = f"""
            grid AS ({points}),
            opening AS ({self._days() if self.length.has_days else self._instants()}),
            stretch AS (SELECT opens, lead(opens) OVER (ORDER BY opens) AS closes FROM opening)"""  # noqa: S608 - same
        if self.calendar is not None:
            return f"{hours}, {grid}, {_DAYS_OF_HOURS}"
        return f"{grid}, {_AS_SEGMENTS}"

    def _days(self) -> str:
        """When each local day of the grid begins, also where the clock skips its first hour or shows it twice."""
        return f"SELECT DISTINCT {self._first_instant('shown')} AS opens FROM grid"  # noqa: S608 - same

    def _instants(self) -> str:
        """Every instant at which the clock shows a point of the grid: twice where it is set back.

        What it skips begins no bucket, unless that is where it jumps.
        """
        zone, tick, first = f"AT TIME ZONE '{self.time_zone}'", "interval '1 microsecond'", self._first_instant("shown")
        return f"""
            SELECT shown {zone} AS opens FROM grid
            WHERE shown {zone} {zone} = shown OR (shown {zone} - {tick}) {zone} = shown - {tick}
            UNION
            SELECT {first} FROM grid WHERE {first} {zone} = shown
        """  # noqa: S608 - same

    def _first_instant(self, shown: str) -> str:
        """When the clock shows a local time first. PostgreSQL takes the last, where it is set back over it.

        The offset of the day before gives the other one; it counts if the clock really shows that time then.
        """
        zone = f"AT TIME ZONE '{self.time_zone}'"
        eve = f"({shown} {zone} - interval '1 day')"
        early = f"(({shown} - ({eve} {zone} - {eve} AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC')"
        return f"least({shown} {zone}, CASE WHEN {early} {zone} = {shown} THEN {early} END)"

    def _pieces_of_hours(self) -> str:
        step = self.length.interval
        return f"""
            stretch AS (
                SELECT begins AS opens, least(begins + {step}, closes) AS closes
                FROM open_hours
                CROSS JOIN LATERAL generate_series(opens, closes - interval '1 microsecond', {step}) begins
            ), {_AS_SEGMENTS}"""  # noqa: S608 - same


_AS_SEGMENTS = """
    segment AS (
        SELECT opens, closes, opens AS bucket, closes AS ends, extract(epoch FROM closes - opens) AS seconds
        FROM stretch WHERE closes IS NOT NULL
    )"""
_DAYS_OF_HOURS = """
    hours_of_day AS (
        SELECT greatest(hours.opens, day.opens) AS opens, least(hours.closes, day.closes) AS closes, day.opens AS day
        FROM stretch AS day JOIN open_hours AS hours ON hours.opens < day.closes AND hours.closes > day.opens
    ),
    segment AS (
        SELECT opens, closes, min(opens) OVER together AS bucket, max(closes) OVER together AS ends,
               sum(extract(epoch FROM closes - opens)) OVER together AS seconds
        FROM hours_of_day WINDOW together AS (PARTITION BY day)
    )"""


def _ranges(hours: list[OpenRange]) -> str:
    """A query for ranges of time, as whole microseconds."""
    opens, closes = ([to_microseconds(at) for at in edges] for edges in zip(*hours, strict=True)) if hours else ([], [])
    return f"""
        SELECT timestamptz 'epoch' + opens * interval '1 microsecond' AS opens,
               timestamptz 'epoch' + closes * interval '1 microsecond' AS closes
        FROM unnest(ARRAY{opens}::int8[], ARRAY{closes}::int8[]) AS hours (opens, closes)
    """  # noqa: S608 - numbers


def _add_months(at: datetime, months: int) -> datetime:
    years, month = divmod(at.month - 1 + months, _MONTHS_A_YEAR)
    return at.replace(year=at.year + years, month=month + 1)
