"""The newest candles, of one series or of many, at a cost that does not grow with how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from tradingdb.candles.fetch import fetch_columns
from tradingdb.candles.series import (
    CandleSeries,
    SeriesQuery,
    bounds,
    expressions,
    first_incomplete,
    id_of,
    series_from,
    wanted_columns,
)
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import LARGEST_INT8
from tradingdb.errors import InvalidValueError
from tradingdb.models import SeriesCoverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

ROOM = 1.5
"""How much further back to look than an even spread of the candles asks for."""


async def latest(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    n: int = 500,
    *,
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
) -> CandleSeries:
    """The newest `n` candles of a series, in order of time; fewer if there are fewer.

    A candle that is still growing is among them; `columns=["is_closed"]` tells it apart, and `as_of` (as in
    `candles.read`) leaves it out. Coverage says how far back to look, so that PostgreSQL opens only the partitions of
    those months. Where fewer are found than it promises, all are looked at. Older candles that it does not know of, and
    that no write of this library leaves, are missed in a series of fewer than `n` (`candles.verify_coverage` tells).

    Raises:
        InvalidValueError: `n` is below 1, `as_of` has no time zone, or a column or timeframe does not exist.
    """
    query = SeriesQuery.of(instrument, timeframe, columns)
    _refuse_none(n)
    conditions = bounds(query.timeframe, as_of=as_of)
    start, enough = await _where_to_start(session, query, n, as_of)
    if start is not None:
        near = await query.fetch(session, [*bounds(query.timeframe, start), *conditions], newest=n)
        if len(near) >= enough:
            return near
    return await query.fetch(session, conditions, newest=n)


async def latest_many(
    session: ReadSession,
    instruments: Iterable[Instrument | int],
    timeframe: Timeframe | str,
    n: int = 1,
    *,
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
) -> dict[int, CandleSeries]:
    """The newest `n` candles of each instrument, by its id, in the order that was asked for; all in one statement.

    One statement sees one state of the table, also where others write. An instrument without candles is there with an
    empty series, and so is an id that no instrument has.

    Raises:
        InvalidValueError: as for `latest`.
    """
    timeframe = Timeframe.parse(timeframe)
    wanted = wanted_columns(columns)
    _refuse_none(n)
    conditions = "".join(f" AND {condition}" for condition in bounds(timeframe, as_of=as_of))
    ids = list(dict.fromkeys(id_of(instrument) for instrument in instruments))
    if not ids:
        return {}
    query = f"""
        SELECT id, newest.* FROM unnest('{{{",".join(str(int(each)) for each in ids)}}}'::int8[]) AS id
        CROSS JOIN LATERAL (
            SELECT {expressions(wanted)} FROM candles
            WHERE instrument_id = id AND timeframe = '{timeframe.value}'{conditions}
            ORDER BY open_time DESC LIMIT {min(n, LARGEST_INT8)}
        ) AS newest
    """  # noqa: S608 - numbers, times and names of ours
    values = await fetch_columns(session, {"id": "int8", **wanted}, query)
    order = np.lexsort((values["open_time"], values["id"]))
    values = {name: column[order] for name, column in values.items()}
    found = values.pop("id")
    result = {}
    for each in ids:
        rows = slice(*np.searchsorted(found, [each, each + 1]))
        result[each] = series_from(each, timeframe, {name: column[rows] for name, column in values.items()})
    return result


def _refuse_none(n: int) -> None:
    if n < 1:
        raise InvalidValueError(f"The newest {n} candles were asked for: ask for at least 1.")


async def _where_to_start(
    session: ReadSession, query: SeriesQuery, n: int, as_of: datetime | None
) -> tuple[datetime | None, int]:
    """From when on the newest `n` candles lie, as coverage tells (None: nothing), and how many must be there if so."""
    found = await session.execute(
        select(SeriesCoverage.first_open_time, SeriesCoverage.last_open_time, SeriesCoverage.candle_count).where(
            SeriesCoverage.instrument_id == query.instrument_id, SeriesCoverage.timeframe == query.timeframe.value
        )
    )
    coverage = found.one_or_none()
    if coverage is None:
        return None, n
    first, last, count = coverage
    newest = last if as_of is None else min(last, first_incomplete(query.timeframe, as_of))
    step = max((last - first) / count, query.timeframe.next(first) - first)
    try:
        start: datetime = newest - step * n * ROOM
    except OverflowError:
        start = first
    return (start, n) if start > first else (first, min(n, count))
