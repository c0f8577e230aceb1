"""One series of candles as numpy columns, and what is asked of the table to get it."""

from __future__ import annotations

import importlib
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.fetch import fetch_columns
from tradingdb.core.clock import as_utc
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import LARGEST_INT4, LARGEST_INT8
from tradingdb.errors import InvalidValueError, MissingExtraError
from tradingdb.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from tradingdb.database import ReadSession

ALWAYS = {
    "open_time": "timestamptz",
    "open": "float8",
    "high": "float8",
    "low": "float8",
    "close": "float8",
    "volume": "float8",
}
ON_REQUEST = {
    "quote_volume": "float8",
    "trade_count": "int8",
    "taker_buy_volume": "float8",
    "is_closed": "bool",
    "is_synthetic": "bool",
}
_EXPRESSIONS = {
    "volume": "coalesce(volume, 'NaN')",
    "quote_volume": "coalesce(quote_volume, 'NaN')",
    "trade_count": "coalesce(trade_count, -1)::int8",
    "taker_buy_volume": "coalesce(taker_buy_volume, 'NaN')",
}
"""No NULL travels, so that every row has the same width."""


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Candles of one instrument and timeframe in order of time, as numpy columns.

    `open_time` is datetime64[us] in UTC; prices and volumes are float64, NaN where not reported. `extra` has the
    columns that were asked for: trade_count is int64 with -1 for not reported, flags are bool.
    """

    instrument_id: int
    timeframe: Timeframe
    open_time: NDArray[np.datetime64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.open_time)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name, `open_time` first."""
        return {name: getattr(self, name) for name in ALWAYS} | self.extra

    def tail(self, n: int) -> CandleSeries:
        """The newest `n` of these candles, which are views of the same columns."""
        rows = slice(max(0, len(self) - n), None)
        always = {name: getattr(self, name)[rows] for name in ALWAYS}
        extra = {name: column[rows] for name, column in self.extra.items()}
        return CandleSeries(self.instrument_id, self.timeframe, extra=extra, **always)

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with an index of UTC times."""
        library = optional_library("pandas")
        values = {name: column for name, column in self.columns.items() if name != "open_time"}
        index = library.DatetimeIndex(self.open_time, name="open_time").tz_localize("UTC")
        frame: pd.DataFrame = library.DataFrame(values, index=index, copy=False)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A DataFrame with `open_time` as Datetime in UTC."""
        library = optional_library("polars")
        time = library.col("open_time").dt.replace_time_zone("UTC")
        frame: pl.DataFrame = library.DataFrame(self.columns).with_columns(time)
        return frame

    def to_arrow(self) -> pa.Table:
        """An Arrow table with `open_time` as timestamp[us, UTC]; the other columns are not copied."""
        library = optional_library("pyarrow", extra="arrow")
        return library.table({**self.columns, "open_time": arrow_times(self.open_time)})


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A series and its columns, checked: what every way of reading one starts from."""

    instrument_id: int
    timeframe: Timeframe
    columns: dict[str, str]
    """Name to PostgreSQL's type, `ALWAYS` first."""

    @classmethod
    def of(cls, instrument: Instrument | int, timeframe: Timeframe | str, columns: Sequence[str]) -> SeriesQuery:
        """The query of an instrument, or its id, with those columns more than `ALWAYS`.

        Raises:
            InvalidValueError: a column or timeframe does not exist.
        """
        return cls(id_of(instrument), Timeframe.parse(timeframe), wanted_columns(columns))

    @property
    def series(self) -> str:
        """The condition that holds for candles of this series."""
        return f"instrument_id = {int(self.instrument_id)} AND timeframe = '{self.timeframe.value}'"

    async def fetch(
        self, session: ReadSession, conditions: Sequence[str], *, newest: int | None = None, oldest: int | None = None
    ) -> CandleSeries:
        """The candles for which all conditions hold, in order of time; only so many of the newest or oldest."""
        condition = " AND ".join((self.series, *conditions))
        query = f"SELECT {expressions(self.columns)} FROM candles WHERE {condition} ORDER BY open_time"  # noqa: S608 - numbers, times and names of ours
        if newest is not None:
            query += f" DESC LIMIT {min(newest, LARGEST_INT8)}"
        elif oldest is not None:
            query += f" LIMIT {min(oldest, LARGEST_INT8)}"
        values = await fetch_columns(session, self.columns, query)
        if newest is not None:
            values = {name: np.ascontiguousarray(column[::-1]) for name, column in values.items()}
        return series_from(self.instrument_id, self.timeframe, values)


