"""What agents say, do together, remember and cost.

Why:
    Agents had names and logs, and nothing else.
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

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "api_costs",
        sa.Column("agent", sa.Text(collation="C"), nullable=False, comment="agents.agent_id, or whoever called."),
        sa.Column("called_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "entry_id",
            sa.Uuid(),
            nullable=False,
            comment="Keeps calls of one instant apart; repeated writes are no-ops.",
        ),
        sa.Column("service", sa.Text(collation="C"), nullable=False),
        sa.Column("operation", sa.Text(collation="C"), nullable=True),
        sa.Column("model", sa.Text(collation="C"), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cost", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="USD", nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("cost >= 0 AND cost < 'Infinity'", name=op.f("ck_api_costs__cost_not_negative")),
        sa.CheckConstraint("input_tokens >= 0", name=op.f("ck_api_costs__input_tokens_not_negative")),
        sa.CheckConstraint("output_tokens >= 0", name=op.f("ck_api_costs__output_tokens_not_negative")),
        sa.PrimaryKeyConstraint("agent", "called_at", "entry_id", name=op.f("pk_api_costs")),
        comment="What one call of an agent to a paid service cost.",
        postgresql_partition_by="RANGE (called_at)",
    )
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("workflow_id", sa.Text(), nullable=False, comment="The same for all versions."),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("definition", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_workflows__name_not_blank")),
        sa.CheckConstraint("workflow_id ~ '\\S'", name=op.f("ck_workflows__workflow_id_not_blank")),
        sa.CheckConstraint("version > 0", name=op.f("ck_workflows__version_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_workflows__user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
        sa.UniqueConstraint("workflow_id", "version", name=op.f("uq_workflows__workflow_id_version")),
        comment="One version of a workflow's definition.",
    )
    op.create_index(op.f("ix_workflows__user_id"), "workflows", ["user_id"], unique=False)
    op.create_table(
        "agent_connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_agent_id", sa.Uuid(), nullable=False, comment="The smaller id of the two."),
        sa.Column("second_agent_id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=True, comment="The agents' own name for it."),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column(
            "established_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("protocol ~ '\\S'", name=op.f("ck_agent_connections__protocol_not_blank")),
        sa.CheckConstraint("status IN ('active', 'paused', 'closed')", name=op.f("ck_agent_connections__status_known")),
        sa.CheckConstraint("first_agent_id < second_agent_id", name=op.f("ck_agent_connections__pair_is_ordered")),
        sa.ForeignKeyConstraint(
            ["first_agent_id"], ["agents.id"], name=op.f("fk_agent_connections__first_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_agent_id"], ["agents.id"], name=op.f("fk_agent_connections__second_agent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_connections")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_agent_connections__connection_id")),
        sa.UniqueConstraint(
            "first_agent_id",
            "second_agent_id",
            "protocol",
            name=op.f("uq_agent_connections__first_agent_id_second_agent_id_protocol"),
        ),
        comment="Two agents that talk by a protocol; the pair has no order.",
    )
    op.create_index(
        op.f("ix_agent_connections__second_agent_id"), "agent_connections", ["second_agent_id"], unique=False
    )
    op.create_table(
        "agent_contexts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column(
            "session_key", sa.Text(), server_default="", nullable=False, comment="Empty: not bound to a session."
        ),
        sa.Column("context_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="The version in use."
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("context_type ~ '\\S'", name=op.f("ck_agent_contexts__context_type_not_blank")),
        sa.CheckConstraint("version > 0", name=op.f("ck_agent_contexts__version_positive")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_agent_contexts__agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agent_contexts__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_contexts")),
        sa.UniqueConstraint(
            "agent_id",
            "session_key",
            "context_type",
            "version",
            name=op.f("uq_agent_contexts__agent_id_session_key_context_type_version"),
        ),
        comment="One version of what an agent knows within a session.",
    )
    op.create_index(
        "ix_agent_contexts__expires_at",
        "agent_contexts",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_agent_contexts__user_id"), "agent_contexts", ["user_id"], unique=False)
    op.create_index(
        "uq_agent_contexts__active",
        "agent_contexts",
        ["agent_id", "session_key", "context_type"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "agent_memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("memory_key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False, comment="Any JSON value, with its type."),
        sa.Column("memory_type", sa.Text(), server_default="fact", nullable=False),
        sa.Column("importance", sa.Double(), server_default="0.5", nullable=False),
        sa.Column(
            "decay_rate",
            sa.Double(),
            server_default="0.1",
            nullable=False,
            comment="Share of its strength lost per day.",
        ),
        sa.Column("strength", sa.Double(), server_default="1", nullable=False, comment="What is left of it."),
        sa.Column(
            "associations",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Keys of memories that it belongs with.",
        ),
        sa.Column("context", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("access_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_accessed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("memory_key ~ '\\S'", name=op.f("ck_agent_memories__memory_key_not_blank")),
        sa.CheckConstraint("access_count >= 0", name=op.f("ck_agent_memories__access_count_not_negative")),
        sa.CheckConstraint("decay_rate BETWEEN 0 AND 1", name=op.f("ck_agent_memories__decay_rate_share")),
        sa.CheckConstraint("importance BETWEEN 0 AND 1", name=op.f("ck_agent_memories__importance_share")),
        sa.CheckConstraint("strength BETWEEN 0 AND 1", name=op.f("ck_agent_memories__strength_share")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_agent_memories__agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agent_memories__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_memories")),
        sa.UniqueConstraint("agent_id", "memory_key", name=op.f("uq_agent_memories__agent_id_memory_key")),
        comment="Something that an agent remembers under a key.",
    )
    op.create_index(
        "ix_agent_memories__expires_at",
        "agent_memories",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_agent_memories__importance",
        "agent_memories",
        ["agent_id", sa.literal_column("importance DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_agent_memories__user_id"), "agent_memories", ["user_id"], unique=False)
    op.create_table(
        "workflow_executions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False, comment="The starter's own name for it."),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("current_step", sa.Text(), nullable=True),
        sa.Column("total_steps", sa.Integer(), nullable=True),
        sa.Column("completed_steps", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "step_states",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What each step left behind, by its name.",
        ),
        sa.Column("input", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("result", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True, comment="The worker that has it."),
        sa.Column(
            "claimed_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="After this another worker may take it.",
        ),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("execution_id ~ '\\S'", name=op.f("ck_workflow_executions__execution_id_not_blank")),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_workflow_executions__status_known"),
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("ck_workflow_executions__claim_is_whole")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_workflow_executions__attempts_not_negative")),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_workflow_executions__completed_after_started")),
        sa.CheckConstraint(
            "completed_steps <= total_steps", name=op.f("ck_workflow_executions__completed_within_total")
        ),
        sa.CheckConstraint("completed_steps >= 0", name=op.f("ck_workflow_executions__completed_steps_not_negative")),
        sa.CheckConstraint("total_steps >= 0", name=op.f("ck_workflow_executions__total_steps_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_workflow_executions__user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_executions__workflow_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_executions")),
        sa.UniqueConstraint("execution_id", name=op.f("uq_workflow_executions__execution_id")),
        comment="A run of one version of a workflow.",
    )
    op.create_index(
        "ix_workflow_executions__unfinished",
        "workflow_executions",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(op.f("ix_workflow_executions__user_id"), "workflow_executions", ["user_id"], unique=False)
    op.create_index(op.f("ix_workflow_executions__workflow_id"), "workflow_executions", ["workflow_id"], unique=False)
    op.create_table(
        "agent_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=False,
            comment="The sender's own name for it: sent twice, it is stored once.",
        ),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_execution_id", sa.Uuid(), nullable=True),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column(
            "payload",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the sender said.",
        ),
        sa.Column("workflow_context", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False, comment="Higher goes first."),
        sa.Column("correlation_id", sa.Text(), nullable=True, comment="The conversation it belongs to."),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "available_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Not to be claimed earlier: a retry waits.",
        ),
        sa.Column("claimed_by", sa.Text(), nullable=True, comment="The worker that has it."),
        sa.Column(
            "claimed_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="After this another worker may take it.",
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="5", nullable=False),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("read_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("processed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'claimed') = (claimed_until IS NOT NULL)", name=op.f("ck_agent_messages__claimed_has_lease")
        ),
        sa.CheckConstraint("message_id ~ '\\S'", name=op.f("ck_agent_messages__message_id_not_blank")),
        sa.CheckConstraint("message_type ~ '\\S'", name=op.f("ck_agent_messages__message_type_not_blank")),
        sa.CheckConstraint(
            "status <> 'processed' OR processed_at IS NOT NULL", name=op.f("ck_agent_messages__processed_has_time")
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'claimed', 'processed', 'dead', 'expired')",
            name=op.f("ck_agent_messages__status_known"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_agent_messages__attempts_not_negative")),
        sa.CheckConstraint("expires_at > sent_at", name=op.f("ck_agent_messages__expires_after_sent")),
        sa.CheckConstraint("max_attempts > 0", name=op.f("ck_agent_messages__max_attempts_positive")),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["agents.id"], name=op.f("fk_agent_messages__receiver_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["agents.id"], name=op.f("fk_agent_messages__sender_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_execution_id"],
            ["workflow_executions.id"],
            name=op.f("fk_agent_messages__workflow_execution_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_agent_messages__message_id")),
        comment="A message from one agent to another, kept until it is processed or given up.",
    )
    op.create_index(op.f("ix_agent_messages__correlation_id"), "agent_messages", ["correlation_id"], unique=False)
    op.create_index(
        "ix_agent_messages__receiver_id_sent_at",
        "agent_messages",
        ["receiver_id", sa.literal_column("sent_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_agent_messages__sender_id_receiver_id", "agent_messages", ["sender_id", "receiver_id"], unique=False
    )
    op.create_index(
        "ix_agent_messages__waiting",
        "agent_messages",
        ["receiver_id", sa.literal_column("priority DESC"), "available_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'claimed')"),
    )
    op.create_index(
        op.f("ix_agent_messages__workflow_execution_id"), "agent_messages", ["workflow_execution_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_agent_messages__workflow_execution_id"), table_name="agent_messages")
    op.drop_index(
        "ix_agent_messages__waiting",
        table_name="agent_messages",
        postgresql_where=sa.text("status IN ('queued', 'claimed')"),
    )
    op.drop_index("ix_agent_messages__sender_id_receiver_id", table_name="agent_messages")
    op.drop_index("ix_agent_messages__receiver_id_sent_at", table_name="agent_messages")
    op.drop_index(op.f("ix_agent_messages__correlation_id"), table_name="agent_messages")
    op.drop_table("agent_messages")
    op.drop_index(op.f("ix_workflow_executions__workflow_id"), table_name="workflow_executions")
    op.drop_index(op.f("ix_workflow_executions__user_id"), table_name="workflow_executions")
    op.drop_index(
        "ix_workflow_executions__unfinished",
        table_name="workflow_executions",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_table("workflow_executions")
    op.drop_index(op.f("ix_agent_memories__user_id"), table_name="agent_memories")
    op.drop_index("ix_agent_memories__importance", table_name="agent_memories")
    op.drop_index(
        "ix_agent_memories__expires_at", table_name="agent_memories", postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.drop_table("agent_memories")
    op.drop_index("uq_agent_contexts__active", table_name="agent_contexts", postgresql_where=sa.text("is_active"))
    op.drop_index(op.f("ix_agent_contexts__user_id"), table_name="agent_contexts")
    op.drop_index(
        "ix_agent_contexts__expires_at", table_name="agent_contexts", postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.drop_table("agent_contexts")
    op.drop_index(op.f("ix_agent_connections__second_agent_id"), table_name="agent_connections")
    op.drop_table("agent_connections")
    op.drop_index(op.f("ix_workflows__user_id"), table_name="workflows")
    op.drop_table("workflows")
    op.drop_table("api_costs")
