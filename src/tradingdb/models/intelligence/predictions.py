"""Models that predict, and what they predicted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, one_of, sha256_sized, share
from tradingdb.core.columns import Code, CreatedAt, Digest, Name, Payload, Reference, Share, UpdatedAt, UuidPK
from tradingdb.core.types import EnumText, UtcDateTime


class ModelStage(StrEnum):
    """How far a model has come."""

    TRAINED = "trained"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    FAILED = "failed"


class MlModel(Base):
    """One version of a model that predicts."""

    __tablename__ = "ml_models"

    id: Mapped[UuidPK]
    name: Mapped[Name] = mapped_column(comment="The same for all versions.")
    version: Mapped[Name]
    model_type: Mapped[Code]
    algorithm: Mapped[Name | None]
    parameters: Mapped[Payload]
    training_metrics: Mapped[Payload]
    validation_metrics: Mapped[Payload]
    dataset_id: Mapped[UUID | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    artifact_path: Mapped[str | None] = mapped_column(comment="File of the trained model.")
    artifact_url: Mapped[str | None] = mapped_column(comment="Where it can be fetched.")
    artifact_sha256: Mapped[Digest | None]
    trained_until: Mapped[datetime | None] = mapped_column(comment="End of the training data.")
    stage: Mapped[ModelStage] = mapped_column(EnumText(ModelStage), server_default=ModelStage.TRAINED)
    deployed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    predictions: Mapped[list[MlPrediction]] = relationship(back_populates="model", lazy="raise", passive_deletes=True)

    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index("ix_ml_models__stage", "stage", text("created_at DESC")),
        one_of("stage", ModelStage),
        *not_blank("name", "version", "model_type"),
        *sha256_sized("artifact_sha256"),
        {"comment": __doc__},
    )


class MlPrediction(Base):
    """What a model said would happen, and, once, what did."""

    __tablename__ = "ml_predictions"

    id: Mapped[UuidPK]
    model_id: Mapped[UUID] = mapped_column(ForeignKey("ml_models.id", ondelete="RESTRICT"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    prediction_type: Mapped[Code] = mapped_column(comment="price, return, direction, volatility …")
    horizon: Mapped[Code | None]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    target_at: Mapped[datetime | None] = mapped_column(comment="When it can be checked.")
    predicted_value: Mapped[float | None]
    probability: Mapped[Share | None] = mapped_column(comment="That what was predicted happens.")
    lower_value: Mapped[float | None]
    upper_value: Mapped[float | None]
    confidence: Mapped[Share | None]
    features: Mapped[Payload] = mapped_column(comment="What it was computed from.")
    session_key: Mapped[Reference | None] = mapped_column(index=True, comment="The session that it came up in.")
    actual_value: Mapped[float | None]
    error: Mapped[float | None] = mapped_column(comment="Predicted minus actual.")
    accuracy: Mapped[float | None] = mapped_column(comment="In the scorer's own unit.")
    resolved_at: Mapped[datetime | None] = mapped_column(comment="When the actual value was known.")
    created_at: Mapped[CreatedAt]

    model: Mapped[MlModel] = relationship(back_populates="predictions", lazy="raise")

    __table_args__ = (
        Index("ix_ml_predictions__model_id_made_at", "model_id", text("made_at DESC")),
        Index("ix_ml_predictions__instrument_id_made_at", "instrument_id", text("made_at DESC")),
        Index("ix_ml_predictions__unresolved", "target_at", postgresql_where=text("resolved_at IS NULL")),
        *not_blank("prediction_type"),
        *share("probability", "confidence"),
        *finite("predicted_value", "lower_value", "upper_value", "actual_value", "error", "accuracy"),
        CheckConstraint("upper_value >= lower_value", name="interval_ordered"),
        CheckConstraint("target_at >= made_at", name="target_is_ahead"),
        CheckConstraint("num_nonnulls(predicted_value, probability) > 0", name="says_something"),
        CheckConstraint("actual_value IS NULL OR resolved_at IS NOT NULL", name="actual_has_time"),
        {"comment": __doc__},
    )
