"""Writing candles: the better of two stays, reports and coverage are exact, bad rows are refused or put aside."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select, text
from written_bars import (
    MINUTE,
    OPTIONAL,
    START,
    Bar,
    assert_coverage_is_true,
    assert_nothing_is_there,
    btc,
    columns_of,
    rows,
    stored,
)

from tradingdb import candles
from tradingdb.candles import WriteReport
from tradingdb.candles.sources import columns_from
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidCandlesError, InvalidValueError, NotFoundError
from tradingdb.models import Candle, Instrument, QuarantinedCandle
from tradingdb.services import market
from tradingdb.timeseries import partitions

WRITE_MODULE = importlib.import_module("tradingdb.candles.write")


def after(old: Bar | None, new: Bar) -> Bar:
    """What is there when a candle came after another: the better one, and between equals none loses its amount."""
    if old is None:
        return new
    if new.rank < old.rank:
        return old
    return new if new.rank > old.rank or new.amount is not None else new._replace(amount=old.amount)


def write_to_model(model: dict[int, Bar], bars: list[Bar]) -> WriteReport:
    best: dict[int, Bar] = {}
    for bar in bars:
        best[bar.minute] = after(best.get(bar.minute), bar)
    inserted = updated = 0
    for minute, bar in best.items():
        old, new = model.get(minute), after(model.get(minute), bar)
        model[minute] = new
        inserted += old is None
        updated += old is not None and new != old
    return WriteReport(inserted, updated, len(best) - inserted - updated, len(bars) - len(best))


def bars(amount: st.SearchStrategy[int | None]) -> st.SearchStrategy[list[Bar]]:
    flags = st.booleans()
    return st.lists(st.builds(Bar, st.integers(0, 8), st.integers(1, 2), flags, flags, amount), max_size=14)


batches = st.lists(bars(st.integers(0, 1)) | bars(st.none()), min_size=1, max_size=5)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, chunk=st.sampled_from([1, 2, 3, 100]), few=st.sampled_from([0, 500]))
async def test_any_writes_leave_what_the_rule_says_and_report_it(
    session: WriteSession, monkeypatch: pytest.MonkeyPatch, batches: list[list[Bar]], chunk: int, few: int
) -> None:
    monkeypatch.setattr(WRITE_MODULE, "CHUNK", chunk)
    monkeypatch.setattr(WRITE_MODULE, "FEW", few)
    model: dict[int, Bar] = {}
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        for batch in batches:
            told: list[int] = []
            report = await candles.write(session, instrument, "1m", columns_of(batch), on_progress=told.append)
            assert report == write_to_model(model, batch)
            assert report.total == len(batch)
            assert sum(told) == len(batch) - report.duplicates
            assert max(told, default=0) <= max(chunk, few)
            assert await stored(session, instrument) == model
            await assert_coverage_is_true(session)
        await savepoint.rollback()


async def test_a_batch_leaves_what_its_rows_one_after_another_would(session: WriteSession) -> None:
    batch = [
        Bar(0, 1, is_closed=True, is_synthetic=False, amount=7),
        Bar(0, 2, is_closed=True, is_synthetic=False, amount=None),
    ]
    one_by_one, at_once = await btc(session), await market.ensure_instrument(session, "kraken", "BTC/USD")
    for bar in batch:
        await candles.write(session, one_by_one, "1m", columns_of([bar]))
    await candles.write(session, at_once, "1m", columns_of(batch))
    assert (await stored(session, one_by_one))[0] == Bar(0, 2, is_closed=True, is_synthetic=False, amount=7)
    assert await stored(session, at_once) == await stored(session, one_by_one)


@pytest.mark.parametrize("name", OPTIONAL)
async def test_each_optional_value_is_kept_on_its_own(session: WriteSession, name: str) -> None:
    instrument = await btc(session)
    full = columns_of([Bar(0, 1, is_closed=True, is_synthetic=False, amount=5)])
    await candles.write(session, instrument, "1m", full)
    del full[name]
    report = await candles.write(
        session, instrument, "1m", full | {other: [6.0] for other in OPTIONAL if other != name}
    )
    assert report == WriteReport(updated=1)
    series = await candles.read(session, instrument, "1m", columns=OPTIONAL[1:])
    assert {other: series.columns[other][0] for other in OPTIONAL} == dict.fromkeys(OPTIONAL, 6) | {name: 5}


async def test_writing_the_same_again_touches_no_row(database: Database) -> None:
    versions = text("SELECT open_time, xmin::text, ctid::text FROM candles UNION ALL "
                    "SELECT updated_at, xmin::text, ctid::text FROM series_coverage ORDER BY 1")  # fmt: skip
    reports, seen = [], []
    for _ in range(2):
        async with database.write() as session:
            instrument = await btc(session)
            reports.append(await candles.write(session, instrument, "1m", rows(10)))
        async with database.read() as session:
            seen.append((await session.execute(versions)).all())
    assert reports == [WriteReport(inserted=10), WriteReport(unchanged=10)]
    assert len(seen[0]) == 11
    assert seen[0] == seen[1]


async def test_candles_are_closed_when_their_time_has_passed(session: WriteSession) -> None:
    instrument = await btc(session)
    this_month = Timeframe.MN1.floor(utc_now())
    last_month = Timeframe.MN1.floor(this_month - MINUTE)
    data = rows(1, first=last_month) + rows(1, first=this_month)
    await candles.write(session, instrument, "1M", data)
    series = await candles.read(session, instrument, "1M", columns=["is_closed", "is_synthetic"])
    assert series.extra["is_closed"].tolist() == [True, False]
    assert series.extra["is_synthetic"].tolist() == [False, False]


async def test_candles_of_many_months_and_chunks_are_all_stored(
    session: WriteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WRITE_MODULE, "CHUNK", 7)
    monkeypatch.setattr(WRITE_MODULE, "FEW", 0)
    instrument = await btc(session)
    data = rows(100, first=datetime(2019, 12, 15, tzinfo=UTC), step=timedelta(days=1))
    told: list[int] = []
    assert await candles.write(session, instrument, "1d", data, on_progress=told.append) == WriteReport(inserted=100)
    assert told == [7] * 14 + [2]
    assert len(await candles.read(session, instrument, "1d")) == 100
    months = [part.name for part in await partitions.listing(session, Candle)]
    assert months == ["candles_2019_12", "candles_2020_01", "candles_2020_02", "candles_2020_03"]


async def test_two_instruments_and_two_timeframes_have_the_same_minute(session: WriteSession) -> None:
    ether = await market.ensure_instrument(session, "binance", "ETH/USDT")
    for instrument, timeframe in ((await btc(session), "1m"), (ether, "1m"), (ether.id, "3m")):
        report = await candles.write(session, instrument, timeframe, rows(1, first=START + MINUTE))
        assert report == WriteReport(inserted=1)
    await assert_coverage_is_true(session)


async def test_no_candles_leave_nothing(database: Database) -> None:
    async with database.write() as session:
        assert await candles.write(session, await btc(session), "1m", []) == WriteReport()
    await assert_nothing_is_there(database)


async def test_the_source_is_kept_with_candles_and_coverage(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", rows(2), source="first")
    await candles.write(
        session, instrument, "1m", rows(1, price=200) + rows(1, first=START + 2 * MINUTE), source="later"
    )
    sources = await session.scalars(text("SELECT source FROM candles ORDER BY open_time"))
    assert sources.all() == ["later", "first", "later"]
    assert await session.scalar(text("SELECT source FROM series_coverage")) == "later"


async def test_invalid_candles_are_refused_by_row_before_anything_is_sent(database: Database) -> None:
    sent: list[str] = []

    def note(_: Connection, __: object, statement: str, *more: object) -> None:
        sent.append(statement)

    data = rows(10)
    for at in range(2, 9):
        data[at][2] = 0
    async with database.write() as session:
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        with pytest.raises(InvalidCandlesError) as caught:
            await candles.write(session, 1, "1m", data)
        assert sent == []
    message = str(caught.value)
    assert "7 of 10 candles" in message
    assert "row 2: high is below another price" in message
    assert "row 6:" in message
    assert "row 7:" not in message
    assert "2 more" in message
    await assert_nothing_is_there(database)


async def test_an_unknown_timeframe_and_naive_times_are_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="'7m'"):
        await candles.write(session, 1, "7m", rows(1))
    frame = candles.CandleSeries(1, Timeframe.M1, np.array(["2024-01-01"], "datetime64[us]"), *[np.ones(1)] * 5)
    with pytest.raises(InvalidValueError, match="timezone="):
        await candles.write(session, 1, "1m", frame.to_pandas().tz_localize(None))


async def test_candles_of_an_instrument_that_does_not_exist_are_refused(session: WriteSession) -> None:
    with pytest.raises(NotFoundError, match="no instrument 99999: make it with `market"):
        await candles.write(session, 99_999, "1m", [[1_704_067_200_000, 1, 1, 1, 1, 1]])


async def test_bad_rows_are_put_aside_with_their_reason_and_the_others_stored(session: WriteSession) -> None:
    instrument = await btc(session)
    data = rows(5)
    data[1][2], data[3][4] = 0, float("nan")
    report = await candles.write(session, instrument, "1m", data, source="feed", on_invalid="quarantine")
    assert report == WriteReport(inserted=3, quarantined=2)
    assert report.total == 5
    aside = (await session.scalars(select(QuarantinedCandle).order_by(QuarantinedCandle.row_number))).all()
    assert [(row.row_number, row.source, row.reason) for row in aside] == [
        (1, "feed", "high is below another price"),
        (3, "feed", "a price is not a finite number"),
    ]
    assert (aside[0].values["high"], aside[1].values["close"]) == ("0.0", "nan")
    assert len(await candles.read(session, instrument, "1m")) == 3


async def test_a_batch_of_nothing_but_bad_rows_stores_none_and_keeps_each_once(session: WriteSession) -> None:
    data = rows(2)
    for row in data:
        row[2] = 0
    instrument = await btc(session)
    for _ in range(2):
        report = await candles.write(session, instrument, "1m", data, on_invalid="quarantine")
        assert report == WriteReport(quarantined=2)
    await candles.write(session, instrument, "1m", [[*data[0][:3], 7, *data[0][4:]]], on_invalid="quarantine")
    assert await session.scalar(text("SELECT count(*) FROM candle_quarantine")) == 3
    with pytest.raises(NotFoundError, match="no instrument 99999"):
        await candles.write(session, 99_999, "1m", data, on_invalid="quarantine")


async def test_a_misspelt_policy_for_invalid_rows_is_refused(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="'quarantin' was asked for; there are reject and quarantine"):
        await candles.write(session, 1, "1m", rows(1), on_invalid="quarantin")  # type: ignore[arg-type]


async def test_ids_are_taken_as_pandas_gives_them_and_nothing_else(session: WriteSession) -> None:
    instrument = await btc(session)
    assert await candles.write(session, np.int64(instrument.id), "1m", rows(1)) == WriteReport(inserted=1)  # type: ignore[arg-type]
    for wrong in (float(instrument.id), "BTC/USDT", None, True):
        with pytest.raises(InvalidValueError, match=r"An instrument or its id was expected, not .* of type"):
            await candles.write(session, wrong, "1m", rows(1))  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="X/Y has no id yet"):
        await candles.write(session, Instrument(symbol="X/Y"), "1m", rows(1))


async def test_arrays_are_taken_as_they_are_and_not_changed(session: WriteSession) -> None:
    price = np.arange(2.0, 6.0)
    times = np.datetime64("2024-01-01", "us") + np.arange(4) * np.timedelta64(1, "m")
    data = {"time": times, "open": price, "high": price, "low": price, "close": price}
    for array in (price, times):
        array.flags.writeable = False
    columns = columns_from(data)
    assert all(np.shares_memory(one, other) for one, other in ((columns.open, price), (columns.open_time, times)))
    assert columns.quote_volume.strides == columns.trade_count.strides == (0,), "what is not reported takes no memory"
    assert await candles.write(session, await btc(session), "1m", data) == WriteReport(inserted=4)
