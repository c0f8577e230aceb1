"""Backtests: configurations, runs, results and equity.

Why:
    Trades of a backtest named a run that had no table.
Locks:
    The foreign keys of older tables are NOT VALID: no row is read, and each lock is held for an instant.
Safe while old code runs:
    Yes, unless it writes ids of its own invention into the columns that refer to these tables: those are refused.
Undo:
    Drops the tables with their data, partitions included, and clears what refers to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "backtest_equity",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Simulated time."),
        sa.Column("equity", sa.Numeric(), nullable=False),
        sa.Column("drawdown", sa.Double(), nullable=True, comment="Below the highest equity so far, 0 to 1."),
        sa.CheckConstraint(
            "equity > '-Infinity' AND equity < 'Infinity'", name=op.f("ck_backtest_equity__equity_finite")
        ),
        sa.CheckConstraint("drawdown BETWEEN 0 AND 1", name=op.f("ck_backtest_equity__drawdown_share")),
        sa.PrimaryKeyConstraint("run_id", "at", name=op.f("pk_backtest_equity")),
        comment="A point of a run's equity curve.",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "backtest_configs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Owner. NULL: the platform's own."),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("end_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Not included."),
        sa.Column("initial_balance", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timeframes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("risk_per_trade", sa.Numeric(), nullable=True, comment="Share of equity, 0 to 1."),
        sa.Column("max_concurrent_positions", sa.Integer(), nullable=True),
        sa.Column("leverage", sa.Numeric(), server_default="1", nullable=False),
        sa.Column(
            "fee_rate",
            sa.Numeric(),
            server_default="0",
            nullable=False,
            comment="Of each fill's value; negative: a rebate.",
        ),
        sa.Column("slippage", sa.Numeric(), server_default="0", nullable=False, comment="Of the price, against us."),
        sa.Column(
            "limits",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Further limits by name, such as a daily loss.",
        ),
        sa.Column(
            "parameters",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the strategy was told.",
        ),
        sa.Column(
            "content_sha256",
            sa.LargeBinary(),
            nullable=False,
            comment="Of all of it, also rules and instruments: equal configurations have equal digests.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '\\S'", name=op.f("ck_backtest_configs__currency_not_blank")),
        sa.CheckConstraint(
            "fee_rate > '-Infinity' AND fee_rate < 'Infinity'", name=op.f("ck_backtest_configs__fee_rate_finite")
        ),
        sa.CheckConstraint(
            "initial_balance > 0 AND initial_balance < 'Infinity'",
            name=op.f("ck_backtest_configs__initial_balance_positive"),
        ),
        sa.CheckConstraint(
            "leverage > 0 AND leverage < 'Infinity'", name=op.f("ck_backtest_configs__leverage_positive")
        ),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_backtest_configs__name_not_blank")),
        sa.CheckConstraint(
            "risk_per_trade BETWEEN 0 AND 1 AND risk_per_trade < 'Infinity'",
            name=op.f("ck_backtest_configs__risk_per_trade_share"),
        ),
        sa.CheckConstraint(
            "slippage > '-Infinity' AND slippage < 'Infinity'", name=op.f("ck_backtest_configs__slippage_finite")
        ),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_backtest_configs__range_ordered")),
        sa.CheckConstraint(
            "max_concurrent_positions > 0", name=op.f("ck_backtest_configs__max_concurrent_positions_positive")
        ),
        sa.CheckConstraint(
            "octet_length(content_sha256) = 32", name=op.f("ck_backtest_configs__content_sha256_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_backtest_configs__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_backtest_configs__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_configs")),
        comment="What is to be tried: range, balance, risk, costs and limits.",
    )
    op.create_index(op.f("ix_backtest_configs__content_sha256"), "backtest_configs", ["content_sha256"], unique=False)
    op.create_index(op.f("ix_backtest_configs__strategy_id"), "backtest_configs", ["strategy_id"], unique=False)
    op.create_index(
        "ix_backtest_configs__user_id_created_at", "backtest_configs", ["user_id", "created_at"], unique=False
    )
    op.create_table(
        "backtest_config_instruments",
        sa.Column("config_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["config_id"],
            ["backtest_configs.id"],
            name=op.f("fk_backtest_config_instruments__config_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_backtest_config_instruments__instrument_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("config_id", "instrument_id", name=op.f("pk_backtest_config_instruments")),
        comment="An instrument that a configuration trades.",
    )
    op.create_index(
        op.f("ix_backtest_config_instruments__instrument_id"),
        "backtest_config_instruments",
        ["instrument_id"],
        unique=False,
    )
    op.create_table(
        "backtest_config_rules",
        sa.Column("config_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["config_id"], ["backtest_configs.id"], name=op.f("fk_backtest_config_rules__config_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["strategy_rules.id"], name=op.f("fk_backtest_config_rules__rule_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("config_id", "rule_id", name=op.f("pk_backtest_config_rules")),
        comment="A rule that a configuration tries.",
    )
    op.create_index(op.f("ix_backtest_config_rules__rule_id"), "backtest_config_rules", ["rule_id"], unique=False)
    op.create_table(
        "backtest_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("config_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("code_version", sa.Text(), nullable=True, comment="Commit or version of the code that ran."),
        sa.Column("engine", sa.Text(), nullable=True, comment="The program that ran it, for example freqtrade."),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status <> 'completed' OR completed_at IS NOT NULL", name=op.f("ck_backtest_runs__completed_has_time")
        ),
        sa.CheckConstraint(
            "status <> 'failed' OR error_message IS NOT NULL", name=op.f("ck_backtest_runs__failed_has_message")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_backtest_runs__status_known"),
        ),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_backtest_runs__completed_after_started")),
        sa.ForeignKeyConstraint(
            ["config_id"], ["backtest_configs.id"], name=op.f("fk_backtest_runs__config_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_backtest_runs__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_backtest_runs__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_runs")),
        comment="One run of a configuration; its trades are rows of trades in the mode backtest.",
    )
    op.create_index(
        "ix_backtest_runs__config_id_created_at", "backtest_runs", ["config_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_backtest_runs__strategy_id_created_at",
        "backtest_runs",
        ["strategy_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_backtest_runs__unfinished",
        "backtest_runs",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(op.f("ix_backtest_runs__user_id"), "backtest_runs", ["user_id"], unique=False)
    op.create_table(
        "backtest_results",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("total_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("winning_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("losing_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("win_rate", sa.Double(), nullable=True),
        sa.Column("total_return", sa.Double(), nullable=True, comment="A fraction: 0.1 is ten percent."),
        sa.Column("max_drawdown", sa.Double(), nullable=True, comment="Of the equity's peak, 0 to 1."),
        sa.Column("max_drawdown_amount", sa.Numeric(), nullable=True),
        sa.Column("profit_factor", sa.Double(), nullable=True, comment="NULL: there was no loss."),
        sa.Column("sharpe_ratio", sa.Double(), nullable=True),
        sa.Column("sortino_ratio", sa.Double(), nullable=True),
        sa.Column("calmar_ratio", sa.Double(), nullable=True),
        sa.Column("average_r", sa.Double(), nullable=True),
        sa.Column("best_r", sa.Double(), nullable=True),
        sa.Column("worst_r", sa.Double(), nullable=True),
        sa.Column("longest_win_streak", sa.Integer(), nullable=True),
        sa.Column("longest_loss_streak", sa.Integer(), nullable=True),
        sa.Column("final_balance", sa.Numeric(), nullable=False),
        sa.Column("net_profit", sa.Numeric(), nullable=True),
        sa.Column(
            "figures",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Further figures, as the engine reported them.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "average_r > '-Infinity' AND average_r < 'Infinity'", name=op.f("ck_backtest_results__average_r_finite")
        ),
        sa.CheckConstraint(
            "best_r > '-Infinity' AND best_r < 'Infinity'", name=op.f("ck_backtest_results__best_r_finite")
        ),
        sa.CheckConstraint(
            "calmar_ratio > '-Infinity' AND calmar_ratio < 'Infinity'",
            name=op.f("ck_backtest_results__calmar_ratio_finite"),
        ),
        sa.CheckConstraint(
            "final_balance > '-Infinity' AND final_balance < 'Infinity'",
            name=op.f("ck_backtest_results__final_balance_finite"),
        ),
        sa.CheckConstraint(
            "max_drawdown_amount >= 0 AND max_drawdown_amount < 'Infinity'",
            name=op.f("ck_backtest_results__max_drawdown_amount_not_negative"),
        ),
        sa.CheckConstraint(
            "net_profit > '-Infinity' AND net_profit < 'Infinity'", name=op.f("ck_backtest_results__net_profit_finite")
        ),
        sa.CheckConstraint(
            "profit_factor >= 0 AND profit_factor < 'Infinity'",
            name=op.f("ck_backtest_results__profit_factor_not_negative"),
        ),
        sa.CheckConstraint(
            "sharpe_ratio > '-Infinity' AND sharpe_ratio < 'Infinity'",
            name=op.f("ck_backtest_results__sharpe_ratio_finite"),
        ),
        sa.CheckConstraint(
            "sortino_ratio > '-Infinity' AND sortino_ratio < 'Infinity'",
            name=op.f("ck_backtest_results__sortino_ratio_finite"),
        ),
        sa.CheckConstraint(
            "total_return > '-Infinity' AND total_return < 'Infinity'",
            name=op.f("ck_backtest_results__total_return_finite"),
        ),
        sa.CheckConstraint(
            "worst_r > '-Infinity' AND worst_r < 'Infinity'", name=op.f("ck_backtest_results__worst_r_finite")
        ),
        sa.CheckConstraint(
            "longest_loss_streak >= 0", name=op.f("ck_backtest_results__longest_loss_streak_not_negative")
        ),
        sa.CheckConstraint(
            "longest_win_streak >= 0", name=op.f("ck_backtest_results__longest_win_streak_not_negative")
        ),
        sa.CheckConstraint("losing_trades >= 0", name=op.f("ck_backtest_results__losing_trades_not_negative")),
        sa.CheckConstraint("max_drawdown BETWEEN 0 AND 1", name=op.f("ck_backtest_results__max_drawdown_share")),
        sa.CheckConstraint("total_trades >= 0", name=op.f("ck_backtest_results__total_trades_not_negative")),
        sa.CheckConstraint("win_rate BETWEEN 0 AND 1", name=op.f("ck_backtest_results__win_rate_share")),
        sa.CheckConstraint(
            "winning_trades + losing_trades <= total_trades", name=op.f("ck_backtest_results__counts_add_up")
        ),
        sa.CheckConstraint("winning_trades >= 0", name=op.f("ck_backtest_results__winning_trades_not_negative")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["backtest_runs.id"], name=op.f("fk_backtest_results__run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_backtest_results__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_backtest_results")),
        comment="The figures of a run.",
    )
    op.create_index(op.f("ix_backtest_results__user_id"), "backtest_results", ["user_id"], unique=False)
    op.create_foreign_key(
        "fk_trades__backtest_run_id",
        "trades",
        "backtest_runs",
        ["backtest_run_id"],
        ["id"],
        ondelete="CASCADE",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.execute("UPDATE trades SET backtest_run_id = NULL WHERE backtest_run_id IS NOT NULL")
    op.drop_constraint("fk_trades__backtest_run_id", "trades", type_="foreignkey")
    op.drop_index(op.f("ix_backtest_results__user_id"), table_name="backtest_results")
    op.drop_table("backtest_results")
    op.drop_index(op.f("ix_backtest_runs__user_id"), table_name="backtest_runs")
    op.drop_index(
        "ix_backtest_runs__unfinished",
        table_name="backtest_runs",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_index("ix_backtest_runs__strategy_id_created_at", table_name="backtest_runs")
    op.drop_index("ix_backtest_runs__config_id_created_at", table_name="backtest_runs")
    op.drop_table("backtest_runs")
    op.drop_index(op.f("ix_backtest_config_rules__rule_id"), table_name="backtest_config_rules")
    op.drop_table("backtest_config_rules")
    op.drop_index(op.f("ix_backtest_config_instruments__instrument_id"), table_name="backtest_config_instruments")
    op.drop_table("backtest_config_instruments")
    op.drop_index("ix_backtest_configs__user_id_created_at", table_name="backtest_configs")
    op.drop_index(op.f("ix_backtest_configs__strategy_id"), table_name="backtest_configs")
    op.drop_index(op.f("ix_backtest_configs__content_sha256"), table_name="backtest_configs")
    op.drop_table("backtest_configs")
    op.drop_table("backtest_equity")
