"""The statement that stores what fills change: a step for each part, all of them or none."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import text

from tradingdb.bulk import sent
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.cash_of_fills import MOVEMENT
from tradingdb.services.ledger.expectations import AS_EXPECTED, LOCKED_AS_EXPECTED
from tradingdb.services.ledger.order_state import ADD_FILLS, ORDER_PAYLOAD
from tradingdb.services.ledger.position_rows import PLACE, POSITION, STATE

if TYPE_CHECKING:
    from sqlalchemy import TextClause

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
    "position": POSITION,
    "checkpoint": POSITION,
    "change": {"account_id": "uuid", "instrument_id": "int4", "side": "text", "changed_from": "timestamptz"},
    "movement": MOVEMENT | {"fill_id": "uuid"},
}
"""What is sent of each part, with its type in PostgreSQL."""

NOTHING_LEARNED = dict.fromkeys(name for name in COLUMNS["learned"] if name != "id")

_GIVEN = ", ".join("coalesce(details, '{{}}')" if name == "details" else name for name in COLUMNS["fill"])
"""Most fills have no details; sending none is quicker than sending so many empty ones."""

_CHANGES = {
    "fill": f"INSERT INTO fills ({{names}}) SELECT {_GIVEN} FROM {{sent}} {{unless}} RETURNING {{names}}",  # noqa: S608
    "learned": f"""
        UPDATE fills f SET {", ".join(f"{name} = coalesce(sent.{name}, f.{name})" for name in NOTHING_LEARNED)}
        FROM {{sent}} WHERE f.id = sent.id
    """,  # noqa: S608 - built from constants
    "position": f"""
        UPDATE positions p SET {", ".join(f"{name} = sent.{name}" for name in STATE)}, updated_at = now()
        FROM {{sent}} WHERE {" AND ".join(f"p.{name} = sent.{name}" for name in PLACE)}
    """,  # noqa: S608 - built from constants
    "checkpoint": "INSERT INTO position_checkpoints ({names}) SELECT {names} FROM {sent} ON CONFLICT DO NOTHING",
    "change": f"""
        DELETE FROM position_checkpoints p USING {{sent}}
        WHERE {" AND ".join(f"p.{name} = sent.{name}" for name in PLACE)} AND p.last_fill_at >= sent.changed_from
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


_IF_EXPECTED = "(SELECT {values} FROM {sent} CROSS JOIN {source}) AS sent"
"""Rows of a part, with the order that was found in place of the one that was sent; none, if the fill is not stored."""

_UNLESS_STORED = "ON CONFLICT (account_id, instrument_id, venue_trade_id, sequence) DO NOTHING"


@cache
def storing(counts: tuple[tuple[str, int], ...], *, if_expected: bool = False) -> TextClause:
    """The statement that stores so many rows of each part, and gives the orders that it changed.

    With `if_expected` it stores one fill of an order, if all is as `expectations` says and the fill is not there, and
    else nothing at all.
    """
    steps = {"expected": AS_EXPECTED} if if_expected else {}
    for part, count in counts:
        table = sent(part, COLUMNS[part], count)
        if if_expected:
            source = "expected" if part == "fill" else "fill"
            values = (f"{source if name == 'order_id' else 'sent'}.{name}" for name in COLUMNS[part])
            table = _IF_EXPECTED.format(values=", ".join(values), sent=table, source=source)
        if part == "share":
            steps["locked"] = LOCKED_AS_EXPECTED if if_expected else _LOCKED.format(sent=table)
        steps[part] = _CHANGES[part].format(
            sent=table, names=", ".join(COLUMNS[part]), unless=_UNLESS_STORED if if_expected else ""
        )
    told = " UNION ALL ".join(_TOLD[part] for part in steps if part in _TOLD)
    if told:
        steps["told"] = f"INSERT INTO outbox_events (topic, entity, entity_key, account_id, payload) {told}"
    result = "SELECT id, status FROM share" if "share" in steps else "SELECT NULL AS id, NULL AS status WHERE false"
    script = ", ".join(f"{name} AS ({step})" for name, step in steps.items())
    return scoped_by_verb(text(f"WITH {script} {result}"))
