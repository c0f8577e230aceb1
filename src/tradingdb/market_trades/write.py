"""Public trades in: checked, each once, merged with those that are there. Writing the same again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy.exc import IntegrityError

from tradingdb.candles.columns import months_of
from tradingdb.candles.series import id_of
from tradingdb.candles.write import CHUNK, FEW, MAX_LISTED_PROBLEMS
from tradingdb.core.json import clean_text
from tradingdb.errors import InvalidMarketTradesError, NotFoundError
from tradingdb.failures import FOREIGN_KEY_VIOLATION, sqlstate_of
from tradingdb.market_trades.identity import distinct, with_ids
from tradingdb.market_trades.sources import columns_from
from tradingdb.market_trades.store import are_fresh, copy_fresh, merge
from tradingdb.market_trades.validate import problems
from tradingdb.models import MarketTrade
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.candles.validate import Problem
    from tradingdb.database import WriteSession
    from tradingdb.market_trades.columns import MarketTradeColumns
    from tradingdb.models import Instrument


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of the trades: every one that was handed over is counted once."""

    inserted: int = 0
    completed: int = 0
    """Were there without a side, and have it now."""
    unchanged: int = 0
    duplicates: int = 0
    """Rows that said again what another row of the same batch says."""

    @property
    def total(self) -> int:
        """How many trades were handed over."""
        return self.inserted + self.completed + self.unchanged + self.duplicates


async def write(
    session: WriteSession,
    instrument: Instrument | int,
    data: Any,
    *,
    source: str | None = None,
    timezone: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> WriteReport:
    """Store public trades of one instrument, and make the partitions that they need. All of them or none.

    `data` may be ccxt's trades, a mapping of arrays, a numpy record array, a pandas, polars or Arrow table, or what
    `read_file` gives (`market_trades.sources`). `timezone` names the zone of times that carry none. A trade is known
    by instrument, time and the venue's id; a row without an id gets one (`market_trades.identity`). A published trade
    does not change: what says something else about one that is there is refused, and so is the same id less than a
    second away, because one of the two has a rounded time. A side that is not known differs from none, and is added
    when it is. `on_progress` is told rows as they go in.

    Raises:
        InvalidMarketTradesError: a row cannot be a trade.
        ConflictingMarketTradesError: two rows, or a row and a stored trade, contradict each other.
        InvalidValueError: the data cannot be read.
        NotFoundError: there is no such instrument.
    """
    source = None if source is None else clean_text(source)
    columns = columns_from(data, timezone=timezone)
    if found := problems(columns):
        raise _refusal(found, len(columns))
    if not len(columns):
        return WriteReport()
    once = distinct(with_ids(columns))
    await partitions.ensure_months(session, MarketTrade, months_of(once.traded_at))
    instrument_id = id_of(instrument)
    series = {"instrument_id": instrument_id, "source": source}
    try:
        async with session.begin_nested():  # a conflict in a later chunk takes the earlier ones back
            inserted, completed = await _store(session, series, once, on_progress or _nobody)
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:  # COPY goes past SQLAlchemy
        partitions.forget(session)
        raise _told(error, instrument_id) from error
    return WriteReport(inserted, completed, len(once) - inserted - completed, len(columns) - len(once))


async def _store(
    session: WriteSession, series: dict[str, Any], columns: MarketTradeColumns, on_progress: Callable[[int], None]
) -> tuple[int, int]:
    """Store trades, each once and in order of time, by the way that suits them. Returns inserted and completed."""
    if len(columns) <= FEW:
        counts = await merge(session, series, columns, staged=False)
        on_progress(len(columns))
        return counts
    chunks = [columns.take(slice(at, at + CHUNK)) for at in range(0, len(columns), CHUNK)]
    fresh = await are_fresh(session, series["instrument_id"], chunks)
    inserted = completed = 0
    for chunk, is_fresh in zip(chunks, fresh, strict=True):
        if is_fresh and await copy_fresh(session, series, chunk):
            inserted += len(chunk)
        else:
            counts = await merge(session, series, chunk, staged=True)
            inserted, completed = inserted + counts[0], completed + counts[1]
        on_progress(len(chunk))
    return inserted, completed


def _nobody(rows: int) -> None:
    """Told about progress where nobody asked."""


def _told(error: Exception, instrument_id: int) -> Exception:
    if sqlstate_of(error) == FOREIGN_KEY_VIOLATION:
        return NotFoundError(f"There is no instrument {instrument_id}: make it with `market.ensure_instrument`.")
    return error


def _refusal(found: list[Problem], size: int) -> InvalidMarketTradesError:
    listed = "; ".join(f"row {problem.row}: {problem.reason}" for problem in found[:MAX_LISTED_PROBLEMS])
    more = f"; and {len(found) - MAX_LISTED_PROBLEMS:,} more" if len(found) > MAX_LISTED_PROBLEMS else ""
    return InvalidMarketTradesError(f"{len(found):,} of {size:,} trades were refused, none was stored: {listed}{more}.")
