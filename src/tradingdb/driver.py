"""The driver's connection under a session, for what goes past SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradingdb.errors import RolledBackError

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session, SessionTransaction

FAILED = "tradingdb_failed"
"""Key in a connection's `info`: a statement failed on it, so its transaction may be rolled back already."""

_SEEN = "tradingdb_driver"


class Driver:
    """A session's connection as asyncpg has it, within the session's transaction: `with driver as raw: …`.

    The block does what SQLAlchemy does for its own statements. After a failed one COMMIT must not pass for success. And
    after one that was cancelled nobody knows what the driver is still doing: the connection is dropped, so that the
    cancellation is all that is heard of it.
    """

    __slots__ = ("_raw", "connection", "within")

    def __init__(self, connection: Connection, within: SessionTransaction | None) -> None:
        raw = connection.connection.driver_connection
        if raw is None:
            raise AssertionError  # pragma: no cover - a checked-out connection has a driver
        self._raw: asyncpg.Connection = raw
        self.connection = connection
        self.within = within
        """The transaction or savepoint in which it was looked up."""

    def __enter__(self) -> asyncpg.Connection:
        return self._raw

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            self.connection.info[FAILED] = True
        elif error is not None:
            self.connection.invalidate()


async def driver_in_transaction(session: AsyncSession) -> Driver:
    """The driver of a session. A savepoint that was asked for begins here, not before.

    Raises:
        PendingRollbackError: a flush failed, and with it all that the session had done.
        RolledBackError: the transaction was ended on the connection itself.
    """
    if (seen := _seen(session.sync_session)) is not None:
        return seen
    return await session.run_sync(driver_of)


def driver_of(session: Session) -> Driver:
    """The same within SQLAlchemy's greenlet."""
    if (seen := _seen(session)) is not None:
        return seen
    connection = session.connection()
    if not connection.in_transaction():  # ended past the session, which would not begin another
        raise RolledBackError
    return remember_driver(session, connection)


def remember_driver(session: Session, connection: Connection) -> Driver:
    """Look no more for the driver of a session until its transaction or its innermost savepoint is another."""
    session.info[_SEEN] = driver = Driver(connection, _transaction_of(session))
    return driver


def forget_driver(session: Session) -> None:
    """Of a session that has ended: it would be kept alive by what it remembers."""
    session.info.pop(_SEEN, None)


def _seen(session: Session) -> Driver | None:
    seen: Driver | None = session.info.get(_SEEN)
    if seen is None or seen.within is not _transaction_of(session):
        return None
    return seen if session.is_active and seen.connection.in_transaction() else None


def _transaction_of(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()
