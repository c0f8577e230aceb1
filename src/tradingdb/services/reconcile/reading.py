"""Snapshots as JSON: amounts as text or numbers, instruments by symbol; or the answers of ccxt's methods as they are.

The format is in `docs/howto/ledger.md`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import text

from tradingdb.core.json import clean_text
from tradingdb.core.types import LARGEST_INT4
from tradingdb.errors import InvalidValueError, NotFoundError, UnusableFileError
from tradingdb.models import OrderStatus
from tradingdb.scope import scoped_by_verb
from tradingdb.services import ccxt_structures
from tradingdb.services.ledger import NewFill, NewOrder
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.reconcile.snapshot import VenueOrder, VenuePosition, VenueSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from tradingdb.database import ReadSession

T = TypeVar("T")
R = TypeVar("R")

Name = Annotated[str, AfterValidator(clean_text)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class _Instrument(_Shape):
    symbol: Name | None = None
    instrument_id: int | None = Field(None, ge=1, le=LARGEST_INT4)

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


class _Theirs(BaseModel):
    """A structure of ccxt: what of it is taken apart has its shape, everything else stays as it came."""

    model_config = ConfigDict(extra="allow")

    def as_it_came(self) -> dict[str, Any]:
        """The structure itself."""
        return self.model_dump(exclude_unset=True)


class _Balance(_Theirs):
    free: dict[Name, Any] | None = None
    used: dict[Name, Any] | None = None
    total: dict[Name, Any] | None = None
    debt: dict[Name, Any] | None = None


class _Structure(_Theirs):
    symbol: Name | None = None
    status: str | None = None
    fee: dict[str, Any] | None = None
    fees: list[dict[str, Any]] | None = None


class _Document(_Shape):
    at: AwareDatetime
    balances: dict[Name, Decimal] | None = None
    orders: list[_Order] | None = None
    positions: list[_Position] | None = None
    trades: list[_Trade] | None = None
    fetch_balance: _Balance | None = Field(None, alias="fetchBalance")
    fetch_open_orders: list[_Structure] | None = Field(None, alias="fetchOpenOrders")
    fetch_positions: list[_Structure] | None = Field(None, alias="fetchPositions")
    fetch_my_trades: list[_Structure] | None = Field(None, alias="fetchMyTrades")

    def symbols(self) -> set[str]:
        """Every symbol that is named."""
        ours: list[_Instrument] = [*(self.orders or ()), *(self.positions or ()), *(self.trades or ())]
        theirs = [*(self.fetch_open_orders or ()), *(self.fetch_positions or ()), *(self.fetch_my_trades or ())]
        return {one.symbol for one in [*ours, *theirs] if one.symbol is not None}


async def read_snapshot(session: ReadSession, account_id: UUID, source: Path | Mapping[str, Any]) -> VenueSnapshot:
    """The snapshot in a JSON file, or in an object of that shape. Symbols are those of the account's venue.

    Raises:
        InvalidValueError: a value of the object means nothing; the message says which.
        NotFoundError: there is no such account, or its venue has no such instrument.
        ScopeError: the session is limited to another account, or to another mode.
        UnusableFileError: the file cannot be read, is no JSON, or has not that shape.
    """
    await require_accounts(session, [account_id])
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
    except RecursionError:
        raise UnusableFileError(f"{path} is no snapshot: it is nested too deeply.") from None
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
    holdings = _at("fetchBalance", document.fetch_balance.as_it_came(), ccxt_structures.holdings_of)
    return {one.asset: one.quantity for one in holdings}


def _orders(document: _Document, account_id: UUID, ids: Mapping[str, int]) -> list[VenueOrder] | None:
    if document.fetch_open_orders is not None:
        orders = [one.as_it_came() for one in document.fetch_open_orders]
        return _each("fetchOpenOrders", orders, lambda one: _order_of_ccxt(one, account_id, ids, document.at))
    if document.orders is None:
        return None
    return _each("orders", document.orders, lambda one: _order_of(one, account_id, ids))


def _order_of(one: _Order, account_id: UUID, ids: Mapping[str, int]) -> VenueOrder:
    if one.client_order_id is None and one.venue_order_id is None:
        raise InvalidValueError("An order has neither a venue_order_id nor a client_order_id.")
    given = one.entry(ids, "filled", "average_price", "status", "order_type", "client_order_id")
    order = NewOrder(
        account_id=account_id,
        client_order_id=one.client_order_id or f"venue:{one.venue_order_id}",
        order_type=one.order_type or ("market" if one.limit_price is None else "limit"),
        **given,
    )
    return VenueOrder(order=order, filled=one.filled, average_price=one.average_price, status=one.status)


def _order_of_ccxt(one: Mapping[str, Any], account_id: UUID, ids: Mapping[str, int], at: datetime) -> VenueOrder:
    order = ccxt_structures.order_of(one, account_id=account_id, instruments=ids)
    if order.venue_order_id is None and one.get("clientOrderId") is None:
        raise InvalidValueError("An order has neither an id nor a clientOrderId.")
    filled = ccxt_structures.number(one.get("filled"), "filled") or Decimal(0)
    events = ccxt_structures.events_of(one, account_id=account_id, seen_at=at)
    says = {"accepted": "open", "partially_filled": "partial"}
    last = events[-1].kind if events else "accepted"
    return VenueOrder(
        order=order,
        filled=filled,
        average_price=ccxt_structures.number(one.get("average"), "average"),
        status=says.get(last, last),
    )


def _positions(document: _Document, ids: Mapping[str, int]) -> list[VenuePosition] | None:
    if document.fetch_positions is not None:
        positions = [one.as_it_came() for one in document.fetch_positions]
        told = _each("fetchPositions", positions, lambda one: _position_of_ccxt(one, ids))
        return [one for one in told if one.quantity]  # venues list a side that is flat, or leave it out
    if document.positions is None:
        return None
    return _each("positions", document.positions, lambda one: VenuePosition(**one.entry(ids)))


def _position_of_ccxt(one: Mapping[str, Any], ids: Mapping[str, int]) -> VenuePosition:
    report = ccxt_structures.position_of(one, instruments=ids)
    return VenuePosition(
        instrument_id=report.instrument_id, quantity=report.quantity, side=report.side, entry_price=report.entry_price
    )


def _trades(document: _Document, account_id: UUID, ids: Mapping[str, int]) -> list[NewFill]:
    if document.fetch_my_trades is not None:
        trades = [one.as_it_came() for one in document.fetch_my_trades]
        return _each(
            "fetchMyTrades",
            trades,
            lambda one: ccxt_structures.fill_of(one, account_id=account_id, instruments=ids),
        )
    return _each("trades", document.trades or (), lambda one: NewFill(account_id=account_id, **one.entry(ids)))


def _each(part: str, given: Iterable[T], read: Callable[[T], R]) -> list[R]:
    """What the entries of a part say."""
    return [_at(f"{part}.{number}", one, read) for number, one in enumerate(given)]


def _at(place: str, given: T, read: Callable[[T], R]) -> R:
    """What is said at a place of the snapshot; what is wrong there is told with the place."""
    try:
        return read(given)
    except InvalidValueError as error:
        raise InvalidValueError(f"{place}: {error}") from None


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
