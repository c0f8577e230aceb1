"""What markets are explained by: factors, and what chains, people and economies say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, not_negative, sha256_sized, share
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    CText,
    Digest,
    Name,
    Share,
    SmallPK,
    Texts,
    TrueByDefault,
    UpdatedAt,
)
from tradingdb.core.types import TypedJson, UtcDateTime


class FactorDefinition(Base):
    """A figure that is computed for instruments, and how."""

    __tablename__ = "factor_definitions"

    id: Mapped[SmallPK]
    name: Mapped[Name] = mapped_column(unique=True)
    category: Mapped[Code]
    description: Mapped[str | None]
    formula: Mapped[str | None]
    dependencies: Mapped[Texts] = mapped_column(comment="Names of factors and series that it needs.")
    lookback_hours: Mapped[float | None]
    update_frequency_minutes: Mapped[int] = mapped_column(Integer, server_default="15")
    min_value: Mapped[float | None]
    max_value: Mapped[float | None]
    is_active: Mapped[TrueByDefault]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        *not_blank("name", "category"),
        *finite("min_value", "max_value"),
        *finite("lookback_hours", sign=">= 0"),
        CheckConstraint("max_value > min_value", name="bounds_ordered"),
        CheckConstraint("update_frequency_minutes > 0", name="update_frequency_positive"),
        {"comment": __doc__},
    )


class FactorValue(Base):
    """The value of a factor for an instrument at one instant."""

    __tablename__ = "factor_values"

    factor_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("factor_definitions.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False, index=True
    )
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    value: Mapped[float]
    quality_score: Mapped[Share] = mapped_column(server_default="1")
    confidence: Mapped[Share] = mapped_column(server_default="1")
    staleness_seconds: Mapped[int] = mapped_column(Integer, server_default="0", comment="Age of the newest input.")
    calculation_method: Mapped[CText | None]
    calculation_version: Mapped[CText] = mapped_column(server_default="1.0")
    input_data_points: Mapped[int | None]
    lookback_hours: Mapped[float | None]
    passed_validation: Mapped[TrueByDefault]
    validation_errors: Mapped[list[Any]] = mapped_column(TypedJson(list[Any]), server_default=text("'[]'"))
    outlier_degree: Mapped[float | None] = mapped_column(comment="Distance from the usual, in the finder's own unit.")
    source_sha256: Mapped[Digest | None] = mapped_column(comment="Of the input data.")
    known_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        *finite("value", "outlier_degree"),
        *finite("lookback_hours", sign=">= 0"),
        *share("quality_score", "confidence"),
        *not_negative("staleness_seconds", "input_data_points"),
        *sha256_sized("source_sha256"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class OnchainData(Base):
    """What a blockchain shows about an asset at one instant, by one source."""

    __tablename__ = "onchain_data"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    source: Mapped[CText] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    active_addresses: Mapped[int | None] = mapped_column(BigInteger)
    transaction_count: Mapped[int | None] = mapped_column(BigInteger)
    transaction_volume_native: Mapped[float | None]
    transaction_volume_usd: Mapped[float | None]
    hash_rate: Mapped[float | None]
    exchange_inflow: Mapped[float | None]
    exchange_outflow: Mapped[float | None]
    exchange_balance: Mapped[float | None]
    whale_transactions: Mapped[int | None]
    whale_volume_usd: Mapped[float | None]
    network_difficulty: Mapped[float | None]
    block_time_avg: Mapped[float | None] = mapped_column(comment="Seconds.")
    mempool_size: Mapped[int | None] = mapped_column(BigInteger)
    gas_price_avg: Mapped[float | None]
    total_value_locked: Mapped[float | None]
    staking_ratio: Mapped[Share | None]
    data_completeness: Mapped[Share] = mapped_column(server_default="1")
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        *not_negative("active_addresses", "transaction_count", "whale_transactions", "mempool_size"),
        *finite("transaction_volume_native", "transaction_volume_usd", "hash_rate", sign=">= 0"),
        *finite("exchange_inflow", "exchange_outflow", "exchange_balance", "whale_volume_usd", sign=">= 0"),
        *finite("network_difficulty", "block_time_avg", "gas_price_avg", "total_value_locked", sign=">= 0"),
        *share("staking_ratio", "data_completeness"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class SentimentData(Base):
    """What people say about an asset at one instant, by one source."""

    __tablename__ = "sentiment_data"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    source: Mapped[CText] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    social_volume: Mapped[int | None] = mapped_column(BigInteger)
    social_sentiment: Mapped[float | None]
    social_dominance: Mapped[float | None]
    twitter_mentions: Mapped[int | None]
    twitter_sentiment: Mapped[float | None]
    reddit_mentions: Mapped[int | None]
    reddit_sentiment: Mapped[float | None]
    telegram_mentions: Mapped[int | None]
    fear_greed_index: Mapped[int | None] = mapped_column(SmallInteger, comment="0 (fear) to 100 (greed).")
    market_sentiment: Mapped[CText | None] = mapped_column(comment="The source's own word.")
    sample_size: Mapped[int | None]
    confidence_score: Mapped[Share | None]

    __table_args__ = (
        *not_negative("social_volume", "twitter_mentions", "reddit_mentions", "telegram_mentions", "sample_size"),
        *finite("social_sentiment", "social_dominance", "twitter_sentiment", "reddit_sentiment"),
        CheckConstraint("fear_greed_index BETWEEN 0 AND 100", name="fear_greed_index_range"),
        *share("confidence_score"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )


class MacroData(Base):
    """How an asset moves with the economy at one instant, and what the economy did."""

    __tablename__ = "macro_data"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    source: Mapped[CText] = mapped_column(primary_key=True, server_default="")
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    spy_correlation: Mapped[float | None]
    dxy_correlation: Mapped[float | None]
    gold_correlation: Mapped[float | None]
    vix_correlation: Mapped[float | None]
    correlation_window_days: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    us_10y_yield: Mapped[float | None] = mapped_column(comment="Percent, as all rates here.")
    yield_curve_2y10y: Mapped[float | None]
    real_rates: Mapped[float | None]
    cpi_yoy: Mapped[float | None]
    unemployment_rate: Mapped[float | None]
    gdp_growth: Mapped[float | None]
    fed_funds_rate: Mapped[float | None]
    money_supply_m2_growth: Mapped[float | None]
    data_quality: Mapped[Share] = mapped_column(server_default="1")

    __table_args__ = (
        Index("ix_macro_data__observed_at", "observed_at", postgresql_using="brin"),
        *(
            CheckConstraint(f"{name} BETWEEN -1 AND 1", name=f"{name}_range")
            for name in ("spy_correlation", "dxy_correlation", "gold_correlation", "vix_correlation")
        ),
        CheckConstraint("correlation_window_days > 0", name="correlation_window_positive"),
        *finite("us_10y_yield", "yield_curve_2y10y", "real_rates", "cpi_yoy", "unemployment_rate", "gdp_growth"),
        *finite("fed_funds_rate", "money_supply_m2_growth"),
        *share("data_quality"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (observed_at)"},
    )
