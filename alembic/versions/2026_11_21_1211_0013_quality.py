"""Ingestion jobs and the quality of data.

Why:
    Nothing knew what was being fetched, and how good it was.
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

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "ingestion_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("source_type", sa.Text(), nullable=False, comment="pdf, video, manual, system …"),
        sa.Column("source_ref", sa.Text(), nullable=False, comment="File or address."),
        sa.Column("strategy_name", sa.Text(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "extract_frames",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Also look at pictures of a video.",
        ),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source_ref ~ '\\S'", name=op.f("ck_ingestion_tasks__source_ref_not_blank")),
        sa.CheckConstraint("source_type ~ '\\S'", name=op.f("ck_ingestion_tasks__source_type_not_blank")),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_ingestion_tasks__status_known"),
        ),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_ingestion_tasks__completed_after_started")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_ingestion_tasks__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingestion_tasks")),
        comment="A document or a video to be turned into strategy rules.",
    )
    op.create_index("ix_ingestion_tasks__status", "ingestion_tasks", ["status", "created_at"], unique=False)
    op.create_index(op.f("ix_ingestion_tasks__user_id"), "ingestion_tasks", ["user_id"], unique=False)
    op.create_table(
        "data_ingestion_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False, comment="The requester's own name for it."),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=True, comment="NULL: not about one instrument."),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=True),
        sa.Column("range_start", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("range_end", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("factors_requested", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("progress", sa.Double(), server_default="0", nullable=False, comment="0 to 1."),
        sa.Column("records_total", sa.Integer(), nullable=True),
        sa.Column("records_processed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("records_inserted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("records_updated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("validation_failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("quality_issues", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False, comment="Higher goes first."),
        sa.Column("claimed_by", sa.Text(), nullable=True, comment="The worker that has it."),
        sa.Column(
            "claimed_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="After this another worker may take it.",
        ),
        sa.Column("retry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_retries", sa.Integer(), server_default="3", nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("estimated_completion_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("job_id ~ '\\S'", name=op.f("ck_data_ingestion_jobs__job_id_not_blank")),
        sa.CheckConstraint("job_type ~ '\\S'", name=op.f("ck_data_ingestion_jobs__job_type_not_blank")),
        sa.CheckConstraint("source ~ '\\S'", name=op.f("ck_data_ingestion_jobs__source_not_blank")),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_data_ingestion_jobs__status_known"),
        ),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_data_ingestion_jobs__timeframe_known"),
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("ck_data_ingestion_jobs__claim_is_whole")
        ),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_data_ingestion_jobs__completed_after_started")),
        sa.CheckConstraint("max_retries >= 0", name=op.f("ck_data_ingestion_jobs__max_retries_not_negative")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_data_ingestion_jobs__progress_share")),
        sa.CheckConstraint("quality_issues >= 0", name=op.f("ck_data_ingestion_jobs__quality_issues_not_negative")),
        sa.CheckConstraint("range_end >= range_start", name=op.f("ck_data_ingestion_jobs__range_ordered")),
        sa.CheckConstraint("records_inserted >= 0", name=op.f("ck_data_ingestion_jobs__records_inserted_not_negative")),
        sa.CheckConstraint(
            "records_processed >= 0", name=op.f("ck_data_ingestion_jobs__records_processed_not_negative")
        ),
        sa.CheckConstraint("records_total >= 0", name=op.f("ck_data_ingestion_jobs__records_total_not_negative")),
        sa.CheckConstraint("records_updated >= 0", name=op.f("ck_data_ingestion_jobs__records_updated_not_negative")),
        sa.CheckConstraint("retry_count >= 0", name=op.f("ck_data_ingestion_jobs__retry_count_not_negative")),
        sa.CheckConstraint(
            "validation_failures >= 0", name=op.f("ck_data_ingestion_jobs__validation_failures_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_data_ingestion_jobs__instrument_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_ingestion_jobs")),
        sa.UniqueConstraint("job_id", name=op.f("uq_data_ingestion_jobs__job_id")),
        comment="A range of market data to be fetched from a source, and how far it has come.",
    )
    op.create_index(
        op.f("ix_data_ingestion_jobs__instrument_id"), "data_ingestion_jobs", ["instrument_id"], unique=False
    )
    op.create_index(
        "ix_data_ingestion_jobs__waiting",
        "data_ingestion_jobs",
        [sa.literal_column("priority DESC"), "created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_table(
        "data_quality_metrics",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "factor",
            sa.Text(collation="C"),
            server_default="",
            nullable=False,
            comment="Name of a factor. Empty: the market data themselves.",
        ),
        sa.Column("measured_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("completeness_score", sa.Double(), nullable=True),
        sa.Column("accuracy_score", sa.Double(), nullable=True),
        sa.Column("consistency_score", sa.Double(), nullable=True),
        sa.Column("timeliness_score", sa.Double(), nullable=True),
        sa.Column("overall_quality_score", sa.Double(), nullable=True),
        sa.Column("missing_data_points", sa.Integer(), nullable=True),
        sa.Column("outlier_count", sa.Integer(), nullable=True),
        sa.Column("validation_failures", sa.Integer(), nullable=True),
        sa.Column(
            "cross_source_deviation", sa.Double(), nullable=True, comment="A fraction of the other sources' median."
        ),
        sa.Column("staleness_minutes", sa.Double(), nullable=True),
        sa.Column("failed_rules", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("recommendations", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "is_alerting",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="A threshold was crossed.",
        ),
        sa.Column("alert_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cross_source_deviation >= 0 AND cross_source_deviation < 'Infinity'",
            name=op.f("ck_data_quality_metrics__cross_source_deviation_not_negative"),
        ),
        sa.CheckConstraint(
            "staleness_minutes >= 0 AND staleness_minutes < 'Infinity'",
            name=op.f("ck_data_quality_metrics__staleness_minutes_not_negative"),
        ),
        sa.CheckConstraint(
            "accuracy_score BETWEEN 0 AND 1", name=op.f("ck_data_quality_metrics__accuracy_score_share")
        ),
        sa.CheckConstraint(
            "completeness_score BETWEEN 0 AND 1", name=op.f("ck_data_quality_metrics__completeness_score_share")
        ),
        sa.CheckConstraint(
            "consistency_score BETWEEN 0 AND 1", name=op.f("ck_data_quality_metrics__consistency_score_share")
        ),
        sa.CheckConstraint(
            "missing_data_points >= 0", name=op.f("ck_data_quality_metrics__missing_data_points_not_negative")
        ),
        sa.CheckConstraint("outlier_count >= 0", name=op.f("ck_data_quality_metrics__outlier_count_not_negative")),
        sa.CheckConstraint(
            "overall_quality_score BETWEEN 0 AND 1", name=op.f("ck_data_quality_metrics__overall_quality_score_share")
        ),
        sa.CheckConstraint(
            "timeliness_score BETWEEN 0 AND 1", name=op.f("ck_data_quality_metrics__timeliness_score_share")
        ),
        sa.CheckConstraint(
            "validation_failures >= 0", name=op.f("ck_data_quality_metrics__validation_failures_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_data_quality_metrics__instrument_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint(
            "instrument_id", "source", "factor", "measured_at", name=op.f("pk_data_quality_metrics")
        ),
        comment="How good one source's data of an instrument were at one instant.",
        postgresql_partition_by="RANGE (measured_at)",
    )
    op.create_table(
        "ingestion_task_rules",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_ingestion_task_rules__rule_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["ingestion_tasks.id"], name=op.f("fk_ingestion_task_rules__task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "rule_id", name=op.f("pk_ingestion_task_rules")),
        comment="A rule that an ingestion task found.",
    )
    op.create_index(op.f("ix_ingestion_task_rules__rule_id"), "ingestion_task_rules", ["rule_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ingestion_task_rules__rule_id"), table_name="ingestion_task_rules")
    op.drop_table("ingestion_task_rules")
    op.drop_table("data_quality_metrics")
    op.drop_index(
        "ix_data_ingestion_jobs__waiting",
        table_name="data_ingestion_jobs",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_index(op.f("ix_data_ingestion_jobs__instrument_id"), table_name="data_ingestion_jobs")
    op.drop_table("data_ingestion_jobs")
    op.drop_index(op.f("ix_ingestion_tasks__user_id"), table_name="ingestion_tasks")
    op.drop_index("ix_ingestion_tasks__status", table_name="ingestion_tasks")
    op.drop_table("ingestion_tasks")
