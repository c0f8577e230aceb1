"""Strict JSON: what goes in comes out, or is refused.

Decimals travel as strings, because a JSON number is a float to most readers. NaN and infinity have no JSON form.
Integers of any size are kept. Everything else that JSON would change silently (integer keys, sets, naive times, NUL
characters, which PostgreSQL cannot store) is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from tradingdb.core.clock import as_utc
from tradingdb.errors import InvalidValueError

_NOT_FINITE = "JSON has no NaN and no infinity: store null, or leave the key out."


def dump_json(value: object) -> str:
    """Serialise a value for a JSONB column.

    Raises:
        InvalidValueError: the value holds something that JSON or PostgreSQL would change or refuse.
    """
    try:
        return _text(value)
    except RecursionError:
        raise InvalidValueError("JSON that is nested too deeply, or contains itself, was refused.") from None


def load_json(text: str | bytes) -> Any:
    """Parse the text of a JSONB column. Integers stay exact at any size; fractions are floats, as they were written."""
    return json.loads(text)


def _text(value: object) -> str:
    write = _WRITERS.get(type(value))
    return _text_of_kind(value) if write is None else write(value)


def _text_of_kind(value: object) -> str:
    """The same for what is a kind of something."""
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, BaseModel):
        return _text(value.model_dump(mode="python"))
    if isinstance(value, Mapping):
        return _object(value)
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise InvalidValueError(f"A {type(value).__name__} has no JSON form: turn it into a list, a dict or text first.")


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _integer(value: int) -> str:
    try:
        return str(int(value))
    except ValueError:
        raise InvalidValueError(
            "An integer of more than 4,300 digits was refused: Python would not read it back."
        ) from None


def _fraction(value: float) -> str:
    """A float with a point in it: JSONB writes exponents out, and without a point it would come back as an integer."""
    if not math.isfinite(value):
        raise InvalidValueError(_NOT_FINITE)
    shortest = repr(float(value))
    return f"{Decimal(shortest):f}.0" if value.is_integer() and "e" in shortest else shortest


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidValueError(
            f"JSON keys are text, and a {type(key).__name__} would come back as text: use str keys."
        )
    return clean_text(key)


def _exact(value: Decimal) -> str:
    if not value.is_finite():
        raise InvalidValueError(_NOT_FINITE)
    return f'"{value}"'


def _object(value: Mapping[Any, Any]) -> str:
    return "{" + ",".join([f"{_quoted(_key(key))}:{_text(item)}" for key, item in value.items()]) + "}"


def _array(value: list[Any] | tuple[Any, ...]) -> str:
    return "[" + ",".join([_text(item) for item in value]) + "]"


def clean_text(value: str) -> str:
    """The same text, if PostgreSQL can store it.

    Raises:
        InvalidValueError: it holds a NUL character or half of a surrogate pair.
    """
    if "\x00" in value:
        raise InvalidValueError("Text with a NUL character was refused: PostgreSQL cannot store it.")
    if any("\ud800" <= char <= "\udfff" for char in value) if not value.isascii() else False:
        raise InvalidValueError("Text with half of a surrogate pair was refused: it has no UTF-8 form.")
    return value


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: _integer,
    float: _fraction,
    str: lambda value: _quoted(clean_text(value)),
    Decimal: _exact,
    datetime: lambda value: f'"{as_utc(value).isoformat()}"',
    date: lambda value: f'"{value}"',
    UUID: lambda value: f'"{value}"',
    dict: _object,
    list: _array,
    tuple: _array,
}
"""How each kind of value is written, looked up by its type: most are of just these."""
