"""What agents tell each other: who is connected to whom, and a queue of messages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, not_negative, one_of
from tradingdb.core.columns import Code, CreatedAt, Payload, Reference, UpdatedAt, UuidPK
from tradingdb.core.types import EnumText, UtcDateTime


class ConnectionStatus(StrEnum):
    """Whether two agents may talk."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class MessageStatus(StrEnum):
    """Where a message is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    PROCESSED = "processed"
    DEAD = "dead"
    EXPIRED = "expired"


class AgentConnection(Base):
    """Two agents that talk by a protocol; the pair has no order."""

    __tablename__ = "agent_connections"

    id: Mapped[UuidPK]
    first_agent_id: Mapped[UUID] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), comment="The smaller id of the two."
    )
    second_agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    protocol: Mapped[Code]
    connection_id: Mapped[Reference | None] = mapped_column(unique=True, comment="The agents' own name for it.")
    status: Mapped[ConnectionStatus] = mapped_column(EnumText(ConnectionStatus), server_default=ConnectionStatus.ACTIVE)
    established_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    last_used_at: Mapped[datetime | None]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("first_agent_id", "second_agent_id", "protocol"),
        one_of("status", ConnectionStatus),
        *not_blank("protocol"),
        CheckConstraint("first_agent_id < second_agent_id", name="pair_is_ordered"),
        {"comment": __doc__},
    )


class AgentMessage(Base):
    """A message from one agent to another, kept until it is processed or given up."""

    __tablename__ = "agent_messages"

    id: Mapped[UuidPK]
    message_id: Mapped[Reference] = mapped_column(
        unique=True, comment="The sender's own name for it: sent twice, it is stored once."
    )
    sender_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    receiver_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    workflow_execution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("workflow_executions.id", ondelete="SET NULL"), index=True
    )
    message_type: Mapped[Code]
    payload: Mapped[Payload] = mapped_column(comment="What the sender said.")
    workflow_context: Mapped[Payload]
    priority: Mapped[int] = mapped_column(Integer, server_default="0", comment="Higher goes first.")
    correlation_id: Mapped[Reference | None] = mapped_column(index=True, comment="The conversation it belongs to.")
    status: Mapped[MessageStatus] = mapped_column(EnumText(MessageStatus), server_default=MessageStatus.QUEUED)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.now(), comment="Not to be claimed earlier: a retry waits."
    )
    claimed_by: Mapped[Reference | None] = mapped_column(comment="The worker that has it.")
    claimed_until: Mapped[datetime | None] = mapped_column(comment="After this another worker may take it.")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    max_attempts: Mapped[int] = mapped_column(Integer, server_default="5")
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    processed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    error_message: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index("ix_agent_messages__sender_id_receiver_id", "sender_id", "receiver_id"),
        Index("ix_agent_messages__receiver_id_sent_at", "receiver_id", text("sent_at DESC")),
        Index(
            "ix_agent_messages__waiting",
            "receiver_id",
            text("priority DESC"),
            "available_at",
            postgresql_where=text("status IN ('queued', 'claimed')"),
        ),
        one_of("status", MessageStatus),
        *not_blank("message_id", "message_type"),
        *not_negative("attempts"),
        CheckConstraint("max_attempts > 0", name="max_attempts_positive"),
        CheckConstraint("(status = 'claimed') = (claimed_until IS NOT NULL)", name="claimed_has_lease"),
        CheckConstraint("status <> 'processed' OR processed_at IS NOT NULL", name="processed_has_time"),
        CheckConstraint("expires_at > sent_at", name="expires_after_sent"),
        {"comment": __doc__},
    )
