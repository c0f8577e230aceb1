"""One numpy array as times, numbers, counts or flags, whatever type a service has them in.

Candles and public trades are read from memory by these; a value that cannot be read is named by its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.columns import NO_COUNT, BadCellError
from tradingdb.candles.times import datetime64_to_microseconds, epoch_to_microseconds
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def times_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """Microseconds since 1970-01-01T00:00Z: from numpy instants, or numbers that count s, ms, µs or ns.

    Raises:
        BadCellError: a time is missing or beyond every calendar.
        InvalidValueError: the array holds no times.
    """
    if values.dtype.kind == "M":
        return datetime64_to_microseconds(values)
    if values.dtype.kind in "iuf":
        return epoch_to_microseconds(values)
    raise InvalidValueError(
        f"Times of type {values.dtype} were refused: pass datetime64, or numbers since 1970, or a table with a zone."
    )


def floats_of(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Numbers; of an array of objects also those written as text, and NaN for None. Doubles are not copied.

    `name` is for messages.

    Raises:
        BadCellError: a value is no number.
        InvalidValueError: the array holds something else than numbers.
    """
    if values.dtype.kind in "iuf":
        return values.astype(np.float64, copy=False)
    if values.dtype.kind != "O":
        raise InvalidValueError(f"{name} has type {values.dtype}: numbers were expected.")
    numbers = np.empty(len(values))
    for at, value in enumerate(values):
        if isinstance(value, bool):
            raise BadCellError(at, f"{name} cannot be read: {value}")
        try:
            numbers[at] = np.nan if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise BadCellError(at, f"{name} cannot be read: {str(value)[:40]!r}") from None
    return numbers


def counts_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """Whole numbers; `NO_COUNT` where there is none.

    Raises:
        BadCellError: a value is no whole number.
        InvalidValueError: the array holds something else than numbers.
    """
    if values.dtype.kind == "i":
        return values.astype(np.int64, copy=False)
    numbers = floats_of(values, "trade_count")
    is_odd = numbers != np.floor(numbers)
    if (is_odd & ~np.isnan(numbers)).any():
        raise BadCellError(int(np.flatnonzero(is_odd & ~np.isnan(numbers))[0]), "trade_count is not a whole number")
    return np.where(np.isnan(numbers), NO_COUNT, np.nan_to_num(numbers)).astype(np.int64)


def flags_of(values: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """True or false, also as 1 and 0. `name` is for messages.

    Raises:
        InvalidValueError: a value is neither.
    """
    if values.dtype.kind == "b":
        return values
    if values.dtype.kind != "U" and all(value in (0, 1) for value in values.tolist()):
        return values.astype(np.bool_)
    raise InvalidValueError(f"{name} has type {values.dtype}: True and False were expected.")
