"""The three ways candles enter the table: straight by COPY, staged and merged, or in one statement.

What they have changed is told to `settle`, which drops the sealed months (`candles.blocks`); the third does it itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import asyncpg
import numpy as np
from sqlalchemy import CursorResult, text

from tradingdb.bulk import copy_in
from tradingdb.candles import wire
from tradingdb.candles.blocks import NEVER_SEALED_FROM, drop_blocks
from tradingdb.candles.columns import is_missing, months_of, to_datetime
from tradingdb.candles.months import within_months

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Result, TextClause

    from tradingdb.candles.columns import CandleColumns
    from tradingdb.database import WriteSession

STAGE = "tradingdb_candle_stage"
STAGED = {
    "open_time": "timestamptz",
    "open": "float8",
    "high": "float8",
    "low": "float8",
    "close": "float8",
    "volume": "float8",
    "quote_volume": "float8",
    "trade_count": "int8",
    "taker_buy_volume": "float8",
    "is_closed": "bool",
    "is_synthetic": "bool",
}
OPTIONAL = ("volume", "quote_volume", "trade_count", "taker_buy_volume")


async def copy_fresh(session: WriteSession, series: dict[str, Any], chunk: CandleColumns) -> bool:
    """COPY candles straight into the table, if none is there in their range. False, and nothing stored, if any is.

    Somebody else may add one between the look and the COPY; the savepoint takes the COPY back then.
    """
    parameters = _bounds(chunk)
    if await session.scalar(_any_in_range(within_months("open_time", **parameters)), series | parameters):
        return False
    columns, block = block_for_table(series, chunk)
    try:
        async with session.begin_nested():
            await copy_in(session, "candles", columns, [block])
    except asyncpg.UniqueViolationError:
        return False
    return True


def block_for_table(series: dict[str, Any], chunk: CandleColumns) -> tuple[list[str], bytes]:
    """The columns of the table that candles fill, and their rows in binary COPY format."""
    columns, nulls = _columns_of_table(chunk)
    values: dict[str, NDArray[Any]] = {name: getattr(chunk, name) for name in columns if name != "instrument_id"}
    values["instrument_id"] = np.broadcast_to(np.int64(series["instrument_id"]), len(chunk))
    constants = {name: series[name] for name in ("timeframe", "source") if series[name] is not None}
    return [*columns, *constants], wire.encode(columns, values, constants=constants, nulls=nulls)


def _columns_of_table(chunk: CandleColumns) -> tuple[dict[str, str], dict[str, NDArray[np.bool_]]]:
    """The columns that have a value in some row, and where in them there is none."""
    nulls = {name: is_missing(getattr(chunk, name)) for name in OPTIONAL}
    empty = {name for name, is_null in nulls.items() if is_null.all()}
    columns = {"instrument_id": "int4"} | {name: kind for name, kind in STAGED.items() if name not in empty}
    if "trade_count" in columns:
        columns["trade_count"] = "int4"
    return columns, {name: is_null for name, is_null in nulls.items() if name not in empty}


async def merge_staged(session: WriteSession, series: dict[str, Any], chunk: CandleColumns) -> tuple[int, int]:
    """COPY candles beside the table, add the new ones, and replace what is worse. Returns inserted and updated."""
    await session.execute(_CREATE_STAGE)
    await session.execute(_EMPTY_STAGE)
    block = wire.encode(STAGED, {name: getattr(chunk, name) for name in STAGED})
    await copy_in(session, STAGE, list(STAGED), [block])
    inserted = changed_rows(await session.execute(_INSERT_NEW, series))
    if inserted == len(chunk):
        return inserted, 0
    parameters = _bounds(chunk)
    update = _update_worse(within_months("old.open_time", **parameters))
    return inserted, changed_rows(await session.execute(update, series | parameters))


async def merge_few(session: WriteSession, series: dict[str, Any], chunk: CandleColumns) -> tuple[int, int]:
    """The same for a few candles, and their coverage, in one statement, which is one round trip.

    Candles that others commit while it waits are neither inserted nor seen; then it looks again. Where a month that has
    changed may be sealed, by the server's clock, its block is dropped by statements of their own.
    """
    values = {f"new_{name}": getattr(chunk, name).tolist() for name in STAGED}
    parameters = _bounds(chunk)
    merge = _merge_few(within_months("old.open_time", **parameters))
    parameters |= series | values
    inserted = updated = 0
    while True:
        row = (await session.execute(merge, parameters)).one()
        inserted, updated = inserted + row.inserted, updated + row.updated
        if row.inserted + row.known == len(chunk):
            break
    if inserted + updated and row.may_be_sealed:
        await drop_blocks(session, series, months_of(chunk.open_time))
    return inserted, updated


async def settle(
    session: WriteSession, series: dict[str, Any], columns: CandleColumns, inserted: int, changed: Iterable[datetime]
) -> None:
    """Count what was inserted, widen the series' range, and drop the blocks of the months that have `changed`."""
    if inserted:
        await session.execute(_EXTEND_COVERAGE, series | _bounds(columns) | {"inserted": inserted})
    if months := list(changed):
        await drop_blocks(session, series, months)


def _bounds(columns: CandleColumns) -> dict[str, Any]:
    return {"first": to_datetime(int(columns.open_time[0])), "last": to_datetime(int(columns.open_time[-1]))}


def changed_rows(result: Result[Any]) -> int:
    """How many rows an INSERT, UPDATE or DELETE changed."""
    assert isinstance(result, CursorResult)  # noqa: S101 - what they give; tells mypy
    return result.rowcount


_STATEMENTS = 128
"""Statements that are kept, one for each range of months."""


