"""Sealed months in `candle_blocks`: read as columns, and dropped by whoever changes their candles.

Rows are the truth, a block is a copy of one month of one series. Where a block is, it says what the rows say: whoever
seals holds the series' lock exclusively, whoever changes candles of a month that may be sealed holds it shared until
his transaction ends, and drops the month's block in it. So nobody seals what is being changed, and a block that was
made before the lock was got is seen by the DELETE after it. Candles that change nothing drop nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from tradingdb.candles.columns import NO_COUNT, to_datetime, to_microseconds
from tradingdb.candles.months import moved
from tradingdb.candles.packing import pack, unpack
from tradingdb.errors import DamagedBlockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Row

    from tradingdb.database import ReadSession, WriteSession

FORMAT = 1
"""Blocks of another format are left alone by this release, which reads rows instead."""

TYPES: dict[str, type[np.generic]] = {
    "open_time": np.int64,
    "open": np.float64,
    "high": np.float64,
    "low": np.float64,
    "close": np.float64,
    "volume": np.float64,
    "quote_volume": np.float64,
    "trade_count": np.int64,
    "taker_buy_volume": np.float64,
    "is_closed": np.bool_,
    "is_synthetic": np.bool_,
}
"""What a block can give. Whoever wants another column reads rows."""

STORED = tuple(name for name in TYPES if name != "is_closed")
"""Only closed candles are sealed."""

WITHOUT: Mapping[str, float | int | bool] = {
    "volume": np.nan,
    "quote_volume": np.nan,
    "trade_count": NO_COUNT,
    "taker_buy_volume": np.nan,
    "is_closed": True,
    "is_synthetic": False,
}
"""What every candle of a block has in a column that the block does not have."""

NEVER_SEALED_MONTHS = 2
"""This month and the one before it are never sealed, so whoever writes there need not look for a block.

