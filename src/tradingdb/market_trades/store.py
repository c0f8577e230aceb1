"""The ways public trades enter the table: straight by COPY, or beside it (staged, or in the statement) and merged."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import asyncpg
import numpy as np
from sqlalchemy import text

from tradingdb.bulk import copy_in
from tradingdb.candles import wire
from tradingdb.candles.columns import to_datetime
from tradingdb.candles.months import within_months
from tradingdb.candles.store import changed_rows
from tradingdb.core.clock import as_utc
from tradingdb.errors import ConflictingMarketTradesError
from tradingdb.market_trades.columns import BUY, SELL, UNKNOWN
from tradingdb.market_trades.identity import DERIVED, MAX_LISTED, NEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, TextClause

    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.market_trades.columns import MarketTradeColumns

STAGE = "tradingdb_market_trade_stage"
STAGED = {
    "traded_at": "timestamptz",
    "venue_trade_id": "text",
    "price": "float8",
    "quantity": "float8",
    "taker_side": "text",
    "is_block": "bool",
}
SIDE_TEXTS = np.array([b"", b"buy", b"sell"])
"""By code: `UNKNOWN`, `BUY`, and `SELL` as the last."""
assert (UNKNOWN, BUY, SELL) == (0, 1, -1)  # noqa: S101 - what the array above is indexed with


async def are_fresh(session: ReadSession, instrument_id: int, chunks: Sequence[MarketTradeColumns]) -> list[bool]:
    """For each chunk, whether no trade is stored in its range, or so near it that it might be one of these."""
    ends = {
        "firsts": [to_datetime(int(chunk.traded_at[0]) - NEAR) for chunk in chunks],
        "lasts": [to_datetime(int(chunk.traded_at[-1]) + NEAR) for chunk in chunks],
    }
    statement = _are_fresh(within_months("traded_at", ends["firsts"][0], ends["lasts"][-1]))
    return list(await session.scalars(statement, ends | {"instrument_id": instrument_id}))


async def copy_fresh(session: WriteSession, series: dict[str, Any], chunk: MarketTradeColumns) -> bool:
    """COPY trades straight into the table. False, and nothing stored, if somebody has added one of them meanwhile."""
    columns, values = _columns(chunk)
    columns = {"instrument_id": "int4", **columns}
    values["instrument_id"] = np.full(len(chunk), series["instrument_id"])
    constants = {"source": series["source"]} if series["source"] else {}
    block = wire.encode(columns, values, constants=constants)
    try:
        async with session.begin_nested():
            await copy_in(session, "market_trades", [*columns, *constants], [block])
    except asyncpg.UniqueViolationError:
        return False
    return True


async def merge(
    session: WriteSession, series: dict[str, Any], chunk: MarketTradeColumns, *, staged: bool
) -> tuple[int, int]:
    """Add the trades that are new, and the side to those that lack it. Returns inserted and completed.

    Raises:
        ConflictingMarketTradesError: a stored trade says something else.
    """
    first, last = to_datetime(int(chunk.traded_at[0]) - NEAR), to_datetime(int(chunk.traded_at[-1]) + NEAR)
    parameters: dict[str, Any] = {**series, "first": first, "last": last}
    if staged:
        columns, values = _columns(chunk)
        await session.execute(_CREATE_STAGE)
        await session.execute(_EMPTY_STAGE)
        await copy_in(session, STAGE, list(columns), [wire.encode(columns, values)])
    else:
        parameters |= _arrays(chunk)
    insert, conflicts, complete = _merging(STAGE if staged else _SENT, within_months("old.traded_at", first, last))
    inserted = changed_rows(await session.execute(insert, parameters))
    # what was inserted is compared too: the same id may be there at another time
    if found := (await session.execute(conflicts, parameters)).all():
        raise _refusal(found)
    if inserted == len(chunk):
        return inserted, 0
    return inserted, changed_rows(await session.execute(complete, parameters))


def _columns(chunk: MarketTradeColumns) -> tuple[dict[str, str], dict[str, Any]]:
    """The columns that the source has, and their values as they travel."""
    columns = {name: kind for name, kind in STAGED.items() if name != "is_block" or chunk.is_block is not None}
    values = {name: getattr(chunk, name) for name in columns}
    return columns, values | {"taker_side": SIDE_TEXTS[chunk.taker_side]}


def _arrays(chunk: MarketTradeColumns) -> dict[str, list[Any]]:
    return {
        "new_traded_at": chunk.traded_at.tolist(),
        "new_venue_trade_id": np.strings.decode(chunk.venue_trade_id, "utf-8").tolist(),
        "new_price": chunk.price.tolist(),
        "new_quantity": chunk.quantity.tolist(),
        "new_taker_side": SIDE_TEXTS[chunk.taker_side].astype("U").tolist(),
        "new_is_block": [None] * len(chunk) if chunk.is_block is None else chunk.is_block.tolist(),
    }


def _refusal(found: Sequence[Row[Any]]) -> ConflictingMarketTradesError:
    listed = []
    for row in found:
        said = [("time", as_utc(row.stored_at).isoformat(), as_utc(row.traded_at).isoformat())]
        said += [
            ("price", row.stored_price, row.price),
            ("quantity", row.stored_quantity, row.quantity),
            ("side", row.stored_side, row.taker_side),
            ("is_block", row.stored_block, row.is_block),
        ]
        differences = [
            f"{name} {old} is stored, {new} came" for name, old, new in said if new != old and new is not None
        ]
        listed.append(f"{row.venue_trade_id} at {as_utc(row.traded_at).isoformat()}: {', '.join(differences)}")
    more = f"; and {found[0].total - len(found):,} more" if found[0].total > len(found) else ""
    return ConflictingMarketTradesError(
        f"{found[0].total:,} trades are stored with another content, none of these was: {'; '.join(listed)}{more}. "
        "Find out which is true; delete those that are stored if they are wrong."
    )


_STATEMENTS = 64
"""Statements that are kept, one for each range of months."""


@lru_cache(_STATEMENTS)
def _are_fresh(within: str) -> TextClause:
    return text(
        f"""
        SELECT NOT EXISTS (
            SELECT FROM market_trades
            WHERE instrument_id = :instrument_id AND traded_at BETWEEN first AND last AND {within}
        )
        FROM unnest(CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[])) WITH ORDINALITY
            AS range (first, last, at)
        ORDER BY at
        """  # noqa: S608 - times of ours
    )


_CREATE_STAGE = text(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} "
    f"({', '.join(f'{name} {kind}' for name, kind in STAGED.items())}) ON COMMIT DROP"
)
_EMPTY_STAGE = text(f"TRUNCATE {STAGE}")

_ARRAY_TYPE = {"timestamptz": "int8"}
_SENT = f"""(
    SELECT timestamptz 'epoch' + at * interval '1 microsecond' AS traded_at, venue_trade_id, price, quantity,
           nullif(taker_side, '') AS taker_side, is_block
    FROM unnest({", ".join(f"CAST(:new_{name} AS {_ARRAY_TYPE.get(kind, kind)}[])" for name, kind in STAGED.items())})
        AS row (at, venue_trade_id, price, quantity, taker_side, is_block)
)"""  # noqa: S608 - built from the constants above

# first insert what is new, then compare with what is there: the second statement sees what others committed while the
# first waited for them
_INSERT = """
    INSERT INTO market_trades (instrument_id, source, traded_at, venue_trade_id, price, quantity, taker_side, is_block)
    SELECT :instrument_id, :source, traded_at, venue_trade_id, price, quantity, taker_side, coalesce(is_block, false)
    FROM {new} AS new
    ON CONFLICT (instrument_id, traded_at, venue_trade_id) DO NOTHING
