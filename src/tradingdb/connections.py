"""How connections are made: a pool with every limit stated for services, a single one without limits for DDL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, event
from sqlalchemy.ext.asyncio import create_async_engine

from tradingdb.core.json import dump_json, load_json
from tradingdb.dialect import DRIVERNAME
from tradingdb.driver import FAILED
from tradingdb.errors import TimeLimitError
from tradingdb.failures import READ_ONLY, SERVER_GONE, in_our_words, sqlstate_of, why_no_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine.interfaces import AdaptedConnection, ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from tradingdb.urls import ConnectionTarget


@dataclass(frozen=True, slots=True)
class Limits:
    """How long anything may take, in seconds, and how many connections there may be."""

    pool_size: int = 10
    max_overflow: int = 10
    pool_timeout: float = 10
    connect_timeout: float = 10
    command_timeout: float = 35
    """Client side: a network that swallows packets must not hang the caller. Above `statement_timeout`, so that the
    server, when it is there, is the one to say no."""
    statement_timeout: float = 30
    idle_in_transaction_timeout: float = 60
    """A session is in a transaction for as long as its block lasts."""
    deadlock_timeout: float = 0.1
    """After this PostgreSQL looks whether those who wait wait for each other; its own default is a second. Set where
    the role may: superusers, and whoever was granted it (`GRANT SET ON PARAMETER deadlock_timeout TO …`)."""


@asynccontextmanager
async def maintenance_connection(
    target: ConnectionTarget, *, application_name: str = "tradingdb-maintenance", autocommit: bool = False
) -> AsyncIterator[AsyncConnection]:
    """A connection of its own for DDL: no time limit for statements, closed on the way out."""
    engine = create_async_engine(
        target.url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "timeout": Limits().connect_timeout,
            **target.connect_args,
            "server_settings": {
                "application_name": application_name,
                "timezone": "UTC",
                **target.server_settings,
            },
        },
        **({"isolation_level": "AUTOCOMMIT"} if autocommit else {}),
    )
    connection = engine.connect()
    with in_our_words(why_no_connection):
        await connection.start()
    try:
        with in_our_words():
            yield connection
    finally:
        await connection.close()
        await engine.dispose()


def pooled_engine(target: ConnectionTarget, limits: Limits, application_name: str, *, pgbouncer: bool) -> AsyncEngine:
    """The engine of a service: limits stated, transactions begun at once, JSON strict, parameters never logged."""
    timeouts = {
        "statement_timeout": f"{limits.statement_timeout * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{limits.idle_in_transaction_timeout * 1000:.0f}",
    }
    behind_pgbouncer = pgbouncer or target.pgbouncer
    connect_args: dict[str, Any] = {
        "timeout": limits.connect_timeout,
        "command_timeout": limits.command_timeout,
        **target.connect_args,
        "server_settings": {
            "application_name": application_name,
            "timezone": "UTC",
            **target.server_settings,
        },
    }
    begin_with = None
    if behind_pgbouncer:
        connect_args |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        # a session setting would reach the next client of the same server connection, so each transaction sets its own
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in timeouts.items())
        begin_with = f"SELECT {settings}"
    else:
        # jit costs more than it gives on short statements, and makes asyncpg's type lookups slow
        connect_args["server_settings"] |= timeouts | {"jit": "off"}
    engine = create_async_engine(
        target.url.set(drivername=DRIVERNAME),
        begin_with=begin_with,
        connect_args=connect_args,
        pool_pre_ping=True,
        pool_size=limits.pool_size,
        max_overflow=limits.max_overflow,
        pool_timeout=limits.pool_timeout,
        pool_recycle=1800,
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=dump_json,
        json_deserializer=load_json,
    )
    event.listen(engine.sync_engine, "handle_error", _remember_failure)
    event.listen(engine.sync_engine, "handle_error", _name_the_time_limit)
    event.listen(engine.sync_engine, "handle_error", _drop_connections_of_a_demoted_server)
    if not behind_pgbouncer:

        @event.listens_for(engine.sync_engine, "connect")
        def look_for_deadlocks_sooner(connection: AdaptedConnection, _record: object) -> None:
            script = _SET_DEADLOCK_TIMEOUT.format(milliseconds=round(limits.deadlock_timeout * 1000))
            connection.run_async(lambda driver: driver.execute(script))

    return engine


_SET_DEADLOCK_TIMEOUT = """
SELECT set_config('deadlock_timeout', '{milliseconds}', false)
WHERE has_parameter_privilege('deadlock_timeout', 'SET')
"""


def _remember_failure(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        context.connection.info[FAILED] = True


def _name_the_time_limit(context: ExceptionContext) -> None:
    """`command_timeout` reaches us as a bare TimeoutError; here it cannot be confused with one of the caller's own."""
    if type(context.original_exception) is TimeoutError and context.connection is not None:
        raise TimeLimitError(
            "PostgreSQL did not answer a statement within command_timeout: the network or the server hangs."
        ) from context.original_exception


def _drop_connections_of_a_demoted_server(context: ExceptionContext) -> None:
    """After a failover pooled connections stay on the old primary, which refuses every write, until dropped."""
    state = sqlstate_of(context.original_exception)
    said_read_only = context.connection is not None and context.connection.get_execution_options().get(
        "postgresql_readonly"
    )
    if state in SERVER_GONE or (state == READ_ONLY and not said_read_only):
        context.is_disconnect = True
