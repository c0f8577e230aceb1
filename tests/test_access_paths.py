"""The questions that the tables were indexed for are answered through those indexes once the tables are filled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import ColumnElement, Executable, Select, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import asyncpg

from tradingdb.core.mode import TradingMode
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, ReadSession
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
from tradingdb.services.reports import data_checks, ledger_checks, lessons, performance
from tradingdb.testing import clone_of_template
from tradingdb.timeseries import partitions
from tradingdb.urls import ConnectionTarget

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 31, 23, tzinfo=UTC)
FEBRUARY, MARCH = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)
NEWEST = 50
DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


def number(kind: int, at: str) -> str:
    """SQL for the UUID of one of the things below, by its kind and number."""
    return f"('{kind:08x}-0000-4000-8000-' || lpad(to_hex({at}), 12, '0'))::uuid"


def key(kind: int, at: int) -> UUID:
    return UUID(f"{kind:08x}-0000-4000-8000-{at:012x}")


USER, STRATEGY, RULE, ACCOUNT, AGENT, RUN = range(1, 7)

PEOPLE_AND_PLANS = f"""
    INSERT INTO users (id, email) VALUES ({number(USER, "1")}, 'trader@example.org');
    INSERT INTO venues (id, code, name, kind) OVERRIDING SYSTEM VALUE VALUES (1, 'mine', 'Mine', 'exchange');
    INSERT INTO instruments (id, venue_id, symbol, quote_currency) OVERRIDING SYSTEM VALUE
    SELECT i, 1, 'COIN' || i || '/USDT', 'USDT' FROM generate_series(1, 100) AS i;
    INSERT INTO strategies (id, user_id, name) SELECT {number(STRATEGY, "i")}, {number(USER, "1")}, 'Strategy ' || i
    FROM generate_series(1, 200) AS i;
    INSERT INTO trading_accounts (id, user_id, venue_id, label, mode, base_currency)
    SELECT {number(ACCOUNT, "i")}, {number(USER, "1")}, 1, 'account ' || i, 'live', 'USDT'
    FROM generate_series(1, 100) AS i;
    INSERT INTO agents (id, agent_id, agent_type) SELECT {number(AGENT, "i")}, 'agent-' || i, 'trader'
    FROM generate_series(1, 100) AS i;
    INSERT INTO strategy_rules (id, user_id, name, entry_type, confidence, win_rate, trade_count)
    SELECT {number(RULE, "i")}, {number(USER, "1")}, 'Rule ' || i, 'breakout', random(),
           CASE WHEN i % 3 > 0 THEN random() END, i % 100
    FROM generate_series(1, 20000) AS i;
    INSERT INTO learning_entries (id, insight, impact_type, validation_count, confidence)
    SELECT gen_random_uuid(), 'Something was learned here.', 'entry', i * 7919 % 1000, random()
    FROM generate_series(1, 20000) AS i;
    INSERT INTO signals (id, strategy_id, instrument_id, kind, direction, status, fired_at, expires_at)
    SELECT gen_random_uuid(), {number(STRATEGY, "1 + i % 200")}, 1 + i % 100, 'buy', 'long',
           CASE WHEN i % 1000 = 0 THEN 'pending' ELSE 'triggered' END,
           now() - i * interval '20 minutes', now() - i * interval '20 minutes' + interval '1 day'
    FROM generate_series(1, 30000) AS i;
"""
LEDGER = f"""
    INSERT INTO trades (id, account_id, mode, instrument_id, strategy_id, rule_id, direction, quantity, entry_price,
                        entry_time, exit_price, exit_time, outcome, pnl)
    SELECT gen_random_uuid(), {number(ACCOUNT, "1 + i % 100")}, CASE i % 4 WHEN 0 THEN 'live' ELSE 'paper' END,
           1 + i % 100, {number(STRATEGY, "1 + i % 200")}, {number(RULE, "1 + i % 20000")}, 'long', 1, 100,
           now() - i * interval '30 minutes', CASE WHEN i > 200 THEN 101 END,
           CASE WHEN i > 200 THEN now() - i * interval '30 minutes' + interval '1 hour' END,
           CASE WHEN i > 200 THEN 'win' ELSE 'pending' END, CASE WHEN i > 200 THEN 1 END
    FROM generate_series(1, 40000) AS i;
    INSERT INTO orders (id, account_id, instrument_id, strategy_id, client_order_id, side, order_type, quantity,
                        filled_quantity, average_price, status, created_at)
    SELECT gen_random_uuid(), {number(ACCOUNT, "1 + i % 100")}, 1 + i % 100, {number(STRATEGY, "1 + i % 200")},
           'order ' || i, 'buy', 'market', 1, CASE WHEN i > 200 THEN 1 ELSE 0 END,
           CASE WHEN i > 200 THEN 100 END, CASE WHEN i > 200 THEN 'filled' ELSE 'open' END,
           now() - i * interval '30 minutes'
    FROM generate_series(1, 30000) AS i;
    INSERT INTO fills (id, account_id, instrument_id, order_id, venue_trade_id, side, quantity, price, executed_at)
    SELECT gen_random_uuid(), account_id, instrument_id, CASE WHEN created_at < now() - interval '7 days' THEN id END,
           client_order_id, side, 1, 100, created_at
    FROM orders;
    INSERT INTO backtest_configs (id, name, start_at, end_at, initial_balance, currency, content_sha256)
    VALUES ({number(RUN, "1")}, 'Past', '{FIRST}', '{LAST}', 1000, 'USDT', sha256('past'));
    INSERT INTO backtest_runs (id, config_id, strategy_id, created_at)
    SELECT gen_random_uuid(), {number(RUN, "1")}, {number(STRATEGY, "1 + i % 200")}, now() - i * interval '1 hour'
    FROM generate_series(1, 20000) AS i;
    INSERT INTO learning_evidence (id, entry_id, trade_id, verdict)
    SELECT gen_random_uuid(), entry.id, trade.id, 'supports'
    FROM (SELECT id, row_number() OVER () AS at FROM learning_entries) AS entry
    JOIN (SELECT id, row_number() OVER () AS at FROM trades) AS trade USING (at);
