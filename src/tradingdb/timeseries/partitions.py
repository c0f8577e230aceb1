"""Monthly partitions: made ahead of need and on write, listed, and retired.

A partition is built beside its table and then attached, because ATTACH does not block readers and writers, and CREATE …
PARTITION OF does. There is no default partition: it would forbid DETACH … CONCURRENTLY.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Table, text

from tradingdb.connections import maintenance_connection
from tradingdb.core.clock import as_utc, utc_now
from tradingdb.core.ddl import table_of
from tradingdb.errors import SchemaMismatchError
from tradingdb.models import Base
from tradingdb.scope import scoped_by_verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradingdb.database import Database, ReadSession, WriteSession

TimeSeries = type[Base] | Table
"""A model or its table; it must be one of `partitioned_tables`."""

MONTHS_AHEAD = 3

BEING_RETIRED = "tradingdb: being retired"
"""Comment of a partition between its detaching and its dropping, so that an interrupted run can be finished."""

MADE_HERE = "tradingdb_partitions_made"
"""Key in a session's `info`: partitions that it made, and that are gone if it rolls back."""

_KNOWN: WeakKeyDictionary[Engine, set[str]] = WeakKeyDictionary()
"""Partitions that were seen committed, by engine: a live feed should not ask for this month every second."""

GROWTH_LOCK = 7_236_839_128_415_204
"""Held until commit by whoever adds partitions or instruments.

Attaching a partition locks the tables that it references against writers; a transaction that has added an instrument
and then needs a partition would deadlock with another one like it. Both take this lock first, so they queue instead.
"""


@dataclass(frozen=True, slots=True)
class Partition:
    """One month of a time-series table, covering [start, end) in UTC."""

    table: str
    name: str
    start: datetime
    end: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class _Month:
    """A partition that ought to be there; `start` is the first instant of a month in UTC."""

    table: Table
    start: datetime

    @property
    def name(self) -> str:
        return f"{self.table.name}_{self.start:%Y_%m}"


def partitioned_tables() -> list[Table]:
    """Every table of the schema that is partitioned by time."""
    return [t for t in Base.metadata.sorted_tables if partition_key(t).startswith("RANGE")]


def partition_key(table: Table) -> str:
    """How a table is partitioned, for example `RANGE (open_time)`; empty: not at all."""
    options = table.dialect_options["postgresql"]
    return str(options["partition_by"] or "") if "partition_by" in options else ""


async def hold_growth_lock(session: WriteSession) -> None:
    """Queue behind other transactions that add partitions or instruments, until this one ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": GROWTH_LOCK})


async def ensure(session: WriteSession, table: TimeSeries, first: datetime, last: datetime) -> list[str]:
    """Make the partitions that rows from `first` to `last` need, in the session's transaction.

    Safe when any number of sessions do it at once. Returns the names of those that were made.
    """
    return await ensure_months(session, table, _months(as_utc(first), as_utc(last)))


async def ensure_months(session: WriteSession, table: TimeSeries, instants: Iterable[datetime]) -> list[str]:
    """The same for the months that certain instants lie in: far-apart rows need no partitions between them."""
    return await _ensure(session, [_Month(_table(table), start) for start in sorted(set(map(_month_of, instants)))])


async def _ensure(session: WriteSession, months: list[_Month]) -> list[str]:
    known = _KNOWN.setdefault(session.get_bind().engine, set())
    this_month = _month_of(utc_now())
    if all(month.name in known and month.start >= this_month for month in months):  # older ones may have been retired
        return []
    missing = await _missing(session, months)
    made_here = session.info.setdefault(MADE_HERE, set())
    known |= {month.name for month in months} - {month.name for month in missing} - made_here
    if not missing:
        return []
    await hold_growth_lock(session)
    # the lock that ATTACH needs anyway; taking it shows this session what others have attached meanwhile
    tables = ", ".join(dict.fromkeys(month.table.name for month in missing))
    await session.execute(scoped_by_verb(text(f"LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE")))
    missing = await _missing(session, months)
    await _refuse_strangers(session, missing)
    for _, of_one_table in groupby(missing, key=attrgetter("table")):
        made = list(of_one_table)
        await session.execute(scoped_by_verb(text(_script(made))))
        made_here |= {month.name for month in made}
    return [month.name for month in missing]


def forget(session: ReadSession) -> None:
    """Look at the catalogue again next time: somebody may have retired what was there."""
    _KNOWN.pop(session.get_bind().engine, None)


async def ensure_ahead(session: WriteSession, months: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and the next ones, for every time-series table."""
    now = utc_now()
    until = now
    for _ in range(months):
        until = _next_month(until)
    return await _ensure(
        session, [_Month(table, start) for table in partitioned_tables() for start in _months(now, until)]
    )


