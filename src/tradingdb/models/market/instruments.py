"""Where and what is traded, and what it did."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, one_of
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    FalseByDefault,
    IntegerPK,
    Name,
    Payload,
    Price,
    Quantity,
    Reference,
    SmallPK,
    TrueByDefault,
    UpdatedAt,
)
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import EnumText


class VenueKind(StrEnum):
    """What kind of source a venue is."""

    EXCHANGE = "exchange"
    DEX = "dex"
    BROKER = "broker"
    DATA_VENDOR = "data_vendor"
    SIMULATED = "simulated"


class InstrumentKind(StrEnum):
    """What kind of thing is traded."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"
    EQUITY = "equity"
    FX = "fx"
    INDEX = "index"
    POOL = "pool"


class InstrumentStatus(StrEnum):
    """Whether an instrument can be traded now."""

    ANNOUNCED = "announced"
    TRADING = "trading"
    HALTED = "halted"
    DELISTED = "delisted"


class OptionKind(StrEnum):
    """Right to buy or to sell."""

    CALL = "call"
    PUT = "put"


class TimeframeInfo(Base):
    """A length of candles, for queries that need its duration."""

    __tablename__ = "timeframes"

    code: Mapped[Timeframe] = mapped_column(EnumText(Timeframe), primary_key=True)
    duration: Mapped[timedelta] = mapped_column(
        INTERVAL, comment="A month counts as 30 days here; its candles are calendar months."
    )
    position: Mapped[int] = mapped_column(SmallInteger, unique=True, comment="Order from short to long.")

    __table_args__ = (one_of("code", Timeframe), {"comment": __doc__})


class Venue(Base):
    """A place where instruments trade, or a source of market data."""

    __tablename__ = "venues"

    id: Mapped[SmallPK]
    code: Mapped[Code] = mapped_column(unique=True, comment="Lower case, as ccxt spells it where ccxt knows it.")
    name: Mapped[Name]
    kind: Mapped[VenueKind] = mapped_column(EnumText(VenueKind))
    website: Mapped[str | None]
    is_active: Mapped[TrueByDefault]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    instruments: Mapped[list[Instrument]] = relationship(back_populates="venue", lazy="raise", passive_deletes=True)

    __table_args__ = (
        one_of("kind", VenueKind),
        CheckConstraint(r"code ~ '^[a-z0-9][a-z0-9_.-]*$'", name="code_lower"),
        {"comment": __doc__},
    )


class Instrument(Base):
    """What trades at a venue."""

    __tablename__ = "instruments"

    id: Mapped[IntegerPK]
    venue_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("venues.id", ondelete="RESTRICT"))
    symbol: Mapped[Reference] = mapped_column(comment="Unified symbol, for example BTC/USDT:USDT for a perpetual.")
    native_symbol: Mapped[Reference | None] = mapped_column(comment="The venue's own spelling, for example BTCUSDT.")
    kind: Mapped[InstrumentKind] = mapped_column(EnumText(InstrumentKind), server_default=InstrumentKind.SPOT)
    base_currency: Mapped[Code | None]
    quote_currency: Mapped[Code | None]
    settle_currency: Mapped[Code | None] = mapped_column(comment="What profit is paid in; NULL for spot.")
    price_tick: Mapped[Price | None] = mapped_column(comment="Smallest step of a price.")
    quantity_step: Mapped[Quantity | None] = mapped_column(comment="Smallest step of a quantity (lot).")
    min_quantity: Mapped[Quantity | None]
    max_quantity: Mapped[Quantity | None]
    min_notional: Mapped[Quantity | None] = mapped_column(comment="Smallest order, in quote currency.")
    contract_size: Mapped[Quantity] = mapped_column(server_default="1", comment="Units of base in one contract.")
    is_inverse: Mapped[FalseByDefault] = mapped_column(comment="Profit is paid in base currency.")
    strike_price: Mapped[Price | None]
    option_kind: Mapped[OptionKind | None] = mapped_column(EnumText(OptionKind))
    expires_at: Mapped[datetime | None] = mapped_column(comment="NULL: never.")
    network: Mapped[Code | None] = mapped_column(comment="Blockchain of an on-chain instrument.")
    contract_address: Mapped[Reference | None] = mapped_column(comment="Token or pool address on that blockchain.")
    status: Mapped[InstrumentStatus] = mapped_column(
        EnumText(InstrumentStatus), server_default=InstrumentStatus.TRADING
    )
    listed_at: Mapped[datetime | None]
    delisted_at: Mapped[datetime | None]
    venue_info: Mapped[Payload] = mapped_column(comment="What the venue says about it, as it came.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    venue: Mapped[Venue] = relationship(back_populates="instruments", lazy="raise")

    __table_args__ = (
        UniqueConstraint("venue_id", "symbol"),
        Index("ix_instruments__symbol", "symbol"),
        one_of("kind", InstrumentKind),
        one_of("status", InstrumentStatus),
        one_of("option_kind", OptionKind),
        *not_blank("symbol"),
        *finite("price_tick", "quantity_step", "contract_size", sign="> 0"),
        *finite("min_quantity", "max_quantity", "min_notional", sign=">= 0"),
        *finite("strike_price"),
        CheckConstraint("delisted_at > listed_at", name="delisted_after_listed"),
        CheckConstraint("max_quantity >= min_quantity", name="quantity_range"),
        CheckConstraint("(kind = 'option') = (option_kind IS NOT NULL)", name="option_has_kind"),
        {"comment": __doc__},
    )

    def quantize_price(self, price: Decimal) -> Decimal:
        """The nearest price on the tick grid, ties to even. Unchanged where no tick is known."""
        return _on_grid(price, self.price_tick, ROUND_HALF_EVEN)

    def quantize_quantity(self, quantity: Decimal) -> Decimal:
        """The quantity cut down to whole lots, never more than asked. Unchanged where no lot is known."""
        return _on_grid(quantity, self.quantity_step, ROUND_DOWN)


def _on_grid(value: Decimal, step: Decimal | None, rounding: str) -> Decimal:
    if step is None:
        return value
    return (value / step).to_integral_value(rounding) * step
