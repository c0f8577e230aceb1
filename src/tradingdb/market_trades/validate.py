"""What no public trade may be. The table's CHECKs say the same; here it is told by row, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradingdb.candles.columns import to_microseconds
from tradingdb.candles.validate import CLOCK_SKEW, FIRST_MICROSECOND, LAST_MICROSECOND, Problem
from tradingdb.core.clock import utc_now
from tradingdb.market_trades.columns import BUY, LONGEST_ID, SELL, UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradingdb.market_trades.columns import MarketTradeColumns


def problems(columns: MarketTradeColumns) -> list[Problem]:
    """Every row that cannot be stored, in order, each with its first reason."""
    found: dict[int, str] = {}
    for reason, is_bad in _rules(columns):
        for row in np.flatnonzero(is_bad):
            found.setdefault(int(row), reason)
    return [Problem(row, found[row]) for row in sorted(found)]


def _rules(columns: MarketTradeColumns) -> list[tuple[str, NDArray[np.bool_]]]:
    at = columns.traded_at
    return [
        ("the price is not a finite number", ~np.isfinite(columns.price)),
        ("the quantity is not a finite number above 0", ~(np.isfinite(columns.quantity) & (columns.quantity > 0))),
        ("the side is neither buy nor sell", ~np.isin(columns.taker_side, (BUY, SELL, UNKNOWN))),
        ("the time is in no calendar", (at < FIRST_MICROSECOND) | (at > LAST_MICROSECOND)),
        ("the time is in the future", at > to_microseconds(utc_now()) + CLOCK_SKEW),
        (f"the id has more than {LONGEST_ID} bytes", np.strings.str_len(columns.venue_trade_id) > LONGEST_ID),
        ("the id holds a NUL character", _has_nul(columns.venue_trade_id)),
    ]


def _has_nul(ids: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Which ids have a NUL that is not only numpy's padding."""
    matrix = np.ascontiguousarray(ids).view(np.uint8).reshape(len(ids), ids.dtype.itemsize)
    return np.asarray((matrix != 0).sum(axis=1) != np.strings.str_len(ids))
