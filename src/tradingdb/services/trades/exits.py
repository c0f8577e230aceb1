"""Closing trades, in parts or whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tradingdb.core.types import exact
from tradingdb.errors import InvalidValueError, NotFoundError, TradingDBError
from tradingdb.models import ExitReason, TradeOutcome
from tradingdb.services.ledger.guard import refuse_other_content
from tradingdb.services.ledger.holdings import EXACT
from tradingdb.services.outbox import publish_many
from tradingdb.services.trades import telling
from tradingdb.services.trades.figures import Part, gain, left_open, settled
from tradingdb.services.trades.keeping import keep_good
from tradingdb.services.trades.records import NewExit, Result, TradeReceipt
from tradingdb.services.trades.stored import TRADES, StoredTrade, exit_row, insert_exits, load, update_trades

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.trades.figures import Terms


async def record_exit(session: WriteSession, trade_id: UUID, new: NewExit) -> TradeReceipt:
    """Close a part of a trade, or what is left of it; the exit that leaves nothing open settles the trade.

    Exits may come in any order and any number of times. `exit_price` is the mean weighted by quantity, `pnl` what the
    exits earned less all fees plus funding, `pnl_r` that by the risk at entry, `exit_reason` that of the latest exit.

    Raises:
        LedgerConflictError: the sequence was recorded with another content.
        NotFoundError: there is no such trade or fill.
        InvalidValueError: the exit is larger than what is open, or earlier than the entry, or the trade was cancelled.
    """
    (receipt,) = await record_exits(session, [(trade_id, new)])
    return receipt.checked()


async def record_exits(session: WriteSession, exits: Iterable[tuple[UUID, NewExit]]) -> list[TradeReceipt]:
    """The same for many, of any trades: one receipt each, in their order. Good ones are kept beside bad ones."""
    return await keep_good(session, list(exits), partial(_add_exits, session))


async def set_funding(session: WriteSession, trade_id: UUID, funding: Decimal) -> TradeReceipt:
    """Set all the funding that a trade has received (negative: paid); a closed trade's profit follows.

    It is the whole amount so far, not what is added to it: sent again, it changes nothing.

    Raises:
        NotFoundError: there is no such trade.
    """
    funding = exact(funding)
    await session.flush()
    stored = (await load(session, TRADES.c.id == trade_id, hold=True)).get(trade_id)
    if stored is None:
        raise _no_trade(trade_id)
    if stored.row.funding == funding:
        return TradeReceipt(Result.DUPLICATE, trade_id, stored.row.outcome)
    columns: dict[str, Any] = {"funding": funding}
    if stored.row.exit_time is not None:
        columns |= settled(replace(stored.terms, funding=funding), stored.parts.values())
    await update_trades(session, [{"id": trade_id, **columns}])
    if stored.row.exit_time is not None:
        await publish_many(session, telling.closed(dict(stored.row._mapping), columns))  # noqa: SLF001 - its public name
    return TradeReceipt(Result.UPDATED, trade_id, columns.get("outcome", stored.row.outcome))


async def _add_exits(session: WriteSession, exits: Sequence[tuple[UUID, NewExit]]) -> list[TradeReceipt]:
    await session.flush()
    stored = await load(session, TRADES.c.id.in_({trade_id for trade_id, _ in exits}), hold=True)
    results = [_added(stored.get(trade_id), trade_id, new) for trade_id, new in exits]
    await write_added(session, stored.values())
    return [
        TradeReceipt(Result.REFUSED, trade_id if trade_id in stored else None, _outcome(stored.get(trade_id)), result)
        if isinstance(result, TradingDBError)
        else TradeReceipt(result, trade_id, _outcome(stored.get(trade_id)))
        for (trade_id, _), result in zip(exits, results, strict=True)
    ]


async def write_added(session: WriteSession, trades: Iterable[StoredTrade]) -> None:
    """Store the exits that were added to trades, and what follows from them, and tell it."""
    changed = [trade for trade in trades if trade.added]
    await insert_exits(
        session,
        [exit_row(trade.row.id, trade.row.account_id, trade.terms, part) for trade in changed for part in trade.added],
    )
    columns = [settled(trade.terms, trade.parts.values()) for trade in changed]
    await update_trades(session, [{"id": one.row.id, **new} for one, new in zip(changed, columns, strict=True)])
    events = []
    for trade, new in zip(changed, columns, strict=True):
        row = dict(trade.row._mapping)  # noqa: SLF001 - its public name for a mapping
        events += [*telling.exited(row, trade.added), *telling.closed(row, new)]
    await publish_many(session, events)


def _added(stored: StoredTrade | None, trade_id: UUID, new: NewExit) -> Result | TradingDBError:
    if stored is None:
        return _no_trade(trade_id)
    try:
        return add_exit(stored, new)
    except TradingDBError as error:
        return error


def add_exit(stored: StoredTrade, new: NewExit) -> Result:
    """Add an exit to a trade, not yet to the database.

    Raises:
        LedgerConflictError: the sequence was recorded with another content.
        InvalidValueError: it cannot be an exit of this trade.
    """
    known = stored.parts.get(new.sequence)
    if known is not None:
        refuse_other_content(f"Exit {new.sequence} of trade {stored.row.id}", known, new, _CONTENT)
        return Result.DUPLICATE
    if stored.row.outcome is TradeOutcome.CANCELLED:
        raise InvalidValueError(f"Trade {stored.row.id} was cancelled: nothing of it can be closed.")
    if stored.row.exit_time is not None:
        raise InvalidValueError(f"Trade {stored.row.id} is closed: exit {new.sequence} finds nothing left to close.")
    part = part_of(stored.terms, stored.parts.values(), new)
    stored.parts[part.sequence] = part
    stored.added.append(part)
    return Result.INSERTED


def part_of(terms: Terms, before: Iterable[Part], new: NewExit) -> Part:
    """An exit with what it earned.

    Raises:
        InvalidValueError: it is larger than what is open, or earlier than the entry.
    """
    left = left_open(terms, list(before))
    if new.quantity > left:
        raise InvalidValueError(f"Exit {new.sequence} closes {new.quantity}, and {left} is open: correct one of them.")
    if new.exit_time < terms.entry_time:
        raise InvalidValueError(f"Exit {new.sequence} is earlier than the entry: correct one of their times.")
    earned = EXACT.subtract(gain(terms, new.quantity, new.price), new.fees)
    reason = None if new.reason is None else ExitReason(new.reason)
    return Part(new.sequence, new.quantity, new.price, new.exit_time, reason, new.fees, earned, new.fill_id)


_CONTENT = ("quantity", "price", "exit_time", "reason", "fees", "fill_id")


def _outcome(stored: StoredTrade | None) -> TradeOutcome | None:
    return None if stored is None else stored.outcome


def _no_trade(trade_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no trade {trade_id}: open it first.")
