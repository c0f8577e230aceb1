"""What a column's type means to pydantic: its annotation, with the rules of the column types and not a copy of them.

Each rule below hands the value to the column type's own bind method, or to the function that it uses. What is added is
only how a value is written in JSON.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema
from sqlalchemy import ARRAY, BigInteger, Boolean, Float, Integer, LargeBinary, SmallInteger, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import INET, INTERVAL, JSONB

from tradingdb.core.clock import as_utc
from tradingdb.core.json import clean_text, dump_json, load_json
from tradingdb.core.types import (
    SHA256_BYTES,
    Ciphertext,
    CleanText,
    Embedding,
    Encrypted,
    EnumText,
    ExactNumeric,
    JsonObject,
    NumericArray,
    Sha256,
    TextArray,
    TypedJson,
    UtcDateTime,
    exact,
)
from tradingdb.errors import InvalidValueError
from tradingdb.schemas.checks import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationInfo
    from sqlalchemy.types import TypeDecorator, TypeEngine

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_DECIMAL_TEXT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_BELOW_A_MICROSECOND = re.compile(r"[.,]\d{6}0*[1-9]")


def annotation_of(kind: TypeEngine[Any], facts: Facts | None) -> Any:  # noqa: C901, PLR0911 - one case per type
    """The annotation of a column's type, not NULL.

    With `facts` it is for values on their way in, and holds them to length, bounds and CHECKs as well. Without, it is
    for values that PostgreSQL has accepted already.

    Raises:
        TypeError: a type that models did not use so far; it needs a line here.
    """
    match kind:
        case EnumText():
            return kind.enum
        case CleanText():
            return _text(kind, facts)
        case UtcDateTime():
            return Annotated[datetime, BeforeValidator(_instant)]
        case ExactNumeric():
            return _bounded(_EXACT, facts, Decimal)
        case TextArray():
            return list[_text(CleanText(), facts and Facts())]  # type: ignore[misc]
        case NumericArray():
            return list[_EXACT]
        case Sha256():
            return _bytes(bytes.fromhex, bytes.hex, _SHA256_JSON, [AfterValidator(_rule(kind))])
        case Embedding():
            return Annotated[list[float], BeforeValidator(_numbers), *([AfterValidator(_vector)] if facts else [])]
        case Ciphertext():
            return _CIPHERTEXT
        case JsonObject():
            return Annotated[dict[str, Any], AfterValidator(_as_stored)] if facts else dict[str, Any]
        case TypedJson():
            return Annotated[kind.shape, AfterValidator(_json_rule(kind))] if facts else kind.shape
        case _:
            return _plain_annotation_of(kind, facts)


def _plain_annotation_of(kind: TypeEngine[Any], facts: Facts | None) -> Any:  # noqa: C901, PLR0911 - one case per type
    """The same for types that are SQLAlchemy's own."""
    match kind:
        case JSONB():
            return Annotated[Any, AfterValidator(_as_stored)] if facts else Any
        case Uuid():
            return UUID
        case Boolean():
            return Annotated[bool, Field(strict=True)]
        case SmallInteger():
            return _integer(16, facts)
        case BigInteger():
            return _integer(64, facts)
        case Integer():
            return _integer(32, facts)
        case Float():
            return _bounded(_FRACTION, facts, float)
        case ARRAY():
            return list[annotation_of(kind.item_type, facts and Facts())]  # type: ignore[misc]
        case LargeBinary():
            return _bytes(_from_base64, _to_base64, {"type": "string", "contentEncoding": "base64"}, [])
        case INET():
            return Annotated[str, BeforeValidator(_address)]
        case INTERVAL():
            return timedelta
        case _:
            raise TypeError(f"{kind!r} has no contract type yet.")


def _rule(kind: TypeDecorator[Any]) -> Callable[[Any], Any]:
    """What a column type does to a value that it binds."""

    def bound(value: Any) -> Any:
        return kind.process_bind_param(value, _DIALECT)

    return bound


def _json_rule(kind: TypedJson) -> Callable[[Any], Any]:
    """Refuse what would not be stored, and keep the value in its shape."""

    def checked(value: Any) -> Any:
        dump_json(kind.process_bind_param(value, _DIALECT))
        return value

    return checked


def _as_stored(value: Any) -> Any:
    """A JSON value as it will come back: decimals as text, tuples as lists."""
    return load_json(dump_json(value))


def _text(kind: CleanText, facts: Facts | None) -> Any:
    if facts is None:
        return Annotated[str, Field(strict=True)]
    rules: list[Any] = [Field(strict=True, max_length=kind.max_length), AfterValidator(clean_text)]
    if facts.is_not_blank:
        rules.append(AfterValidator(_not_blank))
    if facts.words:
        rules += [AfterValidator(_one_of(facts.words)), Field(json_schema_extra={"enum": list(facts.words)})]
    return Annotated[str, *rules]


