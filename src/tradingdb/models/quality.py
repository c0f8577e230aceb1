"""Getting data in, and how good they are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, not_negative, one_of, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    CText,
    FalseByDefault,
    Name,
    Payload,
    Reference,
    Share,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import EnumText, TypedJson, UtcDateTime


class JobStatus(StrEnum):
    """Where a job is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DataIngestionJob(Base):
    """A range of market data to be fetched from a source, and how far it has come."""

    __tablename__ = "data_ingestion_jobs"

    id: Mapped[UuidPK]
    job_id: Mapped[Reference] = mapped_column(unique=True, comment="The requester's own name for it.")
    job_type: Mapped[Code]
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", ondelete="CASCADE"), index=True, comment="NULL: not about one instrument."
    )
    source: Mapped[Code]
    timeframe: Mapped[CText | None]
    range_start: Mapped[datetime | None]
    range_end: Mapped[datetime | None]
    factors_requested: Mapped[Texts]
    status: Mapped[JobStatus] = mapped_column(EnumText(JobStatus), server_default=JobStatus.PENDING)
    progress: Mapped[Share] = mapped_column(server_default="0", comment="0 to 1.")
    records_total: Mapped[int | None]
    records_processed: Mapped[Count]
    records_inserted: Mapped[Count]
    records_updated: Mapped[Count]
    validation_failures: Mapped[Count]
    quality_issues: Mapped[Count]
    priority: Mapped[int] = mapped_column(Integer, server_default="0", comment="Higher goes first.")
    claimed_by: Mapped[Reference | None] = mapped_column(comment="The worker that has it.")
    claimed_until: Mapped[datetime | None] = mapped_column(comment="After this another worker may take it.")
    retry_count: Mapped[int] = mapped_column(Integer, server_default="0")
    max_retries: Mapped[int] = mapped_column(Integer, server_default="3")
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    estimated_completion_at: Mapped[datetime | None]
    error_message: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index(
            "ix_data_ingestion_jobs__waiting",
            text("priority DESC"),
            "created_at",
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        one_of("status", JobStatus),
        one_of("timeframe", Timeframe),
        *not_blank("job_id", "job_type", "source"),
        *share("progress"),
        *not_negative("records_total", "records_processed", "records_inserted", "records_updated"),
        *not_negative("validation_failures", "quality_issues", "retry_count", "max_retries"),
        CheckConstraint("range_end >= range_start", name="range_ordered"),
        CheckConstraint("completed_at >= started_at", name="completed_after_started"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claim_is_whole"),
        {"comment": __doc__},
    )


class IngestionTask(Base):
    """A document or a video to be turned into strategy rules."""

    __tablename__ = "ingestion_tasks"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    source_type: Mapped[Code] = mapped_column(comment="pdf, video, manual, system …")
    source_ref: Mapped[str] = mapped_column(comment="File or address.")
    strategy_name: Mapped[Name | None]
    tags: Mapped[Texts]
    extract_frames: Mapped[FalseByDefault] = mapped_column(comment="Also look at pictures of a video.")
    status: Mapped[JobStatus] = mapped_column(EnumText(JobStatus), server_default=JobStatus.PENDING)
    error_message: Mapped[str | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    rules: Mapped[list[IngestionTaskRule]] = relationship(back_populates="task", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_ingestion_tasks__status", "status", "created_at"),
        one_of("status", JobStatus),
        *not_blank("source_type", "source_ref"),
        CheckConstraint("completed_at >= started_at", name="completed_after_started"),
        {"comment": __doc__},
    )


class IngestionTaskRule(Base):
    """A rule that an ingestion task found."""

    __tablename__ = "ingestion_task_rules"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("ingestion_tasks.id", ondelete="CASCADE"), primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(
        ForeignKey("strategy_rules.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    task: Mapped[IngestionTask] = relationship(back_populates="rules", lazy="raise")

    __table_args__ = ({"comment": __doc__},)


class DataQualityMetrics(Base):
    """How good one source's data of an instrument were at one instant."""

    __tablename__ = "data_quality_metrics"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    source: Mapped[CText] = mapped_column(primary_key=True)
    factor: Mapped[CText] = mapped_column(
        primary_key=True, server_default="", comment="Name of a factor. Empty: the market data themselves."
    )
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    completeness_score: Mapped[Share | None]
    accuracy_score: Mapped[Share | None]
    consistency_score: Mapped[Share | None]
    timeliness_score: Mapped[Share | None]
    overall_quality_score: Mapped[Share | None]
    missing_data_points: Mapped[int | None]
    outlier_count: Mapped[int | None]
    validation_failures: Mapped[int | None]
    cross_source_deviation: Mapped[float | None] = mapped_column(comment="A fraction of the other sources' median.")
    staleness_minutes: Mapped[float | None]
    failed_rules: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    recommendations: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    details: Mapped[Payload]
    is_alerting: Mapped[FalseByDefault] = mapped_column(comment="A threshold was crossed.")
    alert_sent: Mapped[FalseByDefault]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        *share("completeness_score", "accuracy_score", "consistency_score", "timeliness_score"),
        *share("overall_quality_score"),
        *not_negative("missing_data_points", "outlier_count", "validation_failures"),
        *finite("cross_source_deviation", "staleness_minutes", sign=">= 0"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (measured_at)"},
    )
