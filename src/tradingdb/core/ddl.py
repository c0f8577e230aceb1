"""DDL that SQLAlchemy has no word for: tables that only grow, and sums that PostgreSQL itself keeps.

`create_all` emits it through events; revisions carry the same statements, and a test compares the two by catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import DDL, Table, event

if TYPE_CHECKING:
    from sqlalchemy.orm import DeclarativeBase

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION tradingdb_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tradingdb.maintenance', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% is append-only: record a correction as a new row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'To purge on purpose: SET LOCAL tradingdb.maintenance = ''on'' in the same transaction.';
END
$$
"""
"""Refuses UPDATE, DELETE and TRUNCATE; a purge has to be said aloud in its own transaction."""


def append_only_triggers(table_name: str) -> list[str]:
    """The statements that make a table append-only; the function must exist."""
    execute = "EXECUTE FUNCTION tradingdb_refuse_change()"
    return [
        f"CREATE TRIGGER {table_name}_append_only BEFORE UPDATE OR DELETE ON {table_name} FOR EACH ROW {execute}",
        f"CREATE TRIGGER {table_name}_no_truncate BEFORE TRUNCATE ON {table_name} FOR EACH STATEMENT {execute}",
    ]


def make_append_only(model: type[DeclarativeBase]) -> None:
    """Have PostgreSQL refuse UPDATE, DELETE and TRUNCATE on a model's table."""
    create_with(model, APPEND_ONLY_FUNCTION, *append_only_triggers(table_of(model).name))


def create_with(model: type[DeclarativeBase], *statements: str) -> None:
    """Have `create_all` run statements after it has made a model's table."""
    for statement in statements:
        event.listen(table_of(model), "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


BALANCE_FUNCTIONS = (
    """
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
""",
    """
CREATE OR REPLACE FUNCTION tradingdb_guard_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('tradingdb.maintenance', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% is kept by PostgreSQL: record a movement of cash instead', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
""",
)
"""A balance changes with the movements that it is the sum of, in the same statement, and in no other way."""

MOVEMENT_TRIGGERS = (
    (
        "CREATE TRIGGER cash_movements_added AFTER INSERT ON cash_movements REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
    (
        "CREATE TRIGGER cash_movements_changed AFTER UPDATE ON cash_movements "
        "REFERENCING OLD TABLE AS removed NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
    (
        "CREATE TRIGGER cash_movements_removed AFTER DELETE ON cash_movements REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_keep_balance()"
    ),
)
GUARD_TRIGGERS = (
    (
        "CREATE TRIGGER cash_balances_guarded BEFORE INSERT OR UPDATE OR DELETE ON cash_balances "
        "FOR EACH ROW EXECUTE FUNCTION tradingdb_guard_balance()"
    ),
)


def keep_balances(movements: type[DeclarativeBase], balances: type[DeclarativeBase]) -> None:
    """Have PostgreSQL keep the sums of `cash_movements` in `cash_balances`."""
    keep, guard = BALANCE_FUNCTIONS
    for model, statements in ((movements, (keep, *MOVEMENT_TRIGGERS)), (balances, (guard, *GUARD_TRIGGERS))):
        for statement in statements:
            event.listen(table_of(model), "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table that a model is mapped to."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - no model here maps a query; tells mypy
    return table
