"""Collections of market data that models are trained on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, not_blank, not_negative, sha256_sized
from tradingdb.core.columns import Code, Digest, Name, Payload, UpdatedAt, UuidPK
from tradingdb.core.types import UtcDateTime


class Dataset(Base):
    """A file or object with data for training, and how to know that it has not changed."""

    __tablename__ = "datasets"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="Owner. NULL: the platform's own."
    )
    name: Mapped[Name]
    description: Mapped[str | None]
    uri: Mapped[str] = mapped_column(comment="Path or address of the data.")
    file_format: Mapped[Code | None]
    content_sha256: Mapped[Digest | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    range_start: Mapped[datetime | None]
    range_end: Mapped[datetime | None]
    details: Mapped[Payload]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("user_id", "name", postgresql_nulls_not_distinct=True),
        *not_blank("name", "uri"),
        *not_negative("size_bytes", "row_count"),
        *sha256_sized("content_sha256"),
        CheckConstraint("range_end > range_start", name="range_ordered"),
        {"comment": __doc__},
    )
