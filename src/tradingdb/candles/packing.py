"""A numpy column as bytes and back, the same bit for bit: what the columns of a block hold.

A head of 16 bytes: the width of a number in bytes (unsigned, 8 bits), a decimal scale (unsigned, 8 bits), six bytes of
nothing, a base (signed, 64 bits); then the numbers, all little-endian. Width 0 stands for doubles as they are. Any
other width is that of unsigned integers; a value is `(base + integer) / 10**scale`. Prices have few decimals, so that
gives back the very double that the decimal was read as: both are the one nearest to it (IEEE 754: a division is rounded
correctly, and below 2**53 nothing is rounded before). A column for which it does not is kept as doubles.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.errors import DamagedBlockError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD = struct.Struct("<BB6xq")
AS_THEY_ARE = 0
WIDTHS = (1, 2, 4, 8)
WIDTHS_OF = {"f": (AS_THEY_ARE, 1, 2, 4), "i": WIDTHS}
LARGEST_SCALE = 12
LARGEST_EXACT = 2**53
"""Up to here every integer is a double."""
SAMPLE = 64
"""So many values tell most columns apart that have no decimal scale."""


def pack(values: NDArray[Any]) -> bytes:
    """A column of float64, int64 or bool (which takes a bit each) as bytes; at least one value."""
    if values.dtype.kind == "b":
        return np.packbits(values).tobytes()
    if values.dtype.kind == "i":
        return _as_integers(values, 0)
    scaled = _decimals(values)
    if scaled is not None:
        packed = _as_integers(*scaled)
        if len(packed) < HEAD.size + values.nbytes:
            return packed
    return HEAD.pack(AS_THEY_ARE, 0, 0) + values.astype("<f8").tobytes()


def unpack(packed: bytes, into: NDArray[Any]) -> None:
    """Fill an array of the packed column's type and length.

    Raises:
        DamagedBlockError: the bytes are not such a column.
    """
    if into.dtype.kind == "b":
        if len(packed) != -(-len(into) // 8):
            raise DamagedBlockError
        into[:] = np.unpackbits(np.frombuffer(packed, np.uint8), count=len(into))
        return
    if len(packed) < HEAD.size:
        raise DamagedBlockError
    width, scale, base = HEAD.unpack_from(packed)
    if width not in WIDTHS_OF[into.dtype.kind] or len(packed) != HEAD.size + (width or 8) * len(into):
        raise DamagedBlockError
    if width == AS_THEY_ARE:
        into[:] = np.frombuffer(packed, "<f8", offset=HEAD.size)
        return
    numbers = np.frombuffer(packed, f"<u{width}", offset=HEAD.size)
    if into.dtype.kind == "f":
        np.add(numbers, float(base), out=into, dtype=np.float64)
        if scale:
            np.divide(into, 10.0**scale, out=into)
    else:
        np.add(numbers.view(f"<i{width}") if width == WIDTHS[-1] else numbers, base, out=into, dtype=np.int64)


def _as_integers(values: NDArray[np.int64], scale: int) -> bytes:
    """Integers over the smallest of them, as narrow as they go."""
    base, highest = int(values.min()), int(values.max())
    width = next(width for width in WIDTHS if highest - base < 1 << 8 * width)
    if width == WIDTHS[-1]:  # nothing gained; and a difference of two could be too large for a signed one
        base = 0
    return HEAD.pack(width, scale, base) + (values - base).astype(f"<u{width}").tobytes()


def _decimals(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], int] | None:
    """The integers and the smallest scale that give these doubles back, bit for bit. None: there are none."""
    sample = values[:: max(1, len(values) // SAMPLE)]
    for scale in range(LARGEST_SCALE + 1):
        if _scaled(sample, scale) is not None and (numbers := _scaled(values, scale)) is not None:
            return numbers, scale
    return None


def _scaled(values: NDArray[np.float64], scale: int) -> NDArray[np.int64] | None:
    with np.errstate(over="ignore"):
        rounded = np.rint(values * 10.0**scale)
    if not np.all(np.abs(rounded) < LARGEST_EXACT):  # NaN is not either
        return None
    numbers = rounded.astype(np.int64)  # from here on, because integers have no -0
    return numbers if np.array_equal((numbers / 10.0**scale).view(np.int64), values.view(np.int64)) else None
