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


def dump_json(value: object) -> str:
    """Serialise a value for a JSONB column.

    Raises:
        InvalidValueError: the value holds something that JSON or PostgreSQL would change or refuse.
    """
    return json.dumps(_plain(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def load_json(text: str | bytes) -> Any:
    """Parse the text of a JSONB column. Integers stay exact at any size; fractions are floats, as they were written."""
    return json.loads(text)


def _plain(value: object) -> object:  # noqa: C901, PLR0911, PLR0912 - one case per kind of value
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return _plain(value.value)
        case str():
            return clean_text(value)
        case float():
            if not math.isfinite(value):
                raise InvalidValueError("JSON has no NaN and no infinity: store null, or leave the key out.")
            return value
        case Decimal():
            if not value.is_finite():
                raise InvalidValueError("JSON has no NaN and no infinity: store null, or leave the key out.")
            return str(value)
        case datetime():
            return as_utc(value).isoformat()
        case date() | UUID():
            return str(value)
        case BaseModel():
            return _plain(value.model_dump(mode="python"))
        case Mapping():
            return {_key(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            raise InvalidValueError(
                f"A {type(value).__name__} has no JSON form: turn it into a list, a dict or text first."
            )


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
