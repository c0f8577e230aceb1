"""Money in an account: every movement of it, what is held now, and what it was worth over time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, one_of, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    Money,
    Payload,
    Price,
    Quantity,
    Reference,
    Share,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ddl import keep_balances, make_append_only
from tradingdb.core.types import EnumText, UtcDateTime


class CashMovementKind(StrEnum):
    """Why an amount came or went."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    FEE = "fee"
    FUNDING = "funding"
    REALIZED_PNL = "realized_pnl"
    REBATE = "rebate"
    INTEREST = "interest"
    ADJUSTMENT = "adjustment"
    TRADE = "trade"
    """What was bought for what was paid: an exchange of currencies has a movement of each."""


class CashMovement(Base):
    """An amount that came into an account or left it; rows are only ever added."""

    __tablename__ = "cash_movements"

    id: Mapped[UuidPK]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"))
    dedupe_key: Mapped[Reference] = mapped_column(
        comment="The same movement has the same key, however often it is sent."
    )
    kind: Mapped[CashMovementKind] = mapped_column(EnumText(CashMovementKind))
    amount: Mapped[Money] = mapped_column(comment="Positive: it came in.")
    currency: Mapped[Code]
    occurred_at: Mapped[datetime] = mapped_column(comment="By the venue's clock.")
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), index=True, comment="What it was about, if one thing."
    )
    fill_id: Mapped[UUID | None] = mapped_column(ForeignKey("fills.id", ondelete="RESTRICT"), index=True)
    note: Mapped[str | None]
    details: Mapped[Payload] = mapped_column(comment="What the venue sent, as it came.")
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("account_id", "dedupe_key"),
        Index("ix_cash_movements__account_id_currency_occurred_at", "account_id", "currency", "occurred_at"),
        one_of("kind", CashMovementKind),
        *not_blank("dedupe_key", "currency"),
        *finite("amount"),
        CheckConstraint("amount <> 0", name="amount_moves_something"),
        CheckConstraint("kind <> 'deposit' OR amount > 0", name="deposit_comes_in"),
        CheckConstraint("kind <> 'withdrawal' OR amount < 0", name="withdrawal_goes_out"),
        {"comment": __doc__},
    )


make_append_only(CashMovement)


class CashBalance(Base):
    """What an account has of a currency: the sum of its movements, which PostgreSQL itself keeps."""

    __tablename__ = "cash_balances"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"), primary_key=True)
    currency: Mapped[Code] = mapped_column(primary_key=True)
    amount: Mapped[Money] = mapped_column(comment="Negative: owed.")
    movement_count: Mapped[Count]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (*finite("amount"), {"comment": __doc__})


keep_balances(CashMovement, CashBalance)


class PortfolioHolding(Base):
    """What an account holds now of one asset, valued."""

    __tablename__ = "portfolios"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="CASCADE"), primary_key=True)
    asset: Mapped[Code] = mapped_column(primary_key=True, comment="Currency or token.")
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), index=True, comment="Where its price comes from."
    )
    quantity: Mapped[Quantity]
    available: Mapped[Quantity | None] = mapped_column(comment="Not bound in orders or margin.")
    average_price: Mapped[Price | None]
    current_price: Mapped[Price | None]
    market_value: Mapped[Money | None]
    cost_basis: Mapped[Money | None]
    unrealized_pnl: Mapped[Money | None]
    realized_pnl: Mapped[Money | None]
    currency: Mapped[Code | None] = mapped_column(comment="Of prices and values.")
    valued_at: Mapped[datetime] = mapped_column(comment="When prices and values were true.")
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        *finite("quantity", "available", "average_price", "current_price", "market_value", "cost_basis"),
        *finite("unrealized_pnl", "realized_pnl"),
        CheckConstraint(
            "num_nonnulls(market_value, current_price) = 0 OR currency IS NOT NULL", name="value_has_currency"
        ),
        {"comment": __doc__},
    )


class PortfolioSnapshot(Base):
    """What an account was worth at one instant."""

    __tablename__ = "portfolio_snapshots"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    currency: Mapped[Code]
    cash: Mapped[Money]
    positions_value: Mapped[Money]
    equity: Mapped[Money]
    realized_pnl: Mapped[Money | None] = mapped_column(comment="Since the account was opened.")
    unrealized_pnl: Mapped[Money | None]
    drawdown: Mapped[Share | None] = mapped_column(comment="Below the highest equity so far, 0 to 1.")
    holdings: Mapped[Payload] = mapped_column(comment="Asset to quantity and value.")
    source: Mapped[Code | None] = mapped_column(comment="Ours, or the venue's report.")

    __table_args__ = (
        *finite("cash", "positions_value", "equity", "realized_pnl", "unrealized_pnl"),
        *share("drawdown"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (taken_at)"},
    )
