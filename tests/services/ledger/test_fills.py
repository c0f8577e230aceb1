"""Fills are recorded once, with all that they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from sqlalchemy import func, select, text, update
from trading_desk import START, Desk

from tradingdb.core.ids import uuid7
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError, ScopeError
from tradingdb.models import CashMovement, CostBasis, OrderStatus, OutboxEvent, TradingAccount, TradingMode
from tradingdb.scope import Scope
from tradingdb.services.ledger import (
    Result,
    rebuild_positions,
    record_event,
    record_fill,
    record_fills,
    submit_order,
)


async def test_a_fill_moves_order_position_and_cash(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    first = await record_fill(session, desk.fill(1, price="100", fee=Decimal("0.05"), fee_currency="USDT"))
    last = await record_fill(session, desk.fill(2, quantity="9", price="110", client_order_id="c-1", at=1))
    assert (first.result, first.order_status) == (Result.INSERTED, None)
    assert (last.result, last.order_status) == (Result.INSERTED, OrderStatus.PARTIAL)
    order = await desk.stored_order(session)
    assert (order.filled_quantity, order.average_price, order.status) == (9, 110, OrderStatus.PARTIAL)
    position = await desk.position(session)
    assert (position.quantity, position.average_entry_price, position.fees) == (10, 109, Decimal("0.05"))
    assert await desk.cash(session) == {"USDT": Decimal("-0.05")}


async def test_sent_again_it_is_a_duplicate_and_moves_nothing(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    fill = desk.fill(1, client_order_id="c-1", fee=Decimal(1), fee_currency="USDT")
    first, again = await record_fill(session, fill), await record_fill(session, fill)
    in_one_call = await record_fills(session, [fill, fill])
    assert [first.result, again.result] == [Result.INSERTED, Result.DUPLICATE]
    assert {receipt.id for receipt in (first, again, *in_one_call)} == {first.id}
    assert (await desk.position(session)).quantity == 1
    assert (await desk.stored_order(session)).filled_quantity == 1
    assert await desk.cash(session) == {"USDT": -1}


async def test_many_at_once_are_stored_digit_by_digit(session: WriteSession, desk: Desk) -> None:
    """Also where values are equal and differ in their digits, and where some have what others do not."""
    prices = ["100.0", "100.00", "100.0", "100.0", "100.0"]
    bids = [None, Decimal("1.50"), None, Decimal("1.5"), None]
    details = [{}, {"a": 1}, {}, {}, {}]
    await record_fills(
        session,
        [
            desk.fill(number, price=price, at=number, bid_price=bid, details=extra)
            for number, (price, bid, extra) in enumerate(zip(prices, bids, details, strict=True))
        ],
    )
    stored = await desk.fills(session)
    assert [str(fill.price) for fill in stored] == prices
    assert [str(fill.bid_price) for fill in stored] == [str(bid) for bid in bids]
    assert [fill.details for fill in stored] == details


@pytest.mark.parametrize(
    "change", [{"price": "101"}, {"quantity": "2"}, {"side": "sell"}, {"at": 5}], ids=lambda change: next(iter(change))
)
async def test_other_content_under_the_same_key_is_a_conflict(
    session: WriteSession, desk: Desk, change: dict[str, str]
) -> None:
    await record_fill(session, desk.fill(1))
    with pytest.raises(LedgerConflictError, match="recorded before with another content"):
        await record_fill(session, desk.fill(1, **change))  # type: ignore[arg-type]
    assert (await desk.position(session)).quantity == 1


async def test_a_batch_keeps_its_good_rows(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1))
    unknown = desk.fill(3, instrument_id=2_000_000_000)
    receipts = await record_fills(session, [desk.fill(1, price="7"), desk.fill(2), unknown, desk.fill(4)])
    assert [receipt.result for receipt in receipts] == ["refused", "inserted", "refused", "inserted"]
    assert isinstance(receipts[0].error, LedgerConflictError)
    assert isinstance(receipts[2].error, NotFoundError)
    assert (await desk.position(session)).quantity == 3


async def test_a_late_fill_is_counted_where_it_belongs(session: WriteSession, desk: Desk) -> None:
    await record_fills(session, [desk.fill(1, price="100", at=0), desk.fill(3, "sell", price="130", at=20)])
    assert (await desk.position(session)).realized_pnl == 30
    await record_fill(session, desk.fill(2, price="200", at=10))
    position = await desk.position(session)
    assert (position.quantity, position.average_entry_price, position.realized_pnl) == (1, 150, -20)
    assert await desk.cash(session) == {"USDT": -20}


@pytest.mark.parametrize("name", ["client_order_id", "venue_order_id"])
async def test_a_fill_waits_for_its_order(session: WriteSession, desk: Desk, name: str) -> None:
    waiting = await record_fill(session, desk.fill(1, quantity="10", **{name: "c-1"}))
    assert waiting.order_status is None
    submitted = await submit_order(session, desk.order(venue_order_id="c-1"))
    assert submitted.order_status is OrderStatus.FILLED
    order = await desk.stored_order(session)
    assert (order.filled_quantity, order.average_price, order.status) == (10, 100, OrderStatus.FILLED)
    assert [fill.order_id for fill in await desk.fills(session)] == [order.id]


async def test_a_fill_waits_until_its_order_learns_the_venues_id(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    await record_fill(session, desk.fill(1, quantity="4", venue_order_id="v-9"))
    receipt = await record_event(session, desk.event("accepted", venue_order_id="v-9"))
    assert receipt.order_status is OrderStatus.PARTIAL
    assert (await desk.stored_order(session)).filled_quantity == 4


async def test_a_fee_may_become_known_later(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1, instrument_id=desk.spot))
    charged = desk.fill(1, instrument_id=desk.spot, fee=Decimal("0.01"), fee_currency="BTC")
    assert (await record_fill(session, charged)).result is Result.UPDATED
    assert (await record_fill(session, charged)).result is Result.DUPLICATE
    assert (await record_fill(session, desk.fill(1, instrument_id=desk.spot))).result is Result.DUPLICATE
    assert (await desk.position(session, desk.spot)).quantity == Decimal("0.99")
    assert await desk.cash(session) == {"USDT": -100, "BTC": Decimal("0.99")}


async def test_more_than_was_ordered_is_kept(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order(quantity=Decimal(1)))
    await record_fill(session, desk.fill(1, quantity="1.5", client_order_id="c-1"))
    order = await desk.stored_order(session)
    assert (order.filled_quantity, order.remaining_quantity, order.status) == (
        Decimal("1.5"),
        Decimal("-0.5"),
        OrderStatus.FILLED,
    )


async def test_a_hedged_pair_is_two_positions(session: WriteSession, desk: Desk) -> None:
    await record_fills(
        session,
        [
            desk.fill(1, "buy", "3", position_side="long"),
            desk.fill(2, "sell", "2", position_side="short"),
            desk.fill(3, "sell", "1", "120", position_side="long", at=1),
        ],
    )
    long, short = [await desk.position(session, side=side) for side in ("long", "short")]
    assert (long.quantity, long.realized_pnl) == (2, 20)
    assert (short.quantity, short.realized_pnl) == (-2, 0)


async def test_a_close_that_arrives_before_its_open_is_kept(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(2, "sell", "1", "120", position_side="long", at=9))
    assert (await desk.position(session, side="long")).quantity == -1
    await record_fill(session, desk.fill(1, "buy", "1", "100", position_side="long"))
    position = await desk.position(session, side="long")
    assert (position.quantity, position.realized_pnl, position.average_entry_price) == (0, 20, None)


async def test_inverse_contracts_pay_in_base(session: WriteSession, desk: Desk) -> None:
    await record_fills(
        session,
        [
            desk.fill(1, "buy", "100", "50000", instrument_id=desk.inverse),
            desk.fill(2, "sell", "100", "62500", instrument_id=desk.inverse, at=1),
        ],
    )
    assert (await desk.position(session, desk.inverse)).realized_pnl == Decimal("0.0004")
    assert await desk.cash(session) == {"BTC": Decimal("0.0004")}
    with pytest.raises(InvalidValueError, match="more than zero"):
        await record_fill(session, desk.fill(3, price="0", instrument_id=desk.inverse))


async def test_fifo_sells_the_oldest_first(session: WriteSession, fifo_desk: Desk) -> None:
    fills = [
        fifo_desk.fill(1, price="100", at=0),
        fifo_desk.fill(2, price="200", at=1),
        fifo_desk.fill(3, "sell", price="250", at=2),
    ]
    for fill in fills:
        await record_fill(session, fill)
    position = await fifo_desk.position(session)
    assert (position.realized_pnl, position.average_entry_price) == (150, 200)
    assert position.lots is not None
    assert [(lot.quantity, lot.price) for lot in position.lots] == [(1, 200)]


async def test_without_a_venue_trade_id_one_is_made_of_the_content(session: WriteSession, desk: Desk) -> None:
    fill = desk.fill(0, venue_trade_id="")
    assert (await record_fill(session, fill)).result is Result.INSERTED
    assert (await record_fill(session, desk.fill(0, quantity="1.0", venue_trade_id=""))).result is Result.DUPLICATE
    assert (await record_fill(session, desk.fill(0, venue_trade_id="", sequence=1))).result is Result.INSERTED


async def test_an_order_that_is_named_by_our_id_must_be_there(session: WriteSession, desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="submit it first"):
        await record_fill(session, desk.fill(1, order_id=uuid7()))


async def test_a_fill_of_another_instrument_than_its_order_is_refused(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    with pytest.raises(LedgerConflictError, match="instrument_id"):
        await record_fill(session, desk.fill(1, instrument_id=desk.spot, client_order_id="c-1"))


async def test_thirty_eight_digits_survive(session: WriteSession, desk: Desk) -> None:
    price = "1.2345678901234567890123456789012345678"
    quantity = "9.8765432109876543210987654321098765432"
    await submit_order(session, desk.order(quantity=Decimal(quantity)))
    await record_fill(session, desk.fill(1, quantity=quantity, price=price, client_order_id="c-1"))
    (fill,) = await desk.fills(session)
    order, position = await desk.stored_order(session), await desk.position(session)
    assert [str(value) for value in (fill.price, position.average_entry_price, order.average_price)] == [price] * 3
    assert [str(value) for value in (fill.quantity, position.quantity, order.filled_quantity)] == [quantity] * 3
    with localcontext() as exact:
        exact.prec = 200
        assert order.filled_value == Decimal(price) * Decimal(quantity)


async def test_profits_of_many_digits_are_paid_exactly(session: WriteSession, desk: Desk) -> None:
    quantity = "98765432109876543210987654321098765432.1"
    await record_fill(session, desk.fill(1, "buy", quantity, "0.12345678901234567890123456789012345678"))
    await record_fill(session, desk.fill(2, "sell", quantity, "1.12345678901234567890123456789012345678", at=1))
    assert await desk.cash(session) == {"USDT": Decimal(quantity)}


async def test_balances_are_kept_by_postgresql_alone(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1, fee=Decimal(1), fee_currency="USDT"))
    with pytest.raises(Exception, match="kept by PostgreSQL"):
        async with session.begin_nested():
            await session.execute(text("UPDATE cash_balances SET amount = 5"))
    await session.execute(text("SET LOCAL tradingdb.maintenance = 'on'"))
    await session.execute(text("UPDATE cash_movements SET amount = -3"))
    await session.execute(text("SET LOCAL tradingdb.maintenance = 'off'"))
    assert await desk.cash(session) == {"USDT": -3}


async def test_events_tell_others(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order(quantity=Decimal(2)))
    await record_fills(session, [desk.fill(n, client_order_id="c-1") for n in (1, 2)])
    query = select(OutboxEvent.topic).where(OutboxEvent.account_id == desk.account_id).order_by(OutboxEvent.id)
    topics = (await session.scalars(query)).all()
    assert topics[0] == "order.submitted"
    assert sorted(topics[1:]) == ["fill.recorded", "fill.recorded", "order.status"]


async def test_every_movement_of_cash_has_its_own_key(session: WriteSession, desk: Desk) -> None:
    fill = desk.fill(1, instrument_id=desk.spot, fee=Decimal("0.1"), fee_currency="BNB")
    await record_fills(session, [fill, fill])
    keys = select(func.count(), func.count(CashMovement.dedupe_key.distinct()))
    assert (await session.execute(keys.where(CashMovement.account_id == desk.account_id))).one() == (3, 3)
    assert await desk.cash(session) == {"USDT": -100, "BTC": 1, "BNB": Decimal("-0.1")}


async def test_of_two_in_one_batch_the_one_that_knows_its_fee_counts(session: WriteSession, desk: Desk) -> None:
    charged = desk.fill(1, fee=Decimal(2), fee_currency="USDT")
    receipts = await record_fills(session, [desk.fill(1), charged])
    assert sorted(receipt.result for receipt in receipts) == ["duplicate", "inserted"]
    assert await desk.cash(session) == {"USDT": -2}


async def test_that_there_is_no_fee_is_learned_once(session: WriteSession, desk: Desk) -> None:
    free = desk.fill(1, fee=Decimal(0), fee_currency="USDT")
    results = [(await record_fill(session, fill)).result for fill in (desk.fill(1), free, free)]
    assert results == ["inserted", "updated", "duplicate"]
    with pytest.raises(LedgerConflictError, match="fee"):
        await record_fill(session, desk.fill(1, fee=Decimal(5), fee_currency="USDT"))


async def test_a_waiting_fill_that_is_sent_twice_joins_its_order_once(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1))
    await submit_order(session, desk.order())
    named = desk.fill(1, client_order_id="c-1")
    receipts = await record_fills(session, [named, named])
    assert [receipt.result for receipt in receipts] == ["updated", "duplicate"]
    assert (await desk.stored_order(session)).filled_quantity == 1


async def test_a_fill_that_cannot_be_of_its_order_is_refused(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    await submit_order(session, desk.order("c-2", venue_order_id="v-2"))
    with pytest.raises(LedgerConflictError, match="side: stored buy, given sell"):
        await record_fill(session, desk.fill(1, "sell", client_order_id="c-1"))
    with pytest.raises(LedgerConflictError, match="order_id"):
        await record_fill(session, desk.fill(1, client_order_id="c-1", venue_order_id="v-2"))


async def test_what_a_late_fill_corrects_is_paid_where_it_was_wrong(session: WriteSession, desk: Desk) -> None:
    await record_fills(session, [desk.fill(1, price="100", at=1), desk.fill(3, "sell", price="110", at=3)])
    await record_fill(session, desk.fill(2, price="120", at=2))
    query = select(CashMovement.occurred_at, func.sum(CashMovement.amount)).group_by(CashMovement.occurred_at)
    moved = (await session.execute(query.where(CashMovement.account_id == desk.account_id))).all()
    assert [tuple(row) for row in moved] == [(START + timedelta(seconds=3), 0)]


async def test_a_change_of_how_cost_is_counted_is_paid_with_the_next_recount(session: WriteSession, desk: Desk) -> None:
    await record_fills(session, [desk.fill(n, price=str(80 + 20 * n), at=n) for n in (1, 2)])
    await record_fill(session, desk.fill(3, "sell", price="130", at=3))
    await session.execute(update(TradingAccount).values(cost_basis=CostBasis.FIFO))
    await record_fill(session, desk.fill(0, price="130", at=0))
    assert (await desk.position(session)).realized_pnl == 0
    assert await desk.cash(session) == {"USDT": 0}


async def test_a_mode_limits_every_verb(shared_desk: Desk, database: Database) -> None:
    async with database.write(scope=Scope(mode=TradingMode.LIVE)) as limited:
        with pytest.raises(ScopeError, match="mode paper"):
            await record_fill(limited, shared_desk.fill(1))
        with pytest.raises(ScopeError, match="mode paper"):
            await submit_order(limited, shared_desk.order())
        with pytest.raises(ScopeError, match="mode paper"):
            await record_event(limited, shared_desk.event("accepted"))
    async with database.write(scope=Scope(mode=TradingMode.PAPER)) as limited:
        assert (await record_fill(limited, shared_desk.fill(1))).result is Result.INSERTED


async def test_a_name_of_the_order_may_come_later(session: WriteSession, desk: Desk) -> None:
    """Alone, beside the same fill without it, and together with the fee."""
    nameless, paid = desk.fill(1), {"fee": Decimal(1), "fee_currency": "USDT"}
    await record_fill(session, nameless)
    named = replace(nameless, client_order_id="c-1", **paid)
    assert (await record_fill(session, named)).result is Result.UPDATED
    assert (await record_fill(session, named)).result is Result.DUPLICATE
    await submit_order(session, desk.order(quantity=Decimal(3)))
    other = desk.fill(2)
    receipts = await record_fills(session, [other, replace(other, client_order_id="c-1")])
    assert [receipt.result for receipt in receipts] == [Result.INSERTED, Result.DUPLICATE]
    await record_fill(session, desk.fill(3))
    late = replace(desk.fill(3), client_order_id="c-1", **paid)
    assert (await record_fill(session, late)).result is Result.UPDATED, "the order and the fee at once"
    order = await desk.stored_order(session)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 3)
    assert {fill.order_id for fill in await desk.fills(session)} == {order.id}
    assert [fill.fee for fill in await desk.fills(session)] == [1, 0, 1]
    assert await desk.cash(session) == {"USDT": -2}


async def test_another_order_or_fee_of_the_same_fill_is_a_conflict(session: WriteSession, desk: Desk) -> None:
    fill = desk.fill(1, venue_order_id="v-1")
    await record_fill(session, fill)
    with pytest.raises(LedgerConflictError, match="v-2"):
        await record_fill(session, replace(fill, venue_order_id="v-2"))
    receipts = await record_fills(session, [replace(fill, fee=Decimal(fee), fee_currency="USDT") for fee in (1, 2)])
    assert [receipt.result for receipt in receipts] == [Result.UPDATED, Result.REFUSED]
    receipts = await record_fills(
        session, [replace(desk.fill(2), fee=Decimal(fee), fee_currency="USDT") for fee in (1, 2)]
    )
    assert [receipt.result for receipt in receipts] == [Result.INSERTED, Result.REFUSED]
    assert await desk.cash(session) == {"USDT": -2}


async def test_a_fill_of_the_first_hours_of_the_calendar_is_counted(session: WriteSession, desk: Desk) -> None:
    at = datetime(1, 1, 1, 5, tzinfo=UTC)
    await record_fills(session, [replace(desk.fill(1), executed_at=at), desk.fill(2)])
    assert await rebuild_positions(session, account_id=desk.account_id) == []
    assert (await desk.position(session)).quantity == 2
