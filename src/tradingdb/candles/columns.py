"""Candles as columns: the one form that every source is turned into and that everything else works on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NO_COUNT = -1
"""Stands for a trade count that was not reported; floats have NaN for that."""

PIECE = 1 << 18
"""Rows that are looked at together where there may be many: what is computed on the way stays small."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadCellError(InvalidValueError):
    """A value cannot be read; `row` counts from 0."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"row {row}: {reason}")
        self.row = row
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CandleColumns:
    """Equally long numpy arrays. Values that were not reported are NaN (floats) or `NO_COUNT`.

    `open_time` is int64, microseconds since 1970-01-01T00:00Z; prices and volumes are float64, `trade_count` int64,
    the flags bool.
    """

    open_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    quote_volume: NDArray[np.float64]
    trade_count: NDArray[np.int64]
    taker_buy_volume: NDArray[np.float64]
    is_closed: NDArray[np.bool_] | None = None
    """None: judged by the clock when written."""
    is_synthetic: NDArray[np.bool_] | None = None
    """None: none of them is."""

    def __len__(self) -> int:
        return len(self.open_time)

    def take(self, rows: Any) -> CandleColumns:
        """The same columns with only the chosen rows: a slice, a mask or positions."""
        columns: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            columns[field.name] = None if column is None else column[rows]
        return CandleColumns(**columns)

    def parts(self, size: int) -> Iterator[CandleColumns]:
        """The same columns in pieces of at most so many rows, which are views."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))


def candle_columns(
    open_time: NDArray[np.int64],
    prices: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    **optional: NDArray[Any] | None,
) -> CandleColumns:
    """Columns from those that a source has; the others are filled with "not reported".

    What is not reported is one value seen as an array, which takes no memory and cannot be written to.
    `tick_volume`, as trading terminals count it, stands in where no volume but zeros is reported.
    """
    size = len(open_time)
    ticks = optional.pop("tick_volume", None)
    if ticks is not None and (optional.get("volume") is None or not np.any(optional["volume"])):
        optional["volume"] = ticks
    filled = {
        "volume": np.broadcast_to(np.nan, size),
        "quote_volume": np.broadcast_to(np.nan, size),
        "trade_count": np.broadcast_to(np.int64(NO_COUNT), size),
        "taker_buy_volume": np.broadcast_to(np.nan, size),
    } | {name: column for name, column in optional.items() if column is not None}
    return CandleColumns(open_time, *prices, **filled)


def months_of(times: NDArray[np.int64]) -> list[datetime]:
    """The months that instants (microseconds since 1970) lie in, by their first instants, in order."""
    months: set[int] = set()
    for start in range(0, len(times), PIECE):
        part = times[start : start + PIECE].view("datetime64[us]").astype("datetime64[M]")
        months.update(np.unique(part).astype("datetime64[us]").astype(np.int64).tolist())
    return [to_datetime(month) for month in sorted(months)]


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values of a column were not reported."""
    if values.dtype.kind == "i":
        return np.asarray(values == NO_COUNT)
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), np.bool_)


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of an aware datetime, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return EPOCH + timedelta(microseconds=microseconds)
