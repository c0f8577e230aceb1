"""What the platform remembers of its users and of the world."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, not_blank, not_negative, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    FalseByDefault,
    Name,
    Payload,
    Reference,
    Share,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import UtcDateTime


class MemoryFragment(Base):
    """A fact or a preference of a user, as it came up."""

    __tablename__ = "memory_fragments"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    fragment_type: Mapped[Code]
    content: Mapped[str]
    context: Mapped[Payload]
    relevance: Mapped[Share] = mapped_column(server_default="0.5")
    access_count: Mapped[Count]
    last_accessed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    known_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_memory_fragments__user_id_type", "user_id", "fragment_type", text("relevance DESC")),
        *not_blank("fragment_type", "content"),
        *share("relevance"),
        *not_negative("access_count"),
        {"comment": __doc__},
    )


class SemanticMemory(Base):
    """Something that was learned over a long time, with how sure we are of it."""

    __tablename__ = "semantic_memories"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="Whose. NULL: the platform's own."
    )
    memory_type: Mapped[Code]
    content: Mapped[str]
    keywords: Mapped[Texts]
    symbols: Mapped[Texts] = mapped_column(comment="What it is about.")
    confidence: Mapped[Share] = mapped_column(server_default="0.5")
    reinforcement_count: Mapped[Count]
    last_reinforced_at: Mapped[datetime | None]
    known_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    retracted_at: Mapped[datetime | None] = mapped_column(comment="When this system stopped believing it.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index("ix_semantic_memories__user_id_type", "user_id", "memory_type", text("confidence DESC")),
        Index("ix_semantic_memories__symbols", "symbols", postgresql_using="gin"),
        *not_blank("memory_type", "content"),
        *share("confidence"),
        *not_negative("reinforcement_count"),
        CheckConstraint("retracted_at >= known_at", name="retracted_after_known"),
        {"comment": __doc__},
    )


class KnowledgeEntity(Base):
    """Something that knowledge is about: a token, a person, a venue, an event."""

    __tablename__ = "knowledge_entities"

    id: Mapped[UuidPK]
    entity_type: Mapped[Code]
    entity_key: Mapped[Reference] = mapped_column(comment="Its name for programs.")
    name: Mapped[Name | None]
    properties: Mapped[Payload]
    source: Mapped[Name | None]
    confidence: Mapped[Share] = mapped_column(server_default="1")
    is_validated: Mapped[FalseByDefault]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    outgoing: Mapped[list[KnowledgeEdge]] = relationship(
        back_populates="subject", foreign_keys="KnowledgeEdge.subject_id", lazy="raise", passive_deletes=True
    )
    incoming: Mapped[list[KnowledgeEdge]] = relationship(
        back_populates="object", foreign_keys="KnowledgeEdge.object_id", lazy="raise", passive_deletes=True
    )

    __table_args__ = (
        UniqueConstraint("entity_type", "entity_key"),
        Index("ix_knowledge_entities__name", "name"),
        *not_blank("entity_type", "entity_key"),
        *share("confidence"),
        {"comment": __doc__},
    )


class KnowledgeEdge(Base):
    """A relation between two entities, with when it held and when we knew it."""

    __tablename__ = "knowledge_edges"

    id: Mapped[UuidPK]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("knowledge_entities.id", ondelete="CASCADE"))
    relation: Mapped[Code]
    object_id: Mapped[UUID] = mapped_column(ForeignKey("knowledge_entities.id", ondelete="CASCADE"), index=True)
    strength: Mapped[Share] = mapped_column(server_default="1")
    confidence: Mapped[Share] = mapped_column(server_default="1")
    evidence: Mapped[Payload]
    source: Mapped[Name | None]
    valid_from: Mapped[datetime | None] = mapped_column(comment="In the world. NULL: since ever.")
    valid_until: Mapped[datetime | None] = mapped_column(comment="In the world. NULL: it still holds.")
    known_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="When this system learned it."
    )
    retracted_at: Mapped[datetime | None] = mapped_column(comment="When this system stopped believing it.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    subject: Mapped[KnowledgeEntity] = relationship(back_populates="outgoing", foreign_keys=subject_id, lazy="raise")
    object: Mapped[KnowledgeEntity] = relationship(back_populates="incoming", foreign_keys=object_id, lazy="raise")

    __table_args__ = (
        Index("ix_knowledge_edges__subject_id_relation", "subject_id", "relation"),
        Index(
            "uq_knowledge_edges__valid",
            "subject_id",
            "relation",
            "object_id",
            unique=True,
            postgresql_where=text("valid_until IS NULL AND retracted_at IS NULL"),
        ),
        *not_blank("relation"),
        *share("strength", "confidence"),
        CheckConstraint("valid_until > valid_from", name="valid_range_ordered"),
        CheckConstraint("retracted_at >= known_at", name="retracted_after_known"),
        {"comment": __doc__},
    )
