"""PostgreSQL's binary COPY format, from and to numpy arrays without a Python object per row.

The format (PostgreSQL manual, COPY, Binary Format): a header of 19 bytes; per row a 16-bit field count and per field a
32-bit length and the value; a 16-bit -1 at the end; all big-endian. NULL is the length -1 without a value. Values here
have a fixed width, so a table of rows is one numpy record array, out of which the bytes of NULLs are cut. Texts travel
in fields as wide as the longest of them, out of which the padding is cut too; received, PostgreSQL has padded them.
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
TEXT = "text"
"""The type of a column of texts, which are arrays of UTF-8 bytes without NULs."""
NULL_LENGTH = -1
_LENGTH_BYTES = 4
_DECODED_AT_ONCE = 1 << 20
"""Bytes that are turned into values together: enough for numpy, little enough for the processor's cache."""

PADDED = (
    "convert_to({name}, 'UTF8') || "
    "decode(repeat('00', max(octet_length({name})) OVER () - octet_length({name})), 'hex')"
)
"""SQL for a text as bytes, widened with NULs to the longest of the result: what `decode` reads as a text."""


def encode(
    columns: Mapping[str, str],
    values: Mapping[str, NDArray[Any]],
    *,
    constants: Mapping[str, str] | None = None,
    nulls: Mapping[str, NDArray[np.bool_]] | None = None,
) -> bytes:
    """Rows in binary COPY format.

    `columns` gives each column's PostgreSQL type, in order; times are microseconds since 1970, and an empty text is
    NULL. `constants` are texts that every row has, sent after the columns. `nulls` says which rows have NULL in a
    column, whatever its value.
    """
    same = {name: text.encode() for name, text in (constants or {}).items()}
    layout = {name: values[name].dtype.str if kind == TEXT else TYPES[kind] for name, kind in columns.items()}
    rows = np.empty(len(next(iter(values.values()))), _row_type(layout | {n: f"S{len(t)}" for n, t in same.items()}))
    rows["fields"] = len(columns) + len(same)
    for name, kind in columns.items():
        rows[f"{name} length"] = rows.dtype[name].itemsize
        rows[name] = values[name] - POSTGRES_EPOCH if kind == "timestamptz" else values[name]
    for name, text in same.items():
        rows[f"{name} length"] = len(text)
        rows[name] = text
    lengths = {name: np.strings.str_len(values[name]) for name, kind in columns.items() if kind == TEXT}
    return HEADER + _cut(rows, nulls or {}, lengths) + TRAILER


def _row_type(layout: Mapping[str, str]) -> np.dtype[np.void]:
    """A row of fields, each with its length before it; `layout` gives their numpy types."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in layout.items():
        fields += [(f"{name} length", ">i4"), (name, kind)]
    return np.dtype(fields)


def _cut(rows: NDArray[Any], nulls: Mapping[str, NDArray[np.bool_]], lengths: Mapping[str, NDArray[np.int_]]) -> bytes:
    """The rows without the bytes of NULLs and without what pads texts, of which `lengths` are the lengths."""
    if not lengths and not any(is_null.any() for is_null in nulls.values()):
        return rows.tobytes()
    is_sent = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    for name, length in lengths.items():
        rows[f"{name} length"] = np.where(length == 0, NULL_LENGTH, length)
        field = _bytes_of(rows, name)
        is_sent[:, field] = np.arange(field.stop - field.start) < length[:, None]
    for name, is_null in nulls.items():
        rows[f"{name} length"][is_null] = NULL_LENGTH
        is_sent[is_null, _bytes_of(rows, name)] = False
    return rows.view(np.uint8).reshape(is_sent.shape)[is_sent].tobytes()


def _bytes_of(rows: NDArray[Any], name: str) -> slice:
    kind, offset = rows.dtype.fields[name][:2]  # type: ignore[index]
    return slice(offset, offset + kind.itemsize)


class Decoder:
    """The columns of a binary COPY without NULLs, out of blocks of any size as they arrive.

    Only the last column may be a text, which `PADDED` has widened.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._blocks: list[bytes] = []
        self._waiting = 0
        self._skip = len(HEADER)
        self._row: np.dtype[np.void] | None = None
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in columns}

    def feed(self, block: bytes) -> None:
        """Take the next block."""
        self._blocks.append(block)
        self._waiting += len(block)
        if self._waiting >= _DECODED_AT_ONCE:
            self._decode()

    def finish(self) -> dict[str, NDArray[Any]]:
        """The columns: native byte order, times as microseconds since 1970.

        Raises:
            ValueError: what was fed ends within a row, or rows have another width than the types say.
        """
        self._decode()
        if self._blocks != [TRAILER]:
            raise ValueError(
                "A COPY ended within a row, or with rows of another width: that is a mistake in this library."
            )
        return {name: np.concatenate(self._parts.pop(name)) for name in self._columns}

    def _decode(self) -> None:
        """Turn the whole rows of what is waiting into values; the rest waits for the next block."""
        data = memoryview(b"".join(self._blocks))[self._skip :]
        self._skip = 0
        self._row = self._row or _row_type(_received(self._columns, data))
        whole = len(data) // self._row.itemsize
        rows = np.frombuffer(data, self._row, whole)
        if not (rows["fields"] == len(self._columns)).all():
            raise ValueError("A NULL came in a COPY, or rows of another width: that is a mistake in this library.")
        for name, kind in self._columns.items():
            self._parts[name].append(_native(rows[name], kind))
        rest = bytes(data[whole * self._row.itemsize :])
        self._blocks, self._waiting = [rest], len(rest)


def empty(columns: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """The columns of no rows."""
    decoder = Decoder(columns)
    decoder.feed(HEADER + TRAILER)
    return decoder.finish()


def _native(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """Values of a field, as an array of their own in the processor's byte order."""
    if kind == TEXT:
        return np.ascontiguousarray(values)
    if kind == "bool":
        return values.astype(np.bool_)
    native = values.astype(values.dtype.newbyteorder("="))
    if kind == "timestamptz":
        native += POSTGRES_EPOCH
    return native


def _received(columns: Mapping[str, str], body: memoryview) -> dict[str, str]:
    """The numpy types of the fields; the length before the first row's text is the width of all."""
    *fixed, last = columns
    layout = {name: TYPES[columns[name]] for name in fixed}
    if columns[last] != TEXT:
        return layout | {last: TYPES[columns[last]]}
    at = _row_type(layout).itemsize
    width = int.from_bytes(body[at : at + _LENGTH_BYTES]) if len(body) >= at + _LENGTH_BYTES else 1
    return layout | {last: f"S{width}"}
