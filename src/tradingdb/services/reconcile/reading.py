"""Snapshots as JSON: amounts as text or numbers, instruments by symbol; or the answers of ccxt's methods as they are.

The format is in `docs/howto/ledger.md`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import text

from tradingdb.errors import InvalidValueError, NotFoundError, UnusableFileError
from tradingdb.models import OrderStatus
from tradingdb.scope import require_in_scope, scoped_by_verb
from tradingdb.services import ccxt_structures
from tradingdb.services.ledger import NewFill, NewOrder
from tradingdb.services.reconcile.snapshot import VenueOrder, VenuePosition, VenueSnapshot

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from tradingdb.database import ReadSession

Structures = list[dict[str, Any]]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class _Instrument(_Shape):
    symbol: str | None = None
    instrument_id: int | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.symbol is None) == (self.instrument_id is None):
            raise ValueError("name its instrument by symbol or by instrument_id")
        return self

    def entry(self, ids: Mapping[str, int], *but: str) -> dict[str, Any]:
        """The fields that were given, with the instrument's id."""
        given = self.model_dump(exclude_unset=True, exclude={"symbol", "instrument_id", *but})
        return given | {"instrument_id": ids[self.symbol] if self.symbol is not None else self.instrument_id}


class _Order(_Instrument):
    side: str
    quantity: Decimal
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    status: str = OrderStatus.OPEN
    venue_order_id: str | None = None
    client_order_id: str | None = None
    order_type: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    position_side: str = "net"
    time_in_force: str = "gtc"
    reduce_only: bool = False
    post_only: bool = False
    submitted_at: AwareDatetime | None = None


class _Position(_Instrument):
    quantity: Decimal
    side: str = "net"
    entry_price: Decimal | None = None


class _Trade(_Instrument):
    side: str
    quantity: Decimal
    price: Decimal
    executed_at: AwareDatetime
    venue_trade_id: str = ""
    venue_order_id: str | None = None
    client_order_id: str | None = None
    position_side: str = "net"
    fee: Decimal = Decimal(0)
    fee_currency: str | None = None


class _Document(_Shape):
    at: AwareDatetime
    balances: dict[str, Decimal] | None = None
    orders: list[_Order] | None = None
    positions: list[_Position] | None = None
    trades: list[_Trade] | None = None
    fetch_balance: dict[str, Any] | None = Field(None, alias="fetchBalance")
    fetch_open_orders: Structures | None = Field(None, alias="fetchOpenOrders")
    fetch_positions: Structures | None = Field(None, alias="fetchPositions")
    fetch_my_trades: Structures | None = Field(None, alias="fetchMyTrades")

    def symbols(self) -> set[str]:
        """Every symbol that is named."""
        ours: list[_Instrument] = [*(self.orders or ()), *(self.positions or ()), *(self.trades or ())]
        theirs = [*(self.fetch_open_orders or ()), *(self.fetch_positions or ()), *(self.fetch_my_trades or ())]
        return {one.symbol for one in ours if one.symbol is not None} | {
            str(one["symbol"]) for one in theirs if one.get("symbol") is not None
        }


async def read_snapshot(session: ReadSession, account_id: UUID, source: Path | Mapping[str, Any]) -> VenueSnapshot:
    """The snapshot in a JSON file, or in an object of that shape. Symbols are those of the account's venue.

    Raises:
        InvalidValueError: a value of the object means nothing; the message says which.
        NotFoundError: there is no such account, or its venue has no such instrument.
        ScopeError: the session is limited to another account.
        UnusableFileError: the file cannot be read, is no JSON, or has not that shape.
    """
    require_in_scope(session, account_id=account_id)
    if isinstance(source, Mapping):
        return await _snapshot(session, account_id, source)
    loaded = _loaded(source)
    try:
        return await _snapshot(session, account_id, loaded)
    except InvalidValueError as error:
        raise UnusableFileError(f"{source} cannot be used: {error}") from None


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        # as Decimal: what a file says has more digits than a float
        loaded = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise UnusableFileError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UnusableFileError(f"{path} is no JSON: {error}.") from None
    if not isinstance(loaded, Mapping):
        raise UnusableFileError(f"{path} has no snapshot: an object with `at` and what the venue said was expected.")
    return loaded


