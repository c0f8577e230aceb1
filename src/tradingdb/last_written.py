"""What units of work of this process wrote last: a guess at what the next will find, for PostgreSQL to check.

Nothing here is believed. Whoever guesses writes on condition that the guess is true, within the same statement, and
looks when it is not. A guess is made only where nobody else seems to write: where what was looked up was what this
process had written. So a guess costs nothing where several processes write the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sqlalchemy.ext.asyncio import AsyncSession

KEY = "tradingdb_last_written"
"""Key in a session's `info`."""


class LastWritten:
    """Values by key, the latest `size` of them; shared by the sessions of one database. Of size 0 it never guesses."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._values: dict[Hashable, Any] = {}
        self._ours: set[Hashable] = set()
        """Keys that nobody else has written since, as far as was seen."""

    def guess(self, key: Hashable) -> Any | None:
        """What is probably there. None: whoever wants to know has to look."""
        return self._values[key] if key in self._ours else None

    def found(self, key: Hashable, value: object) -> None:
        """Somebody has looked."""
        if self._values.get(key) == value:
            self._ours.add(key)
        else:
            self._ours.discard(key)

    def wrote(self, key: Hashable, value: object) -> None:
        """A unit of work has written this; whether it is committed will be seen."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._size:
            oldest = next(iter(self._values))
            del self._values[oldest]
            self._ours.discard(oldest)


def last_written_in(session: AsyncSession) -> LastWritten:
    """What is remembered for a session: by its database, or by itself if it has none of ours."""
    last: LastWritten | None = session.info.get(KEY)
    return session.info.setdefault(KEY, LastWritten()) if last is None else last
