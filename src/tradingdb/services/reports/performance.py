"""How strategies, rules and instruments did. Computed by PostgreSQL, exact, one mode at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import ColumnElement, Label, Select, func, literal_column, select
from sqlalchemy import cast as as_type

from tradingdb.core.mode import TradingMode
from tradingdb.core.types import ExactNumeric
from tradingdb.models import (
    BacktestConfig,
    BacktestRun,
    BacktestStatus,
    Instrument,
    Strategy,
    StrategyRule,
    StrategyStatus,
    Trade,
    TradeDirection,
    TradeOutcome,
    User,
    Venue,
)
from tradingdb.services.reports.scope import at_most, is_closed, pnl_currency, where, within_days

if TYPE_CHECKING:
    from datetime import date, datetime

A = TypeVar("A")
B = TypeVar("B")

LIVE = TradingMode.LIVE
UTC: ColumnElement[str] = literal_column("'UTC'")
"""Not a parameter: PostgreSQL would not see that a day is grouped by the same expression."""


def strategy_performance(
    *, mode: TradingMode = LIVE, days: int | None = None, strategy: str | None = None, limit: int = 50
) -> Select[str | None, str | None, str | None, int, int, int, Decimal | None, Decimal, Decimal | None, Decimal | None]:
    """Closed trades of each strategy, by the currency of their profit, best first; `days` counts from entry."""
    return (
        _closed_trades_by(Strategy.name.label("strategy"), User.username.label("owner"), mode, days, limit)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .outerjoin(User, User.id == Strategy.user_id)
        .where(*where(_named(strategy)))
        .group_by(Strategy.id, User.username, pnl_currency())
        .order_by(Strategy.name, Strategy.id, pnl_currency())
    )


def rule_performance(
    *, mode: TradingMode = LIVE, days: int | None = None, strategy: str | None = None, limit: int = 50
) -> Select[str | None, str | None, str | None, int, int, int, Decimal | None, Decimal, Decimal | None, Decimal | None]:
    """Closed trades of each rule, best first, computed from the trades; `days` counts from entry."""
    return (
        _closed_trades_by(StrategyRule.name.label("rule"), Strategy.name.label("strategy"), mode, days, limit)
        .outerjoin(StrategyRule, StrategyRule.id == Trade.rule_id)
        .outerjoin(Strategy, Strategy.id == StrategyRule.strategy_id)
        .where(*where(_named(strategy)))
        .group_by(StrategyRule.id, Strategy.name, pnl_currency())
        .order_by(StrategyRule.name, StrategyRule.id, pnl_currency())
    )


def instrument_performance(
    *, mode: TradingMode = LIVE, days: int | None = None, strategy: str | None = None, limit: int = 50
) -> Select[str, str, str | None, int, int, int, Decimal | None, Decimal, Decimal | None, Decimal | None]:
    """Closed trades of each instrument, best first; `days` counts from entry."""
    return (
        _closed_trades_by(Venue.code.label("venue"), Instrument.symbol.label("symbol"), mode, days, limit)
        .join(Venue, Venue.id == Instrument.venue_id)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .where(*where(_named(strategy)))
        .group_by(Venue.code, Instrument.id)
        .order_by(Venue.code, Instrument.symbol)
    )


def _closed_trades_by(
    subject: Label[A], beside: Label[B], mode: TradingMode, days: int | None, limit: int
) -> Select[A, B, str | None, int, int, int, Decimal | None, Decimal, Decimal | None, Decimal | None]:
    """What closed trades come to, best first, for whatever the caller joins and groups by."""
    net = _net()
    return (
        select(
            subject,
            beside,
            pnl_currency().label("currency"),
            _runs().label("runs"),
            func.count().label("trades"),
            wins().label("wins"),
            _win_rate().label("win_rate"),
            net.label("net_pnl"),
            _profit_factor().label("profit_factor"),
            func.avg(Trade.pnl_r).label("average_r"),
        )
        .select_from(Trade)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .where(Trade.mode == mode, is_closed(), *where(within_days(Trade.entry_time, days)))
        .order_by(net.desc())
        .limit(at_most(limit))
    )


def daily_performance(
    *, mode: TradingMode = LIVE, days: int | None = 30, strategy: str | None = None, limit: int = 366
) -> Select[date, str | None, int, int, Decimal | None, Decimal, Decimal]:
    """Closed trades of each UTC day on which one was closed, newest first; `days` counts from exit."""
    day = func.date(func.timezone(UTC, Trade.exit_time))
    return (
        select(
            day.label("day"),
            pnl_currency().label("currency"),
            func.count().label("trades"),
            wins().label("wins"),
            _win_rate().label("win_rate"),
            _net().label("net_pnl"),
            func.sum(Trade.fees).label("fees"),
        )
        .select_from(Trade)
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .where(Trade.mode == mode, is_closed(), *where(_closed_within(days), _named(strategy)))
        .group_by(day, pnl_currency())
        .order_by(day.desc(), pnl_currency())
        .limit(at_most(limit))
    )


def recent_trades(
    *, mode: TradingMode = LIVE, days: int | None = 30, strategy: str | None = None, limit: int = 50
) -> Select[
    datetime,
    datetime | None,
    str | None,
    str,
    str,
    TradeDirection,
    TradeOutcome,
    Decimal,
    Decimal,
    Decimal | None,
    Decimal | None,
    str | None,
    Decimal | None,
]:
    """Trades that were entered in the last `days` days, newest first."""
    return (
        select(
            Trade.entry_time,
            Trade.exit_time,
            Strategy.name.label("strategy"),
            Venue.code.label("venue"),
            Instrument.symbol,
            Trade.direction,
            Trade.outcome,
            Trade.quantity,
            Trade.entry_price,
            Trade.exit_price,
            Trade.pnl,
            pnl_currency().label("currency"),
            Trade.pnl_r,
        )
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .where(Trade.mode == mode, *where(within_days(Trade.entry_time, days), _named(strategy)))
        .order_by(Trade.entry_time.desc(), Trade.instrument_id, Trade.id)
        .limit(at_most(limit))
    )


def open_trades(
    *, mode: TradingMode = LIVE, strategy: str | None = None, limit: int = 50
) -> Select[datetime, str | None, str, str, TradeDirection, Decimal, Decimal, Decimal | None]:
    """Trades that are not closed, oldest first."""
    return (
        select(
            Trade.entry_time,
            Strategy.name.label("strategy"),
            Venue.code.label("venue"),
            Instrument.symbol,
            Trade.direction,
            Trade.quantity,
            Trade.entry_price,
            Trade.current_stop,
        )
        .join(Instrument, Instrument.id == Trade.instrument_id)
        .join(Venue, Venue.id == Instrument.venue_id)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .where(Trade.outcome == TradeOutcome.PENDING, Trade.mode == mode, *where(_named(strategy)))
        .order_by(Trade.entry_time, Trade.id)
        .limit(at_most(limit))
    )


def most_active_strategies(
    *, mode: TradingMode = LIVE, days: int | None = 30, limit: int = 10
) -> Select[str, str | None, StrategyStatus, int, int, int, datetime]:
    """Strategies by how many trades they entered in the last `days` days."""
    trades = func.count()
    return (
        select(
            Strategy.name.label("strategy"),
            User.username.label("owner"),
            Strategy.status,
            trades.label("trades"),
            func.count().filter(Trade.outcome == TradeOutcome.PENDING).label("open"),
            func.count(Trade.instrument_id.distinct()).label("instruments"),
            func.max(Trade.entry_time).label("last_entry"),
        )
        .select_from(Trade)
        .join(Strategy, Strategy.id == Trade.strategy_id)
        .outerjoin(User, User.id == Strategy.user_id)
        .where(Trade.mode == mode, *where(within_days(Trade.entry_time, days)))
        .group_by(Strategy.id, User.username)
        .order_by(trades.desc(), Strategy.name, Strategy.id)
        .limit(at_most(limit))
    )


def best_rules(
    *, strategy: str | None = None, limit: int = 20
) -> Select[str, str | None, str, float, float | None, int, Decimal | None, bool]:
    """Rules by confidence, win rate and number of trades, as their own rows remember them.

    Those figures are a cache of the ledger; `rules-against-ledger` says where they differ from it.
    """
    return (
        select(
            StrategyRule.name.label("rule"),
            Strategy.name.label("strategy"),
            StrategyRule.entry_type,
            StrategyRule.confidence,
            StrategyRule.win_rate,
            StrategyRule.trade_count,
            StrategyRule.avg_r_multiple,
            StrategyRule.is_enabled,
        )
        .outerjoin(Strategy, Strategy.id == StrategyRule.strategy_id)
        .where(*where(_named(strategy)))
        .order_by(
            StrategyRule.confidence.desc(),
            StrategyRule.win_rate.desc().nulls_last(),
            StrategyRule.trade_count.desc(),
            StrategyRule.id,
        )
        .limit(at_most(limit))
    )


def backtest_runs(
    *, days: int | None = None, strategy: str | None = None, limit: int = 50
) -> Select[datetime, str, str | None, BacktestStatus, str | None, int, Decimal | None, Decimal | None, Decimal | None]:
    """Runs of backtests with what their trades came to, newest first; `days` counts from when they were asked for."""
    return (
        select(
            BacktestRun.created_at,
            BacktestConfig.name.label("config"),
            Strategy.name.label("strategy"),
            BacktestRun.status,
            pnl_currency().label("currency"),
            func.count(Trade.id).label("trades"),
            _win_rate().label("win_rate"),
            func.sum(Trade.pnl).label("net_pnl"),
            func.avg(Trade.pnl_r).label("average_r"),
        )
        .select_from(BacktestRun)
        .join(BacktestConfig, BacktestConfig.id == BacktestRun.config_id)
        .outerjoin(Strategy, Strategy.id == BacktestRun.strategy_id)
        .outerjoin(Trade, (Trade.backtest_run_id == BacktestRun.id) & is_closed())
        .outerjoin(Instrument, Instrument.id == Trade.instrument_id)
        .where(*where(within_days(BacktestRun.created_at, days), _named(strategy)))
        .group_by(BacktestRun.id, BacktestConfig.id, Strategy.id, pnl_currency())
        .order_by(BacktestRun.created_at.desc(), BacktestRun.id, pnl_currency())
        .limit(at_most(limit))
    )


def _named(strategy: str | None) -> ColumnElement[bool] | None:
    return None if strategy is None else Strategy.name == strategy


def _closed_within(days: int | None) -> ColumnElement[bool] | None:
    return within_days(cast("Any", Trade.exit_time), days)  # closed trades have one


def _runs() -> ColumnElement[int]:
    """How many backtests the trades come from: more than one counts the same past several times."""
    return func.count(Trade.backtest_run_id.distinct())


def wins() -> ColumnElement[int]:
    """How many trades won, in the word of whoever closed them."""
    return func.count().filter(Trade.outcome == TradeOutcome.WIN)


def _win_rate() -> ColumnElement[Decimal]:
    return as_type(wins(), ExactNumeric) / func.nullif(func.count(Trade.id), 0)


def _net() -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(Trade.pnl), Decimal(0))


def _profit_factor() -> ColumnElement[Decimal | None]:
    """What was won for each unit that was lost; NULL where nothing was lost."""
    return func.coalesce(gross_profit(), Decimal(0)) / -gross_loss()


def gross_profit() -> ColumnElement[Decimal | None]:
    """The profits of trades that gained; NULL: none did."""
    return func.sum(Trade.pnl).filter(Trade.pnl > 0)


def gross_loss() -> ColumnElement[Decimal | None]:
    """The losses of trades that lost, negative; NULL: none did."""
    return func.sum(Trade.pnl).filter(Trade.pnl < 0)
