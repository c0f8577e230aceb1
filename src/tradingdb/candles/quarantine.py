"""Rows that cannot be candles, put aside with the reason instead of being refused with the whole batch."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tradingdb.bulk import upsert
from tradingdb.core.ids import uuid7
from tradingdb.models import QuarantinedCandle

if TYPE_CHECKING:
    from tradingdb.candles.columns import CandleColumns
    from tradingdb.candles.validate import Problem
    from tradingdb.database import WriteSession


async def quarantine(
    session: WriteSession, series: dict[str, Any], columns: CandleColumns, found: list[Problem]
) -> None:
    """Store the rows that have a problem, each with its reason, in `candle_quarantine`."""
    rows = [
        series | {"id": uuid7(), "row_number": at.row, "reason": at.reason, "values": _values(columns, at.row)}
        for at in found
    ]
    await upsert(session, QuarantinedCandle, rows)


def _values(columns: CandleColumns, row: int) -> dict[str, Any]:
    values = {field.name: getattr(columns, field.name) for field in fields(columns)}
    there = {name: column[row].item() for name, column in values.items() if column is not None}
    return {name: str(value) if isinstance(value, float) else value for name, value in there.items()}
