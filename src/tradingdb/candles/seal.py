"""Sealing: a packed copy of each month of candles that is old enough, which `candles.read` takes instead of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import literal, text
from sqlalchemy.dialects.postgresql import insert

from tradingdb.candles.blocks import NEVER_SEALED_MONTHS, STORED, lock_name, packed_block
from tradingdb.candles.months import month_of, months_in, moved
from tradingdb.candles.series import ALWAYS, ON_REQUEST, SeriesQuery, bounds
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError
from tradingdb.models import CandleBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.database import Database, ReadSession, WriteSession

OLDER_THAN = "2mo"

GRACE = timedelta(days=1)
"""How much longer than its months anything must have been over (`blocks.NEVER_SEALED_MONTHS` says why)."""

SEALING = "tradingdb sealing"
"""The advisory lock that every sealer holds shared, and whoever must have none beside him, exclusively."""


class Outcome(StrEnum):
    """What became of a month that was to be sealed."""

    SEALED = "sealed"
    GROWING = "growing"
    """A candle in it is not closed, such as an incomplete bucket of a rollup."""
    BUSY = "busy"
    """Somebody is writing to the series, or has just sealed or emptied the month; the next run looks again."""


@dataclass(frozen=True, slots=True)
class SealReport:
    """What `seal` has done, in months of series."""

    sealed: int = 0
    growing: int = 0
    """Left alone, because a candle in them is not closed."""
    busy: int = 0
    """Left for the next run, because somebody was writing to the series, or has just sealed or emptied the month."""
    candles: int = 0
    """How many are in the months that were sealed."""


@dataclass(frozen=True, slots=True)
class SeriesMonth:
    """A month of one series of candles."""

    instrument_id: int
    timeframe: Timeframe
    first: datetime

    @property
    def series(self) -> dict[str, Any]:
        """The key of the series."""
        return {"instrument_id": self.instrument_id, "timeframe": self.timeframe.value}


async def seal(
    database: Database,
    *,
    older_than: str = OLDER_THAN,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SealReport:
    """Seal the months of every series, or of those chosen, that are old enough and are not sealed.

    `older_than` counts back from the month that it is now, such as `2mo` or `1y`. A month must have ended at least a
    whole month ago, so `2mo` is the least. Each month is a transaction of its own; interrupted, what was sealed stays
    sealed. Nobody waits for it longer than one month takes, and it waits for nobody. `on_progress` is told how many
    months are done, of how many.

    Raises:
        InvalidValueError: `older_than` is no span or too short, or the timeframe does not exist.
    """
    months = months_in(older_than)
    if months < NEVER_SEALED_MONTHS:
        raise InvalidValueError(
            f"Months that are younger than {NEVER_SEALED_MONTHS}mo are not sealed, because they are still written to: "
            f"{older_than} was asked for."
        )
    chosen = {
        "venue": venue,
        "symbol": symbol,
        "timeframe": None if timeframe is None else Timeframe.parse(timeframe).value,
    }
    async with database.read() as session:
        found = await to_seal(session, months, chosen)
    outcomes = dict.fromkeys(Outcome, 0)
    candles = 0
    for done, month in enumerate(found, 1):
        outcome, rows = await database.run(partial(seal_month, month=month), idempotent=True)
        outcomes[outcome] += 1
        candles += rows
        if on_progress is not None:
            on_progress(done, len(found))
    return SealReport(outcomes[Outcome.SEALED], outcomes[Outcome.GROWING], outcomes[Outcome.BUSY], candles)


async def to_seal(
    session: ReadSession, months: int = NEVER_SEALED_MONTHS, chosen: dict[str, str | None] | None = None
) -> list[SeriesMonth]:
    """Months so old that have candles and no block, oldest first: those of one month lie on the same pages.

    `chosen` may have a venue, a symbol and a timeframe.
    """
    now: datetime | None = await session.scalar(text("SELECT clock_timestamp()"))
    if now is None:
        raise AssertionError  # pragma: no cover - a SELECT without FROM has a row
    end = moved(month_of(now - GRACE), 1 - months)
    nothing = dict.fromkeys(("venue", "symbol", "timeframe"))
    rows = await session.execute(_TO_SEAL, nothing | (chosen or {}) | {"end": end})
    return [SeriesMonth(row.instrument_id, Timeframe(row.timeframe), row.month.astimezone(UTC)) for row in rows]


async def seal_month(session: WriteSession, month: SeriesMonth) -> tuple[Outcome, int]:
    """Seal one month of a series. Says what became of it, and how many candles were sealed.

    The lock is got first, and the rows are read by a statement after it: its snapshot shows all that whoever held the
    lock before us has committed. It is not waited for, because writers would queue behind us.
    """
    if not await session.scalar(_TRY_LOCK, {"key": lock_name(month.series), "sealing": SEALING}):
        return Outcome.BUSY, 0
    limits = bounds(month.timeframe, month.first, moved(month.first, 1))
    open_ones = _OPEN.format(" AND ".join(limits))
    if await session.scalar(text(open_ones), month.series):
        return Outcome.GROWING, 0
    query = SeriesQuery(month.instrument_id, month.timeframe, ALWAYS | ON_REQUEST)
    found = await query.fetch(session, limits)
    if not len(found):
        return Outcome.BUSY, 0
    if not found.extra["is_closed"].all():  # at READ COMMITTED it may have come since the look
        return Outcome.GROWING, 0
    columns = found.columns | {"open_time": found.open_time.view(np.int64)}
    row = month.series | {"month": month.first} | packed_block({name: columns[name] for name in STORED})
    is_new = await session.scalar(insert(CandleBlock).values(row).on_conflict_do_nothing().returning(literal(1)))
    return (Outcome.SEALED, len(found)) if is_new else (Outcome.BUSY, 0)


_TRY_LOCK = text(
    """
    SELECT pg_try_advisory_xact_lock_shared(hashtextextended(:sealing, 0))
       AND pg_try_advisory_xact_lock(hashtextextended(:key, 0))
    """
)
_OPEN = """
    SELECT EXISTS (
        SELECT FROM candles
        WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND NOT is_closed AND {}
    )
