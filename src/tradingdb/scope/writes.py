"""What a scoped session writes: rows are stamped with the account and the mode, and refused where they name others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnClause, Insert, Label, Select, Table, Update, bindparam, select
from sqlalchemy.dialects.postgresql.dml import OnConflictDoUpdate
from sqlalchemy.sql.selectable import CompoundSelect, FromClauseAlias

from tradingdb.core.mode import TradingMode
from tradingdb.errors import ScopeError
from tradingdb.scope.tables import scoped_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradingdb.scope.limit import Scope

Row = dict[str, Any]


def checked_update(statement: Update, rows: list[Row], scope: Scope) -> None:
    """Refuse an UPDATE that moves rows out of the scope.

    Raises:
        ScopeError: it would, or cannot be seen not to.
    """
    table: Any = statement.table
    for name, owned in _limits(table, scope):
        for key, value in _pairs(statement):
            if _name(key) == name:
                for plain in _plain_values(value, rows, table):
                    _require(owned, plain, scope, f"An UPDATE of {table.name} sets {name}")
        for row in rows:
            if name in row:
                _require(owned, row[name], scope, f"An UPDATE of {table.name} sets {name}")


def stamped_insert(statement: Insert, rows: list[Row], scope: Scope) -> tuple[Insert, list[Row]]:
    """An INSERT whose rows are all in the scope: what is absent or None is filled in.

    Raises:
        ScopeError: a row names another account or mode, or none where the scope has several, or only PostgreSQL will
            know which.
    """
    for name, owned in _limits(statement.table, scope):
        if statement.select is not None:
            statement = _stamped_select(statement, name, owned, scope)
        elif statement._multi_values:  # noqa: SLF001 - SQLAlchemy has no public way to see what is inserted
            statement = _stamped_multi_values(statement, name, owned, scope)
        else:
            statement, rows = _stamped_rows(statement, rows, name, owned, scope)
        _check_conflict(statement, name, owned, rows, scope)
    return statement, rows


class _Owned:
    """What a scope says of one column: which values are inside, and which one is filled in."""

    def __init__(self, kind: type[UUID | TradingMode], inside: Any, stamp: UUID | TradingMode | None) -> None:
        self.kind = kind
        self.inside = inside
        self.stamp = stamp

    def has(self, value: object) -> bool:
        try:
            return bool(self.inside(value if isinstance(value, self.kind) else self.kind(value)))  # type: ignore[arg-type]
        except (ValueError, AttributeError, TypeError):
            return False


def _limits(table: Any, scope: Scope) -> Iterator[tuple[str, _Owned]]:
    columns = scoped_columns(table)
    if columns is None:
        return
    if columns.account is not None and scope.accounts is not None:
        yield columns.account, _Owned(UUID, scope.has_account, scope.only_account)
    if columns.mode is not None and scope.mode is not None:
        yield columns.mode, _Owned(TradingMode, scope.has_mode, scope.mode)


def _require(owned: _Owned, value: object, scope: Scope, what: str) -> None:
    if not owned.has(value):
        raise ScopeError(f"{what} to {value}: the session is limited to {scope}.")


def _name(key: Any) -> str:
    return str(getattr(key, "key", key))


def _pairs(statement: Insert | Update) -> list[tuple[Any, Any]]:
    values = statement._values  # noqa: SLF001 - as above
    ordered = getattr(statement, "_ordered_values", None)
    return [*(values.items() if values else ()), *(ordered or ())]


def _plain_values(value: Any, rows: list[Row], table: Any) -> list[Any]:
    """What a value of a statement is in Python, for each set of parameters.

    Raises:
        ScopeError: it is an expression, whose value only PostgreSQL will know.
    """
    if isinstance(value, Label):
        value = value.element
    if not isinstance(value, BindParameter):
        if hasattr(value, "__clause_element__") or hasattr(value, "compile"):
            raise ScopeError(
                f"An expression as account or mode of {table.name} cannot be seen to be in scope: leave it out, "
                "or give the value."
            )
        return [value]
    given = [row[value.key] for row in rows if value.key in row]
    return given or [value.effective_value]


def _filled(value: Any, name: str, owned: _Owned, table: Any, scope: Scope) -> Any:
    """The value that a row gets, None being the same as absent."""
    if value is None:
        if owned.stamp is None:
            raise ScopeError(f"A row of {table.name} names no {name}, and the scope has several: name one of them.")
        return owned.stamp
    _require(owned, value, scope, f"A row of {table.name} sets {name}")
    return value


def _stamped_rows(
    statement: Insert, rows: list[Row], name: str, owned: _Owned, scope: Scope
) -> tuple[Insert, list[Row]]:
    table = statement.table
    in_statement = [value for key, value in _pairs(statement) if _name(key) == name]
    if in_statement and not any(name in row for row in rows):
        values = {_filled(value, name, owned, table, scope) for value in _plain_values(in_statement[0], rows, table)}
        if None not in _plain_values(in_statement[0], rows, table):
            return statement, rows
        return statement.values({name: values.pop()}), rows
    if not rows:
        return statement.values({name: _filled(None, name, owned, table, scope)}), rows
    return statement, [{**row, name: _filled(row.get(name), name, owned, table, scope)} for row in rows]


def _stamped_multi_values(statement: Insert, name: str, owned: _Owned, scope: Scope) -> Insert:
    """`insert().values([{…}, …])`: rebuilt with the stamp in each row."""
    table = statement.table

    def stamped(row: Mapping[Any, Any]) -> dict[Any, Any]:
        key = next((key for key in row if _name(key) == name), name)
        given = _plain_values(row[key], [], table)[0] if key in row else None
        return {**row, key: _filled(given, name, owned, table, scope)}

    def as_mapping(row: Any) -> Mapping[Any, Any]:
        names = [column.key for column in table.c]
        return row if hasattr(row, "keys") else dict(zip(names, row, strict=False))

    rebuilt = statement._generate()  # noqa: SLF001 - the shallow copy that every generative method makes
    rebuilt._multi_values = tuple(  # noqa: SLF001
        [stamped(as_mapping(row)) for row in block]
        for block in statement._multi_values  # noqa: SLF001
    )
    return rebuilt


def _stamped_select(statement: Insert, name: str, owned: _Owned, scope: Scope) -> Insert:
    """`insert().from_select(…)`: the stamp is one more column of the SELECT."""
    table, source = statement.table, statement.select
    names = list(statement._select_names or ())  # noqa: SLF001
    if not isinstance(source, (Select, CompoundSelect)):
        raise ScopeError(f"What is inserted into {table.name} cannot be seen to be in scope: insert from a select().")
    if name in names:
        parts = source.selects if isinstance(source, CompoundSelect) else [source]
        for part in parts:
            _check_selected(list(part.selected_columns)[names.index(name)], name, owned, table, scope)
        return statement
    stamp = bindparam(None, _filled(None, name, owned, table, scope), type_=_type_of(table, name)).label(name)
    if isinstance(source, CompoundSelect):
        inner = source.subquery()
        widened = select(*inner.c, stamp)
    else:
        widened = source.add_columns(stamp)
    rebuilt = statement._generate()  # noqa: SLF001
    rebuilt._select_names = [*names, name]  # noqa: SLF001
    rebuilt.select = widened
    return rebuilt


def _type_of(table: Any, name: str) -> Any:
    return table.c[name].type if isinstance(table, Table) else None


def _check_selected(selected: Any, name: str, owned: _Owned, table: Any, scope: Scope) -> None:
    """A column of a scoped table is in scope, because its rows are; a value is compared."""
    if isinstance(selected, Label):
        selected = selected.element
    if isinstance(selected, ColumnClause) and selected.table is not None:
        origin = selected.table
        origin = origin.element if isinstance(origin, FromClauseAlias) else origin
        columns = scoped_columns(origin)
        here = scoped_columns(table)
        if columns is not None and here is not None:
            expected = columns.account if name == here.account else columns.mode
            if selected.key == expected:
                return
    for value in _plain_values(selected, [], table):
        _require(owned, value, scope, f"A row of {table.name} sets {name}")


def _check_conflict(statement: Insert, name: str, owned: _Owned, rows: list[Row], scope: Scope) -> None:
    clause = getattr(statement, "_post_values_clause", None)
    if not isinstance(clause, OnConflictDoUpdate):
        return
    for key, value in dict(clause.update_values_to_set).items():
        if _name(key) != name:
            continue
        origin = getattr(value, "table", None)
        if isinstance(origin, FromClauseAlias) and origin.name == "excluded" and value.key == name:
            continue  # the row that was proposed is in scope
        for plain in _plain_values(value, rows, statement.table):
            _require(owned, plain, scope, f"ON CONFLICT DO UPDATE of {statement.table.name} sets {name}")
