"""What a session is limited to: one trading account or several, a mode, or both.

`db.write(scope=Scope(account_id=…))` adds the limit to every statement while it is compiled, so that nobody has to
remember it. Tables with a column `account_id`, a column `mode` of trading modes, or both are scoped by them;
`trading_accounts` by its id and its mode. What cannot be limited is refused with `ScopeError`. This keeps a service
from forgetting; it does not keep in code that wants to get out.
"""

from tradingdb.scope.limit import (
    Scope,
    require_in_scope,
    require_unscoped_table,
    scope_of,
    scoped_by_verb,
    unscoped,
)

__all__ = [
    "Scope",
    "require_in_scope",
    "require_unscoped_table",
    "scope_of",
    "scoped_by_verb",
    "unscoped",
]
