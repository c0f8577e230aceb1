"""Verification finds what does not agree, and nothing else, also while others write."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from test_rebuild import fill_values, fills_of
from trading_desk import START, Desk, open_desk

from tradingdb.core.mode import TradingMode
from tradingdb.database import Database, WriteSession
from tradingdb.errors import NotFoundError, ScopeError
from tradingdb.models import StrategyRule, Trade, TradeDirection, TradeOutcome
from tradingdb.scope import Scope
from tradingdb.services import cash, market
from tradingdb.services.ledger import rebuild_positions, record_event, record_fill, record_fills, submit_order
from tradingdb.services.ledger.verify import FindingKind, verify

ALLOWED = {FindingKind.FILL_WITHOUT_ORDER, FindingKind.WRONG_SIDE}
"""What any history may have."""


async def behind_our_back(session: WriteSession, *statements: str) -> None:
    await session.execute(text("SET LOCAL tradingdb.maintenance = 'on'"))
    for statement in statements:
        await session.execute(text(statement))
    await session.execute(text("SET LOCAL tradingdb.maintenance = 'off'"))


@pytest.mark.parametrize("which", ["average", "fifo"])
@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(fill_values, max_size=8), data=st.data())
async def test_what_the_verbs_have_written_agrees(
    session: WriteSession, desk: Desk, fifo_desk: Desk, which: str, rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    desk = fifo_desk if which == "fifo" else desk
    async with session.begin_nested() as savepoint:
        for name in ("perpetual", "inverse"):
            await submit_order(session, desk.order(name, instrument_id=getattr(desk, name), quantity=Decimal(10**6)))
        fills = [
            fill if fill.instrument_id == desk.spot or fill.position_side != "net"
            else desk.fill(
                int(fill.venue_trade_id), str(fill.side), str(fill.quantity), str(fill.price), at=2,
                instrument_id=fill.instrument_id,
                client_order_id="inverse" if fill.instrument_id == desk.inverse else "perpetual",
            )
            for fill in fills_of(desk, rows)
        ]  # fmt: skip
        await record_fills(session, data.draw(st.permutations(fills)))
        await cash.record_funding(
            session, desk.account_id, desk.perpetual, amount=Decimal(1), currency="USDT", at=START, key="f"
        )
        assert {finding.kind for finding in await verify(session, desk.account_id)} <= ALLOWED
        await savepoint.rollback()


async def test_everything_that_does_not_agree_is_found(session: WriteSession, desk: Desk) -> None:
    nameless = await market.ensure_instrument(session, "testex", "SHARE")
    for name, quantity in (("c-1", 10), ("c-2", 1), ("c-3", 5), ("c-4", 9)):
        await submit_order(session, desk.order(name, quantity=Decimal(quantity)))
    await record_event(session, desk.event("filled", client_order_id="c-3"))
    await record_fills(
        session,
        [
            desk.fill(1, client_order_id="c-1", at=1),
            desk.fill(2, quantity="2", client_order_id="c-2", at=2),
            desk.fill(3, client_order_id="c-3", at=3),
            desk.fill(4, client_order_id="c-4", at=4),
            desk.fill(5, "sell", position_side="long", client_order_id="?", at=5),
            desk.fill(6, instrument_id=nameless.id, client_order_id="c-6"),
        ],
    )
    expected = {
        ("overfilled", "order c-2"),
        ("fills_missing", "order c-3"),
        ("fill_without_order", "fill 5 of BTC/USDT:USDT"),
        ("fill_without_order", "fill 6 of SHARE"),
        ("wrong_side", "position BTC/USDT:USDT long"),
        ("no_cash_moved", "1 fills of SHARE"),
    }
    assert {(finding.kind.value, finding.what) for finding in await verify(session, desk.account_id)} == expected
    await behind_our_back(
        session,
        "UPDATE fills SET price = 120 WHERE venue_trade_id = '3'",
        "UPDATE fills SET quantity = 4 WHERE venue_trade_id = '4'",
        "UPDATE positions SET funding = 7 WHERE side = 'long'",
        "DELETE FROM positions WHERE instrument_id = (SELECT id FROM instruments WHERE symbol = 'SHARE')",
        f"INSERT INTO cash_balances (account_id, currency, amount) VALUES ('{desk.account_id}', 'EUR', 3)",
    )
    found = {(one.kind.value, one.what): one for one in await verify(session, desk.account_id)}
    assert found.keys() - expected == {
        ("position", "position BTC/USDT:USDT"),
        ("position", "position SHARE"),
        ("position_funding", "position BTC/USDT:USDT long"),
        ("balance", "balance EUR"),
        ("order_fills", "order c-3"),
        ("order_fills", "order c-4"),
    }
    position = found["position", "position BTC/USDT:USDT"]
    assert (position.stored["quantity"], position.expected["quantity"]) == (5, 8)
    assert position.account_id == desk.account_id
    assert (found["position", "position SHARE"].stored, found["position", "position SHARE"].expected) == (
        {"quantity": None},
        {"quantity": 1},
    )
    value = found["order_fills", "order c-3"]
    assert (value.stored, value.expected) == ({"filled_value": 100}, {"filled_value": 120})


async def test_fills_without_their_cash_are_found(session: WriteSession, desk: Desk) -> None:
    paid = {"fee": Decimal("0.5"), "fee_currency": "USDT"}
    spot = {"instrument_id": desk.spot}
    await record_fills(session, [desk.fill(1, **spot, **paid), desk.fill(2, **spot), desk.fill(3), desk.fill(4)])
    await record_fill(session, desk.fill(5, "sell", "2", "110", at=5, **paid))
    assert {one.kind for one in await verify(session, desk.account_id)} <= ALLOWED
    of_fill = "fill_id = (SELECT id FROM fills WHERE venue_trade_id = '{}' AND account_id = '{}')"
    first, second, last = (of_fill.format(number, desk.account_id) for number in (1, 2, 5))
    await behind_our_back(
        session,
        f"DELETE FROM cash_movements WHERE {first} AND kind = 'fee'",
        f"UPDATE cash_movements SET amount = -99 WHERE {first} AND currency = 'USDT'",
        f"UPDATE cash_movements SET occurred_at = now() WHERE {second} AND currency = 'BTC'",
        f"UPDATE cash_movements SET dedupe_key = dedupe_key || chr(58) || '2' WHERE {last} AND kind = 'fee'",
        f"UPDATE positions SET realized_pnl = 7, quantity = 0 WHERE account_id = '{desk.account_id}' "
        f"AND instrument_id = {desk.perpetual}",
    )
    found = await verify(session, desk.account_id)
    of_fills = [one for one in found if one.kind is FindingKind.CASH_OF_FILL]
    legs = {one.what.split(":", 2)[2]: (one.stored.get("amount"), one.expected.get("amount")) for one in of_fills[:5]}
    assert legs == {
        "fee": (None, Decimal("-0.5")),
        "quote": (-99, -100),
        "base": (1, 1),
        "fee:2": (Decimal("-0.5"), None),
    }
    assert len(of_fills) == 5, "the last one's fee under its own key too"
    (realized,) = [one for one in found if one.kind is FindingKind.REALIZED_CASH]
    assert (realized.what, realized.stored, realized.expected) == (
        "profit of BTC/USDT:USDT in USDT", {"moved": 20}, {"moved": 7},
    )  # fmt: skip


async def test_a_fill_without_cash_can_be_mended(session: WriteSession, desk: Desk) -> None:
    await session.execute(
        text(
            "INSERT INTO fills (id, account_id, instrument_id, venue_trade_id, side, position_side, quantity, price, "
            "executed_at, client_order_id) "
            "VALUES (gen_random_uuid(), :account, :spot, '1', 'buy', 'net', 2, 50, :at, '?')"
        ),
        {"account": desk.account_id, "spot": desk.spot, "at": START},
    )
    await rebuild_positions(session, account_id=desk.account_id)
    found = [one for one in await verify(session, desk.account_id) if one.kind not in ALLOWED]
    assert [(one.kind, one.expected["amount"], one.expected["currency"]) for one in found] == [
        ("cash_of_fill", 2, "BTC"),
        ("cash_of_fill", -100, "USDT"),
    ]
    for one in found:
        key = one.what.removeprefix("movement ")
        lacking = cash.NewMovement(account_id=desk.account_id, dedupe_key=key, **one.expected)
        await cash.record_movement(session, lacking)
    assert {one.kind for one in await verify(session, desk.account_id)} <= ALLOWED
    assert await desk.cash(session) == {"BTC": 2, "USDT": -100}


async def test_an_account_that_is_not_there(session: WriteSession) -> None:
    with pytest.raises(NotFoundError, match="There is no account"):
        await verify(session, uuid4())


async def test_rules_that_remember_something_else_are_found(session: WriteSession, desk: Desk) -> None:
    rule = StrategyRule(name=f"rule of {desk.account_id}", entry_type="breakout")
    session.add(rule)
    await session.flush()
    trade: dict[str, Any] = {"account_id": desk.account_id, "instrument_id": desk.perpetual, "rule_id": rule.id}
    session.add(
        Trade(
            **trade,
            mode=TradingMode.PAPER,
            direction=TradeDirection.LONG,
            entry_time=START,
            entry_price=Decimal(1),
            quantity=Decimal(1),
            exit_time=START,
            exit_price=Decimal(2),
            outcome=TradeOutcome.WIN,
            pnl=Decimal(1),
        )
    )
    mine = [finding for finding in await verify(session) if finding.what == f"rule {rule.name}"]
    assert mine == []
    await session.execute(text("UPDATE strategy_rules SET win_rate = 0.5 WHERE id = :id"), {"id": rule.id})
    (found,) = [finding for finding in await verify(session) if finding.what == f"rule {rule.name}"]
    assert (found.kind, found.stored["win_rate"], found.expected["win_rate"]) == (FindingKind.RULE_RECORD, 0.5, 1)


async def test_writers_at_work_are_not_taken_for_errors(database: Database) -> None:
    async with database.write() as session:
        desk = await open_desk(session)
        for number, side in enumerate(("buy", "sell")):
            await submit_order(session, desk.order(f"c-{number}", side=side, quantity=Decimal(1000)))
    done = asyncio.Event()

    async def write() -> None:
        for number in range(40):
            async with database.write() as session:
                await record_fill(
                    session,
                    desk.fill(number, ("buy", "sell")[number % 2], client_order_id=f"c-{number % 2}", at=-number),
                )
        done.set()

    async def watch() -> int:
        looks = 0
        while not done.is_set():
            async with database.read() as session:
                assert await verify(session) == []
            looks += 1
        return looks

    _, looks = await asyncio.gather(write(), watch())
    assert looks > 1
    async with database.read(scope=Scope(account_id=desk.account_id)) as session:
        assert await verify(session, desk.account_id) == []
        with pytest.raises(ScopeError):
            await verify(session)
