"""Resampling: what PostgreSQL makes of candles is what polars, or a walk along the clock, makes of the same candles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tradingdb import candles
from tradingdb.candles.calendars import SessionCalendar
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Candle, Instrument
from tradingdb.services import market
from tradingdb.timeseries import partitions

NEW_YORK = "America/New_York"
HALF_HOUR = timedelta(minutes=30)
EXTRA = ("quote_volume", "trade_count", "taker_buy_volume", "is_closed", "is_synthetic")
AMOUNTS = ("volume", "quote_volume", "trade_count", "taker_buy_volume")
WEEKDAYS = range(5)


@dataclass(frozen=True)
class Bar:
    """A source candle; `at` counts source candles from a start. Whole numbers, so that sums are exact."""

    at: int
    open: int
    close: int
    reach: int
    amount: int | None
    is_closed: bool
    is_synthetic: bool


@pytest.fixture
async def btc(session: WriteSession) -> Instrument:
    """An instrument, with the months that these tests use made once."""
    for year, month in ((2018, 10), (2018, 11), *((2024, month) for month in (2, 3, 4, 10, 11, 12))):
        await partitions.ensure_months(session, Candle, [datetime(year, month, 1, tzinfo=UTC)])
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


def columns_of(bars: list[Bar], start: datetime, step: timedelta) -> dict[str, np.ndarray[Any, Any]]:
    amount = np.array([np.nan if bar.amount is None else bar.amount for bar in bars], float)
    return {
        "time": np.array([int((start + bar.at * step).timestamp()) for bar in bars]),
        "open": np.array([bar.open for bar in bars], float),
        "high": np.array([max(bar.open, bar.close) + bar.reach for bar in bars], float),
        "low": np.array([min(bar.open, bar.close) - bar.reach for bar in bars], float),
        "close": np.array([bar.close for bar in bars], float),
        **dict.fromkeys(AMOUNTS, amount),
        "is_closed": np.array([bar.is_closed for bar in bars]),
        "is_synthetic": np.array([bar.is_synthetic for bar in bars]),
    }


def flat(times: list[datetime]) -> dict[str, Any]:
    price = np.arange(1.0, len(times) + 1)
    return {
        "time": np.array([int(at.timestamp()) for at in times]),
        **dict.fromkeys(("open", "high", "low", "close"), price),
        "volume": np.ones(len(times)),
    }


def every(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


price = st.integers(100, 104)
bar = st.builds(
    Bar, st.integers(0, 1_500), price, price, st.integers(0, 3), st.none() | st.integers(0, 9),
    st.sampled_from([True, True, True, False]), st.booleans(),
)  # fmt: skip


def history(pattern: list[Bar], first: int, count: int, lone: list[Bar], missing: set[int]) -> list[Bar]:
    """A stretch in which a pattern repeats, with holes, and candles apart from it."""
    stretch = [replace(pattern[at % len(pattern)], at=at) for at in range(first, first + count) if at not in missing]
    return list({one.at: one for one in (*stretch, *lone)}.values())


at = st.integers(0, 1_500)
histories = st.builds(
    history, st.lists(bar, min_size=1, max_size=9), st.integers(0, 300), st.integers(1, 1_100),
    st.lists(bar, max_size=5), st.sets(at, max_size=3),
)  # fmt: skip


def by_polars(
    data: dict[str, np.ndarray[Any, Any]], source: timedelta, target: str, zone: str
) -> list[dict[str, object]]:
    """The same by polars' own grouping. It has no word for complete: it counts candles up to the next bucket."""
    length, step = target.replace("M", "mo"), int(source.total_seconds())
    amounts = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in AMOUNTS]
    frame = pl.DataFrame(data).with_columns(pl.from_epoch("time").dt.replace_time_zone("UTC")).sort("time")
    grouped = (
        frame.with_columns(pl.col(AMOUNTS).fill_nan(None), pl.col("time").dt.convert_time_zone(zone))
        .group_by_dynamic("time", every=length)
        .agg(
            pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(), *amounts,
            pl.col("is_closed").all(), pl.col("is_synthetic").all(), pl.col("is_synthetic").any().alias("some"),
            pl.len().alias("candle_count"),
        )
        .with_columns(expected=(pl.col("time").dt.offset_by(length) - pl.col("time")).dt.total_seconds() // step)
        .with_columns(is_complete=pl.col("candle_count") == pl.col("expected"))
        .with_columns(is_closed=pl.col("is_complete") & pl.col("is_closed") & ~pl.col("some"))
    )  # fmt: skip
    return grouped.drop("some", "expected").with_columns(pl.col("time").dt.convert_time_zone("UTC")).to_dicts()


def as_rows(series: candles.CandleSeries) -> list[dict[str, object]]:
    frame = series.to_polars().rename({"open_time": "time"})
    missing = [pl.col(name).fill_nan(None) for name in AMOUNTS if name != "trade_count"]
    count = pl.when(pl.col("trade_count") >= 0).then(pl.col("trade_count"))
    return frame.with_columns(*missing, count.alias("trade_count")).to_dicts()


# weeks and months, and both days on which New York changes its clocks
STARTS = st.sampled_from([datetime(2024, 2, 26, tzinfo=UTC), datetime(2024, 10, 28, 12, tzinfo=UTC)])


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bars=histories,
    start=STARTS,
    source=st.sampled_from([("30m", HALF_HOUR), ("1h", timedelta(hours=1))]),
    target=st.sampled_from(
        [*(("UTC", to) for to in ("2h", "7h", "1d", "3d", "1w", "1M")), *((NEW_YORK, to) for to in ("1d", "1w", "1M"))]
    ),
)
async def test_any_candles_become_what_polars_makes_of_them(
    session: WriteSession,
    btc: Instrument,
    bars: list[Bar],
    start: datetime,
    source: tuple[str, timedelta],
    target: tuple[str, str],
) -> None:
    """Hours of a place are left out: over a change of clocks polars counts those that have passed, we what clocks show.

    Those are held against a walk along the clock, below.
    """
    zone, length = target
    data = columns_of(bars, start, source[1])
    savepoint = await session.begin_nested()
    await candles.write(session, btc, source[0], data)
    made = await candles.resample(session, btc, source[0], length, time_zone=zone, columns=EXTRA)
    await savepoint.rollback()
    expected = by_polars(data, source[1], length, zone)
    assert sorted(as_rows(made)[0]) == sorted(expected[0])
    assert [sorted(row.items()) for row in as_rows(made)] == [sorted(row.items()) for row in expected]
    assert made.timeframe == length


