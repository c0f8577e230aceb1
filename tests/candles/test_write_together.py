"""Writing candles beside other writers: all of a write is stored or none, and each candle is counted once."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, event, text
from written_bars import (
    MINUTE,
    START,
    Bar,
    assert_coverage_is_true,
    assert_nothing_is_there,
    btc,
    columns_of,
    rows,
)

from tradingdb import candles
from tradingdb.candles import WriteReport
from tradingdb.core.clock import utc_now
from tradingdb.database import Database
from tradingdb.models import Candle
from tradingdb.services import market
from tradingdb.timeseries import partitions

WRITE_MODULE = importlib.import_module("tradingdb.candles.write")
WAITS_FOR_COVERAGE = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'series_coverage'::regclass")


def bar(at: int, price: int) -> Bar:
    return Bar(at, price, is_closed=True, is_synthetic=False, amount=1)


async def test_a_rollback_leaves_neither_rows_nor_coverage_nor_partitions(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as session:
            await candles.write(session, await btc(session), "1m", rows(10))
            assert len(await partitions.listing(session, Candle)) == 2
            raise KeyError

    with pytest.raises(KeyError):
        await write_and_fail()
    await assert_nothing_is_there(database)


async def test_a_write_that_is_cancelled_between_chunks_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WRITE_MODULE, "CHUNK", 3)
    monkeypatch.setattr(WRITE_MODULE, "FEW", 0)

    async def write() -> None:
        async with database.write() as session:
            await candles.write(session, await btc(session), "1m", rows(10), on_progress=lambda _: task.cancel())

    task = asyncio.create_task(write())
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_nothing_is_there(database)


async def test_a_write_that_is_cancelled_while_the_server_works_leaves_nothing(database: Database) -> None:
    async with database.write() as session:
        instrument = await btc(session)

    async def write() -> None:
        async with database.write() as session:
            await candles.write(session, instrument, "1m", rows(10))

    async with database.write() as blocker:
        await blocker.execute(text("LOCK TABLE series_coverage IN ACCESS EXCLUSIVE MODE"))
        task = asyncio.create_task(write())
        while not await blocker.scalar(WAITS_FOR_COVERAGE):  # noqa: ASYNC110 - the lock is on the server
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await assert_nothing_is_there(database)
    async with database.write() as session:
        assert await candles.write(session, instrument, "1m", rows(10)) == WriteReport(inserted=10)


async def test_writers_of_one_series_lose_no_candle_and_count_each_once(database: Database) -> None:
    async with database.write() as session:
        instrument = await btc(session)

    async def write(number: int) -> WriteReport:
        # each overlaps its neighbours, and every other one brings its rows in reverse
        data = rows(60, first=START + number * 20 * MINUTE, price=100 + number)
        async with database.write() as session:
            return await candles.write(session, instrument, "1m", data[:: -1 if number % 2 else 1])

    reports = await asyncio.gather(*(write(number) for number in range(8)))
    assert all(report.total == 60 for report in reports)
    async with database.read() as session:
        await assert_coverage_is_true(session)
        series = await candles.read(session, instrument, "1m")
    assert len(series) == 60 + 7 * 20 == sum(report.inserted for report in reports)
    for at, price in enumerate(series.open):
        assert 0 <= at - (price - 100) * 20 < 60


async def test_writers_of_new_instruments_and_new_months_do_not_block_each_other_for_good(database: Database) -> None:
    async def write(number: int) -> WriteReport:
        months = [datetime(2024, 1 + (number + at) % 4, 1, tzinfo=UTC) for at in range(3)]
        reports = []
        async with database.write() as session:
            for month in months:
                instrument = await market.ensure_instrument(session, f"venue{number % 3}", f"COIN{number}/USDT")
                reports.append(await candles.write(session, instrument, "1d", rows(3, first=month, step=timedelta(1))))
        return WriteReport(*np.sum([list(asdict(report).values()) for report in reports], axis=0).tolist())

    reports = await asyncio.gather(*(write(number) for number in range(9)))
    assert reports == [WriteReport(inserted=9)] * 9
    async with database.read() as session:
        await assert_coverage_is_true(session)
        assert await session.scalar(text("SELECT count(*) FROM candles")) == 81
        assert len(await candles.coverage(session)) == 9
        assert len(await partitions.listing(session, Candle)) == 4


async def test_a_few_candles_are_one_statement_once_their_month_is_known(database: Database) -> None:
    recently = (utc_now() - START) // MINUTE - 3  # no month that may be sealed
    async with database.write() as session:
        instrument = await btc(session)
        await partitions.ensure(session, Candle, START + recently * MINUTE, START + (recently + 2) * MINUTE)
    sent: list[str] = []

    def note(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    async def one_more(at: int) -> WriteReport:
        async with database.write() as session:
            sent.clear()
            return await candles.write(session, instrument.id, "1m", columns_of([bar(at, 1), bar(at + 1, 1)]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    assert await one_more(recently) == WriteReport(inserted=2)
    assert await one_more(recently + 1) == WriteReport(inserted=1, unchanged=1)
    assert len(sent) == 1
    async with database.read() as session:
        await assert_coverage_is_true(session)


async def test_a_month_that_somebody_retired_is_made_again(database: Database) -> None:
    async with Database(database.target) as other, database.write() as session:
        instrument = await btc(session)
        await candles.write(session, instrument, "1m", columns_of([bar(0, 1)]))
    async with database.write() as session:
        await candles.write(session, instrument.id, "1m", columns_of([bar(0, 1)]))
    await partitions.retire(other, Candle, START + timedelta(days=60))
    async with database.write() as session:
        assert await candles.write(session, instrument.id, "1m", columns_of([bar(1, 1)])) == WriteReport(inserted=1)
