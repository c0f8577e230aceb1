"""What a batch of fills changes, collected and then stored by one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradingdb.bulk import FEW, fetch, sent_values
from tradingdb.models import OrderStatus
from tradingdb.services.ledger.expectations import EXPECTED
from tradingdb.services.ledger.holdings import EXACT
from tradingdb.services.ledger.position_rows import position_row
from tradingdb.services.ledger.posting_statements import COLUMNS, NOTHING_LEARNED, storing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.holdings import Holding
    from tradingdb.services.ledger.position_rows import Place

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Posting:
    """Rows to store, by table; everything is stored together or not at all."""

    fills: Rows = field(default_factory=list)
    learned: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    """What fills that were there have learned: their order, its names, their fee."""
    shares: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    """What fills add to their orders, by order."""
    positions: dict[Place, Holding] = field(default_factory=dict)
    checkpoints: dict[Place, Holding] = field(default_factory=dict)
    """Positions as they were, to count late fills on from."""
    changed_from: dict[Place, datetime] = field(default_factory=dict)
    """Since when the history of a position is another: later checkpoints are forgotten."""
    movements: Rows = field(default_factory=list)

    def share(
        self, order_id: UUID, quantity: Decimal, value: Decimal, executed_at: datetime, *, is_inverse: bool
    ) -> None:
        """Add a fill to what its order is given."""
        sums = self.shares.get(order_id)
        if sums is None:
            self.shares[order_id] = {
                "order_id": order_id,
                "quantity": quantity,
                "value": value,
                "executed_at": executed_at,
                "is_inverse": is_inverse,
            }
            return
        sums["quantity"] = EXACT.add(sums["quantity"], quantity)
        sums["value"] = EXACT.add(sums["value"], value)
        sums["executed_at"] = max(sums["executed_at"], executed_at)

    async def store(self, session: WriteSession) -> dict[UUID, OrderStatus]:
        """Store everything. Returns the status of every order that fills were added to."""
        counts, parameters = self._sent()
        if not counts:
            return {}
        rows = await fetch(session, storing(counts), parameters)
        return {row["id"]: OrderStatus(row["status"]) for row in rows}

    async def store_if(self, session: WriteSession, expectation: Mapping[str, Any]) -> OrderStatus | None:
        """Store one fill of an order, with all that it changes, if everything is as expected.

        Returns the order's status, and None where something was not: then nothing is stored.
        """
        counts, parameters = self._sent()
        parameters |= sent_values("expected", EXPECTED, [expectation])
        rows = await fetch(session, storing(counts, if_expected=True), parameters)
        return OrderStatus(rows[0]["status"]) if rows else None

    def _sent(self) -> tuple[tuple[tuple[str, int], ...], dict[str, Any]]:
        """Of how many rows each part is, up to the number from which on it is all the same, and their values."""
        counts: list[tuple[str, int]] = []
        parameters: dict[str, Any] = {}
        for part, rows in self._parts():
            counts.append((part, min(len(rows), FEW + 1)))
            parameters |= sent_values(part, COLUMNS[part], rows)
        return tuple(counts), parameters

    def _parts(self) -> Iterator[tuple[str, Rows]]:
        """What there is to store, in the order in which it is stored."""
        if self.fills:
            yield "fill", self.fills
        if self.learned:
            yield "learned", [NOTHING_LEARNED | row for row in self.learned.values()]
        if self.shares:
            yield "share", list(self.shares.values())
        if self.positions:
            yield "position", [position_row(place, holding) for place, holding in self.positions.items()]
        if self.checkpoints:
            yield "checkpoint", [position_row(place, holding) for place, holding in self.checkpoints.items()]
        if self.changed_from:
            yield "change", [place._asdict() | {"changed_from": at} for place, at in self.changed_from.items()]
        if self.movements:
            yield "movement", self.movements
