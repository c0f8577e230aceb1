"""What language models said about markets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, not_negative, sha256_sized, share
from tradingdb.core.columns import Code, CreatedAt, Digest, Money, Name, Reference, Share, UuidPK
from tradingdb.core.types import UtcDateTime


class AiAnalysis(Base):
    """What a model answered when it was asked about an instrument."""

    __tablename__ = "ai_analyses"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    model: Mapped[Name]
    analysis_type: Mapped[Code]
    prompt_sha256: Mapped[Digest | None] = mapped_column(comment="Of what was asked.")
    signal: Mapped[Code | None] = mapped_column(comment="The model's own word.")
    confidence: Mapped[Share | None]
    analysis: Mapped[str]
    raw_response: Mapped[str | None] = mapped_column(comment="As it came.")
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cost: Mapped[Money | None] = mapped_column(comment="In US dollars.")
    known_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_ai_analyses__instrument_id_created_at", "instrument_id", text("created_at DESC")),
        *not_blank("model", "analysis_type", "analysis"),
        *share("confidence"),
        *sha256_sized("prompt_sha256"),
        *not_negative("input_tokens", "output_tokens"),
        *finite("cost", sign=">= 0"),
        {"comment": __doc__},
    )


class AiInsight(Base):
    """A recommendation of a model, with its reasons."""

    __tablename__ = "ai_insights"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    analysis_id: Mapped[UUID | None] = mapped_column(ForeignKey("ai_analyses.id", ondelete="SET NULL"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), comment="NULL: the market as a whole."
    )
    insight_type: Mapped[Code]
    recommendation: Mapped[str]
    confidence: Mapped[Share | None]
    score: Mapped[float | None] = mapped_column(comment="In the model's own unit.")
    risk_level: Mapped[Code | None]
    reasoning: Mapped[str | None]
    source: Mapped[Name | None] = mapped_column(comment="The model or program that it came from.")
    raw_response: Mapped[str | None] = mapped_column(comment="As it came.")
    session_key: Mapped[Reference | None] = mapped_column(index=True, comment="The session that it came up in.")
    known_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_ai_insights__instrument_id_created_at", "instrument_id", text("created_at DESC")),
        *not_blank("insight_type", "recommendation"),
        *share("confidence"),
        *finite("score"),
        {"comment": __doc__},
    )
