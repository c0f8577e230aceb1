"""Public trades go in once, by whatever way, contradict nothing, and come out as they went in."""

from __future__ import annotations

import asyncio
import importlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import market, market_trades
from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import (
    ConflictingMarketTradesError,
    NotFoundError,
)
from tradingdb.market_trades import BUY, SELL, UNKNOWN, WriteReport
from tradingdb.models import Instrument, MarketTrade
from tradingdb.timeseries import partitions

WRITE_MODULE = importlib.import_module("tradingdb.market_trades.write")
START = datetime(2024, 1, 31, 23, 59, 58, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)
SIDES = {BUY: "buy", SELL: "sell", UNKNOWN: None}


class Trade(NamedTuple):
    """A public trade as the model of these tests sees it: its second, id, price and side."""

    second: int
    id: str
    price: int
    side: int


def ccxt(*trades: Trade, quantity: float = 2) -> list[dict[str, Any]]:
    """The trades as ccxt gives them."""
    return [
        {
            "id": trade.id,
            "timestamp": START_MS + trade.second * 1000,
            "datetime": (START + trade.second * timedelta(seconds=1)).isoformat(),
            "symbol": "BTC/USDT",
            "side": SIDES[trade.side],
            "takerOrMaker": None,
            "price": float(trade.price),
            "amount": quantity,
            "cost": trade.price * quantity,
            "fee": None,
            "info": {"id": trade.id},
        }
        for trade in trades
    ]


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


async def stored(session: ReadSession, instrument: Instrument) -> dict[tuple[int, str], Trade]:
    series = await market_trades.read(session, instrument)
    seconds = (series.traded_at - np.datetime64(START.replace(tzinfo=None))) // np.timedelta64(1, "s")
    assert len({len(column) for column in series.columns.values()}) == 1
    rows = zip(seconds, series.venue_trade_id, series.price, series.taker_side, strict=True)
    return {(int(at), str(name)): Trade(int(at), str(name), int(price), int(side)) for at, name, price, side in rows}


def add_to_model(model: dict[tuple[int, str], Trade], batch: list[Trade]) -> WriteReport | None:
    """What becomes of a batch, as the documentation says; None: it is refused, and nothing changes."""
    once: dict[tuple[int, str], Trade] = {}
    known = dict(model)
    for trade in batch:
        key = trade[:2]
        for before in (once.get(key), model.get(key)):
            if before and (before.price != trade.price or {before.side, trade.side} == {BUY, SELL}):
                return None
        side = trade.side or (once[key].side if key in once else UNKNOWN)
        once[key] = trade._replace(side=side)
    ids = sorted({(trade.id, trade.second) for trade in (*model.values(), *batch)})
    if any(a[0] == b[0] and b[1] - a[1] == 1 for a, b in pairwise(ids)):
        return None
    completed = 0
    for key, trade in once.items():
        old = model.get(key)
        completed += old is not None and old.side == UNKNOWN and trade.side != UNKNOWN
        known[key] = trade._replace(side=trade.side or (old.side if old else UNKNOWN))
    inserted = len(known) - len(model)
    model.update(known)
    return WriteReport(inserted, completed, len(once) - inserted - completed, len(batch) - len(once))


seconds = st.sampled_from([0, 0, 0, 3, 6, 7])
trades = st.builds(
    Trade,
    seconds,
    st.sampled_from(["9", "10", "b\u00e9b\u00e9"]),
    st.sampled_from([1, 1, 1, 2]),
    st.sampled_from([BUY, UNKNOWN, SELL]),
)


@settings(deadline=None, max_examples=22, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(trades, max_size=6), min_size=1, max_size=4),
    chunk=st.sampled_from([1, 3, 100]),
    few=st.sampled_from([0, 500]),
)
async def test_any_writes_leave_each_trade_once_and_report_it(
    session: WriteSession, monkeypatch: pytest.MonkeyPatch, batches: list[list[Trade]], chunk: int, few: int
) -> None:
    monkeypatch.setattr(WRITE_MODULE, "CHUNK", chunk)
    monkeypatch.setattr(WRITE_MODULE, "FEW", few)
    model: dict[tuple[int, str], Trade] = {}
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        for batch in batches:
            expected = add_to_model(model, batch)
            if expected is None:
                with pytest.raises(ConflictingMarketTradesError):
                    await market_trades.write(session, instrument, ccxt(*batch))
            else:
                report = await market_trades.write(session, instrument, ccxt(*batch))
                assert report == expected
                assert report.total == len(batch)
            assert await stored(session, instrument) == model
        await savepoint.rollback()


