"""Where statements are caught: before SQLAlchemy compiles them, and before a session flushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Compiled, Insert, TextClause, Update, event, inspect
from sqlalchemy.orm import FromStatement, Session
from sqlalchemy.schema import DefaultGenerator
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause
from sqlalchemy.sql.lambdas import StatementLambdaElement
from sqlalchemy.sql.selectable import SelectBase

from tradingdb.errors import ScopeError
from tradingdb.scope.compiler import TEXT_REFUSED
from tradingdb.scope.limit import BY_VERB, SEAT, UNSCOPED, Seat, scope_of, why_outside
from tradingdb.scope.tables import may_reach_scoped_rows, scoped_columns
from tradingdb.scope.writes import checked_update, stamped_insert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import ExecutionContext
    from sqlalchemy.orm import SessionTransaction, UOWTransaction

_OF_TRANSACTIONS = (SavepointClause, RollbackToSavepointClause, ReleaseSavepointClause, DefaultGenerator)


class ScopedSession(Session):
    """What a scoped session works with: it looks at its objects before it writes them, and tells them their account."""


def _active_seat(options: Mapping[str, Any]) -> Seat | None:
    seat = options.get(SEAT)
    if not isinstance(seat, Seat) or seat.lifted or options.get(UNSCOPED) or options.get(BY_VERB):
        return None
    return seat


def _limit(
    _connection: Connection, element: Any, multiparams: Any, params: Any, execution_options: Mapping[str, Any]
) -> tuple[Any, Any, Any]:
    """Give a statement its scope, or refuse it. Called for every statement of a scoped session."""
    seat = _active_seat(execution_options)
    if seat is None or isinstance(element, _OF_TRANSACTIONS):
        return element, multiparams, params
    if isinstance(element, TextClause):
        if may_reach_scoped_rows(element.text):
            raise ScopeError(TEXT_REFUSED)
        return element, multiparams, params
    if isinstance(element, StatementLambdaElement):
        raise ScopeError("A lambda statement cannot be limited: build the statement without the lambda.")
    if isinstance(element, Compiled) or not isinstance(element, (SelectBase, UpdateBase, FromStatement)):
        raise ScopeError(
            f"A {type(element).__name__} cannot be limited to {seat.scope}: execute it in `with unscoped(session):`."
        )
    if isinstance(element, (Insert, Update)):
        rows = list(multiparams) or ([params] if params else [])
        if isinstance(element, Insert):
            element, rows = stamped_insert(element, rows, seat.scope)
        else:
            checked_update(element, rows, seat.scope)
        multiparams, params = (rows, {}) if len(rows) > 1 else ([], rows[0] if rows else {})
    return element.options(seat.option), multiparams, params


def _refuse_driver_sql(
    _connection: Connection,
    _cursor: Any,
    statement: str,
    _parameters: Any,
    context: ExecutionContext | None,
    _many: bool,  # noqa: FBT001 - SQLAlchemy's signature
) -> None:
    """Refuse `exec_driver_sql`, which SQLAlchemy does not show to the other listener."""
    if context is None or context.compiled is not None:
        return
    if _active_seat(context.execution_options) is not None and may_reach_scoped_rows(statement):
        raise ScopeError(TEXT_REFUSED)


@event.listens_for(ScopedSession, "after_begin")
def _seat_connection(session: ScopedSession, _transaction: SessionTransaction, connection: Connection) -> None:
    """Have every connection of the session, also one after a rollback, carry the scope and refuse what is outside."""
    connection.execution_options(**{SEAT: session.info[SEAT]})
    event.listen(connection, "before_execute", _limit, retval=True)  # once, also where savepoints say it again
    event.listen(connection, "before_cursor_execute", _refuse_driver_sql)


@event.listens_for(ScopedSession, "before_flush")
def _stamp_objects(session: ScopedSession, _context: UOWTransaction, _objects: Any) -> None:
    scope = scope_of(session)
    if scope is None:
        return
    for row in session.new:
        columns = scoped_columns(inspect(row).mapper.local_table)
        if columns is None:
            continue
        if columns.account is not None and scope.only_account and getattr(row, columns.account, None) is None:
            setattr(row, columns.account, scope.only_account)
        if columns.mode is not None and scope.mode and getattr(row, columns.mode, None) is None:
            setattr(row, columns.mode, scope.mode)
    for row in (*session.new, *session.dirty, *session.deleted):
        if (reason := why_outside(row, scope)) is not None:
            raise ScopeError(f"{row!r} with {reason} was refused: the session is limited to {scope}.")
