"""How sources name the columns of public trades, and what they call the sides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tradingdb.errors import InvalidValueError
from tradingdb.market_trades.columns import BUY, SELL, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = {
    "traded_at": ("tradedat", "timestamp", "time", "datetime", "date", "ts", "t", "transacttime", "tsevent"),
    "venue_trade_id": ("venuetradeid", "id", "tradeid", "aggtradeid", "tid", "execid"),
    "price": ("price", "p", "px"),
    "quantity": ("quantity", "amount", "qty", "size", "volume", "q"),
    "taker_side": ("takerside", "side"),
    "is_buyer_maker": ("isbuyermaker", "buyermaker"),
    "is_block": ("isblock", "isblocktrade"),
}
"""Spellings without case and punctuation, the preferred one first: ccxt gives a timestamp and the same as datetime."""

REQUIRED = ("traded_at", "price", "quantity")

SIDES = {"buy": BUY, "b": BUY, "sell": SELL, "s": SELL, "": UNKNOWN}
"""Spellings without case."""


def named(headers: Iterable[str]) -> dict[str, str]:
    """Our column name to the source's, for every column that is understood.

    Raises:
        InvalidValueError: a column that no trade can do without is missing, or one that is understood is there twice.
    """
    listed = [str(header) for header in headers]
    plain = {re.sub(r"[^a-z0-9]", "", header.casefold()): header for header in reversed(listed)}
    found = {
        ours: plain[known[0]]
        for ours, spellings in NAMES.items()
        if (known := [spelling for spelling in spellings if spelling in plain])
    }
    for header in found.values():
        if listed.count(header) > 1:
            raise InvalidValueError(f"The column {header} is there {listed.count(header)} times.")
    if absent := [name for name in REQUIRED if name not in found]:
        raise InvalidValueError(
            f"There is no column for {', '.join(absent)}; the columns are: {', '.join(listed) or 'none'}."
        )
    if "taker_side" in found:
        found.pop("is_buyer_maker", None)
    return found


def unknown_side(side: object) -> str:
    """Why a side cannot be read."""
    return f"the side {str(side)[:40]!r} is neither buy nor sell"
