"""Candles in: checked, deduplicated, COPYed to a staging table and merged. Writing the same again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import CursorResult, text

from tradingdb.bulk import copy_in
from tradingdb.candles import wire
from tradingdb.candles.columns import NO_COUNT, CandleColumns, to_datetime, to_microseconds
from tradingdb.candles.sources import columns_from
from tradingdb.candles.validate import problems
from tradingdb.core.clock import utc_now
from tradingdb.core.json import clean_text
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidCandlesError, NotFoundError
from tradingdb.models import Candle, Instrument
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Result

    from tradingdb.database import WriteSession

CHUNK = 100_000
"""Rows per COPY and merge: small enough for the usual time limits and little memory, large enough to be fast."""

STAGE = "tradingdb_candle_stage"
STAGED = {
    "open_time": "timestamptz",
    "open": "float8",
    "high": "float8",
    "low": "float8",
    "close": "float8",
    "volume": "float8",
    "quote_volume": "float8",
    "trade_count": "int8",
    "taker_buy_volume": "float8",
    "is_closed": "bool",
    "is_synthetic": "bool",
}
OPTIONAL = ("volume", "quote_volume", "trade_count", "taker_buy_volume")
RANKS = 3
MAX_LISTED_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of the candles: every one that was handed over is counted once."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    """Rows that another row of the same batch replaced."""

    @property
    def total(self) -> int:
        """How many candles were handed over."""
        return self.inserted + self.updated + self.unchanged + self.duplicates


async def write(
    session: WriteSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    data: Any,
    *,
    source: str | None = None,
    timezone: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> WriteReport:
    """Store candles of one series, and keep its coverage and partitions.

    `data` may be ccxt rows, a numpy record array or matrix, a mapping of arrays, or a pandas, polars or Arrow table
    (`candles.sources`). `timezone` names the zone of times that carry none. Of two candles for one time the better one
    stays: a closed bar over one still growing, anything real over a synthetic one; between equals the newer. A bar is
    taken as closed when its time has passed, unless the data say otherwise. `on_progress` is told rows as they go in.

    Raises:
        InvalidCandlesError: a row cannot be a candle; nothing is stored.
        InvalidValueError: the timeframe does not exist, or the data cannot be read.
        NotFoundError: there is no such instrument.
    """
    timeframe = Timeframe.parse(timeframe)
    source = None if source is None else clean_text(source)
    columns = columns_from(data, timezone=timezone)
    _refuse_invalid(columns, timeframe)
    if not len(columns):
        return WriteReport()
    best = _best_of_each_time(_with_flags(columns, timeframe))
    instrument_id = instrument if isinstance(instrument, int) else instrument.id
    await _require_instrument(session, instrument_id)
    series = {"instrument_id": instrument_id, "timeframe": timeframe.value, "source": source}
    first, last = (to_datetime(int(best.open_time[at])) for at in (0, -1))
    months = np.unique(best.open_time.astype("datetime64[us]").astype("datetime64[M]")).astype("datetime64[us]")
    await partitions.ensure_months(session, Candle, (to_datetime(int(month)) for month in months.astype(np.int64)))
    inserted = updated = 0
    for chunk in _chunks(best):
        counts = await _merge(session, series, chunk)
        inserted, updated = inserted + counts[0], updated + counts[1]
        if on_progress is not None:
            on_progress(len(chunk))
    await _extend_coverage(session, series, first, last, inserted)
    return WriteReport(inserted, updated, len(best) - inserted - updated, len(columns) - len(best))


async def _require_instrument(session: WriteSession, instrument_id: int) -> None:
    if await session.get(Instrument, instrument_id) is None:
        raise NotFoundError(f"There is no instrument {instrument_id}: make it with `market.ensure_instrument`.")


def _refuse_invalid(columns: CandleColumns, timeframe: Timeframe) -> None:
    found = problems(columns, timeframe)
    if found:
        listed = "; ".join(f"row {problem.row}: {problem.reason}" for problem in found[:MAX_LISTED_PROBLEMS])
        more = f"; and {len(found) - MAX_LISTED_PROBLEMS:,} more" if len(found) > MAX_LISTED_PROBLEMS else ""
        raise InvalidCandlesError(
            f"{len(found):,} of {len(columns):,} candles were refused, none was stored: {listed}{more}."
        )


def _with_flags(columns: CandleColumns, timeframe: Timeframe) -> CandleColumns:
    closed, synthetic = columns.is_closed, columns.is_synthetic
    if closed is None:
        closed = columns.open_time < to_microseconds(timeframe.floor(utc_now()))
    if synthetic is None:
        synthetic = np.zeros(len(columns), np.bool_)
    return replace(columns, is_closed=closed, is_synthetic=synthetic)


def _best_of_each_time(columns: CandleColumns) -> CandleColumns:
    """One candle per time, in order of time: what writing the rows one after another would leave."""
    if bool(np.all(columns.open_time[1:] > columns.open_time[:-1])):
        return columns
    in_time = columns.take(np.argsort(columns.open_time, kind="stable"))
    group = np.cumsum(np.diff(in_time.open_time, prepend=in_time.open_time[0]) > 0)
    score = group * RANKS + _rank(in_time)
    is_accepted = score == np.maximum.accumulate(score)
    in_time, group = in_time.take(is_accepted), group[is_accepted]
    same_source = group * 2 + ~np.asarray(in_time.is_synthetic)
    in_time = replace(in_time, **{name: _carried_on(getattr(in_time, name), same_source) for name in OPTIONAL})
    return in_time.take(np.append(np.diff(group) > 0, [True]))


def _carried_on(values: NDArray[Any], within: NDArray[np.int64]) -> NDArray[Any]:
    """Missing values replaced by the one before, among rows with the same number in `within`, which only rises."""
    is_there = values != NO_COUNT if values.dtype.kind == "i" else ~np.isnan(values)
    newest = np.maximum.accumulate(np.where(is_there, np.arange(len(values)), 0))
    return np.where(within[newest] == within, values[newest], values)


def _rank(columns: CandleColumns) -> NDArray[np.int64]:
    """The same order as `_RANK` in SQL: synthetic 0, growing 1, closed 2."""
    return np.select([np.asarray(columns.is_synthetic), np.asarray(columns.is_closed)], [0, 2], 1).astype(np.int64)


def _chunks(columns: CandleColumns) -> Iterator[CandleColumns]:
    for start in range(0, len(columns), CHUNK):
        yield columns.take(slice(start, start + CHUNK))


async def _merge(session: WriteSession, series: dict[str, Any], chunk: CandleColumns) -> tuple[int, int]:
    await session.execute(_CREATE_STAGE)
    await session.execute(_EMPTY_STAGE)
    block = wire.encode(STAGED, {name: getattr(chunk, name) for name in STAGED})
    await copy_in(session, STAGE, list(STAGED), [block])
    inserted = _rows_of(await session.execute(_INSERT_NEW, series))
    if inserted == len(chunk):
        return inserted, 0
    bounds = {"first": to_datetime(int(chunk.open_time[0])), "last": to_datetime(int(chunk.open_time[-1]))}
    return inserted, _rows_of(await session.execute(_UPDATE_WORSE, series | bounds))


def _rows_of(result: Result[Any]) -> int:
    assert isinstance(result, CursorResult)  # noqa: S101 - what INSERT and UPDATE give; tells mypy
    return result.rowcount


async def _extend_coverage(
    session: WriteSession, series: dict[str, Any], first: datetime, last: datetime, inserted: int
) -> None:
    if inserted:
        await session.execute(_EXTEND_COVERAGE, series | {"first": first, "last": last, "inserted": inserted})


_CREATE_STAGE = text(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} "
    f"({', '.join(f'{name} {kind} NOT NULL' for name, kind in STAGED.items())}) ON COMMIT DROP"
)
_EMPTY_STAGE = text(f"TRUNCATE {STAGE}")

_VALUES = ("open", "high", "low", "close", "is_closed", "is_synthetic")
_RANK = "CASE WHEN {0}.is_synthetic THEN 0 WHEN {0}.is_closed THEN 2 ELSE 1 END"
_STAGED_VALUE = {
    **{name: f"new.{name}" for name in ("open_time", *_VALUES)},
    **{name: f"nullif(new.{name}, 'NaN')" for name in OPTIONAL},
    "trade_count": "nullif(new.trade_count, -1)",
}
_MERGED = {
    name: f"CASE WHEN old.is_synthetic AND NOT new.is_synthetic THEN {_STAGED_VALUE[name]} "
    f"ELSE coalesce({_STAGED_VALUE[name]}, old.{name}) END"
    for name in OPTIONAL
}
"""A value that the new candle does not have stays as it was, unless somebody made it up."""

# First insert what is new, then update what is there and worse: the second statement sees what others committed while
# the first waited for them, so no candle is lost between two writers. (One statement could not say which rows it
# inserted: PostgreSQL has no xmax to return from a partitioned table.)
_INSERT_NEW = text(
    f"""
    INSERT INTO candles (instrument_id, timeframe, source, {", ".join(STAGED)})
    SELECT :instrument_id, :timeframe, :source, {", ".join(_STAGED_VALUE[name] for name in STAGED)}
    FROM {STAGE} new
    ON CONFLICT (instrument_id, timeframe, open_time) DO NOTHING
    """  # noqa: S608 - built from the constants above
)
_UPDATE_WORSE = text(
    f"""
    UPDATE candles old SET
        {", ".join(f"{name} = new.{name}" for name in _VALUES)},
        {", ".join(f"{name} = {_MERGED[name]}" for name in OPTIONAL)},
        source = :source
    FROM {STAGE} new
    WHERE old.instrument_id = :instrument_id AND old.timeframe = :timeframe AND old.open_time = new.open_time
      AND old.open_time BETWEEN :first AND :last
      AND {_RANK.format("new")} >= {_RANK.format("old")}
      AND ({" OR ".join(f"new.{name} IS DISTINCT FROM old.{name}" for name in _VALUES)}
           OR {" OR ".join(f"{_MERGED[name]} IS DISTINCT FROM old.{name}" for name in OPTIONAL)})
    """  # noqa: S608 - same
)

_EXTEND_COVERAGE = text(
    """
    INSERT INTO series_coverage AS old (instrument_id, timeframe, first_open_time, last_open_time, candle_count, source)
    VALUES (:instrument_id, :timeframe, :first, :last, :inserted, :source)
    ON CONFLICT (instrument_id, timeframe) DO UPDATE SET
        first_open_time = least(old.first_open_time, excluded.first_open_time),
        last_open_time = greatest(old.last_open_time, excluded.last_open_time),
        candle_count = old.candle_count + excluded.candle_count,
        source = coalesce(excluded.source, old.source),
        updated_at = now()
    """
)
