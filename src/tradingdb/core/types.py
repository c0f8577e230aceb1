"""Column types that refuse what PostgreSQL or a driver would change without a word.

A value that cannot be stored exactly raises `InvalidValueError` when it is bound, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pgvector.sqlalchemy import HALFVEC
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ARRAY, Dialect, LargeBinary, Numeric, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from tradingdb.core.clock import as_utc
from tradingdb.core.json import clean_text
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

_MAX_INTEGER_DIGITS = 131_072
_MAX_FRACTION_DIGITS = 16_383
"""Limits of PostgreSQL's numeric, section 8.1.2 of its manual."""

SHA256_BYTES = 32

LARGEST_INT2, LARGEST_INT4, LARGEST_INT8 = 2**15 - 1, 2**31 - 1, 2**63 - 1
"""The largest of PostgreSQL's smallint, integer and bigint."""

LARGEST_HALF = 65_504.0
"""The largest number of 16-bit floating point."""


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz`. Aware datetimes in, UTC datetimes out; a time without a zone is refused."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse what is not an instant."""
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise InvalidValueError(f"A time was expected, not a {type(value).__name__}.")
        return as_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the driver's value, which is aware, in UTC."""
        return None if value is None else as_utc(value)


class ExactNumeric(TypeDecorator[Decimal]):
    """Unconstrained `numeric`: every digit of a Decimal is kept, in both directions.

    Float and bool are refused because they are not what was meant; NaN and infinity because no amount is.
    """

    impl = Numeric(asdecimal=True)
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Refuse what is not an exact, finite number that fits."""
        return None if value is None else exact(value)


def exact(value: object) -> Decimal:
    """The Decimal that a value of record is stored as.

    Raises:
        InvalidValueError: it is a float, a bool or text, is not finite, or has more digits than `numeric` holds.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise InvalidValueError(
            f"A {type(value).__name__} was refused where exact numbers are kept: pass a Decimal made from text."
        )
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidValueError("NaN and infinity were refused where exact numbers are kept: they are no amount.")
    exponent = number.as_tuple().exponent
    if (number and number.adjusted() >= _MAX_INTEGER_DIGITS) or (
        isinstance(exponent, int) and -exponent > _MAX_FRACTION_DIGITS
    ):
        raise InvalidValueError(
            f"A number has more digits than PostgreSQL's numeric holds ({_MAX_INTEGER_DIGITS} before and "
            f"{_MAX_FRACTION_DIGITS} after the point)."
        )
    return number


class CleanText(TypeDecorator[str]):
    """`text`. Refuses NUL characters and broken surrogates, and, where a length is given, longer values.

    A length belongs on what an index or a unique constraint covers: PostgreSQL refuses index entries over 2,704 bytes
    with an error about pages, long after the caller has moved on.
    """

    impl = Text
    cache_ok = True

    def __init__(self, max_length: int | None = None, *, collation: str | None = None) -> None:
        super().__init__(collation=collation)
        self.max_length = max_length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuse what PostgreSQL cannot store."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidValueError(f"Text was expected, not a {type(value).__name__}.")
        if self.max_length is not None and len(value) > self.max_length:
            raise InvalidValueError(
                f"Text of {len(value):,} characters was refused: at most {self.max_length:,} fit here."
            )
        return clean_text(value)


class EnumText(TypeDecorator[StrEnum]):
    """`text` that holds the values of one StrEnum; the table carries the CHECK (`one_of`)."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Accept a member or the text of one."""
        if value is None:
            return None
        try:
            return self.enum(value).value
        except ValueError:
            known = ", ".join(self.enum)
            raise InvalidValueError(f"{value!r} is no {self.enum.__name__}; these exist: {known}.") from None

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """Give the member."""
        return None if value is None else self.enum(value)


class TypedJson(TypeDecorator[Any]):
    """`jsonb` with a shape: a frozen pydantic model, or any annotation that pydantic understands.

    Change a value by assigning a new one (`model_copy(update=…)`); a change in place would not be seen.
    """

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self._adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Refuse what does not have the shape."""
        return None if value is None else self._adapter.dump_python(self._validated(value), exclude_unset=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Give the value in its shape."""
        try:
            return None if value is None else self._adapter.validate_python(value)
        except ValidationError as error:
            raise InvalidValueError(f"A stored JSON value does not have its shape: {_first_of(error)}.") from None

    def _validated(self, value: Any) -> Any:
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            raise InvalidValueError(f"A JSON value does not have its shape: {_first_of(error)}.") from None


def _first_of(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the value"
    return f"{place}: {first['msg']}"


class JsonObject(TypeDecorator[dict[str, Any]]):
    """`jsonb` that holds an object of somebody else's shape: a payload, details, whatever came along."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Refuse lists and scalars: who reads the column expects names."""
        if value is not None and not isinstance(value, Mapping):
            raise InvalidValueError(f"A JSON object was expected, not a {type(value).__name__}: put it under a key.")
        return value

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """Paths into the object compare as JSONB does."""
        return self.impl_instance.coerce_compared_value(op, value)


class TextArray(TypeDecorator[list[str]]):
    """`text[]`: a list of clean texts, never NULL inside."""

    impl = ARRAY(Text)
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> list[str] | None:  # noqa: ARG002
        """Refuse anything but a list of text; a single text would be taken apart into letters."""
        if value is None:
            return None
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise InvalidValueError("A list of texts was expected.")
        return [clean_text(item) for item in value]


class NumericArray(TypeDecorator[list[Decimal]]):
    """`numeric[]`: a list of exact numbers, such as targets of a trade, in order."""

    impl = ARRAY(Numeric(asdecimal=True))
    cache_ok = True

    def process_bind_param(self, value: list[Decimal] | None, dialect: Dialect) -> list[Decimal] | None:  # noqa: ARG002
        """Refuse anything but a list of exact numbers."""
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise InvalidValueError("A list of Decimals was expected.")
        return [exact(item) for item in value]


class Sha256(TypeDecorator[bytes]):
    """`bytea` of exactly 32 bytes: the digest of a secret that is looked up but never stored."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Refuse what is not a digest, so that a token in clear is never stored by mistake."""
        if value is None:
            return None
        if not isinstance(value, bytes) or len(value) != SHA256_BYTES:
            raise InvalidValueError("A SHA-256 digest of 32 bytes was expected, never the secret itself.")
        return value


class Embedding(TypeDecorator[NDArray[np.float32]]):
    """`halfvec` without fixed dimensions: one-dimensional arrays in, float32 arrays out, rounded to 16-bit floats.

    Distances are methods of the column, as pgvector names them: `cosine_distance`, `l2_distance`, `max_inner_product`.
    """

    impl = HALFVEC
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> NDArray[np.float32] | None:  # noqa: ARG002
        """Refuse what has no place in a vector index."""
        if value is None:
            return None
        try:
            vector = np.asarray(value, np.float32)
        except (TypeError, ValueError):
            raise InvalidValueError("An embedding is a list of numbers.") from None
        if vector.ndim != 1 or not len(vector):
            raise InvalidValueError("An embedding is a list of numbers, with at least one.")
        if not (np.abs(vector) <= LARGEST_HALF).all():
            raise InvalidValueError(
                "An embedding with NaN, or numbers beyond 65,504, was refused: halfvec has neither."
            )
        if not vector.any():
            raise InvalidValueError("An embedding of nothing but zeros was refused: it has no direction to compare.")
        return vector

    def process_result_value(self, value: Any, dialect: Dialect) -> NDArray[np.float32] | None:  # noqa: ARG002
        """Give an array."""
        return None if value is None else np.array(value.to_list() if hasattr(value, "to_list") else value, np.float32)


@dataclass(frozen=True, slots=True, repr=False)
class Encrypted:
    """Ciphertext in a box: loading a row does no cryptography, and printing it shows nothing."""

    blob: bytes

    def __repr__(self) -> str:
        return f"Encrypted({len(self.blob)} bytes)"


class Ciphertext(TypeDecorator[Encrypted]):
    """`bytea` that takes and gives only `Encrypted`, so that plain text cannot be stored by mistake."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Encrypted | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Refuse what was not boxed."""
        if value is None:
            return None
        if not isinstance(value, Encrypted):
            raise InvalidValueError("An Encrypted value was expected, never the secret itself.")
        return value.blob

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Encrypted | None:  # noqa: ARG002
        """Give the bytes in their box."""
        return None if value is None else Encrypted(value)
