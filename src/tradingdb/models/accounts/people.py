"""People and how they get in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, not_blank, one_of, sha256_sized
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    Digest,
    FalseByDefault,
    Name,
    Reference,
    Texts,
    TrueByDefault,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import CleanText, Encrypted, EnumText


class UserRole(StrEnum):
    """What a person may do on the platform."""

    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"


class UserStatus(StrEnum):
    """Whether a person may get in."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class TokenPurpose(StrEnum):
    """What a one-time token proves."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a password
    CHANGE_EMAIL = "change_email"
    INVITE = "invite"


class User(Base):
    """A person with access to the platform."""

    __tablename__ = "users"

    id: Mapped[UuidPK]
    email: Mapped[str] = mapped_column(
        CleanText(320), comment="Unique whatever its case; at most 320 characters (RFC 3696)."
    )
    username: Mapped[Code | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None] = mapped_column(comment="Argon2id in PHC form. NULL: no login by password.")
    wallet_address: Mapped[Reference | None] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    phone: Mapped[str | None]
    role: Mapped[UserRole] = mapped_column(EnumText(UserRole), server_default=UserRole.TRADER)
    status: Mapped[UserStatus] = mapped_column(EnumText(UserStatus), server_default=UserStatus.ACTIVE)
    locale: Mapped[Code] = mapped_column(server_default="en", comment="BCP 47 language tag.")
    time_zone: Mapped[Code] = mapped_column(server_default="UTC", comment="IANA name, for display only.")
    subscription_tier: Mapped[Code] = mapped_column(server_default="free")
    is_active: Mapped[TrueByDefault]
    is_verified: Mapped[FalseByDefault] = mapped_column(comment="The e-mail address was proven.")
    two_factor_enabled: Mapped[FalseByDefault]
    two_factor_secret: Mapped[Encrypted | None] = mapped_column(comment="Encrypted; never in clear.")
    login_attempts: Mapped[Count] = mapped_column(comment="Failed logins since the last good one.")
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(comment="Soft delete: a ledger keeps pointing here.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    preferences: Mapped[list[UserPreference]] = relationship(back_populates="user", lazy="raise", passive_deletes=True)
    sessions: Mapped[list[UserSession]] = relationship(back_populates="user", lazy="raise", passive_deletes=True)
    api_keys: Mapped[list[ApiKey]] = relationship(back_populates="user", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("uq_users__email", func.lower(text("email")), unique=True),
        one_of("role", UserRole),
        one_of("status", UserStatus),
        CheckConstraint("email LIKE '_%@_%'", name="email_has_at"),
        CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_hash_argon2id"),
        CheckConstraint("NOT two_factor_enabled OR two_factor_secret IS NOT NULL", name="two_factor_has_secret"),
        CheckConstraint("login_attempts >= 0", name="login_attempts_not_negative"),
        {"comment": __doc__},
    )


class UserPreference(Base):
    """One preference of a user: settings, chart preferences, anything with a name."""

    __tablename__ = "user_preferences"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[Name] = mapped_column(comment="Dotted, for example chart.indicators.")
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), comment="Any JSON value, with its type.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    user: Mapped[User] = relationship(back_populates="preferences", lazy="raise")

    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        *not_blank("key"),
        {"comment": __doc__},
    )


class UserSession(Base):
    """A login that is still valid, or was."""

    __tablename__ = "user_sessions"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[Digest] = mapped_column(unique=True, comment="SHA-256 of the token; the token is never stored.")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_active_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None] = mapped_column(comment="Logged out, or thrown out.")
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    device_info: Mapped[str | None]
    location: Mapped[str | None]
    created_at: Mapped[CreatedAt]

    user: Mapped[User] = relationship(back_populates="sessions", lazy="raise")

    __table_args__ = (
        *sha256_sized("token_hash"),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        {"comment": __doc__},
    )


class UserToken(Base):
    """A one-time token sent to a user."""

    __tablename__ = "user_tokens"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[TokenPurpose] = mapped_column(EnumText(TokenPurpose))
    token_hash: Mapped[Digest] = mapped_column(unique=True, comment="SHA-256 of the token; the token is never stored.")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(comment="NULL until used; a token works once.")
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("purpose", TokenPurpose),
        *sha256_sized("token_hash"),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        {"comment": __doc__},
    )


class ApiKey(Base):
    """A key that this platform issued to a user's program."""

    __tablename__ = "api_keys"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name | None]
    prefix: Mapped[Code] = mapped_column(unique=True, comment="Public start of the key, to recognise it by.")
    key_hash: Mapped[Digest] = mapped_column(unique=True, comment="SHA-256 of the whole key.")
    scopes: Mapped[Texts]
    rate_limit: Mapped[int | None] = mapped_column(comment="Calls a minute. NULL: no limit.")
    call_count: Mapped[Count]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]

    user: Mapped[User] = relationship(back_populates="api_keys", lazy="raise")

    __table_args__ = (
        *sha256_sized("key_hash"),
        CheckConstraint("rate_limit > 0", name="rate_limit_positive"),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        CheckConstraint("call_count >= 0", name="call_count_not_negative"),
        {"comment": __doc__},
    )


class UserAgent(Base):
    """An agent that a user runs, with the user's settings for it."""

    __tablename__ = "user_agents"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"), index=True)
    name: Mapped[Name]
    description: Mapped[str | None]
    risk_profile: Mapped[Code] = mapped_column(server_default="conservative")
    supported_blockchains: Mapped[Texts]
    supported_dexs: Mapped[Texts]
    is_active: Mapped[TrueByDefault]
    request_count: Mapped[Count]
    data_submissions: Mapped[Count]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint("user_id", "agent_id"),
        CheckConstraint("request_count >= 0 AND data_submissions >= 0", name="counters_not_negative"),
        {"comment": __doc__},
    )
