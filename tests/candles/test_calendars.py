"""Calendars: open hours by rules and by exchanges, right where clocks are changed."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tradingdb.candles import ALWAYS_OPEN, Calendar, SessionCalendar, exchange_calendar
from tradingdb.errors import InvalidValueError, MissingExtraError

NEW_YORK = "America/New_York"
STOCKS = {day: [(time(9, 30), time(16))] for day in range(5)}
FUTURES = {6: [(time(17), time(16))]} | {day: [(time(17), time(16))] for day in range(4)}
"""Sunday 17:00 to Friday 16:00, with an hour's break a day, as CME has them."""
HALF_HOUR = timedelta(minutes=30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(calendar: Calendar, start: str, end: str) -> list[str]:
    """The open hours as text, in UTC."""
    return [f"{low:%m-%d %H:%M}-{high:%m-%d %H:%M}" for low, high in calendar.open_between(at(start), at(end))]


def test_always_is_one_range() -> None:
    assert hours(ALWAYS_OPEN, "2024-02-28", "2024-03-01T12:00") == ["02-28 00:00-03-01 12:00"]
    assert hours(ALWAYS_OPEN, "2024-02-28", "2024-02-28") == []


def test_sessions_follow_the_clocks_of_their_zone() -> None:
    calendar = SessionCalendar(NEW_YORK, STOCKS)
    assert hours(calendar, "2024-03-07", "2024-03-13") == [
        "03-07 14:30-03-07 21:00", "03-08 14:30-03-08 21:00", "03-11 13:30-03-11 20:00", "03-12 13:30-03-12 20:00",
    ]  # fmt: skip
    assert hours(calendar, "2024-11-01", "2024-11-05") == ["11-01 13:30-11-01 20:00", "11-04 14:30-11-04 21:00"]


def test_a_range_cuts_the_sessions_at_its_ends() -> None:
    calendar = SessionCalendar(NEW_YORK, STOCKS)
    assert hours(calendar, "2024-03-07T15:00", "2024-03-08T15:00") == [
        "03-07 15:00-03-07 21:00", "03-08 14:30-03-08 15:00",
    ]  # fmt: skip
    assert hours(calendar, "2024-03-07T21:00", "2024-03-08T14:30") == []


def test_overnight_sessions_close_on_the_next_day() -> None:
    calendar = SessionCalendar("America/Chicago", FUTURES)
    assert hours(calendar, "2024-03-07T12:00", "2024-03-12T12:00") == [
        "03-07 12:00-03-07 22:00", "03-07 23:00-03-08 22:00",  # Friday 16:00 in winter
        "03-10 22:00-03-11 21:00", "03-11 22:00-03-12 12:00",  # Sunday 17:00 in summer
    ]  # fmt: skip


def test_far_in_the_east_it_is_tomorrow_already() -> None:
    calendar = SessionCalendar("Australia/Sydney", {day: [(time(10), time(16))] for day in range(5)})
    assert hours(calendar, "2024-01-07T12:00", "2024-01-07T23:30") == ["01-07 23:00-01-07 23:30"], "Monday 10:00"


def test_sessions_that_meet_are_one_range() -> None:
    week = {6: [(time(17), time(17))]} | {day: [(time(17), time(17))] for day in range(4)}
    assert hours(SessionCalendar(NEW_YORK, week), "2024-01-06", "2024-01-13T12:00") == ["01-07 22:00-01-12 22:00"]


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        (FUTURES, ["01-15 00:00-01-15 22:00", "01-16 23:00-01-17 00:00"]),
        ({day: [(time(), time())] for day in range(7)}, ["01-15 00:00-01-16 00:00"]),
        ({1: [(time(2), time(3))]}, []),
    ],
    ids=["overnight", "midnight to midnight", "by day"],
)
def test_a_holiday_is_the_day_on_which_a_session_ends(sessions: dict[int, Any], expected: list[str]) -> None:
    zone = "America/Chicago" if sessions is FUTURES else "UTC"
    calendar = SessionCalendar(zone, sessions, holidays={date(2024, 1, 16)})
    assert hours(calendar, "2024-01-15", "2024-01-17") == expected


def test_an_early_close_ends_all_sessions_of_its_day() -> None:
    lunch = [(time(9), time(11, 30)), (time(12, 30), time(15))]
    calendar = SessionCalendar("Asia/Tokyo", {0: lunch, 1: lunch}, early_closes={date(2024, 1, 15): time(11)})
    assert hours(calendar, "2024-01-15", "2024-01-17") == [
        "01-15 00:00-01-15 02:00", "01-16 00:00-01-16 02:30", "01-16 03:30-01-16 06:00",
    ]  # fmt: skip
    calendar = SessionCalendar("America/Chicago", FUTURES, early_closes={date(2024, 1, 15): time(12)})
    assert hours(calendar, "2024-01-14", "2024-01-16") == ["01-14 23:00-01-15 18:00", "01-15 23:00-01-16 00:00"]
    late = SessionCalendar("UTC", {0: [(time(9), time(17))]}, early_closes={date(2024, 1, 15): time(18)})
    assert hours(late, "2024-01-15", "2024-01-16") == ["01-15 09:00-01-15 17:00"]


