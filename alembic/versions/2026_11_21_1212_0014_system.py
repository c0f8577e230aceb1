"""Configuration, health, errors and the outbox.

Why:
    The platform could not say how it was, nor tell other services what happened.
Locks:
    None that anybody waits for: every table is new.
Safe while old code runs:
    Yes: the release before this one knows none of these tables.
Undo:
    Drops the tables with their data, partitions included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "error_logs",
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("error_id", sa.Uuid(), nullable=False, comment="Keeps errors of one instant apart."),
        sa.Column(
            "fingerprint", sa.LargeBinary(), nullable=True, comment="The same for errors that are the same defect."
        ),
        sa.Column("error_type", sa.Text(collation="C"), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), server_default="error", nullable=False),
        sa.Column("stack_trace", sa.Text(), nullable=True),
        sa.Column("component", sa.Text(collation="C"), nullable=True),
        sa.Column("service", sa.Text(collation="C"), nullable=True),
        sa.Column("environment", sa.Text(collation="C"), nullable=True),
        sa.Column("function_name", sa.Text(), nullable=True),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("line_number", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_key", sa.Text(), nullable=True),
        sa.Column("request", postgresql.JSONB(), nullable=True),
        sa.Column("context", postgresql.JSONB(), nullable=True),
        sa.Column("retry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resolved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "severity IN ('debug', 'info', 'warning', 'error', 'critical')", name=op.f("ck_error_logs__severity_known")
        ),
        sa.CheckConstraint("line_number >= 0", name=op.f("ck_error_logs__line_number_not_negative")),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name=op.f("ck_error_logs__fingerprint_sha256")),
        sa.CheckConstraint("resolved_at >= occurred_at", name=op.f("ck_error_logs__resolved_after_occurred")),
        sa.CheckConstraint("retry_count >= 0", name=op.f("ck_error_logs__retry_count_not_negative")),
        sa.PrimaryKeyConstraint("occurred_at", "error_id", name=op.f("pk_error_logs")),
        comment="An error that a component met, with its stack.",
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_index("ix_error_logs__error_type_occurred_at", "error_logs", ["error_type", "occurred_at"], unique=False)
    op.create_index("ix_error_logs__fingerprint", "error_logs", ["fingerprint"], unique=False)
    op.create_table(
        "monitoring_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("metric_value", sa.Double(), nullable=True),
        sa.Column("threshold_value", sa.Double(), nullable=True),
        sa.Column("action_taken", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="NULL: not yet."),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("component ~ '\\S'", name=op.f("ck_monitoring_events__component_not_blank")),
        sa.CheckConstraint("event_type ~ '\\S'", name=op.f("ck_monitoring_events__event_type_not_blank")),
        sa.CheckConstraint(
            "metric_value > '-Infinity' AND metric_value < 'Infinity'",
            name=op.f("ck_monitoring_events__metric_value_finite"),
        ),
        sa.CheckConstraint(
            "severity IN ('debug', 'info', 'warning', 'error', 'critical')",
            name=op.f("ck_monitoring_events__severity_known"),
        ),
        sa.CheckConstraint(
            "threshold_value > '-Infinity' AND threshold_value < 'Infinity'",
            name=op.f("ck_monitoring_events__threshold_value_finite"),
        ),
        sa.CheckConstraint("title ~ '\\S'", name=op.f("ck_monitoring_events__title_not_blank")),
        sa.CheckConstraint("resolved_at >= occurred_at", name=op.f("ck_monitoring_events__resolved_after_occurred")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_events")),
        comment="Something that somebody should look at, until it is resolved.",
    )
    op.create_index(
        "ix_monitoring_events__component_occurred_at",
        "monitoring_events",
        ["component", sa.literal_column("occurred_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_monitoring_events__unresolved",
        "monitoring_events",
        ["occurred_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "system_health",
        sa.Column("component", sa.Text(collation="C"), nullable=False),
        sa.Column("checked_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("response_time_ms", sa.Double(), nullable=True),
        sa.Column("network_latency_ms", sa.Double(), nullable=True),
        sa.Column("uptime_seconds", sa.BigInteger(), nullable=True),
        sa.Column("cpu_percent", sa.Double(), nullable=True),
        sa.Column("memory_percent", sa.Double(), nullable=True),
        sa.Column("memory_mb", sa.Double(), nullable=True),
        sa.Column("disk_percent", sa.Double(), nullable=True),
        sa.Column("active_connections", sa.Integer(), nullable=True),
        sa.Column("queue_depth", sa.Integer(), nullable=True),
        sa.Column("error_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("error_rate", sa.Double(), nullable=True, comment="Errors per second."),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "cpu_percent >= 0 AND cpu_percent < 'Infinity'", name=op.f("ck_system_health__cpu_percent_not_negative")
        ),
        sa.CheckConstraint(
            "disk_percent >= 0 AND disk_percent < 'Infinity'", name=op.f("ck_system_health__disk_percent_not_negative")
        ),
        sa.CheckConstraint(
            "error_rate >= 0 AND error_rate < 'Infinity'", name=op.f("ck_system_health__error_rate_not_negative")
        ),
        sa.CheckConstraint(
            "latency_ms >= 0 AND latency_ms < 'Infinity'", name=op.f("ck_system_health__latency_ms_not_negative")
        ),
        sa.CheckConstraint(
            "memory_mb >= 0 AND memory_mb < 'Infinity'", name=op.f("ck_system_health__memory_mb_not_negative")
        ),
        sa.CheckConstraint(
            "memory_percent >= 0 AND memory_percent < 'Infinity'",
            name=op.f("ck_system_health__memory_percent_not_negative"),
        ),
        sa.CheckConstraint(
            "network_latency_ms >= 0 AND network_latency_ms < 'Infinity'",
            name=op.f("ck_system_health__network_latency_ms_not_negative"),
        ),
        sa.CheckConstraint(
            "response_time_ms >= 0 AND response_time_ms < 'Infinity'",
            name=op.f("ck_system_health__response_time_ms_not_negative"),
        ),
        sa.CheckConstraint(
            "status IN ('healthy', 'degraded', 'down', 'unknown')", name=op.f("ck_system_health__status_known")
        ),
        sa.CheckConstraint("active_connections >= 0", name=op.f("ck_system_health__active_connections_not_negative")),
        sa.CheckConstraint("error_count >= 0", name=op.f("ck_system_health__error_count_not_negative")),
        sa.CheckConstraint("queue_depth >= 0", name=op.f("ck_system_health__queue_depth_not_negative")),
        sa.CheckConstraint("uptime_seconds >= 0", name=op.f("ck_system_health__uptime_seconds_not_negative")),
        sa.PrimaryKeyConstraint("component", "checked_at", name=op.f("pk_system_health")),
        comment="How a component was at one instant.",
        postgresql_partition_by="RANGE (checked_at)",
    )
    op.create_index(
        "ix_system_health__checked_at", "system_health", ["checked_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "system_metrics",
        sa.Column("metric", sa.Text(collation="C"), nullable=False),
        sa.Column("measured_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "entry_id",
            sa.Uuid(),
            nullable=False,
            comment="Keeps values of one instant apart; repeated writes are no-ops.",
        ),
        sa.Column("kind", sa.Text(), server_default="gauge", nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(collation="C"), nullable=True),
        sa.Column("component", sa.Text(collation="C"), nullable=True),
        sa.Column("service", sa.Text(collation="C"), nullable=True),
        sa.Column("environment", sa.Text(collation="C"), nullable=True),
        sa.Column("tags", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("kind IN ('gauge', 'counter', 'histogram')", name=op.f("ck_system_metrics__kind_known")),
        sa.CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_system_metrics__value_finite")),
        sa.PrimaryKeyConstraint("metric", "measured_at", "entry_id", name=op.f("pk_system_metrics")),
        comment="A figure that a component measured at one instant.",
        postgresql_partition_by="RANGE (measured_at)",
    )
    op.create_table(
        "system_config",
        sa.Column("key", sa.Text(), nullable=False, comment="Dotted, for example risk.max_leverage."),
        sa.Column("version", sa.Integer(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False, comment="Any JSON value, with its type."),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True, comment="Who. NULL: the platform itself."),
        sa.Column("updated_by_name", sa.Text(), nullable=True, comment="Where it was a program."),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "superseded_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="NULL: the value in force."
        ),
        sa.CheckConstraint("key ~ '\\S'", name=op.f("ck_system_config__key_not_blank")),
        sa.CheckConstraint("superseded_at >= created_at", name=op.f("ck_system_config__superseded_after_created")),
        sa.CheckConstraint("version > 0", name=op.f("ck_system_config__version_positive")),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name=op.f("fk_system_config__updated_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("key", "version", name=op.f("pk_system_config")),
        comment="One value that a configuration key had; a change is a new row, so the history is kept.",
    )
    op.create_index(op.f("ix_system_config__updated_by"), "system_config", ["updated_by"], unique=False)
    op.create_index(
        "uq_system_config__in_force",
        "system_config",
        ["key"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="What is below the oldest transaction under way is complete and may be read.",
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="For example order.filled."),
        sa.Column("entity", sa.Text(), nullable=False, comment="Table of what it is about."),
        sa.Column("entity_key", sa.Text(), nullable=False, comment="Its primary key, as text."),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column(
            "payload", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False, comment="What happened."
        ),
        sa.Column(
            "occurred_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("entity ~ '\\S'", name=op.f("ck_outbox_events__entity_not_blank")),
        sa.CheckConstraint("topic ~ '\\S'", name=op.f("ck_outbox_events__topic_not_blank")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_outbox_events__account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_events")),
        comment="Something that happened, written in the transaction in which it did, for other services to read.",
    )
    op.create_index(op.f("ix_outbox_events__account_id"), "outbox_events", ["account_id"], unique=False)
    op.create_index("ix_outbox_events__topic", "outbox_events", ["topic", "id"], unique=False)
    op.create_index("ix_outbox_events__transaction_id_id", "outbox_events", ["transaction_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_outbox_events__transaction_id_id", table_name="outbox_events")
    op.drop_index("ix_outbox_events__topic", table_name="outbox_events")
    op.drop_index(op.f("ix_outbox_events__account_id"), table_name="outbox_events")
    op.drop_table("outbox_events")
    op.drop_index(
        "uq_system_config__in_force", table_name="system_config", postgresql_where=sa.text("superseded_at IS NULL")
    )
    op.drop_index(op.f("ix_system_config__updated_by"), table_name="system_config")
    op.drop_table("system_config")
    op.drop_table("system_metrics")
    op.drop_index("ix_system_health__checked_at", table_name="system_health", postgresql_using="brin")
    op.drop_table("system_health")
    op.drop_index(
        "ix_monitoring_events__unresolved",
        table_name="monitoring_events",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_index("ix_monitoring_events__component_occurred_at", table_name="monitoring_events")
    op.drop_table("monitoring_events")
    op.drop_index("ix_error_logs__fingerprint", table_name="error_logs")
    op.drop_index("ix_error_logs__error_type_occurred_at", table_name="error_logs")
    op.drop_table("error_logs")
