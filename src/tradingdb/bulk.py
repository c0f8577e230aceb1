"""Many rows in one statement: upserts, and COPY in both directions. Nothing here commits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, literal, literal_column, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

from tradingdb.core.ddl import table_of
from tradingdb.driver import driver_in_transaction
from tradingdb.errors import InvalidValueError
from tradingdb.scope import require_unscoped_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

    import asyncpg
    from sqlalchemy import TextClause
    from sqlalchemy.orm import DeclarativeBase

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


def unnested(prefix: str, columns: Mapping[str, str], *, as_literals: Collection[str] = ()) -> str:
    """SQL of a table made of array parameters, one for each column; those of types in `as_literals` are given as text.

    The arrays stand in subqueries, because PostgreSQL would plan anew for every length that it sees: planning such a
    statement takes longer than running it.
    """
    arrays = (_given(f"{prefix}_{name}", f"{kind}[]", kind in as_literals) for name, kind in columns.items())
    return f"unnest({', '.join(f'(SELECT {array})' for array in arrays)})"


def arrays(prefix: str, columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of `unnested`: the rows, column by column."""
    return {f"{prefix}_{name}": [row[name] for row in rows] for name in columns}


FEW = 3
"""Up to this many rows are sent as single values: planned once and run in half the time that arrays take."""

_TEXT = {"numeric"}
"""Types that are sent as text: asyncpg writes their binary form slower than PostgreSQL reads the other."""

_LITERALS = {"numeric", "text"}
"""Types whose arrays are sent as one text, in PostgreSQL's notation: asyncpg looks long at each item of an array."""


def sent(prefix: str, columns: Mapping[str, str], count: int) -> str:
    """SQL of a table `sent` made of parameters: VALUES for `FEW` rows, arrays for more. At least one row.

    A value that is the same in every row is sent once; not in the first column, by which the rows are counted.
    """
    names = ", ".join(columns)
    if count > FEW:
        (first, _), *others = columns.items()
        same = (_given(f"{prefix}_same_{name}", kind, kind in _TEXT) for name, kind in others)
        shared = (f"coalesce(varying.{name}, {value})" for (name, _), value in zip(others, same, strict=True))
        values = ", ".join([f"varying.{first}", *shared])
        varying = f"{unnested(prefix, columns, as_literals=_LITERALS)} AS varying ({names})"
        return f"(SELECT {values} FROM {varying}) AS sent ({names})"  # noqa: S608 - names of ours
    parameters = (zip(_single_names(prefix, tuple(columns), at), columns.values(), strict=True) for at in range(count))
    rows = (", ".join(_given(name, kind, kind in _TEXT) for name, kind in row) for row in parameters)
    return f"(VALUES {', '.join(f'({row})' for row in rows)}) AS sent ({names})"


def _given(parameter: str, kind: str, as_text: bool) -> str:  # noqa: FBT001 - a word of the line that calls it
    """SQL of a parameter in its type."""
    return f"CAST({f'CAST(:{parameter} AS text)' if as_text else f':{parameter}'} AS {kind})"


def sent_values(prefix: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of `sent`."""
    if len(rows) > FEW:
        return _columns_sent(prefix, columns, rows)
    values: dict[str, Any] = {}
    for at, row in enumerate(rows):
        for parameter, (name, kind) in zip(_single_names(prefix, tuple(columns), at), columns.items(), strict=True):
            value = row[name]
            values[parameter] = str(value) if kind in _TEXT and value is not None else value
    return values


def _columns_sent(prefix: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for at, (name, kind) in enumerate(columns.items()):
        column = [row[name] for row in rows]
        if kind in _TEXT:
            column = [None if value is None else str(value) for value in column]
        value = column[0]
        is_same = at > 0 and value == column[-1] and column.count(value) == len(column)
        if is_same:
            values[f"{prefix}_{name}"] = None
        else:
            values[f"{prefix}_{name}"] = array_literal(column) if kind in _LITERALS else column
        if at > 0:
            values[f"{prefix}_same_{name}"] = value if is_same else None
    return values


def array_literal(texts: Sequence[str | None]) -> str:
    """An array of texts in PostgreSQL's notation: each in quotes, so that it can be any text (manual, 8.15.6)."""
    if None not in texts:
        joined = '","'.join(texts)  # type: ignore[arg-type]
        if "\\" not in joined and joined.count('"') == 2 * (len(texts) - 1):
            return f'{{"{joined}"}}'
    quoted = ("NULL" if text is None else '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"' for text in texts)
    return f"{{{','.join(quoted)}}}"


@cache
def _single_names(prefix: str, columns: tuple[str, ...], at: int) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}_{at}" for name in columns)


async def fetch(session: ReadSession, statement: TextClause, parameters: Mapping[str, Any]) -> list[asyncpg.Record]:
    """Rows of a statement that goes straight to the driver, in the session's transaction.

    For statements of this library with many parameters that run a thousand times a second: SQLAlchemy takes longer to
    hand them on than PostgreSQL to run them. What the session has not flushed is not seen.
    """
    query, names = _compiled(statement)
    with await driver_in_transaction(session) as driver:
        rows: list[asyncpg.Record] = await driver.fetch(query, *map(parameters.__getitem__, names))
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
    source = blocks if hasattr(blocks, "__aiter__") else _as_async(blocks)
    with await driver_in_transaction(session) as driver:
        async with asyncio.timeout(COPY_TIMEOUT):
            status = await driver.copy_to_table(table, source=source, columns=list(columns), format="binary")
    return int(status.split()[1])


async def copy_out(session: ReadSession, query: str, receive: Callable[[bytes], object]) -> None:
    """Hand on the result of a query in PostgreSQL's binary COPY format, block by block as it arrives.

    COPY takes no parameters: format nothing into the query but numbers, times and names of ours.
    """

    async def output(block: bytes) -> None:
        receive(block)

    with await driver_in_transaction(session) as driver:
        await driver.copy_from_query(query, output=output, format="binary")


async def _as_async(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
