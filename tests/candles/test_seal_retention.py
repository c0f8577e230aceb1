"""Retention: what is past its limit goes with its blocks, the rest stays, and the coverage is true afterwards."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tradingdb import candles
from tradingdb.candles import ExpiredMonth, RetentionReport
from tradingdb.candles.months import month_of, moved
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, ReadSession
from tradingdb.errors import InvalidCandlesError, InvalidValueError, LockTimeoutError
from tradingdb.models import Candle
from tradingdb.services import market
from tradingdb.timeseries import partitions

NOW = month_of(datetime.now(UTC))
OLD, OLDER, OLDEST = (moved(NOW, -months) for months in (25, 26, 40))
YOUNG = moved(NOW, -24)
MINUTE = timedelta(minutes=1)
RETENTION = importlib.import_module("tradingdb.candles.retention")
KEEP = {"1m": "24mo"}


async def write(database: Database, symbol: str, timeframe: str, *months: datetime, size: int = 2) -> int:
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "binance", symbol)
        length = Timeframe(timeframe)
        for month in months:
            times = [month]
            while len(times) < size:
                times.append(length.next(times[-1]))
            rows = [[at.timestamp(), 1, 2, 0.5, 1.5, 10] for at in times]
            await candles.write(session, instrument, timeframe, rows)
        return instrument.id


async def partition_names(database: Database) -> list[str]:
    async with database.read() as session:
        return [one.name for one in await partitions.listing(session, Candle)]


async def what_is_there(session: ReadSession) -> dict[tuple[str, datetime], int]:
    query = """
        SELECT timeframe, date_trunc('month', open_time, 'UTC') AS month, count(*) AS found
        FROM candles GROUP BY 1, 2
    """
    rows = await session.execute(text(query))
    return {(row.timeframe, row.month.astimezone(UTC)): row.found for row in rows}


async def assert_true(database: Database) -> None:
    async with database.read() as session:
        assert (await candles.verify_coverage(session)).differences == []
        assert (await candles.verify_blocks(session)).differences == []


async def test_a_month_goes_as_a_whole_where_nothing_else_is_in_it(database: Database) -> None:
    btc = await write(database, "BTC/USDT", "1m", OLDEST, OLDER, OLD, YOUNG)
    await write(database, "ETH/USDT", "1m", OLDER)
    await write(database, "BTC/USDT", "1d", OLD, OLDEST)
    await candles.seal(database)
    whole, mixed, told = f"candles_{OLDER:%Y_%m}", (f"candles_{OLD:%Y_%m}", f"candles_{OLDEST:%Y_%m}"), []
    async with database.read() as session:
        planned = await candles.expired(session, KEEP)
    minute = (Timeframe.M1,)
    assert planned == [
        ExpiredMonth(OLDEST, mixed[1], minute, is_whole=False),
        ExpiredMonth(OLDER, whole, minute, is_whole=True),
        ExpiredMonth(OLD, mixed[0], minute, is_whole=False),
    ]
    report = await candles.retain(database, KEEP, on_progress=lambda done, of: told.append((done, of)))
    assert report == RetentionReport(candles=8, blocks=4, months=3, partitions=(whole,))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert set(mixed) < set(await partition_names(database))
    assert whole not in await partition_names(database)
    async with database.read() as session:
        assert await what_is_there(session) == {("1m", YOUNG): 2, ("1d", OLD): 2, ("1d", OLDEST): 2}
        assert [(info.symbol, info.timeframe, info.first) for info in await candles.coverage(session)] == [
            ("BTC/USDT", Timeframe.M1, YOUNG),
            ("BTC/USDT", Timeframe.D1, OLDEST),
        ]
        assert (await candles.read(session, btc, "1m")).open_time[0] == YOUNG.replace(tzinfo=None)
    await assert_true(database)
    assert await candles.retain(database, KEEP) == RetentionReport()


async def test_each_timeframe_has_its_own_limit_and_none_means_for_ever(database: Database) -> None:
    for timeframe in ("1m", "1h", "1d"):
        await write(database, "BTC/USDT", timeframe, OLDEST, OLD, size=1)
    await candles.retain(database, {"1h": "2y", "1mo": "1mo", "1m": "38mo"})
    async with database.read() as session:
        there = {
            timeframe: {month for one, month in await what_is_there(session) if one == timeframe}
            for timeframe in ("1m", "1h", "1d")
        }
    assert (there["1m"], there["1h"], len(there["1d"])) == ({OLD}, set(), 2)
    await assert_true(database)


@pytest.mark.parametrize(("months", "is_kept"), [(24, True), (25, False)])
async def test_so_many_whole_months_are_kept_besides_this_one(database: Database, months: int, is_kept: bool) -> None:
    month = moved(NOW, -months)
    for timeframe in ("1m", "1d"):
        await write(database, "BTC/USDT", timeframe, month)
    await candles.retain(database, KEEP | {"1d": "1mo"})
    async with database.read() as session:
        assert await what_is_there(session) == ({("1m", month): 2} if is_kept else {})


async def test_a_partition_that_was_dropped_is_made_again_on_demand(database: Database) -> None:
    await write(database, "BTC/USDT", "1m", OLD)
    assert (await candles.retain(database, KEEP)).partitions == (f"candles_{OLD:%Y_%m}",)
    await write(database, "BTC/USDT", "1d", OLD)
    async with database.read() as session:
        assert await what_is_there(session) == {("1d", OLD): 2}
    await assert_true(database)


async def test_what_others_wrote_since_it_was_planned_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(database, "BTC/USDT", "1m", OLD)
    planned = RETENTION.expired

    async def and_then_somebody_writes(session: ReadSession, keep: Mapping[str, str]) -> list[ExpiredMonth]:
        found: list[ExpiredMonth] = await planned(session, keep)
        await write(database, "ETH/USDT", "1d", OLD)
        return found

    monkeypatch.setattr(RETENTION, "expired", and_then_somebody_writes)
    assert await candles.retain(database, KEEP) == RetentionReport(candles=2, months=1)
    async with database.read() as session:
        assert await what_is_there(session) == {("1d", OLD): 2}
    await assert_true(database)


async def test_an_interrupted_run_is_finished_by_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(database, "BTC/USDT", "1m", OLD, YOUNG)

    async def interrupted(_: Database) -> list[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RETENTION, "_drop_closed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            await candles.retain(database, KEEP)
    await assert_true(database)
    with pytest.raises(InvalidCandlesError, match=r"being retired.*`tradingdb maintain`"):
        await write(database, "BTC/USDT", "1d", OLD)
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "binance", "BTC/USDT")
        ends = [[(OLD + timedelta(hours=at)).timestamp(), 1, 2, 0.5, 1.5, 10] for at in (-1, 24 * 31)]
        await candles.write(session, instrument, "1h", ends)
        monkeypatch.setattr(importlib.import_module("tradingdb.candles.write"), "CHUNK", 300)
        many = [[OLD.timestamp() + at * 1800, 1, 2, 1, 1, 1] for at in range(-300, 300)]
        with pytest.raises(InvalidCandlesError, match="being retired"):
            await candles.write(session, instrument, "30m", many)
        with pytest.raises(InvalidCandlesError, match="being retired"):
            await candles.fill(session, instrument, "1h", "flat")
        found = [len(await candles.read(session, instrument, timeframe)) for timeframe in ("30m", "1h")]
        assert found == [0, 2], "what was refused left nothing"
    assert (await candles.retain(database, {})).partitions == (f"candles_{OLD:%Y_%m}",)
    await write(database, "BTC/USDT", "1d", OLD)
    await assert_true(database)


async def test_a_month_that_somebody_uses_is_left_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RETENTION, "LOCK_TIMEOUT", "50ms")
    await write(database, "BTC/USDT", "1m", OLD)
    await candles.seal(database)
    async with database.read() as reading:
        before = await what_is_there(reading)
        with pytest.raises(LockTimeoutError):
            await candles.retain(database, KEEP)
    async with database.read() as session:
        assert await what_is_there(session) == before
    await assert_true(database)


async def test_blocks_of_partitions_that_went_another_way_go_too(database: Database) -> None:
    instrument = await write(database, "BTC/USDT", "1m", OLD, YOUNG)
    await candles.seal(database)
    await partitions.retire(database, Candle, YOUNG)
    assert (await candles.retain(database, {})).blocks == 1
    async with database.read() as session:
        assert len(await candles.read(session, instrument, "1m")) == 2


@pytest.mark.parametrize("keep", [{"7m": "2mo"}, {"1m": "2"}, {"1m": "0mo"}, {"1m": "2w"}, {"1m": "-1y"}])
async def test_limits_that_are_none_are_refused(database: Database, keep: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        await candles.retain(database, keep)
