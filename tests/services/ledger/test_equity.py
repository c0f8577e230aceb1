"""What an account is worth: positions at prices, and snapshots of everything."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from trading_desk import START, Desk

from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, MissingRateError, NotFoundError
from tradingdb.models import OutboxEvent, PortfolioSnapshot
from tradingdb.services import cash, equity
from tradingdb.services.ledger import record_fill, record_fills

END = START + timedelta(hours=1)


async def pay_in(
    session: WriteSession, desk: Desk, amount: str = "1000", currency: str = "USDT", at: float = 0
) -> None:
    await cash.record_movement(
        session,
        cash.NewMovement(
            account_id=desk.account_id,
            dedupe_key=f"in:{currency}:{amount}:{at}",
            kind="deposit" if Decimal(amount) > 0 else "withdrawal",
            amount=Decimal(amount),
            currency=currency,
            occurred_at=START + timedelta(seconds=at),
        ),
    )


async def snapshot(session: WriteSession, desk: Desk, at: float = 3600, **values: Any) -> PortfolioSnapshot:
    given: dict[str, Any] = {"prices": {}, "rates": {}}
    return await equity.take_snapshot(session, desk.account_id, START + timedelta(seconds=at), **given | values)


async def test_positions_are_marked_at_prices(session: WriteSession, desk: Desk, fifo_desk: Desk) -> None:
    await session.execute(text("UPDATE instruments SET contract_size = 10 WHERE id = :id"), {"id": desk.perpetual})
    for one in (desk, fifo_desk):
        await record_fills(
            session,
            [
                one.fill(1, "sell", "2", "100"),
                one.fill(2, "sell", "1", "130", at=1),
                one.fill(3, "buy", "1", "90", at=2),
                one.fill(4, "buy", "100", "50000", instrument_id=desk.inverse),
                one.fill(5, "buy", "1", "7", instrument_id=desk.spot),
            ],
        )
    prices = {desk.perpetual: Decimal(95), desk.inverse: Decimal(62500), 2_000_000: Decimal(1)}
    marked = {
        one.place.instrument_id: one.unrealized_pnl
        for one in await equity.mark_positions(session, desk.account_id, prices, at=END)
    }
    assert marked == {desk.perpetual: 300, desk.inverse: Decimal("0.0004")}
    short = await desk.position(session)
    assert (short.mark_price, short.unrealized_pnl, short.marked_at) == (95, 300, END)
    assert (await desk.position(session, desk.spot)).mark_price is None
    (fifo,) = await equity.mark_positions(session, fifo_desk.account_id, {desk.perpetual: Decimal(95)})
    assert fifo.unrealized_pnl == 10 * ((100 - 95) + (130 - 95)), "the first contract that was sold is closed"


async def test_a_closed_position_has_no_unrealized_profit(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1))
    await equity.mark_positions(session, desk.account_id, {desk.perpetual: Decimal(130)})
    await record_fill(session, desk.fill(2, "sell", price="140", at=1))
    assert await equity.mark_positions(session, desk.account_id, {}) == []
    assert (await desk.position(session)).unrealized_pnl == 0


async def test_what_an_account_is_worth(session: WriteSession, desk: Desk) -> None:
    await pay_in(session, desk)
    await pay_in(session, desk, "3", "BTC")
    await record_fills(
        session,
        [
            desk.fill(1, "buy", "2", "100", instrument_id=desk.spot, fee=Decimal("0.5"), fee_currency="BTC"),
            desk.fill(2, "buy", "4", "100", fee=Decimal(1), fee_currency="BNB"),
            desk.fill(3, "sell", "1", "110", at=1),
            desk.fill(4, "sell", "200", "50", instrument_id=desk.inverse),
        ],
    )
    prices = {desk.spot: Decimal(120), desk.perpetual: Decimal(90), desk.inverse: Decimal(100)}
    rates = {"BTC": Decimal(120), "BNB": Decimal(10), "USDT": Decimal(1)}
    taken = await snapshot(session, desk, prices=prices, rates=rates)
    assert taken.cash == 1000 - 200 + 10 + 3 * 120 - 10, "the coins of the spot position are not in it"
    assert taken.positions_value == Decimal("1.5") * 120 - 30 + (200 / Decimal(100) - 200 / Decimal(50)) * 120
    assert taken.equity == taken.cash + taken.positions_value
    assert taken.realized_pnl == 10 + Decimal("0.5") * (100 - 100)
    assert taken.unrealized_pnl == Decimal("1.5") * 20 - 30 - 240
    assert (taken.currency, taken.source, taken.drawdown) == ("USDT", "ours", 0)
    assert taken.holdings["BTC"] == {"quantity": "3.0", "value": "360.0"}
    assert taken.holdings["BTC/USDT"] == {"quantity": "1.5", "value": "180.0"}


async def test_nothing_is_valued_at_zero(session: WriteSession, desk: Desk) -> None:
    await pay_in(session, desk, "3", "BTC")
    await record_fill(session, desk.fill(1))
    price, rate = {desk.perpetual: Decimal(90)}, {"BTC": Decimal(120)}
    with pytest.raises(MissingRateError, match="no rate for 3 BTC: say in rates how much USDT one BTC is"):
        await snapshot(session, desk, prices=price)
    with pytest.raises(MissingRateError, match="BTC/USDT:USDT is held and has no price"):
        await snapshot(session, desk, rates=rate)
    with pytest.raises(InvalidValueError, match="its rate is 1"):
        await snapshot(session, desk, prices=price, rates=rate | {"USDT": Decimal(2)})
    with pytest.raises(InvalidValueError, match="exact"):
        await snapshot(session, desk, prices=price, rates={"BTC": 1.5})
    with pytest.raises(NotFoundError):
        await equity.take_snapshot(session, uuid4(), START, prices={}, rates={})
    assert await equity.snapshots(session, desk.account_id) == []
    assert (await snapshot(session, desk, prices=price, rates=rate)).equity == 350


async def test_a_late_fill_is_in_the_past_that_it_belongs_to(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1, "buy", price="100", at=1))
    await record_fill(session, desk.fill(3, "sell", price="110", at=3))
    assert (await snapshot(session, desk, 4)).equity == 10
    await record_fill(session, desk.fill(2, "buy", price="120", at=2))
    prices = {desk.perpetual: Decimal(120)}
    then = await snapshot(session, desk, 2.5, prices=prices)
    assert (then.cash, then.realized_pnl, then.unrealized_pnl) == (0, 0, 20)
    now = await snapshot(session, desk, 4, prices=prices)
    assert (now.cash, now.realized_pnl, now.unrealized_pnl) == (0, 0, 10)


async def test_a_snapshot_is_told_when_it_is_news(session: WriteSession, desk: Desk) -> None:
    await pay_in(session, desk, "1000")
    for _ in range(2):
        await snapshot(session, desk)
    await pay_in(session, desk, "-40")
    await snapshot(session, desk)
    query = select(OutboxEvent).where(OutboxEvent.account_id == desk.account_id, OutboxEvent.topic == "equity.snapshot")
    told = (await session.scalars(query.order_by(OutboxEvent.id))).all()
    assert [one.payload["equity"] for one in told] == ["1000", "960"]
    assert told[0].entity_key == f"{desk.account_id}/{END.isoformat()}"


async def test_drawdown_is_below_the_highest_so_far(session: WriteSession, desk: Desk) -> None:
    for at, amount in ((0, "80"), (15, "20"), (20, "-50")):
        if amount.startswith("-"):
            await record_fill(session, desk.fill(1, fee=Decimal(50), fee_currency="USDT", at=at))
        else:
            await pay_in(session, desk, amount, at=at)
    prices = {desk.perpetual: Decimal(100)}
    assert (await snapshot(session, desk, 5, prices=prices)).drawdown == 0
    assert (await snapshot(session, desk, 25, prices=prices)).drawdown == 1 - 50 / 80
    assert (await snapshot(session, desk, 15)).equity == 100, "before the fill there was nothing to have a price"
    for _ in range(2):
        await snapshot(session, desk, 15)
    rows = await equity.snapshots(session, desk.account_id)
    assert [row.drawdown for row in rows] == [0, 0, 0.5], "the later one follows"
    bounded = await equity.snapshots(session, desk.account_id, START + timedelta(seconds=15), rows[-1].taken_at)
    assert [row.equity for row in bounded] == [100]


async def test_an_account_that_was_never_worth_anything_has_no_drawdown(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1, fee=Decimal(50), fee_currency="USDT"))
    taken = await snapshot(session, desk, prices={desk.perpetual: Decimal(100)})
    assert (taken.equity, taken.drawdown) == (-50, None)


amounts = st.decimals("0.001", "1000", places=3)
fill_values = st.tuples(
    st.sampled_from(["buy", "sell"]),
    amounts,
    amounts,
    st.sampled_from([(Decimal(0), None), (Decimal("0.01"), "USDT"), (Decimal("0.002"), "BTC"), (Decimal(-1), "BNB")]),
    st.sampled_from(["spot", "perpetual"]),
    st.sampled_from(["net", "long"]),
)


def worth(row: PortfolioSnapshot) -> tuple[Any, ...]:
    names = ("cash", "positions_value", "equity", "realized_pnl", "unrealized_pnl", "holdings")
    return tuple(getattr(row, name) for name in names)


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(fill_values, max_size=8), cut=st.integers(0, 8), mark=amounts)
async def test_the_past_is_worth_what_it_was_and_nothing_is_made_or_lost(
    session: WriteSession, fifo_desk: Desk, rows: list[tuple[Any, ...]], cut: int, mark: Decimal
) -> None:
    desk = fifo_desk
    fills = [
        desk.fill(
            at, side, str(quantity), str(price), at=at, fee=fee[0], fee_currency=fee[1],
            instrument_id=getattr(desk, market), position_side=position_side,
        )
        for at, (side, quantity, price, fee, market, position_side) in enumerate(rows)
    ]  # fmt: skip
    prices = {desk.spot: mark, desk.perpetual: mark}
    rates = {"BTC": Decimal(mark), "BNB": Decimal(3)}
    async with session.begin_nested() as savepoint:
        await pay_in(session, desk)
        await record_fills(session, fills[:cut])
        then = worth(await snapshot(session, desk, cut - 0.5, prices=prices, rates=rates))
        await record_fills(session, fills[cut:])
        assert worth(await snapshot(session, desk, cut - 0.5, prices=prices, rates=rates)) == then
        now = await snapshot(session, desk, prices=prices, rates=rates)
        fees = sum((fill.fee * rates.get(fill.fee_currency or "", Decimal(1)) for fill in fills), Decimal(0))
        in_base = [fill for fill in fills if fill.fee_currency == "BTC" and fill.instrument_id == desk.spot]
        # a fee in coins is disposed of at the fill's price; what it is worth at the mark is in neither profit
        fees += sum((fill.fee * (fill.price - mark) for fill in in_base), Decimal(0))
        assert now.realized_pnl is not None
        assert now.unrealized_pnl is not None
        gained = now.realized_pnl + now.unrealized_pnl - fees
        assert abs(now.equity - 1000 - gained) < Decimal("1e-15")
        await savepoint.rollback()
