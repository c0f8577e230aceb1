"""Which rows are the same trade: by the venue's id, or by what they say and their place among equal ones.

A trade is one (instrument, time, id). Where a source gives no id, one is made of price, quantity, side and the place
among rows of the same time that say the same: `derived:0.0014:23.0:-1:0` is the first of them. So of two files that
overlap, or of one that is imported again, the same rows get the same ids, wherever a file begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.columns import to_datetime
from tradingdb.errors import ConflictingMarketTradesError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradingdb.market_trades.columns import MarketTradeColumns

DERIVED = "derived:"
"""What a derived id begins with."""

NEAR = 1_000_000
"""An id that comes again within so many microseconds is the same trade with a coarser or finer time."""

MAX_LISTED = 5


def with_ids(columns: MarketTradeColumns) -> MarketTradeColumns:
    """The same trades, each with an id."""
    ids = columns.venue_trade_id
    rows = np.flatnonzero(ids == b"")
    if not len(rows):
        return columns
    bare = columns.take(rows)
    keys = (bare.taker_side, bare.quantity, bare.price, bare.traded_at)
    order = np.lexsort(keys)
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    numbers = np.arange(len(rows))
    place = np.empty(len(rows), np.int64)
    place[order] = numbers - np.maximum.accumulate(np.where(is_first, numbers, 0))
    made = np.full(len(rows), DERIVED.encode())
    for part, end in ((bare.price, b":"), (bare.quantity, b":"), (bare.taker_side, b":"), (place, b"")):
        made = np.strings.add(np.strings.add(made, part.astype("S")), end)
    complete = ids.astype(f"S{max(ids.dtype.itemsize, made.dtype.itemsize)}")
    complete[rows] = made
    return replace(columns, venue_trade_id=complete)


def distinct(columns: MarketTradeColumns) -> MarketTradeColumns:
    """Each trade once, in order of time and id; where only some of its rows know the side, with the side.

    Raises:
        ConflictingMarketTradesError: two rows say different things about one trade.
    """
    ids = np.unique(columns.venue_trade_id, return_inverse=True)[1]
    order = np.lexsort((columns.traded_at, ids))
    sorted_ids, sorted_times = ids[order], columns.traded_at[order]
    same_id, later = sorted_ids[1:] == sorted_ids[:-1], np.diff(sorted_times)
    if not (same_id & (later <= NEAR)).any():
        return columns.take(np.lexsort((ids, columns.traded_at)))
    is_venues = ~np.strings.startswith(columns.venue_trade_id[order], DERIVED.encode())[1:]
    _refuse(columns, order, same_id & (later > 0) & (later <= NEAR) & is_venues, "their times differ")
    first = np.flatnonzero(np.append([True], ~same_id | (later > 0)))
    for name in ("price", "quantity", "is_block"):
        if (values := getattr(columns, name)) is not None:
            _refuse(columns, order, _differs(values[order], first), f"{name} differs")
    sides = columns.taker_side[order]
    low, high = np.minimum.reduceat(sides, first), np.maximum.reduceat(sides, first)
    size = np.diff(np.append(first, len(order)))
    _refuse(columns, order, np.repeat((low < 0) & (high > 0), size)[1:] & same_id & (later == 0), "the sides differ")
    once = replace(columns.take(order[first]), taker_side=np.where(high > 0, high, low))
    return once.take(np.argsort(once.traded_at, kind="stable"))


def _differs(values: NDArray[Any], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which values, from the second on, are not what the row before them says, where both are of one trade."""
    differs = np.asarray(values[1:] != values[:-1])
    differs[first[1:] - 1] = False
    return differs


def _refuse(columns: MarketTradeColumns, order: NDArray[np.int64], is_bad: NDArray[np.bool_], reason: str) -> None:
    if not is_bad.any():
        return
    bad = np.flatnonzero(is_bad)
    listed = []
    for at in bad[:MAX_LISTED]:
        one, other = sorted((int(order[at]), int(order[at + 1])))
        name = columns.venue_trade_id[other].decode()
        when = to_datetime(int(columns.traded_at[other])).isoformat()
        listed.append(f"rows {one} and {other} ({name} at {when}): {reason}")
    more = f"; and {len(bad) - MAX_LISTED:,} more" if len(bad) > MAX_LISTED else ""
    raise ConflictingMarketTradesError(
        f"Rows say different things about one trade, none was stored: {'; '.join(listed)}{more}. "
        "Take out those that are wrong."
    )
