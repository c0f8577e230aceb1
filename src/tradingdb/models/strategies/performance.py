"""How strategies, agents and accounts did over a period."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tradingdb.core.base import Base, finite, not_negative, one_of, share
from tradingdb.core.columns import Code, Count, CreatedAt, Money, Payload, Share, UpdatedAt, UuidPK
from tradingdb.core.mode import TradingMode
from tradingdb.core.types import EnumText


class PerformanceMetrics(Base):
    """Figures of a strategy, an agent or an account over one period and in one mode."""

    __tablename__ = "performance_metrics"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("trading_accounts.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), index=True, comment="NULL: all of them."
    )
    mode: Mapped[TradingMode] = mapped_column(EnumText(TradingMode))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime] = mapped_column(comment="Not included.")
    total_return: Mapped[float | None] = mapped_column(comment="A fraction: 0.1 is ten percent.")
    annual_return: Mapped[float | None]
    volatility: Mapped[float | None] = mapped_column(comment="Per year.")
    sharpe_ratio: Mapped[float | None]
    sortino_ratio: Mapped[float | None]
    calmar_ratio: Mapped[float | None]
    max_drawdown: Mapped[Share | None] = mapped_column(comment="Of the equity's peak, 0 to 1.")
    win_rate: Mapped[Share | None]
    profit_factor: Mapped[float | None] = mapped_column(comment="NULL: there was no loss.")
    expectancy: Mapped[float | None] = mapped_column(comment="Average R of a trade.")
    total_trades: Mapped[Count]
    winning_trades: Mapped[Count]
    losing_trades: Mapped[Count]
    net_profit: Mapped[Money | None]
    average_win: Mapped[Money | None]
    average_loss: Mapped[Money | None] = mapped_column(comment="Negative, as it came.")
    currency: Mapped[Code | None] = mapped_column(comment="Of the amounts.")
    figures: Mapped[Payload] = mapped_column(comment="Further figures by name.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        UniqueConstraint(
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
        Index("ix_performance_metrics__period", "period_start", "period_end"),
        one_of("mode", TradingMode),
        CheckConstraint("period_end > period_start", name="period_ordered"),
        CheckConstraint("num_nonnulls(strategy_id, agent_id, account_id, instrument_id) > 0", name="has_subject"),
        *share("max_drawdown", "win_rate"),
        *finite("total_return", "annual_return", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "expectancy"),
        *finite("volatility", "profit_factor", sign=">= 0"),
        *not_negative("total_trades", "winning_trades", "losing_trades"),
        CheckConstraint("winning_trades + losing_trades <= total_trades", name="counts_add_up"),
        *finite("net_profit", "average_win", "average_loss"),
        {"comment": __doc__},
    )
