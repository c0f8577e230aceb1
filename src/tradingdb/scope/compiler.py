"""The compiler of SQL that adds the limit: every way from a statement to a table leads through it.

A scoped table in FROM gets its condition in WHERE. Where that would change the meaning, on the outer side of an outer
join, and where SQL has no WHERE for it, the table is rendered as `(SELECT * FROM t WHERE …) AS t`, which PostgreSQL
flattens. UPDATE, DELETE and ON CONFLICT DO UPDATE get the condition too.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, FromClause, Join, and_, any_, column, select
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.selectable import FromClauseAlias, FromGrouping, TableClause

from tradingdb.core.base import Base
from tradingdb.errors import ScopeError
from tradingdb.scope.limit import ScopeOption
from tradingdb.scope.tables import ACCOUNTS, ScopedColumns, may_reach_scoped_rows, scoped_columns

TEXT_REFUSED = (
    "Raw SQL in a scoped session is refused where it could reach scoped rows: write it with SQLAlchemy's constructs, "
    "or say `with unscoped(session):` and limit it yourself."
)


class ScopedCompiler(PGCompiler_asyncpg):
    """PostgreSQL's compiler; it limits statements that carry a `ScopeOption`, and compiles others as ever."""

    _scope_option: ScopeOption | None
    _conditioned: list[set[FromClause]]
    """For each SELECT under way, innermost last: what its own WHERE limits already."""

    def __init__(self, dialect: Any, statement: Any, *args: Any, **kw: Any) -> None:
        options = getattr(statement, "_with_options", ())
        self._scope_option = next((option for option in options if isinstance(option, ScopeOption)), None)
        self._conditioned = []
        super().__init__(dialect, statement, *args, **kw)

    def visit_table(self, table: Any, asfrom: Any = False, iscrud: Any = False, **kw: Any) -> str:  # type: ignore[override]  # noqa: FBT002 - SQLAlchemy's signature
        """Render a table where it is read, limited unless the WHERE around it does that."""
        rendered: str = _of_postgresql(super()).visit_table(table, asfrom=asfrom, iscrud=iscrud, **kw)
        if self._scope_option is None or not asfrom or iscrud:
            return rendered
        alias = kw.get("enclosing_alias")
        is_aliased = alias is not None and alias.element is table
        if self._conditioned and (alias if is_aliased else table) in self._conditioned[-1]:
            return rendered
        if (condition := self._condition(table)) is None:
            return rendered
        where = self.process(condition, include_table=True)
        limited = f"(SELECT * FROM {rendered} WHERE {where})"  # noqa: S608 - the compiler rendered both
        return limited if is_aliased else f"{limited} AS {self.preparer.quote(table.name)}"

    def _compose_select_body(
        self, text: str, select: Any, compile_state: Any, inner_columns: Any, froms: Any, *rest: Any
    ) -> str:
        limited = {
            source: condition for source in _always_present(froms) if (condition := self._condition(source)) is not None
        }
        if limited:
            select = select._generate()  # noqa: SLF001 - the shallow copy that every generative method makes
            select._where_criteria += tuple(limited.values())  # noqa: SLF001 - froms are settled: where() would do more
        self._conditioned.append(set(limited))
        try:
            composed: str = super()._compose_select_body(  # type: ignore[no-untyped-call]
                text, select, compile_state, inner_columns, froms, *rest
            )
        finally:
            self._conditioned.pop()
        return composed

    def visit_insert(self, insert_stmt: Any, visited_bindparam: Any = None, visiting_cte: Any = None, **kw: Any) -> str:
        """Render an INSERT. What it inserts was looked at before; inside a CTE nobody did."""
        if self._scope_option is not None and (visiting_cte is not None or self.stack):
            self._refuse_nested(insert_stmt.table, "an INSERT")
        return self._with_reads_limited(
            super().visit_insert, insert_stmt, visited_bindparam=visited_bindparam, visiting_cte=visiting_cte, **kw
        )

    def visit_update(self, update_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        """Render an UPDATE of rows within the limit."""
        if self._scope_option is not None and (visiting_cte is not None or self.stack):
            columns = scoped_columns(update_stmt.table)
            named = {getattr(key, "key", key) for key in update_stmt._values or ()}  # noqa: SLF001 - it has no other name
            named |= {getattr(key, "key", key) for key, _ in getattr(update_stmt, "_ordered_values", None) or ()}
            if columns is not None and named & {columns.account, columns.mode}:
                self._refuse_nested(update_stmt.table, "an UPDATE that sets the account or the mode")
        return self._with_reads_limited(
            super().visit_update, self._limited_dml(update_stmt), visiting_cte=visiting_cte, **kw
        )

    def visit_delete(self, delete_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        """Render a DELETE of rows within the limit."""
        return self._with_reads_limited(
            super().visit_delete, self._limited_dml(delete_stmt), visiting_cte=visiting_cte, **kw
        )

    def visit_on_conflict_do_update(self, on_conflict: Any, **kw: Any) -> str:
        """Render ON CONFLICT: the row that is there may be another account's, and is then left alone."""
        inserted: Any = self.stack[-1]["selectable"]
        condition = self._condition(inserted.table)
        if condition is not None:
            on_conflict = copy(on_conflict)
            there = on_conflict.update_whereclause
            on_conflict.update_whereclause = condition if there is None else and_(there, condition)
        rendered: str = _of_postgresql(super()).visit_on_conflict_do_update(on_conflict, **kw)
        return rendered

    def visit_textclause(self, textclause: Any, add_to_result_map: Any = None, **kw: Any) -> str:
        """Render a piece of raw SQL, if it cannot reach scoped rows."""
        if self._scope_option is not None and (kw.get("asfrom") or may_reach_scoped_rows(textclause.text)):
            raise ScopeError(TEXT_REFUSED)
        rendered: str = _of_postgresql(super()).visit_textclause(textclause, add_to_result_map=add_to_result_map, **kw)
        return rendered

    def visit_tstring(self, tstring: Any, *args: Any, **kw: Any) -> str:
        """Refuse template strings: their text comes in pieces."""
        if self._scope_option is not None:
            raise ScopeError(TEXT_REFUSED)
        rendered: str = _of_postgresql(super()).visit_tstring(tstring, *args, **kw)
        return rendered

    def visit_column(self, column: ColumnClause[Any], *args: Any, **kw: Any) -> str:
        """Render a column; a `literal_column` is raw SQL."""
        if self._scope_option is not None and column.is_literal and may_reach_scoped_rows(str(column.name)):
            raise ScopeError(TEXT_REFUSED)
        return super().visit_column(column, *args, **kw)

    def get_statement_hint_text(self, hint_texts: Any) -> str:
        """Render hints, which are raw SQL."""
        if self._scope_option is not None and any(map(may_reach_scoped_rows, hint_texts)):
            raise ScopeError(TEXT_REFUSED)
        rendered: str = _of_postgresql(super()).get_statement_hint_text(hint_texts)
        return rendered

    def _with_reads_limited(self, render: Any, *args: Any, **kw: Any) -> str:
        """Render something whose tables no WHERE around it limits."""
        self._conditioned.append(set())
        try:
            rendered: str = render(*args, **kw)
        finally:
            self._conditioned.pop()
        return rendered

    def _limited_dml(self, statement: Any) -> Any:
        target = statement.table
        if self._scope_option is None:
            return statement
        if isinstance(target, FromClauseAlias) and scoped_columns(target.element) is not None:
            raise ScopeError("UPDATE and DELETE of an alias cannot be limited: name the table itself.")
        condition = self._condition(target)
        return statement if condition is None else statement.where(condition)

    def _refuse_nested(self, table: Any, what: str) -> None:
        if scoped_columns(table) is not None:
            raise ScopeError(f"Inside a CTE {what} of {table.name} cannot be limited: execute it on its own.")

    def _condition(self, source: FromClause) -> ColumnElement[bool] | None:
        """The condition that a row of this table or alias is within the limit; None: it needs none."""
        option = self._scope_option
        table = source.element if isinstance(source, FromClauseAlias) else source
        columns = scoped_columns(table)
        if option is None or columns is None:
            return None
        conditions: list[ColumnElement[bool]] = []
        if columns.account is not None:
            conditions += self._account_conditions(option, _column(source, columns.account), columns)
        if columns.mode is not None and option.mode is not None:
            conditions.append(_column(source, columns.mode) == option.mode)
        return and_(*conditions) if conditions else None

    def _account_conditions(
        self, option: ScopeOption, account: ColumnElement[Any], columns: ScopedColumns
    ) -> list[ColumnElement[bool]]:
        if option.account is not None:
            return [account == option.account]
        if option.accounts is not None:
            return [account == any_(option.accounts)]
        if columns.mode is None:  # the row has the mode of its account; that table is limited in its turn
            return [account.in_(select(Base.metadata.tables[ACCOUNTS].alias("accounts_of_mode").c.id))]
        return []


def _of_postgresql(compiler: Any) -> Any:
    """The compiler below; most of it has no types."""
    return compiler


def _column(source: FromClause, name: str) -> ColumnElement[Any]:
    if name in source.c:
        return source.c[name]
    bare: ColumnClause[Any] = column(name, _selectable=source)  # a table() without columns
    return bare


def _always_present(froms: Any) -> list[FromClause]:
    """The tables and aliases of tables that give every row of a FROM list: all but the outer sides of outer joins."""
    found: list[FromClause] = []
    for source in froms:
        if isinstance(source, Join):
            if not source.full:
                found += _always_present([source.left] if source.isouter else [source.left, source.right])
        elif isinstance(source, (FromGrouping, Grouping)):
            found += _always_present([source.element])
        elif isinstance(source, TableClause) or (
            isinstance(source, FromClauseAlias) and isinstance(source.element, TableClause)
        ):
            found.append(source)
    return found
