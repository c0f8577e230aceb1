"""PostgreSQL's binary COPY format for rows with texts, which `candles.wire` does not have: same layout, same arrays.

Texts travel in fields as wide as the longest of them, out of which the padding is cut before they are sent; received,
PostgreSQL has padded them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.wire import HEADER, NULL_LENGTH, POSTGRES_EPOCH, TRAILER, TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

TEXT = "text"
_LENGTH_BYTES = 4


def encode(columns: Mapping[str, str], values: Mapping[str, NDArray[Any]]) -> bytes:
    """Rows in binary COPY format. Texts are arrays of UTF-8 bytes, and an empty one is NULL; times count from 1970."""
    size = len(next(iter(values.values())))
    layout = {name: values[name].dtype.str if kind == TEXT else TYPES[kind] for name, kind in columns.items()}
    rows = np.empty(size, _row_type(layout))
    rows["fields"] = len(columns)
    is_sent = np.ones((size, rows.dtype.itemsize), np.bool_)
    for name, kind in columns.items():
        rows[name] = values[name] - POSTGRES_EPOCH if kind == "timestamptz" else values[name]
        width = rows.dtype[name].itemsize
        if kind != TEXT:
            rows[f"{name} length"] = width
            continue
        lengths = np.strings.str_len(values[name])
        rows[f"{name} length"] = np.where(lengths == 0, NULL_LENGTH, lengths)
        begin = rows.dtype.fields[name][1]  # type: ignore[index]
        is_sent[:, begin : begin + width] = np.arange(width) < lengths[:, None]
    return HEADER + rows.view(np.uint8).reshape(is_sent.shape)[is_sent].tobytes() + TRAILER


def decode(columns: Mapping[str, str], data: bytearray) -> dict[str, NDArray[Any]]:
    """The columns of a binary COPY without NULLs, of which the last is a text that `PADDED` has widened."""
    *fixed, text = columns
    body = memoryview(data)[len(HEADER) : -len(TRAILER)]
    layout = {name: TYPES[columns[name]] for name in fixed}
    at = _row_type(layout).itemsize
    width = int.from_bytes(body[at : at + _LENGTH_BYTES]) or 1
    rows = np.frombuffer(body, _row_type({**layout, text: f"S{width}"}))
    result: dict[str, NDArray[Any]] = {}
    for name in fixed:
        native = rows[name].astype(rows.dtype[name].newbyteorder("="))
        if columns[name] == "timestamptz":
            native += POSTGRES_EPOCH
        result[name] = native.astype(np.bool_) if columns[name] == "bool" else native
    return result | {text: np.ascontiguousarray(rows[text])}


PADDED = (
    "convert_to({name}, 'UTF8') || "
    "decode(repeat('00', max(octet_length({name})) OVER () - octet_length({name})), 'hex')"
)
"""SQL for a text as bytes, widened with NULs to the longest of the result."""


def _row_type(layout: Mapping[str, str]) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in layout.items():
        fields += [(f"{name} length", ">i4"), (name, kind)]
    return np.dtype(fields)
