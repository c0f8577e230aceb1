"""Let the ledger keep every fill, count cost by average or FIFO, and have PostgreSQL keep the balances of cash.

Why:
    A fill may arrive before those that came before it, or for more than the order asked: the CHECKs that refused it
    (a filled order has exactly its quantity, a long position is never below zero) would have lost it. What a position
    is made of (lots, fees by currency, the place of its last fill) and what an order's fills add up to are stored, so
    that the next fill is counted from there. Balances are sums of movements, kept by triggers.
Locks:
    ACCESS EXCLUSIVE on orders, fills, positions, trading_accounts and cash_movements for instants; the new CHECKs are
    validated under SHARE UPDATE EXCLUSIVE. Orders that have fills are written once (filled_value), movements are read
    once for the balances.
Safe while old code runs:
    Yes: new columns have defaults. What old code writes of fills does not reach filled_value; `tradingdb ledger rebuild`
    counts again.
Undo:
    Refused by PostgreSQL while rows break the old CHECKs. Takes columns, triggers and balances back; movements of the
    kind trade become adjustments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = (
    "deposit",
    "withdrawal",
    "transfer",
    "fee",
    "funding",
    "realized_pnl",
    "rebate",
    "interest",
    "adjustment",
)
STATUSES = "'pending', 'open', 'partial', 'filled', 'cancelled', 'rejected', 'expired'"

LOOSENED = (
    ("orders", "ck_orders__filled_within_quantity", "filled_quantity <= quantity"),
    ("orders", "ck_orders__filled_is_whole", "status <> 'filled' OR filled_quantity = quantity"),
    ("positions", "ck_positions__long_not_negative", "side <> 'long' OR quantity >= 0"),
    ("positions", "ck_positions__short_not_positive", "side <> 'short' OR quantity <= 0"),
)
ADDED = (
    ("orders", "ck_orders__filled_value_finite", "filled_value > '-Infinity' AND filled_value < 'Infinity'"),
    ("orders", "ck_orders__venue_status_known", f"venue_status IN ({STATUSES})"),
    ("trading_accounts", "ck_trading_accounts__cost_basis_known", "cost_basis IN ('average', 'fifo')"),
)

KEEP_BALANCE = """
CREATE OR REPLACE FUNCTION tradingdb_keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE cash_balances AS b
        SET amount = b.amount - r.amount, movement_count = b.movement_count - r.movement_count, updated_at = now()
        FROM (SELECT account_id, currency, sum(amount) AS amount, count(*) AS movement_count
              FROM removed GROUP BY account_id, currency) AS r
        WHERE b.account_id = r.account_id AND b.currency = r.currency;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO cash_balances AS b (account_id, currency, amount, movement_count)
        SELECT account_id, currency, sum(amount), count(*)
        FROM added GROUP BY account_id, currency ORDER BY account_id, currency
        ON CONFLICT (account_id, currency) DO UPDATE
        SET amount = b.amount + excluded.amount, movement_count = b.movement_count + excluded.movement_count,
            updated_at = now();
    END IF;
    RETURN NULL;
