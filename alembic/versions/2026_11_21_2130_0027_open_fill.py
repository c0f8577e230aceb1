"""Lock the position of a fill and look the fill up in one function; let those who wait for a position queue.

Why:
    Recording a fill asked twice before it stored: for the position, locked, and then for what is known of the fill. The
    second question has to see what others committed while the lock was waited for, so it could not be part of the first.
    A function takes a snapshot for each of its statements: one round trip is left. And those who waited for a position
    that others update were overtaken by newcomers; an advisory lock keeps them in the order in which they came.
Locks:
    None.
Safe while old code runs:
    Yes: it does not call them, and overtakes those who queue.
Undo:
    Drops the functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LOCK = """
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
OPEN_FILL = """
CREATE OR REPLACE FUNCTION tradingdb_open_fill(
    gate bigint, in_account uuid, in_instrument integer, in_side text, in_trade text, in_sequence smallint,
    in_order uuid, in_client_order text, in_venue_order text
) RETURNS TABLE (
        quantity numeric,
        average_entry_price numeric,
        realized_pnl numeric,
        fees numeric,
        other_fees text,
        opened_at timestamptz,
        last_fill_at timestamptz,
        last_fill_place text,
        lots text,
        cost_basis text,
        kind text,
        base_currency text,
        quote_currency text,
        settle_currency text,
        contract_size numeric,
        is_inverse boolean,
        fill_id uuid,
        fill_order_id uuid,
        fill_side text,
        fill_position_side text,
        fill_quantity numeric,
        fill_price numeric,
        fill_executed_at timestamptz,
        fill_fee numeric,
        fill_fee_currency text,
        fill_client_order_id text,
        fill_venue_order_id text,
        client_named_id uuid,
        venue_named_id uuid,
        named_order_id uuid,
        order_instrument_id integer,
        order_position_side text,
        order_side text,
        order_status text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock_shared(gate);
    PERFORM tradingdb_lock_position(in_account, in_instrument, in_side);
    RETURN QUERY
    SELECT
        p.quantity AS quantity,
        p.average_entry_price AS average_entry_price,
        p.realized_pnl AS realized_pnl,
        p.fees AS fees,
        CAST(p.other_fees AS text) AS other_fees,
        p.opened_at AS opened_at,
        p.last_fill_at AS last_fill_at,
        p.last_fill_place AS last_fill_place,
        CAST(p.lots AS text) AS lots,
        a.cost_basis AS cost_basis,
        i.kind AS kind,
        i.base_currency AS base_currency,
        i.quote_currency AS quote_currency,
        i.settle_currency AS settle_currency,
        i.contract_size AS contract_size,
        i.is_inverse AS is_inverse,
        f.id AS fill_id,
        f.order_id AS fill_order_id,
        f.side AS fill_side,
        f.position_side AS fill_position_side,
        f.quantity AS fill_quantity,
        f.price AS fill_price,
        f.executed_at AS fill_executed_at,
        f.fee AS fill_fee,
        f.fee_currency AS fill_fee_currency,
        f.client_order_id AS fill_client_order_id,
        f.venue_order_id AS fill_venue_order_id,
        c.id AS client_named_id,
        v.id AS venue_named_id,
        o.id AS named_order_id,
        o.instrument_id AS order_instrument_id,
        o.position_side AS order_position_side,
        o.side AS order_side,
        o.status AS order_status
    FROM positions p
    JOIN trading_accounts a ON a.id = p.account_id
    JOIN instruments i ON i.id = p.instrument_id
    CROSS JOIN (VALUES (in_account, in_instrument, in_trade, in_sequence, in_order, in_client_order, in_venue_order))
        AS sent (account_id, instrument_id, venue_trade_id, sequence, order_id, client_order_id, venue_order_id)
    LEFT JOIN fills f ON f.account_id = sent.account_id AND f.instrument_id = sent.instrument_id
        AND f.venue_trade_id = sent.venue_trade_id AND f.sequence = sent.sequence
    LEFT JOIN orders c ON c.account_id = sent.account_id AND c.client_order_id = sent.client_order_id
    LEFT JOIN orders v ON v.account_id = sent.account_id AND v.venue_order_id = sent.venue_order_id
    LEFT JOIN orders o ON o.account_id = sent.account_id AND o.id = coalesce(sent.order_id, f.order_id, c.id, v.id)
    WHERE p.account_id = in_account AND p.instrument_id = in_instrument AND p.side = in_side;
END
$$
"""


def upgrade() -> None:
    op.execute(LOCK)
    op.execute(OPEN_FILL)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION IF EXISTS tradingdb_open_fill(bigint, uuid, integer, text, text, smallint, uuid, text, text)"
    )
    op.execute("DROP FUNCTION IF EXISTS tradingdb_lock_position(uuid, integer, text)")
