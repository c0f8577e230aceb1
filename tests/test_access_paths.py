"""The questions that the tables were indexed for are answered through those indexes once the tables are filled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import ColumnElement, Select, TextClause, and_, func, or_, select, text

from filled_tables import ACCOUNT, AGENT, RULE, RUN, STRATEGY, fill, key
from query_plans import Plan, plan_of, plan_of_fetched
from tradingdb.bulk import fetch
from tradingdb.core.mode import TradingMode
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, WriteSession
from tradingdb.models import (
    AgentLog,
    AgentMessage,
    BacktestEquity,
    BacktestRun,
    Base,
    CacheEntry,
    Candle,
    FactorValue,
    FeatureCache,
    Fill,
    HistoricalDataCache,
    LearningEntry,
    LearningEvidence,
    MarketData,
    MessageStatus,
    Order,
    OrderStatus,
    PortfolioSnapshot,
    Signal,
    StrategyRule,
    Trade,
    TradeOutcome,
)
from tradingdb.services.ledger import NewFill, known_fills, posting, record_fill
from tradingdb.services.reports import data_checks, ledger_checks, lessons, performance
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget

FEBRUARY, MARCH = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)
NEWEST = 50


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(server: ConnectionTarget) -> AsyncIterator[Database]:
    """A database with some thousand rows in each table, whose statistics PostgreSQL knows."""
    async with clone_of_template(server) as target, Database(target) as database:
        async with database.write() as session:
            await fill(session)
        yield database


def newest(model: type[Base], time: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(model).where(*conditions).order_by(time.desc()).limit(NEWEST)


ALL_OF_FEBRUARY = {
    "candles": and_(Candle.open_time >= FEBRUARY, Candle.open_time < MARCH),
    "factor_values": and_(FactorValue.observed_at >= FEBRUARY, FactorValue.observed_at < MARCH),
    "market_data": and_(MarketData.observed_at >= FEBRUARY, MarketData.observed_at < MARCH),
    "agent_logs": and_(AgentLog.logged_at >= FEBRUARY, AgentLog.logged_at < MARCH),
}

HOURLY = and_(Candle.instrument_id == 7, Candle.timeframe == Timeframe.H1.value)
ONE_FACTOR = and_(FactorValue.factor_id == 3, FactorValue.instrument_id == 7)
ONE_TICKER = and_(MarketData.instrument_id == 7, MarketData.data_type == "ticker", MarketData.source == "exchange")
CLAIM = (
    select(AgentMessage.id)
    .where(
        AgentMessage.receiver_id == key(AGENT, 2),
        AgentMessage.status.in_([MessageStatus.QUEUED, MessageStatus.CLAIMED]),
        AgentMessage.available_at <= func.now(),
        or_(AgentMessage.claimed_until.is_(None), AgentMessage.claimed_until < func.now()),
    )
    .order_by(AgentMessage.priority.desc(), AgentMessage.available_at)
    .limit(10)
    .with_for_update(skip_locked=True)
)
OPEN_ORDERS = select(Order).where(
    Order.account_id == key(ACCOUNT, 7),
    Order.status.in_([OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIAL]),
)

PATHS: dict[str, tuple[Any, type[Base], str]] = {
    "best rules": (performance.best_rules(limit=20), StrategyRule, "ix_strategy_rules__performance"),
    "best lessons": (lessons.best_lessons(limit=20), LearningEntry, "ix_learning_entries__validation"),
    "evidence of a trade": (
        select(LearningEvidence).where(LearningEvidence.trade_id == key(RULE, 1)),
        LearningEvidence,
        "ix_learning_evidence__trade_id",
    ),
    "recent trades": (performance.recent_trades(days=30, limit=NEWEST), Trade, "ix_trades__entry_time"),
    "trades of a month in a mode": (
        select(Trade.pnl).where(Trade.entry_time >= func.now() - timedelta(days=7), Trade.mode == TradingMode.LIVE),
        Trade,
        "ix_trades__entry_time",
    ),
    "trades of an instrument": (
        newest(Trade, Trade.entry_time, Trade.instrument_id == 7),
        Trade,
        "ix_trades__instrument_id_entry_time",
    ),
    "trades of a strategy": (
        newest(Trade, Trade.entry_time, Trade.strategy_id == key(STRATEGY, 7)),
        Trade,
        "ix_trades__strategy_id_entry_time",
    ),
    "performance of a strategy": (
        performance.strategy_performance(strategy="Strategy 7"),
        Trade,
        "ix_trades__strategy_id_entry_time",
    ),
    "trades of an account": (
        newest(Trade, Trade.entry_time, Trade.account_id == key(ACCOUNT, 7)),
        Trade,
        "ix_trades__account_id_entry_time",
    ),
    "trades of a rule": (select(Trade).where(Trade.rule_id == key(RULE, 7)), Trade, "ix_trades__rule_id"),
    "open trades": (
        select(Trade).where(Trade.account_id == key(ACCOUNT, 7), Trade.outcome == TradeOutcome.PENDING),
        Trade,
        "ix_trades__open",
    ),
    "orders of a strategy": (
        newest(Order, Order.created_at, Order.strategy_id == key(STRATEGY, 7)),
        Order,
        "ix_orders__strategy_id_created_at",
    ),
    "orders of an instrument": (
        newest(Order, Order.created_at, Order.instrument_id == 7),
        Order,
        "ix_orders__instrument_id_created_at",
    ),
    "orders of an account": (
        newest(Order, Order.created_at, Order.account_id == key(ACCOUNT, 7)),
        Order,
        "ix_orders__account_id_created_at",
    ),
    "open orders": (OPEN_ORDERS, Order, "ix_orders__open"),
    "fills of an instrument": (
        newest(Fill, Fill.executed_at, Fill.instrument_id == 7),
        Fill,
        "ix_fills__instrument_id_executed_at",
    ),
    "fills of an account": (
        newest(Fill, Fill.executed_at, Fill.account_id == key(ACCOUNT, 7)),
        Fill,
        "ix_fills__account_id_executed_at",
    ),
    "fills without order": (ledger_checks.fills_without_order(), Fill, "ix_fills__unmatched"),
    "signals of an instrument": (
        newest(Signal, Signal.fired_at, Signal.instrument_id == 7),
        Signal,
        "ix_signals__instrument_id_fired_at",
    ),
    "signals of a strategy": (
        newest(Signal, Signal.fired_at, Signal.strategy_id == key(STRATEGY, 7)),
        Signal,
        "ix_signals__strategy_id_fired_at",
    ),
    "signals of all markets": (newest(Signal, Signal.fired_at), Signal, "ix_signals__fired_at"),
    "signals past their expiry": (data_checks.signals_past_expiry(), Signal, "ix_signals__pending"),
    "messages to an agent": (
        newest(AgentMessage, AgentMessage.sent_at, AgentMessage.receiver_id == key(AGENT, 2)),
        AgentMessage,
        "ix_agent_messages__receiver_id_sent_at",
    ),
    "messages between two agents": (
        select(AgentMessage).where(AgentMessage.sender_id == key(AGENT, 8), AgentMessage.receiver_id == key(AGENT, 9)),
        AgentMessage,
        "ix_agent_messages__sender_id_receiver_id",
    ),
    "messages of a conversation": (
        select(AgentMessage).where(AgentMessage.correlation_id == "talk 7"),
        AgentMessage,
        "ix_agent_messages__correlation_id",
    ),
    "claiming messages": (CLAIM, AgentMessage, "ix_agent_messages__waiting"),
    "a cached value": (
        select(CacheEntry).where(CacheEntry.cache_key == "key 7"),
        CacheEntry,
        "pk_cache_entries",
    ),
    "cached values past their expiry": (
        select(CacheEntry.cache_key).where(CacheEntry.expires_at < func.now()),
        CacheEntry,
        "ix_cache_entries__expires_at",
    ),
    "features past their expiry": (
        select(FeatureCache.cache_key).where(FeatureCache.expires_at < func.now()),
        FeatureCache,
        "ix_feature_cache__expires_at",
    ),
    "a feature of an instrument": (
        select(FeatureCache).where(FeatureCache.instrument_id == 7, FeatureCache.feature_name == "feature 6"),
        FeatureCache,
        "ix_feature_cache__instrument_id_feature_name",
    ),
    "answers past their expiry": (
        select(HistoricalDataCache.query_sha256).where(HistoricalDataCache.expires_at < func.now()),
        HistoricalDataCache,
        "ix_historical_data_cache__expires_at",
    ),
    "backtests of a strategy": (
        newest(BacktestRun, BacktestRun.created_at, BacktestRun.strategy_id == key(STRATEGY, 7)),
        BacktestRun,
        "ix_backtest_runs__strategy_id_created_at",
    ),
    "candles of a series": (newest(Candle, Candle.open_time, HOURLY), Candle, "pk_candles"),
    "a factor of an instrument": (
        newest(FactorValue, FactorValue.observed_at, ONE_FACTOR),
        FactorValue,
        "pk_factor_values",
    ),
    "a ticker": (newest(MarketData, MarketData.observed_at, ONE_TICKER), MarketData, "pk_market_data"),
    "logs of an agent": (newest(AgentLog, AgentLog.logged_at, AgentLog.agent == "agent-7"), AgentLog, "pk_agent_logs"),
    "equity of an account": (
        newest(PortfolioSnapshot, PortfolioSnapshot.taken_at, PortfolioSnapshot.account_id == key(ACCOUNT, 7)),
        PortfolioSnapshot,
        "pk_portfolio_snapshots",
    ),
    "equity of a backtest": (
        select(BacktestEquity).where(BacktestEquity.run_id == key(RUN, 7)).order_by(BacktestEquity.at),
        BacktestEquity,
        "pk_backtest_equity",
    ),
}

MONTHS: dict[str, tuple[Any, str, str]] = {
    "candles": (select(Candle).where(HOURLY, ALL_OF_FEBRUARY["candles"]), "candles", "pk_candles"),
    "factor values": (
        select(FactorValue).where(ONE_FACTOR, ALL_OF_FEBRUARY["factor_values"]),
        "factor_values",
        "pk_factor_values",
    ),
    "market data": (
        select(MarketData).where(ONE_TICKER, ALL_OF_FEBRUARY["market_data"]),
        "market_data",
        "pk_market_data",
    ),
    "logs of an agent": (
        select(AgentLog).where(AgentLog.agent == "agent-7", ALL_OF_FEBRUARY["agent_logs"]),
        "agent_logs",
        "pk_agent_logs",
    ),
    "logs of an hour": (
        select(AgentLog).where(AgentLog.logged_at >= FEBRUARY, AgentLog.logged_at < FEBRUARY + timedelta(hours=1)),
        "agent_logs",
        "ix_agent_logs__logged_at",
    ),
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_documented_question_is_answered_through_its_index(filled: Database, path: str) -> None:
    statement, model, index = PATHS[path]
    async with filled.write() as session:  # claiming locks rows, which a read-only session may not even plan
        plan = await plan_of(session, statement)
    assert index in plan.indexes
    assert model.__tablename__ not in plan.read_whole


@pytest.mark.parametrize("path", MONTHS)
async def test_a_question_about_a_month_reads_that_months_partition_alone(filled: Database, path: str) -> None:
    statement, table, index = MONTHS[path]
    async with filled.read() as session:
        plan = await plan_of(session, statement)
    assert plan == Plan(set(), {index}, {f"{table}_2025_02"})


MANY_ORDERS = """
    INSERT INTO orders (id, account_id, instrument_id, client_order_id, side, order_type, quantity)
    SELECT gen_random_uuid(), :account_id, 6, 'more ' || i, 'buy', 'market', 1 FROM generate_series(1, 5000) AS i