async def _snapshot(session: ReadSession, account_id: UUID, given: Mapping[str, Any]) -> VenueSnapshot:
    try:
        document = _Document.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the snapshot"
        raise InvalidValueError(f"{place}: {first['msg']}.") from None
    ids = await _ids(session, account_id, document.symbols())
    return VenueSnapshot(
        at=document.at,
        balances=_balances(document),
        orders=_orders(document, account_id, ids),
        positions=_positions(document, ids),
        trades=_trades(document, account_id, ids),
    )


def _balances(document: _Document) -> Mapping[str, Decimal] | None:
    if document.fetch_balance is None:
        return document.balances
    return {one.asset: one.quantity for one in ccxt_structures.holdings_of(document.fetch_balance)}


def _orders(document: _Document, account_id: UUID, ids: Mapping[str, int]) -> list[VenueOrder] | None:
    if document.fetch_open_orders is not None:
        return [_order_of_ccxt(one, account_id, ids, document.at) for one in document.fetch_open_orders]
    if document.orders is None:
        return None
    found = []
    for one in document.orders:
        if one.client_order_id is None and one.venue_order_id is None:
            raise InvalidValueError("An order has neither a venue_order_id nor a client_order_id.")
        given = one.entry(ids, "filled", "average_price", "status", "order_type", "client_order_id")
        order = NewOrder(
            account_id=account_id,
            client_order_id=one.client_order_id or f"venue:{one.venue_order_id}",
            order_type=one.order_type or ("market" if one.limit_price is None else "limit"),
            **given,
        )
        found.append(VenueOrder(order=order, filled=one.filled, average_price=one.average_price, status=one.status))
    return found


def _order_of_ccxt(one: Mapping[str, Any], account_id: UUID, ids: Mapping[str, int], at: datetime) -> VenueOrder:
    filled = ccxt_structures.number(one.get("filled"), "filled") or Decimal(0)
    events = ccxt_structures.events_of(one, account_id=account_id, seen_at=at)
    says = {"accepted": "open", "partially_filled": "partial"}
    last = events[-1].kind if events else "accepted"
    return VenueOrder(
        order=ccxt_structures.order_of(one, account_id=account_id, instruments=ids),
        filled=filled,
        average_price=ccxt_structures.number(one.get("average"), "average"),
        status=says.get(last, last),
    )


def _positions(document: _Document, ids: Mapping[str, int]) -> list[VenuePosition] | None:
    if document.fetch_positions is not None:
        reports = [ccxt_structures.position_of(one, instruments=ids) for one in document.fetch_positions]
        return [
            VenuePosition(
                instrument_id=one.instrument_id, quantity=one.quantity, side=one.side, entry_price=one.entry_price
            )
            for one in reports
        ]
    if document.positions is None:
        return None
    return [VenuePosition(**one.entry(ids)) for one in document.positions]


def _trades(document: _Document, account_id: UUID, ids: Mapping[str, int]) -> list[NewFill]:
    if document.fetch_my_trades is not None:
        return [
            ccxt_structures.fill_of(one, account_id=account_id, instruments=ids) for one in document.fetch_my_trades
        ]
    return [NewFill(account_id=account_id, **one.entry(ids)) for one in document.trades or ()]


async def _ids(session: ReadSession, account_id: UUID, symbols: set[str]) -> dict[str, int]:
    """The ids of symbols at the account's venue."""
    rows = (await session.execute(_INSTRUMENTS, {"account_id": account_id, "symbols": sorted(symbols)})).all()
    if not rows:
        raise NotFoundError(f"There is no account {account_id}: add it first.")
    ids = {row.symbol: row.id for row in rows if row.id is not None}
    if missing := sorted(symbols - ids.keys()):
        raise NotFoundError(
            f"The account's venue has no instrument {missing[0]}: add it with market.ensure_instrument."
        )
    return ids


_INSTRUMENTS = scoped_by_verb(
    text(
        """
        SELECT i.id, i.symbol
        FROM trading_accounts a
        LEFT JOIN instruments i ON i.venue_id = a.venue_id AND i.symbol = ANY(CAST(:symbols AS text[]))
        WHERE a.id = :account_id
        """
    )
)
