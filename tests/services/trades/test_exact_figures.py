"""What trades earned, digit by digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from trading_floor import Desk

from tradingdb.database import WriteSession
from tradingdb.models import Trade, TradeExit
from tradingdb.services import trades
from tradingdb.services.trades import NewExit
from tradingdb.services.trades.figures import average

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
AMOUNTS = st.tuples(st.integers(1, 10**38 - 1), st.integers(-38, 10)).map(lambda pair: Decimal(pair[0]).scaleb(pair[1]))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    entry=AMOUNTS, stop=AMOUNTS, fee=AMOUNTS, is_long=st.booleans(),
    parts=st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), min_size=1, max_size=4),
)  # fmt: skip
async def test_38_digits_survive_every_path_and_profits_are_exact(
    session: WriteSession, desk: Desk, entry: Decimal, stop: Decimal, fee: Decimal, is_long: bool,
    parts: list[tuple[Decimal, Decimal, Decimal]],
) -> None:  # fmt: skip
    with localcontext() as wide:
        wide.prec = 500
        quantity = sum((part[0] for part in parts), Decimal(0))
    new = desk.entry(
        instrument_id=desk.linear, quantity=quantity, entry_price=entry, initial_stop=stop, fees=fee,
        direction="long" if is_long else "short",
    )  # fmt: skip
    exits = [
        NewExit(sequence=number, quantity=part, price=price, fees=cost, exit_time=AT)
        for number, (part, price, cost) in enumerate(parts, 1)
    ]
    precision = getcontext().prec
    async with session.begin_nested() as example:
        trade = await session.get_one(
            Trade, (await trades.record_trade(session, new, exits)).trade_id, populate_existing=True
        )
        kept = (await session.scalars(select(TradeExit).order_by(TradeExit.sequence))).all()
        await example.rollback()
    assert getcontext().prec == precision
    assert (trade.entry_price, trade.initial_stop, trade.quantity) == (entry, stop, quantity)
    assert [(part.quantity, part.price, part.fees) for part in kept] == parts
    gains = [
        (1 if is_long else -1) * (Fraction(price) - Fraction(entry)) * Fraction(part) * 10 - Fraction(cost)
        for part, price, cost in parts
    ]
    assert [Fraction(part.pnl) for part in kept if part.pnl is not None] == gains
    assert trade.pnl is not None
    assert Fraction(trade.pnl) == sum(gains) - Fraction(fee)
    risk = abs(Fraction(entry) - Fraction(stop)) * Fraction(quantity) * 10
    mean = sum(Fraction(part) * Fraction(price) for part, price, _ in parts) / Fraction(quantity)
    capital = Fraction(entry) * Fraction(quantity) * 10
    figures = [(trade.exit_price, mean), (trade.pnl_percent, Fraction(trade.pnl) * 100 / capital)]
    figures += [(trade.pnl_r, Fraction(trade.pnl) / risk)] if risk else []
    for found, exact in figures:
        assert found is not None
        assert abs(Fraction(found) - exact) <= abs(exact) / (2 * 10**49)


def test_a_mean_is_rounded_once_half_to_even_at_50_digits() -> None:
    long = Decimal("1." + "0" * 60 + "1")
    assert average([(Decimal(1), long), (Decimal(2), long)]) == long, "equal prices are not computed with"
    tie = Decimal(1).scaleb(-49)
    assert average([(Decimal(1), Decimal(1)), (Decimal(1), 1 + tie)]) == 1
    assert average([(Decimal(1), 1 + tie), (Decimal(1), 1 + 2 * tie)]) == 1 + 2 * tie
