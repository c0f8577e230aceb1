"""Units of work that need the same positions: how the next attempt of one gets past the others.

A unit that calls several verbs locks position after position, in whatever order it comes to them. `Database.run` gives
its sessions a memory of what earlier attempts have locked or wanted, so that the next attempt locks all of it at once,
in the order of everybody. While it may begin again, a unit that needs a position out of order does not wait for it,
which is how a circle of waiting would begin.

PostgreSQL still finds circles through other rows. Who was caught in a second one runs alone (`GATE`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sqlalchemy import text

from tradingdb.errors import CollisionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session, SessionTransaction

GATE = 7_236_839_128_415_221
"""Advisory lock. Who locks positions holds it shared, so that nobody waits; who runs alone takes it before anything
else, and so runs when those under way have ended and before those that come."""

RUN_ALONE = text(f"SELECT pg_advisory_xact_lock({GATE})")

_KEY = "tradingdb_unit"


class Turn(NamedTuple):
    """What to lock now, in order, and whether to wait where others are first."""

    wanted: list[Any]
    waits: bool


class Unit:
    """What a unit of work that may be run again has learned of the places that it locks."""

    def __init__(self) -> None:
        self.wanted: set[Any] = set()
        """What any attempt has locked or wanted."""
        self.collided = False
        """The present attempt must not be committed, even if its work has swallowed the error."""
        self._held: dict[Any, SessionTransaction | None] = {}
        """What this attempt has locked, and in which transaction or savepoint."""
        self._is_new = True

    def begin(self) -> None:
        """Begin another attempt."""
        self.collided, self._held, self._is_new = False, {}, True

    def work_in(self, session: AsyncSession) -> None:
        """Let those who lock in this session ask for their turn."""
        session.info[_KEY] = self

    def in_turn(self, session: AsyncSession, asked: set[Any]) -> Turn:
        """See `in_turn`."""
        if self._is_new:
            self._is_new = False
            asked = asked | self.wanted
        within = list(_transactions(session.sync_session))
        surely = {place for place, locked_in in self._held.items() if locked_in in within}  # or a savepoint let it go
        last = max(self._held, default=None)
        waits = last is None or all(place >= last for place in asked - surely)
        self._held |= dict.fromkeys(asked - surely, within[0] if within else None)
        self.wanted |= asked
        return Turn(sorted(asked), waits)


def _transactions(session: Session) -> Iterator[SessionTransaction]:
    """The savepoints that are open and the transaction around them, the innermost first."""
    current = session.get_nested_transaction() or session.get_transaction()
    while current is not None:
        yield current
        current = current.parent


def in_turn(session: AsyncSession, asked: set[Any]) -> Turn:
    """What to lock for the places that are asked for: more than those at the beginning of a unit that is run again."""
    unit: Unit | None = session.info.get(_KEY)
    return Turn(sorted(asked), waits=True) if unit is None else unit.in_turn(session, asked)


def collide(session: AsyncSession) -> NoReturn:
    """Say that others are first, and that this session does not wait for them.

    Raises:
        CollisionError: always.
    """
    session.info[_KEY].collided = True
    raise CollisionError
