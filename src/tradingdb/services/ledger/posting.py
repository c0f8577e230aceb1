"""What a batch of fills changes, collected and then stored by one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.bulk import FEW, fetch, sent, sent_values
from tradingdb.core.json import dump_json
from tradingdb.models import OrderStatus
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.holdings import EXACT
from tradingdb.services.ledger.order_state import ADD_FILLS, ORDER_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import TextClause

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.books import Place
    from tradingdb.services.ledger.holdings import Holding

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
        parameters: dict[str, Any] = {}
        counts: list[tuple[str, int]] = []
        for part, rows in self._parts():
            parameters.update(sent_values(part, COLUMNS[part], rows))
            counts.append((part, min(len(rows), FEW + 1)))
        if not counts:
            return {}
        rows = await fetch(session, _store(tuple(counts)), parameters)
        return {row["id"]: OrderStatus(row["status"]) for row in rows}

    def _parts(self) -> Iterator[tuple[str, Rows]]:
        """What there is to store, in the order in which it is stored."""
        if self.fills:
            yield "fill", self.fills
        if self.learned:
            yield "learned", [_NOTHING_LEARNED | row for row in self.learned.values()]
        if self.shares:
            yield "share", list(self.shares.values())
        if self.positions:
            yield "position", [_position_row(place, holding) for place, holding in self.positions.items()]
        if self.checkpoints:
            yield "checkpoint", [_position_row(place, holding) for place, holding in self.checkpoints.items()]
        if self.changed_from:
            yield "change", [place._asdict() | {"changed_from": at} for place, at in self.changed_from.items()]
        if self.movements:
            yield "movement", self.movements


def _position_row(place: Place, holding: Holding) -> dict[str, Any]:
    at, within = holding.last_place or (None, None)
    return {
        "account_id": place.account_id,
        "instrument_id": place.instrument_id,
        "side": place.side,
        "quantity": holding.quantity,
        "average_entry_price": holding.average_price,
        "realized_pnl": holding.realized_pnl,
        "fees": holding.fees,
        "other_fees": dump_json(holding.other_fees) if holding.other_fees else "{}",
        "opened_at": holding.opened_at,
        "last_fill_at": at,
        "last_fill_place": within,
        "lots": None
        if holding.lots is None
        else dump_json([{"quantity": lot.quantity, "price": lot.price} for lot in holding.lots]),
    }


_POSITION = {
    "account_id": "uuid",
    "instrument_id": "int4",
    "side": "text",
    "quantity": "numeric",
    "average_entry_price": "numeric",
    "realized_pnl": "numeric",
    "fees": "numeric",
    "other_fees": "jsonb",
    "opened_at": "timestamptz",
    "last_fill_at": "timestamptz",
    "last_fill_place": "text",
    "lots": "jsonb",
}
COLUMNS: dict[str, dict[str, str]] = {
    "fill": {
        "id": "uuid",
        "account_id": "uuid",
        "instrument_id": "int4",
        "venue_trade_id": "text",
        "sequence": "int2",
        "order_id": "uuid",
        "venue_order_id": "text",
        "client_order_id": "text",
        "side": "text",
        "position_side": "text",
        "quantity": "numeric",
        "price": "numeric",
        "fee": "numeric",
        "fee_currency": "text",
        "liquidity": "text",
        "bid_price": "numeric",
        "ask_price": "numeric",
        "mark_price": "numeric",
        "executed_at": "timestamptz",
        "details": "jsonb",
    },
    "learned": {
        "id": "uuid",
        "order_id": "uuid",
        "client_order_id": "text",
        "venue_order_id": "text",
        "fee": "numeric",
        "fee_currency": "text",
    },
    "share": {
        "order_id": "uuid",
        "quantity": "numeric",
        "value": "numeric",
        "executed_at": "timestamptz",
        "is_inverse": "boolean",
    },
    "position": _POSITION,
    "checkpoint": _POSITION,
    "change": {"account_id": "uuid", "instrument_id": "int4", "side": "text", "changed_from": "timestamptz"},
    "movement": {
        "id": "uuid",
        "account_id": "uuid",
        "dedupe_key": "text",
        "kind": "text",
        "amount": "numeric",
        "currency": "text",
        "occurred_at": "timestamptz",
        "instrument_id": "int4",
        "fill_id": "uuid",
    },
}
"""What is sent of each part, with its type in PostgreSQL."""

_NOTHING_LEARNED = dict.fromkeys(name for name in COLUMNS["learned"] if name != "id")

_PLACE = ("account_id", "instrument_id", "side")
_STATE = tuple(name for name in _POSITION if name not in _PLACE)


_GIVEN = ", ".join("coalesce(details, '{{}}')" if name == "details" else name for name in COLUMNS["fill"])
"""Most fills have no details; sending none is quicker than sending so many empty ones."""

_CHANGES = {
    "fill": f"INSERT INTO fills ({{names}}) SELECT {_GIVEN} FROM {{sent}} RETURNING {{names}}",  # noqa: S608 - same
    "learned": f"""
        UPDATE fills f SET {", ".join(f"{name} = coalesce(sent.{name}, f.{name})" for name in _NOTHING_LEARNED)}
        FROM {{sent}} WHERE f.id = sent.id
    """,  # noqa: S608 - built from constants
    "position": f"""
        UPDATE positions p SET {", ".join(f"{name} = sent.{name}" for name in _STATE)}, updated_at = now()
        FROM {{sent}} WHERE {" AND ".join(f"p.{name} = sent.{name}" for name in _PLACE)}
    """,  # noqa: S608 - built from constants
    "checkpoint": "INSERT INTO position_checkpoints ({names}) SELECT {names} FROM {sent} ON CONFLICT DO NOTHING",
    "change": f"""
        DELETE FROM position_checkpoints p USING {{sent}}
        WHERE {" AND ".join(f"p.{name} = sent.{name}" for name in _PLACE)} AND p.last_fill_at >= sent.changed_from
    """,  # noqa: S608 - same
    "movement": "INSERT INTO cash_movements ({names}) SELECT {names} FROM {sent}",
    "share": f"""
        UPDATE orders o SET {ADD_FILLS}
        FROM {{sent}}
        JOIN locked ON locked.id = sent.order_id
        WHERE o.id = sent.order_id
        RETURNING o.id, o.account_id, o.status, locked.status AS before, o.filled_quantity, o.average_price
    """,  # noqa: S608 - same
}
"""What is done with each part."""

_LOCKED = """
    SELECT id, status FROM orders
    WHERE id IN (SELECT order_id FROM {sent}) ORDER BY id FOR NO KEY UPDATE
