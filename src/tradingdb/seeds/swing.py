"""A trade by hand on the perpetual: bought and sold in two parts, held through fundings; and an order given up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradingdb.models import (
    ExitReason,
    Fill,
    FundingRate,
    Liquidity,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    PositionSide,
    SignalDirection,
    SignalStatus,
    Trade,
    TradeDirection,
    TradeExit,
    TradingMode,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.round_trips import fee, outcome_of, r_multiple
from tradingdb.seeds.scene import DAYS, SOURCE, SWING_ACCOUNT_ID, SWING_STRATEGY_ID, january
from tradingdb.services.ledger.holdings import place_within

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

PART = Decimal("0.02")
BOUGHT_AT = (january(3, 1), january(3, 2))
SOLD_AT = (january(4, 4), january(5, 1))
WHY_SOLD = (ExitReason.TP1, ExitReason.MANUAL)
DECIDED_AT = january(3)
STOP = Decimal("0.97")
"""Of the entry price."""

GIVEN_UP_AT = january(10, 6)
HOURS_OF_FUNDING = 8
RATES = (Decimal("0.0001"), Decimal("0.00005"), Decimal("-0.00002"))
"""Of the position's value, in turn; positive: longs pay shorts."""

DECISION_ID, CLOSING_DECISION_ID = named_id("decision:enter"), named_id("decision:leave")
SIGNAL_ID, TRADE_ID = named_id("signal:swing"), named_id("trade:swing")
BUY_ID, TAKE_PROFIT_ID, CLOSE_ID = (named_id(f"order:{name}") for name in ("buy", "take profit", "close"))
GIVEN_UP_ID = named_id("order:given up")


@dataclass(frozen=True, slots=True)
class Swing:
    """What the trade came to, before its rows are stored."""

    entry: Decimal
    stop: Decimal
    bought: tuple[Decimal, ...]
    sold: tuple[Decimal, ...]
    funding_rates: list[Row]
    funding: list[tuple[datetime, Decimal]] = field(default_factory=list)
    """What the account received at each funding time; negative: paid."""

    @property
    def gross(self) -> list[Decimal]:
        """Of each sale, before fees."""
        return [PART * (price - self.entry) for price in self.sold]

    @property
    def fees(self) -> list[Decimal]:
        """Of each sale, with its share of those at entry."""
        entry_fee = sum((fee(PART, price) for price in self.bought), start=Decimal(0))
        return [entry_fee / len(self.sold) + fee(PART, price) for price in self.sold]

    @property
    def funded(self) -> Decimal:
        """Received in all; negative: paid."""
        return sum((amount for _, amount in self.funding), start=Decimal(0))

    @property
    def pnl(self) -> Decimal:
        """After fees and funding."""
        return sum(self.gross, start=Decimal(0)) - sum(self.fees, start=Decimal(0)) + self.funded

    def pnl_r(self, pnl: Decimal) -> Decimal:
        """A profit by the risk that the whole trade took."""
        return r_multiple(pnl, self.entry, self.stop, PART * len(self.bought))


def swing_trade(scene: Scene) -> Swing:
    """Make the trade, at prices that the candles had."""
    bought = tuple(scene.perpetual_price(at) for at in BOUGHT_AT)
    sold = tuple(scene.perpetual_price(at) for at in SOLD_AT)
    entry = sum(bought, start=Decimal(0)) / len(bought)
    swing = Swing(entry, scene.perpetual.quantize_price(entry * STOP), bought, sold, list(_funding_rates(scene)))
    for rate in swing.funding_rates:
        at = rate["funding_time"]
        held = PART * (sum(time <= at for time in BOUGHT_AT) - sum(time <= at for time in SOLD_AT))
        if held:
            swing.funding.append((at, -rate["rate"] * held * rate["mark_price"]))
    return swing


