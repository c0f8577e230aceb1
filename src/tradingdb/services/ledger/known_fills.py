"""What is known of fills that are sent: by others of their batch, by what is stored under their key, by their order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from tradingdb.bulk import FEW, fetch, sent, sent_values
from tradingdb.collisions import GATE
from tradingdb.errors import LedgerConflictError, NotFoundError
from tradingdb.models.trading.open_fill import KNOWN, KNOWN_OF_SENT, selected
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import lock_books
from tradingdb.services.ledger.guard import refuse_other_content
from tradingdb.services.ledger.position_rows import book_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import TextClause

    from tradingdb.collisions import Turn
    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.entries import NewFill
    from tradingdb.services.ledger.position_rows import Book, Place


def whole_fills(fills: Sequence[NewFill]) -> list[NewFill]:
    """For each fill the first of its key, with what the others of that key know of its order and its fee."""
    known: dict[Key, NewFill] = {}
    keys = [identity(fill) for fill in fills]
    for key, fill in zip(keys, fills, strict=True):
        first = known.setdefault(key, fill)
        if first is not fill and (more := _missing_in(first, fill)):
            known[key] = replace(first, **more)
    return [*fills] if len(known) == len(fills) else [known[key] for key in keys]


def _missing_in(first: NewFill, other: NewFill) -> dict[str, Any]:
    names = {name: getattr(other, name) for name in _NAMES_OF_ORDER if getattr(first, name) is None}
    more = {name: value for name, value in names.items() if value is not None}
    if first.fee_currency is None and other.fee_currency is not None:
        more |= {"fee": other.fee, "fee_currency": other.fee_currency}
    return more


Key = tuple[Any, ...]
_NAMES_OF_ORDER = ("order_id", "client_order_id", "venue_order_id")


def identity(fill: NewFill) -> Key:
    """What no two fills have in common."""
    return fill.account_id, fill.instrument_id, fill.venue_trade_id, fill.sequence


class StoredFill(NamedTuple):
    """What is known of a fill that is there, with what this call has learned."""

    side: str
    position_side: str
    quantity: Decimal
    price: Decimal
    executed_at: datetime
    fee: Decimal
    fee_currency: str | None
    order_id: UUID | None
    client_order_id: str | None
    venue_order_id: str | None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> StoredFill:
        """As it was looked up."""
        return cls(*(found[f"fill_{name}"] for name in cls._fields))


def check_order(fill: NewFill, found: Mapping[str, Any]) -> None:
    """Refuse a fill that does not belong to the order that it names.

    Raises:
        NotFoundError: there is no order with the id that it names.
        LedgerConflictError: its names are of several orders, or the order is of another instrument or side.
    """
    named = found["named_order_id"]
    if fill.order_id is not None and named is None:
        raise NotFoundError(
            f"There is no order {fill.order_id} in account {fill.account_id}: submit it first, or name it by its "
            "client_order_id or venue_order_id, and the fill waits for it."
        )
    for other in (found["fill_order_id"], found["client_named_id"], found["venue_named_id"]):
        if other is not None and other != named:
            raise LedgerConflictError(_key(fill), {"order_id": other}, {"order_id": named})
    if named is not None:
        facts = found["order_instrument_id"], found["order_position_side"], found["order_side"]
        if facts != (fill.instrument_id, fill.position_side, fill.side):
            refuse_other_content(f"order {named}", _OrderFacts(*facts), fill, _OrderFacts._fields)


class _OrderFacts(NamedTuple):
    """What an order and its fills have in common."""

    instrument_id: int
    position_side: str
    side: str


_CONTENT = ("side", "position_side", "quantity", "price", "executed_at")


def refuse_other_fill(fill: NewFill, known: NewFill | StoredFill) -> None:
    """A fee or a name of the order that one of the two does not have says nothing about the other."""
    names = [*_CONTENT]
    if fill.fee_currency is not None and known.fee_currency is not None:
        names += ["fee", "fee_currency"]
    for name in ("client_order_id", "venue_order_id"):
        if getattr(fill, name) is not None and getattr(known, name) is not None:
            names.append(name)
    refuse_other_content(_key(fill), known, fill, names)


def _key(fill: NewFill) -> str:
    return f"fill {fill.venue_trade_id}/{fill.sequence} of account {fill.account_id}, instrument {fill.instrument_id}"


def assumed(fill: NewFill) -> dict[str, Any]:
    """What is found of a fill that is new and fits to its order, before it is known which order that is."""
    return _NOT_STORED | {
        "named_order_id": fill.order_id or TO_BE_FOUND,
        "order_instrument_id": fill.instrument_id,
        "order_position_side": fill.position_side,
        "order_side": fill.side,
    }


TO_BE_FOUND = UUID(int=0)
"""Stands for the order until the statement that stores the fill has found it."""

_NOT_STORED = dict.fromkeys(KNOWN)


async def open_and_look_up(
    session: WriteSession,
    places: Sequence[Place],
    fills: Sequence[NewFill],
    turn: Turn,
) -> tuple[dict[Place, Book], Sequence[Mapping[str, Any]]]:
    """Lock the positions of fills, and then find for each fill what is stored under its key, and its order.

    Raises:
        CollisionError: within `Database.run`, which begins the unit of work again.
    """
    if len(fills) == len(turn.wanted) == 1 and turn.waits:
        place, fill = places[0], fills[0]
        values = place._asdict() | {name: getattr(fill, name) for name in _KEYS}
        if found := await fetch(session, _OPEN_FILL, values):
            return {place: book_of(found[0])}, found
    books = await lock_books(session, set(places), turn)
    return books, await _look_up(session, fills)


async def _look_up(session: WriteSession, fills: Sequence[NewFill]) -> Sequence[Mapping[str, Any]]:
    rows = [{name: getattr(fill, name) for name in _KEYS} | {"place": place} for place, fill in enumerate(fills)]
    statement = _look_up_statement(min(len(rows), FEW + 1))
    return await fetch(session, statement, sent_values("sent", _NAMES, rows))


_KEYS = {
    "account_id": "uuid",
    "instrument_id": "int4",
    "venue_trade_id": "text",
    "sequence": "int2",
    "order_id": "uuid",
    "client_order_id": "text",
    "venue_order_id": "text",
}
_NAMES = _KEYS | {"place": "int4"}


@cache
def _look_up_statement(count: int) -> TextClause:
    return scoped_by_verb(
        text(
            f"""
        SELECT {selected(KNOWN)}
        FROM {sent("sent", _NAMES, count)}
        {KNOWN_OF_SENT}
        ORDER BY sent.place
        """  # noqa: S608 - built from the constants above
        )
    )


_OPEN_FILL = scoped_by_verb(
    text(
        f"""
        SELECT * FROM tradingdb_open_fill(
            {GATE}, :account_id, :instrument_id, :side, :venue_trade_id, CAST(:sequence AS smallint),
            :order_id, :client_order_id, :venue_order_id
        )
        """  # noqa: S608 - built from constants
    )
)