"""
_TOLD = {
    "fill": """
        SELECT 'fill.recorded', 'fills', CAST(id AS text), account_id, jsonb_build_object(
            'order_id', order_id, 'instrument_id', instrument_id, 'venue_trade_id', venue_trade_id, 'side', side,
            'position_side', position_side, 'quantity', CAST(quantity AS text), 'price', CAST(price AS text),
            'executed_at', executed_at
        ) FROM fill
    """,
    "share": f"""
        SELECT 'order.status', 'orders', CAST(id AS text), account_id, {ORDER_PAYLOAD}
        FROM share WHERE status <> before
    """,  # noqa: S608 - built from constants
}
"""What others are told of each part."""


@cache
def _store(counts: tuple[tuple[str, int], ...]) -> TextClause:
    """The statement that stores so many rows of each part, and gives the orders that it changed."""
    steps = {}
    for part, count in counts:
        table = sent(part, COLUMNS[part], count)
        if part == "share":
            steps["locked"] = _LOCKED.format(sent=table)
        steps[part] = _CHANGES[part].format(sent=table, names=", ".join(COLUMNS[part]))
    told = " UNION ALL ".join(_TOLD[part] for part in steps if part in _TOLD)
    if told:
        steps["told"] = f"INSERT INTO outbox_events (topic, entity, entity_key, account_id, payload) {told}"
    result = "SELECT id, status FROM share" if "share" in steps else "SELECT NULL AS id, NULL AS status WHERE false"
    script = ", ".join(f"{name} AS ({step})" for name, step in steps.items())
    return scoped_by_verb(text(f"WITH {script} {result}"))
