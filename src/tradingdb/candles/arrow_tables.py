"""Candles from an Arrow table, which is also what files, pandas and polars become first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradingdb.candles.arrow_values import counts_of, flags_of, floats_of, joined, times_of
from tradingdb.candles.columns import CandleColumns, candle_columns
from tradingdb.candles.layout import named, require_all

if TYPE_CHECKING:
    import pyarrow as pa

PRICES = ("open", "high", "low", "close")
FLOATS = ("volume", "quote_volume", "taker_buy_volume", "tick_volume")
FLAGS = ("is_closed", "is_synthetic")


def from_table(table: pa.Table, *, timezone: str | None, symbol: str | None = None) -> CandleColumns:
    """Candle columns from a table with named columns. `timezone` is the zone of times that carry none.

    `symbol` tells volumes in base currency from those in quote currency (`layout.named`).

    Raises:
        BadCellError: a value cannot be read as what its column should hold.
        InvalidValueError: a column is missing, or times carry no zone and none was named.
    """
    names = named(table.column_names, symbol)
    require_all(names, table.column_names)
    column = {ours: joined(table[theirs]) for ours, theirs in names.items()}
    return candle_columns(
        times_of(column["open_time"], timezone),
        tuple(floats_of(column[name], name, required=True) for name in PRICES),  # type: ignore[arg-type]
        **{name: floats_of(column[name], name) for name in FLOATS if name in column},
        **{name: flags_of(column[name], name) for name in FLAGS if name in column},
        trade_count=counts_of(column["trade_count"]) if "trade_count" in column else None,
    )
