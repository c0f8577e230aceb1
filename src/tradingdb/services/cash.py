"""Cash: what comes into an account and leaves it beside its fills, recorded once, and what is there.

Balances are sums that PostgreSQL itself keeps. A payment of funding is also added to its position, under the position's
lock: positions are locked first, then orders, then balances, here as everywhere in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tradingdb.bulk import arrays, unnested
from tradingdb.core.clock import as_utc
from tradingdb.core.ids import uuid7
from tradingdb.core.json import clean_text, dump_json
from tradingdb.core.types import LARGEST_INT4, exact
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.models import CashMovementKind, PositionSide
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.cash_of_fills import MOVEMENT
from tradingdb.services.ledger.entries import CheckedEntry, Receipt, Result
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.ledger.position_rows import Place
from tradingdb.services.outbox import NewEvent, publish_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import Row

    from tradingdb.database import ReadSession, WriteSession

_SIGNS = {CashMovementKind.DEPOSIT: True, CashMovementKind.WITHDRAWAL: False}
"""Whether an amount of a kind comes in, where that is not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMovement(CheckedEntry):
    """An amount that came in (positive) or went out. Its key is (account, dedupe key).

    Raises:
        InvalidValueError: a value cannot be kept exactly, or means nothing.
    """

    account_id: UUID
    dedupe_key: str
    """The venue's id of it where there is one: what is sent again must have the same key."""
    kind: CashMovementKind | str
    amount: Decimal
    currency: str
    occurred_at: datetime
    """By the venue's clock."""
    instrument_id: int | None = None
    position_side: PositionSide | str | None = None
    """Of a funding: the position that it was paid for. None: the net one, if an instrument is named."""
    note: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words(kind=CashMovementKind, position_side=PositionSide)
        self._check_numbers("amount")
        self._check_times("occurred_at")
        self._check_references("dedupe_key", "currency")
        self._check_keys("account_id")
        self._check_integers(instrument_id=LARGEST_INT4)
        self._check_payload("details")
        if self.note is not None:
            if not isinstance(self.note, str):
                raise InvalidValueError(f"note is text, not a {type(self.note).__name__}.")
            clean_text(self.note)
        kind, amount = CashMovementKind(self.kind), self.amount
        if not amount or (kind in _SIGNS and (amount > 0) is not _SIGNS[kind]):
            wanted = "not zero" if kind not in _SIGNS else "more than zero" if _SIGNS[kind] else "less than zero"
            raise InvalidValueError(f"The amount of a {kind} was {amount:f}: it is {wanted}.")
        if kind is CashMovementKind.FUNDING and self.instrument_id is not None:
            self._store("position_side", self.position_side or PositionSide.NET)
        elif self.position_side is not None:
            raise InvalidValueError("Only a funding of an instrument belongs to a position.")

    @property
    def other_account_id(self) -> str | None:
        """Of a transfer: the account at its other end, where `details` name it."""
        other = self.details.get("other_account_id") if self.kind is CashMovementKind.TRANSFER else None
        return None if other is None else str(other)

    @property
    def place(self) -> Place | None:
        """The position that it is added to."""
        if self.instrument_id is None or self.position_side is None:
            return None
        return Place(self.account_id, self.instrument_id, PositionSide(self.position_side))


async def record_movement(session: WriteSession, movement: NewMovement) -> Receipt:
    """Record one movement of cash. Sent again it is a duplicate.

    Raises:
        InvalidValueError: a funding in another currency than its instrument settles in.
        LedgerConflictError: the same key was recorded with another content.
        NotFoundError: the account or the instrument does not exist.
        ScopeError: the session is limited to another account, or to another mode.
    """
    (receipt,) = await record_movements(session, [movement])
    return receipt.checked()


async def record_movements(session: WriteSession, movements: Sequence[NewMovement]) -> list[Receipt]:
    """The same for many at once: a receipt for each, in their order. Those refused leave the others be."""
    if not movements:
        return []
    await require_accounts(session, {movement.account_id for movement in movements})
    await open_books(session, {movement.place for movement in movements if movement.place is not None})
    referred = await _references(session, movements)
    refused = [_refusal(movement, row) for movement, row in zip(movements, referred, strict=True)]
    fresh: dict[tuple[UUID, str], dict[str, Any]] = {}
    for movement, error in zip(movements, refused, strict=True):
        if error is None:
            fresh.setdefault((movement.account_id, movement.dedupe_key), _row(movement))
    new = {row.id for row in await session.execute(_INSERT, arrays("new", _ROW, list(fresh.values())))}
    inserted = [row for row in fresh.values() if row["id"] in new]
    stored = await _stored(session, list(fresh.values()))
    paid = [row | {"side": row["position_side"]} for row in inserted if row["position_side"] is not None]
    if paid:
        await session.execute(_ADD_FUNDING, arrays("paid", _PAID, paid))
    await publish_many(session, [_event(row) for row in inserted])
    return [
        Receipt(Result.REFUSED, error=error) if error is not None else _receipt(movement, stored, new)
        for movement, error in zip(movements, refused, strict=True)
    ]


