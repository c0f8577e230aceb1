"""The door to PostgreSQL: engines with every limit stated, two kinds of sessions, retries of whole units of work.

This is the only module that connects. Nothing happens at import; a `Database` is made by the service and closed by it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from sqlalchemy import NullPool, event, text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from tradingdb.core.json import dump_json, load_json
from tradingdb.embedded import EmbeddedServer, data_dir_from
from tradingdb.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    RetriesExhaustedError,
    RolledBackError,
    TradingDBError,
)
from tradingdb.failures import (
    FAILED,
    IN_FAILED_TRANSACTION,
    READ_ONLY,
    SERVER_GONE,
    in_our_words,
    is_connection_loss,
    is_repeatable,
    sqlstate_of,
    why_no_connection,
)
from tradingdb.settings import Settings
from tradingdb.urls import ConnectionTarget, parse_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import ExceptionContext

logger = logging.getLogger("tradingdb")

T = TypeVar("T")
S = TypeVar("S", bound=AsyncSession)
Isolation = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


class ReadSession(AsyncSession):
    """A session for questions. PostgreSQL itself holds its transactions READ ONLY."""


class WriteSession(ReadSession):
    """A session that may write; accepted wherever reading is enough."""


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


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long `Database.run` repeats a unit of work."""

    attempts: int = 5
    deadline: float = 30
    """Seconds after which no further attempt is started."""
    first_delay: float = 0.05
    longest_delay: float = 2


@dataclass(frozen=True, slots=True)
class Health:
    """What a probe found."""

    database: str
    server_version: str
    latency_ms: float
    is_replica: bool
    connections: int
    max_connections: int
    vector_version: str | None
    revision: str | None