def buckets_along_the_clock(
    zone: str, start: datetime, end: datetime, length: timedelta, day_starts: time
) -> dict[datetime, datetime]:
    """The bucket of every half hour: one begins when the clock shows a multiple, or jumps at or from one.

    Days begin when the date of the trading day is another one.
    """
    day = timedelta(days=1)
    offset = datetime.combine(start, day_starts) - datetime.combine(start, time())
    shift = offset - day if day_starts >= time(12) else offset
    found: dict[datetime, datetime] = {}
    begun = before = None
    for at in every(start - 3 * day, end, HALF_HOUR):
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - shift
        since = datetime(1970, 1, 1)  # noqa: DTZ001 - local
        if length % day == timedelta():
            begins = (
                before is not None
                and (local.date() - since.date()) // length > (before.date() - since.date()) // length
            )
        else:
            skipped = before is not None and local > before + HALF_HOUR and not (before + HALF_HOUR - since) % length
            begins = not (local - since) % length or skipped
        begun, before = (at if begins else begun), local
        if begun is not None:
            found[at] = begun
    return {at: bucket for at, bucket in found.items() if at >= start}


CHANGES = {
    NEW_YORK: (datetime(2024, 3, 10, tzinfo=UTC), datetime(2024, 11, 3, tzinfo=UTC)),
    "America/Havana": (datetime(2024, 3, 10, tzinfo=UTC), datetime(2024, 11, 3, tzinfo=UTC)),  # midnight comes twice
    "America/Sao_Paulo": (datetime(2018, 11, 4, tzinfo=UTC),),  # midnight does not come
    "Australia/Lord_Howe": (datetime(2024, 4, 6, tzinfo=UTC), datetime(2024, 10, 5, tzinfo=UTC)),  # half an hour
    "Asia/Kolkata": (datetime(2024, 3, 10, tzinfo=UTC),),
}


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    change=st.sampled_from([(zone, at) for zone, instants in CHANGES.items() for at in instants]),
    target=st.sampled_from(["1h", "90m", "2h", "150m", "4h", "12h", "1d", "2d"]),
    day_starts=st.sampled_from([time(), time(6), time(17)]),
    missing=st.sets(st.integers(0, 190), max_size=20),
)
@example(change=("America/Havana", CHANGES["America/Havana"][1]), target="1d", day_starts=time(), missing=set())
@example(change=("America/Sao_Paulo", CHANGES["America/Sao_Paulo"][0]), target="1d", day_starts=time(), missing=set())
@example(change=(NEW_YORK, CHANGES[NEW_YORK][1]), target="90m", day_starts=time(), missing=set())
@example(change=(NEW_YORK, CHANGES[NEW_YORK][0]), target="2h", day_starts=time(), missing=set())
@example(change=(NEW_YORK, CHANGES[NEW_YORK][0]), target="4h", day_starts=time(2, 30), missing=set())
async def test_buckets_follow_the_clock_of_every_zone(
    session: WriteSession,
    btc: Instrument,
    change: tuple[str, datetime],
    target: str,
    day_starts: time,
    missing: set[int],
) -> None:
    zone, at = change
    span = (at - timedelta(days=2), at + timedelta(days=2))
    length = timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[target[-1]]: int(target[:-1])})
    walked = buckets_along_the_clock(zone, *span, length, day_starts)
    times = [instant for number, instant in enumerate(every(*span, HALF_HOUR)) if number not in missing]
    savepoint = await session.begin_nested()
    await candles.write(session, btc, "30m", flat(times))
    made = await candles.resample(session, btc, "30m", target, time_zone=zone, day_starts=day_starts)
    await savepoint.rollback()
    counted: dict[datetime, int] = {}
    for instant in times:
        counted[walked[instant]] = counted.get(walked[instant], 0) + 1
    begins = [instant.replace(tzinfo=UTC) for instant in made.open_time.tolist()]
    assert dict(zip(begins, made.extra["candle_count"].tolist(), strict=True)) == counted
    whole = {bucket: sum(other == bucket for other in walked.values()) for bucket in counted}
    inner = slice(1, -1)  # the walk does not see the ends of the outer ones
    assert made.extra["is_complete"].tolist()[inner] == [counted[at] == whole[at] for at in begins][inner]


