"""Tables with some thousand rows each, as many as PostgreSQL needs to prefer an index where there is one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from tradingdb.database import WriteSession
from tradingdb.models import AgentLog, BacktestEquity, Candle, FactorValue, MarketData, PortfolioSnapshot
from tradingdb.timeseries import partitions

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 31, 23, tzinfo=UTC)


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
    FROM generate_series(1, 5000) AS i;
    INSERT INTO learning_entries (id, insight, impact_type, validation_count, confidence)
    SELECT gen_random_uuid(), 'Something was learned here.', 'entry', i * 7919 % 1000, random()
    FROM generate_series(1, 5000) AS i;
    INSERT INTO signals (id, strategy_id, instrument_id, kind, direction, status, fired_at, expires_at)
    SELECT gen_random_uuid(), {number(STRATEGY, "1 + i % 200")}, 1 + i % 100, 'buy', 'long',
           CASE WHEN i % 1000 = 0 THEN 'pending' ELSE 'triggered' END,
           now() - i * interval '20 minutes', now() - i * interval '20 minutes' + interval '1 day'
    FROM generate_series(1, 8000) AS i;
"""
LEDGER = f"""
    INSERT INTO trades (id, account_id, mode, instrument_id, strategy_id, rule_id, direction, quantity, entry_price,
                        entry_time, exit_price, exit_time, outcome, pnl)
    SELECT gen_random_uuid(), {number(ACCOUNT, "1 + i % 100")}, CASE i % 4 WHEN 0 THEN 'live' ELSE 'paper' END,
           1 + i % 100, {number(STRATEGY, "1 + i % 200")}, {number(RULE, "1 + i % 5000")}, 'long', 1, 100,
           now() - i * interval '30 minutes', CASE WHEN i > 200 THEN 101 END,
           CASE WHEN i > 200 THEN now() - i * interval '30 minutes' + interval '1 hour' END,
           CASE WHEN i > 200 THEN 'win' ELSE 'pending' END, CASE WHEN i > 200 THEN 1 END
    FROM generate_series(1, 10000) AS i;
    INSERT INTO orders (id, account_id, instrument_id, strategy_id, client_order_id, side, order_type, quantity,
                        filled_quantity, average_price, status, created_at)
    SELECT gen_random_uuid(), {number(ACCOUNT, "1 + i % 100")}, 1 + i % 100, {number(STRATEGY, "1 + i % 200")},
           'order ' || i, 'buy', 'market', 1, CASE WHEN i > 200 THEN 1 ELSE 0 END,
           CASE WHEN i > 200 THEN 100 END, CASE WHEN i > 200 THEN 'filled' ELSE 'open' END,
           now() - i * interval '30 minutes'
    FROM generate_series(1, 8000) AS i;
    INSERT INTO fills (id, account_id, instrument_id, order_id, venue_trade_id, side, quantity, price, executed_at)
    SELECT gen_random_uuid(), account_id, instrument_id, CASE WHEN created_at < now() - interval '7 days' THEN id END,
           client_order_id, side, 1, 100, created_at
    FROM orders;
    INSERT INTO backtest_configs (id, name, start_at, end_at, initial_balance, currency, content_sha256)
    VALUES ({number(RUN, "1")}, 'Past', '{FIRST}', '{LAST}', 1000, 'USDT', sha256('past'));
    INSERT INTO backtest_runs (id, config_id, strategy_id, created_at)
    SELECT gen_random_uuid(), {number(RUN, "1")}, {number(STRATEGY, "1 + i % 200")}, now() - i * interval '1 hour'
    FROM generate_series(1, 5000) AS i;
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
    FROM generate_series(1, 8000) AS i;
    INSERT INTO cache_entries (cache_key, value, expires_at)
    SELECT 'key ' || i, '1', now() + (i - 100) * interval '1 minute' FROM generate_series(1, 5000) AS i;
    INSERT INTO feature_cache (cache_key, instrument_id, feature_name, value, expires_at)
    SELECT 'key ' || i, 1 + i % 100, 'feature ' || i % 50, 1, now() + (i - 100) * interval '1 minute'
    FROM generate_series(1, 5000) AS i;
    INSERT INTO historical_data_cache (query_sha256, source, series, data_type, range_start, query, result, expires_at)
    SELECT sha256(i::text::bytea), 'exchange', 'COIN' || i % 100, 'candles', now() - i * interval '1 day', '{{}}', '1',
           now() + (i - 100) * interval '1 minute'
    FROM generate_series(1, 5000) AS i;
"""
TIME_SERIES = f"""
    INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close)
    SELECT i, '1h', at, 1, 2, 0.5, 1
    FROM generate_series(1, 8) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO factor_definitions (id, name, category) OVERRIDING SYSTEM VALUE
    SELECT i, 'factor ' || i, 'momentum' FROM generate_series(1, 5) AS i;
    INSERT INTO factor_values (factor_id, instrument_id, observed_at, value)
    SELECT f, i, at, 1
    FROM generate_series(1, 3) AS f, generate_series(1, 8) AS i,
         generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO market_data (instrument_id, source, observed_at, price)
    SELECT i, 'exchange', at, 1
    FROM generate_series(1, 8) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO agent_logs (agent, logged_at, entry_id, level, message)
    SELECT 'agent-' || n % 2000, at, gen_random_uuid(), 'info', 'looked at the market and saw nothing to do'
    FROM generate_series('{FIRST}', '{LAST}'::timestamptz, interval '2 minutes') WITH ORDINALITY AS logged (at, n);
    INSERT INTO portfolio_snapshots (account_id, taken_at, currency, cash, positions_value, equity)
    SELECT {number(ACCOUNT, "i")}, at, 'USDT', 1, 1, 2
    FROM generate_series(1, 8) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
    INSERT INTO backtest_equity (run_id, at, equity)
    SELECT {number(RUN, "i")}, at, 1
    FROM generate_series(1, 8) AS i, generate_series('{FIRST}', '{LAST}'::timestamptz, interval '1 hour') AS at;
"""


async def fill(session: WriteSession) -> None:
    """Fill them, and let PostgreSQL look at what is in them. Nothing is checked against other tables on the way in."""
    for model in (Candle, FactorValue, MarketData, AgentLog, PortfolioSnapshot, BacktestEquity):
        await partitions.ensure(session, model, FIRST, LAST)
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    connection = await session.connection()
    for script in (PEOPLE_AND_PLANS, LEDGER, AGENTS_AND_CACHES, TIME_SERIES):
        for statement in script.strip().rstrip(";").split(";"):
            await connection.exec_driver_sql(statement)
    await session.execute(text("ANALYZE"))
