"""A session that is limited to one account sees no row of another, however it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoped_world import ScopedWorld
from sqlalchemy import (
    Column,
    Executable,
    MetaData,
    Select,
    Table,
    column,
    exists,
    func,
    lambda_stmt,
    literal_column,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload, selectinload, subqueryload

from tradingdb.core.base import Base
from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.errors import InvalidValueError, ScopeError
from tradingdb.models import Fill, Instrument, Order, Trade, TradingAccount
from tradingdb.scope import Scope, require_in_scope, require_unscoped_table, scope_of, scoped_by_verb, unscoped
from tradingdb.scope.tables import ScopedColumns, may_reach_scoped_rows, scoped_tables

BY_ACCOUNT = {name: columns for name, columns in scoped_tables().items() if columns.account}
BY_MODE = {name: columns for name, columns in scoped_tables().items() if columns.mode}


def test_every_table_with_an_account_or_a_mode_is_scoped() -> None:
    named = {t.name for t in Base.metadata.sorted_tables if {"account_id", "mode"} & set(t.c.keys())}
    assert set(scoped_tables()) == named
    assert scoped_tables()["trades"] == ScopedColumns("account_id", "mode")
    assert scoped_tables()["trading_accounts"] == ScopedColumns("id", "mode")
    assert len(named) > 12


@pytest.mark.parametrize("name", BY_ACCOUNT)
async def test_a_scoped_session_sees_its_own_rows_of_every_table_and_no_other(world: ScopedWorld, name: str) -> None:
    own = Base.metadata.tables[name]
    whose = own.c[BY_ACCOUNT[name].account or ""]
    a, b = own.alias("a"), own.alias("b")
    inner = select(own).subquery()
    readings: list[Select[Any]] = [
        select(whose),
        select(a.c[whose.key]),
        select(inner.c[whose.key]),
        select(a.alias("c").c[whose.key]),
        select(select(whose).cte("found").c[whose.key]),
        select(b.c[whose.key]).select_from(a).join(b, true()),
        select(b.c[whose.key]).select_from(a).outerjoin(b, true()),
        select(a.c[whose.key]).select_from(a).outerjoin(b, b.c[whose.key] == a.c[whose.key], full=True),
        select(table(name, column(whose.key)).c[whose.key]),
        select(Table(name, MetaData(), Column(whose.key, whose.type)).c[whose.key]),
    ]
    async with world.session() as session:
        for reading in readings:
            assert set(await session.scalars(reading)) - {None} == {world.mine}, str(reading)
        pair = union_all(select(whose), select(a.c[whose.key]))
        assert set(await session.scalars(pair)) == {world.mine}
        outside = (
            await session.scalars(select(func.count()).select_from(own).where(whose.is_distinct_from(world.mine)))
        ).one()
        assert outside == 0
        with unscoped(session):
            assert {world.mine, world.theirs} <= set(await session.scalars(select(whose)))


SOURCES = st.recursive(
    st.sampled_from(["orders", "trades", "portfolios", "trading_accounts"]).map(lambda name: ("table", name)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["alias", "subquery", "cte", "lateral"]), inner),
        st.tuples(st.sampled_from(["join", "outer join", "full join", "cross"]), inner, inner),
        st.tuples(st.sampled_from(["union", "exists", "in", "scalar"]), inner, inner),
    ),
    max_leaves=5,
)
"""Ways to arrange tables in a query, nested in one another."""


def _accounts_of(recipe: Any) -> Select[Any]:  # noqa: PLR0911 - one per kind
    """A query that gives the accounts of all rows that a recipe reaches."""
    kind, *parts = recipe
    if kind == "table":
        source = Base.metadata.tables[parts[0]]
        return select(source.c[BY_ACCOUNT[parts[0]].account or ""].label("account"))
    first, *others = (_accounts_of(part) for part in parts)
    if kind in {"alias", "subquery", "cte", "lateral"}:
        made = first.subquery().alias() if kind == "alias" else getattr(first, kind)()
        return select(made.c.account)
    a, b = first.subquery(), others[0].cte()
    if kind == "union":
        return select(union_all(select(a.c.account), select(b.c.account)).subquery().c.account)
    if kind == "exists":
        return select(a.c.account).where(exists().where(b.c.account != a.c.account) | true())
    if kind == "in":
        return select(a.c.account).where(a.c.account.in_(select(b.c.account)))
    if kind == "scalar":
        return select(func.coalesce(select(b.c.account).limit(1).scalar_subquery(), a.c.account).label("account"))
    joined = a.join(b, a.c.account == b.c.account, isouter=kind == "outer join", full=kind == "full join")
    source = a.join(b, true()) if kind == "cross" else joined
    return select(func.coalesce(b.c.account, a.c.account).label("account")).select_from(source)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(recipe=SOURCES)
async def test_no_nesting_of_tables_reaches_the_other_account(world: ScopedWorld, recipe: Any) -> None:
    async with world.session() as session:
        found = set(await session.scalars(_accounts_of(recipe).distinct().limit(100)))
        assert found <= {world.mine, None}
        assert found, "a query that reaches nothing shows nothing"


def _read(entity: Any, shape: str) -> Executable:
    whose = entity.id if entity is TradingAccount else entity.account_id
    other = aliased(entity)
    others = other.id if entity is TradingAccount else other.account_id
    shapes: dict[str, Callable[[], Executable]] = {
        "plain": lambda: select(whose),
        "alias": lambda: select(others),
        "join": lambda: select(others).join(entity, true()),
        "outer join": lambda: select(others).select_from(entity).outerjoin(other, true()),
        "full join": lambda: select(others).select_from(entity).outerjoin(other, whose == others, full=True),
        "subquery": lambda: select(aliased(entity, select(entity).subquery())),
        "cte": lambda: select(aliased(entity, select(entity).cte())),
        "exists": lambda: select(TradingAccount.id).where(exists().where(others == TradingAccount.id)),
        "scalar subquery": lambda: select(select(func.max(func.text(others))).scalar_subquery()),
        "union": lambda: select(entity).from_statement(select(entity).union_all(select(other))),
        "lateral": lambda: (
            select(others).select_from(Instrument).join(select(whose).lateral(), true()).join(other, true())
        ),
        "in": lambda: select(whose).where(whose.in_(select(others))),
        "for update": lambda: select(whose).with_for_update(of=entity),
        "grouped by the key": lambda: select(entity).group_by(*entity.__mapper__.primary_key),
    }
    return shapes[shape]()


SHAPES = [
    "plain", "alias", "join", "outer join", "full join", "subquery", "cte", "exists", "scalar subquery", "union",
    "lateral", "in", "for update", "grouped by the key",
]  # fmt: skip


async def test_no_shape_of_a_query_on_entities_reaches_the_other_account(world: ScopedWorld) -> None:
    async with world.session() as session:
        for shape in SHAPES:
            for entity in (Order, Fill, Trade, TradingAccount):
                found = (await session.scalars(_read(entity, shape))).unique().all()
                of = "id" if entity is TradingAccount else "account_id"
                whose = {str(getattr(row, of)) if isinstance(row, Base) else str(row) for row in found} - {"None"}
                assert whose == {str(world.mine)}, (shape, entity)


async def test_an_outer_join_keeps_rows_whose_partner_is_of_another_account(world: ScopedWorld) -> None:
    account = aliased(TradingAccount)
    pairs = select(Order.id, account.id).outerjoin(account, account.id != Order.account_id)
    async with world.session() as session:
        found = (await session.execute(pairs)).all()
        assert len(found) == await session.scalar(select(func.count()).select_from(Order))
        assert {other for _, other in found} == {None}


async def test_relationships_load_rows_of_the_scope_only(world: ScopedWorld) -> None:
    async with world.session() as session:
        with unscoped(session):
            order = (
                await session.scalars(select(Order).where(Order.account_id == world.mine, Order.fills.any()))
            ).first()
            assert order is not None
            await session.connection()
            stray = (await session.scalars(select(Fill).where(Fill.account_id == world.theirs).limit(1))).one()
            stray.order_id = order.id  # as a defect of a service may have left it
            stray.account_id = world.theirs
            await session.execute(text("SET LOCAL session_replication_role = replica"))
            await session.flush()
            session.expunge_all()
        for load in (selectinload, joinedload, subqueryload):
            found = (
                (await session.scalars(select(Order).options(load(Order.fills)).where(Order.id == order.id)))
                .unique()
                .one()
            )
            assert {fill.account_id for fill in found.fills} == {world.mine}, load.__name__
            session.expunge_all()


async def test_get_refresh_and_merge_do_not_find_rows_of_others(world: ScopedWorld) -> None:
    async with world.session() as session:
        with unscoped(session):
            theirs = (await session.scalars(select(Order).where(Order.account_id == world.theirs).limit(1))).one()
        assert await session.get(Order, theirs.id) is None  # although the block above had loaded it
        assert await session.get(TradingAccount, world.theirs) is None
        assert await session.get(TradingAccount, world.mine) is not None
        assert theirs not in session


async def test_a_read_session_is_scoped_too_and_stays_so_after_a_rollback(world: ScopedWorld) -> None:
    async with world.database.read(scope=Scope(account_id=world.mine)) as session:
        for _ in range(2):
            assert set(await session.scalars(select(Order.account_id))) == {world.mine}
            connection = await session.connection()
            assert set((await connection.scalars(select(Order.__table__.c.account_id))).all()) == {world.mine}
            await session.rollback()


async def test_scopes_of_one_shape_share_compiled_statements_and_no_values(world: ScopedWorld) -> None:
    for account in (world.mine, world.theirs, world.mine):
        async with world.session(Scope(account_id=account)) as session:
            assert set(await session.scalars(select(Order.account_id))) == {account}
    async with world.database.read() as session:
        assert set(await session.scalars(select(Order.account_id))) == {world.mine, world.theirs}


@pytest.mark.parametrize("name", BY_MODE)
async def test_a_scope_of_a_mode_alone(world: ScopedWorld, name: str) -> None:
    own = Base.metadata.tables[name]
    async with world.session(Scope(mode=TradingMode.PAPER)) as session:
        assert set(await session.scalars(select(own.c.mode))) == {TradingMode.PAPER}
    async with world.session(Scope(account_id=world.mine, mode=TradingMode.LIVE)) as session:
        assert not (await session.scalars(select(own.c.mode))).all()


async def test_in_the_scope_of_a_mode_a_row_without_one_has_that_of_its_account(world: ScopedWorld) -> None:
    async with world.session(Scope(mode=TradingMode.PAPER)) as session:
        assert set(await session.scalars(select(Order.account_id))) == {world.mine, world.theirs}
        with unscoped(session):
            account = await session.get_one(TradingAccount, world.theirs)
            account.mode = TradingMode.LIVE
            await session.flush()
        assert set(await session.scalars(select(Order.account_id))) == {world.mine}


async def test_a_scope_of_several_accounts(world: ScopedWorld) -> None:
    async with world.session(Scope(account_ids=[world.mine, uuid7()])) as session:
        assert set(await session.scalars(select(Order.account_id))) == {world.mine}
    async with world.session(Scope(account_ids=[world.mine, world.theirs])) as session:
        assert set(await session.scalars(select(Order.account_id))) == {world.mine, world.theirs}


REFUSED: list[Callable[[], Any]] = [
    lambda: text("SELECT count(*) FROM trades"),
    lambda: text('select * from "orders"'),
    lambda: text("SELECT * FROM candles, fills"),
    lambda: text("TABLE positions"),
    lambda: text("WITH x AS (DELETE FROM fills RETURNING 1) SELECT 1"),
    lambda: text("SELECT * FROM a_view_on_anything"),
    lambda: text("SELECT * FROM portfolio_snapshots_2025_01"),
    lambda: text("DO $$ BEGIN DELETE FROM trades; END $$"),
    lambda: text('SELECT * FROM U&"tr\\0061des"'),
    lambda: text("SELECT * FROM trades").columns(column("id")),
    lambda: select(Trade).from_statement(text("SELECT * FROM trades")),
    lambda: select(text("count(*) FROM trades")),
    lambda: select(text("1")).select_from(text("trades")),
    lambda: select(Instrument.id).where(text("id IN (SELECT instrument_id FROM orders)")),
    lambda: select(literal_column("(SELECT count(*) FROM orders)")),
    lambda: select(Instrument.id).with_statement_hint("UNION ALL SELECT 1 FROM trades"),
    lambda: lambda_stmt(lambda: select(Trade)),
    lambda: (
        Base.metadata.tables["trades"].insert().from_select(["id"], text("SELECT 1 FROM trades").columns(column("id")))
    ),
]


@pytest.mark.parametrize("make", REFUSED)
async def test_what_cannot_be_scoped_is_refused_before_it_is_sent(world: ScopedWorld, make: Callable[[], Any]) -> None:
    async with world.session() as session:
        with pytest.raises(ScopeError):
            await session.execute(make())
        assert await session.scalar(text("SELECT 1")) == 1  # nothing reached PostgreSQL, so the transaction is well


async def test_sql_past_the_session_is_refused_and_what_is_said_aloud_passes(world: ScopedWorld) -> None:
    count = text("SELECT count(DISTINCT account_id) FROM orders")
    async with world.session() as session:
        connection = await session.connection()
        with pytest.raises(ScopeError):
            await connection.exec_driver_sql("SELECT * FROM trades")
        with pytest.raises(ScopeError):
            await session.execute(count)
        assert await session.scalar(scoped_by_verb(count)) == 2
        assert await session.scalar(count, execution_options={"tradingdb_unscoped": True}) == 2
        with unscoped(session), unscoped(session):
            assert scope_of(session) is None
            assert await session.scalar(count) == 2
        with pytest.raises(ScopeError):
            await session.execute(count)


@pytest.mark.parametrize(
    "harmless",
    [
        "SELECT 1",
        "SELECT pg_advisory_xact_lock(1)",
        "SET LOCAL lock_timeout = '5s'",
        "SELECT count(*) FROM candles",
        "SELECT extract(epoch FROM open_time) FROM candles WHERE venue IS DISTINCT FROM 'x'",
        "WITH seen AS (SELECT 1) SELECT * FROM seen JOIN generate_series(1, 2) ON true",
        "INSERT INTO venues (code) SELECT code FROM venues ON CONFLICT DO UPDATE SET code = excluded.code",
        "(trades.xmax = 0)",
        "SELECT relname FROM pg_class",
    ],
)
def test_text_that_reaches_no_scoped_row_passes(harmless: str) -> None:
    assert not may_reach_scoped_rows(harmless)


@given(
    name=st.sampled_from(sorted(scoped_tables())),
    verb=st.sampled_from(["SELECT * FROM {}", "delete from only {}", "TABLE {}"]),
)
@settings(deadline=None, max_examples=30)
def test_text_that_names_a_scoped_table_never_passes(name: str, verb: str) -> None:
    for spelling in (name, name.upper(), f'"{name}"', f"public.{name}", f"{name}_2025_01", f"\n{name}--"):
        assert may_reach_scoped_rows(verb.format(spelling))


async def test_copies_of_scoped_tables_are_refused_in_scope(world: ScopedWorld) -> None:
    async with world.session() as session:
        require_unscoped_table(session, "candles")
        for name in ("trades", "audit_log", "audit_log_2025_01"):
            with pytest.raises(ScopeError):
                require_unscoped_table(session, name)
        with unscoped(session):
            require_unscoped_table(session, "trades")


async def test_verbs_ask_whether_they_are_in_scope(world: ScopedWorld) -> None:
    async with world.session(Scope(account_id=world.mine, mode=TradingMode.PAPER)) as session:
        require_in_scope(session, account_id=world.mine)
        require_in_scope(session, account_id=world.mine, mode=TradingMode.PAPER)
        for account, mode in ((world.theirs, None), (None, None), (world.mine, TradingMode.LIVE)):
            with pytest.raises(ScopeError, match="limited to"):
                require_in_scope(session, account_id=account, mode=mode)
        with unscoped(session):
            require_in_scope(session, account_id=world.theirs, mode=TradingMode.LIVE)
    async with world.database.read() as session:
        require_in_scope(session, account_id=world.theirs, mode=TradingMode.LIVE)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"account_ids": []},
        {"account_id": uuid7(), "account_ids": [uuid7()]},
        {"mode": "gambling"},
        {"account_id": "x"},
    ],
)
def test_a_scope_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        Scope(**wrong)
