"""What a fill can expect to find when nobody has looked, and the part of its statement that looks whether it is so.

The position has to be as it was left, counted as it was counted, and the order that the fill names has to fit to it.
Both are locked, and so is the gate. Nobody is waited for: what was seen before the wait would be old by then. Of those
that are locked some stay so where the others are not to be had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradingdb.bulk import sent
from tradingdb.collisions import GATE
from tradingdb.models import CostBasis
from tradingdb.models.trading.open_fill import HELD
from tradingdb.services.ledger.position_rows import PLACE, POSITION, STATE, position_row

if TYPE_CHECKING:
    from tradingdb.services.ledger.entries import NewFill
    from tradingdb.services.ledger.position_rows import Book, Place

_COUNTED = {name: HELD[name] for name in ("cost_basis", "kind", "base_currency", "contract_size", "is_inverse")} | {
    "settle_currency": ("coalesce(i.settle_currency, i.quote_currency)", "text")
}
"""How a position is counted, by its account `a` and its instrument `i`: each value's SQL and type."""

_FITTING = {
    "account_id": "account_id",
    "instrument_id": "instrument_id",
    "position_side": "side",
    "side": "order_side",
}
"""What an order has in common with its fills, by the name of what is sent.

Compared in a way that no index serves: PostgreSQL would rather walk all orders of an account than believe that one is
found by its id, and plan anew for every fill to see which is better.
"""

_ORDER = {"order_side": "text", "order_id": "uuid", "client_order_id": "text", "venue_order_id": "text"}

EXPECTED = POSITION | {name: kind for name, (_, kind) in _COUNTED.items()} | _ORDER
"""What is sent of an expectation, with its type in PostgreSQL."""


def expectation_of(place: Place, book: Book, fill: NewFill) -> dict[str, Any]:
    """That a position is as in a book, and that there is an order of any of the fill's names, which it fits to."""
    contract = book.contract
    return position_row(place, book.holding) | {
        "cost_basis": CostBasis.FIFO if book.is_fifo else CostBasis.AVERAGE,
        "kind": contract.kind,
        "base_currency": contract.base_currency,
        "settle_currency": contract.settle_currency,
        "contract_size": contract.size,
        "is_inverse": contract.is_inverse,
        "order_side": fill.side,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "venue_order_id": fill.venue_order_id,
    }


AS_EXPECTED = f"""
    SELECT o.id AS order_id, o.status AS order_status
    FROM (SELECT pg_try_advisory_xact_lock_shared({GATE}) AS is_open) AS gate
    CROSS JOIN {sent("expected", EXPECTED, 1)}
    JOIN positions p ON {" AND ".join(f"p.{name} = sent.{name}" for name in PLACE)}
    JOIN trading_accounts a ON a.id = p.account_id
    JOIN instruments i ON i.id = p.instrument_id
    LEFT JOIN orders c ON c.account_id = sent.account_id AND c.client_order_id = sent.client_order_id
    LEFT JOIN orders v ON v.account_id = sent.account_id AND v.venue_order_id = sent.venue_order_id
    JOIN orders o ON o.id = coalesce(sent.order_id, c.id, v.id)
    WHERE gate.is_open
      AND {" AND ".join(f"p.{name} IS NOT DISTINCT FROM sent.{name}" for name in STATE)}
      AND {" AND ".join(f"{sql} IS NOT DISTINCT FROM sent.{name}" for name, (sql, _) in _COUNTED.items())}
      AND coalesce(c.id, o.id) = o.id AND coalesce(v.id, o.id) = o.id
      AND {" AND ".join(f"o.{name} IS NOT DISTINCT FROM sent.{given}" for name, given in _FITTING.items())}
    FOR NO KEY UPDATE OF p, o SKIP LOCKED
"""  # noqa: S608 - built from constants
"""A row, with the order, if all is as expected. What was updated meanwhile is looked at again once it is locked."""

LOCKED_AS_EXPECTED = "SELECT order_id AS id, order_status AS status FROM expected"
