"""Round trips: from entry to exit, with the risk taken and what came of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, finite_items, one_of, share
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Money,
    Payload,
    Price,
    Quantity,
    Ratio,
    Reference,
    Share,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ddl import create_with
from tradingdb.core.mode import TradingMode
from tradingdb.core.types import EnumText, NumericArray
from tradingdb.models.trading.rule_record import CREATE_RULE_RECORD


class TradeDirection(StrEnum):
    """Which way a trade gains."""

    LONG = "long"
    SHORT = "short"


class TradeOutcome(StrEnum):
    """What came of a trade."""

    PENDING = "pending"
    WIN = "win"
    LOSS = "loss"
    BREAKEVEN = "breakeven"
    CANCELLED = "cancelled"


class ExitReason(StrEnum):
    """Why a trade, or a part of it, was closed."""

    TP1 = "tp1"
    TP2 = "tp2"
    TP3 = "tp3"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"
    TRAILING_STOP = "trailing_stop"
    BREAKEVEN = "breakeven"
    MOMENTUM = "momentum"
    TIME_STOP = "time_stop"
    SIGNAL = "signal"
    LIQUIDATION = "liquidation"
    MANUAL = "manual"
    END_OF_DATA = "end_of_data"


class Trade(Base):
    """A round trip: entry to exit of one position."""

    __tablename__ = "trades"

    id: Mapped[UuidPK]
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("trading_accounts.id", ondelete="RESTRICT"), comment="NULL only in backtests."
    )
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    mode: Mapped[TradingMode] = mapped_column(EnumText(TradingMode))
    backtest_run_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("backtest_runs.id", ondelete="CASCADE"), comment="The run that made it, in backtests."
    )
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"))
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategy_rules.id", ondelete="SET NULL"), index=True)
    signal_id: Mapped[UUID | None] = mapped_column(ForeignKey("signals.id", ondelete="SET NULL"), index=True)
    dedupe_key: Mapped[Reference | None] = mapped_column(comment="The recorder's own key, so that a repeat is a no-op.")
    direction: Mapped[TradeDirection] = mapped_column(EnumText(TradeDirection))
    quantity: Mapped[Quantity]
    entry_price: Mapped[Price]
    entry_time: Mapped[datetime]
    exit_price: Mapped[Price | None] = mapped_column(comment="Average over its exits. NULL while open.")
    exit_time: Mapped[datetime | None] = mapped_column(comment="When the last part was closed. NULL while open.")
    exit_reason: Mapped[ExitReason | None] = mapped_column(EnumText(ExitReason))
    outcome: Mapped[TradeOutcome] = mapped_column(EnumText(TradeOutcome), server_default=TradeOutcome.PENDING)
    initial_stop: Mapped[Price | None] = mapped_column(comment="Defines the risk taken: R counts from here.")
    current_stop: Mapped[Price | None]
    target_prices: Mapped[list[Decimal]] = mapped_column(NumericArray, server_default=text("'{}'"))
    pnl: Mapped[Money | None] = mapped_column(comment="After fees and funding, in the instrument's settle currency.")
    pnl_percent: Mapped[Ratio | None] = mapped_column(comment="Of the capital at entry; 1.5 means 1.5 %.")
    pnl_r: Mapped[Ratio | None] = mapped_column(comment="pnl / (abs(entry - initial stop) * quantity). NULL: no stop.")
    fees: Mapped[Money] = mapped_column(server_default="0")
    funding: Mapped[Money] = mapped_column(server_default="0", comment="Received; negative: paid.")
    leverage: Mapped[Ratio | None]
    margin: Mapped[Money | None]
    max_adverse_price: Mapped[Price | None] = mapped_column(comment="Worst price while open (MAE).")
    max_favorable_price: Mapped[Price | None] = mapped_column(comment="Best price while open (MFE).")
    reasoning: Mapped[str | None]
    context: Mapped[Payload] = mapped_column(comment="Price action and anything else that explains the entry.")
    confidence: Mapped[Share | None] = mapped_column(comment="At entry.")
    confluence_score: Mapped[Share | None]
    setup_type: Mapped[Code | None]
    market_phase: Mapped[Code | None]
    indicator: Mapped[Code | None]
    tags: Mapped[Texts]
    notes: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    exits: Mapped[list[TradeExit]] = relationship(back_populates="trade", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_trades__entry_time", text("entry_time DESC"), "instrument_id", "mode"),
        Index("ix_trades__instrument_id_entry_time", "instrument_id", text("entry_time DESC")),
        Index("ix_trades__strategy_id_entry_time", "strategy_id", text("entry_time DESC")),
        Index("ix_trades__account_id_entry_time", "account_id", text("entry_time DESC")),
        Index(
            "ix_trades__backtest_run_id",
            "backtest_run_id",
            postgresql_where=text("backtest_run_id IS NOT NULL"),
        ),
        Index("ix_trades__open", "account_id", "instrument_id", postgresql_where=text("outcome = 'pending'")),
        Index(
            "ix_trades__closed",
            "mode",
            text("exit_time DESC"),
            text("pnl DESC"),
            "outcome",
            postgresql_include=["entry_time"],
            postgresql_where=text("pnl IS NOT NULL"),
        ),
        Index(
            "uq_trades__dedupe_key",
            "account_id",
            "backtest_run_id",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        one_of("mode", TradingMode),
        one_of("direction", TradeDirection),
        one_of("outcome", TradeOutcome),
        one_of("exit_reason", ExitReason),
        *finite("quantity", "leverage", sign="> 0"),
        *finite("margin", sign=">= 0"),
        *finite(
            "entry_price",
            "exit_price",
            "initial_stop",
            "current_stop",
            "max_adverse_price",
            "max_favorable_price",
        ),
        *finite("pnl", "pnl_percent", "pnl_r", "fees", "funding"),
        *finite_items("target_prices"),
        *share("confidence", "confluence_score"),
        CheckConstraint("exit_time >= entry_time", name="exit_after_entry"),
        CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name="exit_is_whole"),
        CheckConstraint(
            "(outcome IN ('win', 'loss', 'breakeven')) = (exit_time IS NOT NULL)", name="closed_has_outcome"
        ),
        CheckConstraint("mode = 'backtest' OR account_id IS NOT NULL", name="account_known"),
        CheckConstraint("mode = 'backtest' OR backtest_run_id IS NULL", name="run_only_in_backtest"),
        {"comment": __doc__},
    )


class TradeExit(Base):
    """A part of a trade that was closed."""

    __tablename__ = "trade_exits"

    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trades.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="1 is the first exit.")
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("trading_accounts.id", ondelete="RESTRICT"), index=True, comment="The trade's."
    )
    fill_id: Mapped[UUID | None] = mapped_column(ForeignKey("fills.id", ondelete="RESTRICT"), index=True)
    quantity: Mapped[Quantity]
    price: Mapped[Price]
    exit_time: Mapped[datetime]
    reason: Mapped[ExitReason | None] = mapped_column(EnumText(ExitReason))
    pnl: Mapped[Money | None] = mapped_column(comment="Of this part, after its fees, in settle currency.")
    pnl_r: Mapped[Ratio | None]
    fees: Mapped[Money] = mapped_column(server_default="0")
    created_at: Mapped[CreatedAt]

    trade: Mapped[Trade] = relationship(back_populates="exits", lazy="raise")

    __table_args__ = (
        one_of("reason", ExitReason),
        CheckConstraint("sequence > 0", name="sequence_positive"),
        *finite("quantity", sign="> 0"),
        *finite("price", "pnl", "pnl_r", "fees"),
        {"comment": __doc__},
    )


create_with(Trade, *CREATE_RULE_RECORD)
