"""The platform's own code: files, figures, issues.

Why:
    Issues found in the code had no place.
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

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "code_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_type", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("module_name", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("line_count", sa.Integer(), nullable=True),
        sa.Column("class_count", sa.Integer(), nullable=True),
        sa.Column("function_count", sa.Integer(), nullable=True),
        sa.Column(
            "facts_count",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Facts that were extracted from it.",
        ),
        sa.Column("complexity", sa.Double(), nullable=True, comment="In the analyser's own unit."),
        sa.Column("test_coverage", sa.Double(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("dependencies", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("modified_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("analyzed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "complexity >= 0 AND complexity < 'Infinity'", name=op.f("ck_code_files__complexity_not_negative")
        ),
        sa.CheckConstraint("path ~ '\\S'", name=op.f("ck_code_files__path_not_blank")),
        sa.CheckConstraint("class_count >= 0", name=op.f("ck_code_files__class_count_not_negative")),
        sa.CheckConstraint("facts_count >= 0", name=op.f("ck_code_files__facts_count_not_negative")),
        sa.CheckConstraint("function_count >= 0", name=op.f("ck_code_files__function_count_not_negative")),
        sa.CheckConstraint("line_count >= 0", name=op.f("ck_code_files__line_count_not_negative")),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name=op.f("ck_code_files__content_sha256_sha256")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_code_files__size_bytes_not_negative")),
        sa.CheckConstraint("test_coverage BETWEEN 0 AND 1", name=op.f("ck_code_files__test_coverage_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_files")),
        sa.UniqueConstraint("path", name=op.f("uq_code_files__path")),
        comment="A source file, as it was last analysed.",
    )
    op.create_index("ix_code_files__language", "code_files", ["language"], unique=False)
    op.create_table(
        "code_issues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=True, comment="The finder's own name for it."),
        sa.Column("file_id", sa.Uuid(), nullable=True, comment="NULL: not in one file, or it is gone."),
        sa.Column("file_path", sa.Text(), nullable=True, comment="Kept when the file has gone."),
        sa.Column("line_number", sa.Integer(), nullable=True),
        sa.Column("issue_type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="detected", nullable=False),
        sa.Column("priority", sa.Text(), server_default="medium", nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("code_snippet", sa.Text(), nullable=True),
        sa.Column("suggested_fix", sa.Text(), nullable=True),
        sa.Column("is_auto_fixable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fix_status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("labels", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("fixed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("issue_type ~ '\\S'", name=op.f("ck_code_issues__issue_type_not_blank")),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')", name=op.f("ck_code_issues__severity_known")
        ),
        sa.CheckConstraint(
            "state IN ('detected', 'open', 'in_progress', 'fixed', 'ignored', 'closed')",
            name=op.f("ck_code_issues__state_known"),
        ),
        sa.CheckConstraint("line_number >= 0", name=op.f("ck_code_issues__line_number_not_negative")),
        sa.CheckConstraint("num_nonnulls(title, description) > 0", name=op.f("ck_code_issues__says_something")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["code_files.id"], name=op.f("fk_code_issues__file_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_issues")),
        sa.UniqueConstraint("issue_id", name=op.f("uq_code_issues__issue_id")),
        comment="Something in the code that should be mended.",
    )
    op.create_index(op.f("ix_code_issues__file_id"), "code_issues", ["file_id"], unique=False)
    op.create_index("ix_code_issues__state_severity", "code_issues", ["state", "severity"], unique=False)
    op.create_table(
        "code_metrics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("metric_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("baseline_value", sa.Double(), nullable=True),
        sa.Column("threshold_value", sa.Double(), nullable=True),
        sa.Column("status", sa.Text(), server_default="ok", nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("measured_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "baseline_value > '-Infinity' AND baseline_value < 'Infinity'",
            name=op.f("ck_code_metrics__baseline_value_finite"),
        ),
        sa.CheckConstraint("metric_type ~ '\\S'", name=op.f("ck_code_metrics__metric_type_not_blank")),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_code_metrics__name_not_blank")),
        sa.CheckConstraint(
            "threshold_value > '-Infinity' AND threshold_value < 'Infinity'",
            name=op.f("ck_code_metrics__threshold_value_finite"),
        ),
        sa.CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_code_metrics__value_finite")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["code_files.id"], name=op.f("fk_code_metrics__file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_metrics")),
        comment="A figure of a file, as it was measured once.",
    )
    op.create_index(
        "ix_code_metrics__file_id_type",
        "code_metrics",
        ["file_id", "metric_type", sa.literal_column("measured_at DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_code_metrics__file_id_type", table_name="code_metrics")
    op.drop_table("code_metrics")
    op.drop_index("ix_code_issues__state_severity", table_name="code_issues")
    op.drop_index(op.f("ix_code_issues__file_id"), table_name="code_issues")
    op.drop_table("code_issues")
    op.drop_index("ix_code_files__language", table_name="code_files")
    op.drop_table("code_files")
