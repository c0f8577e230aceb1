"""Keeping the good rows of a batch: what PostgreSQL refuses is found by halving, inside savepoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError

from tradingdb.errors import InvalidValueError, NotFoundError, TradingDBError
from tradingdb.failures import CHECK_VIOLATION, FOREIGN_KEY_VIOLATION, sqlstate_of, violated_constraint
from tradingdb.services.trades.records import Result, TradeReceipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tradingdb.database import WriteSession

T = TypeVar("T")


async def keep_good(
    session: WriteSession, rows: Sequence[T], write: Callable[[Sequence[T]], Awaitable[list[TradeReceipt]]]
) -> list[TradeReceipt]:
    """Write rows, and where PostgreSQL refuses one write the others all the same. One receipt per row, in their order.

    Raises:
        DBAPIError: what failed is not a row but the statement, the transaction or the connection.
    """
    if not rows:
        return []
    try:
        async with session.begin_nested():
            return await write(rows)
    except (DBAPIError, InvalidValueError) as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        if len(rows) == 1:
            return [TradeReceipt(Result.REFUSED, error=refusal)]
    middle = len(rows) // 2
    first = await keep_good(session, rows[:middle], write)
    return first + await keep_good(session, rows[middle:], write)


def _refusal(error: DBAPIError | InvalidValueError) -> TradingDBError | None:
    """What is wrong with a row, if it is the row."""
    if isinstance(error, InvalidValueError):
        return error
    table, constraint = violated_constraint(error)
    match sqlstate_of(error):
        case state if state == FOREIGN_KEY_VIOLATION:
            return NotFoundError(
                f"A trade or an exit names something that is not in the database ({constraint}): record that first."
            )
        case state if state == CHECK_VIOLATION and constraint:
            return InvalidValueError(f"The table {table} refused a row ({constraint}): correct it and send it again.")
        case _:
            return None
