"""PostgreSQL's binary COPY format, from and to numpy arrays without a Python object per row.

The format (PostgreSQL manual, COPY, Binary Format): a header of 19 bytes; per row a 16-bit field count and per field a
32-bit length and the value; a 16-bit -1 at the end; all big-endian. Columns here have a fixed width and no NULLs, so a
table of rows is one numpy record array.
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

TYPES = {"timestamptz": ">i8", "float8": ">f8", "int8": ">i8", "bool": "u1"}


def _row_type(columns: Mapping[str, str]) -> np.dtype[np.void]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        layout += [(f"{name} length", ">i4"), (name, TYPES[kind])]
    return np.dtype(layout)


def encode(columns: Mapping[str, str], values: Mapping[str, NDArray[Any]]) -> bytes:
    """Rows in binary COPY format. `columns` gives each column's PostgreSQL type; times are microseconds since 1970."""
    rows = np.empty(len(next(iter(values.values()))), _row_type(columns))
    rows["fields"] = len(columns)
    for name, kind in columns.items():
        rows[f"{name} length"] = np.dtype(TYPES[kind]).itemsize
        rows[name] = values[name] - POSTGRES_EPOCH if kind == "timestamptz" else values[name]
    return HEADER + rows.tobytes() + TRAILER


def decode(columns: Mapping[str, str], data: bytearray) -> dict[str, NDArray[Any]]:
    """The columns of a binary COPY; native byte order, times as microseconds since 1970."""
    rows = np.frombuffer(memoryview(data)[len(HEADER) : -len(TRAILER)], _row_type(columns))
    result = {}
    for name, kind in columns.items():
        native = rows[name].astype(np.dtype(TYPES[kind]).newbyteorder("="))
        if kind == "timestamptz":
            native += POSTGRES_EPOCH
        result[name] = native.astype(np.bool_) if kind == "bool" else native
    return result
