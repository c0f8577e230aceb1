"""Candles in: checked, deduplicated, COPYed to a staging table and merged. Writing the same again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tradingdb.candles.columns import PIECE, CandleColumns, is_missing, months_of, to_microseconds
from tradingdb.candles.quarantine import quarantine
from tradingdb.candles.refusals import refusals
from tradingdb.candles.series import id_of
from tradingdb.candles.sources import columns_from
from tradingdb.candles.store import OPTIONAL, copy_fresh, merge_few, merge_staged, settle
from tradingdb.candles.validate import Problem, problems
from tradingdb.core.clock import utc_now
from tradingdb.core.json import clean_text
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidCandlesError, InvalidValueError
from tradingdb.models import Candle
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from tradingdb.database import WriteSession
    from tradingdb.models import Instrument

CHUNK = 100_000
"""Rows per COPY and merge: small enough for the usual time limits and little memory, large enough to be fast."""

FEW = 500
"""Up to so many candles go in one statement; more are COPYed."""

OnInvalid = Literal["reject", "quarantine"]
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
    quarantined: int = 0
    """Rows that cannot be candles, and were put aside."""

    @property
    def total(self) -> int:
        """How many candles were handed over."""
        return self.inserted + self.updated + self.unchanged + self.duplicates + self.quarantined


async def write(
    session: WriteSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    data: Any,
    *,
    source: str | None = None,
    timezone: str | None = None,
    on_invalid: OnInvalid = "reject",
    on_progress: Callable[[int], None] | None = None,
) -> WriteReport:
    """Store candles of one series, and keep its coverage and partitions.

    `data` may be ccxt rows, a numpy record array or matrix, a mapping of arrays, or a pandas, polars or Arrow table
    (`candles.sources`). `timezone` names the zone of times that carry none. Of two candles for one time the better one
    stays: a closed bar over one still growing, anything real over a synthetic one; between equals the newer, with
    whatever only the older knows. A bar is taken as closed when its time has passed, unless the data say otherwise. A
    row that cannot be a candle refuses all of them, or, with `on_invalid="quarantine"`, goes to `candle_quarantine`
    with the reason, and the others are stored as usual. `on_progress` is told rows as they go in. Arrays of `data` are
    not copied where that can be helped: leave them as they are until it returns.

    Raises:
        InvalidCandlesError: a row cannot be a candle, and was to be rejected, or a month is just being retired; nothing
            is stored.
        InvalidValueError: the timeframe or `on_invalid` does not exist, or the data cannot be read.
        NotFoundError: there is no such instrument.
    """
    require_policy(on_invalid)
    timeframe = Timeframe.parse(timeframe)
    source = None if source is None else clean_text(source)
    columns = columns_from(data, timezone=timezone)
    size = len(columns)
    instrument_id = id_of(instrument)
    series = {"instrument_id": instrument_id, "timeframe": timeframe.value, "source": source}
    if found := problems(columns, timeframe):
        if on_invalid == "reject":
            raise _refusal(found, size)
        with refusals(session, instrument_id):
            await quarantine(session, series, columns, found)
        columns = columns.take(np.delete(np.arange(size), [problem.row for problem in found]))
    if not len(columns):
        return WriteReport(quarantined=len(found))
    best = _best_of_each_time(_with_flags(columns, timeframe))
    await partitions.ensure_months(session, Candle, months_of(best.open_time))
    with refusals(session, instrument_id):
        inserted, updated = await _store(session, series, best, on_progress or _nobody)
    return WriteReport(inserted, updated, len(best) - inserted - updated, len(columns) - len(best), len(found))


async def _store(
    session: WriteSession, series: dict[str, Any], columns: CandleColumns, on_progress: Callable[[int], None]
) -> tuple[int, int]:
    """Store candles, each once and in order of time, by the way that suits them. Returns inserted and updated."""
    if len(columns) <= FEW:
        counts = await merge_few(session, series, columns)
        on_progress(len(columns))
        return counts
    inserted = updated = 0
    changed: set[datetime] = set()
    async with session.begin_nested():  # a refusal in a later chunk takes the earlier ones back
        for chunk in columns.parts(CHUNK):
            is_fresh = await copy_fresh(session, series, chunk)
            counts = (len(chunk), 0) if is_fresh else await merge_staged(session, series, chunk)
            inserted, updated = inserted + counts[0], updated + counts[1]
            changed.update(months_of(chunk.open_time) if any(counts) else ())
            on_progress(len(chunk))
        await settle(session, series, columns, inserted, changed)
    return inserted, updated


def _nobody(rows: int) -> None:
    """Told about progress where nobody asked."""


def require_policy(on_invalid: str) -> None:
    """Refuse a word that says nothing about what to do with rows that cannot be candles.

    Raises:
        InvalidValueError: the message says what can be asked for.
    """
    if on_invalid not in (known := get_args(OnInvalid)):
        raise InvalidValueError(f"on_invalid={on_invalid!r} was asked for; there are {' and '.join(known)}.")


def _refusal(found: list[Problem], size: int) -> InvalidCandlesError:
    listed = "; ".join(f"row {problem.row}: {problem.reason}" for problem in found[:MAX_LISTED_PROBLEMS])
    more = f"; and {len(found) - MAX_LISTED_PROBLEMS:,} more" if len(found) > MAX_LISTED_PROBLEMS else ""
    return InvalidCandlesError(f"{len(found):,} of {size:,} candles were refused, none was stored: {listed}{more}.")


def _with_flags(columns: CandleColumns, timeframe: Timeframe) -> CandleColumns:
    closed, synthetic = columns.is_closed, columns.is_synthetic
    if closed is None:
        closed = columns.open_time < to_microseconds(timeframe.floor(utc_now()))
    if synthetic is None:
        synthetic = np.broadcast_to(np.False_, len(columns))
    return replace(columns, is_closed=closed, is_synthetic=synthetic)


def _best_of_each_time(columns: CandleColumns) -> CandleColumns:
    """One candle per time, in order of time: what writing the rows one after another would leave."""
    if _is_rising(columns.open_time):
        return columns
    in_time = columns.take(np.argsort(columns.open_time, kind="stable"))
    group = np.cumsum(np.diff(in_time.open_time, prepend=in_time.open_time[0]) > 0)
    score = group * RANKS + _rank(in_time)
    is_accepted = score == np.maximum.accumulate(score)
    in_time, group = in_time.take(is_accepted), group[is_accepted]
    score = score[is_accepted]
    in_time = replace(in_time, **{name: _carried_on(getattr(in_time, name), score) for name in OPTIONAL})
    return in_time.take(np.append(np.diff(group) > 0, [True]))


def _is_rising(times: NDArray[np.int64]) -> bool:
    """Whether each is later than the one before, looked at piece by piece."""
    pieces = (times[at : at + PIECE + 1] for at in range(0, len(times), PIECE))
    return all(bool(np.all(piece[1:] > piece[:-1])) for piece in pieces)


def _carried_on(values: NDArray[Any], within: NDArray[np.int64]) -> NDArray[Any]:
    """Missing values replaced by the one before, among rows with the same number in `within`, which only rises."""
    is_there = ~is_missing(values)
    newest = np.maximum.accumulate(np.where(is_there, np.arange(len(values)), 0))
    return np.where(within[newest] == within, values[newest], values)


def _rank(columns: CandleColumns) -> NDArray[np.int64]:
    """The same order as `_RANK` in SQL: synthetic 0, growing 1, closed 2."""
    return np.select([np.asarray(columns.is_synthetic), np.asarray(columns.is_closed)], [0, 2], 1).astype(np.int64)
