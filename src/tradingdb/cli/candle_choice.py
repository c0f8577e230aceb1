"""Series that were chosen by venue, symbol and timeframe: a mistyped name chooses none, and should be seen."""

from __future__ import annotations

from tradingdb import candles
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database
from tradingdb.errors import NotFoundError


async def require_series(
    database: Database, venue: str | None, symbol: str | None, timeframe: Timeframe | None
) -> None:
    """Refuse a choice that no series meets. Nothing chosen is everything, also where that is nothing.

    Raises:
        NotFoundError: there are no such candles.
    """
    async with database.read() as session:
        if not await candles.coverage(session, venue=venue, symbol=symbol, timeframe=timeframe):
            refuse_choice(venue, symbol, timeframe)


def refuse_choice(venue: str | None, symbol: str | None, timeframe: Timeframe | None) -> None:
    """Say that there are no such candles, unless nothing was chosen.

    Raises:
        NotFoundError: always, where something was.
    """
    if venue is None and symbol is None and timeframe is None:
        return
    length = "" if timeframe is None else f"{timeframe.value} "
    of = "" if symbol is None else f" of {symbol}"
    at = "" if venue is None else f" at {venue}"
    raise NotFoundError(f"There are no {length}candles{of}{at}: see `tradingdb candles list` for those that there are.")
