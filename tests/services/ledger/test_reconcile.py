"""The ledger beside what a venue says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from trading_desk import START, Desk

from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import (
    CashMovement,
    Fill,
    Order,
    OrderEvent,
    OrderStatus,
    OutboxEvent,
    Position,
    ReconciliationRecord,
)
from tradingdb.services import cash
from tradingdb.services.ledger import NewFill, record_event, record_fill, record_fills, submit_order
from tradingdb.services.ledger.fill_batch import execution_in
from tradingdb.services.reconcile import (
    Reconciliation,
    VenueOrder,
    VenuePosition,
    VenueSnapshot,
    reconcile,
)

AT = START + timedelta(hours=1)
SECONDS = 3600
KEPT = (Order, OrderEvent, Fill, Position, CashMovement, OutboxEvent)


def told(**values: Any) -> VenueSnapshot:
    return VenueSnapshot(at=AT, **values)


def venue_order(desk: Desk, client_order_id: str = "c-1", **values: Any) -> VenueOrder:
    names = ("filled", "average_price", "status")
    given = {name: values.pop(name) for name in names if name in values}
    return VenueOrder(order=desk.order(client_order_id, venue_order_id=f"v-{client_order_id}", **values), **given)


def kinds(found: Reconciliation) -> list[str]:
    return [difference.kind.value for difference in found.differences]


async def accepted(session: WriteSession, desk: Desk, client_order_id: str = "c-1", **values: Any) -> None:
    await submit_order(session, desk.order(client_order_id, submitted_at=START, **values))
    event = desk.event("accepted", client_order_id=client_order_id, venue_order_id=f"v-{client_order_id}")
    await record_event(session, event)


async def counts(session: WriteSession) -> list[int | None]:
    queries = {model: select(func.count()).select_from(model) for model in KEPT}
    queries[OutboxEvent] = queries[OutboxEvent].where(OutboxEvent.topic != "account.reconciled")
    return [await session.scalar(query) for query in queries.values()]


async def test_what_agrees_is_no_difference(session: WriteSession, desk: Desk) -> None:
    await accepted(session, desk)
    await record_fill(session, desk.fill(1, quantity="4", client_order_id="c-1", fee=Decimal(1), fee_currency="USDT"))
    later = [desk.fill(2, quantity="6", client_order_id="c-1", at=SECONDS + 1), desk.fill(3, at=SECONDS + 2)]
    await record_fills(session, later)
    snapshot = told(
        balances={"USDT": Decimal(-1), "BTC": Decimal(0)},
        orders=[venue_order(desk, filled=Decimal(4), status="partial")],
        positions=[VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(4), entry_price=Decimal("100.0"))],
    )
    found = await reconcile(session, desk.account_id, snapshot)
    assert (kinds(found), found.is_true) == ([], True), "what has happened since is no difference"


async def test_a_missing_fill_explains_everything_else(session: WriteSession, desk: Desk) -> None:
    await accepted(session, desk)
    await record_fill(session, desk.fill(1, quantity="4", price="100", client_order_id="c-1"))
    snapshot = told(
        balances={"USDT": Decimal(-2)},
        orders=[venue_order(desk, filled=Decimal(10), average_price=Decimal(106), status="filled")],
        positions=[VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(10), entry_price=Decimal(106))],
    )
    before = await counts(session)
    found = await reconcile(session, desk.account_id, snapshot)
    assert kinds(found) == ["fill_missing", "position", "balance"]
    (proposal,) = found.differences[0].proposals
    assert (proposal.entry.quantity, proposal.entry.price) == (6, 110)  # type: ignore[union-attr]
    assert found.differences[1].proposals == ()
    assert (found.unexplained, found.is_true) == ((), False)
    assert await counts(session) == before, "nothing was changed"

    applied = await reconcile(session, desk.account_id, snapshot, apply=True)
    assert (kinds(applied), applied.is_true) == (kinds(found), True)
    order, position = await desk.stored_order(session), await desk.position(session)
    assert (order.status, order.average_price, position.average_entry_price) == (OrderStatus.FILLED, 106, 106)
    assert await desk.cash(session) == {"USDT": -2}
    after = await counts(session)
    again = await reconcile(session, desk.account_id, snapshot, apply=True)
    assert (kinds(again), await counts(session)) == ([], after), "applied twice is once"
    events = select(OutboxEvent.payload).where(OutboxEvent.topic == "account.reconciled").order_by(OutboxEvent.id)
    news = [(one["difference_count"], one["is_applied"]) for one in await session.scalars(events)]
    assert news == [(3, False), (3, True)], "told once each"
    record = await session.get_one(ReconciliationRecord, (desk.account_id, AT), populate_existing=True)
    assert (record.difference_count, record.unexplained_count, record.applied_at is None) == (3, 0, False)
    assert record.differences[0].proposals[0].entry["price"] == "110"


async def test_orders_that_only_one_side_has(session: WriteSession, desk: Desk) -> None:
    await accepted(session, desk)
    await submit_order(session, desk.order("c-2", submitted_at=START))
    await submit_order(session, desk.order("c-3", submitted_at=AT - timedelta(seconds=5)))
    unknown = venue_order(
        desk, "x-1", filled=Decimal(3), average_price=Decimal(7), quantity=Decimal(3), status="filled"
    )
    found = await reconcile(session, desk.account_id, told(orders=[unknown]), apply=True)
    assert kinds(found) == ["order_unknown", "fill_missing", "order_gone", "order_gone"]
    states = [(await desk.stored_order(session, name)).status for name in ("c-1", "c-2", "c-3", "x-1")]
    assert states == ["cancelled", "rejected", "pending", "filled"], "c-3 may have been on its way"
    assert kinds(await reconcile(session, desk.account_id, told(orders=[unknown]))) == []


async def test_orders_that_were_changed_or_are_further_along(session: WriteSession, desk: Desk) -> None:
    for name in ("c-1", "c-2", "c-3", "c-4"):
        await submit_order(session, desk.order(name, submitted_at=START, order_type="limit", limit_price=Decimal(9)))
    await record_event(session, desk.event("cancelled", client_order_id="c-3"))
    limit: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(9)}
    snapshot = told(
        orders=[
            venue_order(desk, "c-1", **limit | {"limit_price": Decimal(8)}),
            venue_order(desk, "c-2", status="expired", **limit),
            venue_order(desk, "c-3", **limit),
            venue_order(desk, "c-4", **limit | {"side": "sell"}),
        ],
    )
    found = await reconcile(session, desk.account_id, snapshot, apply=True)
    assert kinds(found) == ["order_content", "order_status", "order_status", "order_status", "order_content"]
    assert [bool(difference.remedy) for difference in found.differences] == [False, False, False, False, True]
    first, second = await desk.stored_order(session, "c-1"), await desk.stored_order(session, "c-2")
    assert (first.limit_price, first.status, first.venue_order_id) == (8, "open", "v-c-1")
    assert second.status == "expired"
    left = await reconcile(session, desk.account_id, snapshot)
    assert [(one.subject, one.is_explained) for one in left.differences] == [("order c-3", False), ("order c-4", False)]


async def test_what_cannot_be_explained_says_what_to_do(session: WriteSession, desk: Desk) -> None:
    await accepted(session, desk)
    await record_fill(session, desk.fill(1, quantity="4", price="100", client_order_id="c-1"))
    found = await reconcile(
        session,
        desk.account_id,
        told(
            orders=[venue_order(desk, filled=Decimal(5), status="partial")],
            positions=[VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(1), entry_price=Decimal(100))],
        ),
    )
    assert kinds(found) == ["fill_missing", "position"]
    assert all("executions" in (one.remedy or "") for one in found.unexplained)
    less = told(orders=[venue_order(desk, filled=Decimal(1), status="partial")])
    assert [one.kind for one in (await reconcile(session, desk.account_id, less)).unexplained] == ["fill_content"]
    other = VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(4), entry_price=Decimal("100.1"))
    assert kinds(await reconcile(session, desk.account_id, told(positions=[other]))) == ["entry_price"]


async def test_the_venues_own_executions_are_the_best_explanation(session: WriteSession, desk: Desk) -> None:
    await accepted(session, desk)
    await record_fill(session, desk.fill(1, quantity="4", client_order_id="c-1"))
    missing = desk.fill(2, quantity="6", price="110", venue_order_id="v-c-1", fee=Decimal(1), fee_currency="BNB", at=9)
    snapshot = told(
        trades=[desk.fill(1, quantity="4", client_order_id="c-1"), missing, desk.fill(1, price="3")],
        orders=[],
        positions=[VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(10))],
        balances={"BNB": Decimal(-1)},
    )
    found = await reconcile(session, desk.account_id, snapshot, apply=True)
    assert kinds(found) == ["fill_missing", "fill_content", "position", "balance"]
    assert [one.kind for one in found.unexplained] == ["fill_content"]
    fills = await desk.fills(session)
    assert [fill.venue_trade_id for fill in fills] == ["1", "2"]


async def test_hedged_and_inverse_positions_and_cash_of_their_own(session: WriteSession, desk: Desk) -> None:
    await record_fill(session, desk.fill(1, "sell", "100", "50000", instrument_id=desk.inverse))
    snapshot = told(
        balances={"BTC": Decimal("0.5")},
        positions=[
            VenuePosition(instrument_id=desk.inverse, quantity=Decimal(-200), entry_price=Decimal(40000)),
            VenuePosition(instrument_id=desk.perpetual, side="short", quantity=Decimal(2), entry_price=Decimal(9)),
        ],
    )
    await reconcile(session, desk.account_id, snapshot, apply=True)
    inverse, short = await desk.position(session, desk.inverse), await desk.position(session, side="short")
    assert inverse.average_entry_price is not None
    assert (inverse.quantity, abs(inverse.average_entry_price - 40000) < Decimal("1e-40")) == (-200, True)
    assert (short.quantity, short.average_entry_price) == (-2, 9)
    assert await desk.cash(session) == {"BTC": Decimal("0.5")}
    assert kinds(await reconcile(session, desk.account_id, snapshot)) == []


async def test_a_snapshot_is_refused_as_a_whole(session: WriteSession, desk: Desk, fifo_desk: Desk) -> None:
    with pytest.raises(InvalidValueError, match="another account"):
        await reconcile(session, desk.account_id, told(orders=[venue_order(fifo_desk)]))
    position = VenuePosition(instrument_id=2_000_000, quantity=Decimal(1))
    with pytest.raises(NotFoundError, match="no instrument 2000000"):
        await reconcile(session, desk.account_id, told(positions=[position]))
    with pytest.raises(NotFoundError, match="no account"):
        await reconcile(session, uuid4(), told())
    with pytest.raises(InvalidValueError, match=r"positions.0 and positions.1 are both the net position of instrument"):
        told(positions=[VenuePosition(instrument_id=desk.perpetual, quantity=Decimal(n)) for n in (1, 2)])
    for instrument_id in (99_999_999_999, "5", True):
        with pytest.raises(InvalidValueError, match="whole number"):
            VenuePosition(instrument_id=instrument_id, quantity=Decimal(1))  # type: ignore[arg-type]


amounts = st.decimals("0.01", "9", places=2)
histories = st.lists(
    st.tuples(st.sampled_from(["c-1", "c-2", None]), st.sampled_from(["buy", "sell"]), amounts, amounts), max_size=6
)


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories, seen=st.integers(0, 6), total=amounts)
async def test_whatever_is_missing_is_there_after_it_was_applied(
    session: WriteSession, desk: Desk, history: list[tuple[Any, ...]], seen: int, total: Decimal
) -> None:
    fills = [
        desk.fill(
            number, side if client is None else "buy", str(quantity), str(price), at=number, client_order_id=client
        )
        for number, (client, side, quantity, price) in enumerate(history)
    ]
    quantity = sum((execution_in(fill).signed for fill in fills), Decimal(0))
    snapshot = told(
        trades=fills,
        orders=[venue_order(desk, "c-2", quantity=Decimal(99), filled=filled(fills, "c-2"))],
        positions=[VenuePosition(instrument_id=desk.perpetual, quantity=quantity)],
        balances={"USDT": total},
    )
    async with session.begin_nested() as savepoint:
        await submit_order(session, desk.order("c-1", quantity=Decimal(99), submitted_at=START))
        await record_fills(session, fills[:seen])
        await cash.record_movement(
            session,
            cash.NewMovement(
                account_id=desk.account_id,
                dedupe_key="in",
                kind="deposit",
                amount=Decimal(5),
                currency="USDT",
                occurred_at=START,
            ),
        )
        assert (await reconcile(session, desk.account_id, snapshot, apply=True)).is_true
        after = await counts(session)
        assert kinds(await reconcile(session, desk.account_id, snapshot, apply=True)) == []
        assert await counts(session) == after
        assert (await desk.position(session)).quantity == quantity
        assert await desk.cash(session) == {"USDT": total}
        await savepoint.rollback()


def filled(fills: list[NewFill], client_order_id: str) -> Decimal:
    return sum((fill.quantity for fill in fills if fill.client_order_id == client_order_id), Decimal(0))
