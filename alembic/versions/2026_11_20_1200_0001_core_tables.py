"""Core tables: accounts, market, strategies, the ledger, agents and learning.

Why:
    Nothing exists yet. Candles and agent logs are partitioned by month from the start, because a plain table cannot
    become a partitioned one without being copied; their partitions are made by the library, not by revisions.
Locks:
    None that anybody waits for: every table is new.
Safe while old code runs:
    Yes: there is no older code.
Undo:
    Drops every table with its data, partitions included. The extension vector stays: others may use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


APPEND_ONLY = ("order_events", "learning_evidence")

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION tradingdb_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tradingdb.maintenance', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% is append-only: record a correction as a new row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'To purge on purpose: SET LOCAL tradingdb.maintenance = ''on'' in the same transaction.';
END
$$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "agent_logs",
        sa.Column("agent", sa.Text(collation="C"), nullable=False, comment="agents.agent_id, or whoever logged."),
        sa.Column("logged_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "entry_id",
            sa.Uuid(),
            nullable=False,
            comment="Keeps entries of one instant apart; repeated writes are no-ops.",
        ),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("context", postgresql.JSONB(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "level IN ('debug', 'info', 'warning', 'error', 'critical')", name=op.f("ck_agent_logs__level_known")
        ),
        sa.PrimaryKeyConstraint("agent", "logged_at", "entry_id", name=op.f("pk_agent_logs")),
        comment="A log entry of an agent.",
        postgresql_partition_by="RANGE (logged_at)",
    )
    op.create_index("ix_agent_logs__logged_at", "agent_logs", ["logged_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "timeframes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "duration",
            postgresql.INTERVAL(),
            nullable=False,
            comment="A month counts as 30 days here; its candles are calendar months.",
        ),
        sa.Column("position", sa.SmallInteger(), nullable=False, comment="Order from short to long."),
        sa.CheckConstraint(
            "code IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_timeframes__code_known"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_timeframes")),
        sa.UniqueConstraint("position", name=op.f("uq_timeframes__position")),
        comment="A length of candles, for queries that need its duration.",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="Unique whatever its case; at most 320 characters (RFC 3696)."
        ),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column(
            "password_hash", sa.Text(), nullable=True, comment="Argon2id in PHC form. NULL: no login by password."
        ),
        sa.Column("wallet_address", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), server_default="trader", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False, comment="BCP 47 language tag."),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False, comment="IANA name, for display only."),
        sa.Column("subscription_tier", sa.Text(), server_default="free", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "is_verified",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="The e-mail address was proven.",
        ),
        sa.Column("two_factor_enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("two_factor_secret", sa.LargeBinary(), nullable=True, comment="Encrypted; never in clear."),
        sa.Column(
            "login_attempts",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Failed logins since the last good one.",
        ),
        sa.Column("locked_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_login_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "deleted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Soft delete: a ledger keeps pointing here.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email LIKE '_%@_%'", name=op.f("ck_users__email_has_at")),
        sa.CheckConstraint("password_hash LIKE '$argon2id$%'", name=op.f("ck_users__password_hash_argon2id")),
        sa.CheckConstraint("role IN ('viewer', 'trader', 'admin')", name=op.f("ck_users__role_known")),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'suspended', 'closed')", name=op.f("ck_users__status_known")
        ),
        sa.CheckConstraint(
            "NOT two_factor_enabled OR two_factor_secret IS NOT NULL", name=op.f("ck_users__two_factor_has_secret")
        ),
        sa.CheckConstraint("login_attempts >= 0", name=op.f("ck_users__login_attempts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users__username")),
        sa.UniqueConstraint("wallet_address", name=op.f("uq_users__wallet_address")),
        comment="A person with access to the platform.",
    )
    op.create_index("uq_users__email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "venues",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="Lower case, as ccxt spells it where ccxt knows it."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9_.-]*$'", name=op.f("ck_venues__code_lower")),
        sa.CheckConstraint(
            "kind IN ('exchange', 'dex', 'broker', 'data_vendor', 'simulated')", name=op.f("ck_venues__kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venues")),
        sa.UniqueConstraint("code", name=op.f("uq_venues__code")),
        comment="A place where instruments trade, or a source of market data.",
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="The name that the agent gives itself."),
        sa.Column("agent_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("capabilities", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("configuration", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("wallet_address", sa.Text(), nullable=True),
        sa.Column("api_key_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the agent's key."),
        sa.Column("last_heartbeat_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("agent_id ~ '\\S'", name=op.f("ck_agents__agent_id_not_blank")),
        sa.CheckConstraint(
            "status IN ('active', 'idle', 'paused', 'error', 'retired')", name=op.f("ck_agents__status_known")
        ),
        sa.CheckConstraint("octet_length(api_key_hash) = 32", name=op.f("ck_agents__api_key_hash_sha256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agents__user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_agents__agent_id")),
        sa.UniqueConstraint("api_key_hash", name=op.f("uq_agents__api_key_hash")),
        comment="A program that acts on the platform.",
    )
    op.create_index(op.f("ix_agents__agent_type"), "agents", ["agent_type"], unique=False)
    op.create_index(op.f("ix_agents__user_id"), "agents", ["user_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("prefix", sa.Text(), nullable=False, comment="Public start of the key, to recognise it by."),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole key."),
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rate_limit", sa.Integer(), nullable=True, comment="Calls a minute. NULL: no limit."),
        sa.Column("call_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("call_count >= 0", name=op.f("ck_api_keys__call_count_not_negative")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_api_keys__expires_after_created")),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_api_keys__key_hash_sha256")),
        sa.CheckConstraint("rate_limit > 0", name=op.f("ck_api_keys__rate_limit_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys__key_hash")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys__prefix")),
        comment="A key that this platform issued to a user's program.",
    )
    op.create_index(op.f("ix_api_keys__user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "instruments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("venue_id", sa.SmallInteger(), nullable=False),
        sa.Column(
            "symbol", sa.Text(), nullable=False, comment="Unified symbol, for example BTC/USDT:USDT for a perpetual."
        ),
        sa.Column("native_symbol", sa.Text(), nullable=True, comment="The venue's own spelling, for example BTCUSDT."),
        sa.Column("kind", sa.Text(), server_default="spot", nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=True),
        sa.Column("quote_currency", sa.Text(), nullable=True),
        sa.Column("settle_currency", sa.Text(), nullable=True, comment="What profit is paid in; NULL for spot."),
        sa.Column("price_tick", sa.Numeric(), nullable=True, comment="Smallest step of a price."),
        sa.Column("quantity_step", sa.Numeric(), nullable=True, comment="Smallest step of a quantity (lot)."),
        sa.Column("min_quantity", sa.Numeric(), nullable=True),
        sa.Column("max_quantity", sa.Numeric(), nullable=True),
        sa.Column("min_notional", sa.Numeric(), nullable=True, comment="Smallest order, in quote currency."),
        sa.Column(
            "contract_size", sa.Numeric(), server_default="1", nullable=False, comment="Units of base in one contract."
        ),
        sa.Column(
            "is_inverse",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Profit is paid in base currency.",
        ),
        sa.Column("strike_price", sa.Numeric(), nullable=True),
        sa.Column("option_kind", sa.Text(), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="NULL: never."),
        sa.Column("network", sa.Text(), nullable=True, comment="Blockchain of an on-chain instrument."),
        sa.Column("contract_address", sa.Text(), nullable=True, comment="Token or pool address on that blockchain."),
        sa.Column("status", sa.Text(), server_default="trading", nullable=False),
        sa.Column("listed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("delisted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "venue_info",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the venue says about it, as it came.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'option') = (option_kind IS NOT NULL)", name=op.f("ck_instruments__option_has_kind")
        ),
        sa.CheckConstraint(
            "contract_size > 0 AND contract_size < 'Infinity'", name=op.f("ck_instruments__contract_size_positive")
        ),
        sa.CheckConstraint(
            "kind IN ('spot', 'perpetual', 'future', 'option', 'equity', 'fx', 'index', 'pool')",
            name=op.f("ck_instruments__kind_known"),
        ),
        sa.CheckConstraint(
            "max_quantity >= 0 AND max_quantity < 'Infinity'", name=op.f("ck_instruments__max_quantity_not_negative")
        ),
        sa.CheckConstraint(
            "min_notional >= 0 AND min_notional < 'Infinity'", name=op.f("ck_instruments__min_notional_not_negative")
        ),
        sa.CheckConstraint(
            "min_quantity >= 0 AND min_quantity < 'Infinity'", name=op.f("ck_instruments__min_quantity_not_negative")
        ),
        sa.CheckConstraint("option_kind IN ('call', 'put')", name=op.f("ck_instruments__option_kind_known")),
        sa.CheckConstraint(
            "price_tick > 0 AND price_tick < 'Infinity'", name=op.f("ck_instruments__price_tick_positive")
        ),
        sa.CheckConstraint(
            "quantity_step > 0 AND quantity_step < 'Infinity'", name=op.f("ck_instruments__quantity_step_positive")
        ),
        sa.CheckConstraint(
            "status IN ('announced', 'trading', 'halted', 'delisted')", name=op.f("ck_instruments__status_known")
        ),
        sa.CheckConstraint(
            "strike_price > '-Infinity' AND strike_price < 'Infinity'", name=op.f("ck_instruments__strike_price_finite")
        ),
        sa.CheckConstraint("symbol ~ '\\S'", name=op.f("ck_instruments__symbol_not_blank")),
        sa.CheckConstraint("delisted_at > listed_at", name=op.f("ck_instruments__delisted_after_listed")),
        sa.CheckConstraint("max_quantity >= min_quantity", name=op.f("ck_instruments__quantity_range")),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_instruments__venue_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
        sa.UniqueConstraint("venue_id", "symbol", name=op.f("uq_instruments__venue_id_symbol")),
        comment="What trades at a venue.",
    )
    op.create_index("ix_instruments__symbol", "instruments", ["symbol"], unique=False)
    op.create_table(
        "trading_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, comment="The user's own name for it."),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False, comment="What its equity is counted in."),
        sa.Column("venue_account_id", sa.Text(), nullable=True, comment="The venue's own identifier."),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("label ~ '\\S'", name=op.f("ck_trading_accounts__label_not_blank")),
        sa.CheckConstraint("mode IN ('live', 'paper', 'backtest')", name=op.f("ck_trading_accounts__mode_known")),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'closed')", name=op.f("ck_trading_accounts__status_known")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_trading_accounts__user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_trading_accounts__venue_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trading_accounts")),
        sa.UniqueConstraint("user_id", "venue_id", "label", name=op.f("uq_trading_accounts__user_id_venue_id_label")),
        comment="A user's account at a venue, in one mode.",
    )
    op.create_index(op.f("ix_trading_accounts__venue_id"), "trading_accounts", ["venue_id"], unique=False)
    op.create_table(
        "user_preferences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="Dotted, for example chart.indicators."),
        sa.Column("value", postgresql.JSONB(), nullable=False, comment="Any JSON value, with its type."),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("key ~ '\\S'", name=op.f("ck_user_preferences__key_not_blank")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_preferences__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_preferences")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_user_preferences__user_id_key")),
        comment="One preference of a user: settings, chart preferences, anything with a name.",
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token; the token is never stored."
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_active_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Logged out, or thrown out."
        ),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("device_info", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_user_sessions__expires_after_created")),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_user_sessions__token_hash_sha256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_sessions__token_hash")),
        comment="A login that is still valid, or was.",
    )
    op.create_index(op.f("ix_user_sessions__expires_at"), "user_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_user_sessions__user_id"), "user_sessions", ["user_id"], unique=False)
    op.create_table(
        "user_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token; the token is never stored."
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "used_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="NULL until used; a token works once.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('verify_email', 'reset_password', 'change_email', 'invite')",
            name=op.f("ck_user_tokens__purpose_known"),
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_user_tokens__expires_after_created")),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_user_tokens__token_hash_sha256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_tokens__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_tokens__token_hash")),
        comment="A one-time token sent to a user.",
    )
    op.create_index(op.f("ix_user_tokens__user_id"), "user_tokens", ["user_id"], unique=False)
    op.create_table(
        "candles",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=False),
        sa.Column("open_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=True, comment="In base currency, or contracts. NULL: not reported."),
        sa.Column(
            "quote_volume", sa.Double(), nullable=True, comment="Turnover in quote currency. NULL: not reported."
        ),
        sa.Column("trade_count", sa.Integer(), nullable=True),
        sa.Column("taker_buy_volume", sa.Double(), nullable=True, comment="Part of the volume that takers bought."),
        sa.Column("large_trade_volume", sa.Double(), nullable=True, comment="Part of the volume in large trades."),
        sa.Column("quality_score", sa.Double(), nullable=True, comment="0 to 1, by whoever judged it."),
        sa.Column(
            "is_closed",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="False while the bar is still growing.",
        ),
        sa.Column(
            "is_synthetic",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Made to fill a gap; real data replaces it.",
        ),
        sa.Column("source", sa.Text(collation="C"), nullable=True, comment="Where the values came from."),
        sa.CheckConstraint(
            "CASE timeframe WHEN '1s' THEN date_bin('1 seconds', open_time, to_timestamp(0)) = open_time WHEN '1m' THEN date_bin('60 seconds', open_time, to_timestamp(0)) = open_time WHEN '3m' THEN date_bin('180 seconds', open_time, to_timestamp(0)) = open_time WHEN '5m' THEN date_bin('300 seconds', open_time, to_timestamp(0)) = open_time WHEN '15m' THEN date_bin('900 seconds', open_time, to_timestamp(0)) = open_time WHEN '30m' THEN date_bin('1800 seconds', open_time, to_timestamp(0)) = open_time WHEN '1h' THEN date_bin('3600 seconds', open_time, to_timestamp(0)) = open_time WHEN '2h' THEN date_bin('7200 seconds', open_time, to_timestamp(0)) = open_time WHEN '4h' THEN date_bin('14400 seconds', open_time, to_timestamp(0)) = open_time WHEN '6h' THEN date_bin('21600 seconds', open_time, to_timestamp(0)) = open_time WHEN '8h' THEN date_bin('28800 seconds', open_time, to_timestamp(0)) = open_time WHEN '12h' THEN date_bin('43200 seconds', open_time, to_timestamp(0)) = open_time WHEN '1d' THEN date_bin('86400 seconds', open_time, to_timestamp(0)) = open_time WHEN '3d' THEN date_bin('259200 seconds', open_time, to_timestamp(0)) = open_time WHEN '1w' THEN date_bin('604800 seconds', open_time, to_timestamp(345600)) = open_time WHEN '1M' THEN date_trunc('month', open_time, 'UTC') = open_time END",
            name=op.f("ck_candles__open_time_on_grid"),
        ),
        sa.CheckConstraint(
            "high >= open AND high >= close AND high >= low AND high < 'Infinity'",
            name=op.f("ck_candles__high_is_highest"),
        ),
        sa.CheckConstraint(
            "large_trade_volume >= 0 AND large_trade_volume < 'Infinity'",
            name=op.f("ck_candles__large_trade_volume_not_negative"),
        ),
        sa.CheckConstraint(
            "low <= open AND low <= close AND low > '-Infinity'", name=op.f("ck_candles__low_is_lowest")
        ),
        sa.CheckConstraint(
            "quote_volume >= 0 AND quote_volume < 'Infinity'", name=op.f("ck_candles__quote_volume_not_negative")
        ),
        sa.CheckConstraint(
            "taker_buy_volume >= 0 AND taker_buy_volume < 'Infinity'",
            name=op.f("ck_candles__taker_buy_volume_not_negative"),
        ),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_candles__timeframe_known"),
        ),
        sa.CheckConstraint("volume >= 0 AND volume < 'Infinity'", name=op.f("ck_candles__volume_not_negative")),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 1", name=op.f("ck_candles__quality_score_share")),
        sa.CheckConstraint("trade_count >= 0", name=op.f("ck_candles__trade_count_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_candles__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "timeframe", "open_time", name=op.f("pk_candles")),
        comment="One OHLCV bar of an instrument, covering [open_time, open_time + timeframe).",
        postgresql_partition_by="RANGE (open_time)",
    )
    op.create_table(
        "positions",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False, comment="Signed: negative is short. Zero: closed."),
        sa.Column("average_entry_price", sa.Numeric(), nullable=True, comment="NULL when nothing is held."),
        sa.Column(
            "realized_pnl", sa.Numeric(), server_default="0", nullable=False, comment="In settle currency, before fees."
        ),
        sa.Column("fees", sa.Numeric(), server_default="0", nullable=False, comment="Paid, in settle currency."),
        sa.Column("funding", sa.Numeric(), server_default="0", nullable=False, comment="Received, in settle currency."),
        sa.Column("mark_price", sa.Numeric(), nullable=True, comment="Last price that it was valued at."),
        sa.Column("marked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("unrealized_pnl", sa.Numeric(), nullable=True, comment="At the mark price, in settle currency."),
        sa.Column("leverage", sa.Numeric(), nullable=True),
        sa.Column("margin_used", sa.Numeric(), nullable=True),
        sa.Column("liquidation_price", sa.Numeric(), nullable=True),
        sa.Column("stop_price", sa.Numeric(), nullable=True),
        sa.Column("target_price", sa.Numeric(), nullable=True),
        sa.Column(
            "opened_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When the present holding began."
        ),
        sa.Column("last_fill_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "average_entry_price > '-Infinity' AND average_entry_price < 'Infinity'",
            name=op.f("ck_positions__average_entry_price_finite"),
        ),
        sa.CheckConstraint("fees > '-Infinity' AND fees < 'Infinity'", name=op.f("ck_positions__fees_finite")),
        sa.CheckConstraint("funding > '-Infinity' AND funding < 'Infinity'", name=op.f("ck_positions__funding_finite")),
        sa.CheckConstraint("leverage > 0 AND leverage < 'Infinity'", name=op.f("ck_positions__leverage_positive")),
        sa.CheckConstraint(
            "liquidation_price > '-Infinity' AND liquidation_price < 'Infinity'",
            name=op.f("ck_positions__liquidation_price_finite"),
        ),
        sa.CheckConstraint(
            "margin_used >= 0 AND margin_used < 'Infinity'", name=op.f("ck_positions__margin_used_not_negative")
        ),
        sa.CheckConstraint(
            "mark_price > '-Infinity' AND mark_price < 'Infinity'", name=op.f("ck_positions__mark_price_finite")
        ),
        sa.CheckConstraint(
            "quantity > '-Infinity' AND quantity < 'Infinity'", name=op.f("ck_positions__quantity_finite")
        ),
        sa.CheckConstraint(
            "realized_pnl > '-Infinity' AND realized_pnl < 'Infinity'", name=op.f("ck_positions__realized_pnl_finite")
        ),
        sa.CheckConstraint("side <> 'long' OR quantity >= 0", name=op.f("ck_positions__long_not_negative")),
        sa.CheckConstraint("side <> 'short' OR quantity <= 0", name=op.f("ck_positions__short_not_positive")),
        sa.CheckConstraint("side IN ('net', 'long', 'short')", name=op.f("ck_positions__side_known")),
        sa.CheckConstraint(
            "stop_price > '-Infinity' AND stop_price < 'Infinity'", name=op.f("ck_positions__stop_price_finite")
        ),
        sa.CheckConstraint(
            "target_price > '-Infinity' AND target_price < 'Infinity'", name=op.f("ck_positions__target_price_finite")
        ),
        sa.CheckConstraint(
            "unrealized_pnl > '-Infinity' AND unrealized_pnl < 'Infinity'",
            name=op.f("ck_positions__unrealized_pnl_finite"),
        ),
        sa.CheckConstraint("(quantity = 0) = (average_entry_price IS NULL)", name=op.f("ck_positions__held_has_price")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_positions__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_positions__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("account_id", "instrument_id", "side", name=op.f("pk_positions")),
        comment="What an account holds of an instrument, as its fills say.",
    )
    op.create_index(op.f("ix_positions__instrument_id"), "positions", ["instrument_id"], unique=False)
    op.create_table(
        "series_coverage",
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=False),
        sa.Column("first_open_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_open_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("candle_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True, comment="Where the newest values came from."),
        sa.Column("is_syncing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "last_synced_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When a source was last asked.",
        ),
        sa.Column("sync_error", sa.Text(), nullable=True, comment="Why the last attempt failed. NULL: it did not."),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_series_coverage__timeframe_known"),
        ),
        sa.CheckConstraint("candle_count > 0", name=op.f("ck_series_coverage__candle_count_positive")),
        sa.CheckConstraint("last_open_time >= first_open_time", name=op.f("ck_series_coverage__range_ordered")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_series_coverage__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "timeframe", name=op.f("pk_series_coverage")),
        comment="What candles there are of an instrument and timeframe; the write path keeps it true.",
    )
    op.create_index(
        "ix_series_coverage__syncing",
        "series_coverage",
        ["last_synced_at"],
        unique=False,
        postgresql_where=sa.text("is_syncing"),
    )
    op.create_table(
        "strategies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True, comment="For example trend, mean_reversion, liquidity_provision."),
        sa.Column("symbols", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("timeframes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("entry_conditions", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("exit_conditions", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "allocation",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Symbol to share of capital.",
        ),
        sa.Column("risk_profile", sa.Text(), nullable=True),
        sa.Column("risk_limits", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("monitoring", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("approved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_strategies__name_not_blank")),
        sa.CheckConstraint(
            "status IN ('draft', 'pending_approval', 'approved', 'active', 'paused', 'inactive', 'rejected', 'archived')",
            name=op.f("ck_strategies__status_known"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_strategies__confidence_share")),
        sa.CheckConstraint("version > 0", name=op.f("ck_strategies__version_positive")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_strategies__agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_strategies__approved_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_strategies__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
        sa.UniqueConstraint(
            "user_id", "name", name=op.f("uq_strategies__user_id_name"), postgresql_nulls_not_distinct=True
        ),
        comment="A way of trading, with its parameters and limits.",
    )
    op.create_index(op.f("ix_strategies__agent_id"), "strategies", ["agent_id"], unique=False)
    op.create_index(op.f("ix_strategies__approved_by"), "strategies", ["approved_by"], unique=False)
    op.create_index("ix_strategies__status", "strategies", ["status", "updated_at"], unique=False)
    op.create_table(
        "user_agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("risk_profile", sa.Text(), server_default="conservative", nullable=False),
        sa.Column("supported_blockchains", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("supported_dexs", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("request_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("data_submissions", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "request_count >= 0 AND data_submissions >= 0", name=op.f("ck_user_agents__counters_not_negative")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_user_agents__agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_user_agents__api_key_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_agents__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_agents")),
        sa.UniqueConstraint("user_id", "agent_id", name=op.f("uq_user_agents__user_id_agent_id")),
        comment="An agent that a user runs, with the user's settings for it.",
    )
    op.create_index(op.f("ix_user_agents__agent_id"), "user_agents", ["agent_id"], unique=False)
    op.create_index(op.f("ix_user_agents__api_key_id"), "user_agents", ["api_key_id"], unique=False)
    op.create_table(
        "strategy_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("source_type", sa.Text(), server_default="manual", nullable=False),
        sa.Column("source_ref", sa.Text(), server_default="", nullable=False, comment="File path, URL or free text."),
        sa.Column("source_timestamp", sa.Double(), nullable=True, comment="Seconds into a video."),
        sa.Column("source_page_number", sa.Integer(), nullable=True),
        sa.Column(
            "entry_type",
            sa.Text(),
            nullable=False,
            comment="Name of the pattern in its author's vocabulary: breakout, fakeout, small_wick …",
        ),
        sa.Column("conditions", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("confluence_required", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("risk_params", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("confidence", sa.Double(), server_default="0.5", nullable=False),
        sa.Column(
            "trade_count",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Closed trades of the rule; a cache of the ledger.",
        ),
        sa.Column("win_rate", sa.Double(), nullable=True, comment="A cache of the ledger. NULL: no closed trade."),
        sa.Column(
            "avg_r_multiple", sa.Numeric(), nullable=True, comment="A cache of the ledger. NULL: no trade with a stop."
        ),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "avg_r_multiple > '-Infinity' AND avg_r_multiple < 'Infinity'",
            name=op.f("ck_strategy_rules__avg_r_multiple_finite"),
        ),
        sa.CheckConstraint("entry_type ~ '\\S'", name=op.f("ck_strategy_rules__entry_type_not_blank")),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_strategy_rules__name_not_blank")),
        sa.CheckConstraint(
            "source_timestamp >= 0 AND source_timestamp < 'Infinity'",
            name=op.f("ck_strategy_rules__source_timestamp_not_negative"),
        ),
        sa.CheckConstraint(
            "source_type IN ('pdf', 'youtube', 'video', 'image', 'text', 'url', 'manual', 'system')",
            name=op.f("ck_strategy_rules__source_type_known"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_strategy_rules__confidence_share")),
        sa.CheckConstraint("source_page_number > 0", name=op.f("ck_strategy_rules__source_page_number_positive")),
        sa.CheckConstraint("trade_count >= 0", name=op.f("ck_strategy_rules__trade_count_not_negative")),
        sa.CheckConstraint("win_rate BETWEEN 0 AND 1", name=op.f("ck_strategy_rules__win_rate_share")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_rules__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_strategy_rules__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_rules")),
        comment="A learned entry pattern with its conditions, risk and record.",
    )
    op.create_index(op.f("ix_strategy_rules__entry_type"), "strategy_rules", ["entry_type"], unique=False)
    op.create_index(
        "ix_strategy_rules__performance",
        "strategy_rules",
        [
            sa.literal_column("confidence DESC"),
            sa.literal_column("win_rate DESC"),
            sa.literal_column("trade_count DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_strategy_rules__source",
        "strategy_rules",
        ["source_type", sa.literal_column("left(source_ref, 500)")],
        unique=False,
    )
    op.create_index(op.f("ix_strategy_rules__strategy_id"), "strategy_rules", ["strategy_id"], unique=False)
    op.create_index(op.f("ix_strategy_rules__user_id"), "strategy_rules", ["user_id"], unique=False)
    op.create_table(
        "learning_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("insight", sa.Text(), nullable=False, comment="The lesson in a sentence or more."),
        sa.Column("pattern", sa.Text(), nullable=True, comment="The pattern that it is about."),
        sa.Column("impact_type", sa.Text(), nullable=False, comment="What it changes: entry, exit, sizing, filter …"),
        sa.Column("market_conditions", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("timeframes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column(
            "prior", sa.Double(), server_default="0.5", nullable=False, comment="Confidence before any evidence."
        ),
        sa.Column("confidence", sa.Double(), server_default="0.5", nullable=False, comment="A cache of the evidence."),
        sa.Column(
            "validation_count",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Evidence for it; a cache.",
        ),
        sa.Column(
            "contradiction_count",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Evidence against it; a cache.",
        ),
        sa.Column("last_validated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column(
            "known_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this system learned it.",
        ),
        sa.Column(
            "retracted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When this system stopped believing it.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'retracted') = (retracted_at IS NOT NULL)", name=op.f("ck_learning_entries__retracted_has_time")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'active', 'retracted', 'archived')", name=op.f("ck_learning_entries__status_known")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_learning_entries__confidence_share")),
        sa.CheckConstraint("length(insight) >= 10", name=op.f("ck_learning_entries__insight_says_something")),
        sa.CheckConstraint("prior BETWEEN 0 AND 1", name=op.f("ck_learning_entries__prior_share")),
        sa.CheckConstraint("retracted_at >= known_at", name=op.f("ck_learning_entries__retracted_after_known")),
        sa.CheckConstraint(
            "validation_count >= 0 AND contradiction_count >= 0", name=op.f("ck_learning_entries__counts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_learning_entries__rule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_learning_entries__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_entries")),
        comment="A lesson drawn from outcomes.",
    )
    op.create_index(
        "ix_learning_entries__impact_type",
        "learning_entries",
        ["impact_type", sa.literal_column("confidence DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_learning_entries__rule_id"), "learning_entries", ["rule_id"], unique=False)
    op.create_index(op.f("ix_learning_entries__user_id"), "learning_entries", ["user_id"], unique=False)
    op.create_index(
        "ix_learning_entries__validation",
        "learning_entries",
        [sa.literal_column("validation_count DESC"), sa.literal_column("confidence DESC")],
        unique=False,
    )
    op.create_table(
        "signals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False, comment="The emitter's own word: buy, sell, hold, momentum …"),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("strength", sa.Double(), nullable=True, comment="In the emitter's own unit."),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("entry_price", sa.Numeric(), nullable=True),
        sa.Column("stop_price", sa.Numeric(), nullable=True),
        sa.Column("target_prices", sa.ARRAY(sa.Numeric()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("indicators", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("patterns", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("context", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("fired_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="NULL: stands until acted on."
        ),
        sa.Column("triggered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "'NaN' <> ALL (target_prices) AND 'Infinity' <> ALL (target_prices) AND '-Infinity' <> ALL (target_prices) AND array_position(target_prices, NULL) IS NULL",
            name=op.f("ck_signals__target_prices_finite"),
        ),
        sa.CheckConstraint("direction IN ('long', 'short', 'neutral')", name=op.f("ck_signals__direction_known")),
        sa.CheckConstraint(
            "entry_price > '-Infinity' AND entry_price < 'Infinity'", name=op.f("ck_signals__entry_price_finite")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'triggered', 'expired', 'cancelled', 'rejected')",
            name=op.f("ck_signals__status_known"),
        ),
        sa.CheckConstraint(
            "stop_price > '-Infinity' AND stop_price < 'Infinity'", name=op.f("ck_signals__stop_price_finite")
        ),
        sa.CheckConstraint(
            "strength > '-Infinity' AND strength < 'Infinity'", name=op.f("ck_signals__strength_finite")
        ),
        sa.CheckConstraint(
            "timeframe IN ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')",
            name=op.f("ck_signals__timeframe_known"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_signals__confidence_share")),
        sa.CheckConstraint("expires_at > fired_at", name=op.f("ck_signals__expires_after_fired")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_signals__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_signals__rule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_signals__strategy_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signals__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        comment="A rule or strategy fired on an instrument.",
    )
    op.create_index(
        "ix_signals__instrument_id_fired_at",
        "signals",
        ["instrument_id", sa.literal_column("fired_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_signals__pending", "signals", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'pending'")
    )
    op.create_index(op.f("ix_signals__rule_id"), "signals", ["rule_id"], unique=False)
    op.create_index(
        "ix_signals__strategy_id_fired_at", "signals", ["strategy_id", sa.literal_column("fired_at DESC")], unique=False
    )
    op.create_index(op.f("ix_signals__user_id"), "signals", ["user_id"], unique=False)
    op.create_table(
        "trades",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True, comment="NULL only in backtests."),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("backtest_run_id", sa.Uuid(), nullable=True, comment="The run that made it, in backtests."),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("signal_id", sa.Uuid(), nullable=True),
        sa.Column(
            "dedupe_key", sa.Text(), nullable=True, comment="The recorder's own key, so that a repeat is a no-op."
        ),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("entry_price", sa.Numeric(), nullable=False),
        sa.Column("entry_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("exit_price", sa.Numeric(), nullable=True, comment="Average over its exits. NULL while open."),
        sa.Column(
            "exit_time",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When the last part was closed. NULL while open.",
        ),
        sa.Column("exit_reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="pending", nullable=False),
        sa.Column("initial_stop", sa.Numeric(), nullable=True, comment="Defines the risk taken: R counts from here."),
        sa.Column("current_stop", sa.Numeric(), nullable=True),
        sa.Column("target_prices", sa.ARRAY(sa.Numeric()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "pnl", sa.Numeric(), nullable=True, comment="After fees and funding, in the instrument's settle currency."
        ),
        sa.Column("pnl_percent", sa.Numeric(), nullable=True, comment="Of the capital at entry; 1.5 means 1.5 %."),
        sa.Column(
            "pnl_r", sa.Numeric(), nullable=True, comment="pnl / (abs(entry - initial stop) * quantity). NULL: no stop."
        ),
        sa.Column("fees", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("funding", sa.Numeric(), server_default="0", nullable=False, comment="Received; negative: paid."),
        sa.Column("leverage", sa.Numeric(), nullable=True),
        sa.Column("margin", sa.Numeric(), nullable=True),
        sa.Column("max_adverse_price", sa.Numeric(), nullable=True, comment="Worst price while open (MAE)."),
        sa.Column("max_favorable_price", sa.Numeric(), nullable=True, comment="Best price while open (MFE)."),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column(
            "context",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Price action and anything else that explains the entry.",
        ),
        sa.Column("confidence", sa.Double(), nullable=True, comment="At entry."),
        sa.Column("confluence_score", sa.Double(), nullable=True),
        sa.Column("setup_type", sa.Text(), nullable=True),
        sa.Column("market_phase", sa.Text(), nullable=True),
        sa.Column("indicator", sa.Text(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "'NaN' <> ALL (target_prices) AND 'Infinity' <> ALL (target_prices) AND '-Infinity' <> ALL (target_prices) AND array_position(target_prices, NULL) IS NULL",
            name=op.f("ck_trades__target_prices_finite"),
        ),
        sa.CheckConstraint(
            "(outcome IN ('win', 'loss', 'breakeven')) = (exit_time IS NOT NULL)",
            name=op.f("ck_trades__closed_has_outcome"),
        ),
        sa.CheckConstraint(
            "current_stop > '-Infinity' AND current_stop < 'Infinity'", name=op.f("ck_trades__current_stop_finite")
        ),
        sa.CheckConstraint("direction IN ('long', 'short')", name=op.f("ck_trades__direction_known")),
        sa.CheckConstraint(
            "entry_price > '-Infinity' AND entry_price < 'Infinity'", name=op.f("ck_trades__entry_price_finite")
        ),
        sa.CheckConstraint(
            "exit_price > '-Infinity' AND exit_price < 'Infinity'", name=op.f("ck_trades__exit_price_finite")
        ),
        sa.CheckConstraint(
            "exit_reason IN ('tp1', 'tp2', 'tp3', 'take_profit', 'stop_loss', 'trailing_stop', 'breakeven', 'momentum', 'time_stop', 'signal', 'liquidation', 'manual', 'end_of_data')",
            name=op.f("ck_trades__exit_reason_known"),
        ),
        sa.CheckConstraint("fees > '-Infinity' AND fees < 'Infinity'", name=op.f("ck_trades__fees_finite")),
        sa.CheckConstraint("funding > '-Infinity' AND funding < 'Infinity'", name=op.f("ck_trades__funding_finite")),
        sa.CheckConstraint(
            "initial_stop > '-Infinity' AND initial_stop < 'Infinity'", name=op.f("ck_trades__initial_stop_finite")
        ),
        sa.CheckConstraint("leverage > 0 AND leverage < 'Infinity'", name=op.f("ck_trades__leverage_positive")),
        sa.CheckConstraint("margin >= 0 AND margin < 'Infinity'", name=op.f("ck_trades__margin_not_negative")),
        sa.CheckConstraint(
            "max_adverse_price > '-Infinity' AND max_adverse_price < 'Infinity'",
            name=op.f("ck_trades__max_adverse_price_finite"),
        ),
        sa.CheckConstraint(
            "max_favorable_price > '-Infinity' AND max_favorable_price < 'Infinity'",
            name=op.f("ck_trades__max_favorable_price_finite"),
        ),
        sa.CheckConstraint("mode = 'backtest' OR account_id IS NOT NULL", name=op.f("ck_trades__account_known")),
        sa.CheckConstraint(
            "mode = 'backtest' OR backtest_run_id IS NULL", name=op.f("ck_trades__run_only_in_backtest")
        ),
        sa.CheckConstraint("mode IN ('live', 'paper', 'backtest')", name=op.f("ck_trades__mode_known")),
        sa.CheckConstraint(
            "outcome IN ('pending', 'win', 'loss', 'breakeven', 'cancelled')", name=op.f("ck_trades__outcome_known")
        ),
        sa.CheckConstraint("pnl > '-Infinity' AND pnl < 'Infinity'", name=op.f("ck_trades__pnl_finite")),
        sa.CheckConstraint(
            "pnl_percent > '-Infinity' AND pnl_percent < 'Infinity'", name=op.f("ck_trades__pnl_percent_finite")
        ),
        sa.CheckConstraint("pnl_r > '-Infinity' AND pnl_r < 'Infinity'", name=op.f("ck_trades__pnl_r_finite")),
        sa.CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name=op.f("ck_trades__quantity_positive")),
        sa.CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name=op.f("ck_trades__exit_is_whole")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_trades__confidence_share")),
        sa.CheckConstraint("confluence_score BETWEEN 0 AND 1", name=op.f("ck_trades__confluence_score_share")),
        sa.CheckConstraint("exit_time >= entry_time", name=op.f("ck_trades__exit_after_entry")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_trades__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_trades__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_trades__rule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["signal_id"], ["signals.id"], name=op.f("fk_trades__signal_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_trades__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_trades__user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trades")),
        comment="A round trip: entry to exit of one position.",
    )
    op.create_index(
        "ix_trades__account_id_entry_time", "trades", ["account_id", sa.literal_column("entry_time DESC")], unique=False
    )
    op.create_index(
        "ix_trades__backtest_run_id",
        "trades",
        ["backtest_run_id"],
        unique=False,
        postgresql_where=sa.text("backtest_run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_trades__entry_time", "trades", [sa.literal_column("entry_time DESC"), "instrument_id", "mode"], unique=False
    )
    op.create_index(
        "ix_trades__instrument_id_entry_time",
        "trades",
        ["instrument_id", sa.literal_column("entry_time DESC")],
        unique=False,
    )
    op.create_index(
        "ix_trades__open",
        "trades",
        ["account_id", "instrument_id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'pending'"),
    )
    op.create_index(op.f("ix_trades__rule_id"), "trades", ["rule_id"], unique=False)
    op.create_index(op.f("ix_trades__signal_id"), "trades", ["signal_id"], unique=False)
    op.create_index(
        "ix_trades__strategy_id_entry_time",
        "trades",
        ["strategy_id", sa.literal_column("entry_time DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_trades__user_id"), "trades", ["user_id"], unique=False)
    op.create_index(
        "uq_trades__dedupe_key",
        "trades",
        ["account_id", "backtest_run_id", "dedupe_key"],
        unique=True,
        postgresql_where=sa.text("dedupe_key IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "learning_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="The lesson's owner."),
        sa.Column("trade_id", sa.Uuid(), nullable=True),
        sa.Column("outcome_id", sa.Uuid(), nullable=True, comment="The decision outcome, where no trade was made."),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("weight", sa.Numeric(), server_default="1", nullable=False),
        sa.Column("r_multiple", sa.Numeric(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "known_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this system learned the outcome.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "r_multiple > '-Infinity' AND r_multiple < 'Infinity'", name=op.f("ck_learning_evidence__r_multiple_finite")
        ),
        sa.CheckConstraint("verdict IN ('supports', 'contradicts')", name=op.f("ck_learning_evidence__verdict_known")),
        sa.CheckConstraint("weight > 0 AND weight < 'Infinity'", name=op.f("ck_learning_evidence__weight_positive")),
        sa.CheckConstraint("num_nonnulls(trade_id, outcome_id) = 1", name=op.f("ck_learning_evidence__one_outcome")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["learning_entries.id"], name=op.f("fk_learning_evidence__entry_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["trade_id"], ["trades.id"], name=op.f("fk_learning_evidence__trade_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_learning_evidence__user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_evidence")),
        sa.UniqueConstraint("entry_id", "outcome_id", name=op.f("uq_learning_evidence__entry_id_outcome_id")),
        sa.UniqueConstraint("entry_id", "trade_id", name=op.f("uq_learning_evidence__entry_id_trade_id")),
        comment="One outcome for or against a lesson; rows are only ever added.",
    )
    op.create_index(op.f("ix_learning_evidence__trade_id"), "learning_evidence", ["trade_id"], unique=False)
    op.create_index(op.f("ix_learning_evidence__user_id"), "learning_evidence", ["user_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("signal_id", sa.Uuid(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True, comment="The decision that it carries out."),
        sa.Column("trade_id", sa.Uuid(), nullable=True, comment="The round trip that it opens or closes."),
        sa.Column("client_order_id", sa.Text(), nullable=False, comment="Ours, made before the order is sent."),
        sa.Column("venue_order_id", sa.Text(), nullable=True, comment="The venue's. NULL until it answers."),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("position_side", sa.Text(), server_default="net", nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("time_in_force", sa.Text(), server_default="gtc", nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("limit_price", sa.Numeric(), nullable=True),
        sa.Column("stop_price", sa.Numeric(), nullable=True),
        sa.Column("trailing_offset", sa.Numeric(), nullable=True),
        sa.Column("filled_quantity", sa.Numeric(), server_default="0", nullable=False),
        sa.Column(
            "remaining_quantity",
            sa.Numeric(),
            sa.Computed("quantity - filled_quantity", persisted=True),
            nullable=False,
        ),
        sa.Column("average_price", sa.Numeric(), nullable=True, comment="Of what was filled. NULL: nothing was."),
        sa.Column(
            "fee", sa.Numeric(), nullable=True, comment="As the venue reports it for the order; fills have their own."
        ),
        sa.Column("fee_currency", sa.Text(), nullable=True),
        sa.Column("reduce_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("post_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True, comment="Why it was rejected or cancelled."),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("executed_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Last fill."),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "last_event_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Venue time of the newest event applied.",
        ),
        sa.Column("last_event_sequence", sa.BigInteger(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Whatever else the sender or the venue attached.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "average_price > '-Infinity' AND average_price < 'Infinity'", name=op.f("ck_orders__average_price_finite")
        ),
        sa.CheckConstraint("client_order_id ~ '\\S'", name=op.f("ck_orders__client_order_id_not_blank")),
        sa.CheckConstraint("fee > '-Infinity' AND fee < 'Infinity'", name=op.f("ck_orders__fee_finite")),
        sa.CheckConstraint(
            "filled_quantity >= 0 AND filled_quantity < 'Infinity'",
            name=op.f("ck_orders__filled_quantity_not_negative"),
        ),
        sa.CheckConstraint(
            "limit_price > '-Infinity' AND limit_price < 'Infinity'", name=op.f("ck_orders__limit_price_finite")
        ),
        sa.CheckConstraint(
            "order_type IN ('market', 'limit', 'stop', 'stop_limit', 'stop_loss', 'take_profit', 'trailing_stop')",
            name=op.f("ck_orders__order_type_known"),
        ),
        sa.CheckConstraint(
            "order_type NOT IN ('limit', 'stop_limit') OR limit_price IS NOT NULL",
            name=op.f("ck_orders__limit_has_price"),
        ),
        sa.CheckConstraint(
            "order_type NOT IN ('stop', 'stop_limit') OR stop_price IS NOT NULL", name=op.f("ck_orders__stop_has_price")
        ),
        sa.CheckConstraint("position_side IN ('net', 'long', 'short')", name=op.f("ck_orders__position_side_known")),
        sa.CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name=op.f("ck_orders__quantity_positive")),
        sa.CheckConstraint("side IN ('buy', 'sell')", name=op.f("ck_orders__side_known")),
        sa.CheckConstraint("status <> 'filled' OR filled_quantity = quantity", name=op.f("ck_orders__filled_is_whole")),
        sa.CheckConstraint(
            "status IN ('pending', 'open', 'partial', 'filled', 'cancelled', 'rejected', 'expired')",
            name=op.f("ck_orders__status_known"),
        ),
        sa.CheckConstraint(
            "stop_price > '-Infinity' AND stop_price < 'Infinity'", name=op.f("ck_orders__stop_price_finite")
        ),
        sa.CheckConstraint(
            "time_in_force IN ('gtc', 'ioc', 'fok', 'gtd', 'day')", name=op.f("ck_orders__time_in_force_known")
        ),
        sa.CheckConstraint(
            "trailing_offset > 0 AND trailing_offset < 'Infinity'", name=op.f("ck_orders__trailing_offset_positive")
        ),
        sa.CheckConstraint("(filled_quantity = 0) = (average_price IS NULL)", name=op.f("ck_orders__filled_has_price")),
        sa.CheckConstraint("fee IS NULL OR fee_currency IS NOT NULL", name=op.f("ck_orders__fee_has_currency")),
        sa.CheckConstraint("filled_quantity <= quantity", name=op.f("ck_orders__filled_within_quantity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_orders__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_orders__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["signal_id"], ["signals.id"], name=op.f("fk_orders__signal_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_orders__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name=op.f("fk_orders__trade_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("account_id", "client_order_id", name=op.f("uq_orders__account_id_client_order_id")),
        sa.UniqueConstraint("account_id", "venue_order_id", name=op.f("uq_orders__account_id_venue_order_id")),
        comment="An instruction sent to a venue.",
    )
    op.create_index(
        "ix_orders__instrument_id_created_at",
        "orders",
        ["instrument_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders__open",
        "orders",
        ["account_id", "status"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'open', 'partial')"),
    )
    op.create_index(op.f("ix_orders__signal_id"), "orders", ["signal_id"], unique=False)
    op.create_index(
        "ix_orders__strategy_id_created_at",
        "orders",
        ["strategy_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_orders__trade_id"), "orders", ["trade_id"], unique=False)
    op.create_table(
        "fills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("venue_trade_id", sa.Text(), nullable=False),
        sa.Column(
            "sequence",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="Keeps executions apart that share a venue trade id.",
        ),
        sa.Column("order_id", sa.Uuid(), nullable=True, comment="NULL: an order that we do not know yet."),
        sa.Column("venue_order_id", sa.Text(), nullable=True, comment="To join the order when it becomes known."),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("position_side", sa.Text(), server_default="net", nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("fee", sa.Numeric(), server_default="0", nullable=False, comment="Negative: a rebate."),
        sa.Column("fee_currency", sa.Text(), nullable=True),
        sa.Column("liquidity", sa.Text(), nullable=True, comment="NULL: not reported."),
        sa.Column("bid_price", sa.Numeric(), nullable=True, comment="Best bid at execution."),
        sa.Column("ask_price", sa.Numeric(), nullable=True, comment="Best ask at execution."),
        sa.Column("mark_price", sa.Numeric(), nullable=True, comment="Mark price at execution."),
        sa.Column("executed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="By the venue's clock."),
        sa.Column(
            "details",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Whatever else the venue sent, as it came.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "ask_price > '-Infinity' AND ask_price < 'Infinity'", name=op.f("ck_fills__ask_price_finite")
        ),
        sa.CheckConstraint(
            "bid_price > '-Infinity' AND bid_price < 'Infinity'", name=op.f("ck_fills__bid_price_finite")
        ),
        sa.CheckConstraint("fee > '-Infinity' AND fee < 'Infinity'", name=op.f("ck_fills__fee_finite")),
        sa.CheckConstraint("liquidity IN ('maker', 'taker')", name=op.f("ck_fills__liquidity_known")),
        sa.CheckConstraint(
            "mark_price > '-Infinity' AND mark_price < 'Infinity'", name=op.f("ck_fills__mark_price_finite")
        ),
        sa.CheckConstraint("position_side IN ('net', 'long', 'short')", name=op.f("ck_fills__position_side_known")),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_fills__price_finite")),
        sa.CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name=op.f("ck_fills__quantity_positive")),
        sa.CheckConstraint("side IN ('buy', 'sell')", name=op.f("ck_fills__side_known")),
        sa.CheckConstraint("venue_trade_id ~ '\\S'", name=op.f("ck_fills__venue_trade_id_not_blank")),
        sa.CheckConstraint("fee = 0 OR fee_currency IS NOT NULL", name=op.f("ck_fills__fee_has_currency")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_fills__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_fills__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_fills__order_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fills")),
        sa.UniqueConstraint(
            "account_id",
            "instrument_id",
            "venue_trade_id",
            "sequence",
            name=op.f("uq_fills__account_id_instrument_id_venue_trade_id_sequence"),
        ),
        comment="An execution at a venue.",
    )
    op.create_index(
        "ix_fills__account_id_executed_at", "fills", ["account_id", sa.literal_column("executed_at DESC")], unique=False
    )
    op.create_index(
        "ix_fills__instrument_id_executed_at",
        "fills",
        ["instrument_id", sa.literal_column("executed_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_fills__order_id"), "fills", ["order_id"], unique=False)
    op.create_index(
        "ix_fills__unmatched",
        "fills",
        ["account_id", "venue_order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NULL"),
    )
    op.create_table(
        "order_events",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column(
            "dedupe_key",
            sa.Text(),
            nullable=False,
            comment="The same event has the same key, however often it is sent.",
        ),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="By the venue's clock."),
        sa.Column("sequence", sa.BigInteger(), nullable=True, comment="The venue's order among events of one instant."),
        sa.Column(
            "received_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="By our clock.",
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the venue sent, as it came.",
        ),
        sa.CheckConstraint(
            "kind IN ('submitted', 'accepted', 'triggered', 'amended', 'partially_filled', 'filled', 'cancel_requested', 'cancelled', 'rejected', 'expired')",
            name=op.f("ck_order_events__kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_order_events__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_events__order_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("order_id", "dedupe_key", name=op.f("pk_order_events")),
        comment="Something that happened to an order; rows are only ever added.",
    )
    op.create_index(
        "ix_order_events__account_id_occurred_at", "order_events", ["account_id", "occurred_at"], unique=False
    )
    op.create_index(
        "ix_order_events__order_id_occurred_at", "order_events", ["order_id", "occurred_at", "sequence"], unique=False
    )
    op.create_table(
        "trade_exits",
        sa.Column("trade_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.SmallInteger(), nullable=False, comment="1 is the first exit."),
        sa.Column("account_id", sa.Uuid(), nullable=True, comment="The trade's."),
        sa.Column("fill_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("exit_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("pnl", sa.Numeric(), nullable=True, comment="Of this part, after its fees, in settle currency."),
        sa.Column("pnl_r", sa.Numeric(), nullable=True),
        sa.Column("fees", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("fees > '-Infinity' AND fees < 'Infinity'", name=op.f("ck_trade_exits__fees_finite")),
        sa.CheckConstraint("pnl > '-Infinity' AND pnl < 'Infinity'", name=op.f("ck_trade_exits__pnl_finite")),
        sa.CheckConstraint("pnl_r > '-Infinity' AND pnl_r < 'Infinity'", name=op.f("ck_trade_exits__pnl_r_finite")),
        sa.CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_trade_exits__price_finite")),
        sa.CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name=op.f("ck_trade_exits__quantity_positive")),
        sa.CheckConstraint(
            "reason IN ('tp1', 'tp2', 'tp3', 'take_profit', 'stop_loss', 'trailing_stop', 'breakeven', 'momentum', 'time_stop', 'signal', 'liquidation', 'manual', 'end_of_data')",
            name=op.f("ck_trade_exits__reason_known"),
        ),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_trade_exits__sequence_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_trade_exits__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["fill_id"], ["fills.id"], name=op.f("fk_trade_exits__fill_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name=op.f("fk_trade_exits__trade_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trade_id", "sequence", name=op.f("pk_trade_exits")),
        comment="A part of a trade that was closed.",
    )
    op.create_index(op.f("ix_trade_exits__account_id"), "trade_exits", ["account_id"], unique=False)
    op.create_index(op.f("ix_trade_exits__fill_id"), "trade_exits", ["fill_id"], unique=False)
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tradingdb_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_refuse_change()"
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_trade_exits__fill_id"), table_name="trade_exits")
    op.drop_index(op.f("ix_trade_exits__account_id"), table_name="trade_exits")
    op.drop_table("trade_exits")
    op.drop_index("ix_order_events__order_id_occurred_at", table_name="order_events")
    op.drop_index("ix_order_events__account_id_occurred_at", table_name="order_events")
    op.drop_table("order_events")
    op.drop_index("ix_fills__unmatched", table_name="fills", postgresql_where=sa.text("order_id IS NULL"))
    op.drop_index(op.f("ix_fills__order_id"), table_name="fills")
    op.drop_index("ix_fills__instrument_id_executed_at", table_name="fills")
    op.drop_index("ix_fills__account_id_executed_at", table_name="fills")
    op.drop_table("fills")
    op.drop_index(op.f("ix_orders__trade_id"), table_name="orders")
    op.drop_index("ix_orders__strategy_id_created_at", table_name="orders")
    op.drop_index(op.f("ix_orders__signal_id"), table_name="orders")
    op.drop_index(
        "ix_orders__open", table_name="orders", postgresql_where=sa.text("status IN ('pending', 'open', 'partial')")
    )
    op.drop_index("ix_orders__instrument_id_created_at", table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_learning_evidence__user_id"), table_name="learning_evidence")
    op.drop_index(op.f("ix_learning_evidence__trade_id"), table_name="learning_evidence")
    op.drop_table("learning_evidence")
    op.drop_index(
        "uq_trades__dedupe_key",
        table_name="trades",
        postgresql_where=sa.text("dedupe_key IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index(op.f("ix_trades__user_id"), table_name="trades")
    op.drop_index("ix_trades__strategy_id_entry_time", table_name="trades")
    op.drop_index(op.f("ix_trades__signal_id"), table_name="trades")
    op.drop_index(op.f("ix_trades__rule_id"), table_name="trades")
    op.drop_index("ix_trades__open", table_name="trades", postgresql_where=sa.text("outcome = 'pending'"))
    op.drop_index("ix_trades__instrument_id_entry_time", table_name="trades")
    op.drop_index("ix_trades__entry_time", table_name="trades")
    op.drop_index(
        "ix_trades__backtest_run_id", table_name="trades", postgresql_where=sa.text("backtest_run_id IS NOT NULL")
    )
    op.drop_index("ix_trades__account_id_entry_time", table_name="trades")
    op.drop_table("trades")
    op.drop_index(op.f("ix_signals__user_id"), table_name="signals")
    op.drop_index("ix_signals__strategy_id_fired_at", table_name="signals")
    op.drop_index(op.f("ix_signals__rule_id"), table_name="signals")
    op.drop_index("ix_signals__pending", table_name="signals", postgresql_where=sa.text("status = 'pending'"))
    op.drop_index("ix_signals__instrument_id_fired_at", table_name="signals")
    op.drop_table("signals")
    op.drop_index("ix_learning_entries__validation", table_name="learning_entries")
    op.drop_index(op.f("ix_learning_entries__user_id"), table_name="learning_entries")
    op.drop_index(op.f("ix_learning_entries__rule_id"), table_name="learning_entries")
    op.drop_index("ix_learning_entries__impact_type", table_name="learning_entries")
    op.drop_table("learning_entries")
    op.drop_index(op.f("ix_strategy_rules__user_id"), table_name="strategy_rules")
    op.drop_index(op.f("ix_strategy_rules__strategy_id"), table_name="strategy_rules")
    op.drop_index("ix_strategy_rules__source", table_name="strategy_rules")
    op.drop_index("ix_strategy_rules__performance", table_name="strategy_rules")
    op.drop_index(op.f("ix_strategy_rules__entry_type"), table_name="strategy_rules")
    op.drop_table("strategy_rules")
    op.drop_index(op.f("ix_user_agents__api_key_id"), table_name="user_agents")
    op.drop_index(op.f("ix_user_agents__agent_id"), table_name="user_agents")
    op.drop_table("user_agents")
    op.drop_index("ix_strategies__status", table_name="strategies")
    op.drop_index(op.f("ix_strategies__approved_by"), table_name="strategies")
    op.drop_index(op.f("ix_strategies__agent_id"), table_name="strategies")
    op.drop_table("strategies")
    op.drop_index("ix_series_coverage__syncing", table_name="series_coverage", postgresql_where=sa.text("is_syncing"))
    op.drop_table("series_coverage")
    op.drop_index(op.f("ix_positions__instrument_id"), table_name="positions")
    op.drop_table("positions")
    op.drop_table("candles")
    op.drop_index(op.f("ix_user_tokens__user_id"), table_name="user_tokens")
    op.drop_table("user_tokens")
    op.drop_index(op.f("ix_user_sessions__user_id"), table_name="user_sessions")
    op.drop_index(op.f("ix_user_sessions__expires_at"), table_name="user_sessions")
    op.drop_table("user_sessions")
    op.drop_table("user_preferences")
    op.drop_index(op.f("ix_trading_accounts__venue_id"), table_name="trading_accounts")
    op.drop_table("trading_accounts")
    op.drop_index("ix_instruments__symbol", table_name="instruments")
    op.drop_table("instruments")
    op.drop_index(op.f("ix_api_keys__user_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_agents__user_id"), table_name="agents")
    op.drop_index(op.f("ix_agents__agent_type"), table_name="agents")
    op.drop_table("agents")
    op.drop_table("venues")
    op.drop_index("uq_users__email", table_name="users")
    op.drop_table("users")
    op.drop_table("timeframes")
    op.drop_index("ix_agent_logs__logged_at", table_name="agent_logs", postgresql_using="brin")
    op.drop_table("agent_logs")
    op.execute("DROP FUNCTION tradingdb_refuse_change()")
