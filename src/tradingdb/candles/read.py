"""Candles out: columns straight from binary COPY into numpy."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.bulk import copy_out
from tradingdb.candles import wire
from tradingdb.core.clock import as_utc
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

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

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with an index of UTC times."""
        library = _extra("pandas")
        values = {name: column for name, column in self.columns.items() if name != "open_time"}
        index = library.DatetimeIndex(self.open_time, name="open_time").tz_localize("UTC")
        frame: pd.DataFrame = library.DataFrame(values, index=index, copy=False)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A DataFrame with `open_time` as Datetime in UTC."""
        library = _extra("polars")
        time = library.col("open_time").dt.replace_time_zone("UTC")
        frame: pl.DataFrame = library.DataFrame(self.columns).with_columns(time)
        return frame

    def to_arrow(self) -> pa.Table:
        """An Arrow table with `open_time` as timestamp[us, UTC]; the other columns are not copied."""
        library = _extra("pyarrow", extra="arrow")
        times = library.array(self.open_time.view(np.int64)).view(library.timestamp("us", "UTC"))
        return library.table({**self.columns, "open_time": times})


async def read(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    columns: Sequence[str] = (),
) -> CandleSeries:
    """The candles of a series that open in `[start, end)`; a missing bound is open.

    `columns` asks for more than open, high, low, close and volume: any of quote_volume, trade_count, taker_buy_volume,
    is_closed, is_synthetic.

    Raises:
        InvalidValueError: a bound has no time zone, or a column or timeframe does not exist.
    """
    timeframe = Timeframe.parse(timeframe)
    instrument_id = instrument if isinstance(instrument, int) else instrument.id
    columns = tuple(dict.fromkeys(columns))
    wanted = ALWAYS | {name: _known(name) for name in columns}
    conditions = [f"instrument_id = {int(instrument_id)}", f"timeframe = '{timeframe.value}'"]
    if start is not None:
        conditions.append(f"open_time >= '{as_utc(start).isoformat()}'")
    if end is not None:
        conditions.append(f"open_time < '{as_utc(end).isoformat()}'")
    expressions = ", ".join(_EXPRESSIONS.get(name, name) for name in wanted)
    query = f"SELECT {expressions} FROM candles WHERE {' AND '.join(conditions)} ORDER BY open_time"  # noqa: S608 - numbers, times and names of ours
    values = wire.decode(wanted, await copy_out(session, query))
    values["open_time"] = values["open_time"].view("datetime64[us]")
    extra = {name: values.pop(name) for name in columns}
    return CandleSeries(instrument_id, timeframe, extra=extra, **values)


def _extra(module: str, *, extra: str | None = None) -> Any:
    """A library that is not always installed; imported when it is used, because each takes its time."""
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
