"""What a file holds, whatever its rows are about: its bytes unpacked, its Arrow table, and where a row stands in it."""

from __future__ import annotations

import gzip
import importlib
import io
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from tradingdb.candles.arrow_values import require_arrow
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from pathlib import Path

GZIP, PARQUET, BYTE_ORDER_MARK = b"\x1f\x8b", b"PAR1", b"\xef\xbb\xbf"
FEATHER = (b"ARROW1", b"FEA1")


def content_of(path: Path) -> bytes:
    """The bytes of a file, unpacked and without a byte order mark.

    Raises:
        InvalidValueError: it cannot be read, is damaged, or holds nothing.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP):
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InvalidValueError("the gzip data are damaged or cut off") from None
    except OSError as error:
        raise InvalidValueError(f"it cannot be read ({error.strerror})") from None
    content = content.removeprefix(BYTE_ORDER_MARK)
    if not content.strip():
        raise InvalidValueError("it is empty")
    return content


def is_arrow_file(content: bytes) -> bool:
    """Whether the content is of a Parquet or a Feather file."""
    return content.startswith((PARQUET, *FEATHER))


def arrow_file(content: bytes) -> Any:
    """The Arrow table of a Parquet or Feather file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InvalidValueError: the content is damaged.
    """
    pa = require_arrow()
    reader = importlib.import_module("pyarrow.parquet" if content.startswith(PARQUET) else "pyarrow.feather")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Feather's first version, which people still have
            return reader.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidValueError(f"it is damaged ({str(error).splitlines()[0][:120]})") from None


def row_place(row: int) -> str:
    """The words for a row, counted from 0, of a file without lines: `row 1` is the first."""
    return f"row {row + 1}"
