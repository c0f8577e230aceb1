"""What PostgreSQL and its driver say when something fails, in our words. Told apart by sqlstate, never by text."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tradingdb.errors import (
    ConfigurationError,
    DatabaseMissingError,
    DatabaseUnavailableError,
    InsufficientRightsError,
    LockTimeoutError,
    LoginRefusedError,
    PartitionMissingError,
    RolledBackError,
    TimeLimitError,
    TradingDBError,
    TransactionConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLOCK = "40P01"
REPEATABLE = {"40001", DEADLOCK}
"""Serialization failure and deadlock: PostgreSQL has rolled the transaction back and asks to try again."""

SERVER_GONE = {"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006", "08007"}
READ_ONLY = "25006"
IN_FAILED_TRANSACTION = "25P02"

CHECK_VIOLATION = "23514"
FOREIGN_KEY_VIOLATION = "23503"
LOCK_NOT_AVAILABLE = "55P03"
INSUFFICIENT_PRIVILEGE = "42501"

_POOLED = (
    "The server does not know what it was asked before, as happens where PgBouncer stands before PostgreSQL: "
    "add ?pgbouncer=true to DATABASE_URL, or name PostgreSQL's own host and port."
)
"""Refused settings of a connection; a prepared statement that is there already, or is not."""

_MEANING: dict[str, tuple[type[TradingDBError], str | None]] = {
    "28P01": (LoginRefusedError, None),
    "28000": (
        LoginRefusedError,
        "PostgreSQL refused the login: the user does not exist or pg_hba.conf has no entry for it.",
    ),
    "3D000": (DatabaseMissingError, None),
    "55000": (
        DatabaseUnavailableError,
        "PostgreSQL refused to work with the database as it is: if dropping it was interrupted, "  # noqa: ISC004
        "`tradingdb db reset` drops it and makes it again.",
    ),
    "53300": (
        DatabaseUnavailableError,
        "PostgreSQL has no connection left (max_connections): close some, or use a smaller pool.",
    ),
    **dict.fromkeys(("08P01", "42P05", "26000"), (ConfigurationError, _POOLED)),
    LOCK_NOT_AVAILABLE: (LockTimeoutError, None),
    "57014": (TimeLimitError, None),
    INSUFFICIENT_PRIVILEGE: (
        InsufficientRightsError,
        "The database role lacks a right that this needs: connect as the owner of the schema, or have it granted.",
    ),
    READ_ONLY: (
        InsufficientRightsError,
        "PostgreSQL refused to write: the session is read-only (db.read()), or the server is a replica.",
    ),
}


def sqlstate_of(error: BaseException) -> str | None:
    """The five characters by which PostgreSQL names a failure, if the server said anything."""
    for candidate in (getattr(error, "orig", None), error):
        state = getattr(candidate, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None


def violated_constraint(error: BaseException) -> tuple[str, str]:
    """The table and the name of the constraint that a row violates."""
    said = _of_driver(error)
    return str(getattr(said, "table_name", "")), str(getattr(said, "constraint_name", ""))


def _of_driver(error: BaseException) -> BaseException:
    """What asyncpg raised, under SQLAlchemy's two layers if they are there."""
    return getattr(getattr(error, "orig", None), "__cause__", None) or error


def is_connection_loss(error: BaseException) -> bool:
    """Whether the server went away, so that nothing is known of a statement under way."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return sqlstate_of(error) in SERVER_GONE or any(
        isinstance(
            each,
            (
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,  # the driver does not know any more what the connection is doing
                asyncpg.ConnectionDoesNotExistError,
                DatabaseUnavailableError,
            ),
        )
        for each in (error, _of_driver(error))
    )


def is_repeatable(error: BaseException) -> bool:
    """Whether running the whole unit of work again may succeed."""
    return sqlstate_of(error) in REPEATABLE or is_connection_loss(error)


_AFTER_A_LOSS = "8s2b"
"""SQLAlchemy's code where a connection is used on that was lost: what it says itself is about the rollback."""


def translated(error: BaseException) -> TradingDBError | None:  # noqa: PLR0911 - one per meaning
    """The same failure of PostgreSQL or its driver as one of our errors; None where the original says it best."""
    state = sqlstate_of(error)
    is_invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    if isinstance(error, PendingRollbackError):
        return _lost() if error.code == _AFTER_A_LOSS else RolledBackError()
    if state in _MEANING and not (state == READ_ONLY and is_invalidated):
        kind, message = _MEANING[state]
        return kind(message)
    if state in REPEATABLE:
        return TransactionConflictError(state)
    if isinstance(error, PoolTimeoutError):
        return DatabaseUnavailableError(
            "Every connection of the pool is in use for too long: use a larger pool, or hold sessions for less time."
        )
    if state == CHECK_VIOLATION and _has_no_partition(_of_driver(error)):
        return PartitionMissingError()
    if state in SERVER_GONE:
        return DatabaseUnavailableError()
    if state == READ_ONLY:
        return DatabaseUnavailableError(
            "PostgreSQL refused to write: the server is a replica, or has become one; connect to the primary."
        )
    if is_invalidated or isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return _lost()
    return None


def _lost() -> DatabaseUnavailableError:
    return DatabaseUnavailableError("The connection to PostgreSQL was lost.")


def _has_no_partition(said: BaseException) -> bool:
    """PostgreSQL calls it a check of the table, and it is the only one that has no name."""
    return bool(getattr(said, "table_name", None)) and not getattr(said, "constraint_name", None)


def why_no_connection(error: BaseException) -> TradingDBError | None:
    """Why connecting failed. Wider than `translated`: while connecting, every OSError is about the connection."""
    if isinstance(error, ssl.SSLError):
        return DatabaseUnavailableError(
            f"TLS with PostgreSQL failed ({getattr(error, 'reason', None) or 'handshake'}): "
            "check sslmode and sslrootcert in DATABASE_URL."
        )
    if isinstance(_of_driver(error), asyncpg.ClientConfigurationError):
        return ConfigurationError(
            "DATABASE_URL asks for a verified certificate and names no authority: add sslrootcert=system, "
            "or sslrootcert= with the file of the authority that signed the server's certificate."
        )
    if isinstance(error, TimeoutError):
        return DatabaseUnavailableError(
            "PostgreSQL did not answer in time: it is down, overloaded or behind a firewall; check DATABASE_URL."
        )
    if isinstance(error, OSError):
        return DatabaseUnavailableError()
    return translated(error)


class in_our_words:  # noqa: N801 - read as the words of a sentence
    """Raise our error instead of the driver's, where ours says more.

    A class, because every session enters two of them, and a generator costs more.
    """

    __slots__ = ("_translate",)

    def __init__(self, translate: Callable[[BaseException], TradingDBError | None] = translated) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, TradingDBError):
            return
        if (ours := self._translate(error)) is not None:
            raise ours from error
