"""Events, and the place of a consumer among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from tradingdb.core.types import LARGEST_INT8
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

LOWEST, HIGHEST = -LARGEST_INT8 - 1, LARGEST_INT8
"""The bounds of `bigint`."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the order of events: everything up to and with it was read. Written as `transaction_id:id`."""

    transaction_id: int
    id: int

    def __post_init__(self) -> None:
        if not all(LOWEST <= part <= HIGHEST for part in (self.transaction_id, self.id)):
            raise InvalidValueError("The parts of a cursor are whole numbers of 64 bits.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that a text names.

        Raises:
            InvalidValueError: it names none.
        """
        transaction_id, _, event_id = text.strip().partition(":")
        try:
            return cls(int(transaction_id), int(event_id))
        except ValueError:
            raise InvalidValueError(
                f"{text!r} is no cursor: write it as transaction_id:id, as `outbox tail` prints it."
            ) from None

    def __str__(self) -> str:
        return f"{self.transaction_id}:{self.id}"


START: Final = Cursor(LOWEST, 0)
"""Before every event."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to publish: a topic such as `order.filled`, the table and key of what it is about, and what happened."""

    topic: str
    entity: str
    key: object
    """Primary key of the entity; stored as text."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was published."""

    cursor: Cursor
    topic: str
    entity: str
    key: str
    account_id: UUID | None
    payload: Mapping[str, Any]
    occurred_at: datetime
    """The server's clock when it was published, UTC."""

    @property
    def id(self) -> int:
        """Its number. Of two events about a row that writers lock before they publish, the later has the larger one."""
        return self.cursor.id
