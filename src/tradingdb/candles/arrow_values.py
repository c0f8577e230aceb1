"""One column of an Arrow table as numpy: times, numbers, counts and flags, whatever type a source gave them.

Candles and public trades are read from tables by these; a value that cannot be read is named by its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tradingdb.candles.columns import NO_COUNT, BadCellError
from tradingdb.candles.times import epoch_to_microseconds, looks_like_dates, require_zone
from tradingdb.errors import InvalidValueError, MissingExtraError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:  # the extra is optional
    pa = pc = None

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

G = TypeVar("G", bound=np.generic)

_TRUE, _FALSE = ["true", "t", "1", "yes"], ["false", "f", "0", "no"]


def require_arrow() -> Any:
    """The pyarrow module.

    Raises:
        MissingExtraError: it is not installed.
    """
    if pa is None:
        raise MissingExtraError("This needs pyarrow, which is not installed: run pip install 'tradingdb[arrow]'.")
    return pa


def arrow_table(data: Any, rows: str) -> Any:
    """An Arrow table of anything that exports an Arrow stream; `rows` says what the table should hold.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InvalidValueError: it is a single column.
    """
    require_arrow()
    try:
        return pa.table(data)
    except (pa.ArrowInvalid, TypeError):
        raise InvalidValueError(
            f"A {type(data).__name__} is one column: {rows} need a table with columns for time and prices."
        ) from None


def joined(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; texts as plain strings without blanks around them, categories as their texts."""
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return pc.utf8_trim_whitespace(array) if pa.types.is_string(array.type) else array


def times_of(array: pa.Array, timezone: str | None) -> NDArray[np.int64]:
    """Microseconds since 1970-01-01T00:00Z: from timestamps, dates, texts, or numbers that count s, ms, µs or ns.

    `timezone` is the zone of times that carry none.

    Raises:
        BadCellError: a time is missing, cannot be read, or is no time or two times in its zone.
        InvalidValueError: the column holds no times, or they carry no zone and none was named.
    """
    kind = array.type
    if array.null_count:
        raise BadCellError(pc.index(array.is_null(), True).as_py(), "the time is missing")
    if pa.types.is_string(kind):
        return _text_times(array, timezone)
    if pa.types.is_timestamp(kind):
        zoned = array if kind.tz is not None else _in_zone(array, timezone)
        return _numpy(zoned.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64()), np.int64)
    if pa.types.is_date(kind):
        return times_of(array.cast(pa.timestamp("us")), timezone)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = array.to_numpy(zero_copy_only=False)
        if pa.types.is_integer(kind) and len(numbers) and looks_like_dates(numbers):
            return _text_times(array.cast(pa.string()), timezone)
        return epoch_to_microseconds(numbers)
    raise InvalidValueError(f"Times cannot be read from a column of type {kind}.")


