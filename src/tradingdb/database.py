"""The door to PostgreSQL: engines with every limit stated, two kinds of sessions, retries of whole units of work.

Nothing happens at import; a `Database` is made by the service and closed by it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
)
from sqlalchemy.orm import Session

from tradingdb import collisions
from tradingdb.connections import Limits, pooled_engine
from tradingdb.dialect import connect_by_begin
from tradingdb.embedded import EmbeddedServer, data_dir_from
from tradingdb.errors import (
    CollisionError,
    ConfigurationError,
    DatabaseUnavailableError,
    InvalidValueError,
    OutcomeUnknownError,
    RetriesExhaustedError,
    TradingDBError,
)
from tradingdb.failures import (
    DEADLOCK,
    REPEATABLE,
    in_our_words,
    is_connection_loss,
    is_repeatable,
    sqlstate_of,
    why_no_connection,
)
from tradingdb.last_written import KEY as LAST_WRITTEN
from tradingdb.last_written import LastWritten
from tradingdb.scope.limit import SEAT, Scope, Seat
from tradingdb.scope.listeners import ScopedSession
from tradingdb.session_end import close, commit
from tradingdb.settings import Settings
from tradingdb.urls import ConnectionTarget, parse_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

logger = logging.getLogger("tradingdb")

T = TypeVar("T")
S = TypeVar("S", bound=AsyncSession)
Isolation = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


class ReadSession(AsyncSession):
    """A session for questions. PostgreSQL itself holds its transactions READ ONLY."""


class WriteSession(ReadSession):
    """A session that may write; accepted wherever reading is enough."""

    async def commit(self) -> None:
        """Refuse: `Database.write` commits once, on the way out.

        A commit in between would end the isolation level, and `Database.run` would do the first half twice.
        """
        raise InvalidRequestError(
            "A unit of work commits once, when its block ends: leave commit() out, or open a second db.write()."
        )


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long `Database.run` repeats a unit of work."""

    attempts: int = 20
    """With the delays below about 30 seconds, long enough for PostgreSQL to restart. Collisions do not count."""
    deadline: float = 30
    """Seconds after which no further attempt is started."""
    first_delay: float = 0.05
    longest_delay: float = 2
    conflict_delay: float = 0.05
    """The longest pause after a deadlock or a serialization failure: what was in the way is gone by then."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidValueError(f"attempts was {self.attempts}: work that is never tried cannot be done.")
        if min(self.deadline, self.first_delay, self.longest_delay, self.conflict_delay) < 0:
            raise InvalidValueError("A Retry has no negative times.")


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
    has_schema: bool
    """Whether there is a schema of ours, even if the role may not read which."""


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
        self.behind_pgbouncer = pgbouncer or self.target.pgbouncer
        self._opening = asyncio.Lock()
        self._opened = False
        self.engine = pooled_engine(self.target, self.limits, application_name, pgbouncer=pgbouncer)
        # a session that outlives its block refuses to work: what it did there would never be committed
        self._write = async_sessionmaker(
            self.engine,
            class_=WriteSession,
            expire_on_commit=False,
            close_resets_only=False,
            # behind PgBouncer every statement is planned anew, and one that checks a guess takes longer than looking
            info={LAST_WRITTEN: LastWritten(size=0) if self.behind_pgbouncer else LastWritten()},
        )
        self._read = async_sessionmaker(
            self.engine,
            class_=ReadSession,
            expire_on_commit=False,
            close_resets_only=False,
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
        if self.embedded is None or self._opened:
            return
        async with self._opening:
            if not self._opened:
                await self._acquire(self.embedded)
                self._opened = True

    async def _reopen(self, server: EmbeddedServer) -> None:
        """Start the embedded server again if it died while we used it."""
        async with self._opening:
            await asyncio.to_thread(server.revive)

    async def _acquire(self, server: EmbeddedServer) -> None:
        """A thread cannot be cancelled: if we are, let it finish, and take back what it did."""
        acquiring = asyncio.ensure_future(asyncio.to_thread(server.acquire))
        try:
            await asyncio.shield(acquiring)
        except asyncio.CancelledError:
            await acquiring
            await asyncio.to_thread(server.release)
            raise

    async def close(self) -> None:
        """Return every connection, and let the embedded server stop if nobody else uses it."""
        await self.engine.dispose()
        if self._opened and self.embedded is not None:
            self._opened = False
            await asyncio.to_thread(self.embedded.release)

    def read(self, *, scope: Scope | None = None) -> AbstractAsyncContextManager[ReadSession]:
        """A session for questions: PostgreSQL refuses to write, unless a statement asks for another mode first.

        With a `scope` it sees rows of that account and mode only.
        """
        return self._session(self._read, scope)

    def write(
        self, *, isolation: Isolation | None = None, scope: Scope | None = None
    ) -> AbstractAsyncContextManager[WriteSession]:
        """One unit of work: commits once on the way out, rolls back on any error.

        With a `scope` it sees, changes and adds rows of that account and mode only.

        Raises:
            OutcomeUnknownError: the connection was lost during COMMIT.
        """
        options = {} if isolation is None else {"isolation_level": isolation}
        return self._session(self._write, scope, options, commit)

    @asynccontextmanager
    async def _session(
        self,
        make: async_sessionmaker[S],
        scope: Scope | None,
        options: dict[str, Any] | None = None,
        finish: Callable[[Session], None] | None = None,
    ) -> AsyncIterator[S]:
        await self.open()
        session = make() if scope is None else make(info={SEAT: Seat(scope)}, sync_session_class=ScopedSession)
        with in_our_words():
            try:
                await self._connect(session, options)
                yield session
                if finish is not None:
                    await session.run_sync(finish)
            finally:
                await close(session)

    async def _connect(self, session: AsyncSession, options: dict[str, Any] | None) -> None:
        """Connect at once, so that what goes wrong later is not mistaken for a missing server."""
        try:
            await self._begin(session, options)
        except DatabaseUnavailableError:
            if self.embedded is None:
                raise
            await self._reopen(self.embedded)
            await self._begin(session, options)

    @staticmethod
    async def _begin(session: AsyncSession, options: dict[str, Any] | None) -> None:
        with in_our_words(why_no_connection):
            try:
                await session.run_sync(connect_by_begin, options)
            except DBAPIError as error:
                if not is_connection_loss(error):
                    raise
                await session.run_sync(Session.connection, execution_options=options)  # which asks before it begins

    async def run(
        self,
        work: Callable[[WriteSession], Awaitable[T]],
        *,
        retry: Retry | None = None,
        isolation: Isolation | None = None,
        scope: Scope | None = None,
        idempotent: bool = False,
    ) -> T:
        """Run a unit of work, and run all of it again when PostgreSQL says that this may help.

        Repeated after a serialization failure, a collision, a deadlock or a lost connection; never after anything else
        (`tradingdb.collisions`). When the connection is lost during COMMIT the work may be stored already: it is
        repeated only if `idempotent` says that doing it twice is the same as doing it once.

        Raises:
            OutcomeUnknownError: the connection was lost during COMMIT and the work is not idempotent.
            RetriesExhaustedError: it kept failing until attempts or time ran out.
        """
        retry = retry or Retry()
        give_up_at = time.monotonic() + retry.deadline
        delay = retry.first_delay
        unit = collisions.Unit()
        attempt = deadlocks = 0
        while True:
            known = len(unit.wanted)
            unit.begin()
            try:
                async with self.write(isolation=isolation, scope=scope) as session:
                    unit.work_in(session)
                    if deadlocks > 1 and isolation in {None, "READ COMMITTED"}:
                        await session.execute(collisions.RUN_ALONE)
                    result = await work(session)
                    if unit.collided:
                        raise CollisionError  # noqa: TRY301 - whoever swallowed it, nothing of this may be committed
                    return result
            except OutcomeUnknownError:
                if not idempotent:
                    raise
                last: Exception = OutcomeUnknownError()
            except Exception as error:
                if not (unit.collided or is_repeatable(error)):
                    raise
                last = error
            if unit.collided and len(unit.wanted) > known and time.monotonic() < give_up_at:
                continue  # it has learned what to wait for, and need not come back later
            attempt += 1
            deadlocks += sqlstate_of(last) == DEADLOCK
            longest = retry.conflict_delay if sqlstate_of(last) in REPEATABLE else math.inf
            pause = min(delay, longest) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
            if attempt == retry.attempts or time.monotonic() + pause > give_up_at:
                raise RetriesExhaustedError(
                    f"The unit of work failed {attempt} times with errors that are worth repeating; "
                    f"the last: {_brief(last)}"
                ) from last
            logger.info("repeating a unit of work after %s (attempt %d)", _brief(last), attempt)
            await asyncio.sleep(pause)
            delay = min(delay * 2, retry.longest_delay)

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
            has_schema=row.has_schema,
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
           to_regclass('tradingdb_version') IS NOT NULL AS has_schema,
           coalesce(has_table_privilege(to_regclass('tradingdb_version'), 'SELECT'), false) AS has_version_table
    """
)
