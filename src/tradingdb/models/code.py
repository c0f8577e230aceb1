"""The platform's own code: its files, their figures, and what should be mended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, not_negative, one_of, sha256_sized, share
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Digest,
    FalseByDefault,
    Name,
    Payload,
    Reference,
    Share,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import EnumText, UtcDateTime


class IssueSeverity(StrEnum):
    """How bad an issue is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IssueState(StrEnum):
    """Where an issue is."""

    DETECTED = "detected"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    FIXED = "fixed"
    IGNORED = "ignored"
    CLOSED = "closed"


class CodeFile(Base):
    """A source file, as it was last analysed."""

    __tablename__ = "code_files"

    id: Mapped[UuidPK]
    path: Mapped[Reference] = mapped_column(unique=True)
    file_name: Mapped[Name | None]
    file_type: Mapped[Code | None]
    language: Mapped[Code | None]
    module_name: Mapped[Name | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    line_count: Mapped[int | None]
    class_count: Mapped[int | None]
    function_count: Mapped[int | None]
    facts_count: Mapped[int] = mapped_column(Integer, server_default="0", comment="Facts that were extracted from it.")
    complexity: Mapped[float | None] = mapped_column(comment="In the analyser's own unit.")
    test_coverage: Mapped[Share | None]
    content_sha256: Mapped[Digest | None]
    dependencies: Mapped[Texts]
    details: Mapped[Payload]
    modified_at: Mapped[datetime | None]
    analyzed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    metrics: Mapped[list[CodeMetric]] = relationship(back_populates="file", lazy="raise", passive_deletes=True)
    issues: Mapped[list[CodeIssue]] = relationship(back_populates="file", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_code_files__language", "language"),
        *not_blank("path"),
        *not_negative("size_bytes", "line_count", "class_count", "function_count", "facts_count"),
        *finite("complexity", sign=">= 0"),
        *share("test_coverage"),
        *sha256_sized("content_sha256"),
        {"comment": __doc__},
    )


class CodeMetric(Base):
    """A figure of a file, as it was measured once."""

    __tablename__ = "code_metrics"

    id: Mapped[UuidPK]
    file_id: Mapped[UUID] = mapped_column(ForeignKey("code_files.id", ondelete="CASCADE"))
    metric_type: Mapped[Code]
    name: Mapped[Name]
    value: Mapped[float]
    baseline_value: Mapped[float | None]
    threshold_value: Mapped[float | None]
    status: Mapped[Code] = mapped_column(server_default="ok")
    details: Mapped[Payload]
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    file: Mapped[CodeFile] = relationship(back_populates="metrics", lazy="raise")

    __table_args__ = (
        Index("ix_code_metrics__file_id_type", "file_id", "metric_type", text("measured_at DESC")),
        *not_blank("metric_type", "name"),
        *finite("value", "baseline_value", "threshold_value"),
        {"comment": __doc__},
    )


class CodeIssue(Base):
    """Something in the code that should be mended."""

    __tablename__ = "code_issues"

    id: Mapped[UuidPK]
    issue_id: Mapped[Reference | None] = mapped_column(unique=True, comment="The finder's own name for it.")
    file_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("code_files.id", ondelete="SET NULL"), index=True, comment="NULL: not in one file, or it is gone."
    )
    file_path: Mapped[str | None] = mapped_column(comment="Kept when the file has gone.")
    line_number: Mapped[int | None]
    issue_type: Mapped[Code]
    severity: Mapped[IssueSeverity] = mapped_column(EnumText(IssueSeverity))
    state: Mapped[IssueState] = mapped_column(EnumText(IssueState), server_default=IssueState.DETECTED)
    priority: Mapped[Code] = mapped_column(server_default="medium")
    title: Mapped[str | None]
    description: Mapped[str | None]
    code_snippet: Mapped[str | None]
    suggested_fix: Mapped[str | None]
    is_auto_fixable: Mapped[FalseByDefault]
    fix_status: Mapped[Code] = mapped_column(server_default="pending")
    assigned_to: Mapped[Name | None]
    labels: Mapped[Texts]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    fixed_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]

    file: Mapped[CodeFile | None] = relationship(back_populates="issues", lazy="raise")

    __table_args__ = (
        Index("ix_code_issues__state_severity", "state", "severity"),
        one_of("severity", IssueSeverity),
        one_of("state", IssueState),
        *not_blank("issue_type"),
        *not_negative("line_number"),
        CheckConstraint("num_nonnulls(title, description) > 0", name="says_something"),
        {"comment": __doc__},
    )
