"""Monthly partitions: made once by whoever needs them first, true copies of their table, and retired without harm."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tradingdb.core.clock import utc_now
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import InvalidValueError, SchemaMismatchError
from tradingdb.models import AgentLog, Candle
from tradingdb.services import agents, market
from tradingdb.timeseries import partitions
from tradingdb.timeseries.partitions import ensure, ensure_ahead, listing, partitioned_tables, retire

CONSTRAINTS = text(
    "SELECT contype, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
    "WHERE conrelid = CAST(:name AS regclass) AND contype <> 'n' ORDER BY 1, 2"
)
INDEXES = text(
    "SELECT am.amname, i.indisunique, i.indisprimary, i.indkey::text, pg_get_expr(i.indpred, i.indrelid) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam "
    "WHERE i.indrelid = CAST(:name AS regclass) AND i.indisvalid ORDER BY 1, 2, 3, 4"
)
COLUMNS = text(
    "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute "
    "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
    "WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 ORDER BY attnum"
)
HALF_DETACHED = text("SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhdetachpending")
TABLES = text("SELECT relname FROM pg_class WHERE relname LIKE 'candles\\_2%' AND relkind = 'r' ORDER BY 1")


def month(number: int, year: int = 2024) -> datetime:
    return datetime(year, number, 1, tzinfo=UTC)


async def names(session: ReadSession, table: partitions.TimeSeries = Candle) -> list[str]:
    return [part.name for part in await listing(session, table)]


async def make_year(database: Database) -> int:
    """Partitions from January to April with a candle in each; gives the instrument's id."""
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "binance", "BTC/USDT")
        await ensure(session, Candle, month(1), month(4))
        for number in range(1, 5):
            await put_candle(session, instrument.id, month(number))
    return instrument.id


async def put_candle(session: WriteSession, instrument_id: int, at: datetime) -> str:
    """Store a candle past the write path; gives the partition that it landed in."""
    return str(
        await session.scalar(
            text(
                "INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close) "
                "VALUES (:instrument_id, '1s', :at, 1, 1, 1, 1) RETURNING tableoid::regclass::text"
            ),
            {"instrument_id": instrument_id, "at": at},
        )
    )


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (month(5), month(5), ["candles_2024_05"]),
        (month(5) + timedelta(days=30, hours=23), month(6), ["candles_2024_05", "candles_2024_06"]),
        (month(5), month(6) - timedelta(microseconds=1), ["candles_2024_05"]),
        (month(11), month(2, 2025), ["candles_2024_11", "candles_2024_12", "candles_2025_01", "candles_2025_02"]),
        (month(2), month(1), []),
        (
            datetime(2024, 5, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            datetime(2024, 5, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
            ["candles_2024_04", "candles_2024_05", "candles_2024_06"],
        ),
    ],
)
async def test_every_month_of_a_range_gets_a_partition_once(
    session: WriteSession, first: datetime, last: datetime, expected: list[str]
) -> None:
    assert await ensure(session, Candle, first, last) == expected
    assert await ensure(session, Candle, first, last) == []
    assert await names(session) == expected


async def test_only_missing_months_are_made(session: WriteSession) -> None:
    await ensure(session, Candle, month(5), month(5))
    assert await ensure(session, Candle, month(4), month(6)) == ["candles_2024_04", "candles_2024_06"]


async def test_a_bound_without_zone_is_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="zone"):
        await ensure(session, Candle, month(1).replace(tzinfo=None), month(2))


async def test_a_table_that_has_the_name_of_a_partition_is_named_before_anything_is_made(session: WriteSession) -> None:
    await session.execute(text("CREATE TABLE candles_2024_06 (somebody_elses int)"))
    with pytest.raises(SchemaMismatchError, match="candles_2024_06 exists beside candles and is no partition of it"):
        await ensure(session, Candle, month(5), month(6))
    assert await names(session) == []


async def test_a_rollback_takes_new_partitions_along(database: Database) -> None:
    async with database.write() as session:
        await ensure(session, Candle, month(1), month(3))
        await session.rollback()
    async with database.read() as session:
        assert await names(session) == []


async def test_many_sessions_at_once_make_each_month_once(database: Database) -> None:
    async def make(number: int) -> list[str]:
        first = number % 4 + 1
        async with database.write() as session:
            made = await ensure(session, Candle, month(first), month(first + 3))
            await asyncio.sleep(number % 3 / 100)
            return made + await ensure(session, AgentLog, month(first), month(first))

    made = await asyncio.gather(*(make(number) for number in range(12)))
    candles = [f"candles_2024_{number:02}" for number in range(1, 8)]
    logs = [f"agent_logs_2024_{number:02}" for number in range(1, 5)]
    assert sorted(name for part in made for name in part) == sorted(candles + logs)
    async with database.read() as session:
        assert await names(session) == candles
        assert await names(session, AgentLog) == logs


