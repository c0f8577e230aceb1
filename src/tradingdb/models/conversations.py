"""What people and agents said to each other, in order."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, not_blank, not_negative, one_of, share
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Name,
    Payload,
    Reference,
    Share,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import EnumText, TypedJson


class MessageRole(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ConversationSession(Base):
    """A conversation of a user with an agent."""

    __tablename__ = "conversation_sessions"

    id: Mapped[UuidPK]
    session_key: Mapped[Reference] = mapped_column(unique=True, comment="The platform's own name for it.")
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    agent_type: Mapped[Code | None]
    title: Mapped[Name | None]
    summary: Mapped[str | None] = mapped_column(comment="What was said so far, in short.")
    preferences: Mapped[Payload]
    is_active: Mapped[TrueByDefault]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    messages: Mapped[list[ConversationMessage]] = relationship(
        back_populates="session",
        lazy="raise",
        passive_deletes=True,
        order_by="ConversationMessage.sequence",
    )

    __table_args__ = (
        Index("ix_conversation_sessions__user_id_updated_at", "user_id", text("updated_at DESC")),
        *not_blank("session_key"),
        {"comment": __doc__},
    )


class ConversationMessage(Base):
    """One message of a conversation."""

    __tablename__ = "conversation_messages"

    id: Mapped[UuidPK]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("conversation_sessions.id", ondelete="CASCADE"))
    sequence: Mapped[int] = mapped_column(
        Integer, comment="1 is the first message; clocks do not order a conversation."
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, comment="Whose conversation it is."
    )
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("conversation_messages.id", ondelete="SET NULL"), index=True, comment="What it answers."
    )
    role: Mapped[MessageRole] = mapped_column(EnumText(MessageRole))
    message_type: Mapped[Code | None]
    content: Mapped[str]
    intent: Mapped[Name | None] = mapped_column(comment="What the speaker wants.")
    entities: Mapped[Payload] = mapped_column(comment="What is spoken of, as it was recognised.")
    sentiment: Mapped[float | None] = mapped_column(comment="-1 to 1.")
    confidence: Mapped[Share | None]
    importance: Mapped[Share] = mapped_column(server_default="0.5")
    token_count: Mapped[int | None]
    context_before: Mapped[dict[str, Any] | None]
    context_after: Mapped[dict[str, Any] | None]
    actions: Mapped[list[Any]] = mapped_column(
        TypedJson(list[Any]), server_default=text("'[]'"), comment="What was done because of it."
    )
    feedback: Mapped[Code | None] = mapped_column(comment="What the user thought of it.")
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]

    session: Mapped[ConversationSession] = relationship(back_populates="messages", lazy="raise")

    __table_args__ = (
        UniqueConstraint("session_id", "sequence"),
        one_of("role", MessageRole),
        CheckConstraint("sequence > 0", name="sequence_positive"),
        CheckConstraint("sentiment BETWEEN -1 AND 1", name="sentiment_range"),
        *share("confidence", "importance"),
        *not_negative("token_count"),
        CheckConstraint("parent_id <> id", name="parent_is_another"),
        {"comment": __doc__},
    )
