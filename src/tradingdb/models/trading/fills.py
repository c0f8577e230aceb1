"""Executions, and the positions that they add up to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, one_of
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Money,
    Payload,
    Price,
    Quantity,
    Ratio,
    Reference,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ddl import create_with
from tradingdb.core.types import CleanText, EnumText, TypedJson
from tradingdb.models.trading.open_fill import LOCK_FUNCTION, OPEN_FILL_FUNCTION
from tradingdb.models.trading.orders import OrderSide, PositionSide

if TYPE_CHECKING:
    from tradingdb.models.trading.orders import Order


class Liquidity(StrEnum):
    """Whether an execution added to the book or took from it."""

    MAKER = "maker"
    TAKER = "taker"


class Fill(Base):
    """An execution at a venue."""

    __tablename__ = "fills"

    id: Mapped[UuidPK]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    venue_trade_id: Mapped[Reference]
    sequence: Mapped[int] = mapped_column(
        SmallInteger, server_default="0", comment="Keeps executions apart that share a venue trade id."
    )
    order_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("orders.id", ondelete="RESTRICT"),
        index=True,
        comment="NULL: an order that we do not know yet.",
    )
    venue_order_id: Mapped[Reference | None] = mapped_column(comment="To join the order when it becomes known.")
    client_order_id: Mapped[Reference | None] = mapped_column(comment="The same, where the venue gives it.")
    side: Mapped[OrderSide] = mapped_column(EnumText(OrderSide))
    position_side: Mapped[PositionSide] = mapped_column(EnumText(PositionSide), server_default=PositionSide.NET)
    quantity: Mapped[Quantity]
    price: Mapped[Price]
    fee: Mapped[Money] = mapped_column(server_default="0", comment="Negative: a rebate.")
    fee_currency: Mapped[Code | None]
    liquidity: Mapped[Liquidity | None] = mapped_column(EnumText(Liquidity), comment="NULL: not reported.")
    bid_price: Mapped[Price | None] = mapped_column(comment="Best bid at execution.")
    ask_price: Mapped[Price | None] = mapped_column(comment="Best ask at execution.")
    mark_price: Mapped[Price | None] = mapped_column(comment="Mark price at execution.")
    executed_at: Mapped[datetime] = mapped_column(comment="By the venue's clock.")
    details: Mapped[Payload] = mapped_column(comment="Whatever else the venue sent, as it came.")
    created_at: Mapped[CreatedAt]

    order: Mapped[Order | None] = relationship(back_populates="fills", lazy="raise")

    __table_args__ = (
        UniqueConstraint("account_id", "instrument_id", "venue_trade_id", "sequence"),
        Index("ix_fills__instrument_id_executed_at", "instrument_id", text("executed_at DESC")),
        Index("ix_fills__account_id_executed_at", "account_id", text("executed_at DESC")),
        Index(
            "ix_fills__unmatched",
            "account_id",
            "venue_order_id",
            postgresql_where=text("order_id IS NULL"),
        ),
        one_of("side", OrderSide),
        one_of("position_side", PositionSide),
        one_of("liquidity", Liquidity),
        *not_blank("venue_trade_id"),
        *finite("quantity", sign="> 0"),
        *finite("price", "fee", "bid_price", "ask_price", "mark_price"),
        CheckConstraint("fee = 0 OR fee_currency IS NOT NULL", name="fee_has_currency"),
        {"comment": __doc__},
    )


create_with(Fill, LOCK_FUNCTION, OPEN_FILL_FUNCTION)


class HeldLot(BaseModel):
    """A part of a holding that came in at one price; negative quantities were sold short."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: Decimal
    price: Decimal


class Position(Base):
    """What an account holds of an instrument, as its fills say."""

    __tablename__ = "positions"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False, index=True
    )
    side: Mapped[PositionSide] = mapped_column(EnumText(PositionSide), primary_key=True)
    quantity: Mapped[Quantity] = mapped_column(comment="Signed: negative is short. Zero: closed.")
    average_entry_price: Mapped[Price | None] = mapped_column(comment="NULL when nothing is held.")
    realized_pnl: Mapped[Money] = mapped_column(server_default="0", comment="In settle currency, before fees.")
    fees: Mapped[Money] = mapped_column(server_default="0", comment="Paid, in settle currency.")
    other_fees: Mapped[dict[str, Decimal]] = mapped_column(
        TypedJson(dict[str, Decimal]), server_default=text("'{}'"), comment="Paid in other currencies, by currency."
    )
    funding: Mapped[Money] = mapped_column(server_default="0", comment="Received, in settle currency.")
    mark_price: Mapped[Price | None] = mapped_column(comment="Last price that it was valued at.")
    marked_at: Mapped[datetime | None]
    unrealized_pnl: Mapped[Money | None] = mapped_column(comment="At the mark price, in settle currency.")
    leverage: Mapped[Ratio | None]
    margin_used: Mapped[Money | None]
    liquidation_price: Mapped[Price | None]
    stop_price: Mapped[Price | None]
    target_price: Mapped[Price | None]
    opened_at: Mapped[datetime | None] = mapped_column(comment="When the present holding began.")
    last_fill_at: Mapped[datetime | None]
    last_fill_place: Mapped[str | None] = mapped_column(
        CleanText(500), comment="Place of that fill among those of one instant."
    )
    lots: Mapped[list[HeldLot] | None] = mapped_column(
        TypedJson(list[HeldLot]), comment="What is held, oldest first. NULL: the account counts by average cost."
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        one_of("side", PositionSide),
        *finite("quantity", "average_entry_price", "realized_pnl", "fees", "funding"),
        *finite("mark_price", "unrealized_pnl", "liquidation_price", "stop_price", "target_price"),
        *finite("leverage", sign="> 0"),
        *finite("margin_used", sign=">= 0"),
        CheckConstraint("(quantity = 0) = (average_entry_price IS NULL)", name="held_has_price"),
        {"comment": __doc__},
    )


class PositionCheckpoint(Base):
    """A position as it was after one of its fills, from which a late fill is counted on."""

    __tablename__ = "position_checkpoints"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    side: Mapped[PositionSide] = mapped_column(EnumText(PositionSide), primary_key=True)
    last_fill_at: Mapped[datetime] = mapped_column(primary_key=True)
    last_fill_place: Mapped[str] = mapped_column(
        CleanText(500), comment="Place of that fill among those of one instant."
    )
    quantity: Mapped[Quantity] = mapped_column(comment="Signed: negative is short.")
    average_entry_price: Mapped[Price | None]
    realized_pnl: Mapped[Money] = mapped_column(comment="In settle currency, before fees.")
    fees: Mapped[Money] = mapped_column(comment="Paid, in settle currency.")
    other_fees: Mapped[dict[str, Decimal]] = mapped_column(
        TypedJson(dict[str, Decimal]), comment="Paid in other currencies."
    )
    opened_at: Mapped[datetime | None] = mapped_column(comment="When the holding began.")
    lots: Mapped[list[HeldLot] | None] = mapped_column(
        TypedJson(list[HeldLot]), comment="Oldest first, as in positions. NULL: counted by average cost."
    )

    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "instrument_id", "side"],
            ["positions.account_id", "positions.instrument_id", "positions.side"],
            ondelete="CASCADE",
        ),
        one_of("side", PositionSide),
        *finite("quantity", "average_entry_price", "realized_pnl", "fees"),
        {"comment": __doc__},
    )
