"""Instruments that a user keeps an eye on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank
from tradingdb.core.columns import CreatedAt, FalseByDefault, Name, Price, UpdatedAt, UuidPK
from tradingdb.core.types import UtcDateTime


class Watchlist(Base):
    """A named, ordered list of instruments of a user."""

    __tablename__ = "watchlists"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[Name]
    description: Mapped[str | None]
    is_default: Mapped[FalseByDefault] = mapped_column(comment="Shown first; one per user.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    items: Mapped[list[WatchlistItem]] = relationship(
        back_populates="watchlist", lazy="raise", passive_deletes=True, order_by="WatchlistItem.position"
    )

    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        Index("uq_watchlists__default", "user_id", unique=True, postgresql_where=text("is_default")),
        *not_blank("name"),
        {"comment": __doc__},
    )


class WatchlistItem(Base):
    """An instrument on a watchlist."""

    __tablename__ = "watchlist_items"

    watchlist_id: Mapped[UUID] = mapped_column(ForeignKey("watchlists.id", ondelete="CASCADE"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False, index=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, comment="The list's owner."
    )
    position: Mapped[int] = mapped_column(Integer, server_default="0", comment="Order within the list.")
    notes: Mapped[str | None]
    alert_price: Mapped[Price | None] = mapped_column(comment="Tell the user when the price crosses it.")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    watchlist: Mapped[Watchlist] = relationship(back_populates="items", lazy="raise")

    __table_args__ = (*finite("alert_price"), {"comment": __doc__})