The server's clock decides for both sides, and `seal` waits a day longer. What is left would be a transaction that wrote
to a month without asking, and is still open a day after that month became old enough.
"""

NEVER_SEALED_FROM = (
    "(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') "
    f"- interval '{NEVER_SEALED_MONTHS - 1} month') AT TIME ZONE 'UTC'"
)
"""Its first instant, in SQL."""


@dataclass(frozen=True, slots=True)
class Block:
    """One sealed month of a series, still packed. `version` tells it from another one of the same month."""

    month: datetime
    row_count: int
    first_open_time: int
    step_seconds: int | None
    packed: dict[str, bytes | None]
    version: str

    @property
    def end(self) -> datetime:
        """The first instant after its month."""
        return moved(self.month, 1)

    def fill(self, name: str, into: NDArray[Any]) -> None:
        """Unpack a column into an array of its type and `row_count` values; open times in microseconds since 1970.

        Raises:
            DamagedBlockError: the bytes are not such a column.
        """
        packed = self.packed.get(name)
        if packed is not None:
            try:
                unpack(packed, into)
            except DamagedBlockError:
                raise DamagedBlockError(
                    f"The sealed month {self.month:%Y-%m} of a series cannot be unpacked ({name}): run `tradingdb "
                    "candles verify --repair`, which drops the copy; the candles themselves are not touched by that."
                ) from None
            if name == "open_time":
                into *= 1_000_000
        elif name == "open_time" and self.step_seconds is not None:
            np.multiply(np.arange(self.row_count, dtype=np.int64), self.step_seconds * 1_000_000, out=into)
            into += self.first_open_time
        else:
            into[:] = WITHOUT[name]

    def column(self, name: str) -> NDArray[Any]:
        """One column, unpacked."""
        values = np.empty(self.row_count, TYPES[name])
        self.fill(name, values)
        return values


def packed_block(columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The row of `candle_blocks`, without its key, for the candles of a month: at least one, all closed, by time.

    `open_time` is int64 in microseconds since 1970. A column that no candle reports is NULL, and so are open times that
    lie on a grid without a gap.
    """
    times = columns["open_time"]
    steps = np.diff(times)
    is_grid = len(steps) > 0 and bool(np.all(steps == steps[0]))
    packed: dict[str, bytes | None] = {"open_time": None if is_grid else pack(times // 1_000_000)}
    for name in STORED[1:]:
        values = np.ascontiguousarray(columns[name])
        packed[name] = None if name in WITHOUT and _is_all(values, WITHOUT[name]) else pack(values)
    row = {
        "format": FORMAT,
        "row_count": len(times),
        "first_open_time": to_datetime(int(times[0])),
        "step_seconds": int(steps[0]) // 1_000_000 if is_grid else None,
        **packed,
    }
    return row | {"content_sha256": digest(row)}


def digest(row: Mapping[str, Any]) -> bytes:
    """SHA-256 over everything that a block says about its candles."""
    content = hashlib.sha256()
    first = to_microseconds(row["first_open_time"].astimezone(UTC))
    content.update(f"{row['format']} {row['row_count']} {first} {row['step_seconds']}".encode())
    for name in STORED:
        if (packed := row[name]) is not None:
            content.update(f" {name} {len(packed)} ".encode())
            content.update(packed)
    return content.digest()


async def drop_blocks(session: WriteSession, series: Mapping[str, Any], months: Iterable[datetime]) -> None:
    """After changing candles of months in this transaction: drop their blocks, and keep sealers out until it ends.

    Candles, coverage, blocks: who changes several of them does it in this order, or two would wait for each other.
    `series` has the `instrument_id` and the `timeframe`; each month is named by its first instant. At READ COMMITTED
    the DELETE, a statement of its own, sees every block that was there when the lock was got. A transaction with an
    older snapshot does not; there a row is claimed first: where PostgreSQL finds a block that the snapshot does not
    show, it refuses with a serialization failure, and the unit of work is to be repeated.
    """
    parameters = {name: series[name] for name in ("instrument_id", "timeframe")} | {"months": sorted(set(months))}
    isolation = await session.scalar(_LOCK_SHARED, {"key": lock_name(series)})
    if isolation != "read committed":
        await session.execute(_CLAIM, parameters)
    await session.execute(_DROP, parameters)


def lock_name(series: Mapping[str, Any]) -> str:
    """What the advisory lock of a series is called."""
    return f"tradingdb candles {series['instrument_id']} {series['timeframe']}"


async def fetch_blocks(
    session: ReadSession, series: Mapping[str, Any], columns: Sequence[str], first: datetime | None, end: datetime
) -> list[Block]:
    """The blocks of a series with months in `[first, end)`, by time, with no more columns than asked for."""
    names = [name for name in STORED if name == "open_time" or name in columns]
    query = f"""
        SELECT month, row_count, first_open_time, step_seconds, xmin::text AS version, {", ".join(names)}
        FROM candle_blocks
        WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND format = {FORMAT}
          AND month >= coalesce(CAST(:first AS timestamptz), '-infinity') AND month < :end
        ORDER BY month
    """  # noqa: S608 - names of ours
    found = await session.execute(text(query), _key(series) | {"first": first, "end": end})
    return [_block(row, names) for row in found]


def _block(row: Row[Any], names: Iterable[str]) -> Block:
    packed = {name: getattr(row, name) for name in names}
    first = to_microseconds(row.first_open_time.astimezone(UTC))
    return Block(row.month.astimezone(UTC), row.row_count, first, row.step_seconds, packed, row.version)


async def are_still_there(session: ReadSession, series: Mapping[str, Any], blocks: Sequence[Block]) -> bool:
    """Whether all of these blocks are there, and not others of the same months."""
    known = {"months": [block.month for block in blocks], "versions": [block.version for block in blocks]}
    there: int | None = await session.scalar(_COUNT_THERE, _key(series) | known)
    return there == len(blocks)


def joined(
    blocks: Sequence[Block], rows: Mapping[str, NDArray[Any]] | None, columns: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """The columns of blocks and of the rows around them, in order of time, each value copied once.

    Both are by time, and no row lies in the month of a block. Open times are in microseconds since 1970.
    """
    cuts = [0] * (len(blocks) + 1)
    if rows is not None:
        starts = [to_microseconds(block.month) for block in blocks]
        cuts = [*np.searchsorted(rows["open_time"], starts).tolist(), len(rows["open_time"])]
    size = cuts[-1] + sum(block.row_count for block in blocks)
    result: dict[str, NDArray[Any]] = {}
    for name in columns:
        values = np.empty(size, TYPES[name])
        at = before = 0
        for block, cut in zip([*blocks, None], cuts, strict=True):
            if rows is not None and cut > before:
                values[at : at + cut - before] = rows[name][before:cut]
                at, before = at + cut - before, cut
            if block is not None:
                block.fill(name, values[at : at + block.row_count])
                at += block.row_count
        result[name] = values
    return result


def _key(series: Mapping[str, Any]) -> dict[str, Any]:
    return {"instrument_id": series["instrument_id"], "timeframe": series["timeframe"]}


def _is_all(values: NDArray[Any], value: float) -> bool:
    return bool(np.all(np.isnan(values) if value != value else values == value))  # noqa: PLR0124 - NaN


_LOCK_SHARED = text(
    "SELECT current_setting('transaction_isolation'), pg_advisory_xact_lock_shared(hashtextextended(:key, 0))"
)
_DROP = text(
    """
    DELETE FROM candle_blocks
    WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND month = ANY (CAST(:months AS timestamptz[]))
    """
)
# a row that is no block and takes its place until `_DROP` in the same transaction
_CLAIM = text(
    """
    INSERT INTO candle_blocks (instrument_id, timeframe, month, row_count, first_open_time, step_seconds,
                               open, high, low, close, content_sha256)
    SELECT :instrument_id, :timeframe, month, 1, month, 1, '', '', '', '', sha256('')
    FROM unnest(CAST(:months AS timestamptz[])) AS month
    ON CONFLICT (instrument_id, timeframe, month) DO NOTHING
    """
)
_COUNT_THERE = text(
    """
    SELECT count(*) FROM unnest(CAST(:months AS timestamptz[]), CAST(:versions AS text[])) AS known (month, version)
    JOIN candle_blocks there ON there.instrument_id = :instrument_id AND there.timeframe = :timeframe
      AND there.month = known.month AND there.xmin::text = known.version
    """
)
