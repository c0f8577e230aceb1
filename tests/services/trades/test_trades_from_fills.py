"""Round trips are what the fills say: each starts flat, ends flat, and earns what was paid and received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from trading_floor import Desk

from tradingdb.core.ids import uuid7
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError
from tradingdb.models import Fill, Order, OutboxEvent, Signal, Strategy, Trade, TradeExit
from tradingdb.services import trades
from tradingdb.services.trades import DerivedTrades

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
NUMBERS = count()


def fill(desk: Desk, minute: int, side: str, quantity: str, price: str, **values: Any) -> dict[str, Any]:
    defaults = {
        "id": uuid7(), "account_id": desk.live, "instrument_id": desk.linear, "venue_trade_id": str(next(NUMBERS)),
        "sequence": 0, "order_id": None, "side": side, "position_side": "net", "quantity": Decimal(quantity),
        "price": Decimal(price), "fee": Decimal(0), "fee_currency": None, "executed_at": AT + timedelta(minutes=minute),
    }  # fmt: skip
    return {**defaults, **values}


async def add(session: WriteSession, *fills: dict[str, Any]) -> None:
    await session.execute(insert(Fill), list(fills))


async def derived(session: WriteSession) -> list[Trade]:
    query = select(Trade).order_by(Trade.entry_time, Trade.instrument_id).execution_options(populate_existing=True)
    return list(await session.scalars(query))


async def exits(session: WriteSession, trade: Trade) -> list[TradeExit]:
    query = select(TradeExit).where(TradeExit.trade_id == trade.id).order_by(TradeExit.sequence)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def test_scaling_in_partial_exits_and_a_flip(session: WriteSession, desk: Desk) -> None:
    paid = {"fee": Decimal(3), "fee_currency": "USDT"}
    fills = [
        fill(desk, 0, "buy", "1", "100", **paid),
        fill(desk, 1, "buy", "2", "103", **paid),
        fill(desk, 2, "sell", "1", "110", **paid),
        fill(desk, 3, "sell", "6", "90", **paid),
        fill(desk, 4, "buy", "1", "80", fee=Decimal("0.1"), fee_currency="BNB"),
    ]
    await add(session, *fills)
    assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(inserted=2, still_open=1)
    first, second = await derived(session)
    assert (first.direction, first.quantity, first.entry_price) == ("long", 3, 102)
    assert (first.outcome, first.mode, first.user_id) == ("loss", "live", desk.user_id)
    assert (first.exit_price, first.exit_time) == (Decimal("96." + "6" * 47 + "7"), fills[3]["executed_at"])
    assert (first.fees, first.pnl) == (10, (110 + 2 * 90 - 306) * 10 - 10)
    parts = [(part.quantity, part.price, part.pnl, part.fees, part.fill_id) for part in await exits(session, first)]
    assert parts == [(1, 110, 77, 3, fills[2]["id"]), (2, 90, -241, 1, fills[3]["id"])]
    assert (second.direction, second.quantity, second.entry_price, second.fees) == ("short", 4, 90, 2)
    assert (second.outcome, second.context) == ("pending", {"other_fees": {"BNB": "0.1"}})
    assert [part.pnl for part in await exits(session, second)] == [100]


async def test_more_fills_continue_the_open_trade_and_keep_what_people_added(session: WriteSession, desk: Desk) -> None:
    await add(session, fill(desk, 0, "buy", "1", "100"))
    await trades.trades_from_fills(session, desk.live, desk.linear)
    (trade,) = await derived(session)
    trade.initial_stop, trade.notes, trade.rule_id = Decimal(90), "mine", desk.rule_id
    assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(unchanged=1, still_open=1)

    await add(session, fill(desk, 1, "buy", "1", "104"), fill(desk, 2, "sell", "1.5", "112"))
    assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(updated=1, still_open=1)
    await add(session, fill(desk, 3, "sell", "0.5", "112"), fill(desk, 4, "sell", "1", "110"))
    assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(inserted=1, updated=1, still_open=1)
    for _ in range(2):
        assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(unchanged=2, still_open=1)
    same, _ = await derived(session)
    assert (same.id, same.notes, same.rule_id) == (trade.id, "mine", desk.rule_id)
    assert (same.quantity, same.entry_price, same.pnl) == (2, 102, 200)
    assert same.pnl_r == Decimal(200) / 240 or abs(same.pnl_r * 240 - 200) < Decimal("1e-40")
    assert [part.quantity for part in await exits(session, same)] == [Decimal("1.5"), Decimal("0.5")]


async def test_hedged_sides_have_round_trips_of_their_own(session: WriteSession, desk: Desk) -> None:
    await add(
        session,
        fill(desk, 0, "buy", "1", "100", position_side="long"),
        fill(desk, 1, "sell", "2", "100", position_side="short"),
        fill(desk, 2, "sell", "1", "110", position_side="long"),
        fill(desk, 3, "buy", "2", "110", position_side="short"),
    )
    await trades.trades_from_fills(session, desk.live)
    assert [(trade.direction, trade.pnl) for trade in await derived(session)] == [("long", 100), ("short", -200)]
    await add(session, fill(desk, 4, "sell", "1", "110", position_side="long"))
    with pytest.raises(InvalidValueError, match="closes more of the long side"):
        await trades.trades_from_fills(session, desk.live)


async def test_fills_of_one_instant_are_in_the_order_of_their_numbers(session: WriteSession, desk: Desk) -> None:
    await add(
        session,
        fill(desk, 0, "sell", "2", "90", venue_trade_id="10"),
        fill(desk, 0, "buy", "1", "100", venue_trade_id="9", sequence=1),
        fill(desk, 0, "buy", "1", "80", venue_trade_id="9"),
    )
    await trades.trades_from_fills(session, desk.live)
    (trade,) = await derived(session)
    assert (trade.direction, trade.entry_price, trade.pnl, trade.outcome) == ("long", 90, 0, "breakeven")


async def test_what_fills_make_of_trades_is_told(session: WriteSession, desk: Desk) -> None:
    await add(session, fill(desk, 5, "buy", "2", "100"), fill(desk, 6, "sell", "1", "110"))
    for _ in range(2):
        await trades.trades_from_fills(session, desk.live)
    await add(session, fill(desk, 7, "sell", "3", "120"))
    await trades.trades_from_fills(session, desk.live)
    await add(session, fill(desk, 8, "buy", "2", "100"))
    await trades.trades_from_fills(session, desk.live)
    first, second = [str(trade.id) for trade in await derived(session)]
    assert await told(session, desk.live) == [
        ("trade.opened", first), ("trade.exited", first),
        ("trade.opened", second), ("trade.exited", first), ("trade.closed", first),
        ("trade.exited", second), ("trade.closed", second),
    ]  # fmt: skip
    await add(session, fill(desk, 0, "sell", "2", "100"))
    await trades.trades_from_fills(session, desk.live, rewrite=True)
    assert {("trade.removed", first), ("trade.removed", second)} <= set((await told(session, desk.live))[7:])


async def told(session: WriteSession, account_id: UUID) -> list[tuple[str, str]]:
    query = select(OutboxEvent.topic, OutboxEvent.entity_key).where(
        OutboxEvent.account_id == account_id, OutboxEvent.topic.startswith("trade.")
    )
    return [tuple(row) for row in await session.execute(query.order_by(OutboxEvent.id))]


async def test_strategy_rule_and_signal_are_those_of_the_opening_order(session: WriteSession, desk: Desk) -> None:
    strategy = Strategy(name="Own")
    signal = Signal(instrument_id=desk.linear, rule_id=desk.rule_id, kind="buy", direction="long", fired_at=AT)
    session.add_all([strategy, signal])
    await session.flush()
    orders = [
        Order(account_id=desk.live, instrument_id=desk.linear, client_order_id=kind, side=side, order_type=kind,
              quantity=Decimal(1), strategy_id=strategy.id, signal_id=signal.id, **prices)
        for kind, side, prices in [("market", "buy", {}), ("stop_loss", "sell", {"stop_price": Decimal(90)})]
    ]  # fmt: skip
    session.add_all(orders)
    await session.flush()
    await add(
        session,
        fill(desk, 0, "buy", "1", "100", order_id=orders[0].id),
        fill(desk, 1, "sell", "1", "90", order_id=orders[1].id),
    )
    await trades.trades_from_fills(session, desk.live)
    (trade,) = await derived(session)
    assert (trade.strategy_id, trade.rule_id, trade.signal_id) == (strategy.id, desk.rule_id, signal.id)
    assert (trade.exit_reason, trade.outcome) == ("stop_loss", "loss")


async def test_a_fee_in_base_leaves_the_holding_of_spot(session: WriteSession, desk: Desk) -> None:
    spot = {"instrument_id": desk.spot, "fee_currency": "BTC"}
    await add(
        session,
        fill(desk, 0, "buy", "1", "100", **spot, fee=Decimal("0.001")),
        fill(desk, 1, "sell", "0.999", "110", instrument_id=desk.spot, fee=Decimal("0.1"), fee_currency="USDT"),
    )
    assert await trades.trades_from_fills(session, desk.live) == DerivedTrades(inserted=1)
    (trade,) = await derived(session)
    assert (trade.quantity, trade.fees) == (Decimal("0.999"), Decimal("0.2"))
    assert trade.pnl == Decimal("0.999") * 110 - Decimal("0.1") - 100


async def test_inverse_contracts_earn_base(session: WriteSession, desk: Desk) -> None:
    inverse = {"instrument_id": desk.inverse}
    await add(
        session,
        fill(desk, 0, "sell", "2", "100", **inverse),
        fill(desk, 1, "sell", "2", "50", **inverse),
        fill(desk, 2, "buy", "4", "40", **inverse),
    )
    await trades.trades_from_fills(session, desk.live)
    (trade,) = await derived(session)
    assert trade.pnl == 400 / Decimal(40) - 200 / Decimal(100) - 200 / Decimal(50)
    assert abs(trade.entry_price - Decimal(200) / 3) < Decimal("1e-25"), "4 contracts are worth 6 BTC: harmonic"


async def test_a_late_fill_that_moves_the_beginning_is_told(session: WriteSession, desk: Desk) -> None:
    await add(session, fill(desk, 5, "buy", "1", "100"), fill(desk, 6, "sell", "1", "110"))
    await trades.trades_from_fills(session, desk.live)
    await add(session, fill(desk, 0, "buy", "1", "90"))
    with pytest.raises(LedgerConflictError, match="opens nothing any more"):
        await trades.trades_from_fills(session, desk.live)
    report = await trades.trades_from_fills(session, desk.live, rewrite=True)
    assert report == DerivedTrades(inserted=1, removed=1, still_open=1)
    with pytest.raises(NotFoundError):
        await trades.trades_from_fills(session, uuid7())


AMOUNTS = st.tuples(st.integers(1, 10**12), st.integers(-12, 0)).map(lambda pair: Decimal(pair[0]).scaleb(pair[1]))
MOVES = st.lists(
    st.tuples(st.sampled_from(["buy", "sell"]), AMOUNTS | st.just(Decimal(1)), AMOUNTS, AMOUNTS),
    min_size=1, max_size=12,
)  # fmt: skip


@example(moves=[("buy", Decimal(1), Decimal(price), Decimal(1)) for price in (2, 1, 1)], cut=2, is_flattened=True)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=MOVES, cut=st.integers(0, 12), is_flattened=st.booleans())
async def test_round_trips_together_earn_what_was_received_and_paid(
    session: WriteSession, desk: Desk, moves: Sequence[tuple[str, Decimal, Decimal, Decimal]], cut: int,
    is_flattened: bool,
) -> None:  # fmt: skip
    """However the fills arrive: in one go or in two, the trades are the same."""
    held = sum((quantity if side == "buy" else -quantity for side, quantity, _, _ in moves), Decimal(0))
    if is_flattened and held:
        moves = [*moves, ("sell" if held > 0 else "buy", abs(held), Decimal(7), Decimal(0))]
    fills = [
        fill(desk, minute, side, str(quantity), str(price), fee=fee, fee_currency="USDT")
        for minute, (side, quantity, price, fee) in enumerate(moves)
    ]
    async with session.begin_nested() as example:
        if fills[:cut]:
            await add(session, *fills[:cut])
            await trades.trades_from_fills(session, desk.live)
        if fills[cut:]:
            await add(session, *fills[cut:])
        report = await trades.trades_from_fills(session, desk.live)
        assert await trades.trades_from_fills(session, desk.live) == replace(
            report, inserted=0, updated=0, unchanged=report.inserted + report.updated + report.unchanged
        )
        found = await derived(session)
        parts = {trade.id: await exits(session, trade) for trade in found}
        await example.rollback()

    earned = paid = entered = left = Fraction(0)
    for trade in found:
        sign = 1 if trade.direction == "long" else -1
        closed = sum((Fraction(part.quantity) for part in parts[trade.id]), Fraction(0))
        entered += sign * Fraction(trade.quantity)
        left += sign * (Fraction(trade.quantity) - closed)
        paid += Fraction(trade.fees)
        assert (trade.outcome == "pending") == (closed < Fraction(trade.quantity))
        assert trade.outcome == "pending" or trade.pnl is not None
        earned += Fraction(trade.pnl) if trade.pnl is not None else 0
    signed = [
        (Fraction(quantity) * (1 if side == "buy" else -1), Fraction(price)) for side, quantity, price, _ in moves
    ]
    assert left == sum(quantity for quantity, _ in signed)
    assert abs(paid - sum(Fraction(fee) for _, _, _, fee in moves)) == 0
    if not left:
        cash = -sum(quantity * price for quantity, price in signed) * 10
        assert earned == cash - paid
        assert report.still_open == 0
