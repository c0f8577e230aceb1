"""Instructions to a venue, and what the venue said about them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, one_of
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    FalseByDefault,
    Money,
    Payload,
    Price,
    Quantity,
    Reference,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.ddl import make_append_only
from tradingdb.core.types import EnumText, UtcDateTime

if TYPE_CHECKING:
    from tradingdb.models.trading.fills import Fill


class OrderSide(StrEnum):
    """Which way."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """When the venue may execute it."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """How long it stands."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    DAY = "day"


class OrderStatus(StrEnum):
    """Where it is in its life."""

    PENDING = "pending"
    OPEN = "open"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class PositionSide(StrEnum):
    """Which position an order acts on: the net one, or one of a hedged pair."""

    NET = "net"
    LONG = "long"
    SHORT = "short"


class OrderEventKind(StrEnum):
    """What happened to an order."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    AMENDED = "amended"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Order(Base):
    """An instruction sent to a venue."""

    __tablename__ = "orders"

    id: Mapped[UuidPK]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"))
    signal_id: Mapped[UUID | None] = mapped_column(ForeignKey("signals.id", ondelete="SET NULL"), index=True)
    decision_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("trading_decisions.id", ondelete="SET NULL"), comment="The decision that it carries out."
    )
    trade_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("trades.id", ondelete="SET NULL"),
        index=True,
        comment="The round trip that it opens or closes.",
    )
    client_order_id: Mapped[Reference] = mapped_column(comment="Ours, made before the order is sent.")
    venue_order_id: Mapped[Reference | None] = mapped_column(comment="The venue's. NULL until it answers.")
    side: Mapped[OrderSide] = mapped_column(EnumText(OrderSide))
    position_side: Mapped[PositionSide] = mapped_column(EnumText(PositionSide), server_default=PositionSide.NET)
    order_type: Mapped[OrderType] = mapped_column(EnumText(OrderType))
    time_in_force: Mapped[TimeInForce] = mapped_column(EnumText(TimeInForce), server_default=TimeInForce.GTC)
    quantity: Mapped[Quantity]
    limit_price: Mapped[Price | None]
    stop_price: Mapped[Price | None]
    trailing_offset: Mapped[Price | None]
    filled_quantity: Mapped[Quantity] = mapped_column(server_default="0")
    remaining_quantity: Mapped[Decimal] = mapped_column(Computed("quantity - filled_quantity", persisted=True))
    filled_value: Mapped[Money] = mapped_column(
        server_default="0", comment="Price times quantity of its fills; inverse contracts: quantity over price."
    )
    average_price: Mapped[Price | None] = mapped_column(comment="Of what was filled. NULL: nothing was.")
    fee: Mapped[Money | None] = mapped_column(comment="As the venue reports it for the order; fills have their own.")
    fee_currency: Mapped[Code | None]
    reduce_only: Mapped[FalseByDefault]
    post_only: Mapped[FalseByDefault]
    status: Mapped[OrderStatus] = mapped_column(EnumText(OrderStatus), server_default=OrderStatus.PENDING)
    venue_status: Mapped[OrderStatus | None] = mapped_column(
        EnumText(OrderStatus), comment="As the venue's events say by themselves; status also counts the fills."
    )
    status_reason: Mapped[str | None] = mapped_column(comment="Why it was rejected or cancelled.")
    submitted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    executed_at: Mapped[datetime | None] = mapped_column(comment="Last fill.")
    cancelled_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None] = mapped_column(comment="Venue time of the event that venue_status is from.")
    last_event_sequence: Mapped[int | None] = mapped_column(BigInteger)
    amended_at: Mapped[datetime | None] = mapped_column(comment="Venue time of the newest amendment applied.")
    details: Mapped[Payload] = mapped_column(comment="Whatever else the sender or the venue attached.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    events: Mapped[list[OrderEvent]] = relationship(back_populates="order", lazy="raise", passive_deletes=True)
    fills: Mapped[list[Fill]] = relationship(back_populates="order", lazy="raise", passive_deletes=True)

    __table_args__ = (
        UniqueConstraint("account_id", "client_order_id"),
        UniqueConstraint("account_id", "venue_order_id"),
        Index("ix_orders__instrument_id_created_at", "instrument_id", text("created_at DESC")),
        Index("ix_orders__account_id_created_at", "account_id", text("created_at DESC")),
        Index("ix_orders__strategy_id_created_at", "strategy_id", text("created_at DESC")),
        Index(
            "ix_orders__open",
            "account_id",
            "status",
            postgresql_where=text("status IN ('pending', 'open', 'partial')"),
        ),
        Index("ix_orders__decision_id", "decision_id", postgresql_where=text("decision_id IS NOT NULL")),
        one_of("side", OrderSide),
        one_of("position_side", PositionSide),
        one_of("order_type", OrderType),
        one_of("time_in_force", TimeInForce),
        one_of("status", OrderStatus),
        one_of("venue_status", OrderStatus),
        *not_blank("client_order_id"),
        *finite("quantity", "trailing_offset", sign="> 0"),
        *finite("filled_quantity", sign=">= 0"),
        *finite("limit_price", "stop_price", "average_price", "fee", "filled_value"),
        CheckConstraint("(filled_quantity = 0) = (average_price IS NULL)", name="filled_has_price"),
        CheckConstraint("order_type NOT IN ('limit', 'stop_limit') OR limit_price IS NOT NULL", name="limit_has_price"),
        CheckConstraint("order_type NOT IN ('stop', 'stop_limit') OR stop_price IS NOT NULL", name="stop_has_price"),
        CheckConstraint("fee IS NULL OR fee_currency IS NOT NULL", name="fee_has_currency"),
        {"comment": __doc__},
    )


class OrderEvent(Base):
    """Something that happened to an order; rows are only ever added."""

    __tablename__ = "order_events"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), primary_key=True)
    dedupe_key: Mapped[Reference] = mapped_column(
        primary_key=True, comment="The same event has the same key, however often it is sent."
    )
    account_id: Mapped[UUID] = mapped_column(ForeignKey("trading_accounts.id", ondelete="RESTRICT"))
    kind: Mapped[OrderEventKind] = mapped_column(EnumText(OrderEventKind))
    occurred_at: Mapped[datetime] = mapped_column(comment="By the venue's clock.")
    sequence: Mapped[int | None] = mapped_column(BigInteger, comment="The venue's order among events of one instant.")
    received_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.clock_timestamp(), comment="By our clock."
    )
    quantity: Mapped[Quantity | None] = mapped_column(
        comment="What the order was amended to, as below. NULL: not this."
    )
    limit_price: Mapped[Price | None]
    stop_price: Mapped[Price | None]
    reason: Mapped[str | None] = mapped_column(comment="Why it ended the order.")
    payload: Mapped[Payload] = mapped_column(comment="What the venue sent, as it came.")

    order: Mapped[Order] = relationship(back_populates="events", lazy="raise")

    __table_args__ = (
        Index("ix_order_events__order_id_occurred_at", "order_id", "occurred_at", "sequence"),
        Index("ix_order_events__account_id_occurred_at", "account_id", "occurred_at"),
        one_of("kind", OrderEventKind),
        *finite("quantity", sign="> 0"),
        *finite("limit_price", "stop_price"),
        {"comment": __doc__},
    )


make_append_only(OrderEvent)
