"""Where the ledger contradicts itself. A check gives the rows that are wrong; none is the answer that is hoped for.

What constraints of the schema refuse is not asked here: a closed trade has an exit, a filled order its whole quantity.
Every check tells the modes apart by a column, and looks at all of them unless one is asked for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from tradingdb.models import (
    Fill,
    Instrument,
    LearningEntry,
    LearningEvidence,
    Order,
    OrderSide,
    OrderStatus,
    Position,
    PositionSide,
    Trade,
    TradeExit,
    TradeOutcome,
    TradingAccount,
    Verdict,
)
from tradingdb.services import rule_statistics
from tradingdb.services.ledger.holdings import MARGINED
from tradingdb.services.reports.scope import at_most, in_mode, is_closed, where

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.core.mode import TradingMode

ROWS = 100
"""How many wrong rows a check gives unless asked for more."""

ZERO = Decimal(0)


def pnl_against_outcome(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[UUID, TradingMode, str, datetime, TradeOutcome, Decimal | None]:
    """Wins that gained nothing, and losses that lost nothing."""
    return (
        select(Trade.id.label("trade_id"), Trade.mode, Instrument.symbol, Trade.entry_time, Trade.outcome, Trade.pnl)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .where(
            or_(
                and_(Trade.outcome == TradeOutcome.WIN, Trade.pnl <= ZERO),
                and_(Trade.outcome == TradeOutcome.LOSS, Trade.pnl >= ZERO),
            ),
            *where(in_mode(Trade.mode, mode)),
        )
        .order_by(Trade.entry_time.desc(), Trade.id)
        .limit(at_most(limit))
    )


def closed_without_pnl(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[UUID, TradingMode, str, datetime, TradeOutcome]:
    """Closed trades whose profit nobody wrote down: sums leave it out."""
    return (
        select(Trade.id.label("trade_id"), Trade.mode, Instrument.symbol, Trade.entry_time, Trade.outcome)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .where(is_closed(), Trade.pnl.is_(None), *where(in_mode(Trade.mode, mode)))
        .order_by(Trade.entry_time.desc(), Trade.id)
        .limit(at_most(limit))
    )


def exits_against_trade(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[UUID, TradingMode, str, TradeOutcome, Decimal, Decimal]:
    """Trades whose partial exits add up to more than was entered, or to another quantity although they are closed."""
    exits = (
        select(TradeExit.trade_id, func.sum(TradeExit.quantity).label("quantity"))
        .group_by(TradeExit.trade_id)
        .subquery("exits")
    )
    return (
        select(
            Trade.id.label("trade_id"),
            Trade.mode,
            Instrument.symbol,
            Trade.outcome,
            Trade.quantity,
            exits.c.quantity.label("exits_quantity"),
        )
        .join(exits, exits.c.trade_id == Trade.id)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .where(
            or_(exits.c.quantity > Trade.quantity, and_(is_closed(), exits.c.quantity != Trade.quantity)),
            *where(in_mode(Trade.mode, mode)),
        )
        .order_by(Trade.entry_time.desc(), Trade.id)
        .limit(at_most(limit))
    )


def trades_without_strategy(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[UUID, TradingMode, str, datetime, TradeOutcome]:
    """Trades of neither a strategy nor a rule, because nobody said or because it was deleted."""
    return (
        select(Trade.id.label("trade_id"), Trade.mode, Instrument.symbol, Trade.entry_time, Trade.outcome)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .where(Trade.strategy_id.is_(None), Trade.rule_id.is_(None), *where(in_mode(Trade.mode, mode)))
        .order_by(Trade.entry_time.desc(), Trade.id)
        .limit(at_most(limit))
    )


def mode_against_account(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[UUID, TradingMode, str, TradingMode, datetime]:
    """Trades in another mode than their account: figures of real and of pretended money mix."""
    return (
        select(
            Trade.id.label("trade_id"),
            Trade.mode,
            TradingAccount.label.label("account"),
            TradingAccount.mode.label("account_mode"),
            Trade.entry_time,
        )
        .join(TradingAccount, TradingAccount.id == Trade.account_id)
        .where(Trade.mode != TradingAccount.mode, *where(in_mode(Trade.mode, mode)))
        .order_by(Trade.entry_time.desc(), Trade.id)
        .limit(at_most(limit))
    )


def orders_without_fills(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[str, TradingMode, str, str, OrderStatus, Decimal, datetime]:
    """Orders of which something was filled, with no fill that says so."""
    return (
        _orders()
        .add_columns(Order.filled_quantity, Order.created_at)
        .where(
            Order.filled_quantity > ZERO,
            ~select(Fill.id).where(Fill.order_id == Order.id).exists(),
            *where(in_mode(TradingAccount.mode, mode)),
        )
        .order_by(Order.created_at.desc(), Order.id)
        .limit(at_most(limit))
    )


def orders_against_fills(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[str, TradingMode, str, str, OrderStatus, Decimal, Decimal]:
    """Orders whose filled quantity is not what their fills add up to."""
    fills = (
        select(Fill.order_id, func.sum(Fill.quantity).label("quantity"))
        .where(Fill.order_id.is_not(None))
        .group_by(Fill.order_id)
        .subquery("fills_of_order")
    )
    return (
        _orders()
        .add_columns(Order.filled_quantity, fills.c.quantity.label("fills_quantity"))
        .join(fills, fills.c.order_id == Order.id)
        .where(fills.c.quantity != Order.filled_quantity, *where(in_mode(TradingAccount.mode, mode)))
        .order_by(Order.created_at.desc(), Order.id)
        .limit(at_most(limit))
    )


def fills_without_order(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[str, TradingMode, str, str, str | None, datetime, Decimal, Decimal]:
    """Executions whose order is not known (yet)."""
    return (
        select(
            TradingAccount.label.label("account"),
            TradingAccount.mode,
            Instrument.symbol,
            Fill.venue_trade_id,
            Fill.venue_order_id,
            Fill.executed_at,
            Fill.quantity,
            Fill.price,
        )
        .join(TradingAccount, TradingAccount.id == Fill.account_id)
        .join(Instrument, Instrument.id == Fill.instrument_id)
        .where(Fill.order_id.is_(None), *where(in_mode(TradingAccount.mode, mode)))
        .order_by(Fill.executed_at.desc(), Fill.id)
        .limit(at_most(limit))
    )


def orders_past_expiry(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[str, TradingMode, str, str, OrderStatus, datetime | None]:
    """Orders that still stand although their time is over."""
    return (
        _orders()
        .add_columns(Order.expires_at)
        .where(
            Order.status.in_([OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIAL]),
            Order.expires_at < func.now(),
            *where(in_mode(TradingAccount.mode, mode)),
        )
        .order_by(Order.expires_at, Order.id)
        .limit(at_most(limit))
    )


def positions_against_fills(
    *, mode: TradingMode | None = None, limit: int | None = ROWS
) -> Select[str, TradingMode, str, PositionSide, Decimal, Decimal]:
    """Positions whose quantity is not what the fills add up to, also where one of the two is missing."""
    signed = case((Fill.side == OrderSide.BUY, Fill.quantity), else_=-Fill.quantity)
    leaves = and_(  # a fee in what is bought, where that is exchanged: see `services.ledger.holdings`
        Fill.fee_currency == Instrument.base_currency, Instrument.kind.not_in(MARGINED), ~Instrument.is_inverse
    )
    held = signed - case((leaves, Fill.fee / Instrument.contract_size), else_=ZERO)
    fills = (
        select(Fill.account_id, Fill.instrument_id, Fill.position_side, func.sum(held).label("quantity"))
        .join(Instrument, Instrument.id == Fill.instrument_id)
        .group_by(Fill.account_id, Fill.instrument_id, Fill.position_side)
        .subquery("fills_of_position")
    )
    same = and_(
        Position.account_id == fills.c.account_id,
        Position.instrument_id == fills.c.instrument_id,
        Position.side == fills.c.position_side,
    )
    position, filled = func.coalesce(Position.quantity, ZERO), func.coalesce(fills.c.quantity, ZERO)
    side = func.coalesce(Position.side, fills.c.position_side)
    return (
        select(
            TradingAccount.label.label("account"),
            TradingAccount.mode,
            Instrument.symbol,
            side.label("side"),
            position.label("quantity"),
            filled.label("fills_quantity"),
        )
        .select_from(Position)
        .join(fills, same, full=True)
        .join(TradingAccount, TradingAccount.id == func.coalesce(Position.account_id, fills.c.account_id))
        .join(Instrument, Instrument.id == func.coalesce(Position.instrument_id, fills.c.instrument_id))
        .where(position != filled, *where(in_mode(TradingAccount.mode, mode)))
        .order_by(TradingAccount.label, TradingAccount.id, Instrument.symbol, Instrument.id, side)
        .limit(at_most(limit))
    )


def rules_against_ledger(
    *, limit: int | None = ROWS
) -> Select[UUID, str, int, float | None, Decimal | None, int, float | None, Decimal | None]:
    """Rules that remember another record than their closed trades have.

    That of live trades, or of those on paper as long as none was live; backtests are no record and do not count.
    """
    return rule_statistics.differences().limit(at_most(limit))


def lessons_against_evidence(*, limit: int | None = ROWS) -> Select[UUID, str, int, int, int, int]:
    """Lessons that remember other counts of evidence than there is."""

    def evidence(verdict: Verdict) -> ColumnElement[int]:
        found = select(func.count()).where(
            LearningEvidence.entry_id == LearningEntry.id, LearningEvidence.verdict == verdict
        )
        return found.scalar_subquery()

    supports, contradicts = evidence(Verdict.SUPPORTS), evidence(Verdict.CONTRADICTS)
    return (
        select(
            LearningEntry.id.label("lesson_id"),
            LearningEntry.insight,
            LearningEntry.validation_count,
            supports.label("supporting"),
            LearningEntry.contradiction_count,
            contradicts.label("contradicting"),
        )
        .where(or_(LearningEntry.validation_count != supports, LearningEntry.contradiction_count != contradicts))
        .order_by(LearningEntry.id)
        .limit(at_most(limit))
    )


def _orders() -> Select[str, TradingMode, str, str, OrderStatus]:
    return (
        select(
            TradingAccount.label.label("account"),
            TradingAccount.mode,
            Instrument.symbol,
            Order.client_order_id,
            Order.status,
        )
        .select_from(Order)
        .join(TradingAccount, TradingAccount.id == Order.account_id)
        .join(Instrument, Instrument.id == Order.instrument_id)
    )
