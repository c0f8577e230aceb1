"""Many rows in one statement: upserts, and COPY in both directions. Nothing here commits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
from sqlalchemy import ColumnElement, func, literal, literal_column, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from tradingdb.core.ddl import table_of
from tradingdb.errors import InvalidValueError
from tradingdb.failures import FAILED
from tradingdb.scope import require_unscoped_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, TextClause
    from sqlalchemy.orm import DeclarativeBase, SessionTransaction

    from tradingdb.database import ReadSession, WriteSession


COPY_TIMEOUT = 60
"""Seconds for one COPY into a table. asyncpg's own limit does not end its wait for a server that died meanwhile."""


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """What became of each row that was handed over."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


async def upsert(
    session: WriteSession,
    model: type[DeclarativeBase],
    rows: Iterable[Mapping[str, Any]],
    *,
    key: Sequence[str] | None = None,
    update: Sequence[str] = (),
) -> UpsertReport:
    """Insert rows, and where one with the same key exists update the columns named in `update` that differ.

    `key` names the columns of a unique constraint (default: the primary key). A row that is there and would not change
    is not written at all. A key must not stand in `rows` twice. A partitioned table takes no `update`: PostgreSQL
    cannot say there which rows it inserted.

    Raises:
        InvalidValueError: the rows do not have the same columns, or one that the table does not have.
    """
    batch = list(rows)
    if not batch:
        return UpsertReport()
    if any(row.keys() != batch[0].keys() for row in batch):
        raise InvalidValueError(
            "Rows of one upsert must have the same columns: what only later rows have would be lost."
        )
    table = table_of(model)
    if unknown := [name for name in batch[0] if name not in table.columns]:
        raise InvalidValueError(f"{table.name} has no column {unknown[0]}: its value would be lost.")
    statement = insert(table)
    target = [table.c[name] for name in key] if key else list(table.primary_key.columns)
    if not update:
        statement = statement.on_conflict_do_nothing(index_elements=target)
        inserted = len((await session.scalars(statement.returning(literal(1)), batch)).all())
        return UpsertReport(inserted=inserted, unchanged=len(batch) - inserted)
    fresh = {name: statement.excluded[name] for name in update}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in fresh.items()))
    touched = {name: func.now() for name, column in table.c.items() if column.onupdate is not None}
    statement = statement.on_conflict_do_update(index_elements=target, set_=touched | fresh, where=differs)
    # a row version that this very statement inserted has no deleting or locking transaction
    was_inserted: ColumnElement[bool] = literal_column(f"({table.name}.xmax = 0)")
    outcomes = (await session.scalars(statement.returning(was_inserted), batch)).all()
    inserted = sum(outcomes)
    return UpsertReport(inserted, len(outcomes) - inserted, len(batch) - len(outcomes))


def unnested(prefix: str, columns: Mapping[str, str]) -> str:
    """SQL of a table made of array parameters, one for each column.

    The arrays stand in subqueries, because PostgreSQL would plan anew for every length that it sees: planning such a
    statement takes longer than running it.
    """
    arrays = (f"(SELECT CAST(:{prefix}_{name} AS {kind}[]))" for name, kind in columns.items())
    return f"unnest({', '.join(arrays)})"


def arrays(prefix: str, columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of `unnested`: the rows, column by column."""
    return {f"{prefix}_{name}": [row[name] for row in rows] for name in columns}


FEW = 3
"""Up to this many rows are sent as single values: planned once and run in half the time that arrays take."""


def sent(prefix: str, columns: Mapping[str, str], count: int) -> str:
    """SQL of a table `sent` made of parameters: VALUES for `FEW` rows, arrays for more. At least one row.

    A value that is the same in every row is sent once, because asyncpg looks long at each item of an array; not in the
    first column, by which the rows are counted.
    """
    names = ", ".join(columns)
    if count > FEW:
        (first, _), *others = columns.items()
        shared = (f"coalesce(varying.{name}, CAST(:{prefix}_same_{name} AS {kind}))" for name, kind in others)
        values = ", ".join([f"varying.{first}", *shared])
        varying = f"{unnested(prefix, columns)} AS varying ({names})"
        return f"(SELECT {values} FROM {varying}) AS sent ({names})"  # noqa: S608 - names of ours
    rows = (
        ", ".join(
            f"CAST(:{name} AS {kind})"
            for name, kind in zip(_single_names(prefix, tuple(columns), at), columns.values(), strict=True)
        )
        for at in range(count)
    )
    return f"(VALUES {', '.join(f'({row})' for row in rows)}) AS sent ({names})"


