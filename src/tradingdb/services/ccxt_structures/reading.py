"""What single values of ccxt's structures mean: numbers, times, words, and what venues say in `info`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tradingdb.core.clock import as_utc
from tradingdb.core.types import exact
from tradingdb.errors import InvalidValueError
from tradingdb.models import OrderSide, OrderType, PositionSide

Structure = Mapping[str, Any]
"""A dict of ccxt's."""

Instruments = Mapping[str, int]
"""Ids of instruments by unified symbol, as `market.ensure_instrument` gives them."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RAW_TYPES = ("type", "origType", "ordertype", "orderType", "order_type", "ordType", "stopOrderType")
_RAW_PARTS = ("descr", "order")
"""Where venues say what kind of order it is, and the parts of their answers that hold it."""

_SIDES = {"long": PositionSide.LONG, "short": PositionSide.SHORT, "1": PositionSide.LONG, "2": PositionSide.SHORT}
_RAW_SIDES = ("positionSide", "posSide", "positionIdx")
"""Where venues with hedged positions say which one is meant; any other word there means the net one."""

_NO_CLIENT_ID = {"", "0"}
"""Kraken gives its `userref` where the client's id stands, and that is 0 for every order that was sent without one."""


def number(value: object, what: str = "a number") -> Decimal | None:
    """The exact number that a value of ccxt's means; None and empty text are none.

    Raises:
        InvalidValueError: it is no number, or not a finite one.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, float):
            return exact(Decimal(float.__repr__(value)))
        return exact(Decimal(value.strip()) if isinstance(value, str) else value)
    except (InvalidOperation, InvalidValueError):
        raise InvalidValueError(f"{what} was {value!r}, which is no amount.") from None


def completed(answer: Structure, **asked: Any) -> dict[str, Any]:
    """A structure with what was asked for in place of what the venue left out.

    Many venues answer `createOrder` with little more than an id: give symbol, type, side, amount and price again.
    """
    return {**asked, **{name: value for name, value in answer.items() if value is not None or name not in asked}}


def instant_of(structure: Structure, *names: str) -> datetime | None:
    """The first of these times that is there: milliseconds after 1970, or ISO 8601 text.

    Raises:
        InvalidValueError: it is no time.
    """
    for name in names:
        value = structure.get(name)
        if value is None or value == "":
            continue
        try:
            if name == "datetime":
                return as_utc(datetime.fromisoformat(str(value)))
            milliseconds = number(value, name) or Decimal(0)
            return EPOCH + timedelta(microseconds=int(milliseconds * 1000))
        except (ValueError, OverflowError):
            raise InvalidValueError(f"{name} was {value!r}, which is no time.") from None
    return None


def text_of(value: object) -> str | None:
    """An identifier or a code as text; empty is none. Some venues number their orders."""
    return None if value is None or value == "" else str(value)


def client_id_of(structure: Structure) -> str | None:
    """The client's own id of an order, if it was sent with one."""
    found = text_of(structure.get("clientOrderId"))
    return None if found in _NO_CLIENT_ID else found


def instrument_of(structure: Structure, instruments: Instruments, word: str) -> int:
    """The id of the instrument that a structure's symbol names.

    Raises:
        InvalidValueError: it names none that was given.
    """
    symbol = structure.get("symbol")
    if symbol is None:
        raise InvalidValueError(f"{word} has no symbol: add what was asked for with completed(answer, symbol=...).")
    if symbol not in instruments:
        raise InvalidValueError(f"{word} is in {symbol}, and no instrument was given for it: market.ensure_instrument.")
    return instruments[symbol]


def side_of(structure: Structure, word: str) -> OrderSide:
    """Buy or sell.

    Raises:
        InvalidValueError: neither.
    """
    try:
        return OrderSide(str(structure.get("side")).lower())
    except ValueError:
        raise InvalidValueError(f"{word} has the side {structure.get('side')!r}: it is buy or sell.") from None


def position_side_of(structure: Structure) -> PositionSide:
    """Which position of a hedged pair is meant, as venues that have them say it; else the net one."""
    raw = raw_of(structure)
    told = next((raw[name] for name in _RAW_SIDES if name in raw), "")
    return _SIDES.get(str(told).lower(), PositionSide.NET)


def is_limit(order: Structure) -> bool:
    """Whether the price of an order is its limit: of a market order, ccxt gives what was paid there."""
    return "limit" in _folded(order.get("type"))


def kind_and_trigger_of(order: Structure) -> tuple[OrderType, Decimal | None]:
    """What kind of order it is, and the price that triggers it.

    The venue's own word decides where it says more than ccxt's `limit` and `market`; a trigger price without such a
    word is a stop. The same order gives the same answer at any time of its life.

    Raises:
        InvalidValueError: a price is no number.
    """
    words = " ".join(map(_folded, _kind_words(order)))
    trigger = _first_number(order, "triggerPrice", "stopPrice")
    profit, loss = _first_number(order, "takeProfitPrice"), _first_number(order, "stopLossPrice")
    if "trailing" in words or "moveorderstop" in words:
        return OrderType.TRAILING_STOP, trigger
    if "takeprofit" in words or "iftouched" in words:
        return OrderType.TAKE_PROFIT, _either(trigger, profit)
    if "stoploss" in words:
        return OrderType.STOP_LOSS, _either(trigger, loss)
    if "stop" in words or trigger is not None:
        return OrderType.STOP_LIMIT if is_limit(order) else OrderType.STOP, _either(trigger, loss)
    return OrderType.LIMIT if is_limit(order) else OrderType.MARKET, None


def attached_of(order: Structure, trigger: Decimal | None) -> dict[str, Decimal]:
    """Prices of take-profit and stop-loss that go with an order and are not its own trigger."""
    prices = {name: _first_number(order, name) for name in ("takeProfitPrice", "stopLossPrice")}
    return {name: price for name, price in prices.items() if price is not None and price != trigger}


def raw_of(structure: Structure) -> dict[str, Any]:
    """What the venue sent, as an object."""
    info = structure.get("info")
    if isinstance(info, Mapping):
        return dict(info)
    return {} if info is None else {"info": info}


def _kind_words(order: Structure) -> list[object]:
    raw = raw_of(order)
    parts = [raw, *(raw[name] for name in _RAW_PARTS if isinstance(raw.get(name), Mapping))]
    return [order.get("type"), *(part[name] for part in parts for name in _RAW_TYPES if name in part)]


def _folded(word: object) -> str:
    """STOP_LOSS_LIMIT, stop-loss-limit and StopLossLimit are the same word."""
    return "".join(letter for letter in str(word or "").lower() if letter.isalnum())


def _first_number(order: Structure, *names: str) -> Decimal | None:
    """The first of these prices that is there; zero is how venues say that there is none."""
    found = (number(order.get(name), f"{name} of order {order.get('id')}") for name in names)
    return next((price for price in found if price), None)


def _either(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first
