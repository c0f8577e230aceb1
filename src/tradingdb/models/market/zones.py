"""Areas of a chart that matter, and what happened at them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, one_of
from tradingdb.core.columns import CreatedAt, CText, FalseByDefault, Payload, Price, Quantity, UpdatedAt, UuidPK
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import EnumText, UtcDateTime


class ZoneKind(StrEnum):
    """Who is expected to act at a zone."""

    SUPPLY = "supply"
    DEMAND = "demand"
    SUPPORT = "support"
    RESISTANCE = "resistance"


class BreakoutDirection(StrEnum):
    """Which way the price left."""

    UP = "up"
    DOWN = "down"


class PriceZone(Base):
    """A price area where supply or demand was seen."""

    __tablename__ = "price_zones"

    id: Mapped[UuidPK]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    timeframe: Mapped[CText | None]
    kind: Mapped[ZoneKind] = mapped_column(EnumText(ZoneKind))
    price: Mapped[Price]
    lower_price: Mapped[Price | None]
    upper_price: Mapped[Price | None]
    volume: Mapped[Quantity | None]
    strength: Mapped[float | None] = mapped_column(comment="In the finder's own unit.")
    detected_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    broken_at: Mapped[datetime | None] = mapped_column(comment="NULL: it still holds.")
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    breakouts: Mapped[list[BreakoutEvent]] = relationship(back_populates="zone", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_price_zones__instrument_id_price", "instrument_id", "price"),
        one_of("kind", ZoneKind),
        one_of("timeframe", Timeframe),
        *finite("price", "lower_price", "upper_price", "strength"),
        *finite("volume", sign=">= 0"),
        CheckConstraint("upper_price >= lower_price", name="price_range"),
        CheckConstraint("broken_at >= detected_at", name="broken_after_detected"),
        {"comment": __doc__},
    )


class BreakoutEvent(Base):
    """The price left a zone or a range."""

    __tablename__ = "breakout_events"

    id: Mapped[UuidPK]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    zone_id: Mapped[UUID | None] = mapped_column(ForeignKey("price_zones.id", ondelete="SET NULL"), index=True)
    direction: Mapped[BreakoutDirection] = mapped_column(EnumText(BreakoutDirection))
    price: Mapped[Price]
    volume: Mapped[Quantity | None]
    is_confirmed: Mapped[FalseByDefault]
    occurred_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    zone: Mapped[PriceZone | None] = relationship(back_populates="breakouts", lazy="raise")

    __table_args__ = (
        Index("ix_breakout_events__instrument_id_occurred_at", "instrument_id", "occurred_at"),
        one_of("direction", BreakoutDirection),
        *finite("price"),
        *finite("volume", sign=">= 0"),
        {"comment": __doc__},
    )
