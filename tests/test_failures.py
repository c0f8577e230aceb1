"""What PostgreSQL says is told apart by sqlstate and constraint, never by its text."""

from __future__ import annotations

import ssl

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tradingdb.database import Database
from tradingdb.errors import (
    DatabaseMissingError,
    DatabaseUnavailableError,
    InsufficientRightsError,
    LockTimeoutError,
    LoginRefusedError,
    TradingDBError,
    TransactionConflictError,
)
from tradingdb.failures import (
    in_our_words,
    is_connection_loss,
    is_repeatable,
    sqlstate_of,
    translated,
    why_no_connection,
)

DRIVER_TEXT = "secret-driver-text"


async def said_by_postgresql(database: Database, sqlstate: str) -> DBAPIError:
    """The error that SQLAlchemy raises when the server answers with a sqlstate."""
    statement = f"DO $$ BEGIN RAISE EXCEPTION '{DRIVER_TEXT}' USING ERRCODE = '{sqlstate}'; END $$"
    async with database.engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text(statement))
        await connection.invalidate()
    return caught.value


@pytest.mark.parametrize(
    ("sqlstate", "kind", "says"),
    [
        ("28P01", LoginRefusedError, "user and the password"),
        ("28000", LoginRefusedError, "pg_hba.conf"),
        ("3D000", DatabaseMissingError, "does not exist"),
        ("53300", DatabaseUnavailableError, "max_connections"),
        ("55P03", LockTimeoutError, "held a lock"),
        ("40001", TransactionConflictError, "sqlstate 40001"),
        ("40P01", TransactionConflictError, "run it again"),
        ("42501", InsufficientRightsError, "lacks a right"),
        ("25006", DatabaseUnavailableError, "is a replica"),
        ("57P01", DatabaseUnavailableError, "PostgreSQL"),
        ("57P02", DatabaseUnavailableError, "PostgreSQL"),
        ("57P03", DatabaseUnavailableError, "PostgreSQL"),
        ("08006", DatabaseUnavailableError, "PostgreSQL"),
    ],
)
async def test_a_failure_that_we_can_say_better_becomes_our_error_without_the_driver_s_text(
    unchanged: Database, sqlstate: str, kind: type[TradingDBError], says: str
) -> None:
    error = await said_by_postgresql(unchanged, sqlstate)
    ours = translated(error)
    assert type(ours) is kind
    assert says in str(ours)
    assert DRIVER_TEXT not in str(ours)
    with pytest.raises(kind) as caught, in_our_words():
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("sqlstate", ["23505", "22012", "42P01"])
async def test_a_failure_that_the_original_says_best_is_left_alone(unchanged: Database, sqlstate: str) -> None:
    error = await said_by_postgresql(unchanged, sqlstate)
    assert sqlstate_of(error) == sqlstate
    assert translated(error) is None
    with pytest.raises(DBAPIError) as caught, in_our_words():
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("sqlstate", "repeatable", "lost"),
    [
        ("40001", True, False),
        ("40P01", True, False),
        ("57P01", True, True),
        ("08006", True, True),
        ("23505", False, False),
        ("57014", False, False),
        ("55P03", False, False),
        ("53100", False, False),
        ("42501", False, False),
    ],
)
async def test_only_what_may_succeed_the_next_time_is_worth_repeating(
    unchanged: Database, sqlstate: str, repeatable: bool, lost: bool
) -> None:
    error = await said_by_postgresql(unchanged, sqlstate)
    assert (is_repeatable(error), is_connection_loss(error)) == (repeatable, lost)


@pytest.mark.parametrize("error", [ValueError("x"), OSError("x"), ConnectionResetError("x"), TimeoutError("x")])
def test_what_postgresql_never_said_has_no_sqlstate_and_no_translation(error: Exception) -> None:
    assert (sqlstate_of(error), translated(error)) == (None, None)


def tls_error() -> ssl.SSLError:
    with pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context(cadata="no certificate")
    return caught.value


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionRefusedError("refused"), "check that it runs"),
        (FileNotFoundError("no socket"), "check that it runs"),
        (TimeoutError(), "did not answer in time"),
        (tls_error(), r"TLS with PostgreSQL failed \(.+\): check sslmode and sslrootcert"),
    ],
)
def test_while_connecting_every_fault_of_the_network_means_that_the_server_is_not_there(
    error: Exception, says: str
) -> None:
    with pytest.raises(DatabaseUnavailableError, match=says), in_our_words(why_no_connection):
        raise error


def test_an_error_of_ours_is_not_translated_twice() -> None:
    ours = LockTimeoutError("mine")
    with pytest.raises(LockTimeoutError) as caught, in_our_words(why_no_connection):
        raise ours
    assert caught.value is ours
    assert caught.value.__cause__ is None
