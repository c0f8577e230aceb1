"""What was decided, also to do nothing, what it rested on, and what came of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, one_of, share
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Money,
    Name,
    Payload,
    Price,
    Quantity,
    Ratio,
    Reference,
    Share,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import EnumText, UtcDateTime


class DecisionStatus(StrEnum):
    """What became of a decision."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXECUTED = "executed"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EvidenceRole(StrEnum):
    """How a decision used a piece of evidence."""

    FOR = "for"
    AGAINST = "against"
    CONTEXT = "context"


class TradingDecision(Base):
    """A decision about an instrument, also the one to do nothing."""

    __tablename__ = "trading_decisions"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"), index=True)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"), index=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    parent_insight_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("ai_insights.id", ondelete="SET NULL"), index=True
    )
    decision_type: Mapped[Code]
    action: Mapped[Code] = mapped_column(comment="buy, sell, hold, close …")
    amount: Mapped[Quantity | None]
    price: Mapped[Price | None]
    confidence: Mapped[Share | None]
    expected_value: Mapped[Money | None] = mapped_column(comment="In quote currency.")
    risk_score: Mapped[Share | None]
    reasoning: Mapped[str | None]
    algorithm: Mapped[Name | None]
    model: Mapped[Name | None] = mapped_column(comment="The model that decided.")
    model_trained_until: Mapped[datetime | None] = mapped_column(comment="What the model may know of the world.")
    session_key: Mapped[Reference | None] = mapped_column(index=True, comment="The session that it came up in.")
    status: Mapped[DecisionStatus] = mapped_column(EnumText(DecisionStatus), server_default=DecisionStatus.PROPOSED)
    decided_as_of: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="It rests only on what was known then."
    )
    executed_at: Mapped[datetime | None]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    evidence: Mapped[list[DecisionEvidence]] = relationship(
        back_populates="decision", lazy="raise", passive_deletes=True
    )
    outcomes: Mapped[list[DecisionOutcome]] = relationship(
        back_populates="decision", lazy="raise", passive_deletes=True
    )

    __table_args__ = (
        Index("ix_trading_decisions__instrument_id_created_at", "instrument_id", text("created_at DESC")),
        Index("ix_trading_decisions__status", "status", text("created_at DESC")),
        one_of("status", DecisionStatus),
        *not_blank("decision_type", "action"),
        *share("confidence", "risk_score"),
        *finite("amount", sign=">= 0"),
        *finite("price", "expected_value"),
        CheckConstraint(
            "status NOT IN ('executed', 'successful') OR executed_at IS NOT NULL", name="executed_has_time"
        ),
        {"comment": __doc__},
    )


class DecisionEvidence(Base):
    """One thing that a decision rested on."""

    __tablename__ = "decision_evidence"

    id: Mapped[UuidPK]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("trading_decisions.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, comment="The decision's owner."
    )
    insight_id: Mapped[UUID | None] = mapped_column(ForeignKey("ai_insights.id", ondelete="CASCADE"), index=True)
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("learning_entries.id", ondelete="RESTRICT"), index=True)
    prediction_id: Mapped[UUID | None] = mapped_column(ForeignKey("ml_predictions.id", ondelete="CASCADE"), index=True)
    signal_id: Mapped[UUID | None] = mapped_column(ForeignKey("signals.id", ondelete="CASCADE"), index=True)
    memory_id: Mapped[UUID | None] = mapped_column(ForeignKey("semantic_memories.id", ondelete="CASCADE"), index=True)
    role: Mapped[EvidenceRole] = mapped_column(EnumText(EvidenceRole), server_default=EvidenceRole.FOR)
    weight: Mapped[Ratio] = mapped_column(server_default="1")
    note: Mapped[str | None]
    created_at: Mapped[CreatedAt]

    decision: Mapped[TradingDecision] = relationship(back_populates="evidence", lazy="raise")

    __table_args__ = (
        UniqueConstraint(
            "decision_id",
            "insight_id",
            "entry_id",
            "prediction_id",
            "signal_id",
            "memory_id",
            name="uq_decision_evidence__decision_and_source",
            postgresql_nulls_not_distinct=True,
        ),
        one_of("role", EvidenceRole),
        CheckConstraint(
            "num_nonnulls(insight_id, entry_id, prediction_id, signal_id, memory_id) = 1", name="one_source"
        ),
        *finite("weight", sign=">= 0"),
        {"comment": __doc__},
    )


class DecisionOutcome(Base):
    """What came of a decision after a certain time."""

    __tablename__ = "decision_outcomes"

    id: Mapped[UuidPK]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("trading_decisions.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, comment="The decision's owner."
    )
    horizon: Mapped[Code] = mapped_column(server_default="final", comment="After what time: 1h, 1d, final …")
    outcome_type: Mapped[Code]
    expected_outcome: Mapped[Decimal | None]
    actual_outcome: Mapped[Decimal | None]
    profit_loss: Mapped[Money | None] = mapped_column(comment="In quote currency.")
    execution_price: Mapped[Price | None]
    executed_at: Mapped[datetime | None]
    market_conditions: Mapped[Payload]
    is_success: Mapped[bool | None] = mapped_column(comment="NULL: not to be said.")
    lessons_learned: Mapped[str | None]
    known_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="When this system learned the outcome."
    )
    created_at: Mapped[CreatedAt]

    decision: Mapped[TradingDecision] = relationship(back_populates="outcomes", lazy="raise")

    __table_args__ = (
        UniqueConstraint("decision_id", "horizon"),
        *not_blank("horizon", "outcome_type"),
        *finite("expected_outcome", "actual_outcome", "profit_loss", "execution_price"),
        {"comment": __doc__},
    )
