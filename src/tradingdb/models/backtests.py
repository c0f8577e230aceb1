"""Strategies tried on the past: what was tried, how it ran, what came of it. The trades themselves are in `trades`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tradingdb.core.base import Base, finite, not_blank, not_negative, one_of, sha256_sized, share
from tradingdb.core.columns import (
    Code,
    Count,
    CreatedAt,
    Digest,
    Money,
    Name,
    Payload,
    Ratio,
    Share,
    Texts,
    UpdatedAt,
    UuidPK,
)
from tradingdb.core.types import EnumText, UtcDateTime


class BacktestStatus(StrEnum):
    """Where a run is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BacktestConfig(Base):
    """What is to be tried: range, balance, risk, costs and limits."""

    __tablename__ = "backtest_configs"

    id: Mapped[UuidPK]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="Owner. NULL: the platform's own."
    )
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"), index=True)
    name: Mapped[Name]
    start_at: Mapped[datetime]
    end_at: Mapped[datetime] = mapped_column(comment="Not included.")
    initial_balance: Mapped[Money]
    currency: Mapped[Code]
    timeframes: Mapped[Texts]
    risk_per_trade: Mapped[Ratio | None] = mapped_column(comment="Share of equity, 0 to 1.")
    max_concurrent_positions: Mapped[int | None]
    leverage: Mapped[Ratio] = mapped_column(server_default="1")
    fee_rate: Mapped[Ratio] = mapped_column(server_default="0", comment="Of each fill's value; negative: a rebate.")
    slippage: Mapped[Ratio] = mapped_column(server_default="0", comment="Of the price, against us.")
    limits: Mapped[Payload] = mapped_column(comment="Further limits by name, such as a daily loss.")
    parameters: Mapped[Payload] = mapped_column(comment="What the strategy was told.")
    content_sha256: Mapped[Digest] = mapped_column(
        index=True, comment="Of all of it, also rules and instruments: equal configurations have equal digests."
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    rules: Mapped[list[BacktestConfigRule]] = relationship(back_populates="config", lazy="raise", passive_deletes=True)
    instruments: Mapped[list[BacktestConfigInstrument]] = relationship(
        back_populates="config", lazy="raise", passive_deletes=True
    )
    runs: Mapped[list[BacktestRun]] = relationship(back_populates="config", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_backtest_configs__user_id_created_at", "user_id", "created_at"),
        *not_blank("name", "currency"),
        *sha256_sized("content_sha256"),
        CheckConstraint("end_at > start_at", name="range_ordered"),
        CheckConstraint("risk_per_trade BETWEEN 0 AND 1 AND risk_per_trade < 'Infinity'", name="risk_per_trade_share"),
        CheckConstraint("max_concurrent_positions > 0", name="max_concurrent_positions_positive"),
        *finite("initial_balance", "leverage", sign="> 0"),
        *finite("fee_rate", "slippage"),
        {"comment": __doc__},
    )


class BacktestConfigRule(Base):
    """A rule that a configuration tries."""

    __tablename__ = "backtest_config_rules"

    config_id: Mapped[UUID] = mapped_column(ForeignKey("backtest_configs.id", ondelete="CASCADE"), primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(
        ForeignKey("strategy_rules.id", ondelete="RESTRICT"), primary_key=True, index=True
    )

    config: Mapped[BacktestConfig] = relationship(back_populates="rules", lazy="raise")

    __table_args__ = ({"comment": __doc__},)


class BacktestConfigInstrument(Base):
    """An instrument that a configuration trades."""

    __tablename__ = "backtest_config_instruments"

    config_id: Mapped[UUID] = mapped_column(ForeignKey("backtest_configs.id", ondelete="CASCADE"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(
        ForeignKey("instruments.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False, index=True
    )

    config: Mapped[BacktestConfig] = relationship(back_populates="instruments", lazy="raise")

    __table_args__ = ({"comment": __doc__},)


class BacktestRun(Base):
    """One run of a configuration; its trades are rows of trades in the mode backtest."""

    __tablename__ = "backtest_runs"

    id: Mapped[UuidPK]
    config_id: Mapped[UUID] = mapped_column(ForeignKey("backtest_configs.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    strategy_id: Mapped[UUID | None] = mapped_column(ForeignKey("strategies.id", ondelete="SET NULL"))
    status: Mapped[BacktestStatus] = mapped_column(EnumText(BacktestStatus), server_default=BacktestStatus.PENDING)
    code_version: Mapped[Name | None] = mapped_column(comment="Commit or version of the code that ran.")
    engine: Mapped[Name | None] = mapped_column(comment="The program that ran it, for example freqtrade.")
    seed: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_message: Mapped[str | None]
    details: Mapped[Payload]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    config: Mapped[BacktestConfig] = relationship(back_populates="runs", lazy="raise")
    result: Mapped[BacktestResult | None] = relationship(back_populates="run", lazy="raise", passive_deletes=True)

    __table_args__ = (
        Index("ix_backtest_runs__config_id_created_at", "config_id", "created_at"),
        Index("ix_backtest_runs__strategy_id_created_at", "strategy_id", text("created_at DESC")),
        Index(
            "ix_backtest_runs__unfinished",
            "created_at",
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        one_of("status", BacktestStatus),
        CheckConstraint("completed_at >= started_at", name="completed_after_started"),
        CheckConstraint("status <> 'completed' OR completed_at IS NOT NULL", name="completed_has_time"),
        CheckConstraint("status <> 'failed' OR error_message IS NOT NULL", name="failed_has_message"),
        {"comment": __doc__},
    )


class BacktestResult(Base):
    """The figures of a run."""

    __tablename__ = "backtest_results"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("backtest_runs.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    total_trades: Mapped[Count]
    winning_trades: Mapped[Count]
    losing_trades: Mapped[Count]
    win_rate: Mapped[Share | None]
    total_return: Mapped[float | None] = mapped_column(comment="A fraction: 0.1 is ten percent.")
    max_drawdown: Mapped[Share | None] = mapped_column(comment="Of the equity's peak, 0 to 1.")
    max_drawdown_amount: Mapped[Money | None]
    profit_factor: Mapped[float | None] = mapped_column(comment="NULL: there was no loss.")
    sharpe_ratio: Mapped[float | None]
    sortino_ratio: Mapped[float | None]
    calmar_ratio: Mapped[float | None]
    average_r: Mapped[float | None]
    best_r: Mapped[float | None]
    worst_r: Mapped[float | None]
    longest_win_streak: Mapped[int | None] = mapped_column(Integer)
    longest_loss_streak: Mapped[int | None] = mapped_column(Integer)
    final_balance: Mapped[Money]
    net_profit: Mapped[Decimal | None]
    figures: Mapped[Payload] = mapped_column(comment="Further figures, as the engine reported them.")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    run: Mapped[BacktestRun] = relationship(back_populates="result", lazy="raise")

    __table_args__ = (
        *share("win_rate", "max_drawdown"),
        *finite("total_return", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "average_r", "best_r", "worst_r"),
        *finite("profit_factor", sign=">= 0"),
        *finite("final_balance", "net_profit"),
        *finite("max_drawdown_amount", sign=">= 0"),
        *not_negative("total_trades", "winning_trades", "losing_trades", "longest_win_streak", "longest_loss_streak"),
        CheckConstraint("winning_trades + losing_trades <= total_trades", name="counts_add_up"),
        {"comment": __doc__},
    )


class BacktestEquity(Base):
    """A point of a run's equity curve."""

    __tablename__ = "backtest_equity"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, comment="Simulated time.")
    equity: Mapped[Money]
    drawdown: Mapped[Share | None] = mapped_column(comment="Below the highest equity so far, 0 to 1.")

    __table_args__ = (
        *finite("equity"),
        *share("drawdown"),
        {"comment": __doc__, "postgresql_partition_by": "RANGE (at)"},
    )
