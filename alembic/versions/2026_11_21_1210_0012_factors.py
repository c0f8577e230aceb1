"""Factors, and what chains, people and economies say.

Why:
    Figures beside the price had no place.
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

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "factor_definitions",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("formula", sa.Text(), nullable=True),
        sa.Column(
            "dependencies",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Names of factors and series that it needs.",
        ),
        sa.Column("lookback_hours", sa.Double(), nullable=True),
        sa.Column("update_frequency_minutes", sa.Integer(), server_default="15", nullable=False),
        sa.Column("min_value", sa.Double(), nullable=True),
        sa.Column("max_value", sa.Double(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("category ~ '\\S'", name=op.f("ck_factor_definitions__category_not_blank")),
        sa.CheckConstraint(
            "lookback_hours >= 0 AND lookback_hours < 'Infinity'",
            name=op.f("ck_factor_definitions__lookback_hours_not_negative"),
        ),
        sa.CheckConstraint(
            "max_value > '-Infinity' AND max_value < 'Infinity'", name=op.f("ck_factor_definitions__max_value_finite")
        ),
        sa.CheckConstraint(
            "min_value > '-Infinity' AND min_value < 'Infinity'", name=op.f("ck_factor_definitions__min_value_finite")
        ),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_factor_definitions__name_not_blank")),
        sa.CheckConstraint("max_value > min_value", name=op.f("ck_factor_definitions__bounds_ordered")),
        sa.CheckConstraint(
            "update_frequency_minutes > 0", name=op.f("ck_factor_definitions__update_frequency_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_definitions")),
        sa.UniqueConstraint("name", name=op.f("uq_factor_definitions__name")),
        comment="A figure that is computed for instruments, and how.",
    )
    op.create_table(
        "factor_values",
        sa.Column("factor_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("quality_score", sa.Double(), server_default="1", nullable=False),
        sa.Column("confidence", sa.Double(), server_default="1", nullable=False),
        sa.Column(
            "staleness_seconds", sa.Integer(), server_default="0", nullable=False, comment="Age of the newest input."
        ),
        sa.Column("calculation_method", sa.Text(collation="C"), nullable=True),
        sa.Column("calculation_version", sa.Text(collation="C"), server_default="1.0", nullable=False),
        sa.Column("input_data_points", sa.Integer(), nullable=True),
        sa.Column("lookback_hours", sa.Double(), nullable=True),
        sa.Column("passed_validation", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("validation_errors", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "outlier_degree", sa.Double(), nullable=True, comment="Distance from the usual, in the finder's own unit."
        ),
        sa.Column("source_sha256", sa.LargeBinary(), nullable=True, comment="Of the input data."),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "lookback_hours >= 0 AND lookback_hours < 'Infinity'",
            name=op.f("ck_factor_values__lookback_hours_not_negative"),
        ),
        sa.CheckConstraint(
            "outlier_degree > '-Infinity' AND outlier_degree < 'Infinity'",
            name=op.f("ck_factor_values__outlier_degree_finite"),
        ),
        sa.CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_factor_values__value_finite")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_factor_values__confidence_share")),
        sa.CheckConstraint("input_data_points >= 0", name=op.f("ck_factor_values__input_data_points_not_negative")),
        sa.CheckConstraint("octet_length(source_sha256) = 32", name=op.f("ck_factor_values__source_sha256_sha256")),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 1", name=op.f("ck_factor_values__quality_score_share")),
        sa.CheckConstraint("staleness_seconds >= 0", name=op.f("ck_factor_values__staleness_seconds_not_negative")),
        sa.ForeignKeyConstraint(
            ["factor_id"], ["factor_definitions.id"], name=op.f("fk_factor_values__factor_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_factor_values__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("factor_id", "instrument_id", "observed_at", name=op.f("pk_factor_values")),
        comment="The value of a factor for an instrument at one instant.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_index(op.f("ix_factor_values__instrument_id"), "factor_values", ["instrument_id"], unique=False)
    op.create_table(
        "macro_data",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("spy_correlation", sa.Double(), nullable=True),
        sa.Column("dxy_correlation", sa.Double(), nullable=True),
        sa.Column("gold_correlation", sa.Double(), nullable=True),
        sa.Column("vix_correlation", sa.Double(), nullable=True),
        sa.Column("correlation_window_days", sa.SmallInteger(), server_default="30", nullable=False),
        sa.Column("us_10y_yield", sa.Double(), nullable=True, comment="Percent, as all rates here."),
        sa.Column("yield_curve_2y10y", sa.Double(), nullable=True),
        sa.Column("real_rates", sa.Double(), nullable=True),
        sa.Column("cpi_yoy", sa.Double(), nullable=True),
        sa.Column("unemployment_rate", sa.Double(), nullable=True),
        sa.Column("gdp_growth", sa.Double(), nullable=True),
        sa.Column("fed_funds_rate", sa.Double(), nullable=True),
        sa.Column("money_supply_m2_growth", sa.Double(), nullable=True),
        sa.Column("data_quality", sa.Double(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "cpi_yoy > '-Infinity' AND cpi_yoy < 'Infinity'", name=op.f("ck_macro_data__cpi_yoy_finite")
        ),
        sa.CheckConstraint(
            "fed_funds_rate > '-Infinity' AND fed_funds_rate < 'Infinity'",
            name=op.f("ck_macro_data__fed_funds_rate_finite"),
        ),
        sa.CheckConstraint(
            "gdp_growth > '-Infinity' AND gdp_growth < 'Infinity'", name=op.f("ck_macro_data__gdp_growth_finite")
        ),
        sa.CheckConstraint(
            "money_supply_m2_growth > '-Infinity' AND money_supply_m2_growth < 'Infinity'",
            name=op.f("ck_macro_data__money_supply_m2_growth_finite"),
        ),
        sa.CheckConstraint(
            "real_rates > '-Infinity' AND real_rates < 'Infinity'", name=op.f("ck_macro_data__real_rates_finite")
        ),
        sa.CheckConstraint(
            "unemployment_rate > '-Infinity' AND unemployment_rate < 'Infinity'",
            name=op.f("ck_macro_data__unemployment_rate_finite"),
        ),
        sa.CheckConstraint(
            "us_10y_yield > '-Infinity' AND us_10y_yield < 'Infinity'", name=op.f("ck_macro_data__us_10y_yield_finite")
        ),
        sa.CheckConstraint(
            "yield_curve_2y10y > '-Infinity' AND yield_curve_2y10y < 'Infinity'",
            name=op.f("ck_macro_data__yield_curve_2y10y_finite"),
        ),
        sa.CheckConstraint("correlation_window_days > 0", name=op.f("ck_macro_data__correlation_window_positive")),
        sa.CheckConstraint("data_quality BETWEEN 0 AND 1", name=op.f("ck_macro_data__data_quality_share")),
        sa.CheckConstraint("dxy_correlation BETWEEN -1 AND 1", name=op.f("ck_macro_data__dxy_correlation_range")),
        sa.CheckConstraint("gold_correlation BETWEEN -1 AND 1", name=op.f("ck_macro_data__gold_correlation_range")),
        sa.CheckConstraint("spy_correlation BETWEEN -1 AND 1", name=op.f("ck_macro_data__spy_correlation_range")),
        sa.CheckConstraint("vix_correlation BETWEEN -1 AND 1", name=op.f("ck_macro_data__vix_correlation_range")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_macro_data__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "source", "observed_at", name=op.f("pk_macro_data")),
        comment="How an asset moves with the economy at one instant, and what the economy did.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_index("ix_macro_data__observed_at", "macro_data", ["observed_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "onchain_data",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("active_addresses", sa.BigInteger(), nullable=True),
        sa.Column("transaction_count", sa.BigInteger(), nullable=True),
        sa.Column("transaction_volume_native", sa.Double(), nullable=True),
        sa.Column("transaction_volume_usd", sa.Double(), nullable=True),
        sa.Column("hash_rate", sa.Double(), nullable=True),
        sa.Column("exchange_inflow", sa.Double(), nullable=True),
        sa.Column("exchange_outflow", sa.Double(), nullable=True),
        sa.Column("exchange_balance", sa.Double(), nullable=True),
        sa.Column("whale_transactions", sa.Integer(), nullable=True),
        sa.Column("whale_volume_usd", sa.Double(), nullable=True),
        sa.Column("network_difficulty", sa.Double(), nullable=True),
        sa.Column("block_time_avg", sa.Double(), nullable=True, comment="Seconds."),
        sa.Column("mempool_size", sa.BigInteger(), nullable=True),
        sa.Column("gas_price_avg", sa.Double(), nullable=True),
        sa.Column("total_value_locked", sa.Double(), nullable=True),
        sa.Column("staking_ratio", sa.Double(), nullable=True),
        sa.Column("data_completeness", sa.Double(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "block_time_avg >= 0 AND block_time_avg < 'Infinity'",
            name=op.f("ck_onchain_data__block_time_avg_not_negative"),
        ),
        sa.CheckConstraint(
            "exchange_balance >= 0 AND exchange_balance < 'Infinity'",
            name=op.f("ck_onchain_data__exchange_balance_not_negative"),
        ),
        sa.CheckConstraint(
            "exchange_inflow >= 0 AND exchange_inflow < 'Infinity'",
            name=op.f("ck_onchain_data__exchange_inflow_not_negative"),
        ),
        sa.CheckConstraint(
            "exchange_outflow >= 0 AND exchange_outflow < 'Infinity'",
            name=op.f("ck_onchain_data__exchange_outflow_not_negative"),
        ),
        sa.CheckConstraint(
            "gas_price_avg >= 0 AND gas_price_avg < 'Infinity'",
            name=op.f("ck_onchain_data__gas_price_avg_not_negative"),
        ),
        sa.CheckConstraint(
            "hash_rate >= 0 AND hash_rate < 'Infinity'", name=op.f("ck_onchain_data__hash_rate_not_negative")
        ),
        sa.CheckConstraint(
            "network_difficulty >= 0 AND network_difficulty < 'Infinity'",
            name=op.f("ck_onchain_data__network_difficulty_not_negative"),
        ),
        sa.CheckConstraint(
            "total_value_locked >= 0 AND total_value_locked < 'Infinity'",
            name=op.f("ck_onchain_data__total_value_locked_not_negative"),
        ),
        sa.CheckConstraint(
            "transaction_volume_native >= 0 AND transaction_volume_native < 'Infinity'",
            name=op.f("ck_onchain_data__transaction_volume_native_not_negative"),
        ),
        sa.CheckConstraint(
            "transaction_volume_usd >= 0 AND transaction_volume_usd < 'Infinity'",
            name=op.f("ck_onchain_data__transaction_volume_usd_not_negative"),
        ),
        sa.CheckConstraint(
            "whale_volume_usd >= 0 AND whale_volume_usd < 'Infinity'",
            name=op.f("ck_onchain_data__whale_volume_usd_not_negative"),
        ),
        sa.CheckConstraint("active_addresses >= 0", name=op.f("ck_onchain_data__active_addresses_not_negative")),
        sa.CheckConstraint("data_completeness BETWEEN 0 AND 1", name=op.f("ck_onchain_data__data_completeness_share")),
        sa.CheckConstraint("mempool_size >= 0", name=op.f("ck_onchain_data__mempool_size_not_negative")),
        sa.CheckConstraint("staking_ratio BETWEEN 0 AND 1", name=op.f("ck_onchain_data__staking_ratio_share")),
        sa.CheckConstraint("transaction_count >= 0", name=op.f("ck_onchain_data__transaction_count_not_negative")),
        sa.CheckConstraint("whale_transactions >= 0", name=op.f("ck_onchain_data__whale_transactions_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_onchain_data__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "source", "observed_at", name=op.f("pk_onchain_data")),
        comment="What a blockchain shows about an asset at one instant, by one source.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_table(
        "sentiment_data",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("social_volume", sa.BigInteger(), nullable=True),
        sa.Column("social_sentiment", sa.Double(), nullable=True),
        sa.Column("social_dominance", sa.Double(), nullable=True),
        sa.Column("twitter_mentions", sa.Integer(), nullable=True),
        sa.Column("twitter_sentiment", sa.Double(), nullable=True),
        sa.Column("reddit_mentions", sa.Integer(), nullable=True),
        sa.Column("reddit_sentiment", sa.Double(), nullable=True),
        sa.Column("telegram_mentions", sa.Integer(), nullable=True),
        sa.Column("fear_greed_index", sa.SmallInteger(), nullable=True, comment="0 (fear) to 100 (greed)."),
        sa.Column("market_sentiment", sa.Text(collation="C"), nullable=True, comment="The source's own word."),
        sa.Column("sample_size", sa.Integer(), nullable=True),
        sa.Column("confidence_score", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "reddit_sentiment > '-Infinity' AND reddit_sentiment < 'Infinity'",
            name=op.f("ck_sentiment_data__reddit_sentiment_finite"),
        ),
        sa.CheckConstraint(
            "social_dominance > '-Infinity' AND social_dominance < 'Infinity'",
            name=op.f("ck_sentiment_data__social_dominance_finite"),
        ),
        sa.CheckConstraint(
            "social_sentiment > '-Infinity' AND social_sentiment < 'Infinity'",
            name=op.f("ck_sentiment_data__social_sentiment_finite"),
        ),
        sa.CheckConstraint(
            "twitter_sentiment > '-Infinity' AND twitter_sentiment < 'Infinity'",
            name=op.f("ck_sentiment_data__twitter_sentiment_finite"),
        ),
        sa.CheckConstraint("confidence_score BETWEEN 0 AND 1", name=op.f("ck_sentiment_data__confidence_score_share")),
        sa.CheckConstraint(
            "fear_greed_index BETWEEN 0 AND 100", name=op.f("ck_sentiment_data__fear_greed_index_range")
        ),
        sa.CheckConstraint("reddit_mentions >= 0", name=op.f("ck_sentiment_data__reddit_mentions_not_negative")),
        sa.CheckConstraint("sample_size >= 0", name=op.f("ck_sentiment_data__sample_size_not_negative")),
        sa.CheckConstraint("social_volume >= 0", name=op.f("ck_sentiment_data__social_volume_not_negative")),
        sa.CheckConstraint("telegram_mentions >= 0", name=op.f("ck_sentiment_data__telegram_mentions_not_negative")),
        sa.CheckConstraint("twitter_mentions >= 0", name=op.f("ck_sentiment_data__twitter_mentions_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_sentiment_data__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "source", "observed_at", name=op.f("pk_sentiment_data")),
        comment="What people say about an asset at one instant, by one source.",
        postgresql_partition_by="RANGE (observed_at)",
    )


def downgrade() -> None:
    op.drop_table("sentiment_data")
    op.drop_table("onchain_data")
    op.drop_index("ix_macro_data__observed_at", table_name="macro_data", postgresql_using="brin")
    op.drop_table("macro_data")
    op.drop_index(op.f("ix_factor_values__instrument_id"), table_name="factor_values")
    op.drop_table("factor_values")
    op.drop_table("factor_definitions")