def id_of(instrument: Instrument | int) -> int:
    """The id of an instrument, which may be given as just that, also by numpy and pandas.

    Raises:
        InvalidValueError: it is neither an instrument nor a whole number, or was not stored yet.
    """
    if isinstance(instrument, Instrument):
        if instrument.id is None:
            raise InvalidValueError(f"The instrument {instrument.symbol} has no id yet: flush the session first.")
        return instrument.id
    if isinstance(instrument, (bool, np.bool_)) or not hasattr(instrument, "__index__"):
        raise InvalidValueError(
            f"An instrument or its id was expected, not {str(instrument)[:40]!r} of type {type(instrument).__name__}."
        )
    number = operator.index(instrument)
    if abs(number) > LARGEST_INT4:
        raise InvalidValueError(f"There is no instrument with the id {number}: ids are 1 to {LARGEST_INT4:,}.")
    return number


def wanted_columns(columns: Sequence[str]) -> dict[str, str]:
    """`ALWAYS` and what was asked for, each once, in that order.

    Raises:
        InvalidValueError: there is no such column.
    """
    return ALWAYS | {name: _known(name) for name in dict.fromkeys(columns)}


def expressions(columns: Sequence[str] | dict[str, str]) -> str:
    """What a SELECT lists to get these columns without NULLs."""
    return ", ".join(_EXPRESSIONS.get(name, name) for name in columns)


def bounds(
    timeframe: Timeframe,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | None = None,
) -> list[str]:
    """The conditions for candles that open in `[start, end)` and were complete at `as_of`.

    Raises:
        InvalidValueError: one of them is no instant.
    """
    conditions = []
    if start is not None:
        conditions.append(f"open_time >= '{as_utc(start).isoformat()}'")
    if end is not None:
        conditions.append(f"open_time < '{as_utc(end).isoformat()}'")
    if as_of is not None:
        conditions.append(f"open_time < '{first_incomplete(timeframe, as_of).isoformat()}'")
    return conditions


def first_incomplete(timeframe: Timeframe, as_of: datetime) -> datetime:
    """The open time of the candle that covers an instant: it and those after it were not complete then."""
    as_of = as_utc(as_of)
    try:
        return timeframe.floor(as_of)
    except OverflowError:  # before the first candle of all calendars
        return as_of


def series_from(instrument_id: int, timeframe: Timeframe, values: dict[str, NDArray[Any]]) -> CandleSeries:
    """A series from decoded columns, of which `open_time` counts microseconds since 1970."""
    always = {name: values[name] for name in ALWAYS}
    always["open_time"] = always["open_time"].view("datetime64[us]")
    extra = {name: column for name, column in values.items() if name not in ALWAYS}
    return CandleSeries(instrument_id, timeframe, extra=extra, **always)


def arrow_times(open_time: NDArray[np.datetime64]) -> Any:
    """Open times as an Arrow array of timestamp[us, UTC], not copied."""
    library = optional_library("pyarrow", extra="arrow")
    return library.array(open_time.view(np.int64)).view(library.timestamp("us", "UTC"))


def optional_library(module: str, *, extra: str | None = None) -> Any:
    """A library that is not always installed; imported when it is used, because each takes its time.

    Raises:
        MissingExtraError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(f"{module} is not installed: run pip install 'tradingdb[{extra or module}]'.") from None


def _known(column: str) -> str:
    try:
        return ON_REQUEST[column]
    except KeyError:
        raise InvalidValueError(
            f"Candles have no column {column!r}; these can be asked for: {', '.join(ON_REQUEST)}."
        ) from None
