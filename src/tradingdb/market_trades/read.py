"""Public trades out: columns straight from binary COPY into numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles import wire
from tradingdb.candles.fetch import fetch_columns
from tradingdb.candles.from_trades import IN_ORDER
from tradingdb.candles.series import id_of
from tradingdb.core.clock import as_utc

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

_COLUMNS = {
    "traded_at": "timestamptz",
    "price": "float8",
    "quantity": "float8",
    "taker_side": "int4",
    "is_block": "bool",
    "venue_trade_id": wire.TEXT,
}
_EXPRESSIONS = {
    "taker_side": "CASE taker_side WHEN 'buy' THEN 1 WHEN 'sell' THEN -1 ELSE 0 END",
    "venue_trade_id": wire.PADDED.format(name="venue_trade_id"),
}
"""No NULL travels, and the id as wide as the longest, so that every row has the same width."""


@dataclass(frozen=True, slots=True)
class MarketTradeSeries:
    """Public trades of one instrument as numpy columns, in order of time and id.

    `traded_at` is datetime64[us] in UTC; `price` (quote currency) and `quantity` (base currency, or contracts) float64;
    `taker_side` int8, 1 bought, -1 sold, 0 not known; `is_block` bool; `venue_trade_id` text.
    """

    instrument_id: int
    traded_at: NDArray[np.datetime64]
    price: NDArray[np.float64]
    quantity: NDArray[np.float64]
    taker_side: NDArray[np.int8]
    is_block: NDArray[np.bool_]
    venue_trade_id: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.traded_at)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name: what pandas, polars and Arrow make a table of."""
        return {name: getattr(self, name) for name in _COLUMNS}


async def read(
    session: ReadSession,
    instrument: Instrument | int,
    start: datetime | None = None,
    end: datetime | None = None,
) -> MarketTradeSeries:
    """The public trades of an instrument in `[start, end)`, by time and then id; a missing bound is open.

    All of them are held in memory: ask for a day, not for years of a large market.

    Raises:
        InvalidValueError: a bound has no time zone.
    """
    instrument_id = id_of(instrument)
    conditions = [f"instrument_id = {int(instrument_id)}"]
    if start is not None:
        conditions.append(f"traded_at >= '{as_utc(start).isoformat()}'")
    if end is not None:
        conditions.append(f"traded_at < '{as_utc(end).isoformat()}'")
    listed = ", ".join(_EXPRESSIONS.get(name, name) for name in _COLUMNS)
    query = f"SELECT {listed} FROM market_trades WHERE {' AND '.join(conditions)} ORDER BY {IN_ORDER}"  # noqa: S608 - numbers, times and names of ours
    values = await fetch_columns(session, _COLUMNS, query)
    values["traded_at"] = values["traded_at"].view("datetime64[us]")
    values["taker_side"] = values["taker_side"].astype(np.int8)
    values["venue_trade_id"] = _text(values["venue_trade_id"])
    return MarketTradeSeries(instrument_id, **values)


def _text(ids: NDArray[np.bytes_]) -> NDArray[np.str_]:
    """UTF-8 as text; numpy does it by itself, and fast, where all of it is ASCII."""
    is_ascii = not len(ids) or int(ids.view(np.uint8).max()) < 128  # noqa: PLR2004 - the end of ASCII
    return ids.astype(np.str_) if is_ascii else np.strings.decode(ids, "utf-8")
