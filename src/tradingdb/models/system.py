"""The platform about itself: its configuration, how it is, what went wrong, and what others should hear of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, not_negative, one_of, sha256_sized
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    CText,
    Digest,
    Name,
    Payload,
    Reference,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ids import uuid7
from tradingdb.core.types import EnumText, UtcDateTime


class ComponentStatus(StrEnum):
    """How a component is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class MetricKind(StrEnum):
    """What a metric's value means."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Severity(StrEnum):
    """How much an event matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class SystemConfig(Base):
    """One value that a configuration key had; a change is a new row, so the history is kept."""

    __tablename__ = "system_config"

    key: Mapped[Name] = mapped_column(primary_key=True, comment="Dotted, for example risk.max_leverage.")
    version: Mapped[int] = mapped_column(Integer, primary_key=True, server_default="1", autoincrement=False)
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), comment="Any JSON value, with its type.")
    description: Mapped[str | None]
    updated_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True, comment="Who. NULL: the platform itself."
    )
    updated_by_name: Mapped[Name | None] = mapped_column(comment="Where it was a program.")
    created_at: Mapped[CreatedAt]
    superseded_at: Mapped[datetime | None] = mapped_column(comment="NULL: the value in force.")

    __table_args__ = (
        Index("uq_system_config__in_force", "key", unique=True, postgresql_where=text("superseded_at IS NULL")),
        *not_blank("key"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint("superseded_at >= created_at", name="superseded_after_created"),
        {"comment": __doc__},
    )


class SystemHealth(Base):
    """How a component was at one instant."""

    __tablename__ = "system_health"

    component: Mapped[CText] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    status: Mapped[ComponentStatus] = mapped_column(EnumText(ComponentStatus))
    latency_ms: Mapped[float | None]
    response_time_ms: Mapped[float | None]
    network_latency_ms: Mapped[float | None]
    uptime_seconds: Mapped[int | None] = mapped_column(BigInteger)
    cpu_percent: Mapped[float | None]
    memory_percent: Mapped[float | None]
    memory_mb: Mapped[float | None]
    disk_percent: Mapped[float | None]
    active_connections: Mapped[int | None]
    queue_depth: Mapped[int | None]
    error_count: Mapped[Count]
    error_rate: Mapped[float | None] = mapped_column(comment="Errors per second.")
    last_error: Mapped[str | None]
    details: Mapped[Payload]

    __table_args__ = (
        Index("ix_system_health__checked_at", "checked_at", postgresql_using="brin"),
        one_of("status", ComponentStatus),
        *finite("latency_ms", "response_time_ms", "network_latency_ms", "error_rate", sign=">= 0"),
        *finite("cpu_percent", "memory_percent", "memory_mb", "disk_percent", sign=">= 0"),
        *not_negative("uptime_seconds", "active_connections", "queue_depth", "error_count"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (checked_at)"},
    )


class SystemMetric(Base):
    """A figure that a component measured at one instant."""

    __tablename__ = "system_metrics"

    metric: Mapped[CText] = mapped_column(primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, comment="Keeps values of one instant apart; repeated writes are no-ops."
    )
    kind: Mapped[MetricKind] = mapped_column(EnumText(MetricKind), server_default=MetricKind.GAUGE)
    value: Mapped[float]
    unit: Mapped[CText | None]
    component: Mapped[CText | None]
    service: Mapped[CText | None]
    environment: Mapped[CText | None]
    tags: Mapped[Payload]

    __table_args__ = (
        one_of("kind", MetricKind),
        *finite("value"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (measured_at)"},
    )


class MonitoringEvent(Base):
    """Something that somebody should look at, until it is resolved."""

    __tablename__ = "monitoring_events"

    id: Mapped[UuidPK]
    event_type: Mapped[Code]
    component: Mapped[Code]
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    title: Mapped[str]
    message: Mapped[str | None]
    metric_value: Mapped[float | None]
    threshold_value: Mapped[float | None]
    action_taken: Mapped[str | None]
    details: Mapped[Payload]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    resolved_at: Mapped[datetime | None] = mapped_column(comment="NULL: not yet.")
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_monitoring_events__component_occurred_at", "component", text("occurred_at DESC")),
        Index("ix_monitoring_events__unresolved", "occurred_at", postgresql_where=text("resolved_at IS NULL")),
        one_of("severity", Severity),
        *not_blank("event_type", "component", "title"),
        *finite("metric_value", "threshold_value"),
        CheckConstraint("resolved_at >= occurred_at", name="resolved_after_occurred"),
        {"comment": __doc__},
    )


class ErrorLog(Base):
    """An error that a component met, with its stack."""

    __tablename__ = "error_logs"

    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    error_id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, comment="Keeps errors of one instant apart."
    )
    fingerprint: Mapped[Digest | None] = mapped_column(comment="The same for errors that are the same defect.")
    error_type: Mapped[CText]
    message: Mapped[str | None]
    severity: Mapped[Severity] = mapped_column(EnumText(Severity), server_default=Severity.ERROR)
    stack_trace: Mapped[str | None]
    component: Mapped[CText | None]
    service: Mapped[CText | None]
    environment: Mapped[CText | None]
    function_name: Mapped[str | None]
    file_path: Mapped[str | None]
    line_number: Mapped[int | None]
    user_id: Mapped[UUID | None]
    session_key: Mapped[str | None]
    request: Mapped[dict[str, Any] | None]
    context: Mapped[dict[str, Any] | None]
    retry_count: Mapped[int] = mapped_column(Integer, server_default="0")
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]

    __table_args__ = (
        Index("ix_error_logs__error_type_occurred_at", "error_type", "occurred_at"),
        Index("ix_error_logs__fingerprint", "fingerprint"),
        one_of("severity", Severity),
        *sha256_sized("fingerprint"),
        *not_negative("retry_count", "line_number"),
        CheckConstraint("resolved_at >= occurred_at", name="resolved_after_occurred"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (occurred_at)"},
    )


class OutboxEvent(Base):
    """Something that happened, written in the transaction in which it did, for other services to read."""

    __tablename__ = "outbox_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        comment="What is below the oldest transaction under way is complete and may be read.",
    )
    topic: Mapped[Code] = mapped_column(comment="For example order.filled.")
    entity: Mapped[Code] = mapped_column(comment="Table of what it is about.")
    entity_key: Mapped[Reference] = mapped_column(comment="Its primary key, as text.")
    account_id: Mapped[UUID | None] = mapped_column(comment="Whose event it is, also once the account is gone.")
    payload: Mapped[Payload] = mapped_column(comment="What happened.")
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.clock_timestamp())

    __table_args__ = (
        Index("ix_outbox_events__transaction_id_id", "transaction_id", "id"),
        *not_blank("topic", "entity"),
        {"comment": __doc__},
    )


class OutboxConsumer(Base):
    """How far a consumer of the outbox has read, stored in the transaction of what it did with the events."""

    __tablename__ = "outbox_consumers"

    name: Mapped[Code] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, comment="Of the last event that was consumed, with its id: a cursor."
    )
    last_id: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (*not_blank("name"), *not_negative("last_id"), {"comment": __doc__})
