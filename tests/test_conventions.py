"""House rules as assertions over the metadata. Exceptions stand here, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Double,
    Enum,
    Float,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import RelationshipProperty, configure_mappers

from tradingdb.core.base import Base
from tradingdb.core.types import CleanText, EnumText, ExactNumeric, NumericArray, UtcDateTime
from tradingdb.models import User
from tradingdb.timeseries.partitions import partitioned_tables

if TYPE_CHECKING:
    from sqlalchemy import Column

LONGEST_NAME = 63
TABLES = list(Base.metadata.sorted_tables)
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
each_mapper = pytest.mark.parametrize("mapper", MAPPERS, ids=lambda mapper: mapper.class_.__name__)

FLOATS_ARE_RIGHT_FOR = {
    "aggregated_market_data": "market statistics",
    "backtest_results": "ratios and R figures; amounts are exact",
    "cache_entries": "can be computed again",
    "candles": "market statistics: exact for 15 digits, fast in numpy",
    "code_files.complexity": "a figure of an analyser",
    "code_metrics": "figures of an analyser",
    "conversation_messages.sentiment": "-1 to 1, by a model",
    "data_quality_metrics": "statistics",
    "factor_definitions": "bounds of statistics",
    "factor_values": "statistics",
    "feature_cache": "features of a model",
    "historical_data_cache": "figures about a query",
    "ai_insights.score": "a model's own unit",
    "macro_data": "statistics",
    "market_data": "market statistics",
    "market_data_sources": "market statistics",
    "market_trades": "others' trades: statistics, fast in numpy; our own are fills",
    "ml_predictions": "what a model computed",
    "monitoring_events": "measurements",
    "onchain_data": "statistics",
    "performance_metrics": "ratios; amounts are exact",
    "price_zones.strength": "the finder's own unit",
    "sentiment_data": "statistics",
    "signals.strength": "a figure in the emitter's own unit, nothing is owed",
    "strategy_rules.source_timestamp": "seconds into a video",
    "system_health": "measurements",
    "system_metrics": "measurements",
}
"""Shares (0 to 1: confidences, scores, rates) are floats too; they are told by their CHECK."""

UNCHECKED = {
    "strategy_rules.source_timestamp": "seconds into a video: nothing is computed from it",
}
"""Floats that may be NaN; the prices of candles have CHECKs of their own."""

NOT_REFERENCES = {
    "agent_connections.connection_id": "the agents' own name for it",
    "agent_messages.correlation_id": "the senders' own name for what belongs together",
    "agent_messages.message_id": "the sender's own name for it",
    "agents.agent_id": "the agent's own name for itself",
    "candles.instrument_id": "held by series_coverage, which every write of candles keeps",
    "code_issues.issue_id": "the finder's own name for it",
    "data_ingestion_jobs.job_id": "the requester's own name for it",
    "encryption_keys.key_id": "the key holder's own name for it",
    "fills.venue_order_id": "the venue's identifier",
    "fills.venue_trade_id": "the venue's identifier",
    "market_trades.venue_trade_id": "the venue's identifier",
    "outbox_consumers.last_id": "of an event that may be pruned",
    "outbox_consumers.transaction_id": "PostgreSQL's number of a transaction",
    "fills.client_order_id": "our identifier, told to the venue",
    "orders.client_order_id": "our identifier, told to the venue",
    "orders.venue_order_id": "the venue's identifier",
    "outbox_events.account_id": "of an account that may be deleted before its events are read",
    "outbox_events.transaction_id": "PostgreSQL's number of a transaction",
    "trading_accounts.venue_account_id": "the venue's identifier",
    "workflow_executions.execution_id": "the starter's own name for it",
    "workflows.workflow_id": "the same for all versions",
}

DICTIONARIES = {"factor_definitions", "instruments", "venues"}
"""Small tables that time series may reference; of everything else they keep the key without a foreign key."""


def named(column: Column[object]) -> str:
    return f"{column.table.name}.{column.name}"


def checks(table: Table) -> str:
    return " ; ".join(str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint))


@each_mapper
def test_the_table_comment_says_what_one_row_is(mapper: object) -> None:
    model = mapper.class_  # type: ignore[attr-defined]
    comment = model.__table__.comment
    assert comment == model.__doc__
    assert "\n" not in comment
    assert comment.endswith(".")


@each_table
def test_every_name_is_computed_and_fits(table: Table) -> None:
    names = [table.name, *(c.name for c in table.columns), *(i.name for i in table.indexes)]
    names += [c.name for c in table.constraints if c.name is not None]
    assert all(c.name for c in table.constraints), "a constraint has no name"
    assert all(len(name.encode()) <= LONGEST_NAME for name in names)
    for index in table.indexes:
        assert index.name.startswith(("ix_", "uq_")), index.name
        assert index.name.split("__")[0] in {f"ix_{table.name}", f"uq_{table.name}"}, index.name


def covers_references(index: Index) -> bool:
    """A partial index finds every row that references something if it leaves out only NULL."""
    where = index.dialect_options["postgresql"]["where"]
    return where is None or str(where) == f"{next(iter(index.columns)).name} IS NOT NULL"


@each_table
def test_foreign_keys_are_indexed_and_say_what_a_delete_does(table: Table) -> None:
    leading = {next(iter(i.columns)).name for i in table.indexes if len(i.columns) and covers_references(i)}
    leading |= {next(iter(c.columns)).name for c in table.constraints if isinstance(c, UniqueConstraint)}
    leading.add(next(iter(table.primary_key.columns)).name)
    for constraint in table.constraints:
        if isinstance(constraint, ForeignKeyConstraint):
            column = next(iter(constraint.columns))
            assert constraint.ondelete, f"{named(column)} does not say ondelete"
            assert column.name in leading, f"{named(column)} has no index starting with it"


@each_table
def test_what_looks_like_a_reference_is_one(table: Table) -> None:
    is_time_series = table in partitioned_tables()
    for column in table.columns:
        if column.name.endswith("_id") and not column.foreign_keys and named(column) not in NOT_REFERENCES:
            assert is_time_series, f"{named(column)} has no foreign key"
            assert column.name not in {"instrument_id", "venue_id", "factor_id"}, f"{named(column)} has no foreign key"


@each_table
def test_times_have_zones_and_text_has_no_limit(table: Table) -> None:
    for column in table.columns:
        kind = column.type
        assert "DATETIME" not in str(kind).upper(), named(column)
        if "TIMESTAMP" in str(kind).upper():
            assert isinstance(kind, UtcDateTime), f"{named(column)} may hold naive times"
        assert not isinstance(kind, Enum), f"{named(column)} is a native enum"
        if isinstance(kind, String) and not isinstance(kind, Text):
            pytest.fail(f"{named(column)} is {kind}, not text")
        assert not (isinstance(kind, Text) and not isinstance(kind, (CleanText, EnumText))), (
            f"{named(column)} takes NUL characters as far as the server"
        )


@each_table
def test_numbers_of_record_are_exact_and_checked(table: Table) -> None:
    expressions = checks(table)
    for column in table.columns:
        kind = column.type
        if isinstance(kind, ARRAY):
            assert named(column) in FLOATS_ARE_RIGHT_FOR or table.name in FLOATS_ARE_RIGHT_FOR, named(column)
        if isinstance(kind, (Double, Float)) and not isinstance(kind, Numeric):
            share = f"{column.name} BETWEEN 0 AND 1" in expressions
            bounded = f"{column.name} BETWEEN" in expressions or f"{column.name} < 'Infinity'" in expressions
            assert bounded or column.table.name == "candles" or named(column) in UNCHECKED, (
                f"{named(column)} accepts NaN"
            )
            assert share or named(column) in FLOATS_ARE_RIGHT_FOR or table.name in FLOATS_ARE_RIGHT_FOR, named(column)
        if isinstance(kind, Numeric):
            pytest.fail(f"{named(column)} is a plain numeric: it takes floats")
        if isinstance(kind, (ExactNumeric, NumericArray)) and column.computed is None:
            assert f"{column.name} < 'Infinity'" in expressions or f"ALL ({column.name})" in expressions, (
                f"{named(column)} accepts NaN or infinity"
            )


@each_table
def test_enums_have_a_check(table: Table) -> None:
    for column in table.columns:
        if isinstance(column.type, EnumText):
            for member in column.type.enum:
                assert f"'{member.value}'" in checks(table), f"{named(column)} does not know {member.value}"


@each_table
def test_confidences_scores_and_rates_are_shares(table: Table) -> None:
    for column in table.columns:
        if column.name in {"confidence", "prior", "win_rate"} or column.name.endswith("_score"):
            assert f"{column.name} BETWEEN 0 AND 1" in checks(table), named(column)


@each_table
def test_uuid_keys_are_made_by_the_client_in_order_of_time(table: Table) -> None:
    for column in table.primary_key.columns:
        if column.name == "id" and column.type.python_type.__name__ == "UUID":
            assert column.default is not None, named(column)
            first, second = (column.default.arg(None) for _ in range(2))
            assert first.version == 7
            assert first < second


@pytest.mark.parametrize("table", partitioned_tables(), ids=lambda table: table.name)
def test_time_series_have_natural_keys_and_nobody_points_at_them(table: Table) -> None:
    time = table.dialect_options["postgresql"]["partition_by"].removeprefix("RANGE (").removesuffix(")")
    assert time in {column.name for column in table.primary_key.columns}
    assert "id" not in table.columns
    for other in TABLES:
        assert all(fk.column.table is not table for fk in other.foreign_keys), f"{other.name} references {table.name}"
    assert {fk.column.table.name for fk in table.foreign_keys} <= DICTIONARIES


@each_mapper
def test_relationships_raise_and_are_explicit(mapper: object) -> None:
    configure_mappers()
    for relationship in mapper.relationships:  # type: ignore[attr-defined]
        assert isinstance(relationship, RelationshipProperty)
        assert relationship.lazy == "raise", relationship
        assert relationship.back_populates, relationship
        if relationship.uselist:
            assert relationship.passive_deletes, relationship
            own, other = (
                cls.__module__.split(".")[2] for cls in (relationship.parent.class_, relationship.mapper.class_)
            )
            assert own == other, f"{relationship} is a collection across domains"


def test_no_column_is_called_metadata() -> None:
    assert not [named(c) for table in TABLES for c in table.columns if c.name == "metadata"]


def test_the_exceptions_listed_here_exist() -> None:
    columns = {named(c) for table in TABLES for c in table.columns} | {table.name for table in TABLES}
    assert {*FLOATS_ARE_RIGHT_FOR, *UNCHECKED, *NOT_REFERENCES} <= columns


def test_a_repr_shows_keys_only() -> None:
    assert "secret" not in repr(User(email="secret@example.com", password_hash="secret"))
