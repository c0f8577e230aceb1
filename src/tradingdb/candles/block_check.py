"""Whether sealed months say what their candles say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from sqlalchemy import text

from tradingdb.candles.blocks import FORMAT, STORED, are_still_there, digest, fetch_blocks
from tradingdb.candles.columns import to_datetime
from tradingdb.candles.series import ALWAYS, ON_REQUEST, SeriesQuery, bounds
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import DamagedBlockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Row

    from tradingdb.candles.blocks import Block
    from tradingdb.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class BlockDifference:
    """A sealed month that does not say what its candles say."""

    instrument_id: int
    venue: str
    symbol: str
    timeframe: Timeframe
    month: datetime
    problem: str
    is_dropped: bool


@dataclass(frozen=True, slots=True)
class BlockCheck:
    """What `verify_blocks` found."""

    blocks: int
    """How many were looked at."""
    differences: list[BlockDifference]

    @property
    def is_true(self) -> bool:
        """Whether every block that is there now says what its candles say."""
        return all(difference.is_dropped for difference in self.differences)


@overload
async def verify_blocks(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: Literal[False] = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> BlockCheck: ...


@overload
async def verify_blocks(
    session: WriteSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: bool,
    on_progress: Callable[[int, int], None] | None = None,
) -> BlockCheck: ...


async def verify_blocks(
    session: ReadSession,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    repair: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> BlockCheck:
    """Compare the sealed months of every series, or of those chosen, with their candles, value by value.

    `repair` drops those that differ; `seal` makes them anew. What others change meanwhile is not taken for an error.
    `on_progress` is told how many blocks were looked at, of how many.

    Raises:
        InvalidValueError: the timeframe does not exist.
    """
    chosen = {
        "venue": venue,
        "symbol": symbol,
        "timeframe": None if timeframe is None else Timeframe.parse(timeframe).value,
        "format": FORMAT,
    }
    found = (await session.execute(_BLOCKS, chosen)).all()
    differences = []
    for done, row in enumerate(found, 1):
        key = {"instrument_id": row.instrument_id, "timeframe": row.timeframe, "month": row.month}
        if (problem := await _problem(session, row)) is not None:
            if repair:
                await session.execute(_DROP, key | {"version": row.version})
            length, month = Timeframe(row.timeframe), row.month.astimezone(UTC)
            differences.append(
                BlockDifference(row.instrument_id, row.venue, row.symbol, length, month, problem, repair)
            )
        if on_progress is not None:
            on_progress(done, len(found))
    return BlockCheck(len(found), differences)


async def _problem(session: ReadSession, row: Row[Any]) -> str | None:
    """What is wrong with a block. None: nothing, or it is no longer there."""
    series = {"instrument_id": row.instrument_id, "timeframe": row.timeframe}
    query = SeriesQuery(row.instrument_id, Timeframe(row.timeframe), ALWAYS | ON_REQUEST)
    month = row.month.astimezone(UTC)
    blocks = await fetch_blocks(session, series, STORED, month, row.next.astimezone(UTC))
    if [block.version for block in blocks] != [row.version]:
        return None
    (block,) = blocks
    if digest(_content(block)) != row.content_sha256:
        return "its bytes are not those that were sealed"
    found = await query.fetch(session, bounds(query.timeframe, month, block.end))
    rows = found.columns | {"open_time": found.open_time.view(np.int64)}
    differing = (
        "" if len(found) == block.row_count else f"{block.row_count:,} candles were sealed, {len(found):,} are there"
    )
    try:
        differing = differing or ", ".join(
            name for name, values in rows.items() if block.column(name).tobytes() != values.tobytes()
        )
    except DamagedBlockError:
        return "it cannot be unpacked"
    # whoever changed rows between the two statements has dropped the block
    return differing if differing and await are_still_there(session, series, blocks) else None


def _content(block: Block) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "row_count": block.row_count,
        "first_open_time": to_datetime(block.first_open_time),
        "step_seconds": block.step_seconds,
        **block.packed,
    }


_BLOCKS = text(
    """
    SELECT block.instrument_id, block.timeframe, block.month, block.content_sha256, block.xmin::text AS version,
           (block.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' AS next,
           venues.code AS venue, instruments.symbol
    FROM candle_blocks block
    JOIN instruments ON instruments.id = block.instrument_id
    JOIN venues ON venues.id = instruments.venue_id
    WHERE block.format = :format
      AND (CAST(:venue AS text) IS NULL OR venues.code = :venue)
      AND (CAST(:symbol AS text) IS NULL OR instruments.symbol = :symbol)
      AND (CAST(:timeframe AS text) IS NULL OR block.timeframe = :timeframe)
    ORDER BY block.month, block.instrument_id, block.timeframe
    """
)
_DROP = text(
    """
    DELETE FROM candle_blocks
    WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND month = :month AND xmin::text = :version
    """
)
