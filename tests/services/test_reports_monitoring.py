"""What the database says about itself: every table once, whoever waits, whatever takes long."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.models import Base, Candle
from tradingdb.services import agents, reports
from tradingdb.timeseries import partitions

MAY = datetime(2024, 5, 17, tzinfo=UTC)
SETTLE = 30
"""Seconds within which another session's statement must have begun to wait."""


async def asked(session: AsyncSession, name: str, **limits: Any) -> list[dict[str, Any]]:
    found = await reports.answer(session, reports.report(name), **limits)  # type: ignore[arg-type]
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


async def test_every_table_has_a_size_and_partitions_count_as_their_table(database: Database) -> None:
    async with database.write() as session:
        await partitions.ensure(session, Candle, MAY, MAY)
        await agents.log(
            session, [{"agent": "a", "logged_at": MAY, "level": "info", "message": "m" * 50} for _ in range(500)]
        )
        await session.execute(text("ANALYZE agent_logs_2024_05"))
    async with database.read() as session:
        sizes = {row["table"]: row for row in await asked(session, "table-sizes", limit=1000)}
        whole = await session.scalar(text("SELECT pg_total_relation_size('agent_logs_2024_05')"))
        parts = await asked(session, "partitions", limit=1000)
    assert sizes.keys() >= Base.metadata.tables.keys(), "and none of a partition's own"
    assert not [table for table in sizes if table.endswith("_2024_05")]
    assert (sizes["agent_logs"]["partitions"], sizes["agent_logs"]["rows_estimate"]) == (1, 500)
    assert sizes["agent_logs"]["total_bytes"] == whole
    [logs] = [row for row in parts if row["partition"] == "agent_logs_2024_05"]
    assert (logs["table"], logs["starts_at"], logs["ends_at"], logs["covers"]) == (
        "agent_logs",
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2024, 6, 1, tzinfo=UTC),
        None,
    )


async def test_sizes_are_ordered_and_limited(database: Database) -> None:
    async with database.read() as session:
        rows = await asked(session, "table-sizes", limit=7)
    assert len(rows) == 7
    assert [row["total_bytes"] for row in rows] == sorted((row["total_bytes"] for row in rows), reverse=True)


async def test_an_index_that_was_used_is_no_unused_one_and_unique_ones_are_never(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SELECT 1 FROM agents WHERE agent_type = 'trader'"))
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.read() as session:
        used = {row["index"]: row for row in await asked(session, "index-usage", limit=1000)}
        unused = {row["index"] for row in await asked(session, "unused-indexes", limit=1000)}
    assert used["ix_agents__agent_type"]["scans"] == 1
    assert "ix_agents__agent_type" not in unused
    assert "ix_trades__entry_time" in unused
    assert not [index for index in unused if used[index]["is_unique"]]
    assert unused == {name for name, row in used.items() if not row["scans"] and not row["is_unique"]}


async def test_an_index_of_partitions_is_one_index(database: Database) -> None:
    async with database.write() as session:
        for month in (5, 6, 7):
            at = datetime(2024, month, 1, tzinfo=UTC)
            await agents.log(session, [{"agent": "a", "logged_at": at, "level": "info", "message": "m"}])
    async with database.read() as session:
        keys = [row for row in await asked(session, "index-usage", limit=1000) if row["table"] == "agent_logs"]
    assert "pk_agent_logs" in {row["index"] for row in keys}
    assert len({row["index"] for row in keys}) == len(keys)
    assert not [row for row in keys if "2024" in row["index"]]


async def test_who_is_connected_and_who_takes_long(database: Database) -> None:
    async with maintenance_connection(database.target) as sleeper, database.read() as session:
        await sleeper.execute(text("SELECT 'a secret of mine', 1"))
        idle = [row for row in await asked(session, "long-statements", seconds=0) if "of mine" in row["statement"]]
        connected = await asked(session, "connections")
        none = await asked(session, "long-statements", seconds=3600)
    assert [row["state"] for row in idle] == ["idle in transaction"]
    assert idle[0]["transaction_seconds"] >= idle[0]["seconds"] >= 0
    assert sum(row["connections"] for row in connected) >= 2
    assert none == []


async def waits(database: Database) -> list[dict[str, Any]]:
    """In a session of its own: a transaction sees one state of the server's sessions, that of its first look."""
    async with database.read() as session:
        return await asked(session, "blocked-sessions")


async def test_who_waits_for_whom_is_seen_with_both_statements(database: Database) -> None:
    async with database.write() as holder, database.write() as waiter:
        holding = await holder.scalar(text("SELECT pg_backend_pid()"))
        waiting = await waiter.scalar(text("SELECT pg_backend_pid()"))
        assert await waits(database) == []
        await holder.execute(text("LOCK TABLE venues"))
        blocked = asyncio.create_task(waiter.execute(text("SELECT count(*)\n  FROM venues")))
        async with asyncio.timeout(SETTLE):
            while not (rows := await waits(database)):  # noqa: ASYNC110 - the server does not tell
                await asyncio.sleep(0.02)
        await holder.rollback()
        await blocked
    [row] = rows
    assert (row["pid"], row["blocked_by"], row["table"]) == (waiting, holding, "venues")
    assert (row["wanted_lock"], row["statement"]) == ("AccessShareLock", "SELECT count(*) FROM venues")
    assert (row["blocker_state"], row["blocker_statement"]) == ("idle in transaction", "LOCK TABLE venues")


async def test_dead_rows_are_counted_until_they_are_vacuumed(database: Database) -> None:
    async with maintenance_connection(database.target, autocommit=True) as connection:
        await connection.execute(text("ALTER TABLE venues SET (autovacuum_enabled = off)"))
        for statement in (
            "INSERT INTO venues (code, name, kind) SELECT 'v' || i, 'V', 'dex' FROM generate_series(1, 300) AS i",
            "DELETE FROM venues WHERE code <> 'v1'",
            "SELECT pg_stat_force_next_flush()",
        ):
            await connection.execute(text(statement))
        async with database.read() as session:
            [before, *_] = await asked(session, "dead-rows")
        await connection.execute(text("VACUUM venues"))
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.read() as session:
        [after] = [row for row in await asked(session, "dead-rows", limit=1000) if row["table"] == "venues"]
    assert (before["table"], before["live_rows"], before["dead_rows"]) == ("venues", 1, 299)
    assert (before["is_vacuum_due"], before["last_vacuum"]) == (True, None)
    assert (after["dead_rows"], after["is_vacuum_due"]) == (0, False)
    assert after["last_vacuum"] is not None


async def test_the_cache_is_judged_for_all_tables_and_for_each(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("INSERT INTO venues (code, name, kind) VALUES ('v', 'V', 'dex')"))
        await session.execute(text("SELECT count(*) FROM venues"))
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.read() as session:
        [everything, *tables] = await asked(session, "cache-hit-rate")
    assert everything["table"] == "(all)"
    assert (everything["hit"], everything["read"]) == (
        sum(row["hit"] for row in tables),
        sum(row["read"] for row in tables),
    )
    assert "venues" in {row["table"] for row in tables}
    assert all(row["hit_rate"] == row["hit"] / (row["hit"] + row["read"]) for row in tables)
