"""Who acts: the programs that trade, research and watch."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, one_of, sha256_sized
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    CText,
    Digest,
    Name,
    Payload,
    Reference,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ids import uuid7
from tradingdb.core.types import EnumText, UtcDateTime


class AgentStatus(StrEnum):
    """What an agent is doing, as it last said."""

    ACTIVE = "active"
    IDLE = "idle"
    PAUSED = "paused"
    ERROR = "error"
    RETIRED = "retired"


class LogLevel(StrEnum):
    """How much a log entry matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Agent(Base):
    """A program that acts on the platform."""

    __tablename__ = "agents"

    id: Mapped[UuidPK]
    agent_id: Mapped[Reference] = mapped_column(unique=True, comment="The name that the agent gives itself.")
    agent_type: Mapped[Code] = mapped_column(index=True)
    name: Mapped[Name | None]
    description: Mapped[str | None]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True, comment="Owner. NULL: the platform's own."
    )
    capabilities: Mapped[Texts]
    configuration: Mapped[Payload]
    status: Mapped[AgentStatus] = mapped_column(EnumText(AgentStatus), server_default=AgentStatus.ACTIVE)
    wallet_address: Mapped[Reference | None]
    api_key_hash: Mapped[Digest | None] = mapped_column(unique=True, comment="SHA-256 of the agent's key.")
    last_heartbeat_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        one_of("status", AgentStatus),
        *not_blank("agent_id"),
        *sha256_sized("api_key_hash"),
        {"comment": __doc__},
    )


class AgentLog(Base):
    """A log entry of an agent."""

    __tablename__ = "agent_logs"

    agent: Mapped[CText] = mapped_column(primary_key=True, comment="agents.agent_id, or whoever logged.")
    logged_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid7,
        comment="Keeps entries of one instant apart; repeated writes are no-ops.",
    )
    level: Mapped[LogLevel] = mapped_column(EnumText(LogLevel))
    message: Mapped[str]
    context: Mapped[dict[str, Any] | None]
    traceback: Mapped[str | None]

    __table_args__ = (
        one_of("level", LogLevel),
        Index("ix_agent_logs__logged_at", "logged_at", postgresql_using="brin"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (logged_at)"},
    )
