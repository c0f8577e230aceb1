"""Sealed months of candles, packed by column. Derived from `candles`, never the truth."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Integer, SmallInteger, event
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, one_of, sha256_sized
from tradingdb.core.columns import CreatedAt, CText, Digest
from tradingdb.core.ddl import table_of
from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import UtcDateTime

PACKED = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trade_count",
    "taker_buy_volume",
    "is_synthetic",
)
"""The columns that hold an array. PostgreSQL stores them as they are: they are packed, and to be read fast."""


class CandleBlock(Base):
    """A sealed month of one series; every column is a packed array of its candles in order of time."""

    __tablename__ = "candle_blocks"

    instrument_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    timeframe: Mapped[CText] = mapped_column(primary_key=True)
    month: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, comment="Its first instant, in UTC.")
    format: Mapped[int] = mapped_column(SmallInteger, server_default="1", comment="How the arrays are packed.")
    row_count: Mapped[int] = mapped_column(Integer)
    first_open_time: Mapped[datetime]
    step_seconds: Mapped[int | None] = mapped_column(
        BigInteger, comment="Distance of the candles where there is no gap. NULL: open_time is packed too."
    )
    open_time: Mapped[bytes | None] = mapped_column(comment="NULL: every step_seconds from first_open_time.")
    open: Mapped[bytes]
    high: Mapped[bytes]
    low: Mapped[bytes]
    close: Mapped[bytes]
    volume: Mapped[bytes | None] = mapped_column(comment="NULL, as below: reported for none of the candles.")
    quote_volume: Mapped[bytes | None]
    trade_count: Mapped[bytes | None]
    taker_buy_volume: Mapped[bytes | None]
    is_synthetic: Mapped[bytes | None]
    content_sha256: Mapped[Digest]
    sealed_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("timeframe", Timeframe),
        CheckConstraint("date_trunc('month', month, 'UTC') = month", name="month_is_first_instant"),
        CheckConstraint("row_count > 0", name="row_count_positive"),
        CheckConstraint("(step_seconds IS NULL) = (open_time IS NOT NULL)", name="times_are_known"),
        *sha256_sized("content_sha256"),
        {"comment": __doc__},
    )


_STORAGE = ", ".join(f"ALTER COLUMN {name} SET STORAGE EXTERNAL" for name in PACKED)
event.listen(table_of(CandleBlock), "after_create", DDL(f"ALTER TABLE candle_blocks {_STORAGE}"))  # type: ignore[no-untyped-call]
