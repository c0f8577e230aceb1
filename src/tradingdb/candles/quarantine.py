"""Rows that cannot be candles, put aside with the reason instead of being refused with the whole batch."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import numpy as np
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradingdb.candles.columns import CandleColumns
    from tradingdb.candles.validate import Problem
    from tradingdb.database import WriteSession

CHUNK = 10_000
"""Rows per statement."""

NAMESPACE = UUID("5d0f6f0c-8f7a-4d0e-9a55-0c7a0f1c2b6e")
"""Of the ids, which are made of what a row says (UUID version 5, RFC 9562)."""


async def quarantine(
    session: WriteSession, series: dict[str, Any], columns: CandleColumns, found: Sequence[Problem]
) -> None:
    """Store the rows that have a problem, each with its reason, in `candle_quarantine`.

    A row of the same series that says the same and has the same problem is kept once, however often it comes.
    """
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        values = _values(columns, [problem.row for problem in part])
        name = f"{series['instrument_id']} {series['timeframe']}"
        rows = {
            "ids": [uuid5(NAMESPACE, f"{name} {at.reason} {row}") for at, row in zip(part, values, strict=True)],
            "rows": [problem.row for problem in part],
            "reasons": [problem.reason for problem in part],
            "values": values,
        }
        await session.execute(_PUT_ASIDE, series | rows)


def _values(columns: CandleColumns, rows: list[int]) -> list[str]:
    """What the rows say, each as JSON: numbers as text, so that NaN and infinity are kept."""
    there: dict[str, list[Any]] = {}
    for field in fields(columns):
        if (column := getattr(columns, field.name)) is not None:
            listed = column[np.array(rows)].tolist()
            there[field.name] = list(map(str, listed)) if column.dtype.kind == "f" else listed
    return [json.dumps(dict(zip(there, row, strict=True))) for row in zip(*there.values(), strict=True)]


_PUT_ASIDE = text(
    """
    INSERT INTO candle_quarantine (id, instrument_id, timeframe, source, row_number, reason, values)
    SELECT id, :instrument_id, :timeframe, :source, row_number, reason, row_values::jsonb
    FROM unnest(CAST(:ids AS uuid[]), CAST(:rows AS int[]), CAST(:reasons AS text[]), CAST(:values AS text[]))
        AS row (id, row_number, reason, row_values)
    ON CONFLICT (id) DO NOTHING
    """
)
