"""Candles from JSON: lists of lists or of objects, bare or inside an exchange's answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.arrow_tables import from_table
from tradingdb.candles.arrow_values import require_arrow
from tradingdb.candles.columns import BadCellError
from tradingdb.candles.layout import REQUIRED, named
from tradingdb.candles.sources import from_rows
from tradingdb.candles.times import epoch_to_microseconds
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradingdb.candles.columns import CandleColumns

ENOUGH_NAMES = 3
"""An object with so many of a candle's names is meant as one, and told what it lacks."""


def from_json(content: bytes, *, timezone: str, symbol: str | None = None) -> CandleColumns:
    """Candle columns from a JSON document.

    Raises:
        BadCellError: a row cannot be read.
        InvalidValueError: the document is no JSON, or holds no list of candles or more than one.
    """
    document = _parse(content)
    found = list(_lists_of_rows(document))
    if len(found) != 1:
        raise InvalidValueError(f"{len(found) or 'no'} lists of candles were found where one was expected")
    rows = found[0]
    if isinstance(rows[0], dict):
        return from_table(_table(rows), timezone=timezone, symbol=symbol)
    columns = from_rows(rows)
    last_closed = _kraken_last(document)
    if last_closed is None:
        return columns
    return replace(columns, is_closed=columns.open_time <= epoch_to_microseconds(np.array([last_closed]))[0])


def _parse(content: bytes) -> Any:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InvalidValueError("it is not UTF-8 text") from None
    try:
        return _loads(text, "it")
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise InvalidValueError(f"line {error.lineno} is not JSON ({error.msg})") from None
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            rows += [_loads(line, f"line {number}")] if line.strip() else []
        except json.JSONDecodeError as error:
            raise InvalidValueError(f"line {number} is not JSON ({error.msg})") from None
    return rows


def _loads(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise InvalidValueError(f"{what} is JSON that is nested too deeply") from None
    except ValueError:
        raise InvalidValueError(f"{what} has a number of more than 4,300 digits") from None


def _lists_of_rows(node: Any) -> Iterator[list[Any]]:
    """Every list in the document that begins with what could be a candle; a bare candle is a list of one."""
    if isinstance(node, dict):
        if _could_be_candle(node):
            yield [node]
        else:
            for value in node.values():
                yield from _lists_of_rows(value)
    elif isinstance(node, list) and node:
        if _could_be_candle(node[0]):
            yield node
        else:
            for value in node:
                yield from _lists_of_rows(value)


def _could_be_candle(item: Any) -> bool:
    if isinstance(item, dict):
        return len(set(named(item)) & set(REQUIRED)) >= ENOUGH_NAMES
    return (
        isinstance(item, list)
        and len(item) >= len(REQUIRED)
        and not any(isinstance(value, (list, dict)) for value in item)
    )


def _kraken_last(document: Any) -> int | None:
    """Kraken's answer names the last candle that is committed; the one after it is still growing."""
    result = document.get("result") if isinstance(document, dict) else None
    last = result.get("last") if isinstance(result, dict) else None
    return last if isinstance(last, int) else None


def _table(rows: list[dict[str, Any]]) -> Any:
    """Objects as a table; all have the keys of the first. Numbers may be text, as exchanges send them."""
    pa = require_arrow()
    names = list(rows[0])
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != rows[0].keys():
            raise BadCellError(at, "it does not have the keys of the first")
    columns = {}
    for name in names:
        values = [row[name] for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[name] = pa.array([None if value is None else str(value) for value in values])
    return pa.table(columns)
