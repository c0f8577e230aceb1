"""How a session ends: committed or rolled back, and honest about which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tradingdb.driver import FAILED, driver_of, forget_driver
from tradingdb.errors import OutcomeUnknownError, RolledBackError, TimeLimitError
from tradingdb.failures import IN_FAILED_TRANSACTION, is_connection_loss, sqlstate_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session


async def close(session: AsyncSession) -> None:
    """Give the connection back; what is not committed is rolled back."""
    forget_driver(session.sync_session)
    if session.in_transaction():
        async with session:  # which rolls back, and finishes that when it is cancelled
            return
    session.sync_session.close()  # its connection went back with COMMIT


def commit(session: Session) -> None:
    """Commit, and say so only if it is so.

    Raises:
        OutcomeUnknownError: the connection was lost during COMMIT.
        RolledBackError: a statement had failed, so that there was nothing to commit.
    """
    session.flush()  # here, where nothing can have been stored yet
    if driver_of(session).connection.info.pop(FAILED, False):
        _refuse_if_rolled_back(session)
    try:
        session.commit()
    except Exception as error:
        if is_connection_loss(error) or isinstance(error, (TimeoutError, TimeLimitError)):
            raise OutcomeUnknownError from error
        raise


def _refuse_if_rolled_back(session: Session) -> None:
    """After a failed statement PostgreSQL answers COMMIT with a rollback, and nobody calls that an error."""
    try:
        session.execute(text("SELECT 1"))
    except Exception as error:
        if sqlstate_of(error) == IN_FAILED_TRANSACTION:
            raise RolledBackError from error
        raise