def _not_blank(value: str) -> str:
    if not value.strip():
        raise InvalidValueError("Blank text was refused.")
    return value


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def known(value: str) -> str:
        if value not in words:
            raise InvalidValueError(f"There is no such value here; these exist: {', '.join(words)}.")
        return value

    return known


def _integer(bits: int, facts: Facts | None) -> Any:
    """A whole number that PostgreSQL's type of so many bits holds."""
    limit = 2 ** (bits - 1)
    return _bounded(Annotated[int, Field(strict=True, ge=-limit, le=limit - 1)], facts, int)


def _bounded(annotation: Any, facts: Facts | None, number: Callable[[str], Any]) -> Any:
    """A number with the bounds that the table's CHECKs give it."""
    if facts is None:
        return annotation
    for name, written in (("ge", facts.least), ("gt", facts.above), ("le", facts.most)):
        if written is not None:
            bound: dict[str, Any] = {name: number(written) if "." in written else int(written)}
            annotation = Annotated[annotation, Field(**bound)]
    return annotation


def _number(value: object, info: ValidationInfo) -> Decimal:
    """An exact number; text stands for one only in JSON, which has no other exact way to write it."""
    if info.mode == "json" and isinstance(value, str):
        if not re.fullmatch(_DECIMAL_TEXT, value):
            raise InvalidValueError("A decimal number was expected, such as 0.10.")
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise InvalidValueError("A number was refused: its exponent is out of any range.") from None
    return exact(value)


def _instant(value: Any, info: ValidationInfo) -> datetime:
    """An instant in UTC; text stands for one only in JSON."""
    if info.mode == "json" and isinstance(value, str):
        if _BELOW_A_MICROSECOND.search(value):
            raise InvalidValueError("A time with a part of a microsecond was refused: PostgreSQL would cut it off.")
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidValueError("A time in ISO 8601 was expected, such as 2026-05-04T12:00:00Z.") from None
    return as_utc(value)


def _numbers(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _vector(value: list[float]) -> list[float]:
    Embedding().process_bind_param(value, _DIALECT)
    return value


def _address(value: Any) -> str:
    """An address, or a network with its prefix, as text: the driver gives objects."""
    if isinstance(value, str) and "%" in value:
        raise InvalidValueError("An address with a zone was refused: PostgreSQL has none.")
    try:
        interface = ipaddress.ip_interface(value)
    except ValueError:
        raise InvalidValueError("An IP address was expected, such as 192.0.2.7 or 2001:db8::1.") from None
    is_host = interface.network.prefixlen == interface.max_prefixlen
    return str(interface.ip) if is_host else str(interface)


def _bytes(
    read: Callable[[str], bytes], write: Callable[[bytes], str], schema: dict[str, Any], rules: list[Any]
) -> Any:
    """Bytes, which JSON writes as text of one form."""

    def taken(value: object, info: ValidationInfo) -> bytes:
        if info.mode == "json" and isinstance(value, str):
            try:
                return read(value)
            except ValueError:
                raise InvalidValueError(f"Bytes are written as {_form(schema)} in JSON.") from None
        if not isinstance(value, bytes):
            raise InvalidValueError(f"Bytes were expected, not a {type(value).__name__}.")
        return value

    written = PlainSerializer(write, return_type=str, when_used="json")
    return Annotated[bytes, PlainValidator(taken), *rules, written, WithJsonSchema(schema)]


def _form(schema: dict[str, Any]) -> str:
    return "base64" if "contentEncoding" in schema else "hexadecimal digits"


def _from_base64(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _boxed(value: object) -> Encrypted:
    boxed = Ciphertext().process_bind_param(value, _DIALECT) if isinstance(value, Encrypted) else None
    if boxed is None or not isinstance(value, Encrypted):
        raise InvalidValueError("An Encrypted value was expected, never the secret itself; JSON has no form for it.")
    return value


def _not_in_json(value: Encrypted) -> str:  # noqa: ARG001
    raise InvalidValueError("Ciphertext has no JSON form: encrypt where the row is stored.")


_SHA256_JSON = {"type": "string", "pattern": f"^[0-9a-fA-F]{{{2 * SHA256_BYTES}}}$"}
_EXACT = Annotated[
    Decimal,
    BeforeValidator(_number),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_DECIMAL_TEXT}$"}, {"type": "integer"}]}, "validation"),
    WithJsonSchema({"type": "string", "pattern": f"^{_DECIMAL_TEXT}$"}, "serialization"),
]
_FRACTION = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_CIPHERTEXT = Annotated[
    Encrypted,
    PlainValidator(_boxed),
    PlainSerializer(_not_in_json, return_type=str, when_used="json"),
    WithJsonSchema({"not": {}, "description": "Encrypted before it gets here; JSON has no form for it."}),
]
