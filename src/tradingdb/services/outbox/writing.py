"""Events go in with what they tell of, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from tradingdb.core.ddl import table_of
from tradingdb.models import OutboxEvent
from tradingdb.services.outbox.events import NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tradingdb.database import WriteSession


async def publish(
    session: WriteSession,
    topic: str,
    entity: str,
    key: object,
    payload: Mapping[str, Any],
    account_id: UUID | None = None,
) -> None:
    """Write one event into the session's transaction: others read it if that commits, and never if it does not.

    `key` is the primary key of the row that it is about, stored as text. `payload` is stored as JSON.

    Raises:
        InvalidValueError: the payload is no object, or a text in it cannot be stored.
        ScopeError: the session is scoped to another account.
    """
    await publish_many(session, [NewEvent(topic, entity, key, payload, account_id)])


async def publish_many(session: WriteSession, events: Iterable[NewEvent]) -> int:
    """Write many events in one statement, in this order. Returns how many.

    Raises:
        InvalidValueError: a payload is no object, or a text in one cannot be stored.
        ScopeError: the session is scoped, and an event names another account.
    """
    rows = [
        {
            "topic": event.topic,
            "entity": event.entity,
            "entity_key": str(event.key),
            "account_id": event.account_id,
            "payload": event.payload,
        }
        for event in events
    ]
    if rows:
        await session.execute(insert(table_of(OutboxEvent)), rows)
    return len(rows)
