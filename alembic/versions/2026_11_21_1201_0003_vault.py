"""Encryption keys and the credentials that they protect.

Why:
    A user's exchange keys had no place. Only ciphertext and what is known of the key are stored.
Locks:
    None that anybody waits for: every table is new.
Safe while old code runs:
    Yes: the release before this one knows none of these tables.
Undo:
    Drops the tables with their data, partitions included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False, comment="The name under which the key holder knows it."),
        sa.Column("purpose", sa.Text(), server_default="credentials", nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False, comment="For example AES-256-GCM."),
        sa.Column("salt", sa.LargeBinary(), nullable=True, comment="For keys that are derived from a password."),
        sa.Column(
            "is_active",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Encrypts new values; old ones need only be readable.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("retired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("key_id ~ '\\S'", name=op.f("ck_encryption_keys__key_id_not_blank")),
        sa.CheckConstraint(
            "NOT is_active OR retired_at IS NULL", name=op.f("ck_encryption_keys__retired_is_not_active")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_encryption_keys__expires_after_created")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_encryption_keys__key_id")),
        comment="What is known of a key that encrypts; the key material is never stored here.",
    )
    op.create_index(
        "uq_encryption_keys__active", "encryption_keys", ["purpose"], unique=True, postgresql_where=sa.text("is_active")
    )
    op.create_table(
        "api_credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("service", sa.Text(), nullable=False, comment="Code of the venue, or the name of the service."),
        sa.Column(
            "label",
            sa.Text(),
            server_default="default",
            nullable=False,
            comment="Tells several keys of one service apart.",
        ),
        sa.Column("venue_id", sa.SmallInteger(), nullable=True, comment="NULL: not a venue."),
        sa.Column("encryption_key_id", sa.Uuid(), nullable=False),
        sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("api_secret_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("passphrase_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column(
            "api_key_fingerprint",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the key, to recognise it without decrypting.",
        ),
        sa.Column("api_secret_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("permissions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rate_limits", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_testnet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_rotated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("service ~ '\\S'", name=op.f("ck_api_credentials__service_not_blank")),
        sa.CheckConstraint(
            "octet_length(api_key_fingerprint) = 32", name=op.f("ck_api_credentials__api_key_fingerprint_sha256")
        ),
        sa.CheckConstraint(
            "octet_length(api_secret_fingerprint) = 32", name=op.f("ck_api_credentials__api_secret_fingerprint_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["encryption_key_id"],
            ["encryption_keys.id"],
            name=op.f("fk_api_credentials__encryption_key_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_credentials__user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_api_credentials__venue_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_credentials")),
        sa.UniqueConstraint(
            "user_id",
            "service",
            "label",
            name=op.f("uq_api_credentials__user_id_service_label"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="A user's key at an exchange or another service, encrypted.",
    )
    op.create_index(
        op.f("ix_api_credentials__encryption_key_id"), "api_credentials", ["encryption_key_id"], unique=False
    )
    op.create_index(
        "ix_api_credentials__expires_at",
        "api_credentials",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("is_active"),
    )
    op.create_index(op.f("ix_api_credentials__venue_id"), "api_credentials", ["venue_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_api_credentials__venue_id"), table_name="api_credentials")
    op.drop_index("ix_api_credentials__expires_at", table_name="api_credentials", postgresql_where=sa.text("is_active"))
    op.drop_index(op.f("ix_api_credentials__encryption_key_id"), table_name="api_credentials")
    op.drop_table("api_credentials")
    op.drop_index("uq_encryption_keys__active", table_name="encryption_keys", postgresql_where=sa.text("is_active"))
    op.drop_table("encryption_keys")
