"""Public trades, quotes, funding, price zones, datasets and sealed candles.

Why:
    Of a market only candles could be kept.
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

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("uri", sa.Text(), nullable=False, comment="Path or address of the data."),
        sa.Column("file_format", sa.Text(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("range_start", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("range_end", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_datasets__name_not_blank")),
        sa.CheckConstraint("uri ~ '\\S'", name=op.f("ck_datasets__uri_not_blank")),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name=op.f("ck_datasets__content_sha256_sha256")),
        sa.CheckConstraint("range_end > range_start", name=op.f("ck_datasets__range_ordered")),
        sa.CheckConstraint("row_count >= 0", name=op.f("ck_datasets__row_count_not_negative")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_datasets__size_bytes_not_negative")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_datasets__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint(
            "user_id", "name", name=op.f("uq_datasets__user_id_name"), postgresql_nulls_not_distinct=True
        ),
        comment="A file or object with data for training, and how to know that it has not changed.",
    )
    op.create_table(
        "aggregated_market_data",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "network",
            sa.Text(collation="C"),
            server_default="",
            nullable=False,
            comment="Blockchain. Empty: not bound to one.",
        ),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("average_price", sa.Double(), nullable=False),
        sa.Column("median_price", sa.Double(), nullable=True),
        sa.Column("min_price", sa.Double(), nullable=True),
        sa.Column("max_price", sa.Double(), nullable=True),
        sa.Column("std_dev", sa.Double(), nullable=True, comment="Of the sources' prices."),
        sa.Column("volume_24h", sa.Double(), nullable=True),
        sa.Column("sources_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "payload",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="The sources' answers, as they came.",
        ),
        sa.CheckConstraint(
            "average_price > '-Infinity' AND average_price < 'Infinity'",
            name=op.f("ck_aggregated_market_data__average_price_finite"),
        ),
        sa.CheckConstraint(
            "max_price > '-Infinity' AND max_price < 'Infinity'",
            name=op.f("ck_aggregated_market_data__max_price_finite"),
        ),
        sa.CheckConstraint(
            "median_price > '-Infinity' AND median_price < 'Infinity'",
            name=op.f("ck_aggregated_market_data__median_price_finite"),
        ),
        sa.CheckConstraint(
            "min_price > '-Infinity' AND min_price < 'Infinity'",
            name=op.f("ck_aggregated_market_data__min_price_finite"),
        ),
        sa.CheckConstraint(
            "std_dev >= 0 AND std_dev < 'Infinity'", name=op.f("ck_aggregated_market_data__std_dev_not_negative")
        ),
        sa.CheckConstraint(
            "volume_24h >= 0 AND volume_24h < 'Infinity'",
            name=op.f("ck_aggregated_market_data__volume_24h_not_negative"),
        ),
        sa.CheckConstraint("max_price >= min_price", name=op.f("ck_aggregated_market_data__price_range")),
        sa.CheckConstraint("sources_count >= 0", name=op.f("ck_aggregated_market_data__sources_count_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_aggregated_market_data__instrument_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("instrument_id", "network", "observed_at", name=op.f("pk_aggregated_market_data")),
        comment="What several sources together say about a market.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_table(
        "candle_blocks",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=False),
        sa.Column("month", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Its first instant, in UTC."),
        sa.Column(
            "format", sa.SmallInteger(), server_default="1", nullable=False, comment="How the arrays are packed."
        ),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("first_open_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "step_seconds",
            sa.BigInteger(),
            nullable=True,
            comment="Distance of the candles where there is no gap. NULL: open_time is packed too.",
        ),
        sa.Column(
            "open_time", sa.LargeBinary(), nullable=True, comment="NULL: every step_seconds from first_open_time."
        ),
        sa.Column("open", sa.LargeBinary(), nullable=False),
        sa.Column("high", sa.LargeBinary(), nullable=False),
        sa.Column("low", sa.LargeBinary(), nullable=False),
        sa.Column("close", sa.LargeBinary(), nullable=False),
        sa.Column(
            "volume", sa.LargeBinary(), nullable=True, comment="NULL, as below: reported for none of the candles."
        ),
        sa.Column("quote_volume", sa.LargeBinary(), nullable=True),
        sa.Column("trade_count", sa.LargeBinary(), nullable=True),
        sa.Column("taker_buy_volume", sa.LargeBinary(), nullable=True),
        sa.Column("is_synthetic", sa.LargeBinary(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "date_trunc('month', month, 'UTC') = month", name=op.f("ck_candle_blocks__month_is_first_instant")
        ),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_candle_blocks__timeframe_known"),
        ),
        sa.CheckConstraint(
            "(step_seconds IS NULL) = (open_time IS NOT NULL)", name=op.f("ck_candle_blocks__times_are_known")
        ),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name=op.f("ck_candle_blocks__content_sha256_sha256")),
        sa.CheckConstraint("row_count > 0", name=op.f("ck_candle_blocks__row_count_positive")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_candle_blocks__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "timeframe", "month", name=op.f("pk_candle_blocks")),
        comment="A sealed month of one series; every column is a packed array of its candles in order of time.",
    )
    op.create_table(
        "candle_quarantine",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True, comment="Where the row came from."),
        sa.Column("row_number", sa.Integer(), nullable=False, comment="Its place in the batch, counted from 0."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "values",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="The row: open_time in microseconds since 1970, numbers as text, so that NaN and infinity are kept.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("reason ~ '\\S'", name=op.f("ck_candle_quarantine__reason_not_blank")),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_candle_quarantine__timeframe_known"),
        ),
        sa.CheckConstraint("row_number >= 0", name=op.f("ck_candle_quarantine__row_number_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_candle_quarantine__instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candle_quarantine")),
        comment="A row that could not be a candle, kept with the reason for somebody to look at.",
    )
    op.create_index(
        "ix_candle_quarantine__series", "candle_quarantine", ["instrument_id", "timeframe", "created_at"], unique=False
    )
    op.create_table(
        "funding_rates",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("funding_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False, comment="Of the position's value; positive: longs pay shorts."),
        sa.Column("next_funding_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("mark_price", sa.Numeric(), nullable=True),
        sa.Column("index_price", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.CheckConstraint(
            "index_price > '-Infinity' AND index_price < 'Infinity'", name=op.f("ck_funding_rates__index_price_finite")
        ),
        sa.CheckConstraint(
            "mark_price > '-Infinity' AND mark_price < 'Infinity'", name=op.f("ck_funding_rates__mark_price_finite")
        ),
        sa.CheckConstraint("rate > '-Infinity' AND rate < 'Infinity'", name=op.f("ck_funding_rates__rate_finite")),
        sa.CheckConstraint("next_funding_time > funding_time", name=op.f("ck_funding_rates__next_is_later")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_funding_rates__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "funding_time", name=op.f("pk_funding_rates")),
        comment="What holders of a perpetual paid each other at one instant.",
        postgresql_partition_by="RANGE (funding_time)",
    )
    op.create_table(
        "market_data",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data_type", sa.Text(collation="C"), server_default="ticker", nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="By the source's clock."),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("bid_price", sa.Double(), nullable=True),
        sa.Column("ask_price", sa.Double(), nullable=True),
        sa.Column("bid_size", sa.Double(), nullable=True),
        sa.Column("ask_size", sa.Double(), nullable=True),
        sa.Column(
            "spread", sa.Double(), nullable=True, comment="Ask minus bid; stored where a source gives only this."
        ),
        sa.Column("volume_24h", sa.Double(), nullable=True),
        sa.Column("high_24h", sa.Double(), nullable=True),
        sa.Column("low_24h", sa.Double(), nullable=True),
        sa.Column("change_24h", sa.Double(), nullable=True, comment="In quote currency."),
        sa.Column("change_percent_24h", sa.Double(), nullable=True),
        sa.Column("market_cap", sa.Double(), nullable=True),
        sa.Column("liquidity", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column(
            "validation_flags",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What checks said about it.",
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the source sent, as it came.",
        ),
        sa.Column(
            "fetched_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="By our clock.",
        ),
        sa.CheckConstraint(
            "ask_price > '-Infinity' AND ask_price < 'Infinity'", name=op.f("ck_market_data__ask_price_finite")
        ),
        sa.CheckConstraint(
            "ask_size >= 0 AND ask_size < 'Infinity'", name=op.f("ck_market_data__ask_size_not_negative")
        ),
        sa.CheckConstraint(
            "bid_price > '-Infinity' AND bid_price < 'Infinity'", name=op.f("ck_market_data__bid_price_finite")
        ),
        sa.CheckConstraint(
            "bid_size >= 0 AND bid_size < 'Infinity'", name=op.f("ck_market_data__bid_size_not_negative")
        ),
        sa.CheckConstraint(
            "change_24h > '-Infinity' AND change_24h < 'Infinity'", name=op.f("ck_market_data__change_24h_finite")
        ),
        sa.CheckConstraint(
            "change_percent_24h > '-Infinity' AND change_percent_24h < 'Infinity'",
            name=op.f("ck_market_data__change_percent_24h_finite"),
        ),
        sa.CheckConstraint(
            "high_24h > '-Infinity' AND high_24h < 'Infinity'", name=op.f("ck_market_data__high_24h_finite")
        ),
        sa.CheckConstraint(
            "liquidity >= 0 AND liquidity < 'Infinity'", name=op.f("ck_market_data__liquidity_not_negative")
        ),
        sa.CheckConstraint(
            "low_24h > '-Infinity' AND low_24h < 'Infinity'", name=op.f("ck_market_data__low_24h_finite")
        ),
        sa.CheckConstraint(
            "market_cap >= 0 AND market_cap < 'Infinity'", name=op.f("ck_market_data__market_cap_not_negative")
        ),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_market_data__price_finite")),
        sa.CheckConstraint("spread > '-Infinity' AND spread < 'Infinity'", name=op.f("ck_market_data__spread_finite")),
        sa.CheckConstraint(
            "volume_24h >= 0 AND volume_24h < 'Infinity'", name=op.f("ck_market_data__volume_24h_not_negative")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_market_data__confidence_share")),
        sa.CheckConstraint("high_24h >= low_24h", name=op.f("ck_market_data__high_over_low")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_market_data__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "data_type", "source", "observed_at", name=op.f("pk_market_data")),
        comment="A snapshot of a market by one source: a ticker, or another typed view such as news or sentiment.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_index(
        "ix_market_data__observed_at", "market_data", ["observed_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "market_data_sources",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("data_type", sa.Text(collation="C"), server_default="ticker", nullable=False),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("volume_24h", sa.Double(), nullable=True),
        sa.Column("market_cap", sa.Double(), nullable=True),
        sa.Column("liquidity", sa.Double(), nullable=True),
        sa.Column("change_1h", sa.Double(), nullable=True, comment="Percent."),
        sa.Column("change_24h", sa.Double(), nullable=True, comment="Percent."),
        sa.Column("change_7d", sa.Double(), nullable=True, comment="Percent."),
        sa.CheckConstraint(
            "change_1h > '-Infinity' AND change_1h < 'Infinity'", name=op.f("ck_market_data_sources__change_1h_finite")
        ),
        sa.CheckConstraint(
            "change_24h > '-Infinity' AND change_24h < 'Infinity'",
            name=op.f("ck_market_data_sources__change_24h_finite"),
        ),
        sa.CheckConstraint(
            "change_7d > '-Infinity' AND change_7d < 'Infinity'", name=op.f("ck_market_data_sources__change_7d_finite")
        ),
        sa.CheckConstraint(
            "liquidity >= 0 AND liquidity < 'Infinity'", name=op.f("ck_market_data_sources__liquidity_not_negative")
        ),
        sa.CheckConstraint(
            "market_cap >= 0 AND market_cap < 'Infinity'", name=op.f("ck_market_data_sources__market_cap_not_negative")
        ),
        sa.CheckConstraint(
            "price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_market_data_sources__price_finite")
        ),
        sa.CheckConstraint(
            "volume_24h >= 0 AND volume_24h < 'Infinity'", name=op.f("ck_market_data_sources__volume_24h_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_market_data_sources__instrument_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint(
            "instrument_id", "source", "data_type", "observed_at", name=op.f("pk_market_data_sources")
        ),
        comment="One source's figures of a market, as they entered an aggregate.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_table(
        "market_trades",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("traded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("venue_trade_id", sa.Text(collation="C"), nullable=False, comment="The venue's own number for it."),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("taker_side", sa.Text(), nullable=True),
        sa.Column(
            "is_block",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Negotiated off the book.",
        ),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_market_trades__price_finite")),
        sa.CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name=op.f("ck_market_trades__quantity_positive")),
        sa.CheckConstraint("taker_side IN ('buy', 'sell')", name=op.f("ck_market_trades__taker_side_known")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_market_trades__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "traded_at", "venue_trade_id", name=op.f("pk_market_trades")),
        comment="A trade between others that a venue published.",
        postgresql_partition_by="RANGE (traded_at)",
    )
    op.create_table(
        "price_zones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("lower_price", sa.Numeric(), nullable=True),
        sa.Column("upper_price", sa.Numeric(), nullable=True),
        sa.Column("volume", sa.Numeric(), nullable=True),
        sa.Column("strength", sa.Double(), nullable=True, comment="In the finder's own unit."),
        sa.Column("detected_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("broken_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="NULL: it still holds."),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('supply', 'demand', 'support', 'resistance')", name=op.f("ck_price_zones__kind_known")
        ),
        sa.CheckConstraint(
            "lower_price > '-Infinity' AND lower_price < 'Infinity'", name=op.f("ck_price_zones__lower_price_finite")
        ),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_price_zones__price_finite")),
        sa.CheckConstraint(
            "strength > '-Infinity' AND strength < 'Infinity'", name=op.f("ck_price_zones__strength_finite")
        ),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_price_zones__timeframe_known"),
        ),
        sa.CheckConstraint(
            "upper_price > '-Infinity' AND upper_price < 'Infinity'", name=op.f("ck_price_zones__upper_price_finite")
        ),
        sa.CheckConstraint("volume >= 0 AND volume < 'Infinity'", name=op.f("ck_price_zones__volume_not_negative")),
        sa.CheckConstraint("broken_at >= detected_at", name=op.f("ck_price_zones__broken_after_detected")),
        sa.CheckConstraint("upper_price >= lower_price", name=op.f("ck_price_zones__price_range")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_price_zones__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_zones")),
        comment="A price area where supply or demand was seen.",
    )
    op.create_index("ix_price_zones__instrument_id_price", "price_zones", ["instrument_id", "price"], unique=False)
    op.create_table(
        "breakout_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("volume", sa.Numeric(), nullable=True),
        sa.Column("is_confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("direction IN ('up', 'down')", name=op.f("ck_breakout_events__direction_known")),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_breakout_events__price_finite")),
        sa.CheckConstraint("volume >= 0 AND volume < 'Infinity'", name=op.f("ck_breakout_events__volume_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_breakout_events__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["price_zones.id"], name=op.f("fk_breakout_events__zone_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breakout_events")),
        comment="The price left a zone or a range.",
    )
    op.create_index(
        "ix_breakout_events__instrument_id_occurred_at",
        "breakout_events",
        ["instrument_id", "occurred_at"],
        unique=False,
    )
    op.create_index(op.f("ix_breakout_events__zone_id"), "breakout_events", ["zone_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_breakout_events__zone_id"), table_name="breakout_events")
    op.drop_index("ix_breakout_events__instrument_id_occurred_at", table_name="breakout_events")
    op.drop_table("breakout_events")
    op.drop_index("ix_price_zones__instrument_id_price", table_name="price_zones")
    op.drop_table("price_zones")
    op.drop_table("market_trades")
    op.drop_table("market_data_sources")
    op.drop_index("ix_market_data__observed_at", table_name="market_data", postgresql_using="brin")
    op.drop_table("market_data")
    op.drop_table("funding_rates")
    op.drop_index("ix_candle_quarantine__series", table_name="candle_quarantine")
    op.drop_table("candle_quarantine")
    op.drop_table("candle_blocks")
    op.drop_table("aggregated_market_data")
    op.drop_table("datasets")