async def test_days_of_new_york_have_23_and_25_hours(session: WriteSession, btc: Instrument) -> None:
    for day, hours, opens in ((datetime(2024, 3, 10), 23, 5), (datetime(2024, 11, 3), 25, 4)):  # noqa: DTZ001 - local
        start = day.replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
        await candles.write(
            session, btc, "1h", flat(list(every(start, start + timedelta(hours=hours + 1), 2 * HALF_HOUR)))
        )
        made = await candles.resample(session, btc, "1h", "1d", start, time_zone=NEW_YORK)
        assert made.open_time[0].item().hour == opens
        assert made.extra["candle_count"].tolist() == [hours, 1]
        assert made.extra["is_complete"].tolist() == [True, False]


async def test_sessions_of_an_exchange_make_buckets_from_their_opening(session: WriteSession, btc: Instrument) -> None:
    stocks = SessionCalendar(
        NEW_YORK,
        {day: [(time(9, 30), time(16))] for day in WEEKDAYS},
        holidays={datetime(2024, 11, 5).date()},  # noqa: DTZ001
    )
    week = every(datetime(2024, 11, 3, tzinfo=UTC), datetime(2024, 11, 10, tzinfo=UTC), HALF_HOUR)
    await candles.write(session, btc, "30m", flat(list(week)))

    hours = await candles.resample(session, btc, "30m", "1h", time_zone=NEW_YORK, calendar=stocks)
    assert hours.extra["candle_count"].tolist() == [2, 2, 2, 2, 2, 2, 1] * 4, "the last is cut by the close"
    assert hours.extra["is_complete"].all()
    assert hours.open_time[0] == np.datetime64("2024-11-04T14:30")
    days = await candles.resample(session, btc, "30m", "1d", time_zone=NEW_YORK, calendar=stocks)
    assert [str(at) for at in days.open_time.astype("datetime64[m]")] == [
        f"2024-11-0{day}T14:30" for day in (4, 6, 7, 8)
    ]
    assert (days.extra["candle_count"].tolist(), days.extra["is_complete"].all()) == ([13] * 4, True)
    assert days.close[0] - days.open[0] == 12
    [whole] = (await candles.resample(session, btc, "30m", "1w", time_zone=NEW_YORK, calendar=stocks)).extra[
        "is_complete"
    ]
    assert whole


