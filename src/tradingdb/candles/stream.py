"""Long series in bounded memory: batch after batch, each by binary COPY."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradingdb.candles.columns import to_datetime
from tradingdb.candles.series import CandleSeries, SeriesQuery, bounds
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from tradingdb.core.timeframe import Timeframe
    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument


def stream(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    batch: int = 100_000,
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
) -> AsyncGenerator[CandleSeries]:
    """The same candles as `candles.read`, in order of time, at most `batch` of them at once and never none.

    Each batch is a statement of its own that goes on after the last time: nothing is held on the server between two,
    so the session may be used in between, and leaving the loop early needs no cleaning up.

    What others commit meanwhile: in a transaction of REPEATABLE READ (or SERIALIZABLE) nothing of it is seen, all
    batches show one state. In READ COMMITTED, the default, each batch shows the state when it was asked for: times
    rise strictly, no candle comes twice, one that was there all the time comes once, and one that is added or changed
    during the stream comes with its new values if it lies after the last time that was delivered, else not. For one
    state, open the session with `db.write(isolation="REPEATABLE READ")`, or begin a `db.read()` with
    `await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))`.

    Raises:
        InvalidValueError: at once, if `batch` is below 1 or for what `candles.read` refuses.
    """
    query = SeriesQuery.of(instrument, timeframe, columns)
    conditions = bounds(query.timeframe, start, end, as_of)
    if batch < 1:
        raise InvalidValueError(f"Batches of {batch} candles were asked for: ask for at least 1.")
    return _batches(session, query, conditions, batch)


async def _batches(
    session: ReadSession, query: SeriesQuery, conditions: list[str], size: int
) -> AsyncGenerator[CandleSeries]:
    after: list[str] = []
    while True:
        found = await query.fetch(session, [*conditions, *after], oldest=size)
        if len(found):
            yield found
        if len(found) < size:
            return
        last = to_datetime(int(found.open_time[-1].astype(np.int64)))
        del found  # the next batch comes when this one is gone
        after = [f"open_time > '{last.isoformat()}'"]