"""
_CONFLICTS = f"""
    SELECT new.*, old.traded_at AS stored_at, old.price AS stored_price, old.quantity AS stored_quantity,
           old.taker_side AS stored_side, old.is_block AS stored_block, count(*) OVER () AS total
    FROM {{new}} AS new JOIN market_trades old USING (venue_trade_id)
    WHERE old.instrument_id = :instrument_id AND old.traded_at BETWEEN :first AND :last AND {{within}}
      AND old.traded_at BETWEEN new.traded_at - interval '{NEAR} microseconds'
                            AND new.traded_at + interval '{NEAR} microseconds'
      AND CASE WHEN old.traded_at <> new.traded_at THEN NOT starts_with(venue_trade_id, '{DERIVED}')
               ELSE old.price <> new.price OR old.quantity <> new.quantity OR old.taker_side <> new.taker_side
                    OR old.is_block <> new.is_block END
    ORDER BY new.traded_at, venue_trade_id LIMIT {MAX_LISTED}
"""  # noqa: S608 - built from the constants above
_COMPLETE = """
    UPDATE market_trades old SET taker_side = new.taker_side FROM {new} AS new
    WHERE old.instrument_id = :instrument_id AND old.traded_at BETWEEN :first AND :last AND {within}
      AND old.traded_at = new.traded_at AND old.venue_trade_id = new.venue_trade_id
      AND old.taker_side IS NULL AND new.taker_side IS NOT NULL
"""


@lru_cache(_STATEMENTS)
def _merging(new: str, within: str) -> tuple[TextClause, ...]:
    """The three statements of a merge, one after the other."""
    return tuple(text(sql.format(new=new, within=within)) for sql in (_INSERT, _CONFLICTS, _COMPLETE))
