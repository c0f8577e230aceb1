"""Conversations and their messages.

Why:
    What people and agents said had no place.
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

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "conversation_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False, comment="The platform's own name for it."),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("agent_type", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True, comment="What was said so far, in short."),
        sa.Column("preferences", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("session_key ~ '\\S'", name=op.f("ck_conversation_sessions__session_key_not_blank")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_conversation_sessions__agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_conversation_sessions__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_sessions")),
        sa.UniqueConstraint("session_key", name=op.f("uq_conversation_sessions__session_key")),
        comment="A conversation of a user with an agent.",
    )
    op.create_index(op.f("ix_conversation_sessions__agent_id"), "conversation_sessions", ["agent_id"], unique=False)
    op.create_index(
        "ix_conversation_sessions__user_id_updated_at",
        "conversation_sessions",
        ["user_id", sa.literal_column("updated_at DESC")],
        unique=False,
    )
    op.create_table(
        "conversation_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "sequence",
            sa.Integer(),
            nullable=False,
            comment="1 is the first message; clocks do not order a conversation.",
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="Whose conversation it is."),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True, comment="What it answers."),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True, comment="What the speaker wants."),
        sa.Column(
            "entities",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What is spoken of, as it was recognised.",
        ),
        sa.Column("sentiment", sa.Double(), nullable=True, comment="-1 to 1."),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("importance", sa.Double(), server_default="0.5", nullable=False),
        sa.Column("token_count", sa.Integer(), nullable=True),
        sa.Column("context_before", postgresql.JSONB(), nullable=True),
        sa.Column("context_after", postgresql.JSONB(), nullable=True),
        sa.Column(
            "actions",
            postgresql.JSONB(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="What was done because of it.",
        ),
        sa.Column("feedback", sa.Text(), nullable=True, comment="What the user thought of it."),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('system', 'user', 'assistant', 'tool')", name=op.f("ck_conversation_messages__role_known")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_conversation_messages__confidence_share")),
        sa.CheckConstraint("importance BETWEEN 0 AND 1", name=op.f("ck_conversation_messages__importance_share")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_conversation_messages__parent_is_another")),
        sa.CheckConstraint("sentiment BETWEEN -1 AND 1", name=op.f("ck_conversation_messages__sentiment_range")),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_conversation_messages__sequence_positive")),
        sa.CheckConstraint("token_count >= 0", name=op.f("ck_conversation_messages__token_count_not_negative")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_conversation_messages__agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["conversation_messages.id"],
            name=op.f("fk_conversation_messages__parent_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conversation_sessions.id"],
            name=op.f("fk_conversation_messages__session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_conversation_messages__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_messages")),
        sa.UniqueConstraint("session_id", "sequence", name=op.f("uq_conversation_messages__session_id_sequence")),
        comment="One message of a conversation.",
    )
    op.create_index(op.f("ix_conversation_messages__agent_id"), "conversation_messages", ["agent_id"], unique=False)
    op.create_index(op.f("ix_conversation_messages__parent_id"), "conversation_messages", ["parent_id"], unique=False)
    op.create_index(op.f("ix_conversation_messages__user_id"), "conversation_messages", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_conversation_messages__user_id"), table_name="conversation_messages")
    op.drop_index(op.f("ix_conversation_messages__parent_id"), table_name="conversation_messages")
    op.drop_index(op.f("ix_conversation_messages__agent_id"), table_name="conversation_messages")
    op.drop_table("conversation_messages")
    op.drop_index("ix_conversation_sessions__user_id_updated_at", table_name="conversation_sessions")
    op.drop_index(op.f("ix_conversation_sessions__agent_id"), table_name="conversation_sessions")
    op.drop_table("conversation_sessions")