async def test_a_month_that_another_made_meanwhile_is_no_obstacle_to_a_snapshot(database: Database) -> None:
    async def work(session: WriteSession) -> list[str]:
        await session.execute(text("SELECT 1 FROM venues"))  # takes the snapshot
        async with database.write() as other:
            await ensure(other, Candle, month(1), month(1))
        return await ensure(session, Candle, month(1), month(1))

    assert await database.run(work, isolation="REPEATABLE READ") == []


@pytest.mark.parametrize("number", range(1, 13))
async def test_rows_at_the_edges_of_a_month_land_in_it(session: WriteSession, number: int) -> None:
    instrument = await market.ensure_instrument(session, "binance", "BTC/USDT")
    following = month(number % 12 + 1, 2024 + number // 12)
    await ensure(session, Candle, month(number), following)
    assert await put_candle(session, instrument.id, month(number)) == f"candles_2024_{number:02}"
    assert await put_candle(session, instrument.id, following - timedelta(seconds=1)) == f"candles_2024_{number:02}"
    assert await put_candle(session, instrument.id, following) == f"candles_{following:%Y_%m}"


async def test_a_row_of_a_month_without_partition_is_refused(session: WriteSession) -> None:
    instrument = await market.ensure_instrument(session, "binance", "BTC/USDT")
    await ensure(session, Candle, month(1), month(1))
    with pytest.raises(IntegrityError, match="no partition"):
        await put_candle(session, instrument.id, month(2))


async def test_a_listing_tells_names_bounds_and_size(session: WriteSession) -> None:
    assert await listing(session, Candle) == []
    await ensure(session, Candle, month(12), month(1, 2025))
    await ensure(session, Candle, month(2), month(2))
    await session.execute(text("SET LOCAL timezone = 'Asia/Kolkata'"))
    found = await listing(session, Candle.__table__)
    assert [(part.table, part.name, part.start, part.end) for part in found] == [
        ("candles", "candles_2024_02", month(2), month(3)),
        ("candles", "candles_2024_12", month(12), month(1, 2025)),
        ("candles", "candles_2025_01", month(1, 2025), month(2, 2025)),
    ]
    assert all(part.bytes > 0 for part in found)
    assert all(part.start.utcoffset() == timedelta(0) for part in found)


async def test_the_tables_of_time_series_are_those_that_postgresql_has_partitioned(session: WriteSession) -> None:
    there = await session.scalars(
        text(
            "SELECT partrelid::regclass::text FROM pg_partitioned_table WHERE partstrat = 'r' "
            'ORDER BY partrelid::regclass::text COLLATE "C"'
        )
    )
    assert sorted(table.name for table in partitioned_tables()) == there.all() != []


async def test_this_month_and_the_next_three_are_made_ahead_for_every_table(session: WriteSession) -> None:
    before = utc_now()
    made = await ensure_ahead(session)
    expected, at = [], before.replace(day=1)
    for _ in range(4):
        expected.append(f"{at:%Y_%m}")
        at = (at + timedelta(days=32)).replace(day=1)
    assert sorted(made) == sorted(f"{table.name}_{name}" for table in partitioned_tables() for name in expected)
    for table in partitioned_tables():
        assert await names(session, table) == [f"{table.name}_{name}" for name in expected]
    assert await ensure_ahead(session) == []


@pytest.mark.parametrize("table", [table.name for table in partitioned_tables()])
async def test_a_partition_is_its_table_over_again(session: WriteSession, table: str) -> None:
    (model,) = (each for each in partitioned_tables() if each.name == table)
    (name,) = await ensure(session, model, month(1), month(1))
    for question in (COLUMNS, CONSTRAINTS, INDEXES):
        rows = [(await session.execute(question, {"name": which})).all() for which in (table, name)]
        assert rows[0] == rows[1] != []
    unattached = text(
        "SELECT count(*) FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid "
        "WHERE indrelid = CAST(:name AS regclass) AND inhparent IS NULL"
    )
    assert await session.scalar(unattached, {"name": name}) == 0


@pytest.mark.parametrize(
    ("before", "gone"),
    [(month(3), 2), (month(3) - timedelta(microseconds=1), 1), (month(1), 0), (month(12), 4)],
)
async def test_only_what_has_ended_is_retired(database: Database, before: datetime, gone: int) -> None:
    await make_year(database)
    year = [f"candles_2024_{number:02}" for number in range(1, 5)]
    assert await retire(database, Candle, before) == year[:gone]
    async with database.read() as session:
        assert await names(session) == year[gone:]
        assert (await session.scalars(TABLES)).all() == year[gone:]
        assert await session.scalar(text("SELECT count(*) FROM candles")) == 4 - gone


async def test_only_the_named_table_is_retired(database: Database) -> None:
    await make_year(database)
    async with database.write() as session:
        await agents.log(session, [{"agent": "a", "logged_at": month(1), "level": "info", "message": "kept"}])
    await retire(database, Candle, month(12))
    async with database.read() as session:
        assert await names(session, AgentLog) == ["agent_logs_2024_01"]


async def test_retired_partitions_may_be_kept_as_tables_with_their_rows(database: Database) -> None:
    await make_year(database)
    assert await retire(database, Candle, month(2), drop=False) == ["candles_2024_01"]
    async with database.read() as session:
        assert "candles_2024_01" not in await names(session)
        assert await session.scalar(text("SELECT count(*) FROM candles_2024_01")) == 1
        assert await session.scalar(text("SELECT count(*) FROM candles")) == 3


async def test_a_retired_month_can_be_made_again(database: Database) -> None:
    instrument_id = await make_year(database)
    await retire(database, Candle, month(2))
    async with database.write() as session:
        assert await ensure(session, Candle, month(1), month(1)) == ["candles_2024_01"]
        assert await put_candle(session, instrument_id, month(1)) == "candles_2024_01"


async def test_a_reader_of_another_partition_goes_on_while_one_is_retired(database: Database) -> None:
    await make_year(database)
    async with database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM candles_2024_03")) == 1
        assert await retire(database, Candle, month(2)) == ["candles_2024_01"]
        assert await reader.scalar(text("SELECT count(*) FROM candles")) == 3


async def interrupt_retirement(database: Database, reads: str, before: datetime) -> None:
    """Begin to retire while a reader holds `reads`, and break off when a partition is half detached."""
    async with database.read() as reader, database.read() as watcher:
        await reader.execute(text(f"SELECT count(*) FROM {reads}"))
        retiring = asyncio.create_task(retire(database, Candle, before))
        while not (await watcher.scalars(HALF_DETACHED)).all():
            assert not retiring.done()
            await asyncio.sleep(0.01)
        retiring.cancel()
        outcome: Any = await asyncio.gather(retiring, return_exceptions=True)
        assert isinstance(outcome[0], asyncio.CancelledError)


async def test_a_partition_that_was_left_half_detached_is_finished_by_the_next_run(database: Database) -> None:
    await make_year(database)
    await interrupt_retirement(database, "candles", month(2))
    async with database.read() as session:
        assert (await session.scalars(HALF_DETACHED)).all() == ["candles_2024_01"]
        assert "candles_2024_01" not in await names(session)
    assert await retire(database, Candle, month(2)) == ["candles_2024_01"]
    async with database.read() as session:
        assert (await session.scalars(HALF_DETACHED)).all() == []
        assert (await session.scalars(TABLES)).all() == [f"candles_2024_{number:02}" for number in (2, 3, 4)]


async def test_a_partition_that_was_detached_before_an_interruption_does_not_stay_behind_as_a_table(
    database: Database,
) -> None:
    await make_year(database)
    await interrupt_retirement(database, "candles_2024_02", month(3))
    await retire(database, Candle, month(3))
    async with database.read() as session:
        assert (await session.scalars(TABLES)).all() == ["candles_2024_03", "candles_2024_04"]


async def test_rows_far_apart_need_no_partitions_between_them(database: Database) -> None:
    async with database.write() as session:
        instants = (datetime(1970, 1, 5, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC))
        assert await partitions.ensure_months(session, Candle, instants) == ["candles_1970_01", "candles_2024_05"]


async def test_what_was_meant_to_be_kept_is_not_dropped_by_a_later_run(database: Database) -> None:
    async with database.write() as session:
        await partitions.ensure(session, Candle, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    kept = await partitions.retire(database, Candle, datetime(2024, 2, 1, tzinfo=UTC), drop=False)
    dropped = await partitions.retire(database, Candle, datetime(2024, 3, 1, tzinfo=UTC))
    assert (kept, dropped) == (["candles_2024_01"], ["candles_2024_02"])
    async with database.read() as session:
        assert await session.scalar(text("SELECT to_regclass('candles_2024_01')")) is not None
