"""The arithmetic of holdings, against fractions that are never rounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradingdb.errors import InvalidValueError
from tradingdb.models import InstrumentKind, OrderSide
from tradingdb.services.ledger import Contract, Execution, Holding, fold, place_within

START = datetime(2026, 1, 1, tzinfo=UTC)
LINEAR = Contract(InstrumentKind.PERPETUAL, "BTC", "USDT", size=Decimal("0.01"))
INVERSE = Contract(InstrumentKind.PERPETUAL, "BTC", "BTC", size=Decimal(100), is_inverse=True)
SPOT = Contract(InstrumentKind.SPOT, "BTC", "USDT")
ROUNDED = Fraction(1, 10**30)
"""Far below any amount, far above the 50 digits that quotients are rounded at."""

amounts = st.decimals("0.00000001", "100000", places=8).filter(lambda amount: amount > 0)
executions = st.lists(
    st.builds(lambda side, quantity, price: (side, quantity, price), st.sampled_from(OrderSide), amounts, amounts),
    max_size=12,
).map(
    lambda rows: [
        Execution(side, quantity, price, START + timedelta(seconds=number), place_within(str(number), 0))
        for number, (side, quantity, price) in enumerate(rows)
    ]
)


def worth(price: Fraction, contract: Contract) -> Fraction:
    """Of one contract, in settle currency; an inverse one gains when this falls, so it is negative."""
    size = Fraction(contract.size)
    return -size / price if contract.is_inverse else size * price


def realized_by_average(rows: list[Execution], contract: Contract) -> tuple[Fraction, Fraction]:
    held, cost, realized = Fraction(0), Fraction(0), Fraction(0)
    for row in rows:
        change, value = Fraction(row.signed), worth(Fraction(row.price), contract)
        if held * change < 0:
            closed = min(abs(held), abs(change)) * (1 if held > 0 else -1)
            realized += closed * value - cost * closed / held
            cost -= cost * closed / held
            held, change = held - closed, change + closed
        held, cost = held + change, cost + change * value
    return held, realized


def realized_first_in_first_out(rows: list[Execution], contract: Contract) -> tuple[Fraction, Fraction]:
    lots: list[tuple[Fraction, Fraction]] = []
    realized = Fraction(0)
    for row in rows:
        change, value = Fraction(row.signed), worth(Fraction(row.price), contract)
        while change and lots and lots[0][0] * change < 0:
            quantity, paid = lots.pop(0)
            closed = min(abs(quantity), abs(change)) * (1 if quantity > 0 else -1)
            realized += closed * (value - paid)
            change += closed
            if quantity != closed:
                lots.insert(0, (quantity - closed, paid))
        if change:
            lots.append((change, value))
    return sum((quantity for quantity, _ in lots), Fraction(0)), realized


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@settings(max_examples=60)
@given(rows=executions)
def test_profit_by_average_cost(contract: Contract, rows: list[Execution]) -> None:
    held, realized = realized_by_average(rows, contract)
    holding = fold(Holding(), rows, contract)
    assert holding.quantity == held
    assert abs(Fraction(holding.realized_pnl) - realized) < ROUNDED
    assert (holding.average_price is None) == (not held)


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@settings(max_examples=60)
@given(rows=executions)
def test_profit_first_in_first_out(contract: Contract, rows: list[Execution]) -> None:
    held, realized = realized_first_in_first_out(rows, contract)
    holding = fold(Holding(lots=()), rows, contract)
    assert holding.quantity == held == sum(lot.quantity for lot in holding.lots or ())
    assert abs(Fraction(holding.realized_pnl) - realized) < ROUNDED


@settings(max_examples=60)
@given(rows=executions, cut=st.integers(0, 12), fifo=st.booleans())
def test_counting_in_two_parts_is_counting_at_once(rows: list[Execution], cut: int, fifo: bool) -> None:
    start = Holding(lots=() if fifo else None)
    assert fold(fold(start, rows[:cut], LINEAR), rows[cut:], LINEAR) == fold(start, rows, LINEAR)


@settings(max_examples=60)
@given(rows=executions)
def test_nothing_is_made_or_lost(rows: list[Execution]) -> None:
    """Cash paid and received, and what is held at cost, are the profit: exactly, as long as nothing is averaged."""
    holding = fold(Holding(lots=()), rows, LINEAR)
    paid = sum((row.signed * row.price * LINEAR.size for row in rows), Decimal(0))
    at_cost = sum((lot.quantity * lot.price * LINEAR.size for lot in holding.lots or ()), Decimal(0))
    assert abs(Fraction(holding.realized_pnl) - (Fraction(at_cost) - Fraction(paid))) < ROUNDED


def test_a_flip_closes_and_opens() -> None:
    rows = [
        Execution(OrderSide.BUY, Decimal(2), Decimal(100), START, "1"),
        Execution(OrderSide.SELL, Decimal(5), Decimal(110), START + timedelta(seconds=1), "2"),
    ]
    holding = fold(Holding(), rows, SPOT)
    assert (holding.quantity, holding.average_price, holding.realized_pnl) == (-3, 110, 20)
    assert holding.opened_at == START + timedelta(seconds=1)


def test_a_fee_in_base_currency_leaves_the_holding() -> None:
    buy = Execution(OrderSide.BUY, Decimal(1), Decimal(200), START, "1", Decimal("0.001"), "BTC")
    holding = fold(Holding(), [buy], SPOT)
    assert (holding.quantity, holding.average_price) == (Decimal("0.999"), 200)
    assert (holding.fees, holding.realized_pnl) == (Decimal("0.2"), 0)


def test_fees_in_other_currencies_are_kept_apart() -> None:
    rows = [
        Execution(OrderSide.BUY, Decimal(1), Decimal(200), START, "1", Decimal("0.01"), "BNB"),
        Execution(OrderSide.SELL, Decimal(1), Decimal(200), START, "2", Decimal("-0.002"), "BNB"),
        Execution(OrderSide.SELL, Decimal(1), Decimal(200), START, "3", Decimal("0.5"), "USDT"),
    ]
    holding = fold(Holding(), rows, SPOT)
    assert holding.other_fees == {"BNB": Decimal("0.008")}
    assert holding.fees == Decimal("0.5")


def test_digits_are_kept() -> None:
    price = Decimal("0.12345678901234567890123456789012345678")
    quantity = Decimal("98765432109876543210987654321098765432.1")
    one_more = Decimal("1.12345678901234567890123456789012345678")
    buy = Execution(OrderSide.BUY, quantity, price, START, "1")
    sell = Execution(OrderSide.SELL, quantity, one_more, START, "2")
    bought = fold(Holding(), [buy], SPOT)
    assert bought.average_price == price
    assert fold(bought, [sell], SPOT).realized_pnl == quantity


def test_executions_of_one_instant_are_ordered_by_the_venues_numbers() -> None:
    places = [place_within(number, 0) for number in ("9", "10", "11")]
    assert all(before < after for before, after in pairwise(places))


def test_an_inverse_contract_has_positive_prices() -> None:
    with pytest.raises(InvalidValueError, match="more than zero"):
        fold(Holding(), [Execution(OrderSide.BUY, Decimal(1), Decimal(0), START, "1")], INVERSE)
