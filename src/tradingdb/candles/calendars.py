"""When a market is open: always, by rules of one's own, or as an exchange publishes it."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from tradingdb.candles.times import require_zone
from tradingdb.core.clock import as_utc
from tradingdb.errors import InvalidValueError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

DAY = timedelta(days=1)
MIDNIGHT = time()
DAYS_A_WEEK = 7

OpenRange = tuple[datetime, datetime]
"""Hours in which a market is open: from the first instant, in UTC, to before the second."""


class Calendar(Protocol):
    """Tells when a market is open."""

    def open_between(self, start: datetime, end: datetime) -> list[OpenRange]:
        """The open hours in `[start, end)`, in order and apart from each other."""


@dataclass(frozen=True, slots=True)
class AlwaysOpen:
    """A market that never closes."""

    def open_between(self, start: datetime, end: datetime) -> list[OpenRange]:
        """All of `[start, end)`."""
        return _within([(as_utc(start), as_utc(end))], start, end)


ALWAYS_OPEN = AlwaysOpen()


@dataclass(frozen=True, slots=True)
class SessionCalendar:
    """A market with sessions: weekly hours in local time, without holidays, with early closes.

    `sessions` has the hours by the weekday on which they open, Monday being 0. Hours that close at or before the time
    they open at close on the next day: `{6: [(time(17), time(16))]}` is Sunday 17:00 to Monday 16:00.

    A session belongs to the day on which it ends, where midnight ends the day before it. `holidays` are days whose
    sessions do not take place, `early_closes` days on which all is over at another time. Local time follows the clocks
    of `time_zone`: a time that they skip is read as if they had not been changed yet; of a time that they show twice, a
    session opens at the first and closes at the second.

    Raises:
        InvalidValueError: there is no such zone or weekday, a time has a zone of its own, or no hours are given.
    """

    time_zone: str
    sessions: Mapping[int, Sequence[tuple[time, time]]]
    holidays: Collection[date] = frozenset()
    early_closes: Mapping[date, time] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_zone(self.time_zone)
        if not any(self.sessions.values()):
            raise InvalidValueError("A calendar without sessions is never open: give the hours of a weekday.")
        if odd := [day for day in self.sessions if day not in range(DAYS_A_WEEK)]:
            raise InvalidValueError(f"There is no weekday {odd[0]}: 0 is Monday, 6 is Sunday.")
        times = [at for hours in self.sessions.values() for both in hours for at in both]
        if any(at.tzinfo is not None for at in (*times, *self.early_closes.values())):
            raise InvalidValueError("Sessions are told in local time: leave tzinfo out of their times.")
        if any(isinstance(day, datetime) for day in (*self.holidays, *self.early_closes)):
            raise InvalidValueError("Holidays and early closes are days: pass a date, not a datetime.")

    def open_between(self, start: datetime, end: datetime) -> list[OpenRange]:
        """The open hours in `[start, end)`, in order and apart from each other."""
        zone = ZoneInfo(self.time_zone)
        first = as_utc(start).date() - 2 * DAY  # local dates differ by a day, and a session may end on the next
        days = [first + at * DAY for at in range((as_utc(end).date() - first).days + 2)]
        found = (self._hours(day, *hours, zone) for day in days for hours in self.sessions.get(day.weekday(), ()))
        return _within((hours for hours in found if hours is not None), start, end)

    def _hours(self, day: date, opens: time, closes: time, zone: ZoneInfo) -> OpenRange | None:
        """The session that opens on a day, or None if it does not take place."""
        end = datetime.combine(day if closes > opens else day + DAY, closes)
        its_day = end.date() - DAY if closes == MIDNIGHT else end.date()
        if its_day in self.holidays:
            return None
        if its_day in self.early_closes:
            end = min(end, datetime.combine(its_day, self.early_closes[its_day]))
        start = datetime.combine(day, opens)
        return (_instant(start, zone), _last_instant(end, zone)) if end > start else None


class ExchangeCalendar:
    """The hours of an exchange, as the library exchange-calendars has them; made by `exchange_calendar`."""

    MARGIN = timedelta(days=31)
    """Longer than any exchange stays closed: the library refuses ranges without a session."""

    def __init__(self, code: str) -> None:
        self._library = _exchange_calendars()
        calendar = self._of_library(code)
        self.code: str = calendar.name
        self.first: date | None = _date(calendar.bound_min())
        """The library knows nothing before it; None: it has no such limit."""
        self.last: date | None = _date(calendar.bound_max())

    def open_between(self, start: datetime, end: datetime) -> list[OpenRange]:
        """The open hours in `[start, end)`, in order and apart from each other; lunch breaks are not open.

        Raises:
            InvalidValueError: the range goes beyond what the library knows.
        """
        if as_utc(end) <= as_utc(start):
            return []
        first, last = as_utc(start).date(), as_utc(end).date()
        if (self.first is not None and first < self.first) or (self.last is not None and last > self.last):
            known = f"{self.first or 'the beginning'} to {self.last or 'the end'}"
            raise InvalidValueError(f"The calendar {self.code} is known from {known}: ask for a range within.")
        wider = (first - self.MARGIN, last + self.MARGIN)
        calendar = self._of_library(
            self.code, start=max(wider[0], self.first or wider[0]), end=min(wider[1], self.last or wider[1])
        )
        found: list[OpenRange] = []
        for opens, pauses, resumes, closes in calendar.schedule.itertuples(index=False):
            edges = [at.to_pydatetime() for at in (opens, pauses, resumes, closes) if at == at]  # noqa: PLR0124 - NaT is no break
            found += [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True)]
        return _within(found, start, end)

    def _of_library(self, code: str, **bounds: date) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # between the library and pandas
                return self._library.get_calendar(code, **bounds)
        except self._library.errors.InvalidCalendarName:
            raise InvalidValueError(
                f"There is no exchange calendar {code!r}: use a market identifier code such as XNYS, XLON or CMES."
            ) from None


def exchange_calendar(code: str) -> ExchangeCalendar:
    """The calendar of an exchange by its market identifier code (ISO 10383), for example XNYS; extra `calendars`.

    Raises:
        InvalidValueError: there is no such calendar.
        MissingExtraError: exchange-calendars is not installed.
    """
    return ExchangeCalendar(code)


def _exchange_calendars() -> Any:
    try:
        return importlib.import_module("exchange_calendars")
    except ImportError:
        raise MissingExtraError(
            "exchange-calendars is not installed: run pip install 'tradingdb[calendars]'."
        ) from None


def _date(bound: Any) -> date | None:
    return None if bound is None else bound.date()


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _last_instant(local: datetime, zone: ZoneInfo) -> datetime:
    return max(_instant(local, zone), _instant(local.replace(fold=1), zone))


def _within(ranges: Iterable[OpenRange], start: datetime, end: datetime) -> list[OpenRange]:
    """What ranges have in `[start, end)`."""
    start, end = as_utc(start), as_utc(end)
    return joined((max(low, start), min(high, end)) for low, high in ranges if low < end and high > start)


def joined(ranges: Iterable[OpenRange]) -> list[OpenRange]:
    """Ranges in order of time, those that meet or overlap made one."""
    found: list[OpenRange] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found
