"""Public trades as columns: the one form that every source is turned into."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUY, SELL, UNKNOWN = 1, -1, 0
"""What the taker did."""

LONGEST_ID = 500
"""Bytes of a venue's id, which stands in an index."""


@dataclass(frozen=True, slots=True)
class MarketTradeColumns:
    """Equally long numpy arrays.

    `traded_at` is int64, microseconds since 1970-01-01T00:00Z; `venue_trade_id` UTF-8 bytes, empty where the source
    gave none; `price` (quote currency) and `quantity` (base currency, or contracts) float64; `taker_side` int8, one of
    `BUY`, `SELL` and `UNKNOWN`.
    """

    traded_at: NDArray[np.int64]
    venue_trade_id: NDArray[np.bytes_]
    price: NDArray[np.float64]
    quantity: NDArray[np.float64]
    taker_side: NDArray[np.int8]
    is_block: NDArray[np.bool_] | None = None
    """Negotiated off the book. None: the source does not say."""

    def __len__(self) -> int:
        return len(self.traded_at)

    def take(self, rows: Any) -> MarketTradeColumns:
        """The same columns with only the chosen rows: a slice, a mask or positions."""
        columns: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            columns[field.name] = None if column is None else column[rows]
        return MarketTradeColumns(**columns)


def padded(data: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Texts that lie one after another in `data`, as an array of bytes."""
    width = max(1, int(lengths.max(initial=0)))
    matrix = np.zeros((len(lengths), width), np.uint8)
    matrix[np.arange(width) < lengths[:, None]] = data
    return matrix.view(f"S{width}").ravel()