"""


async def test_recording_a_fill_reads_no_orders_and_no_fills_but_its_own(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where it is looked up, nor where it is stored, nor where both are one; and that is planned only once."""
    plans: list[Plan] = []

    async def explained(session: WriteSession, statement: TextClause, parameters: Mapping[str, Any]) -> Any:
        if "tradingdb_open_fill" not in statement.text:  # whose plan only the function knows
            plans.append(await plan_of_fetched(session, statement, parameters))
        return await fetch(session, statement, parameters)

    monkeypatch.setattr(known_fills, "fetch", explained)
    monkeypatch.setattr(posting, "fetch", explained)
    async with filled.write() as session:
        await session.execute(text(MANY_ORDERS), {"account_id": key(ACCOUNT, 6)})
        await session.execute(text("ANALYZE orders"))
        for number in range(12):
            fill_of_order = NewFill(
                account_id=key(ACCOUNT, 6),
                instrument_id=6,
                client_order_id="order 105",
                venue_trade_id=f"new {number}",
                side="buy",
                quantity=Decimal(1),
                price=Decimal(100),
                executed_at=MARCH + timedelta(seconds=number),
            )
            await record_fill(session, fill_of_order)
        prepared = text("SELECT max(generic_plans) > 0 FROM pg_prepared_statements WHERE statement LIKE :those")
        assert await session.scalar(prepared, {"those": "WITH expected AS%"})
        await session.rollback()
    looked, stored, _, guessed, *_ = plans
    assert "uq_fills__account_id_instrument_id_venue_trade_id_sequence" in looked.indexes
    for plan in (looked, stored, guessed):
        assert plan.relations >= {"orders"}
        assert plan.read_whole.isdisjoint({"orders", "fills"})


async def test_a_table_that_is_read_as_a_whole_is_seen(filled: Database) -> None:
    async with filled.read() as session:
        plan = await plan_of(session, select(func.count()).where(Trade.notes == "no index for this"))
        parted = await plan_of(session, select(func.count()).where(Candle.close == -1))
    assert plan == Plan({"trades"}, set(), {"trades"})
    assert (parted.read_whole, parted.indexes) == ({"candles"}, set())
