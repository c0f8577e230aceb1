"""What is kept along the way is what all fills together say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from trading_desk import START, Desk

from tradingdb.database import WriteSession
from tradingdb.errors import NotFoundError
from tradingdb.models import CashMovement, CashMovementKind, CostBasis, Position, PositionCheckpoint, TradingAccount
from tradingdb.services.ledger import (
    Holding,
    NewFill,
    Place,
    fold,
    rebuild_positions,
    record_fill,
    record_fills,
)
from tradingdb.services.ledger import fill_batch as recording
from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.fill_batch import execution_in
from tradingdb.services.ledger.fills import place_of
from tradingdb.services.ledger.holdings import Lot

amounts = st.decimals("0.001", "1000", places=3).filter(lambda amount: amount > 0)
fees = st.sampled_from([(Decimal(0), None), (Decimal("0.01"), "USDT"), (Decimal("0.002"), "BTC"), (Decimal(-1), "BNB")])
fill_values = st.tuples(
    st.sampled_from(["buy", "sell"]),
    amounts,
    amounts,
    st.integers(0, 5),
    fees,
    st.sampled_from(["spot", "perpetual", "inverse"]),
    st.sampled_from(["net", "long", "short"]),
)


def fills_of(desk: Desk, rows: list[tuple[object, ...]]) -> list[NewFill]:
    return [
        desk.fill(
            number,
            str(side),
            str(quantity),
            str(price),
            at=float(str(at)),
            fee=fee[0],  # type: ignore[index]
            fee_currency=fee[1],  # type: ignore[index]
            instrument_id=getattr(desk, str(market)),
            position_side=position_side,
        )
        for number, (side, quantity, price, at, fee, market, position_side) in enumerate(rows)
    ]


def counted(row: Position | PositionCheckpoint) -> tuple[Any, ...]:
    return row.quantity, row.average_entry_price, row.realized_pnl, row.fees, row.other_fees, row.opened_at


async def kept(session: WriteSession, desk: Desk) -> dict[tuple[int, str], tuple[object, ...]]:
    query = select(Position).where(Position.account_id == desk.account_id)
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return {(row.instrument_id, row.side.value): (*counted(row), row.last_fill_at, row.lots) for row in rows}


async def wrong_checkpoints(session: WriteSession, fills: list[NewFill]) -> list[object]:
    """Those that are not what the fills up to theirs add up to."""
    wrong = []
    for row in await session.scalars(select(PositionCheckpoint)):
        place = Place(row.account_id, row.instrument_id, row.side)
        book = (await open_books(session, [place]))[place]
        mine = sorted((execution_in(fill) for fill in fills if place_of(fill) == place), key=lambda each: each.place)
        until = (row.last_fill_at, row.last_fill_place)
        expected = fold(book.empty, [each for each in mine if each.place <= until], book.contract)
        lots = None if row.lots is None else tuple(Lot(lot.quantity, lot.price) for lot in row.lots)
        found = Holding(*counted(row), until, lots)
        wrong += [found] if found != expected else []
    return wrong


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("which", ["average", "fifo"])
@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(fill_values, max_size=8), data=st.data())
async def test_any_history_in_any_order_is_what_a_rebuild_says(
    session: WriteSession,
    desk: Desk,
    fifo_desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
    every: int,
    rows: list[tuple[object, ...]],
    data: st.DataObject,
) -> None:
    monkeypatch.setattr(recording, "CHECKPOINT_EVERY", every)
    if which == "fifo":
        desk = fifo_desk
    fills = fills_of(desk, rows)
    seen = []
    for _ in range(2):
        arriving = data.draw(st.permutations(fills))
        cut = data.draw(st.integers(0, len(fills)))
        async with session.begin_nested() as savepoint:
            for fill in arriving[:cut]:
                await record_fill(session, fill)
            await record_fills(session, arriving[cut:])
            assert await wrong_checkpoints(session, fills) == []
            assert await rebuild_positions(session, account_id=desk.account_id) == []
            seen.append((await kept(session, desk), await desk.cash(session)))
            await savepoint.rollback()
    assert seen[0] == seen[1]


async def test_what_was_changed_behind_our_back_is_mended(session: WriteSession, desk: Desk) -> None:
    await record_fills(session, [desk.fill(1), desk.fill(2, "sell", price="130", at=1)])
    await session.execute(text("UPDATE fills SET price = 120 WHERE venue_trade_id = '1'"))
    (changed,) = await rebuild_positions(session, account_id=desk.account_id)
    assert (changed.before.realized_pnl, changed.after.realized_pnl) == (30, 10)
    assert (await desk.position(session)).realized_pnl == 10
    assert await desk.cash(session) == {"USDT": 10}
    paid = select(CashMovement.amount).where(CashMovement.kind == CashMovementKind.REALIZED_PNL)
    assert (await session.scalars(paid.order_by(CashMovement.occurred_at))).all() == [30, -20]
    assert await rebuild_positions(session, account_id=desk.account_id) == []


async def test_a_late_fill_is_counted_on_from_the_checkpoint_before_it(
    session: WriteSession, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "CHECKPOINT_EVERY", 1)
    await record_fills(session, [desk.fill(1, at=1), desk.fill(2, at=2)])
    await record_fill(session, desk.fill(3, at=3))
    checkpoints = select(PositionCheckpoint.last_fill_at).order_by(PositionCheckpoint.last_fill_at)
    seconds = [(at - START).total_seconds() for at in await session.scalars(checkpoints)]
    assert seconds == [2, 3], "one after each call"
    await session.execute(text("UPDATE position_checkpoints SET realized_pnl = 1000 WHERE quantity = 2"))
    await record_fill(session, desk.fill(4, at=2.5))
    assert (await desk.position(session)).realized_pnl == 1000, "it was counted on from there"
    seconds = [(at - START).total_seconds() for at in await session.scalars(checkpoints)]
    assert seconds == [2], "what came after the late fill is another history now"
    await rebuild_positions(session, account_id=desk.account_id)
    assert (await desk.position(session)).realized_pnl == 0
    assert (await session.scalars(checkpoints)).all() == []


async def test_an_account_that_counts_otherwise_from_now_on(session: WriteSession, desk: Desk) -> None:
    await record_fills(session, [desk.fill(n, price=str(100 * n), at=n) for n in (1, 2)])
    account = await session.get_one(TradingAccount, desk.account_id)
    account.cost_basis = CostBasis.FIFO
    await session.flush()
    await record_fill(session, desk.fill(3, "sell", price="300", at=3))
    assert (await desk.position(session)).realized_pnl == 150
    await rebuild_positions(session, account_id=desk.account_id)
    assert (await desk.position(session)).realized_pnl == 200


async def test_an_account_that_does_not_exist_is_refused(session: WriteSession) -> None:
    with pytest.raises(NotFoundError, match="There is no account"):
        await rebuild_positions(session, account_id=UUID(int=1))
