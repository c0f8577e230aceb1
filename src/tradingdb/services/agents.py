"""What agents leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradingdb.bulk import UpsertReport, upsert
from tradingdb.core.ids import uuid7
from tradingdb.models import AgentLog
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradingdb.database import WriteSession


async def log(session: WriteSession, entries: Sequence[Mapping[str, Any]]) -> UpsertReport:
    """Store log entries: rows of `agent_logs`, of any month. The same agent, time and `entry_id` again is a no-op."""
    if not entries:
        return UpsertReport()
    await partitions.ensure_months(session, AgentLog, (entry["logged_at"] for entry in entries))
    rows = [{"entry_id": uuid7(), "context": None, "traceback": None, **entry} for entry in entries]
    return await upsert(session, AgentLog, rows)
