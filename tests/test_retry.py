"""A unit of work is run again after what PostgreSQL says may help, and only then."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tradingdb.connections import Limits
from tradingdb.database import Database, Retry, WriteSession
from tradingdb.errors import (
    DatabaseUnavailableError,
    InvalidValueError,
    LoginRefusedError,
    OutcomeUnknownError,
    RetriesExhaustedError,
    TimeLimitError,
    TransactionConflictError,
)
from tradingdb.models import User

PATIENT = Retry(attempts=40, deadline=60, first_delay=0.01, longest_delay=0.05)
DIES_AT_COMMIT = """
    CREATE SEQUENCE deaths;
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('deaths') = 1 THEN
            {how};
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON counters DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die()
"""


async def script(database: Database, sql: str) -> None:
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(sql)


@pytest_asyncio.fixture
async def counters(database: Database) -> Database:
    await script(
        database,
        "CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL); INSERT INTO counters VALUES (1, 0), (2, 0)",
    )
    return database


async def values(database: Database) -> dict[int, int]:
    async with database.read() as session:
        return {row.id: row.value for row in await session.execute(text("SELECT id, value FROM counters"))}


async def test_work_that_postgresql_could_not_serialize_is_run_again_until_all_of_it_counts(counters: Database) -> None:
    everybody_has_read = asyncio.Barrier(5)
    attempts = 0

    async def increment(session: WriteSession) -> int:
        nonlocal attempts
        attempts += 1
        mine = attempts
        value = await session.scalar(text("SELECT value FROM counters WHERE id = 1"))
        if mine <= 5:
            await everybody_has_read.wait()
        await session.execute(text("UPDATE counters SET value = :value WHERE id = 1"), {"value": value + 1})
        return value + 1

    results = await asyncio.gather(
        *(counters.run(increment, retry=PATIENT, isolation="SERIALIZABLE") for _ in range(5))
    )
    assert sorted(results) == [1, 2, 3, 4, 5]
    assert (await values(counters))[1] == 5
    assert attempts > 5


async def test_a_conflict_that_shows_only_at_commit_is_run_again_and_is_not_called_unknown(counters: Database) -> None:
    both_have_written = asyncio.Barrier(2)
    attempts = {1: 0, 2: 0}

    def copy_to(target: int, source: int) -> asyncio.Task[None]:
        async def work(session: WriteSession) -> None:
            attempts[target] += 1
            value = await session.scalar(text("SELECT value FROM counters WHERE id = :id"), {"id": source})
            await session.execute(
                text("UPDATE counters SET value = :value WHERE id = :id"), {"id": target, "value": value + 1}
            )
            if attempts[target] == 1:
                await both_have_written.wait()

        return asyncio.ensure_future(counters.run(work, retry=PATIENT, isolation="SERIALIZABLE"))

    await asyncio.gather(copy_to(1, 2), copy_to(2, 1))
    assert sorted((await values(counters)).values()) == [1, 2], "one must have seen what the other wrote"
    assert sorted(attempts.values()) == [1, 2]


async def test_the_victim_of_a_deadlock_is_run_again(counters: Database) -> None:
    both_hold_one = asyncio.Barrier(2)
    attempts = 0

    async def add_to_both(session: WriteSession, order: tuple[int, int]) -> None:
        nonlocal attempts
        attempts += 1
        first_round = attempts <= 2
        await session.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
        for place, number in enumerate(order):
            await session.execute(text("UPDATE counters SET value = value + 1 WHERE id = :id"), {"id": number})
            if first_round and place == 0:
                await both_hold_one.wait()

    await asyncio.gather(
        counters.run(lambda session: add_to_both(session, (1, 2)), retry=PATIENT),
        counters.run(lambda session: add_to_both(session, (2, 1)), retry=PATIENT),
    )
    assert await values(counters) == {1: 2, 2: 2}
    assert attempts == 3


@pytest.mark.parametrize("pending", [False, True], ids=["in a statement", "in the flush before commit"])
async def test_work_whose_connection_was_killed_before_commit_is_run_again_from_the_start(
    database: Database, pending: bool
) -> None:
    attempts = 0

    async def work(session: WriteSession) -> str:
        nonlocal attempts
        attempts += 1
        session.add(User(email="trader@example.org"))
        if not pending:
            await session.flush()
        if attempts == 1:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            if pending:
                session.expunge_all()
                session.add(User(email="trader@example.org"))
            async with database.engine.connect() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            if not pending:
                await session.execute(text("SELECT 1"))
        return "done"

    assert await database.run(work, retry=PATIENT) == "done"
    assert attempts == 2
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 1


async def not_unique(session: WriteSession) -> None:
    await session.execute(text("INSERT INTO counters VALUES (1, 1)"))


async def too_slow(session: WriteSession) -> None:
    await session.execute(text("SET LOCAL statement_timeout = '20ms'"))
    await session.execute(text("SELECT pg_sleep(30)"))


async def no_value(session: WriteSession) -> None:
    session.add(User(email=7))
    await session.flush()


def raising(error: BaseException) -> object:
    async def work(session: WriteSession) -> None:
        await session.execute(text("SELECT 1"))
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        (not_unique, IntegrityError),
        (too_slow, TimeLimitError),
        (no_value, InvalidValueError),
        (raising(ValueError("mine")), ValueError),
        (raising(OSError("my file")), OSError),
        (raising(TimeoutError("my own")), TimeoutError),
        (raising(ConnectionRefusedError("my own HTTP call")), ConnectionRefusedError),
        (raising(LoginRefusedError()), LoginRefusedError),
        (raising(asyncio.CancelledError()), asyncio.CancelledError),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_what_would_fail_again_or_is_the_caller_s_own_fault_is_not_repeated(
    counters: Database, work: object, kind: type[BaseException]
) -> None:
    attempts = 0

    async def counted(session: WriteSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.execute(text("UPDATE counters SET value = value + 1 WHERE id = 2"))
        await work(session)

    with pytest.raises(kind):
        await counters.run(counted, retry=PATIENT)
    assert attempts == 1
    assert await values(counters) == {1: 0, 2: 0}


async def add_row(session: WriteSession) -> str:
    await session.execute(text("INSERT INTO counters VALUES (3, 1) ON CONFLICT DO NOTHING"))
    return "done"


async def test_a_connection_that_dies_in_commit_leaves_the_outcome_unknown_and_the_work_is_not_repeated(
    counters: Database,
) -> None:
    await script(counters, DIES_AT_COMMIT.format(how="PERFORM pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(OutcomeUnknownError, match="may or may not be stored"):
        await counters.run(add_row, retry=PATIENT)
    async with counters.read() as session:
        assert await session.scalar(text("SELECT last_value FROM deaths")) == 1


async def test_idempotent_work_is_repeated_even_when_its_outcome_is_unknown(counters: Database) -> None:
    await script(counters, DIES_AT_COMMIT.format(how="PERFORM pg_terminate_backend(pg_backend_pid())"))
    assert await counters.run(add_row, retry=PATIENT, idempotent=True) == "done"
    assert await values(counters) == {1: 0, 2: 0, 3: 1}


async def test_a_commit_that_takes_longer_than_the_client_waits_has_an_unknown_outcome(counters: Database) -> None:
    await script(counters, DIES_AT_COMMIT.format(how="PERFORM pg_sleep(30)"))
    async with Database(counters.target, limits=Limits(command_timeout=0.3)) as hurried:
        with pytest.raises(OutcomeUnknownError):
            await hurried.run(add_row)


async def test_a_constraint_that_fails_at_commit_is_an_ordinary_error(counters: Database) -> None:
    await script(counters, DIES_AT_COMMIT.format(how="RAISE check_violation"))
    with pytest.raises(IntegrityError):
        await counters.run(add_row, retry=PATIENT, idempotent=True)
    assert await values(counters) == {1: 0, 2: 0}


async def test_work_that_keeps_failing_is_given_up_after_its_attempts(counters: Database) -> None:
    attempts = 0

    async def work(session: WriteSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'secret text' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(RetriesExhaustedError, match=r"failed 3 times .* 40001") as caught:
        await counters.run(work, retry=Retry(attempts=3, first_delay=0.001))
    assert attempts == 3
    assert "secret text" not in str(caught.value)
    assert isinstance(caught.value.__cause__, TransactionConflictError)


async def test_no_attempt_is_started_after_the_deadline(counters: Database) -> None:
    attempts = 0

    async def work(session: WriteSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(RetriesExhaustedError):
        await counters.run(work, retry=Retry(attempts=300, deadline=0.3, first_delay=0.01, longest_delay=0.01))
    assert 1 < attempts < 300
    attempts = 0
    with pytest.raises(RetriesExhaustedError, match="failed 1 times"):
        await counters.run(work, retry=Retry(deadline=0))
    assert attempts == 1


async def test_a_server_that_is_not_there_exhausts_the_attempts_and_says_why(counters: Database) -> None:
    nowhere = Database("postgresql:///db?host=/nonexistent")
    with pytest.raises(RetriesExhaustedError, match="cannot be reached") as caught:
        await nowhere.run(add_row, retry=Retry(attempts=2, first_delay=0.001))
    assert isinstance(caught.value.__cause__, DatabaseUnavailableError)
    await nowhere.close()


@pytest.mark.parametrize("attempts", [0, -1])
def test_work_that_is_never_tried_is_refused(attempts: int) -> None:
    with pytest.raises(InvalidValueError, match="never tried"):
        Retry(attempts=attempts)


def test_the_usual_patience_outlasts_a_restart_of_postgresql() -> None:
    usual, waited, delay = Retry(), 0.0, Retry().first_delay
    for _ in range(usual.attempts - 1):
        waited, delay = waited + delay, min(delay * 2, usual.longest_delay)
    assert waited >= usual.deadline * 0.9


@pytest.mark.parametrize("option", ["deadline", "first_delay", "longest_delay"])
def test_a_retry_has_no_negative_times(option: str) -> None:
    with pytest.raises(InvalidValueError, match="no negative times"):
        Retry(**{option: -1})
