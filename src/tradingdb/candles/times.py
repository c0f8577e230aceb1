"""Instants from whatever a source calls a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT_LIMITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
"""Below 10^11 a number counts seconds (until the year 5138), then milliseconds, then microseconds, then nanoseconds;
beside each limit, what one unit is in microseconds."""


def epoch_to_microseconds(values: NDArray[Any]) -> NDArray[np.int64]:
    """Microseconds since 1970 from numbers that count s, ms, µs or ns since 1970; the largest decides which.

    Raises:
        InvalidValueError: a value is not a finite number.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InvalidValueError("A time is missing or not a number.")
    largest = int(np.abs(values).max(initial=0))
    for limit, microseconds in UNIT_LIMITS:
        if largest < limit:
            if values.dtype.kind == "f":
                return np.asarray(np.rint(values * microseconds), np.int64)
            return values.astype(np.int64) * microseconds
    return values.astype(np.int64) // 1_000


def datetime64_to_microseconds(values: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Microseconds since 1970 from numpy instants, which are UTC by convention.

    Raises:
        InvalidValueError: a value is NaT.
    """
    if np.isnat(values).any():
        raise InvalidValueError("A time is missing.")
    return values.astype("datetime64[us]").astype(np.int64)
