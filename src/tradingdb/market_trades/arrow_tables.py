"""Public trades from an Arrow table, which is also what files, pandas and polars become first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.arrow_values import flags_of, floats_of, joined, times_of
from tradingdb.candles.columns import BadCellError
from tradingdb.errors import InvalidValueError
from tradingdb.market_trades.columns import BUY, LONGEST_ID, SELL, UNKNOWN, MarketTradeColumns, padded
from tradingdb.market_trades.layout import SIDES, named, unknown_side

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:  # the extra is optional
    pa = pc = None

if TYPE_CHECKING:
    from numpy.typing import NDArray


def from_table(table: pa.Table, *, timezone: str | None) -> MarketTradeColumns:
    """Columns of public trades from a table with named columns. `timezone` is the zone of times that carry none.

    Raises:
        BadCellError: a value cannot be read as what its column should hold.
        InvalidValueError: a column is missing, or times carry no zone and none was named.
    """
    names = named(table.column_names)
    column = {ours: joined(table[theirs]) for ours, theirs in names.items()}
    size = table.num_rows
    return MarketTradeColumns(
        times_of(column["traded_at"], timezone),
        _ids(column["venue_trade_id"]) if "venue_trade_id" in column else np.zeros(size, "S1"),
        floats_of(column["price"], "price", required=True) + 0.0,  # there is one zero
        floats_of(column["quantity"], "quantity", required=True),
        _sides(column, size),
        flags_of(column["is_block"], "is_block") if "is_block" in column else None,
    )


def _ids(array: pa.Array) -> NDArray[np.bytes_]:
    if pa.types.is_floating(array.type):  # what pandas makes of whole numbers where one is missing
        array = array.cast(pa.int64())
    if not (pa.types.is_string(array.type) or pa.types.is_integer(array.type) or pa.types.is_null(array.type)):
        raise InvalidValueError(f"venue_trade_id has type {array.type}: texts or whole numbers were expected.")
    texts = pc.fill_null(array.cast(pa.string()), "")
    lengths = np.asarray(pc.binary_length(texts).to_numpy(zero_copy_only=False), np.int64)
    if (lengths > LONGEST_ID).any():
        row = int(np.flatnonzero(lengths > LONGEST_ID)[0])
        raise BadCellError(row, f"the id has more than {LONGEST_ID} bytes")
    if (row := pc.index(pc.match_substring(texts, "\x00"), True).as_py()) >= 0:
        raise BadCellError(row, "the id holds a NUL character")
    return padded(np.frombuffer(b"".join(_bytes_of(texts)), np.uint8), lengths)


def _bytes_of(texts: pa.Array) -> list[Any]:
    """The texts one after another: the part of Arrow's buffer that this array covers."""
    if not len(texts):
        return []
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return [memoryview(data)[int(ends[texts.offset]) : int(ends[texts.offset + len(texts)])]] if data else []


def _sides(column: dict[str, pa.Array], size: int) -> NDArray[np.int8]:
    if "is_buyer_maker" in column:
        return np.where(flags_of(column["is_buyer_maker"], "is_buyer_maker"), SELL, BUY).astype(np.int8)
    if "taker_side" not in column:
        return np.full(size, UNKNOWN, np.int8)
    sides = column["taker_side"]
    if pa.types.is_integer(sides.type):
        spellings, codes = pa.array([BUY, SELL, UNKNOWN], sides.type), [BUY, SELL, UNKNOWN]
        positions = pc.index_in(pc.fill_null(sides, UNKNOWN), value_set=spellings)
    elif pa.types.is_string(sides.type) or pa.types.is_null(sides.type):
        spellings, codes = pa.array(SIDES), list(SIDES.values())
        positions = pc.index_in(pc.utf8_lower(pc.fill_null(sides.cast(pa.string()), "")), value_set=spellings)
    else:
        raise InvalidValueError(f"The side has type {sides.type}: buy and sell were expected.")
    if (odd := pc.index(positions.is_null(), True).as_py()) >= 0:
        raise BadCellError(odd, unknown_side(sides[odd].as_py()))
    return np.asarray(np.take(codes, positions.to_numpy()), np.int8)
