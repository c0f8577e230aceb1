"""Orders and what venues say about them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from trading_desk import START, Desk

from tradingdb.core.ids import uuid7
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError
from tradingdb.models import Order, OrderEvent, OrderStatus, OutboxEvent
from tradingdb.services.ledger import (
    Result,
    cancel,
    expire_due,
    record,
    record_event,
    record_events,
    record_fill,
    submit_order,
    submit_orders,
)


async def test_an_order_is_recorded_once(session: WriteSession, desk: Desk) -> None:
    first = await submit_order(session, desk.order())
    again = await submit_order(session, desk.order())
    batch = await submit_orders(session, [desk.order(), desk.order("c-2"), desk.order("c-2")])
    assert (first.result, again.result, again.id) == (Result.INSERTED, Result.DUPLICATE, first.id)
    assert [receipt.result for receipt in batch] == ["duplicate", "inserted", "duplicate"]
    assert first.order_status is OrderStatus.PENDING


async def test_the_venues_id_is_learned_once(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    assert (await submit_order(session, desk.order(venue_order_id="v-1"))).result is Result.UPDATED
    assert (await submit_order(session, desk.order())).result is Result.DUPLICATE
    with pytest.raises(LedgerConflictError, match="venue_order_id: stored v-1, given v-2"):
        await submit_order(session, desk.order(venue_order_id="v-2"))
    with pytest.raises(LedgerConflictError, match="client_order_id: stored c-1, given c-2"):
        await submit_order(session, desk.order("c-2", venue_order_id="v-1"))


@pytest.mark.parametrize(
    "change",
    [
        {"side": "sell"},
        {"quantity": Decimal(11)},
        {"order_type": "limit"},
        {"reduce_only": True},
        {"post_only": True},
        {"time_in_force": "ioc"},
        {"trailing_offset": Decimal(1)},
        {"expires_at": START},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_other_content_under_the_same_key_is_a_conflict(
    session: WriteSession, desk: Desk, change: dict[str, object]
) -> None:
    await submit_order(session, desk.order())
    with pytest.raises(LedgerConflictError) as caught:
        await submit_order(session, desk.order(**({"limit_price": Decimal(1)} | change)))
    assert set(caught.value.given) >= set(change)


async def test_a_batch_keeps_its_good_orders(session: WriteSession, desk: Desk) -> None:
    receipts = await submit_orders(session, [desk.order(instrument_id=2_000_000_000), desk.order("c-2")])
    assert [receipt.result for receipt in receipts] == ["refused", "inserted"]
    assert isinstance(receipts[0].error, NotFoundError)


@pytest.mark.parametrize(
    "values", [{"quantity": Decimal(0)}, {"quantity": 1.5}, {"side": "up"}, {"client_order_id": " "}], ids=str
)
async def test_what_means_nothing_cannot_be_made(desk: Desk, values: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        desk.order(**({"client_order_id": "c-1"} | values))  # type: ignore[arg-type]


async def test_events_move_an_order_forward(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    statuses = [
        (await record_event(session, desk.event(kind, at))).order_status
        for kind, at in [("submitted", 0), ("accepted", 1), ("partially_filled", 2), ("cancelled", 3), ("accepted", 4)]
    ]
    assert statuses == ["pending", "open", "partial", "cancelled", "cancelled"]
    order = await desk.stored_order(session)
    assert order.cancelled_at == START + timedelta(seconds=3)
    assert order.last_event_at == order.cancelled_at


async def test_an_event_is_recorded_once(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    event = desk.event("accepted", 1, sequence=7)
    receipts = [await record_event(session, event), await record_event(session, event)]
    assert [receipt.result for receipt in receipts] == ["inserted", "duplicate"]
    with pytest.raises(LedgerConflictError):
        await record_event(session, desk.event("rejected", 1, dedupe_key=event.dedupe_key, sequence=7))
    assert (await desk.stored_order(session)).status is OrderStatus.OPEN


async def test_an_event_of_an_unknown_order_is_refused(session: WriteSession, desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="submit it first"):
        await record_event(session, desk.event("accepted"))


async def test_each_value_is_that_of_the_newest_amendment_that_names_it(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order(order_type="limit", limit_price=Decimal(100)))
    await record_event(session, desk.event("amended", 9, limit_price=Decimal(99)))
    await record_event(session, desk.event("amended", 5, quantity=Decimal(4), limit_price=Decimal(50)))
    await record_events(
        session,
        [desk.event("amended", 1, quantity=Decimal(size), sequence=number) for number, size in ((2, 7), (1, 8))],
    )
    receipt = await record_fill(session, desk.fill(1, quantity="4", client_order_id="c-1"))
    order = await desk.stored_order(session)
    assert (order.quantity, order.limit_price, receipt.order_status) == (4, 99, OrderStatus.FILLED)
    assert (await submit_order(session, desk.order(order_type="limit", limit_price=Decimal(100)))).result == "duplicate"


async def test_amendments_of_one_instant_are_all_kept(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    amendments = [desk.event("amended", 1, quantity=Decimal(size)) for size in (5, 7)]
    assert [receipt.result for receipt in await record_events(session, amendments)] == ["inserted", "inserted"]
    again = desk.event("amended", 1, quantity=Decimal(9), dedupe_key=amendments[0].dedupe_key)
    with pytest.raises(LedgerConflictError, match="quantity: stored 5, given 9"):
        await record_event(session, again)


async def test_an_order_that_has_ended_stays_so(session: WriteSession, desk: Desk) -> None:
    await submit_orders(session, [desk.order(), desk.order("c-2")])
    for number, kind in enumerate(("cancelled", "rejected", "expired", "accepted")):
        await record_event(session, desk.event(kind, number))
    for number, kind in enumerate(("filled", "cancelled", "rejected")):
        await record_event(session, desk.event(kind, number, client_order_id="c-2"))
    statuses = [(await desk.stored_order(session, key)).status for key in ("c-1", "c-2")]
    assert statuses == [OrderStatus.CANCELLED, OrderStatus.FILLED]


async def test_bad_orders_leave_the_others_of_a_batch_be(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order("c-0", venue_order_id="v-0"))
    receipts = await submit_orders(
        session,
        [
            desk.order("c-1", strategy_id=uuid7()),
            desk.order("c-2", venue_order_id="v-0"),
            desk.order("c-2"),
            desk.order("c-3", venue_order_id="v-3"),
            desk.order("c-4", venue_order_id="v-3"),
            desk.order("c-5"),
        ],
    )
    assert [receipt.result for receipt in receipts] == [*["refused"] * 3, "inserted", "refused", "inserted"]


async def test_the_venues_id_belongs_to_one_order(session: WriteSession, desk: Desk) -> None:
    await submit_orders(session, [desk.order(), desk.order("c-2"), desk.order("c-3", venue_order_id="v-3")])
    receipts = await record_events(
        session,
        [
            desk.event("accepted", 1, venue_order_id="v-1"),
            desk.event("accepted", 1, client_order_id="c-2", venue_order_id="v-1"),
            desk.event("accepted", 1, client_order_id="c-2", venue_order_id="v-3"),
        ],
    )
    assert [receipt.result for receipt in receipts] == ["inserted", "refused", "refused"]


async def test_an_event_may_name_an_order_as_another_of_its_batch_taught(session: WriteSession, desk: Desk) -> None:
    entries = [
        desk.order(),
        desk.event("accepted", 1, venue_order_id="v-1"),
        desk.event("cancelled", 2, client_order_id=None, venue_order_id="v-1"),
        desk.fill(1, venue_order_id="v-1"),
    ]
    receipts = await record(session, entries)
    assert {receipt.result for receipt in receipts} == {Result.INSERTED}
    order = await desk.stored_order(session)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELLED, 1)


async def test_fills_after_a_cancellation_are_counted(session: WriteSession, desk: Desk) -> None:
    await submit_order(session, desk.order())
    await record_event(session, desk.event("cancelled", 5))
    first = await record_fill(session, desk.fill(1, quantity="4", client_order_id="c-1"))
    last = await record_fill(session, desk.fill(2, quantity="6", client_order_id="c-1"))
    assert [first.order_status, last.order_status] == [OrderStatus.CANCELLED, OrderStatus.FILLED]


async def test_a_cancellation_is_asked_for_once(session: WriteSession, desk: Desk) -> None:
    order_id = (await submit_order(session, desk.order())).id
    assert order_id is not None
    asked = [await cancel(session, order_id, account_id=desk.account_id, reason="enough") for _ in range(2)]
    assert [receipt.result for receipt in asked] == ["inserted", "duplicate"]
    assert (await desk.stored_order(session)).status is OrderStatus.PENDING
    topics = select(func.count()).where(OutboxEvent.topic == "order.cancel_requested")
    assert await session.scalar(topics.where(OutboxEvent.entity_key == str(order_id))) == 1
    again = await cancel(session, order_id, account_id=desk.account_id, dedupe_key="second")
    assert again.result is Result.INSERTED
    await record_event(session, desk.event("cancelled", 1))
    ended = await cancel(session, order_id, account_id=desk.account_id)
    assert (ended.result, ended.order_status) == (Result.DUPLICATE, OrderStatus.CANCELLED)
    with pytest.raises(NotFoundError):
        await cancel(session, uuid7(), account_id=desk.account_id)


async def test_orders_whose_time_is_over_expire(session: WriteSession, desk: Desk) -> None:
    due = [desk.order(f"c-{n}", expires_at=START + timedelta(minutes=n)) for n in range(3)]
    await submit_orders(session, [*due, desk.order("c-9")])
    now = START + timedelta(minutes=1)
    ended = await expire_due(session, account_id=desk.account_id, now=now)
    assert len(ended) == 2
    assert await expire_due(session, account_id=desk.account_id, now=now) == []
    with pytest.raises(InvalidValueError, match="without a zone"):
        await expire_due(session, now=now.replace(tzinfo=None))
    query = select(Order.client_order_id).where(Order.status == OrderStatus.EXPIRED)
    assert set(await session.scalars(query.where(Order.account_id == desk.account_id))) == {"c-0", "c-1"}


KINDS = [
    "amended",
    "submitted",
    "accepted",
    "triggered",
    "partially_filled",
    "filled",
    "cancelled",
    "rejected",
    "expired",
]
steps = st.lists(st.tuples(st.sampled_from([*KINDS, "fill"]), st.integers(0, 4)), max_size=6)


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps, data=st.data())
async def test_any_order_of_arrival_gives_the_same_order(
    session: WriteSession, desk: Desk, steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Shuffled, repeated, one by one or together: what an order is depends on what was said, not on when it came."""
    states = []
    for _ in range(2):
        arriving = data.draw(st.permutations(steps)) + data.draw(st.permutations(steps))
        async with session.begin_nested() as savepoint:
            await submit_order(session, desk.order(quantity=Decimal(3)))
            for kind, at in arriving:
                if kind == "fill":
                    await record_fill(session, desk.fill(at, at=at, price=str(at + 1), client_order_id="c-1"))
                else:
                    size = {"quantity": Decimal(at + 2)} if kind == "amended" else {}
                    await record_events(session, [desk.event(kind, at, sequence=at % 2, **size)])
            order = await desk.stored_order(session)
            states.append(
                (
                    order.status,
                    order.venue_status,
                    order.last_event_at,
                    order.filled_quantity,
                    order.average_price,
                    order.quantity,
                    order.amended_at,
                )
            )
            events = select(func.count()).where(OrderEvent.order_id == order.id)
            assert await session.scalar(events) == len({step for step in steps if step[0] != "fill"})
            await savepoint.rollback()
    assert states[0] == states[1]
