"""Which tables are scoped, by which columns, and what raw SQL text can be trusted to leave them alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Table, table

from tradingdb.core.base import Base
from tradingdb.core.mode import TradingMode
from tradingdb.core.types import EnumText
from tradingdb.models import TradingAccount

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import TableClause

ACCOUNTS = TradingAccount.__tablename__
_PARTITION = re.compile(r"(?P<root>\w+)_\d{4}_\d{2}")


@dataclass(frozen=True, slots=True)
class ScopedColumns:
    """The names of the columns that say whose rows these are; None: the table has no such column."""

    account: str | None
    mode: str | None


def scoped_columns(given: object) -> ScopedColumns | None:
    """How a table is scoped; None: it is not.

    A table is known by its name, so a `table("trades")` without columns is the same table; so is a partition of one.
    """
    name = getattr(given, "name", None)
    if not isinstance(name, str):
        return None
    if name in _of_this_schema():
        return _of_this_schema()[name]
    if (partition := _PARTITION.fullmatch(name)) and partition["root"] in _of_this_schema():
        return _of_this_schema()[partition["root"]]
    return _columns_of(given) if isinstance(given, Table) else None


def is_scoped(name: str) -> bool:
    """Whether a table, or the one that it is a partition of, is scoped."""
    return scoped_columns(table(name)) is not None


def scoped_tables() -> dict[str, ScopedColumns]:
    """Every scoped table of the schema."""
    return {name: columns for name, columns in _of_this_schema().items() if columns is not None}


@cache
def _of_this_schema() -> dict[str, ScopedColumns | None]:
    return {each.name: _columns_of(each) for each in Base.metadata.tables.values()}


def _columns_of(given: TableClause) -> ScopedColumns | None:
    account = "id" if given.name == ACCOUNTS else "account_id" if "account_id" in given.c else None
    mode = "mode" if "mode" in given.c and _is_trading_mode(given) else None
    return ScopedColumns(account, mode) if account or mode else None


def _is_trading_mode(given: TableClause) -> bool:
    """Other things have modes too."""
    kind = given.c["mode"].type
    return isinstance(kind, EnumText) and kind.enum is TradingMode


@lru_cache(maxsize=1024)
def _begins_with_table(name: str) -> str | None:
    """The table of the schema that another relation's name begins with: one of its partitions, or a stage beside it."""
    parts = name.split("_")
    prefixes = ("_".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next((prefix for prefix in prefixes if prefix in _of_this_schema()), None)


_WORD = re.compile(r"[^\W\d]\w*")
_DYNAMIC = re.compile(
    r"\b(do|execute|call|prepare|declare|copy|query_to_xml\w*|table_to_xml\w*|cursor_to_xml\w*)\b|u&", re.IGNORECASE
)
"""What can hide the name of a table."""
_RELATION = re.compile(
    r"\b(?:from|join|into|update|table|truncate|using)\s+(?:(?:only|lateral|if|not|exists)\s+)*\"?(?P<name>[^\W\d][\w.]*)?"
    r"\"?(?P<call>\s*\()?",
    re.IGNORECASE,
)
_NO_RELATION = re.compile(
    r"\b(?:distinct\s+from|for\s+(?:no\s+key\s+)?update|do\s+(?:update|nothing))\b|\(\s*(?!select\b|delete\b)\w+\s+from\b",
    re.IGNORECASE,
)
_NAMED_HERE = re.compile(r"\b(?P<name>\w+)\s*(?:\([\w\s,]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s+)?\(", re.IGNORECASE)
_ELSEWHERE = (
    "tradingdb_",
    "pg_",
    "information_schema.",
    "set",
    "select",
    "values",
    "lateral",
    "generate_series",
    "unnest",
)


@lru_cache(maxsize=1024)
def may_reach_scoped_rows(sql: str) -> bool:
    """Whether raw SQL could read or change rows of a scoped table, as far as its words tell.

    It could if it names one, or a relation that is not of this schema (a view may be on anything), or if it runs SQL
    that it builds.
    """
    sql = _NO_RELATION.sub(" ", sql)
    if _DYNAMIC.search(sql):
        return True
    if not _RELATION.search(sql):
        return False
    scoped = scoped_tables()
    if any(word in scoped or _begins_with_table(word) in scoped for word in map(str.lower, _WORD.findall(sql))):
        return True
    named_here = {found["name"].lower() for found in _NAMED_HERE.finditer(sql)}
    for found in _RELATION.finditer(sql):
        name = (found["name"] or "").lower()
        known = name in _of_this_schema() or name in named_here or _begins_with_table(name) is not None
        if name and not known and not found["call"] and not name.startswith(_ELSEWHERE):
            return True
    return False
