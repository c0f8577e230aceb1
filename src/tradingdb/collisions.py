"""Units of work that need the same positions: how the next attempt of one gets past the others.

A unit that calls several verbs locks position after position, in whatever order it comes to them. `Database.run` gives
its sessions a memory of what earlier attempts have locked or wanted, so that the next attempt locks all of it at once,
in the order of everybody. While it may begin again, a unit that needs a position out of order does not wait for it,
which is how a circle of waiting would begin.

PostgreSQL still finds circles through other rows. Who was caught in a second one runs alone (`GATE`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import text

from tradingdb.errors import CollisionError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

GATE = 7_236_839_128_415_205
"""Advisory lock. Who locks positions holds it shared, so that nobody waits; who runs alone takes it before anything
else, and so runs when those under way have ended and before those that come."""

RUN_ALONE = text(f"SELECT pg_advisory_xact_lock({GATE})")

_KEY = "tradingdb_unit"


class Unit:
    """What a unit of work that may be run again has learned of the places that it locks."""

    def __init__(self) -> None:
        self.wanted: set[Any] = set()
        """What any attempt has locked or wanted."""
        self.collided = False
        """The present attempt must not be committed, even if its work has swallowed the error."""
        self._held: set[Any] = set()
        self._is_new = True

    def begin(self, session: AsyncSession) -> None:
        """Begin another attempt in this session."""
        self.collided, self._held, self._is_new = False, set(), True
        session.info[_KEY] = self

    def in_turn(self, asked: set[Any]) -> tuple[list[Any], bool]:
        """See `in_turn`."""
        if self._is_new:
            self._is_new = False
            asked = asked | self.wanted
        last = max(self._held, default=None)
        waits = last is None or all(place >= last for place in asked - self._held)
        self._held |= asked
        self.wanted |= asked
        return sorted(asked), waits


def in_turn(session: AsyncSession, asked: set[Any]) -> tuple[list[Any], bool]:
    """What to lock now for the places that are asked for, in order, and whether to wait where others are first.

    That is more than was asked for at the beginning of a unit that is run again.
    """
    unit: Unit | None = session.info.get(_KEY)
    return (sorted(asked), True) if unit is None else unit.in_turn(asked)


def collide(session: AsyncSession) -> NoReturn:
    """Say that others are first, and that this session does not wait for them.

    Raises:
        CollisionError: always.
    """
    session.info[_KEY].collided = True
    raise CollisionError