"""
AGENTS_AND_CACHES = f"""
    INSERT INTO agent_messages (id, message_id, sender_id, receiver_id, message_type, priority, correlation_id, status,
                                sent_at, available_at, processed_at)
    SELECT gen_random_uuid(), 'message ' || i, {number(AGENT, "1 + i % 100")}, {number(AGENT, "1 + (i + 1) % 100")},
           'ask', i % 10, 'talk ' || i / 4, CASE WHEN i % 10 = 0 THEN 'queued' ELSE 'processed' END,
           now() - i * interval '1 minute', now() - i * interval '1 minute', now()
    FROM generate_series(1, 30000) AS i;
    INSERT INTO cache_entries (cache_key, value, expires_at)
    SELECT 'key ' || i, '1', now() + (i - 100) * interval '1 minute' FROM generate_series(1, 20000) AS i;
    INSERT INTO feature_cache (cache_key, instrument_id, feature_name, value, expires_at)
    SELECT 'key ' || i, 1 + i % 100, 'feature ' || i % 50, 1, now() + (i - 100) * interval '1 minute'
    FROM generate_series(1, 20000) AS i;
    INSERT INTO historical_data_cache (query_sha256, source, series, data_type, range_start, query, result, expires_at)
    SELECT sha256(i::text::bytea), 'exchange', 'COIN' || i % 100, 'candles', now() - i * interval '1 day', '{{}}', '1',
           now() + (i - 100) * interval '1 minute'
    FROM generate_series(1, 20000) AS i;
"""
TIME_SERIES = f"""
    INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close)
    SELECT i, '1h', at, 1, 2, 0.5, 1
    FROM generate_series(1, 20) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO factor_definitions (id, name, category) OVERRIDING SYSTEM VALUE
    SELECT i, 'factor ' || i, 'momentum' FROM generate_series(1, 5) AS i;
    INSERT INTO factor_values (factor_id, instrument_id, observed_at, value)
    SELECT f, i, at, 1
    FROM generate_series(1, 3) AS f, generate_series(1, 8) AS i,
         generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO market_data (instrument_id, source, observed_at, price)
    SELECT i, 'exchange', at, 1
    FROM generate_series(1, 20) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO agent_logs (agent, logged_at, entry_id, level, message)
    SELECT 'agent-' || n % 2000, at, gen_random_uuid(), 'info', 'looked at the market and saw nothing to do'
    FROM generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 minute') WITH ORDINALITY AS logged (at, n);
    INSERT INTO portfolio_snapshots (account_id, taken_at, currency, cash, positions_value, equity)
    SELECT {number(ACCOUNT, "i")}, at, 'USDT', 1, 1, 2
    FROM generate_series(1, 20) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO backtest_equity (run_id, at, equity)
    SELECT {number(RUN, "i")}, at, 1
    FROM generate_series(1, 20) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(server: ConnectionTarget) -> AsyncIterator[Database]:
    """A database with some 10,000 rows in each table, whose statistics PostgreSQL knows."""
    async with clone_of_template(server) as target, Database(target) as database:
        async with database.write() as session:
            for model in (Candle, FactorValue, MarketData, AgentLog, PortfolioSnapshot, BacktestEquity):
                await partitions.ensure(session, model, FIRST, LAST)
            connection = await session.connection()
            for script in (PEOPLE_AND_PLANS, LEDGER, AGENTS_AND_CACHES, TIME_SERIES):
                for statement in script.strip().rstrip(";").split(";"):
                    await connection.exec_driver_sql(statement)
            await session.execute(text("ANALYZE"))
        yield database


@dataclass(frozen=True, slots=True)
class Plan:
    """How PostgreSQL answers: tables that it reads as a whole, indexes and partitions that it uses."""

    read_whole: set[str]
    indexes: set[str]
    relations: set[str]


async def plan_of(session: ReadSession, statement: Executable) -> Plan:
    """The plan of a statement. Partitions' indexes go by the name of their table's; read_whole by the table's too."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=DIALECT, compile_kwargs={"literal_binds": True}
    )
    connection = await session.connection()
    [(answer,)] = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}")
    [top] = json.loads(answer) if isinstance(answer, str) else answer
    nodes = list(nodes_under(top["Plan"]))
    scanned = {node["Relation Name"] for node in nodes if "Relation Name" in node}
    whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    return Plan(await roots(session, whole), await roots(session, indexes), scanned)


def nodes_under(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", []):
        yield from nodes_under(below)


async def roots(session: ReadSession, names: set[str]) -> set[str]:
    found = await session.scalars(
        text("SELECT coalesce(pg_partition_root(n::regclass), n::regclass)::text FROM unnest(:names ::text[]) AS n"),
        {"names": list(names)},
    )
    return set(found)


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


async def test_a_table_that_is_read_as_a_whole_is_seen(filled: Database) -> None:
    async with filled.read() as session:
        plan = await plan_of(session, select(func.count()).where(Trade.notes == "no index for this"))
        parted = await plan_of(session, select(func.count()).where(Candle.close == -1))
    assert plan == Plan({"trades"}, set(), {"trades"})
    assert (parted.read_whole, parted.indexes) == ({"candles"}, set())