def _funding_rates(scene: Scene) -> list[Row]:
    step = timedelta(hours=HOURS_OF_FUNDING)
    times = [january(1) + number * step for number in range(1, DAYS * 24 // HOURS_OF_FUNDING + 1)]
    return [
        {
            "instrument_id": scene.perpetual.id,
            "funding_time": at,
            "rate": RATES[number % len(RATES)],
            "next_funding_time": at + step,
            "mark_price": scene.perpetual_price(at),
            "index_price": scene.price(at),
            "source": SOURCE,
        }
        for number, at in enumerate(times)
    ]


async def seed_swing(add: Adder, scene: Scene, swing: Swing) -> None:
    """Store the signal and the ledger of the trade. Needs the decisions that its orders carry out."""
    await add(FundingRate, swing.funding_rates)
    await add(Trade, [_trade(scene, swing)])
    orders = _orders(scene, swing)
    await add(Order, [order for order, _ in orders])
    await add(OrderEvent, [event for order, events in orders for event in _events(order, events)])
    fills = _fills(scene, swing)
    await add(Fill, fills)
    await add(TradeExit, _exits(swing))
    await add(Position, [_position(scene, swing)])


def swing_signals(scene: Scene, swing: Swing) -> list[Row]:
    """The signal that the trade acted on, and one that nobody acted on."""
    shared = {
        "user_id": scene.trader.user_id,
        "strategy_id": SWING_STRATEGY_ID,
        "instrument_id": scene.perpetual.id,
        "timeframe": "1h",
        "kind": "swing",
        "source": "analyst",
    }
    acted_on = {
        "id": SIGNAL_ID,
        "direction": SignalDirection.LONG,
        "confidence": 0.65,
        "entry_price": max(swing.bought),
        "stop_price": swing.stop,
        "target_prices": [swing.sold[0]],
        "reasoning": "Higher lows for two days, and funding is cheap.",
        "status": SignalStatus.TRIGGERED,
        "fired_at": DECIDED_AT,
        "triggered_at": BOUGHT_AT[0],
    }
    expired = {
        "id": named_id("signal:expired"),
        "direction": SignalDirection.SHORT,
        "confidence": 0.4,
        "status": SignalStatus.EXPIRED,
        "fired_at": january(7),
        "expires_at": january(8),
    }
    return [shared | acted_on, shared | expired]


def _trade(scene: Scene, swing: Swing) -> Row:
    return {
        "id": TRADE_ID,
        "account_id": SWING_ACCOUNT_ID,
        "user_id": scene.trader.user_id,
        "mode": TradingMode.PAPER,
        "instrument_id": scene.perpetual.id,
        "strategy_id": SWING_STRATEGY_ID,
        "signal_id": SIGNAL_ID,
        "dedupe_key": "swing",
        "direction": TradeDirection.LONG,
        "quantity": PART * len(BOUGHT_AT),
        "entry_price": swing.entry,
        "entry_time": BOUGHT_AT[0],
        "exit_price": sum(swing.sold, start=Decimal(0)) / len(swing.sold),
        "exit_time": SOLD_AT[-1],
        "exit_reason": WHY_SOLD[-1],
        "outcome": outcome_of(swing.pnl),
        "initial_stop": swing.stop,
        "current_stop": swing.entry,
        "target_prices": [swing.sold[0]],
        "pnl": swing.pnl,
        "pnl_r": swing.pnl_r(swing.pnl),
        "fees": sum(swing.fees, start=Decimal(0)),
        "funding": swing.funded,
        "reasoning": "Higher lows for two days, and funding is cheap.",
        "setup_type": "swing",
        "confidence": 0.65,
        "tags": ["by hand"],
    }


def _orders(scene: Scene, swing: Swing) -> list[tuple[Row, list[tuple[OrderEventKind, datetime]]]]:
    """Each order, and what happened to it when."""
    submitted, accepted, filled = OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.FILLED
    buy = _filled(scene, BUY_ID, OrderSide.BUY, swing.bought, DECIDED_AT, BOUGHT_AT[-1]) | {
        "order_type": OrderType.LIMIT,
        "limit_price": max(swing.bought),
        "decision_id": DECISION_ID,
    }
    sales = [
        _filled(scene, order_id, OrderSide.SELL, (price,), at, at)
        | {"order_type": OrderType.MARKET, "reduce_only": True, "decision_id": decision_id}
        for order_id, price, at, decision_id in (
            (TAKE_PROFIT_ID, swing.sold[0], SOLD_AT[0], DECISION_ID),
            (CLOSE_ID, swing.sold[1], SOLD_AT[1], CLOSING_DECISION_ID),
        )
    ]
    given_up = _order(scene, GIVEN_UP_ID, OrderSide.BUY, PART, january(10), GIVEN_UP_AT) | {
        "order_type": OrderType.LIMIT,
        "limit_price": scene.perpetual.quantize_price(scene.price(january(10)) * Decimal("0.9")),
        "status": OrderStatus.CANCELLED,
        "status_reason": "The price did not come.",
        "cancelled_at": GIVEN_UP_AT,
        "last_event_sequence": 4,
    }
    partly = OrderEventKind.PARTIALLY_FILLED
    bought = [(submitted, DECIDED_AT), (accepted, DECIDED_AT), (partly, BOUGHT_AT[0]), (filled, BOUGHT_AT[1])]
    sold = [[(kind, at) for kind in (submitted, accepted, filled)] for at in SOLD_AT]
    cancelled = [
        (submitted, january(10)),
        (accepted, january(10)),
        (OrderEventKind.CANCEL_REQUESTED, GIVEN_UP_AT),
        (OrderEventKind.CANCELLED, GIVEN_UP_AT),
    ]
    return [(buy | {"last_event_sequence": 4}, bought), *zip(sales, sold, strict=True), (given_up, cancelled)]


def _order(scene: Scene, order_id: UUID, side: OrderSide, quantity: Decimal, sent: datetime, ended: datetime) -> Row:
    return {
        "id": order_id,
        "account_id": SWING_ACCOUNT_ID,
        "instrument_id": scene.perpetual.id,
        "strategy_id": SWING_STRATEGY_ID,
        "client_order_id": f"swing-{order_id.hex[:12]}",
        "venue_order_id": f"sim-{order_id.hex[:16]}",
        "side": side,
        "quantity": quantity,
        "submitted_at": sent,
        "last_event_at": ended,
    }


def _filled(
    scene: Scene, order_id: UUID, side: OrderSide, prices: tuple[Decimal, ...], sent: datetime, ended: datetime
) -> Row:
    quantity = PART * len(prices)
    return _order(scene, order_id, side, quantity, sent, ended) | {
        "signal_id": SIGNAL_ID,
        "trade_id": TRADE_ID,
        "filled_quantity": quantity,
        "filled_value": PART * sum(prices, start=Decimal(0)),
        "average_price": sum(prices, start=Decimal(0)) / len(prices),
        "fee": sum((fee(PART, price) for price in prices), start=Decimal(0)),
        "fee_currency": "USDT",
        "status": OrderStatus.FILLED,
        "venue_status": OrderStatus.FILLED,
        "executed_at": ended,
        "last_event_sequence": 3,
    }


def _events(order: Row, events: list[tuple[OrderEventKind, datetime]]) -> list[Row]:
    return [
        {
            "order_id": order["id"],
            "dedupe_key": kind.value,
            "account_id": SWING_ACCOUNT_ID,
            "kind": kind,
            "occurred_at": at,
            "sequence": number,
            "received_at": at,
        }
        for number, (kind, at) in enumerate(events, 1)
    ]


def _fills(scene: Scene, swing: Swing) -> list[Row]:
    executed: list[tuple[str, UUID, OrderSide, Decimal, datetime, Liquidity]] = [
        (f"bought {number}", BUY_ID, OrderSide.BUY, price, at, Liquidity.MAKER)
        for number, (price, at) in enumerate(zip(swing.bought, BOUGHT_AT, strict=True), 1)
    ]
    executed += [
        (f"sold {number}", order_id, OrderSide.SELL, price, at, Liquidity.TAKER)
        for number, (order_id, price, at) in enumerate(
            zip((TAKE_PROFIT_ID, CLOSE_ID), swing.sold, SOLD_AT, strict=True), 1
        )
    ]
    shared = {"account_id": SWING_ACCOUNT_ID, "instrument_id": scene.perpetual.id}
    return [shared | _fill(*execution) for execution in executed]


def _fill(name: str, order_id: UUID, side: OrderSide, price: Decimal, at: datetime, liquidity: Liquidity) -> Row:
    return {
        "id": named_id(f"fill:{name}"),
        "venue_trade_id": f"sim-{name}",
        "order_id": order_id,
        "venue_order_id": f"sim-{order_id.hex[:16]}",
        "side": side,
        "quantity": PART,
        "price": price,
        "fee": fee(PART, price),
        "fee_currency": "USDT",
        "liquidity": liquidity,
        "mark_price": price,
        "executed_at": at,
    }


def _exits(swing: Swing) -> list[Row]:
    return [
        {
            "trade_id": TRADE_ID,
            "sequence": number,
            "account_id": SWING_ACCOUNT_ID,
            "fill_id": named_id(f"fill:sold {number}"),
            "quantity": PART,
            "price": price,
            "exit_time": at,
            "reason": reason,
            "pnl": gross - fees,
            "pnl_r": swing.pnl_r(gross - fees),
            "fees": fees,
        }
        for number, (price, at, reason, gross, fees) in enumerate(
            zip(swing.sold, SOLD_AT, WHY_SOLD, swing.gross, swing.fees, strict=True), 1
        )
    ]


def _position(scene: Scene, swing: Swing) -> dict[str, Any]:
    return {
        "account_id": SWING_ACCOUNT_ID,
        "instrument_id": scene.perpetual.id,
        "side": PositionSide.NET,
        "quantity": Decimal(0),
        "average_entry_price": None,
        "realized_pnl": sum(swing.gross, start=Decimal(0)),
        "fees": sum(swing.fees, start=Decimal(0)),
        "funding": swing.funded,
        "last_fill_at": SOLD_AT[-1],
        "last_fill_place": place_within(f"sim-sold {len(SOLD_AT)}", 0),
    }