async def listing(session: ReadSession, table: TimeSeries) -> list[Partition]:
    """The partitions of a table, oldest first."""
    table = _table(table)
    rows = await session.execute(_LISTING, {"table": table.name})
    return [
        Partition(table.name, row.name, row.start.astimezone(UTC), row.end.astimezone(UTC), row.bytes) for row in rows
    ]


async def retire(database: Database, table: TimeSeries, before: datetime, *, drop: bool = True) -> list[str]:
    """Detach the partitions that end at or before an instant, and drop them unless told to keep them as tables.

    Each is detached CONCURRENTLY, outside any transaction: readers and writers of the table go on. Interrupted, it
    leaves finished work finished; run it again. Returns the names in order.
    """
    table = _table(table)
    retired = []
    async with maintenance_connection(database.target, autocommit=True) as connection:
        await connection.execute(text("SET lock_timeout = '5s'"))
        for name in (await connection.scalars(_HALF_DETACHED, {"table": table.name})).all():
            await connection.execute(text(f"ALTER TABLE {table.name} DETACH PARTITION {name} FINALIZE"))
            if not drop:
                retired.append(name)
        ended = [
            row.name for row in await connection.execute(_LISTING, {"table": table.name}) if row.end <= as_utc(before)
        ]
        for name in ended:
            mark = f"'{BEING_RETIRED}'" if drop else "NULL"
            await connection.execute(text(f"COMMENT ON TABLE {name} IS {mark}"))
            await connection.execute(text(f"ALTER TABLE {table.name} DETACH PARTITION {name} CONCURRENTLY"))
            retired.append(name)
        if drop:  # whatever is marked: also what an interrupted run had detached, never what was meant to be kept
            marked = await connection.scalars(_MARKED, {"names": f"{table.name}_%", "mark": BEING_RETIRED})
            retired = sorted(marked)
            for name in retired:
                await connection.execute(text(f"DROP TABLE {name}"))
    _KNOWN.pop(database.engine.sync_engine, None)
    return retired


def _table(table: TimeSeries) -> Table:
    return table if isinstance(table, Table) else table_of(table)


async def _missing(session: ReadSession, months: list[_Month]) -> list[_Month]:
    names, tables = [month.name for month in months], [month.table.name for month in months]
    missing = set(await session.scalars(_MISSING, {"names": names, "tables": tables}))
    return [month for month in months if month.name in missing]


async def _refuse_strangers(session: ReadSession, missing: list[_Month]) -> None:
    """Raise where something else has the name that a partition would get."""
    taken = set(await session.scalars(_TAKEN, {"names": [month.name for month in missing]}))
    for month in missing:
        if month.name in taken:
            raise SchemaMismatchError(
                f"{month.name} exists beside {month.table.name} and is no partition of it: "
                "attach it, rename it or drop it."
            )


def _script(months: list[_Month]) -> str:
    """One statement that makes several partitions: each would otherwise cost two round trips."""
    statements = [
        f"CREATE TABLE {month.name} (LIKE {month.table.name} INCLUDING ALL); "
        f"ALTER TABLE {month.table.name} ATTACH PARTITION {month.name} "
        f"FOR VALUES FROM ('{month.start.isoformat()}') TO ('{_next_month(month.start).isoformat()}');"
        for month in months
    ]
    return f"DO $$ BEGIN {' '.join(statements)} END $$"


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    start = _month_of(first)
    while start <= last:
        yield start
        start = _next_month(start)


def _month_of(at: datetime) -> datetime:
    return as_utc(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(at: datetime) -> datetime:
    return (_month_of(at) + timedelta(days=32)).replace(day=1)


# pg_partition_root looks past the transaction's snapshot: what another session attached meanwhile is there
_MISSING = text(
    """
    SELECT name FROM unnest(CAST(:names AS text[]), CAST(:tables AS text[])) AS wanted (name, parent)
    WHERE pg_partition_root(to_regclass(name)) IS DISTINCT FROM to_regclass(parent)
    """
)
_TAKEN = text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NOT NULL")
_HALF_DETACHED = text(
    """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(:table) AND i.inhdetachpending
    """
)
_MARKED = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND NOT relispartition
      AND relname LIKE :names AND obj_description(oid, 'pg_class') = :mark
    """
)
_LISTING = text(
    """
    SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
           (bounds.ends)[1]::timestamptz AS start, (bounds.ends)[2]::timestamptz AS "end"
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(
        pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)'
    ) AS bounds (ends)
    WHERE i.inhparent = to_regclass(:table) AND NOT i.inhdetachpending
    ORDER BY start
    """
)
