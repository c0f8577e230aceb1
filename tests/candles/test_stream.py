"""Streams: the same candles as read at once, in batches, between which nothing is held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tradingdb import candles
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import Instrument
from tradingdb.services import market

START = datetime(2024, 1, 31, 23, 55, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def bars(minutes: range) -> list[list[float]]:
    return [[(START + at * MINUTE).timestamp(), at, at, at, at, at] for at in minutes]


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


bound = st.none() | st.floats(-3, 14).map(lambda at: START + at * MINUTE)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(0, 12), batch=st.integers(1, 14), start=bound, end=bound, as_of=bound)
async def test_the_batches_together_are_what_is_read_at_once(
    session: WriteSession, size: int, batch: int, start: datetime | None, end: datetime | None, as_of: datetime | None
) -> None:
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        await candles.write(session, instrument, "1m", bars(range(size)))
        wanted = {"columns": ["is_closed"], "as_of": as_of}
        whole = await candles.read(session, instrument, "1m", start, end, **wanted)
        parts = [part async for part in candles.stream(session, instrument, "1m", start, end, batch=batch, **wanted)]
        await savepoint.rollback()
    assert [len(part) for part in parts] == [min(batch, len(whole) - done) for done in range(0, len(whole), batch)], (
        "full batches, and none that is empty"
    )
    for name, column in whole.columns.items():
        joined = np.concatenate([part.columns[name] for part in parts]) if parts else column[:0]
        assert joined.tobytes() == column.tobytes()


async def test_a_stream_may_be_left_and_the_session_used_in_between(session: WriteSession) -> None:
    instrument = await btc(session)
    await candles.write(session, instrument, "1m", bars(range(10)))
    seen = []
    stream = candles.stream(session, instrument, "1m", batch=3)
    async for part in stream:
        seen += part.open.tolist()
        assert await session.scalar(text("SELECT count(*) FROM candles")) == 10
        if len(seen) == 6:
            break
    assert await session.scalar(text("SELECT count(*) FROM pg_cursors WHERE name <> ''")) == 0
    assert len(await candles.read(session, instrument, "1m")) == 10
    await stream.aclose()
    assert seen == [0, 1, 2, 3, 4, 5]


async def test_what_others_commit_meanwhile_is_seen_only_where_the_session_lets_it(database: Database) -> None:
    async with database.write() as writing:
        instrument = await btc(writing)
        await candles.write(writing, instrument, "1m", bars(range(0, 8, 2)))
    async with database.read() as fixed, database.read() as moving:
        await fixed.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        streams = [candles.stream(session, instrument, "1m", batch=2) for session in (fixed, moving)]
        seen = [(await anext(stream)).open.tolist() for stream in streams]
        async with database.write() as writing:
            await candles.write(writing, instrument, "1m", bars(range(1, 9, 2)))
        for stream, so_far in zip(streams, seen, strict=True):
            async for part in stream:
                so_far.extend(part.open.tolist())
    assert seen == [[0, 2, 4, 6], [0, 2, 3, 4, 5, 6, 7]]


async def test_a_bad_stream_is_refused_before_it_is_begun(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="at least 1"):
        candles.stream(session, 1, "1m", batch=0)
    with pytest.raises(InvalidValueError, match="zone"):
        candles.stream(session, 1, "1m", START.replace(tzinfo=None))
    with pytest.raises(InvalidValueError, match="'7m'"):
        candles.stream(session, 1, "7m")
    with pytest.raises(InvalidValueError, match="'colour'"):
        candles.stream(session, 1, "1m", columns=["colour"])