END
$$
"""
GUARD_BALANCE = """
CREATE OR REPLACE FUNCTION tradingdb_guard_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('tradingdb.maintenance', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% is kept by PostgreSQL: record a movement of cash instead', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
"""
TRIGGERS = (
    (
        "CREATE TRIGGER cash_movements_added AFTER INSERT ON cash_movements REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
    (
        "CREATE TRIGGER cash_movements_changed AFTER UPDATE ON cash_movements "
        "REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
    (
        "CREATE TRIGGER cash_movements_removed AFTER DELETE ON cash_movements REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
    (
        "CREATE TRIGGER cash_balances_guarded BEFORE INSERT OR UPDATE OR DELETE ON cash_balances "
        "FOR EACH ROW EXECUTE FUNCTION tradingdb_guard_balance()"
    ),
)


def upgrade() -> None:
    add_columns()
    for table, name, _ in LOOSENED:
        op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT {name}")
    for table, name, condition in ADDED:
        add_check(table, name, condition)
    exchange_kinds((*KINDS, "trade"))
    add_balances()


def downgrade() -> None:
    for trigger in ("added", "changed", "removed"):
        op.execute(f"DROP TRIGGER cash_movements_{trigger} ON cash_movements")
    op.drop_table("cash_balances")
    op.execute("DROP FUNCTION tradingdb_keep_balance()")
    op.execute("DROP FUNCTION tradingdb_guard_balance()")
    op.execute("SET LOCAL tradingdb.maintenance = 'on'")
    op.execute("UPDATE cash_movements SET kind = 'adjustment' WHERE kind = 'trade'")
    op.execute("SET LOCAL tradingdb.maintenance = 'off'")
    exchange_kinds(KINDS)
    for table, name, _ in ADDED:
        op.drop_constraint(op.f(name), table, type_="check")
    for table, name, condition in LOOSENED:
        add_check(table, name, condition)
    op.drop_column("trading_accounts", "cost_basis")
    for column in ("lots", "last_fill_place", "other_fees"):
        op.drop_column("positions", column)
    op.drop_column("fills", "client_order_id")
    op.alter_column(
        "orders",
        "last_event_at",
        comment="Venue time of the newest event applied.",
        existing_comment="Venue time of the event that venue_status is from.",
    )
    op.drop_column("orders", "amended_at")
    op.drop_column("orders", "venue_status")
    op.drop_column("orders", "filled_value")


def add_columns() -> None:
    op.add_column(
        "orders",
        sa.Column(
            "filled_value",
            sa.Numeric(),
            server_default="0",
            nullable=False,
            comment="Price times quantity of its fills; inverse contracts: quantity over price.",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "venue_status",
            sa.Text(),
            nullable=True,
            comment="As the venue's events say by themselves; status also counts the fills.",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "amended_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Venue time of the newest amendment applied.",
        ),
    )
    op.execute(
        "UPDATE orders SET filled_value = filled_quantity * average_price WHERE filled_quantity > 0",
    )
    op.alter_column(
        "orders",
        "last_event_at",
        comment="Venue time of the event that venue_status is from.",
        existing_comment="Venue time of the newest event applied.",
    )
    op.add_column(
        "fills",
        sa.Column("client_order_id", sa.Text(), nullable=True, comment="The same, where the venue gives it."),
    )
    op.add_column(
        "positions",
        sa.Column(
            "other_fees",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Paid in other currencies, by currency.",
        ),
    )
    op.add_column(
        "positions",
        sa.Column(
            "last_fill_place", sa.Text(), nullable=True, comment="Place of that fill among those of one instant."
        ),
    )
    op.add_column(
        "positions",
        sa.Column(
            "lots",
            postgresql.JSONB(),
            nullable=True,
            comment="What is held, oldest first. NULL: the account counts by average cost.",
        ),
    )
    op.add_column(
        "trading_accounts",
        sa.Column(
            "cost_basis",
            sa.Text(),
            server_default="average",
            nullable=False,
            comment="FIFO: the oldest part of a holding goes first.",
        ),
    )


def add_check(table: str, name: str, condition: str) -> None:
    """Without looking at the rows, and then look at them while others read and write."""
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    op.execute(
        f"-- squawk-ignore constraint-missing-not-valid\nALTER TABLE {table} VALIDATE CONSTRAINT {name}",
    )


def exchange_kinds(kinds: Sequence[str]) -> None:
    name = "ck_cash_movements__kind_known"
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE cash_movements DROP CONSTRAINT {name}")
    add_check("cash_movements", name, "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds)))


def add_balances() -> None:
    op.create_table(
        "cash_balances",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="Negative: owed."),
        sa.Column("movement_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "amount > '-Infinity' AND amount < 'Infinity'", name=op.f("ck_cash_balances__amount_finite")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["trading_accounts.id"],
            name=op.f("fk_cash_balances__account_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("account_id", "currency", name=op.f("pk_cash_balances")),
        comment="What an account has of a currency: the sum of its movements, which PostgreSQL itself keeps.",
    )
    op.execute("LOCK TABLE cash_movements IN SHARE ROW EXCLUSIVE MODE")
    op.execute(
        "INSERT INTO cash_balances (account_id, currency, amount, movement_count) "
        "SELECT account_id, currency, sum(amount), count(*) FROM cash_movements GROUP BY account_id, currency"
    )
    for statement in (KEEP_BALANCE, GUARD_BALANCE, *TRIGGERS):
        op.execute(statement)
