"""Orders, what happened to them, and executions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradingdb.errors import InvalidValueError
from tradingdb.models import OrderEventKind, OrderType, PositionSide, TimeInForce
from tradingdb.services.ccxt_structures.reading import (
    attached_of,
    client_id_of,
    instant_of,
    instrument_of,
    is_limit,
    kind_and_trigger_of,
    number,
    position_side_of,
    raw_of,
    side_of,
    text_of,
)
from tradingdb.services.ledger.entries import NewFill, NewOrder, NewOrderEvent
from tradingdb.services.ledger.holdings import EXACT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.services.ccxt_structures.reading import Instruments, Structure

ZERO = Decimal(0)

_ENDED = {
    "closed": OrderEventKind.FILLED,
    "canceled": OrderEventKind.CANCELLED,
    "cancelled": OrderEventKind.CANCELLED,
    "expired": OrderEventKind.EXPIRED,
    "rejected": OrderEventKind.REJECTED,
}
_STANDING = {"open", "canceling"}

_FOREVER = {"PO": TimeInForce.GTC, "GTX": TimeInForce.GTC}
"""Words for post-only, which ccxt and venues put where the time in force stands."""


def order_of(
    order: Structure,
    *,
    account_id: UUID,
    instruments: Instruments,
    client_order_id: str | None = None,
    position_side: PositionSide | None = None,
    **links: Any,
) -> NewOrder:
    """The order of a ccxt order structure; `links` are further fields of `NewOrder`, such as `strategy_id`.

    An order without a client id of its own gets one made of the venue's: `venue:ID`. Prices of take-profit and
    stop-loss that are attached to an order are not its own trigger; `details` has them.

    Raises:
        InvalidValueError: something that an order needs is missing or means nothing; the message says what.
    """
    word = f"order {order.get('id')}"
    kind, stop_price = kind_and_trigger_of(order)
    quantity = number(order.get("amount"), f"amount of {word}")
    if quantity is None:
        raise InvalidValueError(f"{word} has no amount: add what was asked for with completed(answer, amount=…).")
    time_in_force = str(order.get("timeInForce") or TimeInForce.GTC).upper()
    limit_price = number(order.get("price"), f"price of {word}") if is_limit(order) else None
    if limit_price is None and kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
        raise InvalidValueError(f"{word} is a {kind} order without a price: add what was asked for with completed().")
    if stop_price is None and kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
        raise InvalidValueError(f"{word} is a {kind} order without a trigger price: add it with completed().")
    return NewOrder(
        account_id=account_id,
        instrument_id=instrument_of(order, instruments, word),
        client_order_id=client_order_id or client_id_of(order) or f"venue:{order.get('id')}",
        venue_order_id=text_of(order.get("id")),
        side=side_of(order, word),
        quantity=quantity,
        order_type=kind,
        limit_price=limit_price,
        stop_price=stop_price,
        time_in_force=_FOREVER.get(time_in_force) or time_in_force.lower(),
        position_side=position_side or position_side_of(order),
        reduce_only=bool(order.get("reduceOnly")),
        post_only=bool(order.get("postOnly")) or time_in_force in _FOREVER,
        submitted_at=instant_of(order, "timestamp", "datetime"),
        details={**raw_of(order), **attached_of(order, stop_price)},
        **links,
    )


def events_of(
    order: Structure, *, account_id: UUID, seen_at: datetime, client_order_id: str | None = None
) -> list[NewOrderEvent]:
    """What a ccxt order structure says has happened to its order, oldest first; nothing if it says no status.

    The same state gives the same events however often it is asked for, where the venue says when an order changed. For
    venues that do not, `seen_at` is when they were asked, and part of the event's key: ask once for an order that has
    ended. An order that was closed before all of it was filled counts as cancelled.

    Raises:
        InvalidValueError: the status is none of ccxt's, or the order has no id.
    """
    status = order.get("status")
    if status is None:
        return []
    if status not in _STANDING and status not in _ENDED:
        raise InvalidValueError(f"order {order.get('id')} has the status {status!r}, which is none of ccxt's.")
    filled, amount = number(order.get("filled"), "filled"), number(order.get("amount"), "amount")
    is_part = filled is not None and amount is not None and ZERO < filled < amount
    ended, reason = _ENDED.get(str(status)), None
    if ended is OrderEventKind.FILLED and filled is not None and amount is not None and filled < amount:
        ended, reason = OrderEventKind.CANCELLED, f"closed with {filled} of {amount} filled"
    opened_at = instant_of(order, "timestamp", "datetime")
    changed_at = instant_of(order, "lastUpdateTimestamp") or (
        instant_of(order, "lastTradeTimestamp") if ended is OrderEventKind.FILLED or is_part else None
    )
    happened: list[tuple[OrderEventKind, datetime, str]] = []
    if opened_at is not None and ended is not OrderEventKind.REJECTED:
        happened.append((OrderEventKind.ACCEPTED, opened_at, ""))
    if is_part:
        traded_at = instant_of(order, "lastTradeTimestamp") or changed_at or seen_at
        happened.append((OrderEventKind.PARTIALLY_FILLED, traded_at, f":{filled}"))
    if ended is not None:
        happened.append((ended, changed_at or seen_at, ""))
    return [
        NewOrderEvent(
            account_id=account_id,
            kind=kind,
            occurred_at=at,
            client_order_id=client_order_id or client_id_of(order) or f"venue:{order.get('id')}",
            venue_order_id=text_of(order.get("id")),
            dedupe_key=f"ccxt:{kind}:{at.isoformat()}{more}",
            reason=reason if kind is ended else None,
            payload=raw_of(order),
        )
        for kind, at, more in happened
    ]


def fill_of(
    trade: Structure,
    *,
    account_id: UUID,
    instruments: Instruments,
    fee_currency: str | None = None,
    position_side: PositionSide | None = None,
    sequence: int = 0,
) -> NewFill:
    """The fill of a ccxt trade structure of one's own trades (`fetchMyTrades`, `watchMyTrades`).

    A fill has one fee. Where the venue took fees in several currencies, `fee_currency` says which one it is, and
    `details["other_fees"]` has the others, to be recorded as cash movements.

    Raises:
        InvalidValueError: something that a fill needs is missing or means nothing, or there are several fees.
    """
    word = f"trade {trade.get('id')}"
    price, quantity = (number(trade.get(name), f"{name} of {word}") for name in ("price", "amount"))
    executed_at = instant_of(trade, "timestamp", "datetime")
    if price is None or quantity is None or executed_at is None:
        missing = "price" if price is None else "amount" if quantity is None else "timestamp"
        raise InvalidValueError(f"{word} has no {missing}: ask the venue for it with fetchMyTrades.")
    paid = fees_of(trade)
    if len(paid) > 1 and fee_currency not in paid:
        raise InvalidValueError(
            f"{word} has fees in {' and '.join(sorted(paid))}, and a fill has one: say which with fee_currency, and "
            "record the others as cash movements."
        )
    currency = fee_currency if fee_currency in paid else next(iter(paid), None)
    others = {name: fee for name, fee in paid.items() if name != currency}
    return NewFill(
        account_id=account_id,
        instrument_id=instrument_of(trade, instruments, word),
        venue_trade_id=text_of(trade.get("id")) or "",
        sequence=sequence,
        venue_order_id=text_of(trade.get("order")),
        client_order_id=client_id_of(trade),
        side=side_of(trade, word),
        position_side=position_side or position_side_of(trade),
        quantity=quantity,
        price=price,
        executed_at=executed_at,
        fee=ZERO if currency is None else paid[currency],
        fee_currency=currency,
        liquidity=trade.get("takerOrMaker") or None,
        details={**raw_of(trade), **({"other_fees": others} if others else {})},
    )


def fees_of(structure: Structure) -> dict[str, Decimal]:
    """What an order or a trade cost, by currency; negative: a rebate. Empty: the venue does not say.

    Raises:
        InvalidValueError: an amount was charged in a currency that is not named.
    """
    listed = structure.get("fees") or []
    single = structure.get("fee")
    paid: dict[str, Decimal] = {}
    for fee in listed or ([single] if single else []):
        if not isinstance(fee, dict):
            raise InvalidValueError(
                f"{structure.get('id')} has a fee {str(fee)[:40]!r}: a cost and a currency were expected."
            )
        cost, currency = number(fee.get("cost"), "the cost of a fee"), text_of(fee.get("currency"))
        if cost is None or (currency is None and not cost):
            continue
        if currency is None:
            raise InvalidValueError(f"{structure.get('id')} has a fee of {cost} in a currency that is not named.")
        paid[currency] = EXACT.add(paid.get(currency, ZERO), cost)
    return paid
