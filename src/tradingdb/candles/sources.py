"""Candles from whatever a service has in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.array_values import counts_of, flags_of, floats_of, times_of
from tradingdb.candles.arrow_tables import FLAGS, FLOATS, PRICES, from_table
from tradingdb.candles.arrow_values import arrow_table
from tradingdb.candles.columns import BadCellError, CandleColumns, candle_columns
from tradingdb.candles.layout import KRAKEN_POSITIONS, by_position, named, require_all
from tradingdb.candles.series import CandleSeries
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def columns_from(data: Any, *, timezone: str | None = None) -> CandleColumns:  # noqa: PLR0911 - one per kind
    """Candle columns from any of these.

    - `CandleColumns`, `CandleSeries`;
    - a pandas, polars or Arrow table, or anything else that exports an Arrow stream: columns found by name, a pandas
      index of times included;
    - a mapping of arrays, or a numpy record array: columns found by name;
    - rows as ccxt gives them, `[time, open, high, low, close, volume]`, as lists or as a numpy matrix.

    Times may count s, ms, µs or ns since 1970, be numpy instants (UTC by convention) or aware timestamps. Times of a
    table that carry no zone need `timezone`.

    Raises:
        InvalidValueError: it is none of these, or a value cannot be read.
    """
    match data:
        case CandleColumns():
            return data
        case CandleSeries():
            return _from_mapping(data.columns)
        case Mapping():
            return _from_mapping(data)
        case np.ndarray() if data.dtype.names:
            return _from_mapping({name: data[name] for name in data.dtype.names})
        case np.ndarray() if data.ndim == 2:  # noqa: PLR2004 - a matrix
            return from_rows_matrix(data)
    if hasattr(data, "__arrow_c_stream__"):
        return from_table(arrow_table(data, "candles"), timezone=timezone)
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return from_rows(data)
    raise InvalidValueError(
        f"Candles cannot be read from a {type(data).__name__}: "
        "pass rows, arrays by name, or a pandas, polars or Arrow table."
    )


def from_rows(rows: Sequence[Sequence[Any]]) -> CandleColumns:
    """Candle columns from rows without names, by position (`layout.POSITIONS`). Numbers may be text.

    Raises:
        BadCellError: a row has another width than the first, or a value is not a number.
    """
    if not rows:
        return from_rows_matrix(np.empty((0, 6)))
    width = len(_numbers(0, rows[0], None))
    matrix = np.empty((len(rows), width))
    try:
        matrix[:] = rows  # numpy reads numbers, text and None
        suspects: Sequence[int] = np.flatnonzero((matrix == 1).any(axis=1)).tolist()  # True passes for 1
    except (TypeError, ValueError, OverflowError):
        suspects = range(len(rows))
    for at in suspects:
        matrix[at] = _numbers(at, rows[at], width)
    return from_rows_matrix(matrix)


def _numbers(at: int, row: Any, width: int | None) -> list[float]:
    if not isinstance(row, (Sequence, np.ndarray)) or isinstance(row, str):
        raise BadCellError(at, "a list of values was expected")
    if width is not None and len(row) != width:
        raise BadCellError(at, f"a list of {width} values was expected, as in the first row")
    values = []
    for value in row:
        if isinstance(value, (bool, np.bool_)):
            raise BadCellError(at, f"{value} is not a number")
        try:
            values.append(np.nan if value is None else float(value))
        except (TypeError, ValueError, OverflowError):
            raise BadCellError(at, f"{str(value)[:40]!r} is not a number") from None
    return values


def from_rows_matrix(matrix: NDArray[Any]) -> CandleColumns:
    """Candle columns from a matrix with a row per candle, by position. Times count s, ms, µs or ns since 1970."""
    positions = by_position(matrix.shape[1])
    if positions is None:
        raise InvalidValueError(
            f"A candle needs at least time, open, high, low and close, and these rows have {matrix.shape[1]} values."
        )
    column = {name: matrix[:, at] for at, name in enumerate(positions) if name is not None}
    if positions is KRAKEN_POSITIONS:
        _check_is_kraken(column)
        column["quote_volume"] = column.pop("vwap") * column["volume"]
    return _from_mapping(column)


def _check_is_kraken(column: Mapping[str, NDArray[Any]]) -> None:
    """A sixth of eight values is an average price only if it behaves like one; other layouts must not pass for it."""
    average = column["vwap"]
    is_average = (average == 0) | ((average >= column["low"]) & (average <= column["high"]))
    if not is_average.all():
        raise BadCellError(
            int(np.flatnonzero(~is_average)[0]),
            "eight values were taken for Kraken's (time, open, high, low, close, average, volume, count), "
            "but the average is outside low and high: name the columns",
        )


def _from_mapping(data: Mapping[str, Any]) -> CandleColumns:
    names = named(data)
    require_all(names, data)
    column = {ours: np.asarray(data[theirs]) for ours, theirs in names.items()}
    for name, values in column.items():
        if values.ndim != 1:
            raise InvalidValueError(f"{name} is not a list of values.")
    if len({len(values) for values in column.values()}) != 1:
        raise InvalidValueError("The columns are not equally long.")
    return candle_columns(
        times_of(column["open_time"]),
        tuple(floats_of(column[name], name) for name in PRICES),  # type: ignore[arg-type]
        **{name: floats_of(column[name], name) for name in FLOATS if name in column},
        **{name: flags_of(column[name], name) for name in FLAGS if name in column},
        trade_count=counts_of(column["trade_count"]) if "trade_count" in column else None,
    )
