"""Work of several steps that agents do together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, not_blank, not_negative, one_of
from tradingdb.core.columns import CreatedAt, Name, Payload, Reference, TrueByDefault, UpdatedAt, UuidPK
from tradingdb.core.types import EnumText


class ExecutionStatus(StrEnum):
    """Where a run of a workflow is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Workflow(Base):
    """One version of a workflow's definition."""

    __tablename__ = "workflows"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True, comment="Owner. NULL: the platform's own."
    )
    workflow_id: Mapped[Reference] = mapped_column(comment="The same for all versions.")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    name: Mapped[Name]
    description: Mapped[str | None]
    definition: Mapped[Payload]
    is_active: Mapped[TrueByDefault]
    created_by: Mapped[Name | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    executions: Mapped[list[WorkflowExecution]] = relationship(
        back_populates="workflow", lazy="raise", passive_deletes=True
    )

    __table_args__ = (
        UniqueConstraint("workflow_id", "version"),
        *not_blank("workflow_id", "name"),
        CheckConstraint("version > 0", name="version_positive"),
        {"comment": __doc__},
    )


class WorkflowExecution(Base):
    """A run of one version of a workflow."""

    __tablename__ = "workflow_executions"

    id: Mapped[UuidPK]
    execution_id: Mapped[Reference] = mapped_column(unique=True, comment="The starter's own name for it.")
    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    status: Mapped[ExecutionStatus] = mapped_column(EnumText(ExecutionStatus), server_default=ExecutionStatus.PENDING)
    current_step: Mapped[Name | None]
    total_steps: Mapped[int | None] = mapped_column(Integer)
    completed_steps: Mapped[int] = mapped_column(Integer, server_default="0")
    step_states: Mapped[Payload] = mapped_column(comment="What each step left behind, by its name.")
    input: Mapped[Payload]
    result: Mapped[Payload]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_by: Mapped[Reference | None] = mapped_column(comment="The worker that has it.")
    claimed_until: Mapped[datetime | None] = mapped_column(comment="After this another worker may take it.")
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    created_by: Mapped[Name | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    workflow: Mapped[Workflow] = relationship(back_populates="executions", lazy="raise")

    __table_args__ = (
        Index(
            "ix_workflow_executions__unfinished",
            "created_at",
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        one_of("status", ExecutionStatus),
        *not_blank("execution_id"),
        *not_negative("total_steps", "completed_steps", "attempts"),
        CheckConstraint("completed_steps <= total_steps", name="completed_within_total"),
        CheckConstraint("completed_at >= started_at", name="completed_after_started"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claim_is_whole"),
        {"comment": __doc__},
    )
