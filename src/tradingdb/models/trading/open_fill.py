"""What recording fills begins with: their positions, locked, and then what is known of each fill.

Where it is one fill, PostgreSQL does both in one function: a round trip less. It has to be a function, because what is
known must be seen with a snapshot that is taken once the lock is held. Revisions carry the same statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HELD = {
    "quantity": ("p.quantity", "numeric"),
    "average_entry_price": ("p.average_entry_price", "numeric"),
    "realized_pnl": ("p.realized_pnl", "numeric"),
    "fees": ("p.fees", "numeric"),
    "other_fees": ("CAST(p.other_fees AS text)", "text"),
    "opened_at": ("p.opened_at", "timestamptz"),
    "last_fill_at": ("p.last_fill_at", "timestamptz"),
    "last_fill_place": ("p.last_fill_place", "text"),
    "lots": ("CAST(p.lots AS text)", "text"),
    "cost_basis": ("a.cost_basis", "text"),
    "kind": ("i.kind", "text"),
    "base_currency": ("i.base_currency", "text"),
    "quote_currency": ("i.quote_currency", "text"),
    "settle_currency": ("i.settle_currency", "text"),
    "contract_size": ("i.contract_size", "numeric"),
    "is_inverse": ("i.is_inverse", "boolean"),
}
"""Of a position `p` with its account `a` and its instrument `i`: each column's SQL and type."""

KNOWN = {
    "fill_id": ("f.id", "uuid"),
    "fill_order_id": ("f.order_id", "uuid"),
    "fill_side": ("f.side", "text"),
    "fill_position_side": ("f.position_side", "text"),
    "fill_quantity": ("f.quantity", "numeric"),
    "fill_price": ("f.price", "numeric"),
    "fill_executed_at": ("f.executed_at", "timestamptz"),
    "fill_fee": ("f.fee", "numeric"),
    "fill_fee_currency": ("f.fee_currency", "text"),
    "fill_client_order_id": ("f.client_order_id", "text"),
    "fill_venue_order_id": ("f.venue_order_id", "text"),
    "client_named_id": ("c.id", "uuid"),
    "venue_named_id": ("v.id", "uuid"),
    "named_order_id": ("o.id", "uuid"),
    "order_instrument_id": ("o.instrument_id", "integer"),
    "order_position_side": ("o.position_side", "text"),
    "order_side": ("o.side", "text"),
    "order_status": ("o.status", "text"),
}
"""Of a fill that is `sent`: what is stored under its key (`f`), and its order (`o`), by any of its names."""

KNOWN_OF_SENT = """LEFT JOIN fills f ON f.account_id = sent.account_id AND f.instrument_id = sent.instrument_id
        AND f.venue_trade_id = sent.venue_trade_id AND f.sequence = sent.sequence
    LEFT JOIN orders c ON c.account_id = sent.account_id AND c.client_order_id = sent.client_order_id
    LEFT JOIN orders v ON v.account_id = sent.account_id AND v.venue_order_id = sent.venue_order_id
    LEFT JOIN orders o ON o.account_id = sent.account_id AND o.id = coalesce(sent.order_id, f.order_id, c.id, v.id)"""
"""The joins that `KNOWN` needs."""


def selected(columns: dict[str, tuple[str, str]]) -> str:
    """A select list."""
    return _lines(f"{sql} AS {name}" for name, (sql, _) in columns.items())


def _lines(parts: Iterable[str]) -> str:
    return ",\n        ".join(parts)


LOCK_FUNCTION = """
CREATE OR REPLACE FUNCTION tradingdb_lock_position(in_account uuid, in_instrument integer, in_side text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM positions
    WHERE account_id = in_account AND instrument_id = in_instrument AND side = in_side
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(
            hashtextextended(concat_ws(':', 'tradingdb', 'position', in_account, in_instrument, in_side), 0)
        );
        PERFORM FROM positions
        WHERE account_id = in_account AND instrument_id = in_instrument AND side = in_side
        FOR NO KEY UPDATE;
    END IF;
END
$$
"""
"""Locks a position; those who have to wait for it queue on an advisory lock.

Who waits for a row that others update is overtaken by those who come later, for as long as they come: after each update
the newcomers wait for the new version of the row, and he is still asking about the old one. Who holds the row already,
however he came to it, does not queue: the next in the queue is waiting for him.
"""

OPEN_FILL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION tradingdb_open_fill(
    gate bigint, in_account uuid, in_instrument integer, in_side text, in_trade text, in_sequence smallint,
    in_order uuid, in_client_order text, in_venue_order text
) RETURNS TABLE (
        {_lines(f"{name} {kind}" for name, (_, kind) in (HELD | KNOWN).items())}
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock_shared(gate);
    PERFORM tradingdb_lock_position(in_account, in_instrument, in_side);
    RETURN QUERY
    SELECT
        {selected(HELD | KNOWN)}
    FROM positions p
    JOIN trading_accounts a ON a.id = p.account_id
    JOIN instruments i ON i.id = p.instrument_id
    CROSS JOIN (VALUES (in_account, in_instrument, in_trade, in_sequence, in_order, in_client_order, in_venue_order))
        AS sent (account_id, instrument_id, venue_trade_id, sequence, order_id, client_order_id, venue_order_id)
    {KNOWN_OF_SENT}
    WHERE p.account_id = in_account AND p.instrument_id = in_instrument AND p.side = in_side;
END
$$
"""  # noqa: S608 - built from constants
"""Locks a position, which must be there, and gives it with what is known of one of its fills. No row: it is not."""
