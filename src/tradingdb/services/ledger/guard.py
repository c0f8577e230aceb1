"""Who may be written to, and what may be sent again: asked by every verb of the ledger before it does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from tradingdb.errors import LedgerConflictError
from tradingdb.models import TradingAccount
from tradingdb.scope import require_in_scope, scope_of, unscoped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from tradingdb.database import ReadSession


async def require_accounts(session: ReadSession, account_ids: Collection[UUID]) -> None:
    """Refuse to go on if the session is limited to other accounts, or to another mode than theirs.

    Raises:
        ScopeError: it is.
    """
    for account_id in account_ids:
        require_in_scope(session, account_id=account_id)
    scope = scope_of(session)
    if scope is None or scope.mode is None:
        return
    with unscoped(session):
        modes = await session.execute(
            select(TradingAccount.id, TradingAccount.mode).where(TradingAccount.id.in_(account_ids))
        )
    for account_id, mode in modes:
        require_in_scope(session, account_id=account_id, mode=mode)


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
