"""Who may be written to, and what may be sent again: asked by every verb of the ledger before it does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tradingdb.errors import LedgerConflictError, NotFoundError, ScopeError
from tradingdb.models import TradingAccount
from tradingdb.scope import require_in_scope, scope_of, scoped_by_verb, unscoped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from tradingdb.database import ReadSession


async def require_accounts(session: ReadSession, account_ids: Collection[UUID]) -> None:
    """Refuse to go on if the session is limited to other accounts, or to another mode than theirs.

    Raises:
        ScopeError: it is.
    """
    scope = scope_of(session)
    if scope is None:
        return
    for account_id in account_ids:
        require_in_scope(session, account_id=account_id)
    if scope.mode is None:
        return
    with unscoped(session):
        modes = await session.execute(
            select(TradingAccount.id, TradingAccount.mode).where(TradingAccount.id.in_(account_ids))
        )
    for account_id, mode in modes:
        require_in_scope(session, account_id=account_id, mode=mode)


async def require_account_there(session: ReadSession, account_id: UUID) -> None:
    """Refuse to go on if there is no such account, or the session is limited to others.

    Raises:
        NotFoundError: there is none.
        ScopeError: the session is limited.
    """
    await require_accounts(session, [account_id])
    if not await session.scalar(_HAS_ACCOUNT, {"account_id": account_id}):
        raise NotFoundError(f"There is no account {account_id}: add it first, or look for its id in trading_accounts.")


async def require_all_or_one(session: ReadSession, account_id: UUID | None) -> None:
    """Refuse an account that is not there or not within the session's limit; None, for all, within any limit.

    Raises:
        NotFoundError: there is no such account.
        ScopeError: the session is limited.
    """
    if account_id is not None:
        await require_account_there(session, account_id)
    elif (scope := scope_of(session)) is not None:
        raise ScopeError(f"This is about every account, and the session is limited to {scope}: name one of them.")


_HAS_ACCOUNT = scoped_by_verb(text("SELECT EXISTS (SELECT FROM trading_accounts WHERE id = :account_id)"))


def refuse_other_content(key: str, stored: object, given: object, names: Iterable[str]) -> None:
    """Refuse what was recorded before under the same key with another content.

    Raises:
        LedgerConflictError: a value differs.
    """
    differing = [name for name in names if getattr(stored, name) != getattr(given, name)]
    if differing:
        raise LedgerConflictError(
            key,
            {name: getattr(stored, name) for name in differing},
            {name: getattr(given, name) for name in differing},
        )