async def test_writing_the_same_again_touches_no_row(database: Database) -> None:
    versions = text("SELECT venue_trade_id, xmin::text, ctid::text, source FROM market_trades ORDER BY 1")
    data = ccxt(*(Trade(at, str(at), 5, BUY) for at in range(6)))
    seen, reports = [], []
    for source in ("first", "second"):
        async with database.write() as session:
            reports.append(await market_trades.write(session, await btc(session), data, source=source))
        async with database.read() as session:
            seen.append((await session.execute(versions)).all())
    assert reports == [WriteReport(inserted=6), WriteReport(unchanged=6)]
    assert seen[0] == seen[1]
    assert {row.source for row in seen[0]} == {"first"}
    async with database.read() as session:
        months = [part.name for part in await partitions.listing(session, MarketTrade)]
    assert months == ["market_trades_2024_01", "market_trades_2024_02"]


async def test_every_value_comes_back_bit_by_bit_in_order_of_time_and_id(session: WriteSession) -> None:
    instrument = await btc(session)
    at = 1_706_745_598_123_456
    data = {
        "traded_at": np.array([at + 1, at, at, at]),
        "venue_trade_id": ["7", "10", "9", "\u4ea4\u6613-" + "x" * 400],
        "price": [0.1 + 0.2, 5e-324, -37.63, 1e300],
        "quantity": [1e-300, 3.0, 0.07, 1.5],
        "taker_side": np.array([BUY, SELL, UNKNOWN, BUY]),
        "is_block": [False, True, False, False],
    }
    await market_trades.write(session, instrument, data)
    series = await market_trades.read(session, instrument)
    assert series.venue_trade_id.tolist() == ["9", "10", data["venue_trade_id"][3], "7"]
    assert series.traded_at.astype(np.int64).tolist() == [at, at, at, at + 1]
    assert series.price.tolist() == [-37.63, 5e-324, 1e300, 0.1 + 0.2]
    assert series.quantity.tolist() == [0.07, 3.0, 1.5, 1e-300]
    assert series.taker_side.tolist() == [UNKNOWN, SELL, BUY, BUY]
    assert series.is_block.tolist() == [False, True, False, False]
    assert await market_trades.write(session, instrument, series) == WriteReport(unchanged=4), "read is also a source"
    later = await market_trades.read(session, instrument, start=datetime.fromtimestamp((at + 1) / 1e6, UTC))
    assert later.venue_trade_id.tolist() == ["7"]
    assert len(await market_trades.read(session, instrument, end=START)) == 0


GOOD = {"timestamp": START_MS, "id": "1", "price": 1.0, "amount": 1.0, "side": "buy"}


async def test_a_conflict_names_both_sides_and_takes_back_what_the_same_write_had_stored(
    session: WriteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WRITE_MODULE, "CHUNK", 2)
    monkeypatch.setattr(WRITE_MODULE, "FEW", 0)
    instrument = await btc(session)
    await market_trades.write(session, instrument, ccxt(Trade(40, "9", 1, BUY)))
    before = await stored(session, instrument)
    data = ccxt(Trade(10, "1", 1, BUY), Trade(20, "2", 1, BUY), Trade(30, "3", 1, BUY), Trade(40, "9", 7, SELL))
    with pytest.raises(ConflictingMarketTradesError) as caught:
        await market_trades.write(session, instrument, data)
    assert "9 at 2024-02-01T00:00:38+00:00: price 1.0 is stored, 7.0 came, side buy is stored, sell came" in str(
        caught.value
    )
    assert await stored(session, instrument) == before
    assert await market_trades.write(session, instrument, data[:3]) == WriteReport(inserted=3)


async def test_a_side_that_only_some_rows_know_is_kept(session: WriteSession) -> None:
    instrument = await btc(session)
    blind, seeing = Trade(0, "1", 1, UNKNOWN), Trade(0, "1", 1, BUY)
    for batch, report in [
        ([blind], WriteReport(inserted=1)),
        ([blind, seeing, blind], WriteReport(completed=1, duplicates=2)),
        ([blind], WriteReport(unchanged=1)),
    ]:
        assert await market_trades.write(session, instrument, ccxt(*batch)) == report
    assert list((await stored(session, instrument)).values()) == [seeing]
    with pytest.raises(ConflictingMarketTradesError, match="side buy is stored, sell came"):
        await market_trades.write(session, instrument, ccxt(seeing._replace(side=SELL)))
    with pytest.raises(ConflictingMarketTradesError, match=r"rows 0 and 1 .*: the sides differ"):
        await market_trades.write(session, instrument, ccxt(seeing, seeing._replace(side=SELL)))


