"""Public trades from whatever a service has in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.array_values import flags_of, floats_of, times_of
from tradingdb.candles.arrow_values import arrow_table
from tradingdb.candles.columns import BadCellError, to_microseconds
from tradingdb.core.clock import as_utc
from tradingdb.errors import InvalidValueError
from tradingdb.market_trades.arrow_tables import from_table
from tradingdb.market_trades.columns import BUY, LONGEST_ID, SELL, UNKNOWN, MarketTradeColumns
from tradingdb.market_trades.layout import SIDES, named, unknown_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAST_EXACT_FLOAT = 2**53
"""Up to here every whole number is a float of its own."""


def columns_from(data: Any, *, timezone: str | None = None) -> MarketTradeColumns:
    """Columns of public trades from any of these.

    - `MarketTradeColumns`, or what `read` and `read_file` give;
    - trades as ccxt gives them: a list of dictionaries with timestamp, id, side, price and amount;
    - a mapping of arrays, or a numpy record array;
    - a pandas, polars or Arrow table, or anything else that exports an Arrow stream.

    Columns are found by name (`layout.NAMES`). Times may count s, ms, µs or ns since 1970, be numpy instants (UTC by
    convention) or aware timestamps. Times of a table that carry no zone need `timezone`.

    Raises:
        InvalidValueError: it is none of these, or a value cannot be read.
    """
    match data:
        case MarketTradeColumns():
            return data
        case Mapping():
            return from_mapping(data)
        case np.ndarray() if data.dtype.names:
            return from_mapping({name: data[name] for name in data.dtype.names})
    if hasattr(data, "__arrow_c_stream__"):
        return from_table(arrow_table(data, "public trades"), timezone=timezone)
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return from_rows(data)
    if isinstance(inner := getattr(data, "columns", None), (Mapping, MarketTradeColumns)):
        return columns_from(inner)
    raise InvalidValueError(
        f"Public trades cannot be read from a {type(data).__name__}: "
        "pass ccxt trades, arrays by name, or a pandas, polars or Arrow table."
    )


def from_rows(rows: Sequence[Any]) -> MarketTradeColumns:
    """Columns from dictionaries, one per trade.

    Raises:
        BadCellError: a row is no dictionary, or a value cannot be read.
    """
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise BadCellError(at, "a trade as ccxt gives it, a dictionary, was expected")
    if not rows:
        return from_mapping({"timestamp": np.empty(0, np.int64), "price": np.empty(0), "amount": np.empty(0)})
    names = named(dict.fromkeys(str(key) for row in rows for key in row))
    return from_mapping({theirs: _objects([row.get(theirs) for row in rows]) for theirs in names.values()})


def from_mapping(data: Mapping[str, Any]) -> MarketTradeColumns:
    """Columns from arrays by name.

    Raises:
        InvalidValueError: a column is missing, they are not equally long, or a value cannot be read.
    """
    names = named(data)
    column = {ours: _array(data[theirs]) for ours, theirs in names.items()}
    for name, values in column.items():
        if values.ndim != 1:
            raise InvalidValueError(f"{name} is not a list of values.")
    if len({len(values) for values in column.values()}) != 1:
        raise InvalidValueError("The columns are not equally long.")
    size = len(column["price"])
    return MarketTradeColumns(
        _times(column["traded_at"]),
        _ids(column["venue_trade_id"]) if "venue_trade_id" in column else np.zeros(size, "S1"),
        floats_of(column["price"], "price") + 0.0,  # there is one zero
        floats_of(column["quantity"], "quantity"),
        _sides(column, size),
        flags_of(column["is_block"], "is_block") if "is_block" in column else None,
    )


def _array(values: Any) -> NDArray[Any]:
    """Values as numpy has them; a list keeps its objects, because numpy would make texts of mixed ones."""
    return _objects(values) if isinstance(values, (list, tuple)) else np.asarray(values)


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _times(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind != "O":
        return times_of(values)
    listed = values.tolist()
    for at, value in enumerate(listed):
        if value is None:
            raise BadCellError(at, "the time is missing")
        if isinstance(value, (bool, str)) or not isinstance(value, (int, float, datetime)):
            raise BadCellError(at, f"the time {str(value)[:40]!r} is neither a number since 1970 nor a datetime")
    if not any(isinstance(value, datetime) for value in listed):
        return times_of(np.array(listed))
    try:
        return np.array([to_microseconds(as_utc(value)) for value in listed], np.int64)
    except InvalidValueError as error:
        raise InvalidValueError(f"A time of a trade was refused. {error}") from None


def _ids(values: NDArray[Any]) -> NDArray[np.bytes_]:
    if values.dtype.kind == "S":
        return values
    if values.dtype.kind in "iu":
        return values.astype("S")
    if values.dtype.kind == "U":
        return np.strings.encode(np.strings.strip(values), "utf-8")
    if values.dtype.kind not in "Of":
        raise InvalidValueError(f"venue_trade_id has type {values.dtype}: texts or whole numbers were expected.")
    return np.array([_id(at, value) for at, value in enumerate(values.tolist())], "S")


def _id(at: int, value: Any) -> bytes:
    if value is None or value != value:  # noqa: PLR0124 - NaN, which pandas has for a missing number
        return b""
    if isinstance(value, float) and value.is_integer() and abs(value) < LAST_EXACT_FLOAT:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise BadCellError(at, f"the id {str(value)[:40]!r} is neither text nor a whole number")
    if "\x00" in (text := str(value).strip()):
        raise BadCellError(at, "the id holds a NUL character")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise BadCellError(at, "the id holds half of a surrogate pair") from None
    if len(encoded) > LONGEST_ID:
        raise BadCellError(at, f"the id has more than {LONGEST_ID} bytes")
    return encoded


def _sides(column: Mapping[str, NDArray[Any]], size: int) -> NDArray[np.int8]:
    if "is_buyer_maker" in column:
        return np.where(flags_of(column["is_buyer_maker"], "is_buyer_maker"), SELL, BUY).astype(np.int8)
    if "taker_side" not in column:
        return np.full(size, UNKNOWN, np.int8)
    values = column["taker_side"]
    if values.dtype.kind == "i":
        is_known = np.isin(values, (BUY, SELL, UNKNOWN))
        if not is_known.all():
            odd = int(np.flatnonzero(~is_known)[0])
            raise BadCellError(odd, unknown_side(values[odd]))
        return values.astype(np.int8)
    found = np.empty(size, np.int8)
    for at, value in enumerate(values.tolist()):
        text = "" if value is None or value != value else value  # noqa: PLR0124 - NaN
        code = SIDES.get(text.strip().casefold()) if isinstance(text, str) else None
        if code is None:
            raise BadCellError(at, unknown_side(value))
        found[at] = code
    return found
