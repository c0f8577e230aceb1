"""Where a user's money is."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, one_of
from tradingdb.core.columns import Code, CreatedAt, Name, Reference, UpdatedAt, UuidPK
from tradingdb.core.mode import TradingMode
from tradingdb.core.types import EnumText


class AccountStatus(StrEnum):
    """Whether an account may trade."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class CostBasis(StrEnum):
    """Which cost a sale is counted against."""

    AVERAGE = "average"
    FIFO = "fifo"


class TradingAccount(Base):
    """A user's account at a venue, in one mode."""

    __tablename__ = "trading_accounts"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    venue_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("venues.id", ondelete="RESTRICT"), index=True)
    label: Mapped[Name] = mapped_column(comment="The user's own name for it.")
    mode: Mapped[TradingMode] = mapped_column(EnumText(TradingMode))
    base_currency: Mapped[Code] = mapped_column(comment="What its equity is counted in.")
    cost_basis: Mapped[CostBasis] = mapped_column(
        EnumText(CostBasis),
        server_default=CostBasis.AVERAGE,
        comment="FIFO: the oldest part of a holding goes first.",
    )
    venue_account_id: Mapped[Reference | None] = mapped_column(comment="The venue's own identifier.")
    status: Mapped[AccountStatus] = mapped_column(EnumText(AccountStatus), server_default=AccountStatus.ACTIVE)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("user_id", "venue_id", "label"),
        one_of("mode", TradingMode),
        one_of("status", AccountStatus),
        one_of("cost_basis", CostBasis),
        *not_blank("label"),
        {"comment": __doc__},
    )
