"""The grid of candles: the same in Python and in the table's CHECK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models.market.candles import GRID_CHECK

INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - the zone is drawn
TIMEFRAMES = st.sampled_from(Timeframe)


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_timeframe_is_understood_by_its_name(timeframe: Timeframe) -> None:
    assert Timeframe.parse(timeframe.value) is timeframe
    assert Timeframe.parse(timeframe) is timeframe


@pytest.mark.parametrize("spelling", ["1M", "1mo", "1mon"])
def test_a_month_has_three_spellings(spelling: str) -> None:
    assert Timeframe.parse(spelling) is Timeframe.MN1


@pytest.mark.parametrize("spelling", ["", "1", "m", "1 m", "60", "7m", "1H", "1D", "01m", "1MO", "1y", "-1m"])
def test_an_unknown_timeframe_is_refused_with_the_list_of_those_that_exist(spelling: str) -> None:
    with pytest.raises(InvalidValueError, match=f"no timeframe '{spelling}'; these exist: 1s, 1m, .*1w, 1M"):
        Timeframe.parse(spelling)


@pytest.mark.parametrize(
    ("timeframe", "opens"),
    [
        ("1s", "2026-05-06T13:47:23"),
        ("1m", "2026-05-06T13:47:00"),
        ("15m", "2026-05-06T13:45:00"),
        ("4h", "2026-05-06T12:00:00"),
        ("8h", "2026-05-06T08:00:00"),
        ("1d", "2026-05-06T00:00:00"),
        ("3d", "2026-05-04T00:00:00"),
        ("1w", "2026-05-04T00:00:00"),
        ("1M", "2026-05-01T00:00:00"),
    ],
)
def test_an_instant_is_covered_by_the_candle_that_a_venue_would_show(timeframe: str, opens: str) -> None:
    at = datetime(2026, 5, 6, 15, 47, 23, 999_999, timezone(timedelta(hours=2)))
    assert Timeframe.parse(timeframe).floor(at) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


def test_weeks_start_on_monday_and_three_days_are_counted_from_1970() -> None:
    assert Timeframe.W1.floor(datetime(2026, 5, 10, 23, 59, tzinfo=UTC)).isoweekday() == 1
    assert (Timeframe.D3.floor(datetime(2026, 5, 10, tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)).days % 3 == 0


@settings(deadline=None, max_examples=100)
@given(timeframe=TIMEFRAMES, at=INSTANTS)
@example(timeframe=Timeframe.MN1, at=datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC))
@example(timeframe=Timeframe.W1, at=datetime(1969, 12, 31, tzinfo=UTC))
def test_a_candle_covers_its_instant_and_the_next_one_does_not(timeframe: Timeframe, at: datetime) -> None:
    opens = timeframe.floor(at)
    instant = at.astimezone(UTC)
    assert opens <= instant < timeframe.next(opens)
    assert timeframe.floor(opens) == opens
    assert timeframe.floor(timeframe.next(opens)) == timeframe.next(opens)
    assert timeframe.floor(timeframe.next(opens) - timedelta(microseconds=1)) == opens
    assert opens.tzinfo is UTC


@settings(deadline=None, max_examples=60)
@given(timeframe=TIMEFRAMES, at=INSTANTS, count=st.integers(1, 50))
def test_counting_candles_is_the_same_as_walking_from_one_to_the_next(
    timeframe: Timeframe, at: datetime, count: int
) -> None:
    first = last = timeframe.floor(at)
    for _ in range(count - 1):
        last = timeframe.next(last)
    assert timeframe.count_between(first, last) == count


def test_a_longer_timeframe_is_listed_after_a_shorter_one() -> None:
    known = [timeframe.seconds for timeframe in Timeframe if timeframe.seconds is not None]
    assert all(shorter < longer for shorter, longer in pairwise(known))
    assert list(Timeframe)[-1].seconds is None


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(instants=st.lists(INSTANTS, min_size=1, max_size=20))
@example(instants=[datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2000, 1, 1, tzinfo=UTC)])
@example(instants=[datetime(1582, 10, 10, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)])
async def test_the_table_accepts_what_floor_gives_and_refuses_what_lies_beside_it(
    session: WriteSession, instants: list[datetime]
) -> None:
    opens = [(timeframe, timeframe.floor(at)) for timeframe in Timeframe for at in instants]
    beside = [
        (timeframe, open_time + shift)
        for timeframe, open_time in opens
        for shift in (timedelta(seconds=1), timedelta(seconds=-1), timedelta(microseconds=1))
        if timeframe is not Timeframe.S1 or shift.microseconds
    ]
    assert await accepted(session, opens) == {True}
    assert await accepted(session, beside) == {False}


async def test_the_table_does_not_look_at_the_time_zone_of_the_connection(session: WriteSession) -> None:
    await session.execute(text("SET LOCAL timezone = 'Asia/Kathmandu'"))
    at = datetime(2026, 5, 6, 13, 47, 23, tzinfo=UTC)
    assert await accepted(session, [(timeframe, timeframe.floor(at)) for timeframe in Timeframe]) == {True}


async def accepted(session: WriteSession, candles: list[tuple[Timeframe, datetime]]) -> set[bool | None]:
    """What the CHECK of the table says of these candles."""
    statement = text(
        f"SELECT DISTINCT {GRID_CHECK} FROM unnest(CAST(:timeframes AS text[]), CAST(:times AS timestamptz[])) "
        "AS candle (timeframe, open_time)"
    )
    times = [at for _, at in candles]
    return set(await session.scalars(statement, {"timeframes": [str(name) for name, _ in candles], "times": times}))
