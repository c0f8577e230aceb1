"""What to trade: strategies, the rules they learned, and the signals that fired."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, finite_items, not_blank, one_of, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    CText,
    Name,
    Payload,
    Price,
    Ratio,
    Reference,
    Share,
    Texts,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import EnumText, NumericArray, TypedJson


class StrategyStatus(StrEnum):
    """Where a strategy is in its life."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    ACTIVE = "active"
    PAUSED = "paused"
    INACTIVE = "inactive"
    REJECTED = "rejected"
    ARCHIVED = "archived"


class RuleSource(StrEnum):
    """What a rule was learned from."""

    PDF = "pdf"
    YOUTUBE = "youtube"
    VIDEO = "video"
    IMAGE = "image"
    TEXT = "text"
    URL = "url"
    MANUAL = "manual"
    SYSTEM = "system"


class SignalDirection(StrEnum):
    """Which way a signal points."""

    LONG = "long"
    SHORT = "short"
    NEUTRAL = "neutral"


class SignalStatus(StrEnum):
    """What became of a signal."""

    PENDING = "pending"
    TRIGGERED = "triggered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class RiskParameters(BaseModel):
    """Limits on what may be lost. Fractions of equity are 0..1; keys of a platform's own are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    risk_per_trade: Decimal | None = None
    max_position_size: Decimal | None = None
    max_open_positions: int | None = None
    max_drawdown: Decimal | None = None
    max_daily_loss: Decimal | None = None
    max_leverage: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class Strategy(Base):
    """A way of trading, with its parameters and limits."""

    __tablename__ = "strategies"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="Owner. NULL: the platform's own."
    )
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    name: Mapped[Name]
    description: Mapped[str | None]
    kind: Mapped[Code | None] = mapped_column(comment="For example trend, mean_reversion, liquidity_provision.")
    symbols: Mapped[Texts]
    timeframes: Mapped[Texts]
    parameters: Mapped[Payload]
    entry_conditions: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    exit_conditions: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    allocation: Mapped[dict[str, Decimal]] = mapped_column(
        TypedJson(dict[str, Decimal]), server_default=text("'{}'"), comment="Symbol to share of capital."
    )
    risk_profile: Mapped[Code | None]
    risk_limits: Mapped[RiskParameters] = mapped_column(TypedJson(RiskParameters), server_default=text("'{}'"))
    monitoring: Mapped[Payload]
    confidence: Mapped[Share | None]
    reasoning: Mapped[str | None]
    status: Mapped[StrategyStatus] = mapped_column(EnumText(StrategyStatus), server_default=StrategyStatus.DRAFT)
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    rules: Mapped[list[StrategyRule]] = relationship(back_populates="strategy", lazy="raise", passive_deletes=True)

    __table_args__ = (
        UniqueConstraint("user_id", "name", postgresql_nulls_not_distinct=True),
        Index("ix_strategies__status", "status", "updated_at"),
        one_of("status", StrategyStatus),
        *not_blank("name"),
        *share("confidence"),
        CheckConstraint("version > 0", name="version_positive"),
        {"comment": __doc__},
    )


class StrategyRule(Base):
    """A learned entry pattern with its conditions, risk and record."""

    __tablename__ = "strategy_rules"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"), index=True)
    name: Mapped[Name]
    description: Mapped[str | None]
    source_type: Mapped[RuleSource] = mapped_column(EnumText(RuleSource), server_default=RuleSource.MANUAL)
    source_ref: Mapped[str] = mapped_column(server_default="", comment="File path, URL or free text.")
    source_timestamp: Mapped[float | None] = mapped_column(comment="Seconds into a video.")
    source_page_number: Mapped[int | None]
    entry_type: Mapped[Code] = mapped_column(
        index=True, comment="Name of the pattern in its author's vocabulary: breakout, fakeout, small_wick …"
    )
    conditions: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    confluence_required: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    risk_params: Mapped[RiskParameters] = mapped_column(TypedJson(RiskParameters), server_default=text("'{}'"))
    confidence: Mapped[Share] = mapped_column(server_default="0.5")
    trade_count: Mapped[Count] = mapped_column(comment="Closed trades of the rule; a cache of the ledger.")
    win_rate: Mapped[Share | None] = mapped_column(comment="A cache of the ledger. NULL: no closed trade.")
    avg_r_multiple: Mapped[Ratio | None] = mapped_column(comment="A cache of the ledger. NULL: no trade with a stop.")
    tags: Mapped[Texts]
    notes: Mapped[str | None]
    is_enabled: Mapped[TrueByDefault]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    strategy: Mapped[Strategy | None] = relationship(back_populates="rules", lazy="raise")

    __table_args__ = (
        Index(
            "ix_strategy_rules__performance",
            text("confidence DESC"),
            text("win_rate DESC NULLS LAST"),
            text("trade_count DESC"),
        ),
        Index("ix_strategy_rules__source", "source_type", text("left(source_ref, 500)")),
        one_of("source_type", RuleSource),
        *not_blank("name", "entry_type"),
        *share("confidence", "win_rate"),
        *finite("avg_r_multiple"),
        *finite("source_timestamp", sign=">= 0"),
        CheckConstraint("trade_count >= 0", name="trade_count_not_negative"),
        CheckConstraint("source_page_number > 0", name="source_page_number_positive"),
        {"comment": __doc__},
    )


class Signal(Base):
    """A rule or strategy fired on an instrument."""

    __tablename__ = "signals"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="CASCADE"))
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategy_rules.id", ondelete="SET NULL"), index=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    timeframe: Mapped[CText | None]
    kind: Mapped[Code] = mapped_column(comment="The emitter's own word: buy, sell, hold, momentum …")
    direction: Mapped[SignalDirection] = mapped_column(EnumText(SignalDirection))
    strength: Mapped[float | None] = mapped_column(Double, comment="In the emitter's own unit.")
    confidence: Mapped[Share | None]
    entry_price: Mapped[Price | None]
    stop_price: Mapped[Price | None]
    target_prices: Mapped[list[Decimal]] = mapped_column(NumericArray, server_default=text("'{}'"))
    indicators: Mapped[Payload]
    patterns: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    context: Mapped[Payload]
    reasoning: Mapped[str | None]
    source: Mapped[Reference | None]
    status: Mapped[SignalStatus] = mapped_column(EnumText(SignalStatus), server_default=SignalStatus.PENDING)
    fired_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(comment="NULL: stands until acted on.")
    triggered_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index("ix_signals__instrument_id_fired_at", "instrument_id", text("fired_at DESC")),
        Index("ix_signals__strategy_id_fired_at", "strategy_id", text("fired_at DESC")),
        Index("ix_signals__fired_at", text("fired_at DESC"), "instrument_id"),
        Index("ix_signals__pending", "expires_at", postgresql_where=text("status = 'pending'")),
        one_of("timeframe", Timeframe),
        one_of("direction", SignalDirection),
        one_of("status", SignalStatus),
        *share("confidence"),
        *finite("strength", "entry_price", "stop_price"),
        *finite_items("target_prices"),
        CheckConstraint("expires_at > fired_at", name="expires_after_fired"),
        {"comment": __doc__},
    )
