"""Bulk upserts count and touch exactly what changed; COPY stays inside the caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from asyncpg import PostgresError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tradingdb import bulk
from tradingdb.bulk import FEW, UpsertReport, array_literal, copy_in, fetch, sent, sent_values, upsert
from tradingdb.candles import wire
from tradingdb.candles.fetch import fetch_columns
from tradingdb.connections import Limits
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.errors import TradingDBError
from tradingdb.models import AgentLog, Instrument, TimeframeInfo, Venue, VenueKind
from tradingdb.services import agents

COLUMNS = {"number": "int8"}
VERSIONS = text("SELECT code, xmin::text, ctid::text, updated_at FROM venues ORDER BY code")


def venue(code: str, name: str = "a name", **more: Any) -> dict[str, Any]:
    return {"code": code, "name": name, "kind": VenueKind.EXCHANGE} | more


def block(*numbers: int) -> bytes:
    return wire.encode(COLUMNS, {"number": np.array(numbers, np.int64)})


async def names(session: WriteSession) -> dict[str, str]:
    return {row.code: row.name for row in await session.execute(text("SELECT code, name FROM venues"))}


batches = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y"]), max_size=6), st.booleans()),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches)
async def test_any_upserts_leave_and_report_what_a_dictionary_would(
    session: WriteSession, batches: list[tuple[dict[str, str], bool]]
) -> None:
    model: dict[str, str] = {}
    async with session.begin_nested() as savepoint:
        for batch, may_update in batches:
            new = batch.keys() - model.keys()
            changed = {code for code in batch.keys() - new if may_update and batch[code] != model[code]}
            rows = [venue(code, name) for code, name in batch.items()]
            report = await upsert(session, Venue, rows, key=["code"], update=["name"] if may_update else [])
            assert report == UpsertReport(len(new), len(changed), len(batch) - len(new) - len(changed))
            model |= {code: batch[code] for code in new | changed}
            assert await names(session) == model
        await savepoint.rollback()


async def test_thousands_of_rows_are_counted_exactly(session: WriteSession) -> None:
    rows = [venue(f"v{at}") for at in range(3_000)]
    assert await upsert(session, Venue, rows[:2_000], key=["code"]) == UpsertReport(inserted=2_000)
    for row in rows[:1_200]:
        row["name"] = "changed"
    assert await upsert(session, Venue, rows, key=["code"], update=["name"]) == UpsertReport(1_000, 1_200, 800)
    assert await upsert(session, Venue, rows, key=["code"]) == UpsertReport(unchanged=3_000)


async def test_no_rows_are_no_work(session: WriteSession) -> None:
    assert await upsert(session, Venue, [], key=["code"], update=["name"]) == UpsertReport()


async def test_rows_may_come_from_a_generator(session: WriteSession) -> None:
    assert await upsert(session, Venue, (venue(code) for code in "ab"), key=["code"]) == UpsertReport(inserted=2)


async def test_rows_that_would_not_change_are_not_rewritten(database: Database) -> None:
    seen = []
    for name in ("same", "same", "other"):
        async with database.write() as session:
            await upsert(session, Venue, [venue("a", name), venue("b", "same")], key=["code"], update=["name", "kind"])
        async with database.read() as session:
            seen.append({row.code: tuple(row) for row in await session.execute(VERSIONS)})
    assert seen[0] == seen[1]
    assert seen[1]["b"] == seen[2]["b"]
    assert seen[1]["a"] != seen[2]["a"]


async def test_the_time_of_change_moves_only_with_a_change(database: Database) -> None:
    times = []
    for name in ("first", "first", "second"):
        async with database.write() as session:
            await upsert(session, Venue, [venue("a", name)], key=["code"], update=["name"])
            times.append((await session.execute(text("SELECT created_at, updated_at FROM venues"))).one())
    assert times[0] == times[1]
    assert times[2].created_at == times[0].created_at
    assert times[2].updated_at > times[0].updated_at


async def test_a_value_that_is_not_named_for_update_stays(session: WriteSession) -> None:
    await upsert(session, Venue, [venue("a", "first", website="https://a.example")], key=["code"])
    changed = venue("a", "second", website="https://b.example")
    assert await upsert(session, Venue, [changed], key=["code"], update=["name"]) == UpsertReport(updated=1)
    assert (await session.execute(text("SELECT name, website FROM venues"))).one() == ("second", "https://a.example")


@pytest.mark.parametrize(("old", "new"), [(None, "https://a.example"), ("https://a.example", None)])
async def test_a_change_from_or_to_nothing_is_a_change(session: WriteSession, old: str | None, new: str | None) -> None:
    await upsert(session, Venue, [venue("a", website=old)], key=["code"])
    report = await upsert(session, Venue, [venue("a", website=new)], key=["code"], update=["website"])
    assert report == UpsertReport(updated=1)
    assert await session.scalar(text("SELECT website FROM venues")) == new


async def test_a_key_may_have_several_columns(session: WriteSession) -> None:
    await upsert(session, Venue, [venue("a"), venue("b")], key=["code"])
    first, second = (await session.scalars(text("SELECT id FROM venues ORDER BY code"))).all()
    rows = [{"venue_id": first, "symbol": "X", "network": "one"}, {"venue_id": second, "symbol": "X", "network": "one"}]
    key = ["venue_id", "symbol"]
    assert await upsert(session, Instrument, rows, key=key) == UpsertReport(inserted=2)
    rows[1]["network"] = "two"
    assert await upsert(session, Instrument, rows, key=key, update=["network"]) == UpsertReport(updated=1, unchanged=1)


async def test_without_a_key_the_primary_key_decides(session: WriteSession) -> None:
    await session.execute(text("DELETE FROM timeframes"))
    minute = {"code": Timeframe.M1, "duration": timedelta(minutes=1), "position": 1}
    assert await upsert(session, TimeframeInfo, [minute], update=["position"]) == UpsertReport(inserted=1)
    assert await upsert(session, TimeframeInfo, [minute | {"position": 9}], update=["position"]) == UpsertReport(
        updated=1
    )
    assert (await session.execute(text("SELECT code, position FROM timeframes"))).one() == ("1m", 9)


async def test_the_same_key_twice_in_one_batch_is_an_error_and_stores_nothing(database: Database) -> None:
    with pytest.raises(DBAPIError, match="second time"):
        async with database.write() as session:
            await upsert(session, Venue, [venue("a", "x"), venue("a", "y")], key=["code"], update=["name"])
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM venues")) == 0


async def test_a_partitioned_table_takes_inserts_without_update(session: WriteSession) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    await agents.log(session, [{"agent": "a", "logged_at": at, "level": "info", "message": "makes the month"}])
    row = (
        (await session.execute(text("SELECT agent, logged_at, entry_id, level, message FROM agent_logs")))
        .one()
        ._asdict()
    )
    rows = [row, row | {"agent": "b"}]
    assert await upsert(session, AgentLog, rows) == UpsertReport(inserted=1, unchanged=1)
    assert await upsert(session, AgentLog, rows) == UpsertReport(unchanged=2)


async def test_an_upsert_is_part_of_the_callers_transaction(database: Database) -> None:
    async with database.write() as session:
        await upsert(session, Venue, [venue("a")], key=["code"])
        await session.rollback()
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM venues")) == 0


async def in_blocks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_copy_takes_blocks_of_any_size_and_counts_rows(session: WriteSession, size: int) -> None:
    await session.execute(text("CREATE TEMP TABLE numbers (number int8)"))
    content = block(*range(20))
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert await copy_in(session, "numbers", ["number"], pieces) == 20
    assert await copy_in(session, "numbers", ["number"], in_blocks(content, size)) == 20
    received = await fetch_columns(session, COLUMNS, "SELECT number FROM numbers ORDER BY number")
    assert received["number"].tolist() == [at // 2 for at in range(40)]


@pytest.mark.parametrize("finish", ["commits", "rolls back"])
async def test_copy_in_is_part_of_the_callers_transaction(database: Database, finish: str) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int8)"))
    async with database.write() as session:
        await copy_in(session, "numbers", ["number"], [block(1, 2, 3)])  # as the very first statement
        if finish == "rolls back":
            await session.rollback()
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM numbers")) == (3 if finish == "commits" else 0)


async def test_a_savepoint_takes_back_what_was_copied_in_since(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TEMP TABLE numbers (number int8)"))
        await copy_in(session, "numbers", ["number"], [block(1)])
        async with session.begin_nested() as outer:
            await copy_in(session, "numbers", ["number"], [block(2)])
            async with session.begin_nested():
                await copy_in(session, "numbers", ["number"], [block(3)])
            await copy_in(session, "numbers", ["number"], [block(4)])
            await outer.rollback()
        await copy_in(session, "numbers", ["number"], [block(5)])
        async with session.begin_nested():
            await copy_in(session, "numbers", ["number"], [block(6)])
        received = await fetch_columns(session, COLUMNS, "SELECT number FROM numbers ORDER BY number")
    assert received["number"].tolist() == [1, 5, 6]


async def test_a_session_that_was_rolled_back_begins_anew_for_copy(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int8)"))
    async with database.write() as session:
        await copy_in(session, "numbers", ["number"], [block(1)])
        await session.rollback()
        await copy_in(session, "numbers", ["number"], [block(2)])
    async with database.read() as session:
        received = await fetch_columns(session, COLUMNS, "SELECT number FROM numbers")
    assert received["number"].tolist() == [2]


async def test_whoever_is_cancelled_leaves_no_transaction_to_the_next(database: Database) -> None:
    """The next who gets the connection would work in it, and nothing of that would ever be committed."""
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int8)"))

    async def store(shared: Database, number: int) -> None:
        async with shared.write() as session:
            await copy_in(session, "numbers", ["number"], [block(number)])

    async with Database(database.target, limits=Limits(pool_size=1, max_overflow=0)) as shared:
        await store(shared, -1)
        for steps in range(150):
            cancelled = asyncio.create_task(store(shared, 1_000 + steps))
            for _ in range(steps):
                await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            await store(shared, steps)
    async with database.read() as session:
        received = await fetch_columns(session, COLUMNS, "SELECT number FROM numbers WHERE number < 1000 ORDER BY 1")
    assert received["number"].tolist() == list(range(-1, 150))


async def test_a_cancelled_read_is_cancelled_and_not_begun_again(database: Database) -> None:
    """The driver goes on with a COPY that nobody waits for: no lost connection, after which work is repeated."""
    attempts = 0

    async def read(session: WriteSession) -> None:
        nonlocal attempts
        attempts += 1
        await fetch_columns(session, COLUMNS, "SELECT generate_series(1, 200000)::int8")

    async with Database(database.target, limits=Limits(pool_size=1, max_overflow=0)) as shared:
        await shared.run(read)
        for step in range(12):
            attempts = 0
            task = asyncio.create_task(shared.run(read))
            await asyncio.sleep(0.003 * step)
            was_done = task.done()
            task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert was_done or isinstance(outcome, asyncio.CancelledError)
            assert attempts <= 1


async def test_copy_out_sees_what_the_session_has_not_committed(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int8)"))
        await copy_in(session, "numbers", ["number"], [block(5)])
        received = await fetch_columns(session, COLUMNS, "SELECT number FROM numbers")
        assert received["number"].tolist() == [5]
        await session.rollback()


async def test_copy_out_as_the_first_statement_reads_in_a_read_only_transaction(database: Database) -> None:
    async with database.read() as session:
        query = "SELECT current_setting('transaction_read_only') = 'on' AS it"
        assert (await fetch_columns(session, {"it": "bool"}, query))["it"].tolist() == [True]


async def test_a_block_that_is_no_copy_data_is_refused_and_stores_nothing(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number int8)"))
    with pytest.raises(PostgresError, match="field count"):
        async with database.write() as session:
            await copy_in(session, "numbers", ["number"], [block(1)[:-2], b"junk"])
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM numbers")) == 0


async def test_a_copy_into_a_server_that_died_ends_and_stores_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COPY_TIMEOUT", 2)
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (number bigint)"))

    async def blocks(pid: int) -> AsyncIterator[bytes]:
        async with database.write() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        for _ in range(50):
            yield block(*range(10_000))

    async def work() -> None:
        async with database.write() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await copy_in(session, "numbers", ["number"], blocks(int(pid or 0)))

    with pytest.raises((TradingDBError, TimeoutError, PostgresError)):
        await asyncio.wait_for(work(), 30)
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM numbers")) == 0


AWKWARD = ['"', "\\", "\\\\", "NULL", "", " ", ",", "{}", "a\nb", "\u00e9", "\x01"]
SENT = {"place": "int4", "word": "text", "amount": "numeric", "at": "timestamptz"}
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
words = st.one_of(st.sampled_from(AWKWARD), st.text(characters))
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(words, numbers), min_size=1, max_size=8), missing=st.sets(st.integers(0, 8)))
async def test_what_is_sent_is_what_arrives(
    session: WriteSession, rows: list[tuple[str, Decimal]], missing: set[int]
) -> None:
    """As single values or as arrays, whatever text it is, not known, or the same everywhere."""
    now = datetime.now(UTC)
    some = [(None, None) if place in missing else row for place, row in enumerate(rows)]
    sending = [{"place": place, "word": word, "amount": amount, "at": now} for place, (word, amount) in enumerate(some)]
    query = text(f"SELECT * FROM {sent('it', SENT, min(len(rows), FEW + 1))} ORDER BY place")
    arrived = await fetch(session, query, sent_values("it", SENT, sending))
    assert [dict(row) for row in arrived] == sending


@pytest.mark.parametrize("word", AWKWARD)
async def test_any_text_can_stand_in_an_array(session: WriteSession, word: str) -> None:
    sending = ["a", word, "b", word + word]
    arrived = await session.scalar(text("SELECT CAST(CAST(:it AS text) AS text[])"), {"it": array_literal(sending)})
    assert arrived == sending
