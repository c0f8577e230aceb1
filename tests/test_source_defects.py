"""What is broken in the five source systems, one test per defect: it cannot happen here."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import JSON, inspect, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, ProgrammingError

from scratch_databases import Drift, change, empty_database
from tradingdb import candles, market, migrations, revisions
from tradingdb.connections import maintenance_connection
from tradingdb.core.types import TypedJson
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    AgentLog,
    Base,
    Candle,
    Fill,
    Instrument,
    LearningEmbedding,
    LearningEntry,
    LearningEvidence,
    OrderSide,
    PerformanceMetrics,
    PriceZone,
    Signal,
    SignalDirection,
    TradingAccount,
    TradingMode,
    User,
    Verdict,
    ZoneKind,
)
from tradingdb.services import reports
from tradingdb.services.embeddings import add_space
from tradingdb.services.reports.performance import strategy_performance
from tradingdb.timeseries import partitions
from tradingdb.timeseries.partitions import partitioned_tables
from tradingdb.urls import ConnectionTarget

AT = datetime(2024, 1, 1, tzinfo=UTC)
LARGEST = Decimal(f"{2**128}.123456789012345678")
"""More than a 256-bit token amount in wei needs of a ledger: 39 digits before the point and 18 after it."""

KEY_COLUMNS = text(
    """
    SELECT t.relname AS table_name, i.relname AS index_name, x.indisunique AS is_unique,
           pg_get_expr(x.indpred, x.indrelid) AS predicate, am.amname AS method, x.indnkeyatts AS width,
           ARRAY(SELECT pg_get_indexdef(x.indexrelid, n, true) FROM generate_series(1, x.indnkeyatts) n) AS columns
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_am am ON am.oid = i.relam
    WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
    """
)


async def instrument(session: WriteSession, symbol: str = "BTC/USDT") -> Instrument:
    return await market.ensure_instrument(session, "binance", symbol)


async def account(session: WriteSession) -> TradingAccount:
    user = User(email="trader@example.org")
    session.add(user)
    await session.flush()
    found = await instrument(session)
    ours = TradingAccount(
        user_id=user.id, venue_id=found.venue_id, label="main", mode=TradingMode.PAPER, base_currency="USDT"
    )
    session.add(ours)
    await session.flush()
    return ours


def fill(ours: TradingAccount, what: Instrument, number: str, **more: Any) -> Fill:
    values = {"side": OrderSide.BUY, "quantity": Decimal(1), "price": Decimal(1), "executed_at": AT} | more
    return Fill(account_id=ours.id, instrument_id=what.id, venue_trade_id=number, **values)


async def test_two_symbols_in_one_minute(session: WriteSession) -> None:
    row = [AT.timestamp() * 1000, 1, 2, 0.5, 1.5, 10]
    for symbol in ("BTC/USDT", "ETH/USDT"):
        assert (await candles.write(session, await instrument(session, symbol), "1m", [row])).inserted == 1
    assert len((await session.scalars(select(Candle))).all()) == 2


async def test_two_fills_and_two_signals_in_one_instant(session: WriteSession) -> None:
    ours, what = await account(session), await instrument(session)
    session.add_all([fill(ours, what, "1"), fill(ours, what, "2")])
    session.add_all(
        Signal(instrument_id=what.id, kind="buy", direction=SignalDirection.LONG, fired_at=AT) for _ in range(2)
    )
    await session.flush()
    assert len((await session.scalars(select(Fill))).all()) == len((await session.scalars(select(Signal))).all()) == 2


async def test_every_unique_index_of_a_time_series_contains_its_time(session: WriteSession) -> None:
    time_of = {table.name: partitions.partition_key(table)[7:-1] for table in partitioned_tables()}
    indexes = [row for row in await session.execute(KEY_COLUMNS) if row.is_unique and row.table_name in time_of]
    assert {row.table_name for row in indexes} == set(time_of)
    for row in indexes:
        assert time_of[row.table_name] in row.columns, row.index_name


def test_a_broken_chain_of_revisions() -> None:
    history = revisions.history()
    assert Counter(revision.down_revision for revision in history).most_common(1)[0][1] == 1
    assert len({revision.id for revision in history}) == len(history)


async def test_divergent_schemas_and_swallowed_errors(session: WriteSession) -> None:
    """That the schema is the one of the models, `test_drift` shows."""
    with pytest.raises(ProgrammingError, match="does not exist"):
        await session.execute(text("SELECT created_when FROM candles"))


async def test_times_without_a_zone(session: WriteSession) -> None:
    kinds = await session.scalars(
        text(
            "SELECT DISTINCT data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name <> 'tradingdb_version'"
        )
    )
    assert "timestamp with time zone" in (found := set(kinds))
    assert not found & {"timestamp without time zone", "time without time zone", "character varying"}
    session.add(Signal(instrument_id=1, kind="x", direction=SignalDirection.LONG, fired_at=AT.replace(tzinfo=None)))
    with pytest.raises(InvalidValueError, match="without a zone"):
        await session.flush()


async def test_an_index_that_only_raw_sql_knows(database: Database, drift: Drift) -> None:
    """An index rebuilt or made by hand is reported; `alembic check` shows that those of the models are kept."""
    await change(database.target, "DROP INDEX ix_learning_entries__validation")
    await change(database.target, "CREATE INDEX by_hand ON learning_entries (confidence)")
    assert {difference.object for difference in await drift(database.target)} == {
        "index learning_entries.ix_learning_entries__validation",
        "index learning_entries.by_hand",
    }


async def test_an_index_rebuilt_by_a_migration(database: Database, drift: Drift) -> None:
    rules = text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_strategy_rules__performance'")
    async with database.read() as session:
        before = await session.scalar(rules)
    await migrations.downgrade(database, "0016")
    async with database.read() as session:
        assert await session.scalar(rules) != before
    await migrations.upgrade(database)
    async with database.read() as session:
        assert await session.scalar(rules) == before
    assert await drift(database.target) == []


async def test_several_indexes_for_one_access_path(session: WriteSession) -> None:
    same = defaultdict(list)
    for row in await session.execute(KEY_COLUMNS):
        columns = tuple(column.removesuffix(" DESC") for column in row.columns)
        same[(row.table_name, columns, row.predicate, row.method)].append(row.index_name)
    assert [names for names in same.values() if len(names) > 1] == []


def test_a_json_column_named_metadata() -> None:
    for mapper in Base.registry.mappers:
        assert "metadata" not in mapper.columns
        assert mapper.class_.metadata is Base.metadata, "shadowed"


async def test_vectors_added_at_run_time_and_searched_with_text(session: WriteSession) -> None:
    space = await add_space(session, "small", provider="test", model="m", dimensions=3)
    entries = [LearningEntry(insight=f"Lesson number {at}", impact_type="entry") for at in range(2)]
    session.add_all(entries)
    await session.flush()
    for entry, vector in zip(entries, ([1, 0, 0], [0, 1, 0]), strict=True):
        digest = hashlib.sha256(entry.insight.encode()).digest()
        session.add(
            LearningEmbedding(
                space_id=space.id, entry_id=entry.id, known_at=AT, content_sha256=digest, embedding=vector
            )
        )
    await session.flush()
    distance = LearningEmbedding.embedding.cosine_distance(np.array([0.1, 0.9, 0]))
    nearest = await session.scalar(select(LearningEmbedding.entry_id).order_by(distance).limit(1))
    assert nearest == entries[1].id


async def test_statistics_of_nothing_and_a_drawdown_beyond_all(session: WriteSession) -> None:
    for report in reports.REPORTS.values():
        await reports.answer(session, report)
    assert (await session.execute(strategy_performance())).all() == []
    ours = await account(session)
    session.add(
        PerformanceMetrics(
            account_id=ours.id,
            mode=TradingMode.PAPER,
            period_start=AT,
            period_end=AT + timedelta(days=1),
            max_drawdown=1.5,
        )
    )
    with pytest.raises(IntegrityError, match="max_drawdown_share"):
        await session.flush()


async def test_a_text_array_where_a_reference_belongs(session: WriteSession) -> None:
    entry = LearningEntry(insight="Crossings pay after a quiet week.", impact_type="entry")
    session.add(entry)
    await session.flush()
    session.add(LearningEvidence(entry_id=entry.id, trade_id=uuid4(), verdict=Verdict.SUPPORTS))
    with pytest.raises(IntegrityError, match="fk_learning_evidence__trade_id"):
        await session.flush()


async def test_one_table_in_six_shapes(database: Database) -> None:
    async with database.read() as session:
        connection = await session.connection()
        shape = await connection.run_sync(lambda sync: {c["name"] for c in inspect(sync).get_columns("market_data")})
    assert shape == {column.name for column in Base.metadata.tables["market_data"].columns}


async def test_models_that_cannot_be_created(server: ConnectionTarget, drift: Drift) -> None:
    async with empty_database(server) as target:
        async with maintenance_connection(target) as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.commit()
        assert await drift(target) == []


async def test_sql_that_is_split_at_semicolons(session: WriteSession) -> None:
    """The body of the trigger function has semicolons and percent signs, and arrived whole."""
    body = await session.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = 'tradingdb_refuse_change'"))
    assert body is not None
    assert body.count(";") == 3
    assert "'% is append-only" in body


async def test_json_and_vectors_kept_as_text(session: WriteSession) -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, (JSON, TypedJson)):
                plain = column.type.impl_instance if isinstance(column.type, TypedJson) else column.type
                assert isinstance(plain, JSONB), column
    kinds = await session.scalars(
        text(
            "SELECT DISTINCT udt_name FROM information_schema.columns "
            "WHERE column_name = 'embedding' AND table_schema = 'public'"
        )
    )
    assert kinds.all() == ["halfvec"]


async def test_two_schema_systems_side_by_side(database: Database) -> None:
    async with database.read() as session:
        there = await session.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = 'public'::regnamespace"
            )
        )
        assert set(there) == {*Base.metadata.tables, migrations.VERSION_TABLE}


async def test_an_amount_of_2_to_the_128_with_18_decimals(session: WriteSession) -> None:
    ours, what = await account(session), await instrument(session)
    session.add(fill(ours, what, "1", quantity=LARGEST, price=Decimal("0.000000000000000001")))
    await session.flush()
    session.expire_all()
    found = await session.scalar(select(Fill))
    assert found is not None
    assert (str(found.quantity), found.price) == (str(LARGEST), Decimal("1E-18"))


async def test_a_user_with_a_documented_password(session: WriteSession, world: Database) -> None:
    assert await session.scalar(text("SELECT count(*) FROM users")) == 0
    async with world.read() as seeded:
        assert await seeded.scalar(text("SELECT count(*) FROM users")) > 0
        assert await seeded.scalar(text("SELECT count(*) FROM users WHERE password_hash IS NOT NULL")) == 0


def test_an_index_predicate_that_is_not_immutable() -> None:
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            predicate = str(index.dialect_options["postgresql"]["where"]).lower()
            assert "current_" not in predicate, index.name
            assert "now()" not in predicate, index.name


async def test_prices_that_are_cut_and_references_that_are_none(session: WriteSession) -> None:
    what, price = await instrument(session), Decimal("0.000000123456789012")
    session.add(PriceZone(instrument_id=what.id, kind=ZoneKind.SUPPLY, price=price, volume=LARGEST))
    await session.flush()
    session.expire_all()
    zone = await session.scalar(select(PriceZone))
    assert zone is not None
    assert (zone.price, zone.volume) == (price, LARGEST)
    for table, column in (("breakout_events", "zone_id"), ("user_preferences", "user_id")):
        assert Base.metadata.tables[table].columns[column].foreign_keys


async def test_logs_of_one_instant_are_all_kept(session: WriteSession) -> None:
    await partitions.ensure(session, AgentLog, AT, AT)
    session.add_all(AgentLog(agent="a", logged_at=AT, level="info", message="same") for _ in range(3))
    await session.flush()
    assert len((await session.scalars(select(AgentLog))).all()) == 3


async def test_eight_that_write_the_same_candles_at_once(database: Database) -> None:
    async with database.write() as session:
        what = await instrument(session)
    rows = [[(AT + timedelta(minutes=at)).timestamp() * 1000, 1, 2, 0.5, 1.5, at] for at in range(100)]

    async def store(session: WriteSession) -> candles.WriteReport:
        return await candles.write(session, what.id, "1m", rows)

    reports = await asyncio.gather(*(database.run(store, idempotent=True) for _ in range(8)))
    assert sum(report.inserted for report in reports) == 100
    assert sum(report.updated for report in reports) == 0
