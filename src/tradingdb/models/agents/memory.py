"""What agents keep between their calls, and what their calls cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, not_negative, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    CText,
    Money,
    Payload,
    Reference,
    Share,
    Texts,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ids import uuid7
from tradingdb.core.types import UtcDateTime


class AgentContext(Base):
    """One version of what an agent knows within a session."""

    __tablename__ = "agent_contexts"

    id: Mapped[UuidPK]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_key: Mapped[Reference] = mapped_column(server_default="", comment="Empty: not bound to a session.")
    context_type: Mapped[Code]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    data: Mapped[Payload]
    is_active: Mapped[TrueByDefault] = mapped_column(comment="The version in use.")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("agent_id", "session_key", "context_type", "version"),
        Index(
            "uq_agent_contexts__active",
            "agent_id",
            "session_key",
            "context_type",
            unique=True,
            postgresql_where=text("is_active"),
        ),
        Index("ix_agent_contexts__expires_at", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        *not_blank("context_type"),
        CheckConstraint("version > 0", name="version_positive"),
        {"comment": __doc__},
    )


class AgentMemory(Base):
    """Something that an agent remembers under a key."""

    __tablename__ = "agent_memories"

    id: Mapped[UuidPK]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    memory_key: Mapped[Reference]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), comment="Any JSON value, with its type.")
    memory_type: Mapped[Code] = mapped_column(server_default="fact")
    importance: Mapped[Share] = mapped_column(server_default="0.5")
    decay_rate: Mapped[Share] = mapped_column(server_default="0.1", comment="Share of its strength lost per day.")
    strength: Mapped[Share] = mapped_column(server_default="1", comment="What is left of it.")
    associations: Mapped[Texts] = mapped_column(comment="Keys of memories that it belongs with.")
    context: Mapped[Payload]
    details: Mapped[Payload]
    access_count: Mapped[Count]
    last_accessed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("agent_id", "memory_key"),
        Index("ix_agent_memories__importance", "agent_id", text("importance DESC")),
        Index("ix_agent_memories__expires_at", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        *not_blank("memory_key"),
        *share("importance", "decay_rate", "strength"),
        *not_negative("access_count"),
        {"comment": __doc__},
    )


class ApiCost(Base):
    """What one call of an agent to a paid service cost."""

    __tablename__ = "api_costs"

    agent: Mapped[CText] = mapped_column(primary_key=True, comment="agents.agent_id, or whoever called.")
    called_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, comment="Keeps calls of one instant apart; repeated writes are no-ops."
    )
    service: Mapped[CText]
    operation: Mapped[CText | None]
    model: Mapped[CText | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cost: Mapped[Money]
    currency: Mapped[Code] = mapped_column(server_default="USD")
    details: Mapped[Payload]

    __table_args__ = (
        *finite("cost", sign=">= 0"),
        *not_negative("input_tokens", "output_tokens"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (called_at)"},
    )
