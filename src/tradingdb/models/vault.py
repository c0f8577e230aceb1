"""Secrets of others: what is kept of them, never in clear."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, not_blank, sha256_sized
from tradingdb.core.columns import (
    Code,
    CreatedAt,
    Digest,
    FalseByDefault,
    Name,
    Payload,
    Reference,
    Texts,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import Encrypted


class EncryptionKey(Base):
    """What is known of a key that encrypts; the key material is never stored here."""

    __tablename__ = "encryption_keys"

    id: Mapped[UuidPK]
    key_id: Mapped[Reference] = mapped_column(unique=True, comment="The name under which the key holder knows it.")
    purpose: Mapped[Code] = mapped_column(server_default="credentials")
    algorithm: Mapped[Code] = mapped_column(comment="For example AES-256-GCM.")
    salt: Mapped[bytes | None] = mapped_column(comment="For keys that are derived from a password.")
    is_active: Mapped[TrueByDefault] = mapped_column(comment="Encrypts new values; old ones need only be readable.")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    credentials: Mapped[list[ApiCredential]] = relationship(
        back_populates="encryption_key", lazy="raise", passive_deletes=True
    )

    __table_args__ = (
        Index("uq_encryption_keys__active", "purpose", unique=True, postgresql_where=text("is_active")),
        *not_blank("key_id"),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        CheckConstraint("NOT is_active OR retired_at IS NULL", name="retired_is_not_active"),
        {"comment": __doc__},
    )


class ApiCredential(Base):
    """A user's key at an exchange or another service, encrypted."""

    __tablename__ = "api_credentials"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="Owner. NULL: the platform's own."
    )
    service: Mapped[Code] = mapped_column(comment="Code of the venue, or the name of the service.")
    label: Mapped[Name] = mapped_column(server_default="default", comment="Tells several keys of one service apart.")
    venue_id: Mapped[int | None] = mapped_column(
        SmallInteger, ForeignKey("venues.id", ondelete="RESTRICT"), index=True, comment="NULL: not a venue."
    )
    encryption_key_id: Mapped[UUID] = mapped_column(ForeignKey("encryption_keys.id", ondelete="RESTRICT"), index=True)
    api_key_encrypted: Mapped[Encrypted]
    api_secret_encrypted: Mapped[Encrypted | None]
    passphrase_encrypted: Mapped[Encrypted | None]
    api_key_fingerprint: Mapped[Digest | None] = mapped_column(
        comment="SHA-256 of the key, to recognise it without decrypting."
    )
    api_secret_fingerprint: Mapped[Digest | None]
    permissions: Mapped[Texts]
    rate_limits: Mapped[Payload]
    is_active: Mapped[TrueByDefault]
    is_testnet: Mapped[FalseByDefault]
    last_rotated_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    encryption_key: Mapped[EncryptionKey] = relationship(back_populates="credentials", lazy="raise")

    __table_args__ = (
        UniqueConstraint("user_id", "service", "label", postgresql_nulls_not_distinct=True),
        Index("ix_api_credentials__expires_at", "expires_at", postgresql_where=text("is_active")),
        *not_blank("service"),
        *sha256_sized("api_key_fingerprint", "api_secret_fingerprint"),
        {"comment": __doc__},
    )
