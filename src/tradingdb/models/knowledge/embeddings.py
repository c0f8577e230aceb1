"""Vectors of texts, by the space that they live in.

Vectors of two spaces cannot be compared, so each space has a partition of its own in every embedding table, made by
`services.embeddings.add_space` with a CHECK on the dimensions and an HNSW index. What searches filter by and what never
changes (owner, time) is copied beside the vector; what changes (confidence, status) is not.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, one_of, sha256_sized
from tradingdb.core.columns import Code, CreatedAt, Digest, Name, SmallPK, UpdatedAt, UuidPK
from tradingdb.core.types import Embedding, EnumText

BY_SPACE = "LIST (space_id)"

event.listen(Base.metadata, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS vector"))  # type: ignore[no-untyped-call]


class DistanceMetric(StrEnum):
    """How two vectors of a space are compared."""

    COSINE = "cosine"
    INNER_PRODUCT = "inner_product"
    EUCLIDEAN = "euclidean"


class SpaceStatus(StrEnum):
    """Whether searches use a space."""

    BUILDING = "building"
    ACTIVE = "active"
    RETIRED = "retired"


class EmbeddingSpace(Base):
    """A model that turns text into vectors, in one revision: what can be compared with each other."""

    __tablename__ = "embedding_spaces"

    id: Mapped[SmallPK]
    name: Mapped[Name] = mapped_column(unique=True)
    provider: Mapped[Code]
    model: Mapped[Name]
    revision: Mapped[Name] = mapped_column(server_default="", comment="Also of the prompt, where there is one.")
    dimensions: Mapped[int] = mapped_column(SmallInteger)
    metric: Mapped[DistanceMetric] = mapped_column(EnumText(DistanceMetric), server_default=DistanceMetric.COSINE)
    status: Mapped[SpaceStatus] = mapped_column(EnumText(SpaceStatus), server_default=SpaceStatus.BUILDING)
    trained_until: Mapped[datetime | None] = mapped_column(comment="What the model may know of the world.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("provider", "model", "revision", "dimensions", "metric"),
        Index("uq_embedding_spaces__active", "status", unique=True, postgresql_where=text("status = 'active'")),
        one_of("metric", DistanceMetric),
        one_of("status", SpaceStatus),
        *not_blank("name", "provider", "model"),
        CheckConstraint("dimensions BETWEEN 1 AND 4000", name="dimensions_indexable"),
        {"comment": __doc__},
    )


class LearningEmbedding(Base):
    """The vector of a part of a lesson."""

    __tablename__ = "learning_embeddings"

    space_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("embedding_spaces.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    entry_id: Mapped[UUID] = mapped_column(
        ForeignKey("learning_entries.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    chunk: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="0", autoincrement=False)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    known_at: Mapped[datetime]
    content_sha256: Mapped[Digest] = mapped_column(comment="Of the text: what did not change is not embedded again.")
    embedding: Mapped[Any] = mapped_column(Embedding)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        *sha256_sized("content_sha256"),
        {"comment": __doc__, "postgresql_partition_by": BY_SPACE},
    )


class MessageEmbedding(Base):
    """The vector of a part of a message."""

    __tablename__ = "message_embeddings"

    space_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("embedding_spaces.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversation_messages.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    chunk: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="0", autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    known_at: Mapped[datetime]
    content_sha256: Mapped[Digest]
    embedding: Mapped[Any] = mapped_column(Embedding)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        *sha256_sized("content_sha256"),
        {"comment": __doc__, "postgresql_partition_by": BY_SPACE},
    )


class MemoryEmbedding(Base):
    """The vector of a part of a fragment, of a semantic memory or of an entity's description."""

    __tablename__ = "memory_embeddings"

    space_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("embedding_spaces.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    id: Mapped[UuidPK]
    fragment_id: Mapped[UUID | None] = mapped_column(ForeignKey("memory_fragments.id", ondelete="CASCADE"), index=True)
    memory_id: Mapped[UUID | None] = mapped_column(ForeignKey("semantic_memories.id", ondelete="CASCADE"), index=True)
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("knowledge_entities.id", ondelete="CASCADE"), index=True)
    chunk: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    known_at: Mapped[datetime]
    content_sha256: Mapped[Digest]
    embedding: Mapped[Any] = mapped_column(Embedding)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint(
            "space_id",
            "fragment_id",
            "memory_id",
            "entity_id",
            "chunk",
            name="uq_memory_embeddings__owner_and_chunk",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(fragment_id, memory_id, entity_id) = 1", name="one_owner"),
        *sha256_sized("content_sha256"),
        {"comment": __doc__, "postgresql_partition_by": BY_SPACE},
    )


class RuleEmbedding(Base):
    """The vector of a part of a strategy rule's description."""

    __tablename__ = "rule_embeddings"

    space_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("embedding_spaces.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    rule_id: Mapped[UUID] = mapped_column(
        ForeignKey("strategy_rules.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    chunk: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="0", autoincrement=False)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    known_at: Mapped[datetime]
    content_sha256: Mapped[Digest]
    embedding: Mapped[Any] = mapped_column(Embedding)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        *sha256_sized("content_sha256"),
        {"comment": __doc__, "postgresql_partition_by": BY_SPACE},
    )