"""
# One step along the index for each month that has no block tells whether there are candles in it.
_TO_SEAL = text(
    """
    WITH unsealed AS MATERIALIZED (
        SELECT coverage.instrument_id, coverage.timeframe, first AT TIME ZONE 'UTC' AS month,
               (first + interval '1 month') AT TIME ZONE 'UTC' AS next
        FROM series_coverage coverage
        JOIN instruments ON instruments.id = coverage.instrument_id
        JOIN venues ON venues.id = instruments.venue_id
        CROSS JOIN LATERAL generate_series(
            date_trunc('month', coverage.first_open_time AT TIME ZONE 'UTC'),
            least(coverage.last_open_time, CAST(:end AS timestamptz) - interval '1 microsecond') AT TIME ZONE 'UTC',
            interval '1 month'
        ) AS first
        WHERE (CAST(:venue AS text) IS NULL OR venues.code = :venue)
          AND (CAST(:symbol AS text) IS NULL OR instruments.symbol = :symbol)
          AND (CAST(:timeframe AS text) IS NULL OR coverage.timeframe = :timeframe)
          AND NOT EXISTS (
              SELECT FROM candle_blocks block
              WHERE block.instrument_id = coverage.instrument_id AND block.timeframe = coverage.timeframe
                AND block.month = first AT TIME ZONE 'UTC'
          )
    )
    SELECT instrument_id, timeframe, month FROM unsealed
    CROSS JOIN LATERAL (
        SELECT FROM candles
        WHERE candles.instrument_id = unsealed.instrument_id AND candles.timeframe = unsealed.timeframe
          AND open_time >= month AND open_time < next
        LIMIT 1
    ) there
    ORDER BY month, instrument_id, timeframe
    """
)
