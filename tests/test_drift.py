"""A schema is held against the models object by object; what differs is named, and never marked as being right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from scratch_databases import empty_database
from tradingdb import migrations
from tradingdb.catalogue import compare, snapshot
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.errors import SchemaMismatchError
from tradingdb.models import Base

if TYPE_CHECKING:
    from scratch_databases import Drift
    from tradingdb.catalogue import Snapshot
    from tradingdb.database import WriteSession
    from tradingdb.urls import ConnectionTarget

SCRATCH = text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tradingdb_scratch%'")


async def test_migrations_and_models_give_the_same_schema_and_looking_leaves_no_trace(database: Database) -> None:
    assert await migrations.check(database) == []
    async with database.read() as session:
        assert await session.scalar(SCRATCH) == 0


async def test_a_schema_made_without_migrations_is_the_same(server: ConnectionTarget, drift: Drift) -> None:
    """That it can be stamped, the tests of the scripts show."""
    async with empty_database(server) as target:
        async with maintenance_connection(target) as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.commit()
        assert await drift(target) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("ALTER TABLE orders DROP CONSTRAINT ck_orders__side_known", "constraint orders.ck_orders__side_known"),
        (
            """
            ALTER TABLE orders DROP CONSTRAINT ck_orders__side_known,
                ADD CONSTRAINT ck_orders__side_known CHECK (side IN ('buy', 'sell', 'hold'))
            """,
            "constraint orders.ck_orders__side_known",
        ),
        ("DROP INDEX ix_orders__open", "index orders.ix_orders__open"),
        ("ALTER TABLE users ALTER COLUMN role DROP DEFAULT", "column users.role"),
        ("ALTER TABLE users ALTER COLUMN role DROP NOT NULL", "column users.role"),
        ("ALTER TABLE fills ALTER COLUMN price TYPE numeric(20, 8)", "column fills.price"),
        ("ALTER TABLE fills ADD COLUMN more text", "column fills.more"),
        ("ALTER TABLE candle_blocks ALTER COLUMN open SET STORAGE EXTENDED", "column candle_blocks.open"),
        ("ALTER TABLE trades DROP COLUMN notes", "column trades.notes"),
        ("COMMENT ON TABLE users IS 'something else'", "table users"),
        ("DROP TRIGGER order_events_append_only ON order_events", "trigger order_events.order_events_append_only"),
        ("ALTER TABLE trade_exits SET UNLOGGED", "table trade_exits"),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "table users"),
        (
            """
            CREATE OR REPLACE FUNCTION tradingdb_refuse_change() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN RETURN NEW; END'
            """,
            "function tradingdb_refuse_change",
        ),
        (
            """
            ALTER TABLE trade_exits DROP CONSTRAINT fk_trade_exits__trade_id,
                ADD CONSTRAINT fk_trade_exits__trade_id FOREIGN KEY (trade_id) REFERENCES trades (id) NOT VALID
            """,
            "constraint trade_exits.fk_trade_exits__trade_id",
        ),
        ("DROP TABLE learning_evidence", "table learning_evidence"),
    ],
)
async def test_every_kind_of_drift_is_seen(
    session: WriteSession, migrated_schema: Snapshot, change: str, where: str
) -> None:
    connection = await session.connection()
    await session.execute(text(change))
    differences = compare(migrated_schema, await connection.run_sync(snapshot))
    assert where in {difference.object for difference in differences}


async def test_a_schema_that_drifted_is_reported_and_not_stamped_even_if_it_was_before(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("DROP INDEX ix_orders__open"))
    assert [difference.object for difference in await migrations.check(database)] == ["index orders.ix_orders__open"]
    with pytest.raises(SchemaMismatchError, match=r"not stamped: index orders\.ix_orders__open is missing"):
        await migrations.stamp(database)
    async with database.read() as session:
        assert await session.scalar(SCRATCH) == 0
