"""A session that is limited to one account writes rows of that account only, and leaves those of others as they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from scoped_world import ScopedWorld, rows_outside
from sqlalchemy import bindparam, delete, func, insert, literal, select, text, union_all, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, make_transient_to_detached
from sqlalchemy.orm.exc import StaleDataError

from tradingdb.bulk import upsert
from tradingdb.core.base import Base
from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.errors import ScopeError
from tradingdb.models import AgentLog, AuditEntry, Order, OutboxEvent, PortfolioSnapshot, Trade, TradingAccount
from tradingdb.scope import Scope, unscoped
from tradingdb.scope.tables import scoped_tables
from tradingdb.services import agents, equity, outbox
from tradingdb.timeseries import partitions

BY_ACCOUNT = {name: columns for name, columns in scoped_tables().items() if columns.account}
EVENT = {"topic": "test", "entity": "orders", "entity_key": "1"}
EVENTS = OutboxEvent.__table__
ORDERS = Base.metadata.tables["orders"]


async def _without_triggers(session: WriteSession) -> None:
    """Foreign keys and append-only tables would refuse what is tried here before the scope is put to the test."""
    with unscoped(session):
        await session.execute(text("SET LOCAL session_replication_role = replica"))


@pytest.mark.parametrize("name", BY_ACCOUNT)
async def test_update_and_delete_of_everything_change_nothing_of_others(world: ScopedWorld, name: str) -> None:
    own = Base.metadata.tables[name]
    account = BY_ACCOUNT[name].account or ""
    plain = next(
        column for column in own.c if not column.primary_key and column.computed is None and column.key != account
    )
    async with world.session() as session:
        await _without_triggers(session)
        before = await rows_outside(session, name, account, world.mine)
        assert before
        changed = (await session.execute(update(own).values({plain.key: plain}).returning(own.c[account]))).scalars()
        assert set(changed) == {world.mine}
        gone = (await session.execute(delete(own).returning(own.c[account]))).scalars()
        assert set(gone) == {world.mine}
        assert not (await session.scalars(select(own.c[account]))).all()
        assert await rows_outside(session, name, account, world.mine) == before


async def test_changes_by_way_of_other_tables_and_ctes_stay_inside(world: ScopedWorld) -> None:
    account = aliased(TradingAccount)
    removed = delete(OutboxEvent).returning(OutboxEvent.account_id).cte("removed")
    changed = update(OutboxEvent).values(topic="x").returning(OutboxEvent.account_id).cte("changed")
    changes: list[Any] = [
        update(OutboxEvent)
        .where(account.id == OutboxEvent.account_id)
        .values(topic="x")
        .returning(OutboxEvent.account_id),
        update(OutboxEvent)
        .where(OutboxEvent.id.in_(select(OutboxEvent.id)))
        .values(topic="y")
        .returning(OutboxEvent.account_id),
        select(changed.c.account_id),
        delete(OutboxEvent)
        .where(account.id == OutboxEvent.account_id, OutboxEvent.id < 0)
        .returning(OutboxEvent.account_id),
        select(removed.c.account_id),
    ]
    async with world.session() as session:
        before = await rows_outside(session, "outbox_events", "account_id", world.mine)
        for change in changes:
            assert set(await session.scalars(change)) <= {world.mine}
        assert await rows_outside(session, "outbox_events", "account_id", world.mine) == before


def _moves(world: ScopedWorld, order: UUID) -> list[Callable[[WriteSession], Any]]:
    moved = {"id": order, "account_id": world.theirs}
    conflict = pg_insert(EVENTS).on_conflict_do_update(index_elements=["id"], set_={"account_id": world.theirs})
    nested = update(Order).values(account_id=world.theirs).returning(Order.id).cte()
    return [
        lambda s: s.execute(update(Order).values(account_id=world.theirs)),
        lambda s: s.execute(update(Order).values({Order.account_id: str(world.theirs)})),
        lambda s: s.execute(update(ORDERS).values(account_id=None)),
        lambda s: s.execute(
            update(ORDERS).values(account_id=bindparam("to")), [{"to": world.mine}, {"to": world.theirs}]
        ),
        lambda s: s.execute(update(ORDERS).values(account_id=select(func.max(ORDERS.c.id)).scalar_subquery())),
        lambda s: s.execute(
            update(ORDERS).where(ORDERS.c.id == bindparam("key")), {"key": order, "account_id": world.theirs}
        ),
        lambda s: s.execute(update(Order), [moved]),
        lambda s: s.execute(update(ORDERS).ordered_values((ORDERS.c.account_id, world.theirs))),
        lambda s: s.execute(update(aliased(ORDERS)).values(account_id=world.theirs)),
        lambda s: s.execute(select(nested.c.id)),
        lambda s: s.execute(conflict, EVENT),
        lambda s: s.run_sync(lambda sync: sync.bulk_update_mappings(Order.__mapper__, [moved])),
        lambda s: s.execute(update(TradingAccount).values(id=world.theirs)),
    ]


@pytest.mark.parametrize("number", range(13))
async def test_no_row_is_moved_to_another_account(world: ScopedWorld, number: int) -> None:
    async with world.session() as session:
        order = (await session.scalars(select(Order.id).limit(1))).one()
        with pytest.raises(ScopeError):
            await _moves(world, order)[number](session)
        await session.rollback()
        assert await session.scalar(select(Order.account_id).where(Order.id == order)) == world.mine


async def test_an_update_may_repeat_the_own_account(world: ScopedWorld) -> None:
    async with world.session() as session:
        done = await session.execute(
            update(ORDERS).values(account_id=world.mine, status_reason="x").returning(ORDERS.c.id)
        )
        assert done.all()


async def test_objects_that_were_moved_are_refused_at_the_flush(world: ScopedWorld) -> None:
    async with world.session() as session:
        order = (await session.scalars(select(Order).limit(1))).one()
        order.account_id = world.theirs
        with pytest.raises(ScopeError, match="was refused"):
            await session.flush()
        session.expunge_all()


async def test_objects_of_others_are_neither_changed_nor_deleted_nor_merged(world: ScopedWorld) -> None:
    async with world.session() as session:
        await _without_triggers(session)
        before = await rows_outside(session, "orders", "account_id", world.mine)
        with unscoped(session):
            theirs = (await session.scalars(select(Order).where(Order.account_id == world.theirs).limit(1))).one()
            values = {column.key: getattr(theirs, column.key) for column in Order.__mapper__.column_attrs}
        values |= {"account_id": world.mine, "status_reason": "mine now"}
        del values["remaining_quantity"]

        async def merged() -> None:
            async with session.begin_nested():
                await session.merge(Order(**values))
                await session.flush()

        with pytest.raises(IntegrityError):  # to this session there is no such row, so it is added
            await merged()
        session.expunge_all()
        forged = Order(**values)
        await session.run_sync(lambda sync: _as_loaded(sync, forged))
        forged.status_reason = "changed"
        with pytest.raises(StaleDataError):
            await session.flush()
        await session.rollback()
    async with world.session() as session:
        assert await rows_outside(session, "orders", "account_id", world.mine) == before


def _as_loaded(session: Any, row: Base) -> None:
    """Pretend that a row was loaded, as a cache of objects would."""
    make_transient_to_detached(row)
    session.add(row)


async def test_a_change_in_an_unscoped_block_has_to_be_flushed_in_it(world: ScopedWorld) -> None:
    async with world.session() as session:
        of_theirs = select(Order).where(Order.account_id == world.theirs).limit(1)
        with pytest.raises(ScopeError, match="flush inside"), unscoped(session):
            (await session.scalars(of_theirs)).one().status_reason = "x"
        session.expunge_all()
        with unscoped(session):
            (await session.scalars(of_theirs)).one().status_reason = "x"
            await session.flush()


def _inserts() -> list[Callable[[WriteSession, dict[str, Any]], Any]]:
    """Every way to insert a row of the outbox, which returns nothing."""

    async def by_orm(s: WriteSession, row: dict[str, Any]) -> None:
        s.add(OutboxEvent(**row))
        await s.flush()

    def from_select(s: WriteSession, row: dict[str, Any]) -> Any:
        chosen = select(*(literal(value).label(name) for name, value in row.items()))
        return s.execute(insert(EVENTS).from_select(list(row), chosen))

    def from_union(s: WriteSession, row: dict[str, Any]) -> Any:
        chosen = [
            select(*(literal(value, EVENTS.c[name].type).label(name) for name, value in row.items())) for _ in range(2)
        ]
        return s.execute(insert(EVENTS).from_select(list(row), union_all(*chosen)))

    return [
        by_orm,
        from_select,
        from_union,
        lambda s, row: s.execute(insert(OutboxEvent).values(**row)),
        lambda s, row: s.execute(insert(OutboxEvent), [row, row]),
        lambda s, row: s.execute(insert(OutboxEvent), row),
        lambda s, row: s.execute(insert(EVENTS), [row, row]),
        lambda s, row: s.execute(insert(EVENTS).values([row, row])),
        lambda s, row: s.execute(insert(EVENTS).values({EVENTS.c[name]: value for name, value in row.items()})),
        lambda s, row: s.execute(
            insert(EVENTS).values({n: bindparam(f"p_{n}") for n in row}), {f"p_{n}": v for n, v in row.items()}
        ),
        lambda s, row: s.execute(insert(EVENTS).returning(EVENTS.c.id, sort_by_parameter_order=True), [row, row]),
        lambda s, row: s.execute(pg_insert(EVENTS).on_conflict_do_nothing(), row),
        lambda s, row: s.run_sync(lambda sync: sync.bulk_save_objects([OutboxEvent(**row)])),
        lambda s, row: s.run_sync(lambda sync: sync.bulk_insert_mappings(OutboxEvent.__mapper__, [row])),
        lambda s, row: outbox.publish(s, "test", "orders", 1, {}, row.get("account_id")),
        lambda s, row: upsert(s, OutboxEvent, [row | {"id": 10**9}]),
    ]


@pytest.mark.parametrize("number", range(16))
async def test_every_way_to_insert_stamps_what_is_absent_and_refuses_others(world: ScopedWorld, number: int) -> None:
    insert_row = _inserts()[number]
    added = select(OutboxEvent.account_id).where(OutboxEvent.topic == "test")
    async with world.session() as session:
        before = await rows_outside(session, "outbox_events", "account_id", world.mine)
        with pytest.raises(ScopeError):
            await insert_row(session, EVENT | {"account_id": world.theirs})
        await session.rollback()
        await insert_row(session, dict(EVENT))
        assert set(await session.scalars(added)) == {world.mine}
        assert await rows_outside(session, "outbox_events", "account_id", world.mine) == before
    async with world.session() as session:
        await insert_row(session, EVENT | {"account_id": world.mine})
        assert set(await session.scalars(added)) == {world.mine}


async def test_one_row_of_another_account_among_many_is_refused_and_none_stored(world: ScopedWorld) -> None:
    rows = [EVENT, EVENT | {"account_id": world.theirs}]
    async with world.session() as session:
        for refused in (
            insert(EVENTS).values(rows[::-1]),
            insert(EVENTS).values([rows[0] | {"account_id": None}, rows[1]]),
        ):
            with pytest.raises(ScopeError):
                await session.execute(refused)
        with pytest.raises(ScopeError):
            await session.execute(insert(EVENTS), [rows[0] | {"account_id": None}, rows[1]])
        assert not (await session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "test"))).all()


async def test_an_account_that_only_postgresql_would_know_is_refused(world: ScopedWorld) -> None:
    strangers = select(literal("t").label("topic"), TradingAccount.user_id)
    own = select(literal("test"), literal("orders"), func.text(Order.id), Order.account_id)
    names = ["topic", "entity", "entity_key", "account_id"]
    cte = insert(EVENTS).values(**EVENT).returning(EVENTS.c.id).cte()
    async with world.session() as session:
        for refused in (
            insert(EVENTS).values(**EVENT, account_id=func.gen_random_uuid()),
            insert(EVENTS).from_select(["topic", "account_id"], strangers),
            select(cte.c.id),
        ):
            with pytest.raises(ScopeError):
                await session.execute(refused)
        await session.execute(insert(EVENTS).from_select(names, own))  # a row that is read in scope is in scope
        assert set(await session.scalars(select(OutboxEvent.account_id))) == {world.mine}


async def test_a_conflict_with_a_row_of_another_account_leaves_it_alone(world: ScopedWorld) -> None:
    async with world.session() as session:
        before = await rows_outside(session, "outbox_events", "account_id", world.mine)
        with unscoped(session):
            theirs, mine = [
                (await session.scalars(select(OutboxEvent.id).where(OutboxEvent.account_id == account).limit(1))).one()
                for account in (world.theirs, world.mine)
            ]
        rows = [EVENT | {"id": theirs}, EVENT | {"id": mine}]
        report = await upsert(
            session, OutboxEvent, rows, update=["topic", "account_id"] if "account_id" in EVENT else ["topic"]
        )
        assert (report.inserted, report.updated, report.unchanged) == (0, 1, 1)
        assert await rows_outside(session, "outbox_events", "account_id", world.mine) == before


async def test_the_mode_is_stamped_and_checked_like_the_account(world: ScopedWorld) -> None:
    async with world.session(Scope(account_id=world.mine, mode=TradingMode.PAPER)) as session:
        row = (await session.execute(select(*Trade.__table__.c).limit(1))).one()._asdict()
        fresh = {name: value for name, value in row.items() if name not in {"id", "account_id", "mode", "dedupe_key"}}
        added = Trade(**fresh)
        session.add(added)
        await session.flush()
        assert (added.account_id, added.mode) == (world.mine, TradingMode.PAPER)
        for refused in (insert(Trade).values(**fresh, mode="live"), update(Trade).values(mode=TradingMode.LIVE)):
            with pytest.raises(ScopeError, match="mode"):
                await session.execute(refused)


async def test_several_accounts_stamp_nothing(world: ScopedWorld) -> None:
    async with world.session(Scope(account_ids=[world.mine, uuid7()])) as session:
        with pytest.raises(ScopeError, match="name one of them"):
            await session.execute(insert(EVENTS), EVENT)
        with pytest.raises(ScopeError):
            await session.execute(insert(EVENTS), EVENT | {"account_id": world.theirs})
        await session.execute(insert(EVENTS), EVENT | {"account_id": world.mine})


async def test_savepoints_and_unscoped_tables_are_as_ever(world: ScopedWorld) -> None:
    entry = AuditEntry(occurred_at=datetime(2025, 1, 2, tzinfo=UTC), action="test")
    async with world.session() as session:
        async with session.begin_nested():
            session.add(entry)
        assert entry.account_id == world.mine
        assert await session.scalar(select(func.count()).select_from(Base.metadata.tables["instruments"])) == 2


async def test_run_repeats_and_scopes_a_unit_of_work(world: ScopedWorld) -> None:
    async def work(session: WriteSession) -> set[UUID]:
        return set(await session.scalars(select(Order.account_id)))

    assert await world.database.run(work, scope=Scope(account_id=world.mine)) == {world.mine}


async def test_verbs_make_the_partitions_that_a_scoped_session_lacks(world: ScopedWorld) -> None:
    long_ago = datetime(2011, 5, 6, tzinfo=UTC)
    async with world.session() as session:
        await agents.log(session, [{"agent": "a", "logged_at": long_ago, "level": "info", "message": "m"}])
        taken = await equity.take_snapshot(session, world.mine, long_ago, prices={}, rates={})
        assert (taken.account_id, taken.equity) == (world.mine, Decimal(0))
        for model in (AgentLog, PortfolioSnapshot):
            first, *_ = await partitions.listing(session, model)
            assert first.name.endswith("_2011_05")
        for not_ours in ("LOCK TABLE trades", "DO $$ BEGIN DELETE FROM trades; END $$"):
            with pytest.raises(ScopeError):
                await session.execute(text(not_ours))
