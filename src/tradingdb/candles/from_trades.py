"""Candles made of stored public trades, computed by PostgreSQL."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tradingdb.candles.columns import CandleColumns, to_microseconds
from tradingdb.candles.fetch import fetch_columns
from tradingdb.candles.series import id_of
from tradingdb.candles.write import WriteReport, write
from tradingdb.core.clock import as_utc
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import NotFoundError
from tradingdb.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tradingdb.database import ReadSession, WriteSession

IN_ORDER = "traded_at, octet_length(venue_trade_id), venue_trade_id"
"""Which of two trades came first. Venues count in numbers that get longer: 9 comes before 10."""

PIECE = timedelta(days=1)
"""How much time one statement looks at, unless a candle is longer."""

_SUM = f"sum({{value}} ORDER BY {IN_ORDER})"
_BOUGHT = _SUM.format(value="CASE taker_side WHEN 'buy' THEN quantity ELSE 0 END")
# sums are taken in order, so that the same trades always give the same last digit
_COLUMNS = {
    "open_time": ("timestamptz", "bucket"),
    "open": ("float8", f"(array_agg(price ORDER BY {IN_ORDER}))[1]"),
    "high": ("float8", "max(price)"),
    "low": ("float8", "min(price)"),
    "close": ("float8", f"(array_agg(price ORDER BY {IN_ORDER}))[count(*)]"),
    "volume": ("float8", _SUM.format(value="quantity")),
    "quote_volume": ("float8", _SUM.format(value="{turnover}")),
    "trade_count": ("int8", "count(*)"),
    "taker_buy_volume": ("float8", f"CASE WHEN bool_and(taker_side IS NOT NULL) THEN {_BOUGHT} ELSE 'NaN' END"),
}


async def from_trades(
    session: WriteSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    whole: bool = False,
    source: str = "trades",
    on_progress: Callable[[int], None] | None = None,
) -> WriteReport:
    """Store the candles that open in `[start, end)`, made of the instrument's stored public trades.

    Open and close are the first and last price by time and then the venue's id; volume is the sum of quantities,
    quote_volume of price x quantity x contract size (of an inverse contract: quantity x contract size), trade_count
    how many there are, taker_buy_volume what takers bought, not reported where a side is not known. Trades off the
    book (`is_block`) are left out, and a time without trades has no candle.

    A bound cuts no candle: one that opens before `end` has its later trades too. But the stored trades begin and end
    somewhere: the candle that holds the very first of them, and the one that holds the last, may lack others. They
    are stored as not closed, which replaces no closed candle; the last is closed by a run that finds later trades.
    `whole=True` says that nothing is missing between the first and the last: then they count as closed when their
    time has passed. Trades that are missing in between are not noticed.

    Stored by the rules of `write`: a second run changes nothing, and of two closed candles the newer stays.
    Months and years of a busy market are better made by `rollup` of shorter ones. `on_progress` is told candles as
    they go in.

    Raises:
        InvalidValueError: the timeframe does not exist, or a bound has no time zone.
        NotFoundError: there is no such instrument.
    """
    timeframe = Timeframe.parse(timeframe)
    lowest, highest = (None if bound is None else as_utc(bound) for bound in (start, end))
    instrument_id = id_of(instrument)
    turnover = await _turnover(session, instrument_id)
    # whoever read the trades earlier must not write later
    await session.execute(_WAIT, {"key": f"tradingdb from_trades {instrument_id}"})
    extent = (await session.execute(_EXTENT, {"instrument_id": instrument_id})).one()
    report = WriteReport()
    if extent.first is None:
        return report
    first, last = timeframe.floor(as_utc(extent.first)), timeframe.floor(as_utc(extent.last))
    begin = first if lowest is None else max(first, timeframe.ceiling(lowest))
    stop = timeframe.next(last) if highest is None else min(timeframe.next(last), timeframe.ceiling(highest))
    for opens, closes in _pieces(timeframe, begin, stop):
        made = await _made(session, instrument_id, timeframe, turnover, (opens, closes))
        if not whole:
            inside = (made.open_time > to_microseconds(first)) & (made.open_time < to_microseconds(last))
            made = replace(made, is_closed=inside)
        done = await write(session, instrument_id, timeframe, made, source=source, on_progress=on_progress)
        report = WriteReport(*map(sum, zip(astuple(report), astuple(done), strict=True)))
    return report


async def _turnover(session: ReadSession, instrument_id: int) -> str:
    """SQL for what a trade cost in quote currency."""
    query = select(Instrument.contract_size, Instrument.is_inverse).where(Instrument.id == instrument_id)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no instrument {instrument_id}: make it with `market.ensure_instrument`.")
    amount = "quantity" if found.is_inverse else "price * quantity"
    return amount if found.contract_size == 1 else f"{amount} * float8 '{found.contract_size:f}'"


async def _made(
    session: ReadSession, instrument_id: int, timeframe: Timeframe, turnover: str, within: tuple[datetime, datetime]
) -> CandleColumns:
    """The candles of a range of time that begins and ends on the grid."""
    columns = {name: kind for name, (kind, _) in _COLUMNS.items()}
    listed = ", ".join(expression.format(turnover=turnover) for _, expression in _COLUMNS.values())
    query = f"""
        SELECT {listed} FROM (
            SELECT *, {_bucket(timeframe)} AS bucket FROM market_trades
            WHERE instrument_id = {int(instrument_id)} AND NOT is_block
              AND traded_at >= '{within[0].isoformat()}' AND traded_at < '{within[1].isoformat()}'
        ) AS trade GROUP BY bucket ORDER BY bucket
    """  # noqa: S608 - numbers, times and names of ours: COPY takes no parameters
    return CandleColumns(**await fetch_columns(session, columns, query))


def _bucket(timeframe: Timeframe) -> str:
    """SQL for the open time of the candle that covers a trade: the grid of `Timeframe.floor`."""
    if timeframe.seconds is None:
        return "date_trunc('month', traded_at, 'UTC')"
    return f"date_bin('{timeframe.seconds} seconds', traded_at, to_timestamp({timeframe.origin_seconds}))"


def _pieces(timeframe: Timeframe, begin: datetime, stop: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The range in pieces that begin and end on the grid."""
    while begin < stop:
        end = min(stop, max(timeframe.floor(begin + PIECE), timeframe.next(begin)))
        yield begin, end
        begin = end


_WAIT = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_EXTENT = text(
    """
    SELECT min(traded_at) AS first, max(traded_at) AS last FROM market_trades
    WHERE instrument_id = :instrument_id AND NOT is_block
    """
)