async def transfer(
    session: WriteSession,
    from_account: UUID,
    to_account: UUID,
    *,
    amount: Decimal,
    currency: str,
    at: datetime,
    key: str,
    note: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> tuple[Receipt, Receipt]:
    """Move an amount between two accounts: a movement of each under one key, both or none.

    Returns the receipts of the one that gave and of the one that took. Sent again both are duplicates.

    Raises:
        InvalidValueError: the amount is not more than zero, or both accounts are the same.
        LedgerConflictError: the key was recorded in one of them with another content, or with a third account.
        NotFoundError: one of them does not exist.
        ScopeError: the session is limited, and not to both or to another mode.
    """
    amount = exact(amount)
    if amount <= 0 or from_account == to_account:
        raise InvalidValueError("A transfer moves more than zero, from one account to another one.")
    ends = [
        NewMovement(
            account_id=account_id,
            dedupe_key=key,
            kind=CashMovementKind.TRANSFER,
            amount=signed,
            currency=currency,
            occurred_at=at,
            note=note,
            details={**(details or {}), "other_account_id": str(other)},
        )
        for account_id, other, signed in (
            (from_account, to_account, amount.copy_negate()),
            (to_account, from_account, amount),
        )
    ]
    async with session.begin_nested():
        gave, took = [receipt.checked() for receipt in await record_movements(session, ends)]
    return gave, took


async def record_funding(
    session: WriteSession,
    account_id: UUID,
    instrument_id: int,
    *,
    amount: Decimal,
    currency: str,
    at: datetime,
    key: str,
    position_side: PositionSide | str = PositionSide.NET,
) -> Receipt:
    """Record what a position received as funding (negative: paid), as cash and as `positions.funding`.

    Raises: as `record_movement`.
    """
    movement = NewMovement(
        account_id=account_id,
        dedupe_key=key,
        kind=CashMovementKind.FUNDING,
        amount=amount,
        currency=currency,
        occurred_at=at,
        instrument_id=instrument_id,
        position_side=position_side,
    )
    return await record_movement(session, movement)


async def balances(session: ReadSession, account_id: UUID, as_of: datetime | None = None) -> dict[str, Decimal]:
    """What an account has of each currency it ever had, sorted by currency; negative: owed.

    With `as_of`, what had moved by then by the venue's clock, whenever it was recorded.

    Raises:
        NotFoundError: there is no such account.
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_accounts(session, [account_id])
    parameters = {"account_id": account_id} | ({} if as_of is None else {"as_of": as_utc(as_of)})
    rows = (await session.execute(_NOW if as_of is None else _AS_OF, parameters)).all()
    if not rows:
        raise NotFoundError(f"There is no account {account_id}: add it first.")
    return {row.currency: row.amount for row in rows if row.currency is not None}


def _refusal(movement: NewMovement, row: Row[Any]) -> TradingDBError | None:
    if not row.has_account or (movement.instrument_id is not None and not row.has_instrument):
        return NotFoundError(
            f"There is no account {movement.account_id} or no instrument {movement.instrument_id}: add it first."
        )
    if movement.position_side is not None and movement.currency != row.settle_currency:
        return InvalidValueError(
            f"Instrument {movement.instrument_id} settles in {row.settle_currency}, and a funding in "
            f"{movement.currency} does not add up with its others: record it without its instrument."
        )
    return None


def _receipt(movement: NewMovement, stored: dict[tuple[UUID, str], Row[Any]], new: set[UUID]) -> Receipt:
    there = stored[movement.account_id, movement.dedupe_key]
    differing = [name for name in _CONTENT if getattr(there, name) != getattr(movement, name)]
    if differing:
        error = LedgerConflictError(
            f"movement {movement.dedupe_key} of account {movement.account_id}",
            {name: getattr(there, name) for name in differing},
            {name: getattr(movement, name) for name in differing},
        )
        return Receipt(Result.REFUSED, error=error)
    if there.id in new:
        new.discard(there.id)  # the same movement once more in this batch is a duplicate
        return Receipt(Result.INSERTED, there.id)
    return Receipt(Result.DUPLICATE, there.id)


def _row(movement: NewMovement) -> dict[str, Any]:
    side = movement.position_side
    details = dict(movement.details) if side is None else {**movement.details, "position_side": side}
    names = ("account_id", "dedupe_key", "kind", "amount", "currency", "occurred_at", "instrument_id", "note")
    return {
        "id": uuid7(),
        "details": dump_json(details),
        "position_side": side,
        **{name: getattr(movement, name) for name in names},
    }


def _event(row: dict[str, Any]) -> NewEvent:
    names = ("dedupe_key", "kind", "amount", "currency", "occurred_at", "instrument_id", "position_side")
    payload = {name: row[name] for name in names}
    return NewEvent("cash.moved", "cash_movements", row["id"], payload, row["account_id"])


async def _references(session: ReadSession, movements: Sequence[NewMovement]) -> Sequence[Row[Any]]:
    rows = [{name: getattr(movement, name) for name in _REFERENCE} for movement in movements]
    return (await session.execute(_REFERRED, arrays("sent", _REFERENCE, rows))).all()


async def _stored(session: ReadSession, rows: list[dict[str, Any]]) -> dict[tuple[UUID, str], Row[Any]]:
    found = await session.execute(_THERE, arrays("sent", _KEY, rows))
    return {(row.account_id, row.dedupe_key): row for row in found}


_CONTENT = ("kind", "amount", "currency", "occurred_at", "instrument_id", "position_side", "other_account_id")
_KEY = {"account_id": "uuid", "dedupe_key": "text"}
_REFERENCE = {"account_id": "uuid", "instrument_id": "int4"}
_PAID = {"account_id": "uuid", "instrument_id": "int4", "side": "text", "amount": "numeric"}
_ROW = MOVEMENT | {"note": "text", "details": "jsonb"}
_REFERRED = scoped_by_verb(
    text(
        f"""
        SELECT a.id IS NOT NULL AS has_account, i.id IS NOT NULL AS has_instrument,
               coalesce(i.settle_currency, i.quote_currency) AS settle_currency
        FROM {unnested("sent", _REFERENCE)} WITH ORDINALITY AS sent (account_id, instrument_id, place)
        LEFT JOIN trading_accounts a ON a.id = sent.account_id
        LEFT JOIN instruments i ON i.id = sent.instrument_id
        ORDER BY sent.place
        """  # noqa: S608 - built from the constants above
    )
)
_INSERT = scoped_by_verb(
    text(
        f"""
        INSERT INTO cash_movements ({", ".join(_ROW)})
        SELECT {", ".join(_ROW)} FROM {unnested("new", _ROW)} AS sent ({", ".join(_ROW)})
        ORDER BY account_id, dedupe_key
        ON CONFLICT (account_id, dedupe_key) DO NOTHING
        RETURNING id
        """  # noqa: S608 - same
    )
)
_THERE = scoped_by_verb(
    text(
        f"""
        SELECT m.id, m.account_id, m.dedupe_key, m.kind, m.amount, m.currency, m.occurred_at, m.instrument_id,
               CASE WHEN m.kind = 'funding' AND m.instrument_id IS NOT NULL
                    THEN coalesce(m.details ->> 'position_side', 'net') END AS position_side,
               CASE WHEN m.kind = 'transfer' THEN m.details ->> 'other_account_id' END AS other_account_id
        FROM {unnested("sent", _KEY)} AS sent (account_id, dedupe_key)
        JOIN cash_movements m USING (account_id, dedupe_key)
        """  # noqa: S608 - same
    )
)
_ADD_FUNDING = scoped_by_verb(
    text(
        f"""
        UPDATE positions p SET funding = p.funding + paid.amount, updated_at = now()
        FROM (SELECT account_id, instrument_id, side, sum(amount) AS amount
              FROM {unnested("paid", _PAID)} AS sent ({", ".join(_PAID)})
              GROUP BY account_id, instrument_id, side) AS paid
        WHERE p.account_id = paid.account_id AND p.instrument_id = paid.instrument_id AND p.side = paid.side
        """  # noqa: S608 - same
    )
)
_NOW = scoped_by_verb(
    text(
        """
        SELECT b.currency, b.amount FROM trading_accounts a LEFT JOIN cash_balances b ON b.account_id = a.id
        WHERE a.id = :account_id ORDER BY b.currency COLLATE "C"
        """
    )
)
_AS_OF = scoped_by_verb(
    text(
        """
        SELECT m.currency, sum(m.amount) AS amount
        FROM trading_accounts a LEFT JOIN cash_movements m ON m.account_id = a.id AND m.occurred_at <= :as_of
        WHERE a.id = :account_id GROUP BY m.currency ORDER BY m.currency COLLATE "C"
        """
    )
)
