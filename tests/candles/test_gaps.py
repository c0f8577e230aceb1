"""Gaps: with the candles that are there they make the whole grid; filled, they are no gaps any more."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import candles
from tradingdb.candles import ALWAYS_OPEN, Calendar, FillReport, Gap, SessionCalendar
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Instrument
from tradingdb.services import market

START = datetime(2024, 1, 31, 23, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)
NEW_YORK = "America/New_York"
OVERNIGHT = {6: [(time(17), time(16))]} | {day: [(time(17), time(16, 30))] for day in range(4)}
STOCKS = {day: [(time(9, 30), time(16))] for day in range(5)}


def minute(at: int) -> datetime:
    return START + at * MINUTE


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


async def store(
    session: WriteSession, instrument: Instrument, timeframe: str, opens: list[datetime], price: float = 10
) -> None:
    rows = [[at.timestamp(), price, price + 2, price - 1, price + 1, 5] for at in opens]
    await candles.write(session, instrument, timeframe, rows, source="a test")


async def stored(session: ReadSession, instrument: Instrument, timeframe: str = "1m") -> dict[int, tuple[float, bool]]:
    """Close and is_synthetic by minute after START."""
    series = await candles.read(session, instrument, timeframe, columns=["is_synthetic"])
    minutes = [int((at.replace(tzinfo=UTC) - START) / MINUTE) for at in series.open_time.tolist()]
    return dict(zip(minutes, zip(series.close, series.extra["is_synthetic"], strict=True), strict=True))


class Case(NamedTuple):
    """A series with holes, and the question about it."""

    timeframe: Timeframe
    calendar: Calendar
    zone: str | None
    first: datetime
    size: int
    present: frozenset[int]
    start: timedelta | None
    end: timedelta | None


GRIDS = [
    (Timeframe.M30, 200),
    (Timeframe.H1, 200),
    (Timeframe.H4, 60),
    (Timeframe.D1, 30),
    (Timeframe.D3, 10),
    (Timeframe.W1, 6),
    (Timeframe.MN1, 4),
]
BEFORE_CLOCKS_CHANGE = [datetime(2024, 3, 8, 3, tzinfo=UTC), datetime(2024, 10, 31, 23, tzinfo=UTC)]
SESSIONS = [STOCKS, OVERNIGHT, {5: [(time(22), time(6))]}]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    timeframe, longest = draw(st.sampled_from(GRIDS))
    zone = draw(st.sampled_from([None, NEW_YORK, "Australia/Sydney"]))
    calendar = ALWAYS_OPEN if zone is None else SessionCalendar(zone, draw(st.sampled_from(SESSIONS)))
    first = draw(st.sampled_from(BEFORE_CLOCKS_CHANGE) | st.datetimes(datetime(2023, 1, 1), datetime(2024, 1, 1)))  # noqa: DTZ001
    size = draw(st.integers(1, longest))
    present = draw(st.frozensets(st.integers(0, size - 1), min_size=1))
    bound = st.none() | st.timedeltas(-timedelta(days=5), timedelta(days=40))
    return Case(timeframe, calendar, zone, first.replace(tzinfo=UTC), size, present, draw(bound), draw(bound))


def is_open(case: Case, open_time: datetime) -> bool:
    """Whether a clock on the wall shows opening hours at any half hour of a candle."""
    if not isinstance(case.calendar, SessionCalendar):
        return True
    instant, zone = open_time, ZoneInfo(case.zone or "UTC")
    while instant < case.timeframe.next(open_time):
        local = instant.astimezone(zone).replace(tzinfo=None)
        for day in (local.date(), local.date() - timedelta(days=1)):
            for opens, closes in case.calendar.sessions.get(day.weekday(), ()):
                last = datetime.combine(day + timedelta(days=closes <= opens), closes)
                if datetime.combine(day, opens) <= local < last:
                    return True
        instant += HALF_HOUR
    return False


def grid(timeframe: Timeframe, first: datetime, end: datetime) -> list[datetime]:
    """The open times in `[first, end)`, counted one by one."""
    found, at = [], timeframe.floor(first)
    while at < end:
        if at >= first:
            found.append(at)
        at = timeframe.next(at)
    return found


WEEKS = Case(Timeframe.W1, SessionCalendar(NEW_YORK, STOCKS), NEW_YORK, BEFORE_CLOCKS_CHANGE[0], 6, frozenset({1, 4}),
             timedelta(days=-5), timedelta(days=40))  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
@example(case=WEEKS)
@example(case=WEEKS._replace(timeframe=Timeframe.MN1, calendar=ALWAYS_OPEN, size=4, present=frozenset({1, 2})))
@example(case=WEEKS._replace(timeframe=Timeframe.H1, size=150, present=frozenset({10, 90}), start=None, end=None))
async def test_gaps_and_candles_make_the_grid(session: WriteSession, case: Case) -> None:
    opens = [case.timeframe.floor(case.first)]
    while len(opens) < case.size:
        opens.append(case.timeframe.next(opens[-1]))
    present = sorted(opens[at] for at in case.present)
    start = None if case.start is None else opens[0] + case.start
    end = None if case.end is None else opens[0] + case.end
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        await store(session, instrument, case.timeframe.value, present)
        found = await candles.gaps(session, instrument, case.timeframe, start, end, calendar=case.calendar)
        await savepoint.rollback()

    cells = grid(case.timeframe, start or present[0], end or case.timeframe.next(present[-1]))
    expected = {at for at in cells if is_open(case, at)}
    missing = [grid(case.timeframe, gap.start, gap.end) for gap in found]
    assert [at for gap in missing for at in gap] == sorted(expected - set(present))
    assert [gap.missing for gap in found] == [len(gap) for gap in missing]
    assert [(gap.start, gap.end) for gap in found] == [(gap[0], case.timeframe.next(gap[-1])) for gap in missing]
    for one, other in pairwise(found):
        assert one.end < other.start, "what is missing in a row is one gap"


async def test_before_the_first_and_after_the_last_candle_only_what_bounds_say(session: WriteSession) -> None:
    instrument = await btc(session)
    await store(session, instrument, "1m", [minute(5), minute(6), minute(9)])
    inner = Gap(minute(7), minute(9), 2)
    assert await candles.gaps(session, instrument, "1m") == [inner]
    assert await candles.gaps(session, instrument, "1m", minute(0)) == [Gap(minute(0), minute(5), 5), inner]
    assert await candles.gaps(session, instrument, "1m", None, minute(12)) == [inner, Gap(minute(10), minute(12), 2)]
    assert await candles.gaps(session, instrument, "1m", minute(8), minute(9)) == [Gap(minute(8), minute(9), 1)]
    between = await candles.gaps(session, instrument, "1m", minute(7) + MINUTE / 2, minute(8) + MINUTE / 2)
    assert between == [Gap(minute(8), minute(9), 1)], "a candle belongs to where it opens"
    assert await candles.gaps(session, instrument, "1m", minute(9), minute(7)) == []
    assert await candles.gaps(session, instrument, "1m", minute(20)) == []


async def test_a_series_without_candles_misses_only_what_both_bounds_say(session: WriteSession) -> None:
    instrument = await btc(session)
    assert await candles.gaps(session, instrument, "1m") == []
    assert await candles.gaps(session, instrument, "1m", minute(0)) == []
    assert await candles.gaps(session, instrument, "1m", minute(0), minute(3)) == [Gap(minute(0), minute(3), 3)]
    ancient = await candles.gaps(
        session, instrument, "3d", datetime(1, 1, 2, tzinfo=UTC), datetime(3, 1, 1, tzinfo=UTC)
    )
    assert [gap.start.year for gap in ancient] == [2]


async def test_other_series_do_not_count(session: WriteSession) -> None:
    instrument, other = await btc(session), await market.ensure_instrument(session, "binance", "ETH/USDT")
    await store(session, instrument, "1m", [minute(0), minute(3)])
    await store(session, instrument, "5m", [minute(0)])
    await store(session, other, "1m", [minute(1)])
    assert await candles.gaps(session, instrument, "1m") == [Gap(minute(1), minute(3), 2)]


async def test_what_has_not_closed_yet_is_not_missing(session: WriteSession) -> None:
    instrument = await btc(session)
    now = utc_now()
    hour = Timeframe.H1.floor(now)
    await store(session, instrument, "1h", [hour - timedelta(hours=3)])
    (gap,) = await candles.gaps(session, instrument, "1h", None, now + timedelta(days=400))
    assert gap.start == hour - timedelta(hours=2)
    assert gap.end in {hour, hour + timedelta(hours=1)}, "the clock may strike"
    assert await candles.gaps(session, instrument, "1h", now + timedelta(hours=2), now + timedelta(days=2)) == []


async def test_months_are_months_whatever_the_zone_of_the_session_is(session: WriteSession) -> None:
    instrument = await btc(session)
    await session.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
    months = [datetime(2023, month, 1, tzinfo=UTC) for month in range(1, 13)]
    await store(session, instrument, "1M", [months[0], *months[2:5], months[11]])
    assert await candles.gaps(session, instrument, "1M") == [
        Gap(months[1], months[2], 1), Gap(months[5], months[11], 6),
    ]  # fmt: skip


async def test_flat_candles_repeat_the_close_and_are_marked(session: WriteSession) -> None:
    instrument = await btc(session)
    await store(session, instrument, "1m", [minute(0)], price=20)
    await store(session, instrument, "1m", [minute(4), minute(12)], price=30)
    report = await candles.fill(session, instrument, "1m", "flat", end=minute(15))
    assert report == FillReport(filled=12, refreshed=0, left=0)
    found = await candles.read(session, instrument, "1m", columns=["is_closed", "is_synthetic"])
    assert found.close.tolist() == [21] * 4 + [31] * 11
    made = [at for at in range(15) if at not in {0, 4, 12}]
    assert [at for at in range(15) if found.extra["is_synthetic"][at]] == made
    assert all(found.extra["is_closed"])
    for at in made:
        assert found.open[at] == found.high[at] == found.low[at] == found.close[at]
        assert found.volume[at] == 0
    (info,) = await candles.coverage(session)
    assert (info.count, info.last, info.source) == (15, minute(14), "a test"), "the series keeps its source"


async def test_filling_again_changes_nothing(session: WriteSession) -> None:
    instrument = await btc(session)
    await store(session, instrument, "1m", [minute(0), minute(9)])
    await candles.fill(session, instrument, "1m", "flat")
    before = await stored(session, instrument)
    assert await candles.fill(session, instrument, "1m", "flat") == FillReport(0, 0, 0)
    assert await stored(session, instrument) == before
    assert await candles.gaps(session, instrument, "1m") == []


async def test_real_candles_replace_what_was_made_and_what_follows_them_is_refreshed(session: WriteSession) -> None:
    instrument = await btc(session)
    await store(session, instrument, "1m", [minute(0), minute(9)])
    await candles.fill(session, instrument, "1m", "flat")
    await store(session, instrument, "1m", [minute(5)], price=50)
    assert (await stored(session, instrument))[5] == (51, False)
    assert await candles.fill(session, instrument, "1m", "flat") == FillReport(filled=0, refreshed=3, left=0)
    found = await stored(session, instrument)
    assert [found[at] for at in (4, 5, 6, 7, 8, 9)] == [(11, True), (51, False), *[(51, True)] * 3, (11, False)]


async def test_what_was_made_in_an_earlier_session_is_nobodys_last_close(session: WriteSession) -> None:
    instrument = await btc(session)
    calendar = SessionCalendar("UTC", {day: [(time(10), time(12))] for day in range(7)})
    opens = [datetime(2024, 1, day, hour, tzinfo=UTC) for day in (10, 11, 12) for hour in (10, 11)]
    await store(session, instrument, "1h", [opens[0], opens[5]])
    await candles.fill(session, instrument, "1h", "flat", calendar=calendar)
    await store(session, instrument, "1h", [opens[0]], price=50)
    assert (await candles.fill(session, instrument, "1h", "flat", calendar=calendar)).refreshed == 4
    assert [close for close, _ in (await stored(session, instrument, "1h")).values()] == [51] * 5 + [11]


async def test_synthetic_candles_of_others_are_left_alone(session: WriteSession) -> None:
    instrument = await btc(session)
    row = [minute(1).timestamp(), 70, 72, 69, 71, 3]
    frame = dict(zip(["time", "open", "high", "low", "close", "volume"], ([value] for value in row), strict=True))
    await candles.write(session, instrument, "1m", frame | {"is_synthetic": [True]}, source="a model")
    await store(session, instrument, "1m", [minute(0), minute(3)])
    assert (await candles.fill(session, instrument, "1m", "flat")).filled == 1
    assert [close for close, _ in (await stored(session, instrument)).values()] == [11, 71, 71, 11]


async def test_what_no_close_comes_before_is_left_as_is_everything_without_a_policy(session: WriteSession) -> None:
    instrument = await btc(session)
    await store(session, instrument, "1m", [minute(5), minute(8)])
    assert await candles.fill(session, instrument, "1m", "none", start=minute(2)) == FillReport(0, 0, left=5)
    assert await candles.fill(session, instrument, "1m", "flat", start=minute(2)) == FillReport(2, 0, left=3)
    with pytest.raises(InvalidValueError, match="no policy 'linear' to fill gaps; these exist: flat, none"):
        await candles.fill(session, instrument, "1m", "linear")


async def test_closed_hours_stay_empty_and_the_close_is_taken_across_them(session: WriteSession) -> None:
    instrument = await btc(session)
    calendar = SessionCalendar(NEW_YORK, STOCKS, holidays={date(2024, 1, 15)})
    friday, tuesday = datetime(2024, 1, 12, 20, tzinfo=UTC), datetime(2024, 1, 16, 16, tzinfo=UTC)
    await store(session, instrument, "1h", [friday, tuesday], price=40)
    gap = Gap(tuesday - timedelta(hours=2), tuesday, 2)
    assert await candles.gaps(session, instrument, "1h", calendar=calendar) == [gap]
    report = await candles.fill(session, instrument, "1h", "flat", calendar=calendar)
    assert report == FillReport(filled=2, refreshed=0, left=0)
    assert [close for close, _ in (await stored(session, instrument, "1h")).values()] == [41] * 4

    await store(session, instrument, "1h", [friday, friday - timedelta(hours=1)], price=50)
    report = await candles.fill(session, instrument, "1h", "flat", calendar=calendar)
    assert report == FillReport(filled=0, refreshed=2, left=0)
    assert [close for close, _ in (await stored(session, instrument, "1h")).values()] == [51] * 4 + [41]


@pytest.mark.parametrize(("timeframe", "first"), [("1M", 2019), ("1w", 2021), ("4h", 2022)])
async def test_every_timeframe_is_filled_in_parts_across_years(
    session: WriteSession, monkeypatch: pytest.MonkeyPatch, timeframe: str, first: int
) -> None:
    monkeypatch.setattr(importlib.import_module("tradingdb.candles.gaps"), "CHUNK", 400)
    instrument = await btc(session)
    length = Timeframe(timeframe)
    ends = [length.floor(datetime(year, 11, 7, tzinfo=UTC)) for year in (first, 2022, 2023)]
    await store(session, instrument, timeframe, sorted(set(ends)))
    report = await candles.fill(session, instrument, timeframe, "flat")
    assert report.filled == length.count_between(ends[0], ends[-1]) - len(set(ends))
    series = await candles.read(session, instrument, timeframe)
    assert len(series) == report.filled + len(set(ends))
    assert await candles.gaps(session, instrument, timeframe) == []
    assert (await candles.verify_coverage(session)).is_true


async def test_a_read_session_suffices_to_ask(database: Database) -> None:
    async with database.read() as session:
        assert await candles.gaps(session, 1, "1m", minute(0), minute(1)) == [Gap(minute(0), minute(1), 1)]
