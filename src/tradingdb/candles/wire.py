"""PostgreSQL's binary COPY format, from and to numpy arrays without a Python object per row.

The format (PostgreSQL manual, COPY, Binary Format): a header of 19 bytes; per row a 16-bit field count and per field a
32-bit length and the value; a 16-bit -1 at the end; all big-endian. NULL is the length -1 without a value. Values here
have a fixed width, so a table of rows is one numpy record array, out of which the bytes of NULLs are cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
TRAILER = b"\xff\xff"
POSTGRES_EPOCH = 946_684_800_000_000
"""2000-01-01T00:00Z, where PostgreSQL's timestamps count from, in microseconds since 1970."""

TYPES = {"timestamptz": ">i8", "float8": ">f8", "int8": ">i8", "int4": ">i4", "bool": "u1"}
NULL_LENGTH = -1


def _row_type(columns: Mapping[str, str]) -> np.dtype[np.void]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        layout += [(f"{name} length", ">i4"), (name, TYPES.get(kind, kind))]
    return np.dtype(layout)


def encode(
    columns: Mapping[str, str],
    values: Mapping[str, NDArray[Any]],
    *,
    constants: Mapping[str, str] | None = None,
    nulls: Mapping[str, NDArray[np.bool_]] | None = None,
) -> bytes:
    """Rows in binary COPY format.

    `columns` gives each column's PostgreSQL type, in order; times are microseconds since 1970. `constants` are texts
    that every row has, sent after the columns. `nulls` says which rows have NULL in a column, whatever its value.
    """
    texts = {name: text.encode() for name, text in (constants or {}).items()}
    size = len(next(iter(values.values())))
    row = _row_type({**columns, **{name: f"S{len(text)}" for name, text in texts.items()}})
    rows = np.empty(size, row)
    rows["fields"] = len(columns) + len(texts)
    for name, kind in columns.items():
        rows[f"{name} length"] = np.dtype(TYPES[kind]).itemsize
        rows[name] = values[name] - POSTGRES_EPOCH if kind == "timestamptz" else values[name]
    for name, text in texts.items():
        rows[f"{name} length"] = len(text)
        rows[name] = text
    return HEADER + _without_nulls(rows, nulls or {}) + TRAILER


def _without_nulls(rows: NDArray[Any], nulls: Mapping[str, NDArray[np.bool_]]) -> bytes:
    if not any(is_null.any() for is_null in nulls.values()):
        return rows.tobytes()
    is_kept = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    for name, is_null in nulls.items():
        rows[f"{name} length"][is_null] = NULL_LENGTH
        kind, offset = rows.dtype.fields[name][:2]  # type: ignore[index]
        is_kept[is_null, offset : offset + kind.itemsize] = False
    return rows.view(np.uint8).reshape(is_kept.shape)[is_kept].tobytes()


def decode(columns: Mapping[str, str], data: bytearray) -> dict[str, NDArray[Any]]:
    """The columns of a binary COPY without NULLs; native byte order, times as microseconds since 1970."""
    rows = np.frombuffer(memoryview(data)[len(HEADER) : -len(TRAILER)], _row_type(columns))
    result = {}
    for name, kind in columns.items():
        native = rows[name].astype(np.dtype(TYPES[kind]).newbyteorder("="))
        if kind == "timestamptz":
            native += POSTGRES_EPOCH
        result[name] = native.astype(np.bool_) if kind == "bool" else native
    return result
