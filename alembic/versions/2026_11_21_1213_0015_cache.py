"""Caches, unlogged.

Why:
    What can be computed again had no place that is cheap to write.
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

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "cache_entries",
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("cache_type", sa.Text(), server_default="general", nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False, comment="Any JSON value, with its type."),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("hit_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_hit_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cache_key ~ '\\S'", name=op.f("ck_cache_entries__cache_key_not_blank")),
        sa.CheckConstraint("hit_count >= 0", name=op.f("ck_cache_entries__hit_count_not_negative")),
        sa.PrimaryKeyConstraint("cache_key", name=op.f("pk_cache_entries")),
        comment="A value under a key, until it expires.",
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_cache_entries__cache_type", "cache_entries", ["cache_type", "expires_at"], unique=False)
    op.create_index("ix_cache_entries__expires_at", "cache_entries", ["expires_at"], unique=False)
    op.create_table(
        "feature_cache",
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("feature_name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("vector", sa.ARRAY(sa.Double()), nullable=True),
        sa.Column("calculation_time_ms", sa.Double(), nullable=True),
        sa.Column("data_version", sa.Text(), nullable=True),
        sa.Column("computed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "'NaN' <> ALL (vector) AND 'Infinity' <> ALL (vector) AND '-Infinity' <> ALL (vector) AND array_position(vector, NULL) IS NULL",
            name=op.f("ck_feature_cache__vector_finite"),
        ),
        sa.CheckConstraint("cache_key ~ '\\S'", name=op.f("ck_feature_cache__cache_key_not_blank")),
        sa.CheckConstraint(
            "calculation_time_ms >= 0 AND calculation_time_ms < 'Infinity'",
            name=op.f("ck_feature_cache__calculation_time_ms_not_negative"),
        ),
        sa.CheckConstraint("feature_name ~ '\\S'", name=op.f("ck_feature_cache__feature_name_not_blank")),
        sa.CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_feature_cache__value_finite")),
        sa.CheckConstraint("num_nonnulls(value, vector) > 0", name=op.f("ck_feature_cache__has_value")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_feature_cache__instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cache_key", name=op.f("pk_feature_cache")),
        comment="A feature of an instrument, computed for a model, until it expires.",
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_feature_cache__expires_at", "feature_cache", ["expires_at"], unique=False)
    op.create_index(
        "ix_feature_cache__instrument_id_feature_name", "feature_cache", ["instrument_id", "feature_name"], unique=False
    )
    op.create_table(
        "historical_data_cache",
        sa.Column("query_sha256", sa.LargeBinary(), nullable=False, comment="Of source and parameters."),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=True, comment="Symbol or name of the series, as the source spells it."),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.Column("data_type", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=True),
        sa.Column("range_start", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("range_end", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "query", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False, comment="What was asked."
        ),
        sa.Column("result", postgresql.JSONB(), nullable=False, comment="What was answered."),
        sa.Column("result_count", sa.Integer(), nullable=True),
        sa.Column("compression_ratio", sa.Double(), nullable=True),
        sa.Column("query_time_ms", sa.Double(), nullable=True),
        sa.Column("access_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "compression_ratio >= 0 AND compression_ratio < 'Infinity'",
            name=op.f("ck_historical_data_cache__compression_ratio_not_negative"),
        ),
        sa.CheckConstraint("data_type ~ '\\S'", name=op.f("ck_historical_data_cache__data_type_not_blank")),
        sa.CheckConstraint(
            "query_time_ms >= 0 AND query_time_ms < 'Infinity'",
            name=op.f("ck_historical_data_cache__query_time_ms_not_negative"),
        ),
        sa.CheckConstraint("source ~ '\\S'", name=op.f("ck_historical_data_cache__source_not_blank")),
        sa.CheckConstraint("access_count >= 0", name=op.f("ck_historical_data_cache__access_count_not_negative")),
        sa.CheckConstraint(
            "octet_length(query_sha256) = 32", name=op.f("ck_historical_data_cache__query_sha256_sha256")
        ),
        sa.CheckConstraint("range_end >= range_start", name=op.f("ck_historical_data_cache__range_ordered")),
        sa.CheckConstraint("result_count >= 0", name=op.f("ck_historical_data_cache__result_count_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_historical_data_cache__instrument_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("query_sha256", name=op.f("pk_historical_data_cache")),
        comment="The answer of a data source to a query, until it expires.",
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_historical_data_cache__expires_at", "historical_data_cache", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_historical_data_cache__instrument_id"), "historical_data_cache", ["instrument_id"], unique=False
    )
    op.create_index(
        "ix_historical_data_cache__series",
        "historical_data_cache",
        ["source", "series", "data_type", "range_start"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_historical_data_cache__series", table_name="historical_data_cache")
    op.drop_index(op.f("ix_historical_data_cache__instrument_id"), table_name="historical_data_cache")
    op.drop_index("ix_historical_data_cache__expires_at", table_name="historical_data_cache")
    op.drop_table("historical_data_cache")
    op.drop_index("ix_feature_cache__instrument_id_feature_name", table_name="feature_cache")
    op.drop_index("ix_feature_cache__expires_at", table_name="feature_cache")
    op.drop_table("feature_cache")
    op.drop_index("ix_cache_entries__expires_at", table_name="cache_entries")
    op.drop_index("ix_cache_entries__cache_type", table_name="cache_entries")
    op.drop_table("cache_entries")
