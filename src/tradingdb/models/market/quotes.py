"""What a market looked like at an instant: trades, quotes, day figures, funding."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_negative, one_of, share
from tradingdb.core.columns import CreatedAt, CText, FalseByDefault, Payload, Price, Ratio, Share
from tradingdb.core.types import EnumText, UtcDateTime


class TakerSide(StrEnum):
    """Which side crossed the spread."""

    BUY = "buy"
    SELL = "sell"


class MarketTrade(Base):
    """A trade between others that a venue published."""

    __tablename__ = "market_trades"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    traded_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    venue_trade_id: Mapped[CText] = mapped_column(primary_key=True, comment="The venue's own number for it.")
    price: Mapped[float]
    quantity: Mapped[float]
    taker_side: Mapped[TakerSide | None] = mapped_column(EnumText(TakerSide))
    is_block: Mapped[FalseByDefault] = mapped_column(comment="Negotiated off the book.")
    source: Mapped[CText | None]

    __table_args__ = (
        one_of("taker_side", TakerSide),
        *finite("price"),
        *finite("quantity", sign="> 0"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (traded_at)"},
    )


class MarketData(Base):
    """A snapshot of a market by one source: a ticker, or another typed view such as news or sentiment."""

    __tablename__ = "market_data"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    data_type: Mapped[CText] = mapped_column(primary_key=True, server_default="ticker")
    source: Mapped[CText] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, comment="By the source's clock.")
    price: Mapped[float | None]
    bid_price: Mapped[float | None]
    ask_price: Mapped[float | None]
    bid_size: Mapped[float | None]
    ask_size: Mapped[float | None]
    spread: Mapped[float | None] = mapped_column(comment="Ask minus bid; stored where a source gives only this.")
    volume_24h: Mapped[float | None]
    high_24h: Mapped[float | None]
    low_24h: Mapped[float | None]
    change_24h: Mapped[float | None] = mapped_column(comment="In quote currency.")
    change_percent_24h: Mapped[float | None]
    market_cap: Mapped[float | None]
    liquidity: Mapped[float | None]
    confidence: Mapped[Share | None]
    validation_flags: Mapped[Payload] = mapped_column(comment="What checks said about it.")
    payload: Mapped[Payload] = mapped_column(comment="What the source sent, as it came.")
    fetched_at: Mapped[CreatedAt] = mapped_column(comment="By our clock.")

    __table_args__ = (
        Index("ix_market_data__observed_at", "observed_at", postgresql_using="brin"),
        *finite("price", "bid_price", "ask_price", "spread", "change_24h", "change_percent_24h"),
        *finite("high_24h", "low_24h"),
        *finite("bid_size", "ask_size", "volume_24h", "market_cap", "liquidity", sign=">= 0"),
        *share("confidence"),
        CheckConstraint("high_24h >= low_24h", name="high_over_low"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class MarketDataSource(Base):
    """One source's figures of a market, as they entered an aggregate."""

    __tablename__ = "market_data_sources"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    source: Mapped[CText] = mapped_column(primary_key=True)
    data_type: Mapped[CText] = mapped_column(primary_key=True, server_default="ticker")
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    price: Mapped[float | None]
    volume_24h: Mapped[float | None]
    market_cap: Mapped[float | None]
    liquidity: Mapped[float | None]
    change_1h: Mapped[float | None] = mapped_column(comment="Percent.")
    change_24h: Mapped[float | None] = mapped_column(comment="Percent.")
    change_7d: Mapped[float | None] = mapped_column(comment="Percent.")

    __table_args__ = (
        *finite("price", "change_1h", "change_24h", "change_7d"),
        *finite("volume_24h", "market_cap", "liquidity", sign=">= 0"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class AggregatedMarketData(Base):
    """What several sources together say about a market."""

    __tablename__ = "aggregated_market_data"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    network: Mapped[CText] = mapped_column(
        primary_key=True, server_default="", comment="Blockchain. Empty: not bound to one."
    )
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    average_price: Mapped[float]
    median_price: Mapped[float | None]
    min_price: Mapped[float | None]
    max_price: Mapped[float | None]
    std_dev: Mapped[float | None] = mapped_column(comment="Of the sources' prices.")
    volume_24h: Mapped[float | None]
    sources_count: Mapped[int] = mapped_column(server_default="1")
    payload: Mapped[Payload] = mapped_column(comment="The sources' answers, as they came.")

    __table_args__ = (
        *finite("average_price", "median_price", "min_price", "max_price"),
        *finite("std_dev", "volume_24h", sign=">= 0"),
        CheckConstraint("max_price >= min_price", name="price_range"),
        *not_negative("sources_count"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class FundingRate(Base):
    """What holders of a perpetual paid each other at one instant."""

    __tablename__ = "funding_rates"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    funding_time: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    rate: Mapped[Ratio] = mapped_column(comment="Of the position's value; positive: longs pay shorts.")
    next_funding_time: Mapped[datetime | None]
    mark_price: Mapped[Price | None]
    index_price: Mapped[Price | None]
    source: Mapped[CText | None]

    __table_args__ = (
        *finite("rate", "mark_price", "index_price"),
        CheckConstraint("next_funding_time > funding_time", name="next_is_later"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (funding_time)"},
    )