class Database:
    """One PostgreSQL database, its connection pool and its sessions.

    `url` may be any PostgreSQL URL that a console prints. `pgbouncer=True` (or `?pgbouncer=true`) is for PgBouncer in
    transaction mode: no prepared statements, no session settings. Use as an async context manager, or call `close`.
    """

    def __init__(
        self,
        url: str | ConnectionTarget,
        *,
        application_name: str = "tradingdb",
        limits: Limits | None = None,
        pgbouncer: bool = False,
        embedded: EmbeddedServer | None = None,
    ) -> None:
        self.target = parse_url(url) if isinstance(url, str) else url
        self.limits = limits or Limits()
        self.embedded = embedded
        self._opening = asyncio.Lock()
        self._opened = False
        self.engine = _pooled_engine(self.target, self.limits, application_name, pgbouncer=pgbouncer)
        self._write = async_sessionmaker(self.engine, class_=WriteSession, expire_on_commit=False)
        self._read = async_sessionmaker(
            self.engine,
            class_=ReadSession,
            expire_on_commit=False,
            execution_options={"postgresql_readonly": True},
        )

    @classmethod
    def from_env(cls, settings: Settings | None = None, **options: Any) -> Self:
        """The database that the environment names: `DATABASE_URL`, or else the embedded PostgreSQL.

        Raises:
            ConfigurationError: a setting cannot be used, or `DATABASE_URL` is missing in production.
        """
        settings = settings or Settings.load()
        options.setdefault("pgbouncer", settings.pgbouncer)
        if settings.database_url is not None:
            return cls(settings.database_url.get_secret_value(), **options)
        server = embedded_server(settings)
        logger.info("DATABASE_URL is not set: using the embedded PostgreSQL %s in %s", server.version, server.data_dir)
        return cls(ConnectionTarget(server.url()), embedded=server, **options)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Start the embedded server, if it is the one. Sessions do this by themselves."""
        if self.embedded is None:
            return
        async with self._opening:
            if not self._opened:
                await asyncio.to_thread(self.embedded.acquire)
                self._opened = True

    async def close(self) -> None:
        """Return every connection, and let the embedded server stop if nobody else uses it."""
        await self.engine.dispose()
        if self._opened and self.embedded is not None:
            self._opened = False
            await asyncio.to_thread(self.embedded.release)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A session for questions; whatever it may try to write, PostgreSQL refuses."""
        async with self._connected(self._read()) as session:
            yield session

    @asynccontextmanager
    async def write(self, *, isolation: Isolation | None = None) -> AsyncIterator[WriteSession]:
        """One unit of work: commits once on the way out, rolls back on any error.

        Raises:
            OutcomeUnknownError: the connection was lost during COMMIT.
        """
        options = {} if isolation is None else {"isolation_level": isolation}
        async with self._connected(self._write(), options) as session:
            yield session
            await _commit(session)

    @asynccontextmanager
    async def _connected(self, session: S, options: dict[str, Any] | None = None) -> AsyncIterator[S]:
        """Connect at once, so that what goes wrong later is not mistaken for a missing server."""
        await self.open()
        with in_our_words():
            async with session:
                with in_our_words(why_no_connection):
                    await session.connection(execution_options=options)
                yield session

    async def run(
        self,
        work: Callable[[WriteSession], Awaitable[T]],
        *,
        retry: Retry | None = None,
        isolation: Isolation | None = None,
        idempotent: bool = False,
    ) -> T:
        """Run a unit of work, and run all of it again when PostgreSQL says that this may help.

        Repeated after a serialization failure, a deadlock or a lost connection; never after anything else. When the
        connection is lost during COMMIT the work may be stored already: it is repeated only if `idempotent` says that
        doing it twice is the same as doing it once.

        Raises:
            OutcomeUnknownError: the connection was lost during COMMIT and the work is not idempotent.
            RetriesExhaustedError: it kept failing until attempts or time ran out.
        """
        retry = retry or Retry()
        give_up_at = time.monotonic() + retry.deadline
        delay = retry.first_delay
        for attempt in range(1, retry.attempts + 1):
            try:
                async with self.write(isolation=isolation) as session:
                    return await work(session)
            except OutcomeUnknownError:
                if not idempotent:
                    raise
                last: Exception = OutcomeUnknownError()
            except Exception as error:
                if not is_repeatable(error):
                    raise
                last = error
            pause = delay * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
            if attempt == retry.attempts or time.monotonic() + pause > give_up_at:
                raise RetriesExhaustedError(
                    f"The unit of work failed {attempt} times with errors that are worth repeating; "
                    f"the last: {_brief(last)}"
                ) from last
            logger.info("repeating a unit of work after %s (attempt %d)", _brief(last), attempt)
            await asyncio.sleep(pause)
            delay = min(delay * 2, retry.longest_delay)
        raise AssertionError  # pragma: no cover - the loop returns or raises

    async def health(self) -> Health:
        """Ask the server how it is.

        Raises:
            DatabaseUnavailableError: it does not answer.
            LoginRefusedError: it does not let us in.
        """
        started = time.perf_counter()
        async with self.read() as session:
            row = (await session.execute(_HEALTH)).one()
            revision = None
            if row.has_version_table:
                revision = await session.scalar(text("SELECT version_num FROM tradingdb_version"))
        return Health(
            database=row.database,
            server_version=row.server_version,
            latency_ms=round((time.perf_counter() - started) * 1000, 1),
            is_replica=row.is_replica,
            connections=row.connections,
            max_connections=row.max_connections,
            vector_version=row.vector_version,
            revision=revision,
        )


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of these settings, not started.

    Raises:
        ConfigurationError: in production.
    """
    if settings.in_production:
        raise ConfigurationError(
            "DATABASE_URL is not set, and the embedded PostgreSQL is refused in production: set DATABASE_URL."
        )
    return EmbeddedServer(data_dir_from(settings), version=settings.embedded_postgres)


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


def _pooled_engine(target: ConnectionTarget, limits: Limits, application_name: str, *, pgbouncer: bool) -> AsyncEngine:
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
    if behind_pgbouncer:
        connect_args |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    else:
        # jit costs more than it gives on short statements, and makes asyncpg's type lookups slow
        connect_args["server_settings"] |= timeouts | {"jit": "off"}
    engine = create_async_engine(
        target.url,
        connect_args=connect_args,
        pool_size=limits.pool_size,
        max_overflow=limits.max_overflow,
        pool_timeout=limits.pool_timeout,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=dump_json,
        json_deserializer=load_json,
    )
    event.listen(engine.sync_engine, "handle_error", _remember_failure)
    event.listen(engine.sync_engine, "handle_error", _drop_connections_of_a_demoted_server)
    if behind_pgbouncer:
        # a session setting would reach the next client of the same server connection, so each transaction sets its own
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in timeouts.items())

        @event.listens_for(engine.sync_engine, "begin")
        def limit_transaction(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT {settings}")

    return engine


def _remember_failure(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        context.connection.info[FAILED] = True


def _drop_connections_of_a_demoted_server(context: ExceptionContext) -> None:
    """After a failover pooled connections stay on the old primary, which refuses every write, until dropped."""
    state = sqlstate_of(context.original_exception)
    said_read_only = context.connection is not None and context.connection.get_execution_options().get(
        "postgresql_readonly"
    )
    if state in SERVER_GONE or (state == READ_ONLY and not said_read_only):
        context.is_disconnect = True


async def _commit(session: AsyncSession) -> None:
    await session.flush()  # here, where nothing can have been stored yet
    connection = await session.connection()
    if connection.info.pop(FAILED, False):
        await _refuse_if_rolled_back(session)
    try:
        await session.commit()
    except Exception as error:
        if is_connection_loss(error) or isinstance(error, TimeoutError):
            raise OutcomeUnknownError from error
        raise


async def _refuse_if_rolled_back(session: AsyncSession) -> None:
    """After a failed statement PostgreSQL answers COMMIT with a rollback, and nobody calls that an error."""
    try:
        await session.execute(text("SELECT 1"))
    except Exception as error:
        if sqlstate_of(error) == IN_FAILED_TRANSACTION:
            raise RolledBackError from error
        raise


def _brief(error: Exception) -> str:
    if isinstance(error, TradingDBError):
        return str(error)
    return f"{type(error).__name__} {sqlstate_of(error) or ''}".strip()


_HEALTH = text(
    """
    SELECT current_database() AS database,
           current_setting('server_version') AS server_version,
           pg_is_in_recovery() AS is_replica,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS max_connections,
           (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector_version,
           coalesce(has_table_privilege(to_regclass('tradingdb_version'), 'SELECT'), false) AS has_version_table
    """
)
