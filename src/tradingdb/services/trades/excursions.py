"""How far the price went against a trade and for it while it was open (MAE and MFE), from candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    inspect,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import INTERVAL

from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import NotFoundError
from tradingdb.models import Candle, Trade, TradeDirection, TradeExit, TradeOutcome

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import Subquery

    from tradingdb.core.mode import TradingMode
    from tradingdb.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class Excursion:
    """The worst and the best price of a trade while it was open, and how many candles say so."""

    max_adverse_price: Decimal
    max_favorable_price: Decimal
    candles: int


async def excursions(session: ReadSession, trade: Trade | UUID, *, timeframe: str = Timeframe.M1) -> Excursion | None:
    """The worst and the best price from entry to exit (of an open trade: to now); None: no candle lies in between.

    Only candles that lie wholly between entry and exit count, since what the others' highs and lows were before the
    entry or after the exit nobody can tell; the entry's and the exits' own prices count too. So nothing is overstated,
    and a short timeframe leaves out least. Prices of candles are doubles, taken by their shortest decimal.

    Raises:
        NotFoundError: there is no such trade.
        InvalidValueError: there is no such timeframe.
    """
    trade_id = trade.id if isinstance(trade, Trade) else trade
    found = _between(Timeframe.parse(timeframe), Trade.id == trade_id)
    row = (
        await session.execute(
            select(Trade.id, found.c.adverse, found.c.favorable, found.c.candles)
            .select_from(Trade)
            .outerjoin(found, found.c.id == Trade.id)
            .where(Trade.id == trade_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no trade {trade_id}.")
    return None if row.candles is None else Excursion(row.adverse, row.favorable, row.candles)


async def update_excursions(
    session: WriteSession,
    *,
    timeframe: str = Timeframe.M1,
    trades: Collection[UUID] | None = None,
    account_id: UUID | None = None,
    mode: TradingMode | None = None,
    backtest_run_id: UUID | None = None,
    since: datetime | None = None,
) -> int:
    """Write `max_adverse_price` and `max_favorable_price` of trades, all in one statement; returns how many changed.

    Of all trades that were not cancelled, unless limited to some, to an account, a mode, a run, or to those entered at
    or after an instant. What is stored is replaced; trades without a candle in between are left as they are.

    Raises:
        InvalidValueError: there is no such timeframe.
    """
    limits: list[ColumnElement[bool]] = [Trade.outcome != TradeOutcome.CANCELLED]
    if trades is not None:
        limits.append(Trade.id.in_(trades) if trades else false())
    given = [(Trade.account_id, account_id), (Trade.mode, mode), (Trade.backtest_run_id, backtest_run_id)]
    limits += [column == value for column, value in given if value is not None]
    if since is not None:
        limits.append(Trade.entry_time >= since)
    found = _between(Timeframe.parse(timeframe), and_(*limits))
    differs = or_(
        Trade.max_adverse_price.is_distinct_from(found.c.adverse),
        Trade.max_favorable_price.is_distinct_from(found.c.favorable),
    )
    statement = (
        update(Trade)
        .where(Trade.id == found.c.id, differs)
        .values(max_adverse_price=found.c.adverse, max_favorable_price=found.c.favorable)
        .returning(Trade.id)
        .execution_options(synchronize_session=False)
    )
    changed = (await session.scalars(statement)).all()
    await _refresh_loaded(session, changed)
    return len(changed)


def _between(timeframe: Timeframe, condition: ColumnElement[bool]) -> Subquery:
    """Per trade its worst and best price and the number of candles, where there is at least one."""
    until = func.coalesce(Trade.exit_time, func.now())
    length = cast(literal("1 month" if timeframe.seconds is None else f"{timeframe.seconds} seconds", Text), INTERVAL)
    closes = func.timezone("UTC", func.timezone("UTC", Candle.open_time) + length)
    candles = (
        select(func.min(Candle.low).label("low"), func.max(Candle.high).label("high"), func.count().label("candles"))
        .where(
            Candle.instrument_id == Trade.instrument_id,
            Candle.timeframe == timeframe.value,
            Candle.open_time >= Trade.entry_time,
            Candle.open_time < until,  # along the index
            closes <= until,
            Candle.is_closed,
        )
        .lateral("between")
    )
    exits = (
        select(func.min(TradeExit.price).label("low"), func.max(TradeExit.price).label("high"))
        .where(TradeExit.trade_id == Trade.id)
        .lateral("parts")
    )
    # both aggregates skip NULL: exit_price is that of trades which were stored without exits
    low = func.least(_exactly(candles.c.low), Trade.entry_price, exits.c.low, Trade.exit_price)
    high = func.greatest(_exactly(candles.c.high), Trade.entry_price, exits.c.high, Trade.exit_price)
    is_long = Trade.direction == TradeDirection.LONG
    return (
        select(
            Trade.id,
            case((is_long, low), else_=high).label("adverse"),
            case((is_long, high), else_=low).label("favorable"),
            candles.c.candles,
        )
        .select_from(Trade)
        .join(candles, candles.c.candles > 0)
        .join(exits, literal(value=True))
        .where(condition)
        .subquery("excursions")
    )


def _exactly(price: ColumnElement[Any]) -> ColumnElement[Any]:
    """A double as the shortest decimal that means it; PostgreSQL's own cast keeps only 15 digits."""
    return cast(cast(price, Text), Numeric)


async def _refresh_loaded(session: WriteSession, trade_ids: Collection[UUID]) -> None:
    """Read trades again that the session has loaded, so that nobody acts on what they were before."""
    mapper = inspect(Trade)
    known = [
        trade_id for trade_id in trade_ids if mapper.identity_key_from_primary_key((trade_id,)) in session.identity_map
    ]
    if known:
        query = select(Trade).where(Trade.id.in_(known)).execution_options(populate_existing=True)
        (await session.scalars(query)).all()
