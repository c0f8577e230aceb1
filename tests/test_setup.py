"""A database is made from nothing, made anew only where that is allowed, and both can be repeated or done at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from scratch_databases import Drift
from tradingdb import revisions
from tradingdb.connections import maintenance_connection
from tradingdb.core.clock import utc_now
from tradingdb.database import Database
from tradingdb.errors import DatabaseMissingError, RefusedError
from tradingdb.settings import Settings
from tradingdb.setup import refuse_reset, reset, setup
from tradingdb.testing import TEMPLATE
from tradingdb.timeseries import partitions
from tradingdb.urls import ConnectionTarget, parse_url

DEVELOPMENT = Settings(environment="development")
PRODUCTION = Settings(environment="production")

ADD_A_VENUE = text("INSERT INTO venues (code, name, kind) VALUES ('mine', 'Mine', 'exchange')")
COUNT_VENUES = text("SELECT count(*) FROM venues")


@pytest_asyncio.fixture(loop_scope="session")
async def missing(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database that is not there, with a name that must be quoted."""
    target = server.with_database(f'Märkte "1-{uuid4().hex}')
    yield target
    async with maintenance_connection(server, autocommit=True) as connection:
        quoted = connection.dialect.identifier_preparer.quote(target.database)
        await connection.execute(text(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))


async def create(target: ConnectionTarget, template: str) -> None:
    async with maintenance_connection(target.with_database("postgres"), autocommit=True) as connection:
        quoted = connection.dialect.identifier_preparer.quote(target.database)
        await connection.execute(text(f"CREATE DATABASE {quoted} TEMPLATE {template}"))


async def test_a_missing_database_is_created_and_migrated_and_has_partitions_for_the_next_months(
    missing: ConnectionTarget, drift: Drift
) -> None:
    async with Database(missing) as database:
        report = await setup(database)
        assert (report.database, report.created) == (missing.database, True)
        assert report.revisions_applied == len(revisions.history())
        assert report.revision == revisions.history()[-1].id
        assert await drift(missing) == []
        now = utc_now()
        async with database.read() as session:
            assert await session.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'"))
            for table in partitions.partitioned_tables():
                months = await partitions.listing(session, table)
                assert {month.name for month in months} <= set(report.partitions_made)
                for at in (now, now + timedelta(days=30), now + timedelta(days=60)):
                    assert [month for month in months if month.start <= at < month.end], (table.name, at)


async def test_a_database_that_was_set_up_is_left_alone(database: Database) -> None:
    await setup(database)
    async with database.write() as session:
        await session.execute(ADD_A_VENUE)
    again = await setup(database)
    async with database.read() as session:
        assert await session.scalar(COUNT_VENUES) == 1
    assert (again.created, again.revisions_applied, again.partitions_made) == (False, 0, ())


async def test_an_empty_database_that_somebody_made_is_migrated(missing: ConnectionTarget, drift: Drift) -> None:
    await create(missing, template="template1")
    async with Database(missing) as database:
        report = await setup(database)
        assert (report.created, report.revisions_applied) == (False, len(revisions.history()))
        assert await drift(missing) == []


async def test_of_several_that_set_up_at_once_one_creates_the_database(missing: ConnectionTarget, drift: Drift) -> None:
    databases = [Database(missing) for _ in range(4)]
    try:
        reports = await asyncio.gather(*(setup(database) for database in databases))
        assert sum(report.created for report in reports) == 1
        assert sum(report.revisions_applied for report in reports) == len(revisions.history())
        made = [name for report in reports for name in report.partitions_made]
        assert len(made) == len(set(made)) > 0
        assert await drift(missing) == []
    finally:
        for database in databases:
            await database.close()


async def test_a_reset_drops_everything_also_what_is_not_ours_and_whoever_is_connected(
    missing: ConnectionTarget,
) -> None:
    await create(missing, template=TEMPLATE)
    async with Database(missing) as database:
        async with database.write() as session:
            await session.execute(ADD_A_VENUE)
            await session.execute(text("CREATE TABLE somebody_elses (n int)"))
        async with Database(missing) as other:
            async with other.read() as session:
                await session.execute(COUNT_VENUES)
            report = await reset(database, DEVELOPMENT)
        assert (report.created, report.revisions_applied) == (True, len(revisions.history()))
        async with database.read() as session:
            assert await session.scalar(COUNT_VENUES) == 0
            assert await session.scalar(text("SELECT to_regclass('somebody_elses')")) is None


