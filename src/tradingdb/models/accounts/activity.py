"""What people and their programs did here: counted calls, and the record of who changed what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, not_negative, one_of
from tradingdb.core.columns import Code, Count, CText, Payload, Reference
from tradingdb.core.ddl import make_append_only
from tradingdb.core.ids import uuid7
from tradingdb.core.types import EnumText, UtcDateTime


class AuditResult(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"


class ApiUsage(Base):
    """How often a user's agent called an endpoint on one day."""

    __tablename__ = "api_usage"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    agent: Mapped[CText] = mapped_column(
        primary_key=True, server_default="", comment="agents.agent_id. Empty: the user, without an agent."
    )
    endpoint: Mapped[CText] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, comment="Midnight in UTC.")
    request_count: Mapped[Count]
    last_request_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("date_trunc('day', day, 'UTC') = day", name="day_is_midnight"),
        *not_negative("request_count"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (day)"},
    )


class AuditEntry(Base):
    """Who did what to which row, from where, and with what result; rows are only ever added."""

    __tablename__ = "audit_log"

    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, comment="Keeps entries of one instant apart."
    )
    user_id: Mapped[UUID | None] = mapped_column(comment="Who. NULL: the platform itself.")
    account_id: Mapped[UUID | None] = mapped_column(comment="Whose trading account was touched.")
    action: Mapped[Code] = mapped_column(comment="For example login, insert, update, delete, approve.")
    table_name: Mapped[CText | None]
    row_key: Mapped[Reference | None] = mapped_column(comment="Primary key of the row, as text.")
    old_values: Mapped[dict[str, Any] | None]
    new_values: Mapped[dict[str, Any] | None]
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    result: Mapped[AuditResult] = mapped_column(EnumText(AuditResult), server_default=AuditResult.SUCCEEDED)
    error_message: Mapped[str | None]
    details: Mapped[Payload]

    __table_args__ = (
        Index("ix_audit_log__user_id_occurred_at", "user_id", "occurred_at"),
        Index("ix_audit_log__row", "table_name", "row_key", "occurred_at"),
        one_of("result", AuditResult),
        *not_blank("action"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (occurred_at)"},
    )


make_append_only(AuditEntry)
