"""OHLCV bars, and which of them there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_blank, not_negative, one_of, share
from tradingdb.core.columns import (
    Count,
    CreatedAt,
    CText,
    FalseByDefault,
    Payload,
    Share,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import CleanText, UtcDateTime

GRID_CHECK = " ".join(
    (
        "CASE timeframe",
        *(
            f"WHEN '{timeframe}' THEN date_bin('{timeframe.seconds} seconds', open_time, "
            f"to_timestamp({timeframe.origin_seconds})) = open_time"
            for timeframe in Timeframe
            if timeframe.seconds is not None
        ),
        "WHEN '1M' THEN date_trunc('month', open_time, 'UTC') = open_time",
        "END",
    )
)
"""The same grid as `Timeframe.floor`, in SQL; an unknown timeframe gives NULL and is refused by its own CHECK."""


class Candle(Base):
    """One OHLCV bar of an instrument, covering [open_time, open_time + timeframe)."""

    __tablename__ = "candles"

    instrument_id: Mapped[int] = mapped_column(
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="instruments.id, by way of series_coverage: a foreign key here would be looked up for every row.",
    )
    timeframe: Mapped[CText] = mapped_column(primary_key=True)
    open_time: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    open: Mapped[float]
    high: Mapped[float]
    low: Mapped[float]
    close: Mapped[float]
    volume: Mapped[float | None] = mapped_column(comment="In base currency, or contracts. NULL: not reported.")
    quote_volume: Mapped[float | None] = mapped_column(comment="Turnover in quote currency. NULL: not reported.")
    trade_count: Mapped[int | None]
    taker_buy_volume: Mapped[float | None] = mapped_column(comment="Part of the volume that takers bought.")
    large_trade_volume: Mapped[float | None] = mapped_column(comment="Part of the volume in large trades.")
    quality_score: Mapped[Share | None] = mapped_column(comment="0 to 1, by whoever judged it.")
    is_closed: Mapped[TrueByDefault] = mapped_column(comment="False while the bar is still growing.")
    is_synthetic: Mapped[FalseByDefault] = mapped_column(comment="Made to fill a gap; real data replaces it.")
    source: Mapped[CText | None] = mapped_column(comment="Where the values came from.")

    __table_args__ = (
        one_of("timeframe", Timeframe),
        CheckConstraint(GRID_CHECK, name="open_time_on_grid"),
        CheckConstraint("high >= open AND high >= close AND high >= low AND high < 'Infinity'", name="high_is_highest"),
        CheckConstraint("low <= open AND low <= close AND low > '-Infinity'", name="low_is_lowest"),
        *finite("volume", "quote_volume", "taker_buy_volume", "large_trade_volume", sign=">= 0"),
        CheckConstraint("trade_count >= 0", name="trade_count_not_negative"),
        *share("quality_score"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (open_time)"},
    )


class SeriesCoverage(Base):
    """What candles there are of an instrument and timeframe; the write path keeps it true."""

    __tablename__ = "series_coverage"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    timeframe: Mapped[CText] = mapped_column(primary_key=True)
    first_open_time: Mapped[datetime]
    last_open_time: Mapped[datetime]
    candle_count: Mapped[Count]
    source: Mapped[str | None] = mapped_column(CleanText(300), comment="Where the newest values came from.")
    is_syncing: Mapped[FalseByDefault]
    last_synced_at: Mapped[datetime | None] = mapped_column(comment="When a source was last asked.")
    sync_error: Mapped[str | None] = mapped_column(comment="Why the last attempt failed. NULL: it did not.")
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        one_of("timeframe", Timeframe),
        CheckConstraint("last_open_time >= first_open_time", name="range_ordered"),
        CheckConstraint("candle_count > 0", name="candle_count_positive"),
        Index("ix_series_coverage__syncing", "last_synced_at", postgresql_where=text("is_syncing")),
        {"comment": __doc__},
    )


class QuarantinedCandle(Base):
    """A row that could not be a candle, kept with the reason for somebody to look at."""

    __tablename__ = "candle_quarantine"

    id: Mapped[UuidPK]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"))
    timeframe: Mapped[CText]
    source: Mapped[str | None] = mapped_column(CleanText(300), comment="Where the row came from.")
    row_number: Mapped[int] = mapped_column(Integer, comment="Its place in the batch, counted from 0.")
    reason: Mapped[str]
    values: Mapped[Payload] = mapped_column(
        comment="The row: open_time in microseconds since 1970, numbers as text, so that NaN and infinity are kept."
    )
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_candle_quarantine__series", "instrument_id", "timeframe", "created_at"),
        one_of("timeframe", Timeframe),
        *not_negative("row_number"),
        *not_blank("reason"),
        {"comment": __doc__},
    )
