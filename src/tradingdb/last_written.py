"""What units of work of this process wrote last: a guess at what the next will find, for PostgreSQL to check.

Nothing here is believed. Whoever guesses writes on condition that the guess is true, within the same statement, and
looks when it is not. As that takes longer than looking at once, a guess is made only where nobody else seems to write:
where looking found what this process had written, the more often in a row the more often guesses were wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sqlalchemy.ext.asyncio import AsyncSession

KEY = "tradingdb_last_written"
"""Key in a session's `info`."""

MOST_CAUTIOUS = 64
"""After as many looks in a row a guess is made again, however often it was wrong."""


@dataclass(slots=True)
class _Memory:
    value: Any
    found: int = 0
    """How often in a row it was there when somebody looked."""
    needed: int = 1
    """How often it has to be."""


class LastWritten:
    """Values by key, the latest `size` of them; shared by the sessions of one database. Of size 0 it never guesses."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._memories: dict[Hashable, _Memory] = {}

    def guess(self, key: Hashable) -> Any | None:
        """What is probably there. None: whoever wants to know has to look."""
        memory = self._memories.get(key)
        return None if memory is None or memory.found < memory.needed else memory.value

    def was_right(self, key: Hashable) -> None:
        """What was guessed was there."""
        if (memory := self._memories.get(key)) is not None:
            memory.needed = max(1, memory.needed // 2)

    def was_wrong(self, key: Hashable) -> None:
        """What was guessed is not there, or others are about to change it."""
        if (memory := self._memories.get(key)) is not None:
            memory.found, memory.needed = 0, min(memory.needed * 2, MOST_CAUTIOUS)

    def found(self, key: Hashable, value: object) -> None:
        """Somebody has looked."""
        if (memory := self._memories.get(key)) is not None:
            memory.found = memory.found + 1 if memory.value == value else 0

    def wrote(self, key: Hashable, value: object) -> None:
        """A unit of work has written this; whether it is committed will be seen."""
        memory = self._memories.pop(key, None) or _Memory(value)
        memory.value = value
        self._memories[key] = memory
        if len(self._memories) > self._size:
            del self._memories[next(iter(self._memories))]


def last_written_in(session: AsyncSession) -> LastWritten:
    """What is remembered for a session: by its database, or by itself if it has none of ours."""
    last: LastWritten | None = session.info.get(KEY)
    return session.info.setdefault(KEY, LastWritten()) if last is None else last
