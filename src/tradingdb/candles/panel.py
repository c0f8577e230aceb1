"""One column of many instruments side by side, aligned on time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tradingdb.candles.columns import to_microseconds
from tradingdb.candles.fetch import fetch_columns
from tradingdb.candles.series import arrow_times, bounds, id_of, optional_library
from tradingdb.core.clock import as_utc
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

NUMBERS = ("open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume")
LARGEST_PANEL = 500_000_000
"""Values, which are 4 GB: beyond that somebody mistook a bound or the timeframe."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A matrix of one column of candles: a row per open time, a column per instrument.

    `open_time` is datetime64[us] in UTC, rising; `values` is float64 of shape (times, instruments), NaN where an
    instrument has no candle at that time, or its candle does not report the column.
    """

    timeframe: Timeframe
    column: str
    open_time: NDArray[np.datetime64]
    instrument_ids: tuple[int, ...]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.open_time)

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with an index of UTC times and the instruments' ids as columns."""
        library = optional_library("pandas")
        index = library.DatetimeIndex(self.open_time, name="open_time").tz_localize("UTC")
        names = library.Index(self.instrument_ids, name="instrument_id", dtype="int64")
        frame: pd.DataFrame = library.DataFrame(self.values, index=index, columns=names, copy=False)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A DataFrame with `open_time` as Datetime in UTC, and a column per instrument with its id as name."""
        library = optional_library("polars")
        time = library.col("open_time").dt.replace_time_zone("UTC")
        frame: pl.DataFrame = library.DataFrame({"open_time": self.open_time, **self._by_name()}).with_columns(time)
        return frame

    def to_arrow(self) -> pa.Table:
        """An Arrow table with `open_time` as timestamp[us, UTC], and a column per instrument with its id as name."""
        library = optional_library("pyarrow", extra="arrow")
        return library.table({"open_time": arrow_times(self.open_time), **self._by_name()})

    def _by_name(self) -> dict[str, NDArray[np.float64]]:
        return {str(each): self.values[:, at] for at, each in enumerate(self.instrument_ids)}


async def panel(
    session: ReadSession,
    instruments: Iterable[Instrument | int],
    timeframe: Timeframe | str,
    start: datetime,
    end: datetime,
    *,
    column: str = "close",
    fill: Literal["forward"] | None = None,
    full_grid: bool = False,
) -> Panel:
    """One column of the candles of many instruments that open in `[start, end)`, aligned on their open times.

    The times are those at which any of the instruments has a candle; with `full_grid`, all at which one could open.
    Instruments stand in the order that was asked for, each once; one without candles is a column of NaN.
    `fill="forward"` repeats an instrument's last value where it has none, which suits prices and not volumes; before
    its first value in the range there is nothing to repeat.

    Raises:
        InvalidValueError: a bound has no time zone, a column, timeframe or way to fill does not exist, or the matrix
            would have more than 500 million values.
    """
    timeframe = Timeframe.parse(timeframe)
    if column not in NUMBERS:
        raise InvalidValueError(f"A panel has no column {column!r}; these exist: {', '.join(NUMBERS)}.")
    if fill not in {None, "forward"}:
        raise InvalidValueError(f"There is no way to fill called {fill!r}; there is 'forward', or None.")
    start, end = as_utc(start), as_utc(end)
    ids = tuple(dict.fromkeys(id_of(instrument) for instrument in instruments))
    grid = _grid(timeframe, start, end, len(ids)) if full_grid else None
    rows = await _rows(session, ids, [f"timeframe = '{timeframe.value}'", *bounds(timeframe, start, end)], column)
    if grid is None:
        times, row = np.unique(rows["open_time"], return_inverse=True)
        _refuse_too_large(len(times), len(ids))
    else:
        times, row = grid, np.searchsorted(grid, rows["open_time"])
    values = np.full((len(times), len(ids)), np.nan, order="F")  # an instrument's values stand together
    if ids:
        in_order = np.argsort(ids)
        values[row, in_order[np.searchsorted(ids, rows["instrument_id"], sorter=in_order)]] = rows["value"]
    if fill == "forward":
        _carry_forward(values)
    return Panel(timeframe, column, times.view("datetime64[us]"), ids, values)


async def _rows(
    session: ReadSession, ids: tuple[int, ...], conditions: list[str], column: str
) -> dict[str, NDArray[Any]]:
    """Instrument, open time and value of every candle, in no order."""
    listed = ",".join(str(int(each)) for each in ids)
    query = f"""
        SELECT instrument_id, open_time, coalesce({column}::float8, 'NaN') FROM candles
        WHERE instrument_id = ANY ('{{{listed}}}'::int8[]) AND {" AND ".join(conditions)}
    """  # noqa: S608 - numbers, times and names of ours
    kinds = {"instrument_id": "int4", "open_time": "timestamptz", "value": "float8"}
    return await fetch_columns(session, kinds, query)


def _grid(timeframe: Timeframe, start: datetime, end: datetime, instruments: int) -> NDArray[np.int64]:
    """Every time in `[start, end)` at which a candle could open, in microseconds since 1970."""
    first, last = to_microseconds(start), to_microseconds(end)
    if timeframe.seconds is None:
        months = np.array([first - 1, last - 1]).astype("datetime64[us]").astype("datetime64[M]") + 1
        return np.arange(*months).astype("datetime64[us]").astype(np.int64)
    step, origin = timeframe.seconds * 1_000_000, timeframe.origin_seconds * 1_000_000
    first += (origin - first) % step
    _refuse_too_large(max(0, (last - first) // step), instruments)
    return np.arange(first, last, step)


def _refuse_too_large(times: int, instruments: int) -> None:
    if times * instruments > LARGEST_PANEL:
        raise InvalidValueError(
            f"A panel of {times:,} times and {instruments:,} instruments was refused, because it would not fit into "
            "memory: choose a shorter range or a longer timeframe."
        )


def _carry_forward(values: NDArray[np.float64]) -> None:
    """Replace each NaN by the value above it, in place."""
    rows = np.arange(len(values))
    for at in range(values.shape[1]):
        one = values[:, at]
        newest = np.maximum.accumulate(np.where(np.isnan(one), 0, rows))
        one[:] = one[newest]
