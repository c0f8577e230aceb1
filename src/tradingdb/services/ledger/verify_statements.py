"""The statements of `verify`: one for each check, so that it sees one instant.

Those of cash say in SQL what `cash_of_fills` does. A movement belongs to a fill by its key, `fill:<id>:<leg>`.
"""

from __future__ import annotations

from sqlalchemy import text

from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.holdings import MARGINED

_MARGINED = ", ".join(f"'{kind}'" for kind in sorted(MARGINED))
_IS_MARGINED = f"i.kind IN ({_MARGINED})"

_SETTLES_IN = "coalesce(i.settle_currency, i.quote_currency)"

_IS_ASKED = "(CAST(:account_id AS uuid) IS NULL OR {table}.account_id = :account_id)"

POSITIONS = scoped_by_verb(
    text(
        f"""
        WITH places AS (
            SELECT account_id, instrument_id, side AS position_side FROM positions p WHERE {_IS_ASKED.format(table="p")}
            UNION
            SELECT account_id, instrument_id, position_side FROM fills f WHERE {_IS_ASKED.format(table="f")}
        )
        SELECT false AS is_fill, places.*, p.quantity, p.average_entry_price, p.realized_pnl, p.fees,
               CAST(p.other_fees AS text) AS other_fees, p.opened_at, p.last_fill_at, p.last_fill_place,
               CAST(p.lots AS text) AS lots, a.cost_basis, i.symbol, i.kind, i.base_currency, i.quote_currency,
               i.settle_currency, i.contract_size, i.is_inverse,
               NULL AS side, NULL AS price, NULL AS executed_at, NULL AS venue_trade_id, NULL AS sequence, NULL AS fee,
               NULL AS fee_currency
        FROM places
        JOIN trading_accounts a ON a.id = places.account_id
        JOIN instruments i ON i.id = places.instrument_id
        LEFT JOIN positions p ON p.account_id = places.account_id AND p.instrument_id = places.instrument_id
                             AND p.side = places.position_side
        UNION ALL
        SELECT true, f.account_id, f.instrument_id, f.position_side, f.quantity, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, f.side, f.price, f.executed_at,
               f.venue_trade_id, f.sequence, f.fee, f.fee_currency
        FROM fills f WHERE {_IS_ASKED.format(table="f")}
        ORDER BY account_id, instrument_id, position_side, is_fill, executed_at
        """  # noqa: S608 - built from the constants above
    )
)
FUNDING = scoped_by_verb(
    text(
        f"""
        SELECT p.account_id, i.symbol, p.side AS position_side, p.funding, coalesce(sum(m.amount), 0) AS paid
        FROM positions p
        JOIN instruments i ON i.id = p.instrument_id
        LEFT JOIN cash_movements m ON m.account_id = p.account_id AND m.instrument_id = p.instrument_id
                                  AND m.kind = 'funding'
                                  AND coalesce(m.details ->> 'position_side', 'net') = p.side
        WHERE {_IS_ASKED.format(table="p")}
        GROUP BY p.account_id, p.instrument_id, p.side, i.symbol
        HAVING p.funding <> coalesce(sum(m.amount), 0)
        ORDER BY p.account_id, p.instrument_id, p.side
        """  # noqa: S608 - same
    )
)
SIDES = scoped_by_verb(
    text(
        f"""
        SELECT p.account_id, i.symbol, p.side AS position_side, p.quantity
        FROM positions p JOIN instruments i ON i.id = p.instrument_id
        WHERE ((p.side = 'long' AND p.quantity < 0) OR (p.side = 'short' AND p.quantity > 0))
          AND {_IS_ASKED.format(table="p")}
        ORDER BY p.account_id, p.instrument_id, p.side
        """  # noqa: S608 - same
    )
)
BALANCES = scoped_by_verb(
    text(
        f"""
        WITH moved AS (
            SELECT account_id, currency, sum(amount) AS amount, count(*) AS movement_count
            FROM cash_movements m WHERE {_IS_ASKED.format(table="m")} GROUP BY account_id, currency
        ), kept AS (
            SELECT account_id, currency, amount, movement_count FROM cash_balances b WHERE {_IS_ASKED.format(table="b")}
        )
        SELECT account_id, currency, kept.amount AS stored_amount, kept.movement_count AS stored_movement_count,
               coalesce(moved.amount, 0) AS amount, coalesce(moved.movement_count, 0) AS movement_count
        FROM kept FULL JOIN moved USING (account_id, currency)
        WHERE (kept.amount, kept.movement_count)
              IS DISTINCT FROM (coalesce(moved.amount, 0), coalesce(moved.movement_count, 0))
        ORDER BY account_id, currency
        """  # noqa: S608 - same
    )
)
VALUES = scoped_by_verb(
    text(
        f"""
        SELECT o.account_id, o.client_order_id, o.filled_value, trim_scale(summed.value) AS value
        FROM orders o
        JOIN instruments i ON i.id = o.instrument_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN i.is_inverse
                                THEN CAST(f.quantity AS numeric(1000, 120)) / nullif(f.price, 0)
                                ELSE f.quantity * f.price END), 0) AS value,
                   count(*) AS fill_count
            FROM fills f WHERE f.order_id = o.id
        ) AS summed
        WHERE {_IS_ASKED.format(table="o")}
          AND abs(o.filled_value - summed.value) >
              CASE WHEN i.is_inverse THEN abs(summed.value) * summed.fill_count * 1e-49 ELSE 0 END
        ORDER BY o.account_id, o.created_at, o.id
        """  # noqa: S608 - same; a quotient is rounded at 50 digits
    )
)
ORDERS = scoped_by_verb(
    text(
        f"""
        SELECT o.account_id, o.client_order_id, o.filled_quantity, o.quantity
        FROM orders o
        WHERE (o.filled_quantity > o.quantity OR (o.venue_status = 'filled' AND o.filled_quantity < o.quantity))
          AND {_IS_ASKED.format(table="o")}
        ORDER BY o.account_id, o.created_at, o.id
        """  # noqa: S608 - same
    )
)
CASHLESS = scoped_by_verb(
    text(
        f"""
        SELECT f.account_id, i.symbol, count(*) AS fill_count,
               CASE WHEN coalesce(i.settle_currency, i.quote_currency) IS NULL THEN 'quote_currency'
                    ELSE 'base_currency' END AS lacking
        FROM fills f JOIN instruments i ON i.id = f.instrument_id
        WHERE (coalesce(i.settle_currency, i.quote_currency) IS NULL
               OR (i.base_currency IS NULL AND i.kind IN ('spot', 'fx', 'pool')))
          AND {_IS_ASKED.format(table="f")}
        GROUP BY f.account_id, i.id
        ORDER BY f.account_id, i.id
        """  # noqa: S608 - same
    )
)
CASH_OF_FILLS = scoped_by_verb(
    text(
        f"""
        WITH legs AS (
            SELECT f.account_id, 'fill:' || f.id || ':' || leg.name AS dedupe_key, leg.kind, leg.amount, leg.currency,
                   f.executed_at AS occurred_at
            FROM fills f
            JOIN instruments i ON i.id = f.instrument_id
            CROSS JOIN LATERAL (
                SELECT CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END * i.contract_size AS units
            ) AS moved
            CROSS JOIN LATERAL (
                VALUES ('quote', 'trade', -moved.units * f.price, CASE WHEN NOT {_IS_MARGINED} THEN {_SETTLES_IN} END),
                       ('base', 'trade', moved.units,
                        CASE WHEN NOT ({_IS_MARGINED} OR i.kind = 'option') THEN i.base_currency END),
                       ('fee', CASE WHEN f.fee > 0 THEN 'fee' ELSE 'rebate' END, -f.fee, f.fee_currency)
            ) AS leg (name, kind, amount, currency)
            WHERE leg.amount <> 0 AND leg.currency IS NOT NULL AND {_IS_ASKED.format(table="f")}
        ), movements AS (
            SELECT account_id, dedupe_key, kind, amount, currency, occurred_at
            FROM cash_movements m
            WHERE kind IN ('trade', 'fee', 'rebate') AND (fill_id IS NOT NULL OR dedupe_key LIKE 'fill:%')
              AND {_IS_ASKED.format(table="m")}
        )
        SELECT account_id, dedupe_key,
               movements.kind AS stored_kind, movements.amount AS stored_amount,
               movements.currency AS stored_currency, movements.occurred_at AS stored_occurred_at,
               legs.kind AS expected_kind, trim_scale(legs.amount) AS expected_amount,
               legs.currency AS expected_currency, legs.occurred_at AS expected_occurred_at
        FROM legs FULL JOIN movements USING (account_id, dedupe_key)
        WHERE (legs.kind, legs.amount, legs.currency, legs.occurred_at)
              IS DISTINCT FROM (movements.kind, movements.amount, movements.currency, movements.occurred_at)
        ORDER BY account_id, coalesce(legs.occurred_at, movements.occurred_at), dedupe_key
        """  # noqa: S608 - built from the constants above
    )
)
REALIZED_CASH = scoped_by_verb(
    text(
        f"""
        WITH moved AS (
            SELECT m.account_id, m.instrument_id, m.currency, sum(m.amount) AS amount
            FROM cash_movements m
            WHERE m.instrument_id IS NOT NULL AND {_IS_ASKED.format(table="m")}
              AND (m.kind = 'realized_pnl' OR (m.kind = 'adjustment' AND m.dedupe_key LIKE 'rebuild:%'))
            GROUP BY m.account_id, m.instrument_id, m.currency
        ), realized AS (
            SELECT p.account_id, p.instrument_id, {_SETTLES_IN} AS currency, sum(p.realized_pnl) AS amount
            FROM positions p JOIN instruments i ON i.id = p.instrument_id
            WHERE {_IS_MARGINED} AND {_SETTLES_IN} IS NOT NULL AND {_IS_ASKED.format(table="p")}
            GROUP BY p.account_id, p.instrument_id, i.id
        )
        SELECT account_id, i.symbol, currency, coalesce(moved.amount, 0) AS moved,
               coalesce(realized.amount, 0) AS realized
        FROM moved FULL JOIN realized USING (account_id, instrument_id, currency)
        JOIN instruments i ON i.id = instrument_id
        WHERE coalesce(moved.amount, 0) <> coalesce(realized.amount, 0)
        ORDER BY account_id, instrument_id, currency
        """  # noqa: S608 - same; corrections of rebuilds were adjustments once
    )
)