def _text_times(array: pa.Array, timezone: str | None) -> NDArray[np.int64]:
    is_date = _matches(array, r"^(19|20|21)\d{6}$")
    if is_date.all():
        return _iso_times(pc.replace_substring_regex(array, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3"), timezone)
    is_number = _matches(array, r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$")
    if not is_number.any() or not is_number[0]:
        return _iso_times(array, timezone)
    if not is_number.all():
        odd = int(np.flatnonzero(~is_number)[0])
        raise BadCellError(odd, f"the time cannot be read: {array[odd].as_py()!r}")
    kind = pa.int64() if _matches(array, r"^[+-]?\d+$").all() else pa.float64()
    return epoch_to_microseconds(_cast(array, kind, "the time").to_numpy(zero_copy_only=False))


def _iso_times(array: pa.Array, timezone: str | None) -> NDArray[np.int64]:
    text = pc.replace_substring_regex(array, r"^(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})", r"\1-0\2-0\3")
    text = pc.replace_substring_regex(text, r"^(\d{4})-0?(\d{2})-0?(\d{2})", r"\1-\2-\3")
    text = pc.replace_substring_regex(text, r"\s*(UTC|GMT)$", "Z")
    has_zone = _matches(text, r"\d{2}:?\d{2}(:\d{2}(\.\d+)?)?\s*([Zz]|[+-]\d{2}(:?\d{2})?)$")
    if has_zone.any() and not has_zone.all():
        odd = int(np.flatnonzero(has_zone != has_zone[0])[0])
        raise BadCellError(odd, "the time has a zone and others have none, or the other way round")
    kind = pa.timestamp("ns", "UTC") if has_zone.any() else pa.timestamp("ns")
    return times_of(_cast(text, kind, "the time"), timezone)


def _matches(array: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return _numpy(pc.match_substring_regex(array, pattern), np.bool_)


def _in_zone(array: pa.Array, timezone: str | None) -> pa.Array:
    if timezone is None:
        raise InvalidValueError("Times without a zone were refused: name their zone with timezone=, for example 'UTC'.")
    require_zone(timezone)
    try:
        return pc.assume_timezone(array, timezone)
    except pa.ArrowInvalid:
        row = _first_failure(array, lambda part: pc.assume_timezone(part, timezone))
        raise BadCellError(
            row, f"{array[row].as_py()} happens twice or never in {timezone}, where clocks are changed"
        ) from None


def floats_of(array: pa.Array, name: str, *, required: bool = False) -> NDArray[np.float64]:
    """Numbers, also written as text; NaN where there is none. `name` is what the column is called in messages.

    Raises:
        BadCellError: a value is no number, or there is none and one is `required`.
    """
    if pa.types.is_boolean(array.type):
        raise BadCellError(0, f"{name} is true or false where a number was expected")
    if required:
        blank = array.is_null()
        if pa.types.is_string(array.type):
            blank = pc.or_(blank, pc.equal(array, ""))
        if (row := pc.index(blank, True).as_py()) >= 0:
            raise BadCellError(row, f"{name} is empty")
    elif pa.types.is_string(array.type):
        array = pc.if_else(pc.equal(array, ""), None, array)
    values = _cast(array, pa.float64(), name)
    return _numpy(values, np.float64)


def counts_of(array: pa.Array) -> NDArray[np.int64]:
    """Whole numbers, also written as text; `NO_COUNT` where there is none.

    Raises:
        BadCellError: a value is no whole number.
    """
    if pa.types.is_string(array.type):
        array = pc.if_else(pc.equal(array, ""), None, array)
    values = _cast(_cast(array, pa.float64(), "trade_count"), pa.int64(), "trade_count")
    return _numpy(pc.fill_null(values, NO_COUNT), np.int64)


def flags_of(array: pa.Array, name: str) -> NDArray[np.bool_]:
    """True or false, also as 1 and 0 or as text. `name` is what the column is called in messages.

    Raises:
        BadCellError: a value is missing or neither.
    """
    if array.null_count:
        raise BadCellError(pc.index(array.is_null(), True).as_py(), f"{name} is empty")
    if pa.types.is_string(array.type):
        lower = pc.utf8_lower(array)
        is_known = _numpy(pc.is_in(lower, value_set=pa.array(_TRUE + _FALSE)), np.bool_)
        if not is_known.all():
            odd = int(np.flatnonzero(~is_known)[0])
            raise BadCellError(odd, f"{name} cannot be read: {array[odd].as_py()!r}")
        array = pc.is_in(lower, value_set=pa.array(_TRUE))
    return _numpy(_cast(array, pa.bool_(), name), np.bool_)


def _numpy(array: pa.Array, kind: type[G]) -> NDArray[G]:
    return np.asarray(array.to_numpy(zero_copy_only=False), kind)


def _cast(array: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    try:
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row = _first_failure(array, lambda part: part.cast(kind))
        raise BadCellError(row, f"{name} cannot be read: {array[row].as_py()!r}") from None


def _first_failure(array: pa.Array, attempt: Callable[[pa.Array], object]) -> int:
    """The first row on which an Arrow function fails, by halving."""
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            attempt(array.slice(low, middle - low))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            high = middle
        else:
            low = middle
    return low
