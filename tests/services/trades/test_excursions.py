"""How far prices went against a trade and for it: from the candles between entry and exit, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select
from trading_floor import Desk

from tradingdb import candles
from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Instrument, Trade
from tradingdb.services import trades
from tradingdb.services.trades import Excursion

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BARS = [(99, 101), (98, 102), (97.123456789012345, 103), (96, 104.00000000000001), (95, 105), (50, 500)]
"""Lows and highs from 12:00 on, minute by minute."""


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def bars(session: WriteSession, desk: Desk) -> None:
    instrument = await session.get_one(Instrument, desk.spot)
    rows = [
        [int((AT + number * MINUTE).timestamp() * 1000), 100.0, float(high), float(low), 100.0, 1.0]
        for number, (low, high) in enumerate(BARS)
    ]
    await candles.write(session, instrument, "1m", rows)


async def traded(session: WriteSession, desk: Desk, key: str, start: float, end: float | None, **values: str) -> UUID:
    """A trade entered and left so many minutes after 12:00."""
    entry = desk.entry(key, entry_time=AT + start * MINUTE, **values)
    receipt = await trades.open_trade(session, entry)
    assert receipt.trade_id is not None
    if end is not None:
        await trades.record_exit(session, receipt.trade_id, desk.exit(price="100", exit_time=AT + end * MINUTE))
    return receipt.trade_id


@pytest.mark.parametrize(
    ("direction", "start", "end", "expected"),
    [
        ("long", 0, 2, ("98", "102", 2)),
        ("short", 0, 2, ("102", "98", 2)),
        ("long", 0.01, 2, ("98", "102", 1)),
        ("long", 0, 1.99, ("99", "101", 1)),
        ("long", 2, 3, ("97.12345678901235", "103", 1)),
        ("long", 2, 4, ("96", "104.00000000000001", 2)),
        ("long", 0.5, 1.5, None),
        ("long", 1, 1, None),
        ("long", 60, 70, None),
        ("short", 0, None, ("500", "50", 6)),
    ],
)
async def test_only_candles_wholly_between_entry_and_exit_count(
    session: WriteSession, desk: Desk, direction: str, start: float, end: float | None,
    expected: tuple[str, str, int] | None,
) -> None:  # fmt: skip
    trade_id = await traded(session, desk, "one", start, end, direction=direction)
    found = await trades.excursions(session, trade_id)
    if expected is None:
        assert found is None
    else:
        adverse, favorable, count = expected
        assert found == Excursion(Decimal(adverse), Decimal(favorable), count)


async def test_prices_of_entry_and_exits_count_too(session: WriteSession, desk: Desk) -> None:
    """They may lie outside of every candle that does."""
    exits = [
        desk.exit(1, "1", "120", exit_time=AT + 0.5 * MINUTE),
        desk.exit(2, "3", "99.5", exit_time=AT + 2.5 * MINUTE),
    ]
    entry = desk.entry(entry_price=Decimal("96.5"), initial_stop=None, entry_time=AT + 0.1 * MINUTE)
    trade = await session.get_one(Trade, (await trades.record_trade(session, entry, exits)).trade_id)
    assert await trades.excursions(session, trade) == Excursion(Decimal("96.5"), Decimal(120), 1)


async def test_they_are_written_for_many_at_once(session: WriteSession, desk: Desk) -> None:
    long = await traded(session, desk, "long", 0, 2)
    short = await traded(session, desk, "short", 0, 3, direction="short")
    paper = await traded(session, desk, "paper", 0, 3, account_id=desk.paper)
    nothing = await traded(session, desk, "nothing", 0.5, 1)
    loaded = await session.get_one(Trade, long)
    assert await trades.update_excursions(session, mode=TradingMode.LIVE) == 2
    assert (loaded.max_adverse_price, loaded.max_favorable_price) == (98, 102)
    assert await trades.update_excursions(session, trades=[]) == 0
    assert await trades.update_excursions(session) == 1
    assert await trades.update_excursions(session) == 0, "what is there already is not written again"
    rows = await session.execute(select(Trade.id, Trade.max_adverse_price, Trade.max_favorable_price))
    assert {row[0]: row[1:] for row in rows} == {
        long: (98, 102),
        short: (103, Decimal("97.12345678901235")),
        paper: (Decimal("97.12345678901235"), 103),
        nothing: (None, None),
    }
    assert await trades.update_excursions(session, timeframe="1h") == 0


async def test_a_month_is_a_calendar_month(session: WriteSession, desk: Desk) -> None:
    instrument = await session.get_one(Instrument, desk.spot)
    february = datetime(2025, 2, 1, tzinfo=UTC)
    await candles.write(session, instrument, "1M", [[int(february.timestamp() * 1000), 100.0, 130.0, 70.0, 100.0, 1.0]])
    until = [datetime(2025, 2, 28, 23, 59, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)]
    ids = [
        (
            await trades.record_trade(session, desk.entry(str(end), entry_time=february), [desk.exit(exit_time=end)])
        ).trade_id
        for end in until
    ]
    found = [await trades.excursions(session, one, timeframe=Timeframe.MN1) for one in ids if one is not None]
    assert found == [None, Excursion(Decimal(70), Decimal(130), 1)]


async def test_what_is_not_there_is_said(session: WriteSession, desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        await trades.excursions(session, uuid7())
    with pytest.raises(InvalidValueError, match="timeframe"):
        await trades.update_excursions(session, timeframe="7m")
