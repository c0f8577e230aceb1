"""An order as events change it, whatever the order in which they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradingdb.models import OrderEventKind, OrderStatus
from tradingdb.services.ledger.order_state import STATUS_OF, progress

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.services.ledger.entries import NewOrderEvent


@dataclass(slots=True)
class ChangingOrder:
    """An order as it is stored and as events change it."""

    id: UUID
    account_id: UUID
    status: OrderStatus
    venue_status: OrderStatus | None
    last_event_at: datetime | None
    last_event_sequence: int | None
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    venue_order_id: str | None
    status_reason: str | None
    amended_at: datetime | None
    cancelled_at: datetime | None
    submitted_at: datetime | None
    learned: str | None = None
    events: list[NewOrderEvent] = field(default_factory=list)
    amendments: list[Any] = field(default_factory=list)
    """Events of that kind, stored and new."""

    def apply(self, event: NewOrderEvent) -> None:
        """Take what an event says, where it says more than is known."""
        self.events.append(event)
        kind = OrderEventKind(event.kind)
        if event.venue_order_id is not None and self.venue_order_id is None:
            self.venue_order_id = self.learned = event.venue_order_id
        if kind is OrderEventKind.SUBMITTED and self.submitted_at is None:
            self.submitted_at = event.occurred_at
        if kind is OrderEventKind.AMENDED:
            self._amend(event)
        says = STATUS_OF.get(kind)
        known = progress(self.venue_status, self.last_event_at, self.last_event_sequence)
        if says is not None and progress(says, event.occurred_at, event.sequence) > known:
            self.venue_status = says
            self.last_event_at, self.last_event_sequence = event.occurred_at, event.sequence
            self.status_reason = event.reason
            self.cancelled_at = event.occurred_at if says is OrderStatus.CANCELLED else None

    def _amend(self, event: NewOrderEvent) -> None:
        """Each value is that of the newest amendment that names it."""
        self.amendments.append(event)
        in_time = sorted(self.amendments, key=lambda each: (each.occurred_at, each.sequence or -1, each.dedupe_key))
        self.amended_at = in_time[-1].occurred_at
        for each in in_time:
            self.quantity = self.quantity if each.quantity is None else each.quantity
            self.limit_price = self.limit_price if each.limit_price is None else each.limit_price
            self.stop_price = self.stop_price if each.stop_price is None else each.stop_price