@lru_cache(_STATEMENTS)
def _any_in_range(within: str) -> TextClause:
    return text(
        f"""
        SELECT EXISTS (
            SELECT FROM candles
            WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND open_time BETWEEN :first AND :last
              AND {within}
        )
        """  # noqa: S608 - times of ours
    )


_CREATE_STAGE = text(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} "
    f"({', '.join(f'{name} {kind} NOT NULL' for name, kind in STAGED.items())}) ON COMMIT DROP"
)
_EMPTY_STAGE = text(f"TRUNCATE {STAGE}")

_VALUES = ("open", "high", "low", "close", "is_closed", "is_synthetic")
_RANK = "CASE WHEN {0}.is_synthetic THEN 0 WHEN {0}.is_closed THEN 2 ELSE 1 END"
_STAGED_VALUE = {
    **{name: f"new.{name}" for name in ("open_time", *_VALUES)},
    **{name: f"nullif(new.{name}, 'NaN')" for name in OPTIONAL},
    "trade_count": "nullif(new.trade_count, -1)",
}
_MERGED = {
    name: f"CASE WHEN {_RANK.format('new')} > {_RANK.format('old')} THEN {_STAGED_VALUE[name]} "
    f"ELSE coalesce({_STAGED_VALUE[name]}, old.{name}) END"
    for name in OPTIONAL
}
"""A value that the new candle does not have stays as it was, unless that was made up, or of a bar that still grew."""

# First insert what is new, then update what is there and worse: the second statement sees what others committed while
# the first waited for them, so no candle is lost between two writers. (PostgreSQL has no xmax to return from a
# partitioned table, so ON CONFLICT DO UPDATE could not say which rows it inserted.)
_INSERT = f"""
    INSERT INTO candles (instrument_id, timeframe, source, {", ".join(STAGED)})
    SELECT :instrument_id, :timeframe, :source, {", ".join(_STAGED_VALUE[name] for name in STAGED)}
    FROM {{new}} new
    ON CONFLICT (instrument_id, timeframe, open_time) DO NOTHING
"""  # noqa: S608 - built from the constants above
_UPDATE = f"""
    UPDATE candles old SET
        {", ".join(f"{name} = new.{name}" for name in _VALUES)},
        {", ".join(f"{name} = {_MERGED[name]}" for name in OPTIONAL)},
        source = :source
    FROM {{new}} new
    WHERE old.instrument_id = :instrument_id AND old.timeframe = :timeframe AND old.open_time = new.open_time
      AND old.open_time BETWEEN :first AND :last AND {{within}}
      AND {_RANK.format("new")} >= {_RANK.format("old")}
      AND ({" OR ".join(f"new.{name} IS DISTINCT FROM old.{name}" for name in _VALUES)}
           OR {" OR ".join(f"{_MERGED[name]} IS DISTINCT FROM old.{name}" for name in OPTIONAL)})
"""  # noqa: S608 - same
_INSERT_NEW = text(_INSERT.format(new=STAGE))


@lru_cache(_STATEMENTS)
def _update_worse(within: str) -> TextClause:
    return text(_UPDATE.format(new=STAGE, within=within))


_COVERAGE = """
    INSERT INTO series_coverage AS old (instrument_id, timeframe, first_open_time, last_open_time, candle_count, source)
    {rows}
    ON CONFLICT (instrument_id, timeframe) DO UPDATE SET
        first_open_time = least(old.first_open_time, excluded.first_open_time),
        last_open_time = greatest(old.last_open_time, excluded.last_open_time),
        candle_count = old.candle_count + excluded.candle_count,
        source = coalesce(excluded.source, old.source),
        updated_at = now()
"""
_EXTEND_COVERAGE = text(_COVERAGE.format(rows="VALUES (:instrument_id, :timeframe, :first, :last, :inserted, :source)"))

_ARRAY_TYPE = {"timestamptz": "int8", "float8": "float8", "int8": "int8", "bool": "bool"}
_MERGE_FEW = f"""
    WITH sent AS (
        SELECT * FROM unnest({
    ", ".join(f"CAST(:new_{name} AS {_ARRAY_TYPE[kind]}[])" for name, kind in STAGED.items())
})
        AS row ({", ".join("microseconds" if name == "open_time" else name for name in STAGED)})
    ), new AS (
        SELECT timestamptz 'epoch' + microseconds * interval '1 microsecond' AS open_time,
               {", ".join(name for name in STAGED if name != "open_time")}
        FROM sent
    ), known AS (
        SELECT FROM candles old JOIN new USING (open_time)
        WHERE instrument_id = :instrument_id AND timeframe = :timeframe
          AND old.open_time BETWEEN :first AND :last AND {{within}}
    ), inserted AS (
        {_INSERT.format(new="new")} RETURNING 1
    ), updated AS (
        {_UPDATE.format(new="new", within="{within}")} RETURNING 1
    ), coverage AS (
        {
    _COVERAGE.format(
        rows="SELECT CAST(:instrument_id AS int4), :timeframe, CAST(:first AS timestamptz), "
        "CAST(:last AS timestamptz), count(*), CAST(:source AS text) FROM inserted HAVING count(*) > 0"
    )
}
    )
    SELECT (SELECT count(*) FROM inserted) AS inserted, (SELECT count(*) FROM updated) AS updated,
           (SELECT count(*) FROM known) AS known, CAST(:first AS timestamptz) < {NEVER_SEALED_FROM} AS may_be_sealed
"""  # noqa: S608 - built from the constants above


@lru_cache(_STATEMENTS)
def _merge_few(within: str) -> TextClause:
    return text(_MERGE_FEW.format(within=within))
