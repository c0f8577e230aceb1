"""Instants from whatever a source calls a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tradingdb.candles.columns import PIECE, BadCellError
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

UNIT_LIMITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
"""Below 10^11 a number counts seconds (until the year 5138), then milliseconds, then microseconds, then nanoseconds;
beside each limit, what one unit is in microseconds."""

LAST_NANOSECOND = 2**63 - 1

FIRST_DATE, LAST_DATE = 19_000_101, 22_001_231
"""Numbers that look like a date in eight digits. As seconds they would lie in August and September 1970."""


def epoch_to_microseconds(values: NDArray[Any]) -> NDArray[np.int64]:
    """Microseconds since 1970 from numbers that count s, ms, µs or ns since 1970; the largest decides which.

    Raises:
        BadCellError: a value is not a finite number, too large for every unit, or looks like a date in eight digits.
    """
    largest = 0
    for at, part in _parts(values):
        if values.dtype.kind == "f":
            _refuse(~np.isfinite(part), "the time is missing or not a number", at)
        _refuse(np.abs(part.astype(float)) >= float(LAST_NANOSECOND), "the time is beyond every calendar", at)
        largest = max(largest, int(np.abs(part).max()))
    if len(values) and looks_like_dates(values):
        raise BadCellError(0, f"the time {values[0]:.0f} looks like a date: write it as text, or count from 1970")
    result = np.empty(len(values), np.int64)
    for at, part in _parts(values):
        result[at : at + len(part)] = _scaled(part, largest)
    return result


def _scaled(values: NDArray[Any], largest: int) -> NDArray[Any]:
    """Microseconds, in the unit that the largest of all values speaks for."""
    is_float = values.dtype.kind == "f"
    for limit, microseconds in UNIT_LIMITS:
        if largest < limit:
            return np.rint(values * microseconds) if is_float else values.astype(np.int64) * microseconds
    return values.astype(np.int64) // 1_000


def looks_like_dates(values: NDArray[Any]) -> bool:
    """Whether all numbers could be dates in eight digits, such as 20240131."""
    return all(bool(np.all((part >= FIRST_DATE) & (part <= LAST_DATE))) for _, part in _parts(values))


def datetime64_to_microseconds(values: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Microseconds since 1970 from numpy instants, which are UTC by convention; not copied if they are microseconds.

    Raises:
        BadCellError: a value is NaT.
    """
    _refuse(np.isnat(values), "the time is missing")
    return values.astype("datetime64[us]", copy=False).view(np.int64)


def require_zone(timezone: str) -> None:
    """Refuse the name of a zone that does not exist, also where no time needs it.

    Raises:
        InvalidValueError: the message says what a name looks like.
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValueError(
            f"There is no time zone {timezone!r}: use an IANA name such as Europe/Berlin."
        ) from None


def _parts(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """The values piece by piece, each with where it begins: what is computed on the way stays small."""
    for at in range(0, len(values), PIECE):
        yield at, values[at : at + PIECE]


def _refuse(is_bad: NDArray[np.bool_], reason: str, first: int = 0) -> None:
    """Name the first row that is bad; `first` is the row that the mask begins at."""
    if is_bad.any():
        raise BadCellError(first + int(np.flatnonzero(is_bad)[0]), reason)
