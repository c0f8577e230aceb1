"""Retention: months of candles that are past their timeframe's limit go, with their blocks; the coverage stays true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.candles.coverage import ORDER
from tradingdb.candles.months import month_of, months_in, moved
from tradingdb.candles.seal import SEALING
from tradingdb.candles.store import changed_rows
from tradingdb.connections import maintenance_connection
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.models import Candle
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradingdb.database import Database, ReadSession, WriteSession

LOCK_TIMEOUT = "5s"
"""Emptying a partition waits for whoever reads that month, and everybody else who wants the month waits behind."""

CLOSED = "tradingdb_being_retired"
"""A constraint that lets no row in, of a partition that was emptied and is about to be dropped."""

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Before all candles."""


@dataclass(frozen=True, slots=True)
class ExpiredMonth:
    """One month with candles past their limit, or without candles and as old."""

    month: datetime
    partition: str
    timeframes: tuple[Timeframe, ...]
    """Those that are past it."""
    is_whole: bool
    """There are no other candles in it: the partition goes."""


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What `retain` has done."""

    candles: int = 0
    """How many were deleted."""
    blocks: int = 0
    """How many sealed months were dropped."""
    months: int = 0
    """How many months had candles past their limit, or none and were as old."""
    partitions: tuple[str, ...] = ()
    """Those that were dropped."""


@dataclass(frozen=True, slots=True)
class _Deleted:
    """How many candles of which series."""

    instrument_ids: list[int]
    timeframes: list[str]
    counts: list[int]


async def expired(session: ReadSession, keep: Mapping[str, str]) -> list[ExpiredMonth]:
    """What `retain` with the same limits would delete, oldest first. Only the index is read.

    Raises:
        InvalidValueError: a timeframe does not exist, or its limit is no number of months or years.
    """
    now = month_of(utc_now())
    # what ends at or before this is past the limit: so many whole months are kept, besides the one that it is now
    limits = {Timeframe.parse(name): moved(now, -months_in(span)) for name, span in keep.items()}
    newest = max(limits.values(), default=BEGINNING)
    found = []
    for partition in await partitions.listing(session, Candle):
        if partition.end > newest:
            break
        there = {timeframe for _, timeframe in await _series_in(session, partition.start, partition.end)}
        past = {one for one in there if one in limits and partition.end <= limits[one]}
        if past or not there:
            listed = tuple(sorted(past, key=ORDER.__getitem__))
            found.append(ExpiredMonth(partition.start, partition.name, listed, is_whole=past == there))
    return found


async def retain(
    database: Database, keep: Mapping[str, str], *, on_progress: Callable[[int, int], None] | None = None
) -> RetentionReport:
    """Delete the candles of each timeframe that are older than its limit, such as `{"1m": "24mo", "1h": "10y"}`.

    A limit counts whole months before the one that it is now; a timeframe without one is kept. Ask the user first; this
    function does not. Each month is one transaction, in which its candles and their blocks go and the coverage is
    corrected. A month without any other candle loses its partition as well, which blocks nobody. Blocks of months that
    lost their partition in another way go too. Interrupted, what was finished stays finished; run it again.
    `on_progress` is told how many months are done, of how many.

    Raises:
        InvalidValueError: a timeframe does not exist, or its limit is no number of months or years.
        LockTimeoutError: somebody has been using a month for long; nothing of that month was deleted.
    """
    async with database.read() as session:
        found = await expired(session, keep)
    candles = blocks = 0
    for done, month in enumerate(found, 1):
        deleted, dropped = await database.run(partial(_delete, month=month), idempotent=True)
        candles, blocks = candles + deleted, blocks + dropped
        if on_progress is not None:
            on_progress(done, len(found))
    gone = await _drop_closed(database)
    blocks += await database.run(_drop_orphans, idempotent=True)
    return RetentionReport(candles, blocks, len(found), tuple(gone))


async def _delete(session: WriteSession, month: ExpiredMonth) -> tuple[int, int]:
    """Delete what is past its limit in one month. Returns how many candles and blocks."""
    timeframes = [timeframe.value for timeframe in month.timeframes]
    bounds = {"month": month.month, "end": moved(month.month, 1), "timeframes": timeframes}
    await session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    await session.execute(_NO_SEALERS, {"sealing": SEALING})
    deleted = await _emptied(session, month) if month.is_whole else None
    if deleted is None:
        deleted = await _deleted(session, month, bounds)
    if deleted.counts:
        await _correct_coverage(session, deleted)
    # a statement of its own: it sees what was sealed until the lock was got
    blocks = changed_rows(await session.execute(_DELETE_BLOCKS, bounds))
    return sum(deleted.counts), blocks


async def _emptied(session: ReadSession, month: ExpiredMonth) -> _Deleted | None:
    """Empty a partition and let nothing more into it. None, and nothing done: there are other candles in it by now.

    Only this partition is locked, until the transaction ends. Whoever writes to it after that is refused by the
    constraint, where his candles would otherwise be dropped with the partition.
    """
    name = month.partition
    await session.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    if {one for _, one in await _series_in(session, month.month, moved(month.month, 1))} - set(month.timeframes):
        return None
    found = (await session.execute(text(f"SELECT instrument_id, timeframe, count(*) FROM {name} GROUP BY 1, 2"))).all()  # noqa: S608 - a name from the catalogue
    await session.execute(text(f"TRUNCATE {name}"))
    await session.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {CLOSED}"))
    await session.execute(text(f"ALTER TABLE {name} ADD CONSTRAINT {CLOSED} CHECK (false)"))
    return _Deleted(*(list(column) for column in zip(*found, strict=True))) if found else _Deleted([], [], [])


async def _deleted(session: WriteSession, month: ExpiredMonth, bounds: dict[str, Any]) -> _Deleted:
    """Delete the candles of the timeframes, series by series, so that no statement takes long."""
    deleted = _Deleted([], [], [])
    for instrument_id, timeframe in await _series_in(session, month.month, bounds["end"]):
        if timeframe in month.timeframes:
            key = {"instrument_id": instrument_id, "timeframe": timeframe.value}
            deleted.instrument_ids.append(instrument_id)
            deleted.timeframes.append(timeframe.value)
            deleted.counts.append(changed_rows(await session.execute(_DELETE_CANDLES, bounds | key)))
    return deleted


async def _correct_coverage(session: WriteSession, deleted: _Deleted) -> None:
    """Take what was deleted out of the coverage.

    Writers insert candles first and add them to the coverage after that. With the rows locked, the statements that
    follow see the candles of everybody who has added his; whoever has not, adds them to what we leave.
    """
    parameters = asdict(deleted)
    for statement in (_LOCK_COVERAGE, _UNCOVER, _CORRECT_COVERAGE):
        await session.execute(statement, parameters)


async def _series_in(session: ReadSession, start: datetime, end: datetime) -> list[tuple[int, Timeframe]]:
    rows = await session.execute(_SERIES_IN, {"start": start, "end": end})
    return [(row.instrument_id, Timeframe(row.timeframe)) for row in rows]


async def _drop_closed(database: Database) -> list[str]:
    """Drop the partitions that were emptied for it, now or by a run that was interrupted. Returns their names."""
    async with maintenance_connection(database.target, autocommit=True) as connection:
        await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        for name in (await connection.scalars(_CLOSED, {"name": CLOSED})).all():
            await connection.execute(text(f"COMMENT ON TABLE {name} IS '{partitions.BEING_RETIRED}'"))
            await connection.execute(text(f"ALTER TABLE candles DETACH PARTITION {name} CONCURRENTLY"))
    # finishes what was interrupted, and drops what is marked; no partition ends as early as that
    return await partitions.retire(database, Candle, BEGINNING)


async def _drop_orphans(session: WriteSession) -> int:
    """Drop the blocks of months that have no partition, which cannot be copies of anything."""
    await session.execute(_NO_SEALERS, {"sealing": SEALING})
    there = [partition.start for partition in await partitions.listing(session, Candle)]
    return changed_rows(await session.execute(_DELETE_ORPHANS, {"there": there}))


# each series in a month, by one step along the index
_SERIES_IN = text(
    """
    WITH RECURSIVE found AS (
        (
            SELECT instrument_id, timeframe FROM candles WHERE open_time >= :start AND open_time < :end
            ORDER BY instrument_id, timeframe LIMIT 1
        )
        UNION ALL
        SELECT further.* FROM found CROSS JOIN LATERAL (
            SELECT instrument_id, timeframe FROM candles
            WHERE open_time >= :start AND open_time < :end
              AND (instrument_id, timeframe) > (found.instrument_id, found.timeframe)
            ORDER BY instrument_id, timeframe LIMIT 1
        ) further
    )
    SELECT instrument_id, timeframe FROM found
    """
)
_NO_SEALERS = text("SELECT pg_advisory_xact_lock(hashtextextended(:sealing, 0))")
_DELETE_BLOCKS = text(
    "DELETE FROM candle_blocks WHERE month = :month AND timeframe = ANY (CAST(:timeframes AS text[]))"
)
_DELETE_ORPHANS = text("DELETE FROM candle_blocks WHERE month <> ALL (CAST(:there AS timestamptz[]))")
_DELETE_CANDLES = text(
    """
    DELETE FROM candles
    WHERE instrument_id = :instrument_id AND timeframe = :timeframe AND open_time >= :month AND open_time < :end
    """
)
_GONE = (
    "unnest(CAST(:instrument_ids AS int[]), CAST(:timeframes AS text[]), CAST(:counts AS bigint[])) "
    "AS gone (instrument_id, timeframe, count)"
)
_LOCK_COVERAGE = text(
    f"""
    SELECT FROM series_coverage
    WHERE (instrument_id, timeframe) IN (SELECT instrument_id, timeframe FROM {_GONE})
    ORDER BY instrument_id, timeframe FOR UPDATE
    """  # noqa: S608 - a constant of ours
)
_ONE = "FROM candles one WHERE one.instrument_id = gone.instrument_id AND one.timeframe = gone.timeframe"
_UNCOVER = text(
    f"""
    DELETE FROM series_coverage coverage USING {_GONE}
    WHERE coverage.instrument_id = gone.instrument_id AND coverage.timeframe = gone.timeframe
      AND NOT EXISTS (SELECT {_ONE})
    """  # noqa: S608 - same
)
_CORRECT_COVERAGE = text(
    f"""
    UPDATE series_coverage coverage SET
        candle_count = greatest(coverage.candle_count - gone.count, 1),
        first_open_time = (SELECT one.open_time {_ONE} ORDER BY one.open_time LIMIT 1),
        last_open_time = (SELECT one.open_time {_ONE} ORDER BY one.open_time DESC LIMIT 1),
        updated_at = now()
    FROM {_GONE}
    WHERE coverage.instrument_id = gone.instrument_id AND coverage.timeframe = gone.timeframe
    """  # noqa: S608 - same
)
_CLOSED = text(
    """
    SELECT part.relname FROM pg_inherits link
    JOIN pg_class part ON part.oid = link.inhrelid
    JOIN pg_constraint closed ON closed.conrelid = part.oid AND closed.conname = :name
    WHERE link.inhparent = to_regclass('candles') AND NOT link.inhdetachpending
    ORDER BY part.relname
    """
)
