"""The coverage of series: what there is, how much is missing; verified against the candles, and mended."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tradingdb import candles
from tradingdb.candles import CoverageCheck, CoverageDifference, Extent, SeriesInfo
from tradingdb.candles.sources import columns_from
from tradingdb.candles.store import merge_staged, settle
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Candle
from tradingdb.services import market
from tradingdb.timeseries import partitions

START = datetime(2024, 1, 1, tzinfo=UTC)
PRICES = {"open": [1.0], "high": [2.0], "low": [0.5], "close": [1.5]}
WAITS = text(
    """
    SELECT count(*) FROM pg_locks waiting JOIN pg_stat_activity USING (pid)
    WHERE NOT waiting.granted AND waiting.locktype = 'transactionid' AND datname = current_database()
    """
)


async def waits(database: Database) -> bool:
    """In a transaction of its own each time: within one, pg_stat_activity stays as it was first seen."""
    async with database.read() as session:
        return bool(await session.scalar(WAITS))


async def store(session: WriteSession, venue: str, symbol: str, timeframe: str, *opens: datetime) -> None:
    instrument = await market.ensure_instrument(session, venue, symbol)
    rows = [[at.timestamp(), 1, 2, 0.5, 1.5, 10] for at in opens]
    await candles.write(session, instrument, timeframe, rows, source="a test")


async def store_all(session: WriteSession) -> None:
    await store(session, "kraken", "BTC/USD", "1d", START)
    await store(session, "binance", "ETH/USDT", "1m", START)
    await store(session, "binance", "BTC/USDT", "1M", datetime(2023, 11, 1, tzinfo=UTC), START)
    await store(session, "binance", "BTC/USDT", "1m", START, START + timedelta(minutes=1), START + timedelta(minutes=9))
    await store(session, "binance", "BTC/USDT", "1w", START)


async def test_series_come_by_venue_symbol_and_length(session: WriteSession) -> None:
    await store_all(session)
    assert [(info.venue, info.symbol, info.timeframe) for info in await candles.coverage(session)] == [
        ("binance", "BTC/USDT", Timeframe.M1),
        ("binance", "BTC/USDT", Timeframe.W1),
        ("binance", "BTC/USDT", Timeframe.MN1),
        ("binance", "ETH/USDT", Timeframe.M1),
        ("kraken", "BTC/USD", Timeframe.D1),
    ]


async def test_a_series_tells_its_range_count_and_gaps(session: WriteSession) -> None:
    await store_all(session)
    (info,) = await candles.coverage(session, venue="binance", symbol="BTC/USDT", timeframe=Timeframe.M1)
    last = START + timedelta(minutes=9)
    assert info == SeriesInfo("binance", "BTC/USDT", Timeframe.M1, START, last, count=3, expected=10, source="a test")
    assert info.missing == 7
    assert info.first.utcoffset() == timedelta(0)


async def test_months_are_counted_by_the_calendar(session: WriteSession) -> None:
    await store_all(session)
    (info,) = await candles.coverage(session, timeframe=Timeframe.MN1)
    assert (info.count, info.expected, info.missing) == (2, 3, 1)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"venue": "binance"}, 4),
        ({"symbol": "BTC/USDT"}, 3),
        ({"timeframe": Timeframe.M1}, 2),
        ({"venue": "kraken", "timeframe": Timeframe.D1}, 1),
        ({"venue": "kraken", "symbol": "BTC/USDT"}, 0),
        ({"venue": "nowhere"}, 0),
    ],
)
async def test_only_what_was_asked_for_is_listed(session: WriteSession, wanted: dict, count: int) -> None:
    await store_all(session)
    assert len(await candles.coverage(session, **wanted)) == count


async def test_an_empty_database_has_no_series_and_a_read_session_suffices(database: Database) -> None:
    async with database.read() as session:
        assert await candles.coverage(session) == []


WRONG = [
    ("UPDATE series_coverage SET candle_count = candle_count + 7", 10, 0, 9),
    ("UPDATE series_coverage SET first_open_time = first_open_time - interval '1 day'", 3, -1440, 9),
    ("UPDATE series_coverage SET last_open_time = last_open_time + interval '1 day'", 3, 0, 1449),
]
TRUE = Extent(START, START + timedelta(minutes=9), 3)


async def store_one(session: WriteSession) -> int:
    await store(session, "binance", "BTC/USDT", "1m", START, START + timedelta(minutes=1), START + timedelta(minutes=9))
    return (await market.instrument(session, "binance", "BTC/USDT")).id


def difference(instrument_id: int, recorded: Extent | None, actual: Extent | None, **changed: Any) -> CoverageCheck:
    named: dict[str, Any] = {"venue": "binance", "symbol": "BTC/USDT", "is_repaired": False} | changed
    found = CoverageDifference(instrument_id, timeframe=Timeframe.M1, recorded=recorded, actual=actual, **named)
    return CoverageCheck(series=1, differences=[found])


async def test_what_writing_leaves_is_true(session: WriteSession) -> None:
    await store_all(session)
    check = await candles.verify_coverage(session)
    assert (check, check.is_true) == (CoverageCheck(series=5, differences=[]), True)


@pytest.mark.parametrize(("damage", "count", "first", "last"), WRONG, ids=["count", "first", "last"])
async def test_what_is_not_true_is_found_and_mended(
    session: WriteSession, damage: str, count: int, first: int, last: int
) -> None:
    instrument_id = await store_one(session)
    await session.execute(text(damage))
    wrong = Extent(START + timedelta(minutes=first), START + timedelta(minutes=last), count)
    check = await candles.verify_coverage(session)
    assert check == difference(instrument_id, wrong, TRUE)
    assert not check.is_true
    check = await candles.verify_coverage(session, repair=True)
    assert check == difference(instrument_id, wrong, TRUE, is_repaired=True)
    assert check.is_true
    assert await candles.verify_coverage(session) == CoverageCheck(1, [])
    (info,) = await candles.coverage(session)
    assert info.source == "a test"


async def test_a_series_without_coverage_gets_it_and_coverage_without_candles_goes(session: WriteSession) -> None:
    instrument_id = await store_one(session)
    await session.execute(text("DELETE FROM series_coverage"))
    assert await candles.verify_coverage(session, repair=True) == difference(
        instrument_id, None, TRUE, is_repaired=True
    )
    assert [(info.first, info.count) for info in await candles.coverage(session)] == [(START, 3)]

    await session.execute(text("DELETE FROM candles"))
    assert await candles.verify_coverage(session, repair=True) == difference(
        instrument_id, TRUE, None, is_repaired=True
    )
    assert await candles.coverage(session) == []
    assert await candles.verify_coverage(session) == CoverageCheck(0, [])


async def test_only_what_was_asked_for_is_verified(session: WriteSession) -> None:
    await store_all(session)
    await session.execute(text("UPDATE series_coverage SET candle_count = 999"))

    async def wrong(**chosen: Any) -> tuple[int, int]:
        check = await candles.verify_coverage(session, **chosen)
        return check.series, len(check.differences)

    assert await wrong(venue="binance", timeframe="1m") == (2, 2)
    assert await wrong(symbol="BTC/USD") == (1, 1)
    assert await wrong(venue="nowhere") == (0, 0)
    with pytest.raises(InvalidValueError, match="no timeframe '7m'"):
        await candles.verify_coverage(session, timeframe="7m")


async def test_candles_of_no_instrument_are_found(session: WriteSession) -> None:
    await partitions.ensure(session, Candle, START, START)
    try:
        async with session.begin_nested():
            await session.execute(
                text(
                    "INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close) "
                    "VALUES (4711, '1m', :at, 1, 1, 1, 1)"
                ),
                {"at": START},
            )
    except IntegrityError:
        return  # a schema with a foreign key has none
    check = await candles.verify_coverage(session, repair=True)
    assert check == difference(4711, None, Extent(START, START, 1), venue=None, symbol=None)
    assert not check.is_true, "there is nothing to record it for"


async def test_what_was_retired_is_taken_out(database: Database) -> None:
    months = [datetime(2023, month, 1, tzinfo=UTC) for month in (1, 2, 3)]
    async with database.write() as session:
        await store(session, "binance", "BTC/USDT", "1d", *months, months[2] + timedelta(days=1))
        await store(session, "binance", "BTC/USDT", "1h", months[0])
    assert len(await partitions.retire(database, Candle, months[2])) == 2
    async with database.write() as session:
        check = await candles.verify_coverage(session, repair=True)
    assert [(found.timeframe, found.actual) for found in check.differences] == [
        (Timeframe.D1, Extent(months[2], months[2] + timedelta(days=1), 2)),
        (Timeframe.H1, None),
    ]
    async with database.read() as session:
        assert [(info.timeframe, info.first, info.count) for info in await candles.coverage(session)] == [
            (Timeframe.D1, months[2], 2)
        ]
        assert (await candles.verify_coverage(session)).is_true


async def mend(database: Database) -> CoverageCheck:
    async with database.write() as session:
        return await candles.verify_coverage(session, repair=True)


@pytest.mark.parametrize(
    ("damage", "count"), [("UPDATE series_coverage SET candle_count = 100", 4), ("DELETE FROM candles", 1)]
)
async def test_mending_waits_for_a_writer_that_has_counted(database: Database, damage: str, count: int) -> None:
    async with database.write() as session:
        await store_one(session)
        await session.execute(text(damage))
    async with database.write() as counted:
        await store(counted, "binance", "BTC/USDT", "1m", START + timedelta(minutes=30))
        mending = asyncio.create_task(mend(database))
        while not mending.done() and not await waits(database):  # noqa: ASYNC110 - on the lock of the row
            await asyncio.sleep(0.01)
        assert not mending.done()
    assert (await mending).is_true
    async with database.read() as session:
        assert await candles.verify_coverage(session) == CoverageCheck(1, [])
        assert [info.count for info in await candles.coverage(session)] == [count]


async def test_a_writer_that_has_not_counted_adds_to_what_was_mended(database: Database) -> None:
    async with database.write() as session:
        instrument_id = await store_one(session)
        await session.execute(text("UPDATE series_coverage SET candle_count = 100"))
    key = {"instrument_id": instrument_id, "timeframe": "1m", "source": None}
    late = replace(
        columns_from({"time": [int((START + timedelta(minutes=20)).timestamp())], **PRICES}),
        is_closed=np.array([True]),
        is_synthetic=np.array([False]),
    )
    async with database.write() as uncounted:
        await merge_staged(uncounted, key, late)
        assert len((await mend(database)).differences) == 1
        await settle(uncounted, key, late, 1, [])
    async with database.read() as session:
        assert await candles.verify_coverage(session) == CoverageCheck(1, [])
        assert [info.count for info in await candles.coverage(session)] == [4]


async def test_mending_while_others_write_leaves_the_truth(database: Database) -> None:
    async with database.write() as session:
        instrument_id = await store_one(session)

    async def write(number: int) -> None:
        for at in range(3):
            async with database.write() as session:
                opens = [START + timedelta(minutes=100 * number + 10 * at + step) for step in range(5)]
                await store(session, "binance", "BTC/USDT", "1m", *opens)

    async def damage_and_mend(damage: str) -> None:
        for _ in range(3):
            async with database.write() as session:
                await session.execute(text(damage), {"id": instrument_id})
            await database.run(lambda session: candles.verify_coverage(session, repair=True), idempotent=True)

    await asyncio.gather(
        *(write(number) for number in range(1, 5)),
        damage_and_mend("DELETE FROM series_coverage WHERE instrument_id = :id"),
        damage_and_mend("UPDATE series_coverage SET candle_count = 1 WHERE instrument_id = :id"),
    )
    async with database.read() as session:
        assert await candles.verify_coverage(session) == CoverageCheck(1, [])
        assert [info.count for info in await candles.coverage(session)] == [3 + 4 * 3 * 5]
