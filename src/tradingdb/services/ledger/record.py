"""Orders, events and fills together, in one unit of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.entries import NewFill, NewOrder, NewOrderEvent, Receipt
from tradingdb.services.ledger.events import places_of_events, record_events
from tradingdb.services.ledger.fills import place_of as place_of_fill
from tradingdb.services.ledger.fills import record_fills
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.ledger.orders import place_of as place_of_order
from tradingdb.services.ledger.orders import submit_orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradingdb.database import WriteSession

Entry = NewOrder | NewOrderEvent | NewFill


async def record(session: WriteSession, entries: Sequence[Entry]) -> list[Receipt]:
    """Record whatever a feed sent: a receipt for each entry, in their order. Those refused leave the others be.

    Orders are recorded first, then events, then fills. Every position that is concerned is locked before anything else,
    in one order for everybody: units of work that call several verbs one after the other can collide with each other,
    and are begun again by `Database.run`; units that call this one cannot.

    Raises:
        ScopeError: the session is limited to another account.
    """
    await require_accounts(session, {entry.account_id for entry in entries})
    orders = {at: entry for at, entry in enumerate(entries) if isinstance(entry, NewOrder)}
    events = {at: entry for at, entry in enumerate(entries) if isinstance(entry, NewOrderEvent)}
    fills = {at: entry for at, entry in enumerate(entries) if isinstance(entry, NewFill)}
    places = {place_of_order(order) for order in orders.values()} | {place_of_fill(fill) for fill in fills.values()}
    await open_books(session, places | await places_of_events(session, list(events.values())))
    receipts = dict(zip(orders, await submit_orders(session, list(orders.values())), strict=True))
    receipts |= dict(zip(events, await record_events(session, list(events.values())), strict=True))
    receipts |= dict(zip(fills, await record_fills(session, list(fills.values())), strict=True))
    return [receipts[at] for at in range(len(entries))]
