"""Files that appear under their name only when they are whole, and replace nothing unless told to."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from tradingdb.errors import RefusedError, UnusableFileError

if TYPE_CHECKING:
    from types import TracebackType


class WholeFile:
    """A file that is written beside its place and renamed when it is finished; until then nobody sees it.

    As a context manager it gives the binary file to write to; leaving it by an exception removes what was written.
    `force` replaces a file that is there. A process that is killed leaves its unfinished file beside the place, with a
    name that begins with a dot and ends in `.part`.

    Raises:
        RefusedError: there is a file, and `force` was not said; also if one appeared while this one was written.
        UnusableFileError: the place is no file, or cannot be written to.
    """

    def __init__(self, path: Path | str, *, force: bool = False) -> None:
        self.path = Path(path)
        self.force = force
        self._target = self.path.resolve()  # a link stays one
        self._part = self._target.with_name(f".{self._target.name}.{uuid4().hex}.part")
        self._refuse_what_is_there()

    def sync(self) -> None:
        """Have the disk hold what was written so far."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> BinaryIO:
        try:
            self._file = self._part.open("xb")
        except OSError as error:
            raise self._unusable(error) from None
        return self._file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._publish()
        except OSError as refused:
            raise self._unusable(refused) from None
        finally:
            with suppress(OSError):  # a full disk refuses the last bytes again
                self._file.close()
            self._part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise self._unusable(error) from None

    def _publish(self) -> None:
        self.sync()
        self._file.close()
        if self.force:
            self._part.replace(self._target)
        else:
            self._put_where_nothing_is()

    def _refuse_what_is_there(self) -> None:
        if self._target.exists() and not self._target.is_file():
            raise UnusableFileError(f"{self.path} is no file that could be written.")
        if self._target.exists() and not self.force:
            raise self._refusal()

    def _put_where_nothing_is(self) -> None:
        """A rename replaces what is there; a link does not. Some file systems have no links."""
        try:
            os.link(self._part, self._target)
        except FileExistsError:
            raise self._refusal() from None
        except OSError:
            self._refuse_what_is_there()
            self._part.replace(self._target)

    def _refusal(self) -> RefusedError:
        return RefusedError(f"{self.path} exists and was left as it is: name another file, or replace it with --force.")

    def _unusable(self, error: OSError) -> UnusableFileError:
        return UnusableFileError(f"{self.path} cannot be written ({error.strerror or error}).")
