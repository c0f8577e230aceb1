"""How SQLAlchemy speaks to PostgreSQL for us: asyncpg's dialect, but for when it begins, asks and limits."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from tradingdb.driver import remember_driver
from tradingdb.failures import sqlstate_of
from tradingdb.scope.compiler import ScopedCompiler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

DRIVERNAME = "postgresql+tradingdb"
"""The dialect's name in SQLAlchemy's URLs."""

_UNASKED = ContextVar("tradingdb_unasked", default=False)


class Dialect(PGDialect_asyncpg):
    """PostgreSQL through asyncpg; statements can be limited to a scope."""

    supports_statement_cache = True
    statement_compiler = ScopedCompiler

    def __init__(self, begin_with: str | None = None, **options: Any) -> None:
        """Run the statement `begin_with`, if there is one, at the beginning of each transaction."""
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._begin_with = begin_with

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin on the server now, where SQLAlchemy would with the first statement.

        What goes past SQLAlchemy to the driver, such as a COPY, is then within the transaction. And BEGIN asks, too,
        whether the connection is alive.
        """
        try:
            dbapi_connection.run_async(lambda _: dbapi_connection._start_transaction())  # noqa: SLF001 - no public way
        except Exception as error:
            driver = dbapi_connection.driver_connection
            if sqlstate_of(error) is None or driver.is_in_transaction():
                driver.terminate()  # it may have begun all the same, and nobody would end it
                raise self.loaded_dbapi.InterfaceError(f"BEGIN failed: {error!r}", error) from error
            driver._top_xact = None  # noqa: SLF001 - asyncpg leaves it, and would take the next BEGIN for a nested one
            raise
        if self._begin_with is not None:
            cursor = dbapi_connection.cursor()
            cursor.execute(self._begin_with)
            cursor.close()

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether a pooled connection is alive: one question, where SQLAlchemy asks three."""
        if _UNASKED.get():
            return True
        try:
            dbapi_connection.run_async(lambda driver: driver.execute("SELECT"))
        except Exception:  # noqa: BLE001 - whatever it is, the pool connects anew, and fails there if it must
            return False
        return True


registry.register("postgresql.tradingdb", __name__, Dialect.__name__)


def connect_by_begin(session: Session, options: Mapping[str, Any] | None) -> None:
    """Connect a session and begin its transaction, without asking before whether the pooled connection is alive.

    Raises:
        DBAPIError: it is not; or the server refuses to begin.
    """
    unasked = _UNASKED.set(True)
    try:
        remember_driver(session, session.connection(execution_options=options))
    finally:
        _UNASKED.reset(unasked)
