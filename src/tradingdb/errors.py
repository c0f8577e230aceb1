"""What can go wrong, each with a sentence that says the cause and the remedy.

Every error of this package is a `TradingDBError`. The class docstring is the default message, so raising one without
arguments still reads well. `exit_code` is what a command returns when it ends with that error; the same table is in
`docs/reference/exit-codes.md`. No message contains driver text, a password or a bound value of a secret.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.exc import DontWrapMixin

if TYPE_CHECKING:
    from collections.abc import Mapping


class TradingDBError(Exception):
    """Something went wrong in tradingdb."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((inspect.getdoc(type(self)) or "").split()))


class InvalidValueError(TradingDBError, DontWrapMixin, ValueError):
    """A value was refused before it reached the database, because storing it would change it."""

    exit_code = 2


class ConfigurationError(TradingDBError):
    """A setting cannot be used; the message names it."""

    exit_code = 2


class PartitionMissingError(TradingDBError):
    """A row lies in a month that has no partition; make it with `timeseries.partitions.ensure`, then try again."""

    exit_code = 2


class UnusableFileError(TradingDBError):
    """A file cannot be loaded; nothing of it was stored."""

    exit_code = 2


class InvalidCandlesError(InvalidValueError):
    """Candles were refused; nothing of the batch was stored."""


class InvalidMarketTradesError(InvalidValueError):
    """Public trades were refused; nothing of the batch was stored."""


class ConflictingMarketTradesError(InvalidValueError):
    """A public trade says something else than one with the same id; nothing of the batch was stored."""


class CandlesNotWrittenError(TradingDBError):
    """Candles were taken from an iterator and could not be stored; they are in `candles`."""

    exit_code = 8

    def __init__(self, message: str | None = None, candles: Any = None) -> None:
        super().__init__(message)
        self.candles = candles
        """`CandleColumns` of those that are not stored, in the order in which they came."""


class MixedCurrenciesError(TradingDBError):
    """Amounts of several currencies do not add up; ask for one currency at a time, or for groups."""

    exit_code = 2


class MissingRateError(TradingDBError):
    """A currency has no rate, or something held no price: nothing is valued at zero, so give it."""

    exit_code = 2


class NotFoundError(TradingDBError):
    """What was asked for is not in the database."""

    exit_code = 2


class LedgerConflictError(TradingDBError):
    """The same key was recorded before with another content; nothing was changed."""

    exit_code = 2

    def __init__(
        self,
        key: str | None = None,
        stored: Mapping[str, object] | None = None,
        given: Mapping[str, object] | None = None,
    ) -> None:
        stored, given = stored or {}, given or {}
        differing = ", ".join(f"{name}: stored {stored[name]}, given {given[name]}" for name in given)
        super().__init__(
            f"{key} was recorded before with another content ({differing}); nothing was changed: "
            f"correct the sender, or use another key if these are two things."
            if key
            else None
        )
        self.key = key
        self.stored = dict(stored)
        self.given = dict(given)


class MissingExtraError(TradingDBError):
    """An optional dependency is needed for this; install the extra that the message names."""

    exit_code = 2


class DatabaseUnavailableError(TradingDBError):
    """PostgreSQL cannot be reached; check that it runs and that DATABASE_URL points at it."""

    exit_code = 3


class LoginRefusedError(TradingDBError):
    """PostgreSQL refused the login; check the user and the password in DATABASE_URL."""

    exit_code = 3


class DatabaseMissingError(TradingDBError):
    """The database does not exist; create it with `tradingdb db setup`."""

    exit_code = 3


class EmbeddedServerError(TradingDBError):
    """The embedded PostgreSQL cannot be started; the message says why."""

    exit_code = 3


class InsufficientRightsError(TradingDBError):
    """The database role lacks a right that this needs; the message names it."""

    exit_code = 4


class ExtensionMissingError(TradingDBError):
    """PostgreSQL lacks an extension that the schema needs; the message says what to install."""

    exit_code = 4


class SchemaBehindError(TradingDBError):
    """The schema is older than this package; run `tradingdb migrate upgrade`."""

    exit_code = 5


class SchemaAheadError(TradingDBError):
    """The schema is newer than this package; upgrade the tradingdb package."""

    exit_code = 5


class SchemaMismatchError(TradingDBError):
    """The database does not hold the schema that was expected; the message lists the differences."""

    exit_code = 5


class UnknownRevisionError(TradingDBError):
    """No such revision; `tradingdb migrate history` lists those that exist."""

    exit_code = 2


class RefusedError(TradingDBError):
    """This would destroy data, and was not confirmed."""

    exit_code = 6


class LockTimeoutError(TradingDBError):
    """Another session held a lock for too long; try again when it has finished."""

    exit_code = 7


class CollisionError(TradingDBError):
    """Another unit of work holds a position that this one needs out of order; `Database.run` begins it again."""

    exit_code = 7


class TransactionConflictError(TradingDBError):
    """Another transaction was in the way, and PostgreSQL rolled this one back; run it again, best by `Database.run`."""

    exit_code = 7

    def __init__(self, sqlstate: str = "40001") -> None:
        super().__init__(
            f"Another transaction was in the way (sqlstate {sqlstate}), and PostgreSQL rolled this one back: "
            "run it again, best by `Database.run`."
        )
        self.sqlstate = sqlstate
        """40001 for a serialization failure, 40P01 for a deadlock."""


class TimeLimitError(TradingDBError):
    """PostgreSQL cancelled a statement that took longer than its time limit, perhaps waiting for somebody's lock."""

    exit_code = 7


class DamagedBlockError(TradingDBError):
    """A sealed month of candles cannot be unpacked; `tradingdb candles verify --repair` drops it, and rows are read."""

    exit_code = 8


class OutcomeUnknownError(TradingDBError):
    """The connection was lost during COMMIT: the work may or may not be stored; look it up by its idempotency key."""

    exit_code = 8


class RolledBackError(TradingDBError):
    """A statement failed and its error was swallowed, so PostgreSQL rolled the whole unit of work back.

    Let the error through, or put what may fail into `async with session.begin_nested()`.
    """

    exit_code = 8


class RetriesExhaustedError(TradingDBError):
    """A unit of work kept failing with errors that are worth repeating, until its attempts or its time ran out."""

    exit_code = 8


class ScopeError(TradingDBError):
    """The session is limited to another account or mode, or this cannot be limited to it; nothing was done."""

    exit_code = 6
