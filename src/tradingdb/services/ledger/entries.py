"""What is handed to the ledger, and what it answers. An entry that cannot be stored exactly cannot be made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tradingdb.core.clock import as_utc
from tradingdb.core.json import clean_text, dump_json
from tradingdb.core.types import LARGEST_INT2, LARGEST_INT4, LARGEST_INT8, exact
from tradingdb.errors import InvalidValueError, TradingDBError
from tradingdb.models import Liquidity, OrderEventKind, OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce

if TYPE_CHECKING:
    from datetime import datetime


class Result(StrEnum):
    """What became of one entry."""

    INSERTED = "inserted"
    UPDATED = "updated"
    """It was there, and now knows something that it did not."""
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    """Only in batches, whose other rows are kept; the receipt has the error."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one entry, and the row that it is or was."""

    result: Result
    id: UUID | None = None
    """Of the order or fill; an event's receipt has its order's. None: refused."""
    order_status: OrderStatus | None = None
    """Of the order afterwards. None: no order is known yet."""
    error: TradingDBError | None = None

    def checked(self) -> Self:
        """The receipt itself.

        Raises:
            TradingDBError: the one that the entry was refused with.
        """
        if self.error is not None:
            raise self.error
        return self


class CheckedEntry:
    """Checks shared by everything that is handed in."""

    __slots__ = ()

    def _store(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_numbers(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None:
                self._store(name, exact(value))

    def _check_positive(self, *names: str) -> None:
        self._check_numbers(*names)
        for name in names:
            if getattr(self, name) <= 0:
                raise InvalidValueError(f"{name} was {getattr(self, name)}: it is more than zero.")

    def _check_times(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None:
                self._store(name, as_utc(value))

    def _check_words(self, **enums: type[StrEnum]) -> None:
        for name, enum in enums.items():
            value = getattr(self, name)
            try:
                self._store(name, None if value is None else enum(value))
            except ValueError:
                raise InvalidValueError(f"{name} was {value!r}; known are: {', '.join(enum)}.") from None

    def _check_keys(self, *names: str) -> None:
        """Identifiers that this library made."""
        for name in names:
            value = getattr(self, name)
            if value is not None and not isinstance(value, UUID):
                raise InvalidValueError(f"{name} was {value!r}: it is a UUID.")

    def _check_integers(self, **most: int) -> None:
        for name, limit in most.items():
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
                raise InvalidValueError(f"{name} was {value!r}: it is a whole number from 0 to {limit}.")

    def _check_payload(self, name: str) -> None:
        """Somebody else's object, which must be one that JSON can hold."""
        value = getattr(self, name)
        if not isinstance(value, Mapping):
            raise InvalidValueError(f"{name} is a mapping, not a {type(value).__name__}.")
        dump_json(value)

    def _check_references(self, *names: str) -> None:
        """Identifiers of a venue or a sender: text with something in it that fits into an index."""
        for name in names:
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_REFERENCE:
                raise InvalidValueError(f"{name} is text of 1 to {_LONGEST_REFERENCE} characters.")
            clean_text(value)


_LONGEST_REFERENCE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder(CheckedEntry):
    """An instruction, recorded before it is sent. Its key is (account, client order id).

    Raises:
        InvalidValueError: a value cannot be kept exactly, or means nothing.
    """

    account_id: UUID
    instrument_id: int
    client_order_id: str
    side: OrderSide | str
    quantity: Decimal
    order_type: OrderType | str = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_offset: Decimal | None = None
    time_in_force: TimeInForce | str = TimeInForce.GTC
    position_side: PositionSide | str = PositionSide.NET
    reduce_only: bool = False
    post_only: bool = False
    venue_order_id: str | None = None
    """None until the venue has answered."""
    strategy_id: UUID | None = None
    signal_id: UUID | None = None
    decision_id: UUID | None = None
    trade_id: UUID | None = None
    submitted_at: datetime | None = None
    expires_at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words(side=OrderSide, order_type=OrderType, time_in_force=TimeInForce, position_side=PositionSide)
        self._check_keys("account_id", "strategy_id", "signal_id", "decision_id", "trade_id")
        self._check_integers(instrument_id=LARGEST_INT4)
        self._check_positive("quantity")
        self._check_numbers("limit_price", "stop_price")
        if self.trailing_offset is not None:
            self._check_positive("trailing_offset")
        if self.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and self.limit_price is None:
            raise InvalidValueError(f"A {self.order_type} order has a limit_price.")
        if self.order_type in {OrderType.STOP, OrderType.STOP_LIMIT} and self.stop_price is None:
            raise InvalidValueError(f"A {self.order_type} order has a stop_price.")
        self._check_payload("details")
        self._check_times("submitted_at", "expires_at")
        self._check_references("client_order_id", "venue_order_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrderEvent(CheckedEntry):
    """What a venue said about an order. The order is named by any of its three identifiers.

    Raises:
        InvalidValueError: a value cannot be kept exactly, or the order is not named.
    """

    account_id: UUID
    kind: OrderEventKind | str
    occurred_at: datetime
    """By the venue's clock."""
    order_id: UUID | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    """Beside another identifier it is learned: the order has it from now on."""
    sequence: int | None = None
    """The venue's own order among events of one instant."""
    dedupe_key: str = ""
    """The same event has the same key. Empty: made of kind, time and sequence."""
    reason: str | None = None
    """Why it was rejected, cancelled or has expired."""
    quantity: Decimal | None = None
    """Of an amended order, as are the prices."""
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words(kind=OrderEventKind)
        self._check_keys("account_id", "order_id")
        self._check_times("occurred_at")
        self._check_integers(sequence=LARGEST_INT8)
        self._check_payload("payload")
        if self.reason is not None:
            clean_text(self.reason)
        if self.quantity is not None:
            self._check_positive("quantity")
        self._check_numbers("limit_price", "stop_price")
        self._check_references("client_order_id", "venue_order_id")
        if self.order_id is None and self.client_order_id is None and self.venue_order_id is None:
            raise InvalidValueError("An event names its order: order_id, client_order_id or venue_order_id.")
        if not self.dedupe_key:
            parts: tuple[object, ...] = (self.kind, self.occurred_at.isoformat(), self.sequence)
            amended = (self.quantity, self.limit_price, self.stop_price)
            if self.kind == OrderEventKind.AMENDED:  # several of one instant may change different things
                parts += tuple(None if value is None else value.normalize() for value in amended)
            self._store("dedupe_key", ":".join("" if part is None else str(part) for part in parts))
        self._check_references("dedupe_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFill(CheckedEntry):
    """An execution. Its key is (account, instrument, venue trade id, sequence).

    Where a venue gives no trade id, one is made of the order's name (the client order id, if given), time, side,
    quantity and price, so that the same execution sent again has the same: name the order in the same way each time.
    `sequence` tells apart two that are equal in all of that.

    Raises:
        InvalidValueError: a value cannot be kept exactly, or means nothing.
    """

    account_id: UUID
    instrument_id: int
    side: OrderSide | str
    quantity: Decimal
    price: Decimal
    executed_at: datetime
    """By the venue's clock."""
    venue_trade_id: str = ""
    sequence: int = 0
    order_id: UUID | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    position_side: PositionSide | str = PositionSide.NET
    fee: Decimal = Decimal(0)
    """Positive: paid. Negative: a rebate."""
    fee_currency: str | None = None
    """None: the fee is not known yet."""
    liquidity: Liquidity | str | None = None
    bid_price: Decimal | None = None
    ask_price: Decimal | None = None
    mark_price: Decimal | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words(side=OrderSide, position_side=PositionSide, liquidity=Liquidity)
        self._check_keys("account_id", "order_id")
        self._check_integers(instrument_id=LARGEST_INT4, sequence=LARGEST_INT2)
        self._check_payload("details")
        self._check_positive("quantity")
        self._check_numbers("price", "fee", "bid_price", "ask_price", "mark_price")
        self._check_times("executed_at")
        if self.fee and self.fee_currency is None:
            raise InvalidValueError("A fee was given without its currency.")
        if not self.venue_trade_id:
            self._store("venue_trade_id", self._derived_trade_id())
        self._check_references("venue_trade_id", "client_order_id", "venue_order_id", "fee_currency")

    def _derived_trade_id(self) -> str:
        order = self.client_order_id or self.venue_order_id or self.order_id or ""
        content = (order, self.executed_at.isoformat(), self.side, self.quantity.normalize(), self.price.normalize())
        return "derived:" + hashlib.sha256("|".join(map(str, content)).encode()).hexdigest()[:32]
