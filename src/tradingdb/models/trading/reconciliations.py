"""How the ledger differed from what a venue said, each time it was asked."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_negative
from tradingdb.core.columns import Count, CreatedAt, UpdatedAt
from tradingdb.core.types import TypedJson, UtcDateTime


class DifferenceKind(StrEnum):
    """In what the ledger and a venue differ."""

    FILL_MISSING = "fill_missing"
    """The venue has an execution that the ledger has not, or has more of an order filled."""
    FILL_CONTENT = "fill_content"
    """The ledger has an execution otherwise than the venue, or one that the venue has not."""
    ORDER_UNKNOWN = "order_unknown"
    """The venue has an order that the ledger has not."""
    ORDER_GONE = "order_gone"
    """The ledger has an open order that the venue does not know."""
    ORDER_STATUS = "order_status"
    ORDER_CONTENT = "order_content"
    POSITION = "position"
    ENTRY_PRICE = "entry_price"
    BALANCE = "balance"


class ProposedEntry(BaseModel):
    """An entry of the ledger that would explain a difference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: str
    """What records it: submit_order, record_event, record_fill, record_movement."""
    entry: dict[str, Any]
    error: str | None = None
    """Why the ledger refuses it."""


class RecordedDifference(BaseModel):
    """One difference, and what would explain it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DifferenceKind
    subject: str
    """The order, the instrument or the currency."""
    ours: dict[str, Any]
    venue: dict[str, Any]
    proposals: list[ProposedEntry]
    remedy: str | None = None
    """What to do where nothing can be proposed."""


class ReconciliationRecord(Base):
    """How an account in the ledger differed from its venue at one instant."""

    __tablename__ = "reconciliations"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(
        UtcDateTime, primary_key=True, comment="When the venue said so, by its clock."
    )
    difference_count: Mapped[Count]
    unexplained_count: Mapped[Count] = mapped_column(comment="Of them without an entry that would explain them.")
    differences: Mapped[list[RecordedDifference]] = mapped_column(
        TypedJson(list[RecordedDifference]), server_default=text("'[]'")
    )
    applied_at: Mapped[datetime | None] = mapped_column(comment="When the proposed entries were recorded. NULL: never.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        *not_negative("difference_count", "unexplained_count"),
        CheckConstraint("unexplained_count <= difference_count", name="unexplained_within_differences"),
        {"comment": __doc__},
    )
