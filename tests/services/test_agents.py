"""Log entries of agents are stored in whichever month they belong to, each once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from tradingdb.bulk import UpsertReport
from tradingdb.core.ids import uuid7
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import AgentLog, LogLevel
from tradingdb.services import agents

AT = datetime(2024, 1, 31, 23, 59, 59, 999_999, UTC)


def entry(**changes: Any) -> dict[str, Any]:
    return {"agent": "scout", "logged_at": AT, "level": LogLevel.INFO, "message": "looked"} | changes


async def test_an_entry_keeps_everything_that_was_said(session: WriteSession) -> None:
    context = {"symbol": "BTC/USDT", "scores": [1, 2.5], "nested": {"ok": True}}
    said = entry(entry_id=uuid7(), level=LogLevel.ERROR, context=context, traceback="Traceback …")
    assert await agents.log(session, [said]) == UpsertReport(inserted=1)
    (stored,) = await session.scalars(select(AgentLog))
    assert {name: getattr(stored, name) for name in said} == said


async def test_entries_may_leave_out_different_things(session: WriteSession) -> None:
    entries = [entry(), entry(context={"a": 1}), entry(traceback="Traceback …"), entry(entry_id=uuid7())]
    assert await agents.log(session, entries) == UpsertReport(inserted=4)
    assert await session.scalar(text("SELECT count(*) FROM agent_logs WHERE context IS NULL")) == 3
    assert await session.scalar(text("SELECT count(*) FROM agent_logs WHERE traceback IS NULL")) == 3


async def test_entries_of_several_months_land_in_their_partitions(session: WriteSession) -> None:
    times = [AT + timedelta(microseconds=1), AT, AT + timedelta(days=40)]
    await agents.log(session, [entry(logged_at=at) for at in times])
    rows = await session.execute(text("SELECT tableoid::regclass::text, logged_at FROM agent_logs ORDER BY logged_at"))
    assert rows.all() == [
        ("agent_logs_2024_01", times[1]),
        ("agent_logs_2024_02", times[0]),
        ("agent_logs_2024_03", times[2]),
    ]


async def test_an_entry_that_is_there_is_not_stored_again(session: WriteSession) -> None:
    first, second = entry(entry_id=uuid7()), entry(entry_id=uuid7())
    await agents.log(session, [first])
    assert await agents.log(session, [first | {"message": "changed"}, second]) == UpsertReport(inserted=1, unchanged=1)
    assert (await session.scalars(select(AgentLog.message))).all() == ["looked", "looked"]


async def test_entries_of_one_instant_without_an_id_are_all_kept(session: WriteSession) -> None:
    assert await agents.log(session, [entry()] * 50) == UpsertReport(inserted=50)


async def test_no_entries_are_no_work(session: WriteSession) -> None:
    assert await agents.log(session, []) == UpsertReport()


async def test_a_time_without_zone_is_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="zone"):
        await agents.log(session, [entry(logged_at=AT.replace(tzinfo=None))])


async def test_what_breaks_a_rule_of_the_table_stores_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await agents.log(session, [entry(), entry(message=None)])
    async with database.read() as session:
        assert (await session.scalars(select(AgentLog))).all() == []


async def test_many_agents_may_log_into_new_months_at_once(database: Database) -> None:
    async def log(number: int) -> None:
        async with database.write() as session:
            await agents.log(
                session, [entry(agent=f"agent{number}", logged_at=AT + timedelta(days=20 * at)) for at in range(5)]
            )

    await asyncio.gather(*(log(number) for number in range(8)))
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM agent_logs")) == 40
