"""Longer candles from shorter ones, computed by PostgreSQL: any length, time zone, origin or trading hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import text

from tradingdb.candles.buckets import MIDNIGHT, Buckets, Length
from tradingdb.candles.fetch import fetch_columns
from tradingdb.candles.series import CandleSeries, SeriesQuery, bounds
from tradingdb.candles.validate import on_grid
from tradingdb.candles.wire import empty
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, time

    from numpy.typing import NDArray

    from tradingdb.candles.calendars import Calendar
    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

_IN_TIME = "ORDER BY open_time"
# sums are taken in order of time, so that the same candles always give the same last digit
_ALWAYS = {
    "open_time": ("timestamptz", "{bucket}"),
    "open": ("float8", f"(array_agg(open {_IN_TIME}))[1]"),
    "high": ("float8", "max(high)"),
    "low": ("float8", "min(low)"),
    "close": ("float8", f"(array_agg(close {_IN_TIME}))[count(*)]"),
    "volume": ("float8", f"coalesce(sum(volume {_IN_TIME}), 'NaN')"),
    "ends": ("timestamptz", "{ends}"),
    "candle_count": ("int8", "count(*)"),
    "is_complete": ("bool", "count(*) = {expected}"),
}
_ON_REQUEST = {
    "quote_volume": ("float8", f"coalesce(sum(quote_volume {_IN_TIME}), 'NaN')"),
    "trade_count": ("int8", "coalesce(sum(trade_count), -1)::int8"),
    "taker_buy_volume": ("float8", f"coalesce(sum(taker_buy_volume {_IN_TIME}), 'NaN')"),
    "is_closed": ("bool", "count(*) = {expected} AND bool_and(is_closed AND NOT is_synthetic)"),
    "is_synthetic": ("bool", "bool_and(is_synthetic)"),
    "first_open_time": ("timestamptz", "min(open_time)"),
}
_MARKS = ("is_complete", "candle_count")


async def resample(
    session: ReadSession,
    instrument: Instrument | int,
    source_timeframe: Timeframe | str,
    target_timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    time_zone: str = "UTC",
    origin: datetime | None = None,
    day_starts: time = MIDNIGHT,
    calendar: Calendar | None = None,
    columns: Sequence[str] = (),
) -> CandleSeries:
    """Candles of a longer timeframe, or of any length such as 90m or 2w, made of the source candles in `[start, end)`.

    Buckets are those of `Timeframe`, unless `time_zone`, `origin` (an instant at which one begins), `day_starts` (a
    local time) or `calendar` (outside of whose open hours candles are left out) say otherwise: see
    `candles.buckets.Buckets`. One without any candle is left out; one that a bound cuts has only those within.

    `extra` always has `is_complete`, whether every source candle is there, and `candle_count`, how many are; `columns`
    asks for more as in `read`, and for `first_open_time`, of the first source candle. A volume or count is the sum of
    what was reported, NaN or -1 if nothing was. A bucket is closed if it is complete and all of its candles are closed
    and real; synthetic if all of them are. `timeframe` is the text of the length where no Timeframe has it.

    Raises:
        InvalidValueError: the target is not made of whole source candles, or an argument cannot be understood.
    """
    source, length = Timeframe.parse(source_timeframe), Length.parse(target_timeframe)
    length.require_coarser_than(source)
    buckets = Buckets(length, time_zone, origin, day_starts, calendar)
    if source.seconds is None and (time_zone != "UTC" or calendar is not None):
        raise InvalidValueError("Candles of months are those of UTC: no other time zone or hours can be made of them.")
    if unknown := [name for name in columns if name not in _ON_REQUEST]:
        raise InvalidValueError(
            f"Resampled candles have no column {unknown[0]!r}; these can be asked for: {', '.join(_ON_REQUEST)}."
        )
    wanted = _ALWAYS | {name: _ON_REQUEST[name] for name in columns}
    series = SeriesQuery.of(instrument, source, ())
    chosen = " AND ".join((series.series, *bounds(source, start, end)))
    query = await _query(session, buckets, source, chosen, wanted)
    kinds = {name: kind for name, (kind, _) in wanted.items()}
    values: dict[str, Any] = empty(kinds) if query is None else await fetch_columns(session, kinds, query)
    _refuse_cut_candles(values["open_time"], values.pop("ends"), source, buckets)
    for name, (kind, _) in wanted.items():
        if kind == "timestamptz" and name in values:
            values[name] = values[name].view("datetime64[us]")
    extra = {name: values.pop(name) for name in dict.fromkeys((*columns, *_MARKS))}
    return CandleSeries(series.instrument_id, _timeframe(length), extra=extra, **values)


async def _query(
    session: ReadSession, buckets: Buckets, source: Timeframe, chosen: str, wanted: dict[str, tuple[str, str]]
) -> str | None:
    """The statement that gives the wanted columns of every bucket in order of time; None: there is no candle."""
    if buckets.are_plain:
        expected = str((buckets.length.seconds or 0) // (source.seconds or 1))
        listed = _listed(wanted, bucket="bucket", ends=f"bucket + {buckets.length.interval}", expected=expected)
        inner = f"SELECT *, {buckets.plain_sql('open_time')} AS bucket FROM candles WHERE {chosen}"  # noqa: S608 - numbers, times and names of ours
        return f"SELECT {listed} FROM ({inner}) AS candle GROUP BY bucket ORDER BY bucket"  # noqa: S608 - same
    ends = text(f"SELECT min(open_time) AS first, max(open_time) AS last FROM candles WHERE {chosen}")  # noqa: S608 - same
    found = (await session.execute(ends)).one()
    if found.first is None:
        return None
    expected = str(buckets.length.count) if source.seconds is None else f"seconds / {source.seconds}"
    listed = _listed(wanted, bucket="bucket", ends="ends", expected=expected)
    return f"""
        WITH {buckets.segments_sql(found.first, found.last)},
        numbered AS MATERIALIZED (SELECT *, row_number() OVER (ORDER BY opens) AS number FROM segment),
        candle AS (
            SELECT *, width_bucket(open_time, (SELECT array_agg(opens ORDER BY number) FROM numbered)) AS number
            FROM candles WHERE {chosen}
        )
        SELECT {listed} FROM candle JOIN numbered USING (number)
        WHERE open_time < closes GROUP BY bucket, ends, seconds ORDER BY bucket
    """  # noqa: S608 - same


def _listed(wanted: dict[str, tuple[str, str]], **parts: str) -> str:
    return ", ".join(expression.format(**parts) for _, expression in wanted.values())


def _refuse_cut_candles(
    begins: NDArray[np.int64], ends: NDArray[np.int64], source: Timeframe, buckets: Buckets
) -> None:
    """Refuse buckets that begin or end inside a source candle, which would belong to two of them."""
    is_cut = ~(on_grid(begins, source) & on_grid(ends, source))
    if is_cut.any():
        at = np.datetime64(int(begins[np.flatnonzero(is_cut)[0]]), "us").astype("datetime64[s]")
        raise InvalidValueError(
            f"The bucket of {buckets.length} at {at}Z begins or ends inside a candle of {source.value}: "
            "take a shorter source, another origin or other hours."
        )


def _timeframe(length: Length) -> Timeframe:
    try:
        return Timeframe(str(length))
    except ValueError:
        return cast("Timeframe", str(length))  # it is text as every Timeframe is, only not one that can be stored
