"""How PostgreSQL would answer a question: which tables it reads as a whole, which indexes and partitions it uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, TextClause, text
from sqlalchemy.dialects.postgresql import asyncpg

from tradingdb.bulk import fetch
from tradingdb.database import ReadSession

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Plan:
    """How PostgreSQL answers: tables that it reads as a whole, indexes and partitions that it uses."""

    read_whole: set[str]
    indexes: set[str]
    relations: set[str]


async def plan_of(session: ReadSession, statement: Executable) -> Plan:
    """The plan of a statement. Partitions' indexes go by the name of their table's; read_whole by the table's too."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=DIALECT, compile_kwargs={"literal_binds": True}
    )
    connection = await session.connection()
    [(answer,)] = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}")
    return await _plan(session, answer)


async def plan_of_fetched(session: ReadSession, statement: TextClause, parameters: Mapping[str, Any]) -> Plan:
    """The plan of a statement that goes straight to the driver."""
    [(answer,)] = await fetch(session, text(f"EXPLAIN (FORMAT JSON) {statement.text}"), parameters)
    return await _plan(session, answer)


async def _plan(session: ReadSession, answer: Any) -> Plan:
    [top] = json.loads(answer) if isinstance(answer, str) else answer
    nodes = list(nodes_under(top["Plan"]))
    scanned = {node["Relation Name"] for node in nodes if "Relation Name" in node}
    whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    return Plan(await roots(session, whole), await roots(session, indexes), scanned)


def nodes_under(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", []):
        yield from nodes_under(below)


async def roots(session: ReadSession, names: set[str]) -> set[str]:
    found = await session.scalars(
        text("SELECT coalesce(pg_partition_root(n::regclass), n::regclass)::text FROM unnest(:names ::text[]) AS n"),
        {"names": list(names)},
    )
    return set(found)
