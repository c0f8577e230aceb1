"""DDL that SQLAlchemy has no word for: tables that only grow.

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

DROP_APPEND_ONLY_FUNCTION = "DROP FUNCTION IF EXISTS tradingdb_refuse_change()"


def append_only_triggers(table_name: str) -> list[str]:
    """The statements that make a table append-only; the function must exist."""
    execute = "EXECUTE FUNCTION tradingdb_refuse_change()"
    return [
        f"CREATE TRIGGER {table_name}_append_only BEFORE UPDATE OR DELETE ON {table_name} FOR EACH ROW {execute}",
        f"CREATE TRIGGER {table_name}_no_truncate BEFORE TRUNCATE ON {table_name} FOR EACH STATEMENT {execute}",
    ]


def make_append_only(model: type[DeclarativeBase]) -> None:
    """Have PostgreSQL refuse UPDATE, DELETE and TRUNCATE on a model's table."""
    table = table_of(model)
    for statement in (APPEND_ONLY_FUNCTION, *append_only_triggers(table.name)):
        event.listen(table, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table that a model is mapped to."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - no model here maps a query; tells mypy
    return table