async def test_a_reset_of_a_missing_database_makes_it(missing: ConnectionTarget) -> None:
    async with Database(missing) as database:
        assert (await reset(database, DEVELOPMENT)).created


async def test_a_refused_reset_leaves_the_rows(database: Database) -> None:
    async with database.write() as session:
        await session.execute(ADD_A_VENUE)
    with pytest.raises(RefusedError, match="production"):
        await reset(database, PRODUCTION)
    async with database.read() as session:
        assert await session.scalar(COUNT_VENUES) == 1


async def test_a_refused_reset_creates_nothing(missing: ConnectionTarget) -> None:
    async with Database(missing) as database:
        with pytest.raises(RefusedError):
            await reset(database, PRODUCTION)
        with pytest.raises(DatabaseMissingError):
            await database.health()


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u@localhost/db", ()),
        ("postgresql://u@127.0.0.1:6000/db", ()),
        ("postgresql://u@[::1]/db", ()),
        ("postgresql://u@/db?host=/var/run/postgresql", ()),
        ("postgresql://u@db.example.com/db", ("db.example.com",)),
        ("postgresql://u@a.example.com:1,b.example.com:2/db", ("a.example.com", "b.example.com")),
    ],
)
def test_a_local_or_named_host_may_be_reset(url: str, named: tuple[str, ...]) -> None:
    refuse_reset(parse_url(url), Settings(environment="development", resettable_hosts=named))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@db.example.com/db",
        "postgresql://u@localhost.example.com/db",
        "postgresql://u@10.0.0.7/db",
        "postgresql://u@localhost,db.example.com/db",
        "postgresql://u@db.example.com:5432,named.example.com:5432/db",
        "postgresql://u@/db?host=db.example.com",
        "postgresql://u@/db?host=localhost&host=db.example.com",
        "postgresql://u@/db?host=/var/run/postgresql,db.example.com&port=5432,5432",
        "postgresql://u@/db?host=localhost,db.example.com&port=5432,5432",
    ],
)
def test_a_host_that_is_neither_local_nor_named_is_not_reset(url: str) -> None:
    allowed = Settings(environment="development", resettable_hosts=("named.example.com",))
    with pytest.raises(RefusedError):
        refuse_reset(parse_url(url), allowed)


def test_a_host_that_only_the_environment_of_the_driver_names_is_not_taken_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    with pytest.raises(RefusedError):
        refuse_reset(parse_url("postgresql:///db"), DEVELOPMENT)


@pytest.mark.parametrize("url", ["postgresql://u@localhost/db", "postgresql://u@db.example.com/db"])
def test_in_production_not_even_a_local_or_named_host_is_reset(url: str) -> None:
    with pytest.raises(RefusedError, match="production"):
        refuse_reset(parse_url(url), Settings(environment="production", resettable_hosts=("db.example.com",)))


host_names = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,2}", fullmatch=True)


@settings(deadline=None, max_examples=100)
@given(
    local=st.lists(st.sampled_from(["localhost", "127.0.0.1"]), max_size=2),
    named=st.lists(host_names, max_size=3, unique=True),
    foreign=st.lists(host_names, max_size=2),
    order=st.randoms(use_true_random=False),
)
def test_one_foreign_host_among_many_is_enough_to_refuse(
    local: list[str], named: list[str], foreign: list[str], order: object
) -> None:
    hosts = [*local, *named, *foreign] or ["localhost"]
    order.shuffle(hosts)  # type: ignore[attr-defined]
    target = parse_url(f"postgresql://u@{','.join(hosts)}/db")
    allowed = Settings(environment="development", resettable_hosts=tuple(named))
    if set(foreign) <= set(named):
        refuse_reset(target, allowed)
    else:
        with pytest.raises(RefusedError):
            refuse_reset(target, allowed)
