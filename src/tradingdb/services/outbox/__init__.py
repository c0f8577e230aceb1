"""What happened, told to others: written in the transaction in which it happened, read by any number of consumers.

An event is readable when every transaction that began to write before its own has ended. Until then a smaller
`(transaction_id, id)` may still appear, and a reader that had gone past it would never see it.
"""

from tradingdb.services.outbox.events import START, Cursor, Event, NewEvent
from tradingdb.services.outbox.following import Handler, consume, follow, relay
from tradingdb.services.outbox.reading import Batch, advance, end, position, read, read_batch, read_last
from tradingdb.services.outbox.upkeep import ConsumerLag, Holder, Lag, lag, prune, rebase, stalled_by
from tradingdb.services.outbox.writing import publish, publish_many

__all__ = [
    "START",
    "Batch",
    "ConsumerLag",
    "Cursor",
    "Event",
    "Handler",
    "Holder",
    "Lag",
    "NewEvent",
    "advance",
    "consume",
    "end",
    "follow",
    "lag",
    "position",
    "prune",
    "publish",
    "publish_many",
    "read",
    "read_batch",
    "read_last",
    "rebase",
    "relay",
    "stalled_by",
]