@pytest.mark.parametrize("wrong", [{"price": 2.0}, {"amount": 2.0}, {"is_block": True}])
async def test_one_trade_says_one_thing_in_a_batch_and_in_the_table(
    session: WriteSession, wrong: dict[str, Any]
) -> None:
    instrument = await btc(session)
    one, (name, value) = GOOD | {"is_block": False}, next(iter(wrong.items()))
    ours = {"amount": "quantity"}.get(name, name)
    with pytest.raises(ConflictingMarketTradesError, match=rf"rows 0 and 2 \(1 at .*\): {ours} differs\. Take out"):
        await market_trades.write(session, instrument, [one, one | {"id": "2"}, one | wrong])
    await market_trades.write(session, instrument, [one])
    with pytest.raises(ConflictingMarketTradesError, match=f"{ours} {one[name]} is stored, {value} came"):
        await market_trades.write(session, instrument, [one | wrong])
    assert await market_trades.write(session, instrument, [GOOD]) == WriteReport(unchanged=1), "says nothing of blocks"


async def test_the_same_id_with_a_rounded_time_is_not_a_second_trade(session: WriteSession) -> None:
    instrument = await btc(session)
    exact = GOOD | {"timestamp": START_MS + 123}
    await market_trades.write(session, instrument, [exact])
    with pytest.raises(ConflictingMarketTradesError, match=r"time 2024-01-31T23:59:58\.123000"):
        await market_trades.write(session, instrument, [GOOD])
    with pytest.raises(ConflictingMarketTradesError, match=r"rows 0 and 1 .*their times differ"):
        await market_trades.write(session, instrument, [exact, GOOD])
    assert len(await market_trades.read(session, instrument)) == 1


without_id = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2), st.sampled_from([None, "buy"])), max_size=12)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=without_id, cuts=st.tuples(st.integers(0, 2), st.integers(0, 2)))
async def test_trades_without_ids_are_stored_once_from_files_that_overlap(
    session: WriteSession, rows: list[tuple[int, int, str | None]], cuts: tuple[int, int]
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    data = [
        {"timestamp": START_MS + at * 10, "price": float(price), "amount": 1.0, "side": side, "id": None}
        for at, price, side in rows
    ]
    first, last = ([row for row in data if row["timestamp"] <= START_MS + max(cuts) * 10],
                   [row for row in data if row["timestamp"] >= START_MS + min(cuts) * 10])  # fmt: skip
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        reports = [await market_trades.write(session, instrument, part) for part in (first, last, first, data)]
        assert sum(report.inserted for report in reports) == len(data)
        assert (reports[2].inserted, reports[3].inserted) == (0, 0)
        series = await market_trades.read(session, instrument)
        assert sorted(zip(series.traded_at.astype(np.int64) // 1000, series.price, strict=True)) == sorted(
            (row["timestamp"], row["price"]) for row in data
        )
        await savepoint.rollback()


async def test_two_that_write_the_same_at_once_store_it_once(database: Database) -> None:
    data = {
        "timestamp": START_MS + np.arange(600) * 1000,
        "id": np.arange(600),
        "price": np.ones(600),
        "amount": np.ones(600),
    }
    async with database.write() as session:
        instrument_id = (await btc(session)).id
        await partitions.ensure(session, MarketTrade, START, START + timedelta(minutes=20))

    async def one() -> WriteReport:
        async with database.write() as session:
            return await market_trades.write(session, instrument_id, data)

    reports = await asyncio.gather(one(), one(), one())
    assert sum(report.inserted for report in reports) == 600
    assert sum(report.unchanged for report in reports) == 1200


@pytest.mark.parametrize("count", [1, 600])
async def test_trades_of_no_instrument_say_so(session: WriteSession, count: int) -> None:
    data = ccxt(*(Trade(at, str(at), 1, BUY) for at in range(count)))
    async with session.begin_nested() as savepoint:
        with pytest.raises(NotFoundError, match="no instrument 4711"):
            await market_trades.write(session, 4711, data)
        await savepoint.rollback()


async def test_nothing_is_nothing(session: WriteSession) -> None:
    assert await market_trades.write(session, await btc(session), []) == WriteReport()
    assert len(await market_trades.read(session, await btc(session))) == 0
