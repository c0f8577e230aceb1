"""Cash that moves beside fills: recorded once, summed exactly, funding under the lock of its position."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from trading_desk import START, Desk, open_desk

from tradingdb.core.mode import TradingMode
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError, ScopeError
from tradingdb.models import OutboxEvent
from tradingdb.scope import Scope
from tradingdb.services import cash, equity
from tradingdb.services.cash import NewMovement
from tradingdb.services.ledger import rebuild_positions, record_fill
from tradingdb.services.ledger.holdings import EXACT
from tradingdb.services.ledger.verify import verify
from tradingdb.services.reconcile import VenueSnapshot, read_snapshot, reconcile
from tradingdb.services.trades import trades_from_fills


def movement(desk: Desk, key: str = "d-1", amount: str = "100", at: float = 0, **values: Any) -> NewMovement:
    given: dict[str, Any] = {"kind": "deposit", "currency": "USDT"}
    occurred_at = START + timedelta(seconds=at)
    return NewMovement(
        account_id=desk.account_id, dedupe_key=key, amount=Decimal(amount), occurred_at=occurred_at, **given | values
    )


async def test_a_movement_is_recorded_once_and_told(session: WriteSession, desk: Desk) -> None:
    first = await cash.record_movement(session, movement(desk, note="opening"))
    again = await cash.record_movement(session, movement(desk))
    assert (first.result, again.result, again.id) == ("inserted", "duplicate", first.id)
    assert await cash.balances(session, desk.account_id) == {"USDT": 100}
    query = select(OutboxEvent).where(OutboxEvent.account_id == desk.account_id)
    (told,) = await session.scalars(query)
    assert (told.topic, told.entity_key, told.payload["amount"]) == ("cash.moved", str(first.id), "100")


@pytest.mark.parametrize(
    "change", [{"amount": "101"}, {"currency": "BTC"}, {"at": 1}, {"kind": "interest"}], ids=lambda one: next(iter(one))
)
async def test_other_content_under_the_same_key_is_a_conflict(
    session: WriteSession, desk: Desk, change: dict[str, Any]
) -> None:
    await cash.record_movement(session, movement(desk))
    with pytest.raises(LedgerConflictError, match="recorded before with another content"):
        await cash.record_movement(session, movement(desk, **change))
    assert await cash.balances(session, desk.account_id) == {"USDT": 100}


async def test_a_batch_keeps_its_good_rows(session: WriteSession, desk: Desk) -> None:
    await cash.record_movement(session, movement(desk))
    rows = [
        movement(desk, amount="7"),
        movement(desk, "w-1", "-3", kind="withdrawal"),
        movement(desk, "x", instrument_id=2_000_000_000, kind="rebate"),
        movement(desk, "f-1", "-1", kind="funding", currency="BTC", instrument_id=desk.perpetual),
        movement(desk, "w-1", "-3", kind="withdrawal"),
        movement(desk, "w-1", "-4", kind="withdrawal"),
        NewMovement(
            account_id=uuid4(), dedupe_key="d", kind="deposit", amount=Decimal(1), currency="X", occurred_at=START
        ),
    ]
    receipts = await cash.record_movements(session, rows)
    expected = ["refused", "inserted", "refused", "refused", "duplicate", "refused", "refused"]
    assert [receipt.result for receipt in receipts] == expected
    errors = [type(receipt.error) for receipt in receipts if receipt.error is not None]
    assert errors == [LedgerConflictError, NotFoundError, InvalidValueError, LedgerConflictError, NotFoundError]
    assert await cash.balances(session, desk.account_id) == {"USDT": 97}


@pytest.mark.parametrize(
    "values",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"kind": "withdrawal"},
        {"kind": "gift"},
        {"currency": " "},
        {"key": "k" * 401},
        {"position_side": "net"},
        {"kind": "funding", "instrument_id": 1, "position_side": "up"},
        {"details": {"at": {1, 2}}},
        {"details": 5},
        {"instrument_id": 99_999_999_999},
        {"note": "\x00"},
        {"note": 5},
    ],
    ids=str,
)
async def test_what_means_nothing_cannot_be_made(desk: Desk, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        movement(desk, **values)


async def test_a_transfer_is_two_movements_or_none(session: WriteSession, desk: Desk, fifo_desk: Desk) -> None:
    there: dict[str, Any] = {"amount": Decimal(40), "currency": "USDT", "at": START, "key": "t-1"}
    accounts = desk.account_id, fifo_desk.account_id
    assert [receipt.result for receipt in await cash.transfer(session, *accounts, **there)] == ["inserted"] * 2
    assert [receipt.result for receipt in await cash.transfer(session, *accounts, **there)] == ["duplicate"] * 2
    await cash.record_movement(session, movement(fifo_desk, "t-2"))
    with pytest.raises(LedgerConflictError):
        await cash.transfer(session, *accounts, **there | {"key": "t-2"})
    with pytest.raises(InvalidValueError, match="to another one"):
        await cash.transfer(session, desk.account_id, desk.account_id, **there)
    assert await cash.balances(session, desk.account_id) == {"USDT": -40}
    assert await cash.balances(session, fifo_desk.account_id) == {"USDT": 140}


async def test_a_transfer_with_a_third_account_is_another_one(
    session: WriteSession, desk: Desk, fifo_desk: Desk
) -> None:
    third = await open_desk(session)
    there: dict[str, Any] = {"amount": Decimal(250), "currency": "USDT", "at": START, "key": "t-1"}
    await cash.transfer(session, desk.account_id, fifo_desk.account_id, **there)
    for ends in ((desk.account_id, third.account_id), (third.account_id, fifo_desk.account_id)):
        with pytest.raises(LedgerConflictError, match="other_account_id"):
            await cash.transfer(session, *ends, **there)
    with pytest.raises(LedgerConflictError):
        await cash.transfer(session, fifo_desk.account_id, desk.account_id, **there)
    assert await cash.balances(session, third.account_id) == {}
    assert await cash.balances(session, desk.account_id) == {"USDT": -250}
    assert await cash.balances(session, fifo_desk.account_id) == {"USDT": 250}


async def test_funding_is_cash_and_is_added_to_its_position(session: WriteSession, desk: Desk) -> None:
    paid = {"amount": Decimal("-0.25"), "currency": "USDT", "at": START}
    for key in ("f-1", "f-1", "f-2"):
        await cash.record_funding(session, desk.account_id, desk.perpetual, key=key, **paid)  # type: ignore[arg-type]
    await cash.record_funding(
        session,
        desk.account_id,
        desk.perpetual,
        key="f-3",
        position_side="long",
        **paid,  # type: ignore[arg-type]
    )
    assert (await desk.position(session)).funding == Decimal("-0.5")
    assert (await desk.position(session, side="long")).funding == Decimal("-0.25")
    assert await cash.balances(session, desk.account_id) == {"USDT": Decimal("-0.75")}
    with pytest.raises(LedgerConflictError, match="position_side"):
        await cash.record_funding(
            session,
            desk.account_id,
            desk.perpetual,
            key="f-3",
            position_side="short",
            **paid,  # type: ignore[arg-type]
        )
    await record_fill(session, desk.fill(1))
    assert (await desk.position(session)).funding == Decimal("-0.5")
    assert await rebuild_positions(session, account_id=desk.account_id) == []


async def test_balances_at_an_instant(session: WriteSession, desk: Desk) -> None:
    await cash.record_movements(session, [movement(desk, str(n), str(n), at=n) for n in (1, 2, 3)])
    assert await cash.balances(session, desk.account_id, as_of=START + timedelta(seconds=2)) == {"USDT": 3}
    assert await cash.balances(session, desk.account_id, as_of=START) == {}
    with pytest.raises(NotFoundError):
        await cash.balances(session, uuid4())


rows_of_cash = st.tuples(
    st.integers(0, 5),
    st.decimals(allow_nan=False, allow_infinity=False, places=30).filter(bool),
    st.sampled_from(["USDT", "BTC"]),
    st.integers(0, 2),
)


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(rows_of_cash, max_size=8), cut=st.integers(0, 8))
async def test_balances_are_the_sum_of_what_was_inserted(
    session: WriteSession, desk: Desk, rows: list[tuple[int, Decimal, str, int]], cut: int
) -> None:
    sent = [
        movement(desk, str(key), str(amount), at, kind="adjustment", currency=currency)
        for key, amount, currency, at in rows
    ]
    async with session.begin_nested() as savepoint:
        first = [receipt.result for receipt in await cash.record_movements(session, sent[:cut])]
        rest = [receipt.result for receipt in await cash.record_movements(session, sent[cut:] + sent[:cut])]
        summed: dict[str, Decimal] = {}
        for result, one in zip([*first, *rest[: len(rest) - len(first)]], sent, strict=True):
            if result == "inserted":
                summed[one.currency] = EXACT.add(summed.get(one.currency, Decimal(0)), one.amount)
        assert "inserted" not in rest[len(rest) - len(first) :]
        assert await cash.balances(session, desk.account_id) == summed
        assert await cash.balances(session, desk.account_id, as_of=START + timedelta(days=1)) == summed
        await savepoint.rollback()


async def test_a_session_limited_to_another_account_moves_nothing(database: Database) -> None:
    async with database.write() as session:
        mine, other = await open_desk(session), await open_desk(session)
    async with database.write(scope=Scope(account_id=mine.account_id)) as session:
        await cash.record_movement(session, movement(mine))
        with pytest.raises(ScopeError):
            await cash.transfer(
                session, mine.account_id, other.account_id, amount=Decimal(1), currency="USDT", at=START, key="t"
            )
        assert await cash.balances(session, mine.account_id) == {"USDT": 100}


async def test_a_session_of_another_mode_neither_sees_nor_moves(database: Database) -> None:
    async with database.write() as session:
        paper = await open_desk(session)
        await cash.record_movement(session, movement(paper))
        price = {paper.perpetual: Decimal(1)}
        snapshot = VenueSnapshot(at=START, balances={})
    at = START + timedelta(hours=1)
    async with database.write(scope=Scope(mode=TradingMode.LIVE)) as session:
        for verb in (
            cash.balances(session, paper.account_id),
            cash.record_movement(session, movement(paper, "d-2")),
            equity.mark_positions(session, paper.account_id, price),
            equity.take_snapshot(session, paper.account_id, at, prices=price, rates={}),
            equity.snapshots(session, paper.account_id),
            reconcile(session, paper.account_id, snapshot),
            read_snapshot(session, paper.account_id, {"at": "2026-03-01T00:00:00Z"}),
            trades_from_fills(session, paper.account_id),
            verify(session, paper.account_id),
            verify(session),
        ):
            with pytest.raises(ScopeError):
                await verb
    async with database.write(scope=Scope(mode=TradingMode.PAPER)) as session:
        assert await cash.balances(session, paper.account_id) == {"USDT": 100}
        assert (await reconcile(session, paper.account_id, snapshot)).differences
        assert await verify(session, paper.account_id) == []


async def test_writers_of_the_same_movements_and_fills_queue(database: Database) -> None:
    async with database.write() as session:
        desk = await open_desk(session)

    async def feed(order: int) -> None:
        async def work(session: WriteSession) -> None:
            fundings = [movement(desk, f"f-{n}", "-1", kind="funding", instrument_id=desk.perpetual) for n in range(10)]
            await cash.record_movements(session, fundings[::order])
            await record_fill(session, desk.fill(order + 2))

        await database.run(work, idempotent=True)

    await asyncio.gather(*(feed(order) for order in (1, -1, 1, -1)))
    async with database.read() as reading:
        position = await desk.position(reading)
        assert (position.funding, position.quantity) == (Decimal(-10), Decimal(2))
        assert await cash.balances(reading, desk.account_id) == {"USDT": -10}
