"""What can be computed or fetched again. UNLOGGED: fast to write, empty after a crash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Double, ForeignKey, Index, Integer, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, finite_items, not_blank, not_negative, sha256_sized
from tradingdb.core.columns import Code, Count, CreatedAt, Digest, Name, Payload, Reference, UpdatedAt
from tradingdb.core.types import UtcDateTime

UNLOGGED = {"prefixes": ["UNLOGGED"]}


class CacheEntry(Base):
    """A value under a key, until it expires."""

    __tablename__ = "cache_entries"

    cache_key: Mapped[Reference] = mapped_column(primary_key=True)
    cache_type: Mapped[Code] = mapped_column(server_default="general")
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), comment="Any JSON value, with its type.")
    expires_at: Mapped[datetime]
    hit_count: Mapped[Count]
    last_hit_at: Mapped[datetime | None]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index("ix_cache_entries__expires_at", "expires_at"),
        Index("ix_cache_entries__cache_type", "cache_type", "expires_at"),
        *not_blank("cache_key"),
        *not_negative("hit_count"),
        {"comment": __doc__, **UNLOGGED},
    )


class FeatureCache(Base):
    """A feature of an instrument, computed for a model, until it expires."""

    __tablename__ = "feature_cache"

    cache_key: Mapped[Reference] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"))
    feature_name: Mapped[Name]
    value: Mapped[float | None]
    vector: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    calculation_time_ms: Mapped[float | None]
    data_version: Mapped[Code | None]
    computed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    expires_at: Mapped[datetime]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_feature_cache__instrument_id_feature_name", "instrument_id", "feature_name"),
        Index("ix_feature_cache__expires_at", "expires_at"),
        *not_blank("cache_key", "feature_name"),
        *finite("value"),
        *finite_items("vector"),
        *finite("calculation_time_ms", sign=">= 0"),
        CheckConstraint("num_nonnulls(value, vector) > 0", name="has_value"),
        {"comment": __doc__, **UNLOGGED},
    )


class HistoricalDataCache(Base):
    """The answer of a data source to a query, until it expires."""

    __tablename__ = "historical_data_cache"

    query_sha256: Mapped[Digest] = mapped_column(primary_key=True, comment="Of source and parameters.")
    source: Mapped[Code]
    series: Mapped[Name | None] = mapped_column(comment="Symbol or name of the series, as the source spells it.")
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), index=True)
    data_type: Mapped[Code]
    frequency: Mapped[Code | None]
    range_start: Mapped[datetime | None]
    range_end: Mapped[datetime | None]
    query: Mapped[Payload] = mapped_column(comment="What was asked.")
    result: Mapped[Any] = mapped_column(JSONB(none_as_null=False), comment="What was answered.")
    result_count: Mapped[int | None] = mapped_column(Integer)
    compression_ratio: Mapped[float | None]
    query_time_ms: Mapped[float | None]
    access_count: Mapped[Count]
    expires_at: Mapped[datetime]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_historical_data_cache__series", "source", "series", "data_type", "range_start"),
        Index("ix_historical_data_cache__expires_at", "expires_at"),
        *sha256_sized("query_sha256"),
        *not_blank("source", "data_type"),
        *finite("compression_ratio", "query_time_ms", sign=">= 0"),
        *not_negative("result_count", "access_count"),
        CheckConstraint("range_end >= range_start", name="range_ordered"),
        {"comment": __doc__, **UNLOGGED},
    )