def sent_values(prefix: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of `sent`."""
    if len(rows) > FEW:
        return _columns_sent(prefix, columns, rows)
    values: dict[str, Any] = {}
    for at, row in enumerate(rows):
        values.update(zip(_single_names(prefix, tuple(columns), at), map(row.__getitem__, columns), strict=True))
    return values


def _columns_sent(prefix: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = arrays(prefix, columns, rows)
    _, *others = columns.items()
    for name, kind in others:
        column = values[f"{prefix}_{name}"]
        value = column[0]
        # numerics may be equal and differ in their digits: 1.0 and 1.00
        may_be_same = value == column[-1] and (kind != "numeric" or value is None)
        is_same = may_be_same and column.count(value) == len(column)
        values |= {f"{prefix}_{name}": None if is_same else column, f"{prefix}_same_{name}": value if is_same else None}
    return values


@cache
def _single_names(prefix: str, columns: tuple[str, ...], at: int) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}_{at}" for name in columns)


async def driver_in_transaction(session: ReadSession) -> asyncpg.Connection:
    """The asyncpg connection of a session, within the session's transaction."""
    seen: _Driver | None = session.info.get(_DRIVER)
    if seen is not None and seen.within is _transaction_of(session):
        return seen.raw
    connection = await session.run_sync(Session.connection)  # a savepoint begins here, not before
    raw = connection.connection.driver_connection
    if raw is None:
        raise AssertionError  # pragma: no cover - a checked-out connection has a driver
    session.info[_DRIVER] = _Driver(_transaction_of(session), connection, raw)
    return raw


class _Driver(NamedTuple):
    """What a session keeps of its driver."""

    within: SessionTransaction | None
    """The transaction or savepoint in which it was looked up."""
    connection: Connection
    raw: asyncpg.Connection


_DRIVER = "tradingdb_driver"


def _transaction_of(session: ReadSession) -> SessionTransaction | None:
    return session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()


class Record(asyncpg.Record):  # type: ignore[misc]
    """A row whose values are attributes, as SQLAlchemy's are."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


async def fetch(session: ReadSession, statement: TextClause, parameters: Mapping[str, Any]) -> list[Record]:
    """Rows of a statement that goes straight to the driver, in the session's transaction.

    For statements of this library with many parameters that run a thousand times a second: SQLAlchemy takes longer to
    hand them on than PostgreSQL to run them. What the session has not flushed is not seen.
    """
    query, names = _compiled(statement)
    raw = await driver_in_transaction(session)
    with _FailureRemembered(session):
        rows: list[Record] = await raw.fetch(query, *map(parameters.__getitem__, names), record_class=Record)
    return rows


@lru_cache(maxsize=1_000)
def _compiled(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=_DIALECT)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what a text is compiled by; tells mypy
    return str(compiled), tuple(compiled.positiontup or ())


_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


async def copy_in(
    session: WriteSession, table: str, columns: Sequence[str], blocks: AsyncIterator[bytes] | Iterable[bytes]
) -> int:
    """COPY blocks of PostgreSQL's binary format into a table, inside the session's transaction. Returns rows.

    Raises:
        ScopeError: the session is scoped, and the table has rows of accounts.
    """
    require_unscoped_table(session, table)
    raw = await driver_in_transaction(session)
    source = blocks if hasattr(blocks, "__aiter__") else _as_async(blocks)
    with _FailureRemembered(session):
        async with asyncio.timeout(COPY_TIMEOUT):
            status = await raw.copy_to_table(table, source=source, columns=list(columns), format="binary")
    return int(status.split()[1])


async def copy_out(session: ReadSession, query: str, receive: Callable[[bytes], object]) -> None:
    """Hand on the result of a query in PostgreSQL's binary COPY format, block by block as it arrives.

    COPY takes no parameters: format nothing into the query but numbers, times and names of ours.
    """
    raw = await driver_in_transaction(session)

    async def output(block: bytes) -> None:
        receive(block)

    with _FailureRemembered(session):
        await raw.copy_from_query(query, output=output, format="binary")


class _FailureRemembered:
    """The driver goes past SQLAlchemy, which does this for its own statements.

    After a failed one COMMIT must not pass for success. And after one that was cancelled nobody knows what the driver
    is still doing: the connection is dropped, so that the cancellation is all that is heard of it.
    """

    __slots__ = ("_connection",)

    def __init__(self, session: ReadSession) -> None:
        self._connection: Connection = session.info[_DRIVER].connection

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            self._connection.info[FAILED] = True
        elif error is not None:
            self._connection.invalidate()


async def _as_async(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
