"""What only grows can be neither changed nor emptied, unless it is said aloud."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tradingdb.database import Database


async def test_what_only_grows_cannot_be_emptied(database: Database) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await session.execute(text("TRUNCATE order_events"))


async def test_what_only_grows_cannot_be_changed_unless_it_is_said_aloud(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE probe (LIKE learning_evidence)"))
        await session.execute(
            text(
                "CREATE TRIGGER probe_append_only BEFORE UPDATE OR DELETE ON probe "
                "FOR EACH ROW EXECUTE FUNCTION tradingdb_refuse_change()"
            )
        )
        await session.execute(
            text(
                "INSERT INTO probe (id, entry_id, verdict, weight, known_at, created_at) "
                "VALUES (gen_random_uuid(), gen_random_uuid(), 'supports', 1, now(), now())"
            )
        )
    for statement in ("DELETE FROM probe", "UPDATE probe SET weight = 2"):
        with pytest.raises(Exception, match="append-only"):
            async with database.write() as session:
                await session.execute(text(statement))
    async with database.write() as session:
        await session.execute(text("SET LOCAL tradingdb.maintenance = 'on'"))
        await session.execute(text("DELETE FROM probe"))
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM probe")) == 0