async def test_a_week_of_currencies_begins_on_sunday_afternoon(session: WriteSession, btc: Instrument) -> None:
    hours = {6: [(time(17), time(17))], **{day: [(time(17), time(17))] for day in range(4)}}
    currencies = SessionCalendar(NEW_YORK, hours)
    sunday, friday = datetime(2024, 3, 3, 22, tzinfo=UTC), datetime(2024, 3, 8, 22, tzinfo=UTC)
    await candles.write(session, btc, "1h", flat(list(every(sunday, friday, 2 * HALF_HOUR))))
    for length, count in (("1d", 5), ("1w", 1)):
        made = await candles.resample(
            session, btc, "1h", length, time_zone=NEW_YORK, day_starts=time(17), calendar=currencies
        )
        assert made.open_time[0] == np.datetime64(sunday.replace(tzinfo=None))
        assert made.extra["candle_count"].tolist() == [120 // count] * count
        assert made.extra["is_complete"].all()
    bare = await candles.resample(session, btc, "1h", "1w", time_zone=NEW_YORK, day_starts=time(17))
    assert (bare.open_time[0], bare.extra["is_complete"].tolist()) == (made.open_time[0], [False])


async def test_an_origin_moves_the_grid_and_bounds_cut_it(session: WriteSession, btc: Instrument) -> None:
    start = datetime(2024, 3, 5, tzinfo=UTC)
    await candles.write(session, btc, "30m", flat(list(every(start, start + timedelta(hours=8), HALF_HOUR))))
    made = await candles.resample(session, btc, "30m", "2h", origin=datetime(2030, 1, 1, 0, 30, tzinfo=UTC))
    assert [str(at)[11:16] for at in made.open_time] == ["22:30", "00:30", "02:30", "04:30", "06:30"]
    assert made.extra["candle_count"].tolist() == [1, 4, 4, 4, 3]
    cut = await candles.resample(session, btc, "30m", "2h", start + HALF_HOUR, start + timedelta(hours=5))
    assert cut.extra["candle_count"].tolist() == [3, 4, 2]
    assert cut.extra["is_complete"].tolist() == [False, True, False]
    assert cut.close[-1] == 10, "nothing of after the end is known"
    quarter = await candles.resample(session, btc, "30m", "3M", origin=datetime(2023, 12, 15, 6, tzinfo=UTC))
    assert [str(at)[:13] for at in quarter.open_time] == ["2023-12-15T06"]


async def test_no_candles_and_months_of_months(session: WriteSession, btc: Instrument) -> None:
    for zone in ("UTC", NEW_YORK):
        nothing = await candles.resample(session, btc, "1h", "1d", time_zone=zone, columns=EXTRA)
        assert (len(nothing), len(nothing.to_polars())) == (0, 0)
    months = [datetime(2024, month, 1, tzinfo=UTC) for month in (2, 3, 4, 10, 11, 12)]
    await candles.write(session, btc, "1M", flat(months))
    made = await candles.resample(session, btc, "1M", "3M")
    assert [str(at)[:7] for at in made.open_time] == ["2024-01", "2024-04", "2024-10"]
    assert made.extra["is_complete"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("source", "target", "options", "reason"),
    [
        ("1h", "90m", {}, "not made of whole candles"),
        ("1h", "1h", {}, "not made of whole candles"),
        ("1d", "1h", {}, "not made of whole candles"),
        ("1w", "1M", {}, "not made of whole candles"),
        ("1M", "1M", {}, "not made of whole candles"),
        ("1h", "0d", {}, "no length"),
        ("1h", "1y", {}, "no length"),
        ("1h", "1d", {"time_zone": "Mars/Base"}, "no time zone"),
        ("1h", "1d", {"time_zone": "EST"}, "ambiguous"),
        ("1h", "1d", {"time_zone": "Asia/Kolkata"}, "inside a candle of 1h"),
        ("1h", "1d", {"origin": datetime(2024, 1, 1, 0, 10, tzinfo=UTC)}, "inside a candle of 1h"),
        ("1h", "1d", {"origin": datetime(2024, 1, 1)}, "without a zone"),  # noqa: DTZ001 - that is the point
        ("1h", "1M", {"origin": datetime(2024, 1, 31, tzinfo=UTC)}, "29th or later"),
        ("1h", "1d", {"origin": datetime(2024, 1, 1, tzinfo=UTC), "day_starts": time(17)}, "not from both"),
        ("1h", "1d", {"columns": ["spread"]}, "no column 'spread'"),
        ("1M", "3M", {"time_zone": NEW_YORK}, "are those of UTC"),
    ],
)
async def test_what_cannot_be_made_is_refused(
    session: WriteSession, btc: Instrument, source: str, target: str, options: dict[str, Any], reason: str
) -> None:
    await candles.write(session, btc, "1h", flat([datetime(2024, 3, 5, tzinfo=UTC)]))
    with pytest.raises(InvalidValueError, match=reason):
        await candles.resample(session, btc, source, target, **options)
