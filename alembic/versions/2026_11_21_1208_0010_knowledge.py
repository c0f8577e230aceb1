"""Memories, a graph of knowledge, and embeddings by space.

Why:
    Nothing could be remembered but lessons, and nothing could be found by meaning.
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
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "embedding_spaces",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column(
            "revision", sa.Text(), server_default="", nullable=False, comment="Also of the prompt, where there is one."
        ),
        sa.Column("dimensions", sa.SmallInteger(), nullable=False),
        sa.Column("metric", sa.Text(), server_default="cosine", nullable=False),
        sa.Column("status", sa.Text(), server_default="building", nullable=False),
        sa.Column(
            "trained_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="What the model may know of the world.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "metric IN ('cosine', 'inner_product', 'euclidean')", name=op.f("ck_embedding_spaces__metric_known")
        ),
        sa.CheckConstraint("model ~ '\\S'", name=op.f("ck_embedding_spaces__model_not_blank")),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_embedding_spaces__name_not_blank")),
        sa.CheckConstraint("provider ~ '\\S'", name=op.f("ck_embedding_spaces__provider_not_blank")),
        sa.CheckConstraint(
            "status IN ('building', 'active', 'retired')", name=op.f("ck_embedding_spaces__status_known")
        ),
        sa.CheckConstraint("dimensions BETWEEN 1 AND 4000", name=op.f("ck_embedding_spaces__dimensions_indexable")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embedding_spaces")),
        sa.UniqueConstraint("name", name=op.f("uq_embedding_spaces__name")),
        sa.UniqueConstraint(
            "provider",
            "model",
            "revision",
            "dimensions",
            "metric",
            name=op.f("uq_embedding_spaces__provider_model_revision_dimensions_metric"),
        ),
        comment="A model that turns text into vectors, in one revision: what can be compared with each other.",
    )
    op.create_index(
        "uq_embedding_spaces__active",
        "embedding_spaces",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "knowledge_entities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_key", sa.Text(), nullable=False, comment="Its name for programs."),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("properties", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Double(), server_default="1", nullable=False),
        sa.Column("is_validated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("entity_key ~ '\\S'", name=op.f("ck_knowledge_entities__entity_key_not_blank")),
        sa.CheckConstraint("entity_type ~ '\\S'", name=op.f("ck_knowledge_entities__entity_type_not_blank")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_knowledge_entities__confidence_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_entities")),
        sa.UniqueConstraint("entity_type", "entity_key", name=op.f("uq_knowledge_entities__entity_type_entity_key")),
        comment="Something that knowledge is about: a token, a person, a venue, an event.",
    )
    op.create_index("ix_knowledge_entities__name", "knowledge_entities", ["name"], unique=False)
    op.create_table(
        "knowledge_edges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("strength", sa.Double(), server_default="1", nullable=False),
        sa.Column("confidence", sa.Double(), server_default="1", nullable=False),
        sa.Column("evidence", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column(
            "valid_from", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="In the world. NULL: since ever."
        ),
        sa.Column(
            "valid_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="In the world. NULL: it still holds.",
        ),
        sa.Column(
            "known_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this system learned it.",
        ),
        sa.Column(
            "retracted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When this system stopped believing it.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("relation ~ '\\S'", name=op.f("ck_knowledge_edges__relation_not_blank")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_knowledge_edges__confidence_share")),
        sa.CheckConstraint("retracted_at >= known_at", name=op.f("ck_knowledge_edges__retracted_after_known")),
        sa.CheckConstraint("strength BETWEEN 0 AND 1", name=op.f("ck_knowledge_edges__strength_share")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_knowledge_edges__valid_range_ordered")),
        sa.ForeignKeyConstraint(
            ["object_id"], ["knowledge_entities.id"], name=op.f("fk_knowledge_edges__object_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["knowledge_entities.id"], name=op.f("fk_knowledge_edges__subject_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_edges")),
        comment="A relation between two entities, with when it held and when we knew it.",
    )
    op.create_index(op.f("ix_knowledge_edges__object_id"), "knowledge_edges", ["object_id"], unique=False)
    op.create_index(
        "ix_knowledge_edges__subject_id_relation", "knowledge_edges", ["subject_id", "relation"], unique=False
    )
    op.create_index(
        "uq_knowledge_edges__valid",
        "knowledge_edges",
        ["subject_id", "relation", "object_id"],
        unique=True,
        postgresql_where=sa.text("valid_until IS NULL AND retracted_at IS NULL"),
    )
    op.create_table(
        "memory_fragments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fragment_type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("context", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("relevance", sa.Double(), server_default="0.5", nullable=False),
        sa.Column("access_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_accessed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("content ~ '\\S'", name=op.f("ck_memory_fragments__content_not_blank")),
        sa.CheckConstraint("fragment_type ~ '\\S'", name=op.f("ck_memory_fragments__fragment_type_not_blank")),
        sa.CheckConstraint("access_count >= 0", name=op.f("ck_memory_fragments__access_count_not_negative")),
        sa.CheckConstraint("relevance BETWEEN 0 AND 1", name=op.f("ck_memory_fragments__relevance_share")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memory_fragments__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_fragments")),
        comment="A fact or a preference of a user, as it came up.",
    )
    op.create_index(
        "ix_memory_fragments__user_id_type",
        "memory_fragments",
        ["user_id", "fragment_type", sa.literal_column("relevance DESC")],
        unique=False,
    )
    op.create_table(
        "semantic_memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Whose. NULL: the platform's own."),
        sa.Column("memory_type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("keywords", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "symbols", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment="What it is about."
        ),
        sa.Column("confidence", sa.Double(), server_default="0.5", nullable=False),
        sa.Column("reinforcement_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_reinforced_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "retracted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When this system stopped believing it.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("content ~ '\\S'", name=op.f("ck_semantic_memories__content_not_blank")),
        sa.CheckConstraint("memory_type ~ '\\S'", name=op.f("ck_semantic_memories__memory_type_not_blank")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_semantic_memories__confidence_share")),
        sa.CheckConstraint(
            "reinforcement_count >= 0", name=op.f("ck_semantic_memories__reinforcement_count_not_negative")
        ),
        sa.CheckConstraint("retracted_at >= known_at", name=op.f("ck_semantic_memories__retracted_after_known")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_semantic_memories__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_semantic_memories")),
        comment="Something that was learned over a long time, with how sure we are of it.",
    )
    op.create_index(
        "ix_semantic_memories__symbols", "semantic_memories", ["symbols"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_semantic_memories__user_id_type",
        "semantic_memories",
        ["user_id", "memory_type", sa.literal_column("confidence DESC")],
        unique=False,
    )
    op.create_table(
        "memory_embeddings",
        sa.Column("space_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fragment_id", sa.Uuid(), nullable=True),
        sa.Column("memory_id", sa.Uuid(), nullable=True),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("chunk", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(fragment_id, memory_id, entity_id) = 1", name=op.f("ck_memory_embeddings__one_owner")
        ),
        sa.CheckConstraint(
            "octet_length(content_sha256) = 32", name=op.f("ck_memory_embeddings__content_sha256_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["knowledge_entities.id"], name=op.f("fk_memory_embeddings__entity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["fragment_id"], ["memory_fragments.id"], name=op.f("fk_memory_embeddings__fragment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["semantic_memories.id"], name=op.f("fk_memory_embeddings__memory_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["embedding_spaces.id"], name=op.f("fk_memory_embeddings__space_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memory_embeddings__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_memory_embeddings")),
        sa.UniqueConstraint(
            "space_id",
            "fragment_id",
            "memory_id",
            "entity_id",
            "chunk",
            name="uq_memory_embeddings__owner_and_chunk",
            postgresql_nulls_not_distinct=True,
        ),
        comment="The vector of a part of a fragment, of a semantic memory or of an entity's description.",
        postgresql_partition_by="LIST (space_id)",
    )
    op.create_index(op.f("ix_memory_embeddings__entity_id"), "memory_embeddings", ["entity_id"], unique=False)
    op.create_index(op.f("ix_memory_embeddings__fragment_id"), "memory_embeddings", ["fragment_id"], unique=False)
    op.create_index(op.f("ix_memory_embeddings__memory_id"), "memory_embeddings", ["memory_id"], unique=False)
    op.create_index(op.f("ix_memory_embeddings__user_id"), "memory_embeddings", ["user_id"], unique=False)
    op.create_table(
        "message_embeddings",
        sa.Column("space_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("chunk", sa.SmallInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "octet_length(content_sha256) = 32", name=op.f("ck_message_embeddings__content_sha256_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["conversation_messages.id"],
            name=op.f("fk_message_embeddings__message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["embedding_spaces.id"], name=op.f("fk_message_embeddings__space_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_message_embeddings__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "message_id", "chunk", name=op.f("pk_message_embeddings")),
        comment="The vector of a part of a message.",
        postgresql_partition_by="LIST (space_id)",
    )
    op.create_index(op.f("ix_message_embeddings__message_id"), "message_embeddings", ["message_id"], unique=False)
    op.create_index(op.f("ix_message_embeddings__user_id"), "message_embeddings", ["user_id"], unique=False)
    op.create_table(
        "rule_embeddings",
        sa.Column("space_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("chunk", sa.SmallInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name=op.f("ck_rule_embeddings__content_sha256_sha256")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_rule_embeddings__rule_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["embedding_spaces.id"], name=op.f("fk_rule_embeddings__space_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rule_embeddings__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "rule_id", "chunk", name=op.f("pk_rule_embeddings")),
        comment="The vector of a part of a strategy rule's description.",
        postgresql_partition_by="LIST (space_id)",
    )
    op.create_index(op.f("ix_rule_embeddings__rule_id"), "rule_embeddings", ["rule_id"], unique=False)
    op.create_index(op.f("ix_rule_embeddings__user_id"), "rule_embeddings", ["user_id"], unique=False)
    op.create_table(
        "learning_embeddings",
        sa.Column("space_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("chunk", sa.SmallInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "content_sha256",
            sa.LargeBinary(),
            nullable=False,
            comment="Of the text: what did not change is not embedded again.",
        ),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "octet_length(content_sha256) = 32", name=op.f("ck_learning_embeddings__content_sha256_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["learning_entries.id"], name=op.f("fk_learning_embeddings__entry_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["embedding_spaces.id"], name=op.f("fk_learning_embeddings__space_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_learning_embeddings__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "entry_id", "chunk", name=op.f("pk_learning_embeddings")),
        comment="The vector of a part of a lesson.",
        postgresql_partition_by="LIST (space_id)",
    )
    op.create_index(op.f("ix_learning_embeddings__entry_id"), "learning_embeddings", ["entry_id"], unique=False)
    op.create_index(op.f("ix_learning_embeddings__user_id"), "learning_embeddings", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_learning_embeddings__user_id"), table_name="learning_embeddings")
    op.drop_index(op.f("ix_learning_embeddings__entry_id"), table_name="learning_embeddings")
    op.drop_table("learning_embeddings")
    op.drop_index(op.f("ix_rule_embeddings__user_id"), table_name="rule_embeddings")
    op.drop_index(op.f("ix_rule_embeddings__rule_id"), table_name="rule_embeddings")
    op.drop_table("rule_embeddings")
    op.drop_index(op.f("ix_message_embeddings__user_id"), table_name="message_embeddings")
    op.drop_index(op.f("ix_message_embeddings__message_id"), table_name="message_embeddings")
    op.drop_table("message_embeddings")
    op.drop_index(op.f("ix_memory_embeddings__user_id"), table_name="memory_embeddings")
    op.drop_index(op.f("ix_memory_embeddings__memory_id"), table_name="memory_embeddings")
    op.drop_index(op.f("ix_memory_embeddings__fragment_id"), table_name="memory_embeddings")
    op.drop_index(op.f("ix_memory_embeddings__entity_id"), table_name="memory_embeddings")
    op.drop_table("memory_embeddings")
    op.drop_index("ix_semantic_memories__user_id_type", table_name="semantic_memories")
    op.drop_index("ix_semantic_memories__symbols", table_name="semantic_memories", postgresql_using="gin")
    op.drop_table("semantic_memories")
    op.drop_index("ix_memory_fragments__user_id_type", table_name="memory_fragments")
    op.drop_table("memory_fragments")
    op.drop_index(
        "uq_knowledge_edges__valid",
        table_name="knowledge_edges",
        postgresql_where=sa.text("valid_until IS NULL AND retracted_at IS NULL"),
    )
    op.drop_index("ix_knowledge_edges__subject_id_relation", table_name="knowledge_edges")
    op.drop_index(op.f("ix_knowledge_edges__object_id"), table_name="knowledge_edges")
    op.drop_table("knowledge_edges")
    op.drop_index("ix_knowledge_entities__name", table_name="knowledge_entities")
    op.drop_table("knowledge_entities")
    op.drop_index(
        "uq_embedding_spaces__active", table_name="embedding_spaces", postgresql_where=sa.text("status = 'active'")
    )
    op.drop_table("embedding_spaces")
