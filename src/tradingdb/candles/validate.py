"""What no candle may be. The table's CHECKs say the same; here it is told by row, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tradingdb.candles.columns import NO_COUNT, PIECE, to_microseconds
from tradingdb.core.clock import utc_now
from tradingdb.core.types import LARGEST_INT4

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradingdb.candles.columns import CandleColumns
    from tradingdb.core.timeframe import Timeframe

CLOCK_SKEW = 60_000_000
"""A venue's clock may be this many microseconds ahead of ours."""


FIRST_MICROSECOND = to_microseconds(datetime(1, 1, 2, tzinfo=UTC))
LAST_MICROSECOND = to_microseconds(datetime(9999, 12, 30, tzinfo=UTC))
"""Where the calendars of Python and PostgreSQL agree, with a day to spare for zones."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that cannot be stored, counted from 0, and the reason."""

    row: int
    reason: str


def problems(columns: CandleColumns, timeframe: Timeframe) -> list[Problem]:
    """Every row that cannot be stored, in order, each with its first reason. Looked at piece by piece."""
    problems: list[Problem] = []
    latest = to_microseconds(utc_now()) + CLOCK_SKEW
    for at, part in enumerate(columns.parts(PIECE)):
        found: dict[int, str] = {}
        for reason, is_bad in _rules(part, timeframe, latest):
            for row in np.flatnonzero(is_bad):
                found.setdefault(at * PIECE + int(row), reason)
        problems += (Problem(row, found[row]) for row in sorted(found))
    return problems


def _rules(columns: CandleColumns, timeframe: Timeframe, latest: int) -> list[tuple[str, NDArray[np.bool_]]]:
    o, h, l, c = columns.open, columns.high, columns.low, columns.close  # noqa: E741 - the names of the field
    return [
        (
            "a price is not a finite number",
            ~(np.isfinite(o) & np.isfinite(h) & np.isfinite(l) & np.isfinite(c)),
        ),
        ("high is below another price", (h < o) | (h < c) | (h < l)),
        ("low is above another price", (l > o) | (l > c)),
        *(
            (f"{name} is negative or infinite", (values < 0) | np.isinf(values))
            for name in ("volume", "quote_volume", "taker_buy_volume")
            for values in (getattr(columns, name),)
        ),
        (
            "trade_count is negative or too large",
            ((columns.trade_count < 0) & (columns.trade_count != NO_COUNT)) | (columns.trade_count > LARGEST_INT4),
        ),
        (
            "the open time is in no calendar",
            (columns.open_time < FIRST_MICROSECOND) | (columns.open_time > LAST_MICROSECOND),
        ),
        (
            f"the open time is not on the grid of {timeframe.value} candles",
            ~on_grid(columns.open_time, timeframe),
        ),
        ("the open time is in the future", columns.open_time > latest),
    ]


def on_grid(open_time: NDArray[np.int64], timeframe: Timeframe) -> NDArray[np.bool_]:
    """Which times (microseconds since 1970) a candle of that timeframe can open at."""
    if timeframe.seconds is None:
        instants = open_time.astype("datetime64[us]")
        return np.asarray(instants == instants.astype("datetime64[M]"))
    step = timeframe.seconds * 1_000_000
    return np.asarray((open_time - timeframe.origin_seconds * 1_000_000) % step == 0)
