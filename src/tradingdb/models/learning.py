"""What came of it: lessons, and the evidence for and against them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, one_of, share
from tradingdb.core.columns import Code, Count, CreatedAt, Payload, Ratio, Share, Texts, UpdatedAt, UuidPK
from tradingdb.core.ddl import make_append_only
from tradingdb.core.types import EnumText, UtcDateTime


class LearningStatus(StrEnum):
    """Whether a lesson is acted on."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    RETRACTED = "retracted"
    ARCHIVED = "archived"


class Verdict(StrEnum):
    """What an outcome says about a lesson."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"


class LearningEntry(Base):
    """A lesson drawn from outcomes."""

    __tablename__ = "learning_entries"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategy_rules.id", ondelete="SET NULL"), index=True)
    insight: Mapped[str] = mapped_column(comment="The lesson in a sentence or more.")
    pattern: Mapped[str | None] = mapped_column(comment="The pattern that it is about.")
    impact_type: Mapped[Code] = mapped_column(comment="What it changes: entry, exit, sizing, filter …")
    market_conditions: Mapped[Payload]
    timeframes: Mapped[Texts]
    tags: Mapped[Texts]
    notes: Mapped[str | None]
    prior: Mapped[Share] = mapped_column(server_default="0.5", comment="Confidence before any evidence.")
    confidence: Mapped[Share] = mapped_column(server_default="0.5", comment="A cache of the evidence.")
    validation_count: Mapped[Count] = mapped_column(comment="Evidence for it; a cache.")
    contradiction_count: Mapped[Count] = mapped_column(comment="Evidence against it; a cache.")
    last_validated_at: Mapped[datetime | None]
    status: Mapped[LearningStatus] = mapped_column(EnumText(LearningStatus), server_default=LearningStatus.ACTIVE)
    known_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="When this system learned it."
    )
    retracted_at: Mapped[datetime | None] = mapped_column(comment="When this system stopped believing it.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    evidence: Mapped[list[LearningEvidence]] = relationship(back_populates="entry", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_learning_entries__validation", text("validation_count DESC"), text("confidence DESC")),
        Index("ix_learning_entries__impact_type", "impact_type", text("confidence DESC")),
        one_of("status", LearningStatus),
        CheckConstraint("length(insight) >= 10", name="insight_says_something"),
        *share("prior", "confidence"),
        CheckConstraint("validation_count >= 0 AND contradiction_count >= 0", name="counts_not_negative"),
        CheckConstraint("retracted_at >= known_at", name="retracted_after_known"),
        CheckConstraint("(status = 'retracted') = (retracted_at IS NOT NULL)", name="retracted_has_time"),
        {"comment": __doc__},
    )


class LearningEvidence(Base):
    """One outcome for or against a lesson; rows are only ever added."""

    __tablename__ = "learning_evidence"

    id: Mapped[UuidPK]
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("learning_entries.id", ondelete="RESTRICT"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, comment="The lesson's owner."
    )
    trade_id: Mapped[UUID | None] = mapped_column(ForeignKey("trades.id", ondelete="RESTRICT"), index=True)
    outcome_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("decision_outcomes.id", ondelete="RESTRICT"),
        comment="The decision outcome, where no trade was made.",
    )
    verdict: Mapped[Verdict] = mapped_column(EnumText(Verdict))
    weight: Mapped[Ratio] = mapped_column(server_default="1")
    r_multiple: Mapped[Ratio | None]
    note: Mapped[str | None]
    known_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="When this system learned the outcome."
    )
    created_at: Mapped[CreatedAt]

    entry: Mapped[LearningEntry] = relationship(back_populates="evidence", lazy="raise")

    __table_args__ = (
        UniqueConstraint("entry_id", "trade_id"),
        UniqueConstraint("entry_id", "outcome_id"),
        Index("ix_learning_evidence__outcome_id", "outcome_id", postgresql_where=text("outcome_id IS NOT NULL")),
        one_of("verdict", Verdict),
        CheckConstraint("num_nonnulls(trade_id, outcome_id) = 1", name="one_outcome"),
        *finite("weight", sign="> 0"),
        *finite("r_multiple"),
        {"comment": __doc__},
    )


make_append_only(LearningEvidence)
