"""Performance of strategies, agents and accounts by period.

Why:
    Figures of a period had to be computed whenever they were looked at.
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

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "performance_metrics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=True, comment="NULL: all of them."),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("period_start", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("period_end", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Not included."),
        sa.Column("total_return", sa.Double(), nullable=True, comment="A fraction: 0.1 is ten percent."),
        sa.Column("annual_return", sa.Double(), nullable=True),
        sa.Column("volatility", sa.Double(), nullable=True, comment="Per year."),
        sa.Column("sharpe_ratio", sa.Double(), nullable=True),
        sa.Column("sortino_ratio", sa.Double(), nullable=True),
        sa.Column("calmar_ratio", sa.Double(), nullable=True),
        sa.Column("max_drawdown", sa.Double(), nullable=True, comment="Of the equity's peak, 0 to 1."),
        sa.Column("win_rate", sa.Double(), nullable=True),
        sa.Column("profit_factor", sa.Double(), nullable=True, comment="NULL: there was no loss."),
        sa.Column("expectancy", sa.Double(), nullable=True, comment="Average R of a trade."),
        sa.Column("total_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("winning_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("losing_trades", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net_profit", sa.Numeric(), nullable=True),
        sa.Column("average_win", sa.Numeric(), nullable=True),
        sa.Column("average_loss", sa.Numeric(), nullable=True, comment="Negative, as it came."),
        sa.Column("currency", sa.Text(), nullable=True, comment="Of the amounts."),
        sa.Column(
            "figures",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Further figures by name.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "annual_return > '-Infinity' AND annual_return < 'Infinity'",
            name=op.f("ck_performance_metrics__annual_return_finite"),
        ),
        sa.CheckConstraint(
            "average_loss > '-Infinity' AND average_loss < 'Infinity'",
            name=op.f("ck_performance_metrics__average_loss_finite"),
        ),
        sa.CheckConstraint(
            "average_win > '-Infinity' AND average_win < 'Infinity'",
            name=op.f("ck_performance_metrics__average_win_finite"),
        ),
        sa.CheckConstraint(
            "calmar_ratio > '-Infinity' AND calmar_ratio < 'Infinity'",
            name=op.f("ck_performance_metrics__calmar_ratio_finite"),
        ),
        sa.CheckConstraint(
            "expectancy > '-Infinity' AND expectancy < 'Infinity'",
            name=op.f("ck_performance_metrics__expectancy_finite"),
        ),
        sa.CheckConstraint("mode IN ('live', 'paper', 'backtest')", name=op.f("ck_performance_metrics__mode_known")),
        sa.CheckConstraint(
            "net_profit > '-Infinity' AND net_profit < 'Infinity'",
            name=op.f("ck_performance_metrics__net_profit_finite"),
        ),
        sa.CheckConstraint(
            "profit_factor >= 0 AND profit_factor < 'Infinity'",
            name=op.f("ck_performance_metrics__profit_factor_not_negative"),
        ),
        sa.CheckConstraint(
            "sharpe_ratio > '-Infinity' AND sharpe_ratio < 'Infinity'",
            name=op.f("ck_performance_metrics__sharpe_ratio_finite"),
        ),
        sa.CheckConstraint(
            "sortino_ratio > '-Infinity' AND sortino_ratio < 'Infinity'",
            name=op.f("ck_performance_metrics__sortino_ratio_finite"),
        ),
        sa.CheckConstraint(
            "total_return > '-Infinity' AND total_return < 'Infinity'",
            name=op.f("ck_performance_metrics__total_return_finite"),
        ),
        sa.CheckConstraint(
            "volatility >= 0 AND volatility < 'Infinity'", name=op.f("ck_performance_metrics__volatility_not_negative")
        ),
        sa.CheckConstraint("losing_trades >= 0", name=op.f("ck_performance_metrics__losing_trades_not_negative")),
        sa.CheckConstraint("max_drawdown BETWEEN 0 AND 1", name=op.f("ck_performance_metrics__max_drawdown_share")),
        sa.CheckConstraint(
            "num_nonnulls(strategy_id, agent_id, account_id, instrument_id) > 0",
            name=op.f("ck_performance_metrics__has_subject"),
        ),
        sa.CheckConstraint("period_end > period_start", name=op.f("ck_performance_metrics__period_ordered")),
        sa.CheckConstraint("total_trades >= 0", name=op.f("ck_performance_metrics__total_trades_not_negative")),
        sa.CheckConstraint("win_rate BETWEEN 0 AND 1", name=op.f("ck_performance_metrics__win_rate_share")),
        sa.CheckConstraint(
            "winning_trades + losing_trades <= total_trades", name=op.f("ck_performance_metrics__counts_add_up")
        ),
        sa.CheckConstraint("winning_trades >= 0", name=op.f("ck_performance_metrics__winning_trades_not_negative")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_performance_metrics__account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_performance_metrics__agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_performance_metrics__instrument_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_performance_metrics__strategy_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_performance_metrics__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_metrics")),
        sa.UniqueConstraint(
            "strategy_id",
            "agent_id",
            "account_id",
            "instrument_id",
            "mode",
            "period_start",
            "period_end",
            name="uq_performance_metrics__subject_and_period",
            postgresql_nulls_not_distinct=True,
        ),
        comment="Figures of a strategy, an agent or an account over one period and in one mode.",
    )
    op.create_index(op.f("ix_performance_metrics__account_id"), "performance_metrics", ["account_id"], unique=False)
    op.create_index(op.f("ix_performance_metrics__agent_id"), "performance_metrics", ["agent_id"], unique=False)
    op.create_index(
        op.f("ix_performance_metrics__instrument_id"), "performance_metrics", ["instrument_id"], unique=False
    )
    op.create_index(
        "ix_performance_metrics__period", "performance_metrics", ["period_start", "period_end"], unique=False
    )
    op.create_index(op.f("ix_performance_metrics__user_id"), "performance_metrics", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_performance_metrics__user_id"), table_name="performance_metrics")
    op.drop_index("ix_performance_metrics__period", table_name="performance_metrics")
    op.drop_index(op.f("ix_performance_metrics__instrument_id"), table_name="performance_metrics")
    op.drop_index(op.f("ix_performance_metrics__agent_id"), table_name="performance_metrics")
    op.drop_index(op.f("ix_performance_metrics__account_id"), table_name="performance_metrics")
    op.drop_table("performance_metrics")
