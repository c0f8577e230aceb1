"""ccxt's structures, in the shapes of several venues, become entries of the ledger; what they lack is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    Liquidity,
    Order,
    OrderSide,
    OrderType,
    Position,
    PositionSide,
    TimeInForce,
    TradingAccount,
    User,
)
from tradingdb.services import ccxt_structures as ccxt
from tradingdb.services import ledger, market
from tradingdb.services.ledger.entries import NewFill, NewOrder

D = Decimal
ACCOUNT = UUID(int=7)
SYMBOLS = ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT", "SOL/USDC:USDC", "BTC/USD:BTC"]
INSTRUMENTS = {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}
AT = datetime(2024, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
MS = 1709287200123
SEEN_AT = AT + timedelta(hours=1)

NOTHING = dict.fromkeys(
    ("clientOrderId", "timestamp", "datetime", "lastTradeTimestamp", "lastUpdateTimestamp", "symbol", "type", "side",
     "timeInForce", "postOnly", "reduceOnly", "price", "triggerPrice", "stopPrice", "takeProfitPrice", "stopLossPrice",
     "amount", "cost", "average", "filled", "remaining", "status", "fee")
) | {"trades": [], "fees": []}  # fmt: skip
"""What every order structure has, if the venue says nothing."""

BINANCE = NOTHING | {
    "id": "28141", "clientOrderId": "x-ours-1", "timestamp": MS, "datetime": "2024-03-01T10:00:00.123Z",
    "lastUpdateTimestamp": MS + 500, "symbol": "BTC/USDT:USDT", "type": "limit", "side": "buy", "timeInForce": "GTC",
    "postOnly": False, "reduceOnly": False, "price": 61234.1, "amount": 0.003, "cost": 61.2341, "average": 61234.1,
    "filled": 0.001, "remaining": 0.002, "status": "open", "fee": {"currency": None, "cost": None, "rate": None},
    "fees": [{"currency": None, "cost": None, "rate": None}],
    "info": {"orderId": "28141", "type": "LIMIT", "origType": "LIMIT", "positionSide": "LONG", "origQty": "0.003"},
}  # fmt: skip
BYBIT = NOTHING | {
    "id": "c0ffee-01", "clientOrderId": "ours-2", "timestamp": MS, "lastUpdateTimestamp": MS + 90_000,
    "lastTradeTimestamp": MS + 90_000, "symbol": "BTC/USDT:USDT", "type": "limit", "side": "sell",
    "timeInForce": "PO", "postOnly": True, "reduceOnly": True, "price": "62000.5",
    "takeProfitPrice": "58000", "stopLossPrice": "63500", "amount": "0.010", "filled": "0.010", "remaining": "0",
    "average": "62000.5", "status": "closed", "fee": {"cost": "0.124001", "currency": "USDT"},
    "info": {"orderType": "Limit", "stopOrderType": "", "positionIdx": "2", "takeProfit": "58000"},
}  # fmt: skip
OKX = NOTHING | {
    "id": "6800", "clientOrderId": "", "timestamp": MS, "symbol": "BTC/USD:BTC", "type": "conditional", "side": "sell",
    "timeInForce": "IOC", "reduceOnly": "true", "triggerPrice": 55000.0, "stopPrice": 55000.0, "stopLossPrice": 55000.0,
    "amount": 12, "filled": 0.0, "status": "canceled", "lastUpdateTimestamp": MS + 7_000,
    "info": {"ordType": "conditional", "posSide": "net", "algoId": "6800"},
}  # fmt: skip
KRAKEN = NOTHING | {
    "id": "OAAAAA-BBBBB-CCCCCC", "clientOrderId": "0", "timestamp": MS, "symbol": "ETH/USDT", "type": "market",
    "side": "sell", "takeProfitPrice": 4200, "amount": 0.1, "filled": 0.1, "price": 4199.87, "status": "closed",
    "fee": {"cost": "1.091966", "rate": None, "currency": "USDT"},
    "fees": [{"cost": 1.091966, "rate": None, "currency": "USDT"}],
    "info": {"descr": {"ordertype": "take-profit", "type": "sell"}, "userref": "0", "vol": "0.10000000"},
}  # fmt: skip
BITMEX = NOTHING | {
    "id": "6ad4", "timestamp": MS, "lastTradeTimestamp": MS, "symbol": "BTC/USDT", "type": "limitiftouched",
    "timeInForce": "GTC", "side": "buy", "price": 36000, "triggerPrice": 36944, "stopPrice": 36944, "amount": 0.0001,
    "filled": 0, "status": "open", "info": {"ordType": "LimitIfTouched", "orderQty": "10000"},
}  # fmt: skip
HYPERLIQUID = NOTHING | {
    "id": "2966", "amount": 1, "cost": 25.585, "average": 25.585, "filled": 1, "remaining": 0,
    "info": {"filled": {"totalSz": "1.0", "avgPx": "25.585", "oid": "2966"}},
}  # fmt: skip


def order_of(order: dict[str, Any], **more: Any) -> NewOrder:
    return ccxt.order_of(order, account_id=ACCOUNT, instruments=INSTRUMENTS, **more)


def events_of(order: dict[str, Any]) -> list[tuple[str, datetime]]:
    events = ccxt.events_of(order, account_id=ACCOUNT, seen_at=SEEN_AT)
    assert len({event.dedupe_key for event in events}) == len(events)
    return [(str(event.kind), event.occurred_at) for event in events]


def fill_of(trade: dict[str, Any], **more: Any) -> NewFill:
    return ccxt.fill_of(trade, account_id=ACCOUNT, instruments=INSTRUMENTS, **more)


def test_a_limit_order_in_a_hedged_account() -> None:
    strategy = UUID(int=3)
    order = order_of(BINANCE, strategy_id=strategy)
    assert (order.client_order_id, order.venue_order_id, order.instrument_id) == ("x-ours-1", "28141", 2)
    assert (order.side, order.order_type, order.time_in_force) == (OrderSide.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert (order.quantity, order.limit_price, order.stop_price) == (D("0.003"), D("61234.1"), None)
    assert (order.position_side, order.reduce_only, order.post_only) == (PositionSide.LONG, False, False)
    assert (order.submitted_at, order.strategy_id, order.account_id) == (AT, strategy, ACCOUNT)
    assert order.details["origQty"] == "0.003"
    assert events_of(BINANCE) == [
        ("accepted", AT),
        ("partially_filled", AT + timedelta(milliseconds=500)),
    ]


def test_numbers_as_text_and_prices_that_are_only_attached() -> None:
    order = order_of(BYBIT)
    assert (order.order_type, order.limit_price, order.stop_price) == (OrderType.LIMIT, D("62000.5"), None)
    assert (order.quantity, order.time_in_force, order.post_only) == (D("0.010"), TimeInForce.GTC, True)
    assert (order.position_side, order.reduce_only) == (PositionSide.SHORT, True)
    assert (order.details["takeProfitPrice"], order.details["stopLossPrice"]) == (D(58000), D(63500))
    assert events_of(BYBIT) == [
        ("accepted", AT), ("filled", AT + timedelta(seconds=90)),
    ]  # fmt: skip


def test_a_stop_of_contracts_without_a_client_id() -> None:
    order = order_of(OKX)
    assert (order.client_order_id, order.quantity, order.position_side) == ("venue:6800", 12, PositionSide.NET)
    assert (order.order_type, order.stop_price, order.limit_price) == (OrderType.STOP, 55000, None)
    assert "stopLossPrice" not in order.details, "it is its own trigger"
    assert events_of(OKX)[1:] == [("cancelled", AT + timedelta(seconds=7))]
    assert order_of(OKX, client_order_id="mine").client_order_id == "mine"


def test_a_take_profit_that_only_the_venue_calls_so() -> None:
    """Kraken: `userref` 0 is no id, the price of a market order is what was paid, and nobody says when it ended."""
    order = order_of(KRAKEN)
    assert (order.order_type, order.stop_price, order.limit_price) == (OrderType.TAKE_PROFIT, 4200, None)
    assert order.client_order_id == "venue:OAAAAA-BBBBB-CCCCCC"
    assert order == order_of(KRAKEN | {"filled": 0, "status": "open", "price": None, "fees": []}), (
        "at any time the same"
    )
    assert events_of(KRAKEN) == [("accepted", AT), ("filled", SEEN_AT)]
    assert ccxt.fees_of(KRAKEN) == {"USDT": D("1.091966")}


def test_an_order_that_waits_for_its_price() -> None:
    order = order_of(BITMEX)
    assert (order.order_type, order.limit_price, order.stop_price) == (OrderType.TAKE_PROFIT, 36000, 36944)
    assert events_of(BITMEX) == [("accepted", AT)]


def test_an_answer_that_says_little_is_completed_with_what_was_asked() -> None:
    with pytest.raises(InvalidValueError, match="order 2966 has no symbol: add what was asked for with completed"):
        order_of(HYPERLIQUID)
    whole = ccxt.completed(HYPERLIQUID, symbol="SOL/USDC:USDC", type="market", side="sell", amount=9, price=25)
    order = order_of(whole)
    assert (order.instrument_id, order.quantity, order.order_type) == (4, 1, OrderType.MARKET), "what it says counts"
    assert (order.limit_price, order.submitted_at) == (None, None)
    assert events_of(HYPERLIQUID) == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"type": "stop_loss_limit", "price": 9, "triggerPrice": 8}, OrderType.STOP_LOSS),
        ({"type": "market", "triggerPrice": 8, "info": {"type": "STOP_MARKET"}}, OrderType.STOP),
        ({"type": "limit", "price": 9, "stopPrice": 8}, OrderType.STOP_LIMIT),
        ({"type": "market", "info": {"origType": "TAKE_PROFIT_MARKET", "type": "MARKET"}}, OrderType.TAKE_PROFIT),
        ({"type": "market", "info": {"order": {"orderType": "Stop Market"}}, "triggerPrice": 8}, OrderType.STOP),
        ({"type": "market", "info": {"stopOrderType": "TrailingStop"}}, OrderType.TRAILING_STOP),
        ({"type": "market", "info": {"ordType": "move_order_stop"}}, OrderType.TRAILING_STOP),
        ({"type": "market", "triggerPrice": 0.0, "info": ["raw", "list"]}, OrderType.MARKET),
        ({"type": None}, OrderType.MARKET),
    ],
)
def test_words_for_kinds_of_orders(words: dict[str, Any], kind: OrderType) -> None:
    order = order_of(NOTHING | {"id": 5, "symbol": "BTC/USDT", "side": "BUY", "amount": 1} | words)
    assert (order.order_type, order.venue_order_id) == (kind, "5")


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        ({"status": "open", "filled": 0.0}, ["accepted"]),
        ({"status": "canceling", "filled": 0.0}, ["accepted"]),
        ({"status": "canceled", "filled": 0.001}, ["accepted", "partially_filled", "cancelled"]),
        ({"status": "closed", "filled": 0.001}, ["accepted", "partially_filled", "cancelled"]),
        ({"status": "closed", "filled": 0.003}, ["accepted", "filled"]),
        ({"status": "closed", "filled": None}, ["accepted", "filled"]),
        ({"status": "expired", "filled": None}, ["accepted", "expired"]),
        ({"status": "rejected", "filled": 0}, ["rejected"]),
        ({"status": "open", "timestamp": None, "datetime": None, "filled": None}, []),
    ],
)
def test_states_are_events(state: dict[str, Any], kinds: list[str]) -> None:
    events = ccxt.events_of(BINANCE | state, account_id=ACCOUNT, seen_at=SEEN_AT)
    assert [event.kind for event in events] == kinds
    again = ccxt.events_of(BINANCE | state, account_id=ACCOUNT, seen_at=SEEN_AT + timedelta(hours=1))
    assert again == events, "the venue says when"
    if state["status"] == "closed" and "cancelled" in kinds:
        assert events[-1].reason == "closed with 0.001 of 0.003 filled"
    assert all((event.client_order_id, event.venue_order_id) == ("x-ours-1", "28141") for event in events)


TRADE = {
    "id": "3381", "order": "28141", "timestamp": MS, "datetime": "2024-03-01T10:00:00.123Z", "symbol": "BTC/USDT",
    "type": None, "side": "buy", "takerOrMaker": "taker", "price": 41608.0, "amount": 0.00029, "cost": 12.06632,
    "fee": {"cost": 2.9e-07, "currency": "BTC"}, "fees": [{"cost": 2.9e-07, "currency": "BTC"}],
    "info": {"commission": "0.00000029", "isMaker": False},
}  # fmt: skip


def test_an_execution() -> None:
    fill = fill_of(TRADE)
    assert (fill.venue_trade_id, fill.venue_order_id, fill.client_order_id) == ("3381", "28141", None)
    assert (fill.quantity, fill.price, fill.executed_at) == (D("0.00029"), D("41608.0"), AT)
    assert (fill.fee, fill.fee_currency, fill.liquidity) == (D("2.9e-7"), "BTC", Liquidity.TAKER)
    assert (fill.instrument_id, fill.side, fill.details["isMaker"]) == (1, OrderSide.BUY, False)
    rebate = fill_of(TRADE | {"takerOrMaker": "maker", "fees": [], "fee": {"cost": "-0.01", "currency": "USDT"}})
    assert (rebate.fee, rebate.fee_currency, rebate.liquidity) == (D("-0.01"), "USDT", Liquidity.MAKER)


@pytest.mark.parametrize("fee", [None, {}, {"cost": None, "currency": "USDT"}, {"cost": 0, "currency": None}])
def test_a_fee_that_is_not_known_yet(fee: dict[str, Any] | None) -> None:
    fill = fill_of(TRADE | {"fee": fee, "fees": [], "takerOrMaker": None, "id": None, "side": "sell"})
    assert (fill.fee, fill.fee_currency, fill.liquidity) == (0, None, None)
    assert fill.venue_trade_id == fill_of(TRADE | {"id": None, "side": "sell"}).venue_trade_id, "made of its content"
    known = fill_of(TRADE | {"fees": [{"cost": 0.0, "currency": "USDT"}]})
    assert (known.fee, known.fee_currency) == (0, "USDT"), "free of charge is known"


def test_fees_in_several_currencies() -> None:
    trade = TRADE | {
        "fees": [
            {"cost": "0.1", "currency": "USDT"},
            {"cost": 0.002, "currency": "BNB"},
            {"cost": 0.2, "currency": "USDT"},
        ]
    }
    assert ccxt.fees_of(trade) == {"USDT": D("0.3"), "BNB": D("0.002")}
    with pytest.raises(InvalidValueError, match="trade 3381 has fees in BNB and USDT, and a fill has one"):
        fill_of(trade)
    fill = fill_of(trade, fee_currency="USDT")
    assert (fill.fee, fill.details["other_fees"]) == (D("0.3"), {"BNB": D("0.002")})


@pytest.mark.parametrize(
    ("different", "reason"),
    [
        ({"amount": None}, "has no amount: ask the venue"),
        ({"price": None}, "has no price"),
        ({"timestamp": None, "datetime": None}, "has no timestamp"),
        ({"timestamp": "soon"}, "timestamp was 'soon'"),
        ({"timestamp": 10**30}, "is no time"),
        ({"amount": float("nan")}, "amount of trade 3381 was nan, which is no amount"),
        ({"amount": True}, "which is no amount"),
        ({"amount": "1,5"}, "which is no amount"),
        ({"amount": 0.0}, "quantity was 0.0: it is more than zero"),
        ({"symbol": "DOGE/USDT"}, "is in DOGE/USDT, and no instrument was given"),
        ({"side": None}, "has the side None: it is buy or sell"),
        ({"fees": [{"cost": 1.0, "currency": None}]}, "has a fee of 1.0 in a currency that is not named"),
        ({"takerOrMaker": "both"}, "liquidity was 'both'"),
    ],
)
def test_a_trade_that_means_nothing_is_refused(different: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        fill_of(TRADE | different)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("different", "reason"),
    [
        ({"amount": None}, "order 28141 has no amount"),
        ({"price": None}, "order 28141 is a limit order without a price"),
        ({"type": "stop"}, "order 28141 is a stop order without a trigger price"),
        ({"timeInForce": "whenever"}, "time_in_force was 'whenever'"),
        ({"status": "lost"}, "the status 'lost', which is none of ccxt's"),
    ],
)
def test_an_order_that_means_nothing_is_refused(different: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        ccxt.events_of(BINANCE | different, account_id=ACCOUNT, seen_at=SEEN_AT) and order_of(BINANCE | different)
    assert reason in str(refusal.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_shortest_number_that_reads_back(value: float) -> None:
    exact = ccxt.number(value)
    assert exact is not None
    assert (float(exact), exact) == (value, D(repr(value)))
    assert ccxt.number(np.float64(value)) == exact
    assert ccxt.number(str(exact)) == exact


def test_numbers_that_are_none() -> None:
    assert [ccxt.number(value) for value in (None, "", 0, "0", " 7 ", D("1.50"))] == [None, None, 0, 0, 7, D("1.50")]
    assert str(ccxt.number(0.1)) == "0.1", "not the 55 digits that the float is"


POSITION = {
    "symbol": "BTC/USDT:USDT", "timestamp": MS, "side": "short", "contracts": 3.0, "contractSize": 0.01,
    "hedged": False, "entryPrice": 61000.5, "markPrice": "60000", "unrealizedPnl": 30.015,
    "leverage": 5.0, "initialMargin": None, "collateral": 366.003, "liquidationPrice": None, "info": {},
}  # fmt: skip


def test_positions() -> None:
    net = ccxt.position_of(POSITION, instruments=INSTRUMENTS)
    assert (net.side, net.quantity, net.contract_size, net.instrument_id) == (PositionSide.NET, -3, D("0.01"), 2)
    assert (net.entry_price, net.mark_price, net.margin_used, net.at) == (D("61000.5"), 60000, D("366.003"), AT)
    pair = ccxt.position_of(POSITION | {"hedged": True, "side": "long"}, instruments=INSTRUMENTS)
    assert (pair.side, pair.quantity) == (PositionSide.LONG, 3)
    closed = ccxt.position_of(POSITION | {"contracts": 0.0, "side": None, "entryPrice": 0.0}, instruments=INSTRUMENTS)
    assert (closed.side, closed.quantity, closed.entry_price) == (PositionSide.NET, 0, None)
    for different in ({"contracts": None}, {"side": "both"}):
        with pytest.raises(InvalidValueError, match="the position in BTC/USDT:USDT has"):
            ccxt.position_of(POSITION | different, instruments=INSTRUMENTS)


def test_balances() -> None:
    balance = {
        "info": {}, "timestamp": None, "BTC": {"free": 0.1, "used": 0.2, "total": 0.3},
        "free": {"BTC": 0.1, "USDT": "99.5", "ETH": None, "XRP": None}, "used": {"BTC": 0.2, "USDT": None, "ETH": 1},
        "total": {"BTC": 0.3, "ETH": 5, "XRP": None}, "debt": {"USDT": 12.5},
    }  # fmt: skip
    btc, eth, usdt = ccxt.holdings_of(balance)
    assert (btc.asset, btc.quantity, btc.available) == ("BTC", D("0.3"), D("0.1"))
    assert (eth.quantity, eth.available, usdt.quantity, usdt.debt) == (5, 4, D("99.5"), D("12.5"))
    assert btc.row(ACCOUNT, AT) == {
        "account_id": ACCOUNT, "asset": "BTC", "quantity": D("0.3"), "available": D("0.1"), "valued_at": AT,
    }  # fmt: skip


async def test_the_ledger_takes_them_once(session: WriteSession) -> None:
    """An order, half of it filled, then cancelled; everything asked for twice."""
    instrument = await market.ensure_instrument(session, "binance", "BTC/USDT:USDT")
    user = User(username="ccxt", email="ccxt@example.org")
    session.add(user)
    await session.flush()
    account = TradingAccount(
        user_id=user.id, label="main", mode=TradingMode.PAPER, venue_id=instrument.venue_id, base_currency="USDT"
    )
    session.add(account)
    await session.flush()
    place = {"account_id": account.id, "instruments": {instrument.symbol: instrument.id}}
    trade = TRADE | {"symbol": "BTC/USDT:USDT", "amount": 0.001, "fees": [], "fee": None, "info": BINANCE["info"]}
    told = trade | {"fee": {"cost": "0.02", "currency": "USDT"}}
    for results in (("inserted", "inserted", "updated"), ("duplicate", "duplicate", "duplicate")):
        order = await ledger.submit_order(session, ccxt.order_of(BINANCE, **place))
        assert order.result == results[0]
        for state in (BINANCE, BINANCE | {"status": "canceled", "lastUpdateTimestamp": MS + 900}):
            receipts = await ledger.record_events(
                session, ccxt.events_of(state, account_id=account.id, seen_at=SEEN_AT)
            )
            assert [receipt.error for receipt in receipts] == [None] * len(receipts)
        first = await ledger.record_fill(session, ccxt.fill_of(trade if results[0] == "inserted" else told, **place))
        again = await ledger.record_fill(session, ccxt.fill_of(told, **place))
        assert (first.result, again.result) == results[1:], "the fee came later"
    stored = await session.get(Order, order.id, populate_existing=True)
    assert stored is not None
    assert (stored.status, stored.filled_quantity, stored.average_price) == ("cancelled", D("0.001"), 41608)
    position = (await session.scalars(select(Position))).one()
    assert (position.side, position.quantity, position.fees) == (PositionSide.LONG, D("0.001"), D("0.02"))
