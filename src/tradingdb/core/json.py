"""Strict JSON: what goes in comes out, or is refused.

Decimals travel as strings, because a JSON number is a float to most readers. NaN and infinity have no JSON form.
Integers of any size are kept. Everything else that JSON would change silently (integer keys, sets, naive times, NUL
characters, which PostgreSQL cannot store) is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
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


def _text(value: object) -> str:  # noqa: C901, PLR0911, PLR0912 - one case per kind of value
    if type(value) is str:  # most values by far
        return _quoted(clean_text(value))
    match value:
        case None:
            return "null"
        case Enum():
            return _text(value.value)
        case bool():
            return "true" if value else "false"
        case int():
            return _integer(value)
        case float():
            return _fraction(value)
        case str():
            return _quoted(clean_text(value))
        case Decimal():
            if not value.is_finite():
                raise InvalidValueError(_NOT_FINITE)
            return _quoted(str(value))
        case datetime():
            return _quoted(as_utc(value).isoformat())
        case date() | UUID():
            return _quoted(str(value))
        case BaseModel():
            return _text(value.model_dump(mode="python"))
        case dict() | Mapping():  # asking for a dict is quicker
            return "{" + ",".join(f"{_quoted(_key(key))}:{_text(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_text(item) for item in value) + "]"
        case _:
            raise InvalidValueError(
                f"A {type(value).__name__} has no JSON form: turn it into a list, a dict or text first."
            )


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