def test_an_hour_that_comes_twice_is_open_twice_and_one_that_is_skipped_opens_after_it() -> None:
    calendar = SessionCalendar(NEW_YORK, {6: [(time(1), time(1, 30)), (time(2, 30), time(4))]})
    assert hours(calendar, "2024-11-03", "2024-11-04") == ["11-03 05:00-11-03 06:30", "11-03 07:30-11-03 09:00"]
    assert hours(calendar, "2024-03-10", "2024-03-11") == ["03-10 06:00-03-10 06:30", "03-10 07:30-03-10 08:00"]


@st.composite
def session_calendars(draw: st.DrawFn) -> SessionCalendar:
    """Sessions that open and close on half hours at which no clock is changed."""
    zone = draw(st.sampled_from([NEW_YORK, "Europe/London", "Asia/Kolkata", "Australia/Sydney", "UTC"]))
    times = st.integers(8, 47).map(lambda half: time(half // 2, half % 2 * 30))
    days = st.dictionaries(st.integers(0, 6), st.lists(st.tuples(times, times), min_size=1, max_size=2), min_size=1)
    return SessionCalendar(zone, draw(days))


def is_open_by_the_clock(calendar: SessionCalendar, instant: datetime) -> bool:
    """What somebody sees who looks at the clock on the wall, and at the hours on the door."""
    local = instant.astimezone(ZoneInfo(calendar.time_zone)).replace(tzinfo=None)
    for ago in (0, 1):
        day = local.date() - timedelta(days=ago)
        for opens, closes in calendar.sessions.get(day.weekday(), ()):
            last = datetime.combine(day + timedelta(days=closes <= opens), closes)
            if datetime.combine(day, opens) <= local < last:
                return True
    return False


@settings(max_examples=20, deadline=None)
@given(calendar=session_calendars(), day=st.dates(date(2023, 1, 1), date(2025, 1, 1)))
@example(calendar=SessionCalendar(NEW_YORK, FUTURES), day=date(2024, 3, 8))
@example(calendar=SessionCalendar(NEW_YORK, FUTURES), day=date(2024, 11, 1))
def test_open_hours_are_what_the_clock_on_the_wall_says(calendar: SessionCalendar, day: date) -> None:
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=5)
    found = calendar.open_between(start, end)
    assert all(low < high for low, high in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    for instant in (start + at * HALF_HOUR for at in range(5 * 48)):
        assert any(low <= instant < high for low, high in found) == is_open_by_the_clock(calendar, instant)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"time_zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"sessions": {}}, "never open"),
        ({"sessions": {0: []}}, "never open"),
        ({"sessions": {7: [(time(1), time(2))]}}, "no weekday 7: 0 is Monday"),
        ({"sessions": {0: [(time(1, tzinfo=UTC), time(2))]}}, "leave tzinfo out"),
        ({"early_closes": {date(2024, 1, 1): time(1, tzinfo=UTC)}}, "leave tzinfo out"),
        ({"holidays": {datetime(2024, 1, 1, tzinfo=UTC)}}, "pass a date, not a datetime"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        SessionCalendar(**({"time_zone": "UTC", "sessions": STOCKS} | wrong))


def test_an_exchange_has_its_holidays_early_closes_and_breaks() -> None:
    assert hours(exchange_calendar("XNYS"), "2023-11-22T20:00", "2023-11-27") == [
        "11-22 20:00-11-22 21:00", "11-24 14:30-11-24 18:00",
    ]  # fmt: skip
    assert hours(exchange_calendar("XTKS"), "2024-02-01", "2024-02-02") == [
        "02-01 00:00-02-01 02:30", "02-01 03:30-02-01 06:00",
    ]  # fmt: skip
    assert hours(exchange_calendar("CMES"), "2024-03-08", "2024-03-11") == [
        "03-08 00:00-03-08 23:00", "03-10 22:00-03-11 00:00",
    ]  # fmt: skip
    assert hours(exchange_calendar("XNYS"), "1990-12-24", "1990-12-27") == [
        "12-24 14:30-12-24 19:00", "12-26 14:30-12-26 21:00",
    ]  # fmt: skip
    assert hours(exchange_calendar("XNYS"), "2024-01-06", "2024-01-07") == []
    assert hours(exchange_calendar("XNYS"), "2024-01-06", "2024-01-01") == []


def test_what_an_exchange_calendar_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="no exchange calendar 'NOPE': use a market identifier code"):
        exchange_calendar("NOPE")
    with pytest.raises(InvalidValueError, match="XHKG is known from 1960-01-01 to 2049-12-31"):
        exchange_calendar("XHKG").open_between(at("1950-01-01"), at("1951-01-01"))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)  # what Python then says is what it says without it
    with pytest.raises(MissingExtraError, match=r"pip install 'tradingdb\[calendars\]'"):
        exchange_calendar("XNYS")
