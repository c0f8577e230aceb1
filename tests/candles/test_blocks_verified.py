"""Whether sealed months are true: what differs from the candles is found, refused and dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from tradingdb import candles
from tradingdb.candles import BlockCheck
from tradingdb.candles.blocks import drop_blocks
from tradingdb.candles.seal import seal_month, to_seal
from tradingdb.database import WriteSession
from tradingdb.errors import DamagedBlockError
from tradingdb.models import Instrument
from tradingdb.services import market

JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def instrument(session: WriteSession) -> Instrument:
    """With five candles in a sealed month."""
    made = await market.ensure_instrument(session, "binance", "BTC/USDT")
    rows = [[(JANUARY + at * HOUR).timestamp(), 1.25, 2, 0.5, 1.5, 10 + at] for at in range(5)]
    await candles.write(session, made, "1h", rows)
    for month in await to_seal(session):
        await seal_month(session, month)
    assert await candles.verify_blocks(session) == BlockCheck(1, [])
    return made


CHANGES = {
    "UPDATE candles SET volume = 77 WHERE open_time = '2024-01-01T03:00Z'": "volume",
    "DELETE FROM candles WHERE open_time = '2024-01-01T03:00Z'": "5 candles were sealed, 4 are there",
    "UPDATE candle_blocks SET step_seconds = 7200": "its bytes are not those that were sealed",
}


@pytest.mark.parametrize(("change", "problem"), CHANGES.items(), ids=["changed", "deleted", "damaged"])
async def test_what_differs_is_found_and_dropped(
    session: WriteSession, instrument: Instrument, change: str, problem: str
) -> None:
    await session.execute(text(change))
    (found,) = (await candles.verify_blocks(session)).differences
    assert (found.instrument_id, found.month, found.problem, found.is_dropped) == (
        instrument.id,
        JANUARY,
        problem,
        False,
    )
    assert (await candles.verify_blocks(session, venue="kraken")).is_true
    repaired = await candles.verify_blocks(session, symbol=instrument.symbol, timeframe="1h", repair=True)
    assert [one.is_dropped for one in repaired.differences] == [True]
    assert await candles.verify_blocks(session) == BlockCheck(0, [])


async def test_bytes_that_cannot_be_unpacked_are_refused_with_the_remedy(
    session: WriteSession, instrument: Instrument
) -> None:
    await session.execute(text("UPDATE candle_blocks SET close = substr(close, 2)"))
    with pytest.raises(DamagedBlockError, match=r"2024-01 .*\(close\).*verify --repair"):
        await candles.read(session, instrument, "1h")


async def test_blocks_of_a_format_that_is_not_known_are_left_alone(
    session: WriteSession, instrument: Instrument
) -> None:
    await session.execute(text("UPDATE candle_blocks SET format = 2, close = ''"))
    assert len(await candles.read(session, instrument, "1h")) == 5
    assert await candles.verify_blocks(session) == BlockCheck(0, [])
    await drop_blocks(session, {"instrument_id": instrument.id, "timeframe": "1h"}, [JANUARY])
    assert await session.scalar(text("SELECT count(*) FROM candle_blocks")) == 0
