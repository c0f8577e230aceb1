"""The limit of a session: said when it is opened, lifted in plain sight, asked by verbs that write their own SQL."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, inspect
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Text, Uuid

from tradingdb.core.mode import TradingMode
from tradingdb.errors import InvalidValueError, ScopeError
from tradingdb.scope.tables import is_scoped, scoped_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Executable
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

SEAT: Final = "tradingdb_scope"
"""Where the limit sits: in `info` of a session, and in the execution options of its connections."""
UNSCOPED: Final = "tradingdb_unscoped"
BY_VERB: Final = "tradingdb_scoped_by_verb"

E = TypeVar("E", bound="Executable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The account or accounts, the mode, or both, that a session is limited to."""

    account_id: UUID | None = None
    account_ids: Collection[UUID] | None = None
    """Several accounts: rows are not stamped, and each must name one of them."""
    mode: TradingMode | None = None

    def __post_init__(self) -> None:
        if self.account_id is not None and self.account_ids is not None:
            raise InvalidValueError("A Scope has account_id or account_ids, not both.")
        if self.account_ids is not None and not self.account_ids:
            raise InvalidValueError("account_ids is empty: a Scope without accounts would hide everything.")
        if self.account_id is None and self.account_ids is None and self.mode is None:
            raise InvalidValueError(
                "A Scope names an account, several accounts or a mode; leave scope out for no limit."
            )
        for given in self.accounts or ():
            if not isinstance(given, UUID):
                raise InvalidValueError(f"An account is named by its UUID, not by a {type(given).__name__}.")
        if self.mode is not None and self.mode not in set(TradingMode):
            raise InvalidValueError(f"{self.mode!r} is no mode: live, paper or backtest.")

    @property
    def accounts(self) -> frozenset[UUID] | None:
        """The accounts; None: any."""
        if self.account_id is not None:
            return frozenset({self.account_id})
        return None if self.account_ids is None else frozenset(self.account_ids)

    @property
    def only_account(self) -> UUID | None:
        """The account that new rows get; None: there is not exactly one."""
        accounts = self.accounts
        return next(iter(accounts)) if accounts is not None and len(accounts) == 1 else None

    def has_account(self, account_id: object) -> bool:
        """Whether rows of this account are inside. A row of no account is in no account's scope."""
        return self.accounts is None or account_id in self.accounts

    def has_mode(self, mode: object) -> bool:
        """Whether rows of this mode are inside."""
        return self.mode is None or mode == self.mode

    def __str__(self) -> str:
        accounts = " and ".join(sorted(str(account) for account in self.accounts or ()))
        return ", ".join(
            part for part in (accounts and f"account {accounts}", self.mode and f"mode {self.mode}") if part
        )


class ScopeOption(HasCacheKey, ORMOption):
    """A scope as part of a statement: its shape is part of the cache key, its values are bound parameters.

    One compiled statement serves all scopes of a shape. SQLAlchemy carries options through the ORM's own compilation,
    so the compiler finds this one for every statement that the ORM derives too.
    """

    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy declares it so
        ("account", InternalTraversal.dp_clauseelement),
        ("accounts", InternalTraversal.dp_clauseelement),
        ("mode", InternalTraversal.dp_clauseelement),
    ]
    _is_has_cache_key = True

    def __init__(self, scope: Scope) -> None:
        accounts = scope.accounts
        self.account: BindParameter[Any] | None = None
        self.accounts: BindParameter[Any] | None = None
        self.mode: BindParameter[Any] | None = None
        if accounts is not None and len(accounts) == 1:
            self.account = bindparam("tradingdb_scope_account", scope.only_account, type_=Uuid())
        elif accounts is not None:
            self.accounts = bindparam("tradingdb_scope_accounts", sorted(accounts), type_=ARRAY(Uuid()))
        if scope.mode is not None:
            self.mode = bindparam("tradingdb_scope_mode", TradingMode(scope.mode).value, type_=Text())

    @property
    def limits_accounts(self) -> bool:
        """Whether it names accounts."""
        return self.account is not None or self.accounts is not None


class Seat:
    """The scope of one session, and whether it is lifted just now."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.option = ScopeOption(scope)
        self.lifted = 0


def seated(session: AsyncSession | Session) -> Seat | None:
    """The scope of a session with its state; None: it never had one."""
    seat = session.info.get(SEAT)
    return seat if isinstance(seat, Seat) else None


def scope_of(session: AsyncSession | Session) -> Scope | None:
    """What a session is limited to at this moment; None: nothing."""
    seat = seated(session)
    return None if seat is None or seat.lifted else seat.scope


@contextmanager
def unscoped(session: AsyncSession) -> Iterator[None]:
    """Lift the limit of a session for a block; a session without one stays as it is.

    For one statement, `execution_options(tradingdb_unscoped=True)` does the same. Flush inside the block what was added
    or changed in it. Objects of other accounts that were loaded in the block are detached from the session at its end,
    so that `session.get` cannot find them later.

    Raises:
        ScopeError: an object outside the scope was changed in the block and not flushed.
    """
    seat = seated(session)
    if seat is None:
        yield
        return
    seat.lifted += 1
    try:
        yield
    finally:
        seat.lifted -= 1
    if not seat.lifted:
        _detach_strangers(session, seat.scope)


def _detach_strangers(session: AsyncSession, scope: Scope) -> None:
    for row in list(session.sync_session.identity_map.values()):
        if why_outside(row, scope) is None:
            continue
        if session.sync_session.is_modified(row):
            raise ScopeError(f"{row!r} is outside the scope and was changed: flush inside the unscoped block.")
        session.sync_session.expunge(row)


def why_outside(row: object, scope: Scope) -> str | None:
    """What is wrong with an object of the ORM in this scope, as far as it is loaded; None: nothing."""
    state = inspect(row)
    columns = scoped_columns(state.mapper.local_table)
    if columns is None:
        return None
    if (
        columns.account is not None
        and columns.account in state.dict
        and not scope.has_account(state.dict[columns.account])
    ):
        return f"{columns.account} {state.dict[columns.account]}"
    if columns.mode is not None and columns.mode in state.dict and not scope.has_mode(state.dict[columns.mode]):
        return f"{columns.mode} {state.dict[columns.mode]}"
    return None


def require_in_scope(session: AsyncSession, *, account_id: UUID | None, mode: TradingMode | None = None) -> None:
    """Refuse to go on if the session is limited to another account or mode. Verbs with SQL of their own begin with it.

    A session without scope may do anything. `mode=None` means that the verb's rows have no mode of their own.

    Raises:
        ScopeError: the session's scope is another one.
    """
    scope = scope_of(session)
    if scope is None:
        return
    if not scope.has_account(account_id):
        whose = "no account" if account_id is None else f"account {account_id}"
        raise ScopeError(f"This is about {whose}, and the session is limited to {scope}: open one with its scope.")
    if mode is not None and not scope.has_mode(mode):
        raise ScopeError(f"This is about mode {mode}, and the session is limited to {scope}: open one with its scope.")


def require_unscoped_table(session: AsyncSession, table: str) -> None:
    """Refuse what goes past SQLAlchemy, such as COPY, for a scoped table in a scoped session.

    Raises:
        ScopeError: the session is limited, and the table has rows of accounts or modes.
    """
    scope = scope_of(session)
    if scope is not None and is_scoped(table):
        raise ScopeError(f"A COPY of {table} cannot be limited to {scope}: do it in `with unscoped(session):`.")


def scoped_by_verb(statement: E) -> E:
    """Mark a statement of the library as limited already, by `require_in_scope` or by its own conditions."""
    return statement.execution_options(**{BY_VERB: True})
