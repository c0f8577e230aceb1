"""Trades are opened, closed in parts and recorded whole: once, exactly, and with what they earned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, inspect, select, text
from trading_floor import Desk, desk_of

from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError, ScopeError
from tradingdb.models import ExitReason, OutboxEvent, Trade, TradeExit, TradeOutcome
from tradingdb.scope import Scope
from tradingdb.services import trades
from tradingdb.services.reports import ledger_checks
from tradingdb.services.trades import NewExit, NewTrade, Result, TradeReceipt

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=5)


async def stored(session: WriteSession, trade_id: UUID | None) -> Trade:
    return await session.get_one(Trade, trade_id, populate_existing=True)


async def test_a_trade_that_is_closed_in_three_parts(session: WriteSession, desk: Desk) -> None:
    entry = desk.entry(fees=Decimal("0.4"), funding=Decimal("-0.1"), rule_id=desk.rule_id, tags=("trend",))
    opened = await trades.open_trade(session, entry)
    assert (opened.result, opened.outcome) == (Result.INSERTED, TradeOutcome.PENDING)
    trade = await stored(session, opened.trade_id)
    assert (trade.mode, trade.user_id, trade.fees) == (TradingMode.LIVE, desk.user_id, Decimal("0.4"))
    assert (trade.current_stop, trade.pnl, trade.exit_price) == (Decimal(90), None, None)

    parts = [
        desk.exit(1, "1", "110", reason="tp1", fees=Decimal("0.11")),
        desk.exit(3, "2", "95", reason="stop_loss", fees=Decimal("0.19"), exit_time=LATER),
        desk.exit(2, "1", "120", reason="tp2", fees=Decimal("0.12")),
    ]
    receipts = [await trades.record_exit(session, trade.id, part) for part in parts]
    assert [(receipt.result, receipt.outcome) for receipt in receipts] == [
        (Result.INSERTED, TradeOutcome.PENDING),
        (Result.INSERTED, TradeOutcome.PENDING),
        (Result.INSERTED, TradeOutcome.WIN),
    ]
    assert (trade.outcome, trade.exit_time) == (TradeOutcome.WIN, LATER), "what the session has loaded follows"
    assert not inspect(trade).expired_attributes, "async code cannot load them when they are asked for"
    assert trade.exit_price == Decimal(105)
    assert trade.exit_reason == ExitReason.STOP_LOSS, "that of the latest exit"
    assert trade.fees == Decimal("0.82")
    assert trade.pnl == Decimal(20) - Decimal("0.82") - Decimal("0.1")
    assert trade.pnl_r == Decimal("0.477")
    assert trade.pnl_percent == Decimal("4.77")
    exits = (await session.execute(select(TradeExit.sequence, TradeExit.pnl, TradeExit.pnl_r, TradeExit.account_id)
                                   .order_by(TradeExit.sequence))).all()  # fmt: skip
    assert [tuple(row) for row in exits] == [
        (1, Decimal("9.89"), Decimal("0.24725"), desk.live),
        (2, Decimal("19.88"), Decimal("0.497"), desk.live),
        (3, Decimal("-10.19"), Decimal("-0.25475"), desk.live),
    ]
    for report in (ledger_checks.exits_against_trade(), ledger_checks.pnl_against_outcome()):
        assert (await session.execute(report)).all() == []


@pytest.mark.parametrize(
    ("values", "price", "pnl", "pnl_r", "percent"),
    [
        ({"direction": "short", "initial_stop": Decimal(105)}, "90", "40", "2", "10"),
        ({"direction": "short", "initial_stop": Decimal(105)}, "110", "-40", "-2", "-10"),
        ({"initial_stop": None}, "105", "20", None, "5"),
        ({"initial_stop": Decimal(100)}, "105", "20", None, "5"),
        ({"leverage": Decimal(5)}, "105", "20", "0.5", "25"),
        ({"leverage": Decimal(5), "margin": Decimal(50)}, "105", "20", "0.5", "40"),
        ({"margin": Decimal(0)}, "105", "20", "0.5", None),
        ({"entry_price": Decimal(-10), "initial_stop": Decimal(-14)}, "-5", "20", "1.25", "50"),
        ({"entry_price": Decimal(0), "initial_stop": Decimal(-5)}, "5", "20", "1", None),
        ({}, "100", "0", "0", "0"),
    ],
)
async def test_what_a_trade_came_to(
    session: WriteSession, desk: Desk, values: dict[str, Any], price: str, pnl: str, pnl_r: str | None,
    percent: str | None,
) -> None:  # fmt: skip
    receipt = await trades.record_trade(session, desk.entry(**values), [desk.exit(price=price)])
    trade = await stored(session, receipt.trade_id)
    wanted = [None if value is None else Decimal(value) for value in (pnl, pnl_r, percent)]
    assert [trade.pnl, trade.pnl_r, trade.pnl_percent] == wanted
    assert trade.outcome == ("breakeven" if pnl == "0" else "loss" if pnl.startswith("-") else "win")


@pytest.mark.parametrize(
    ("kind", "direction", "stop", "pnl", "pnl_r", "percent"),
    [
        ("linear", "long", "90", "200", "0.5", "5"),
        ("linear", "short", "110", "-200", "-0.5", "-5"),
        # 4 contracts of 100 USD: 4 BTC at 100, 3.2 BTC at 125; at 80 they are 5 BTC
        ("inverse", "long", "80", "0.8", "0.8", "20"),
        ("inverse", "short", "125", "-0.8", "-1", "-20"),
    ],
)
async def test_contracts_have_a_size_and_may_be_inverse(
    session: WriteSession, desk: Desk, kind: str, direction: str, stop: str, pnl: str, pnl_r: str, percent: str
) -> None:
    instrument_id, price = (desk.linear, "105") if kind == "linear" else (desk.inverse, "125")
    entry = desk.entry(instrument_id=instrument_id, direction=direction, initial_stop=Decimal(stop))
    trade = await stored(session, (await trades.record_trade(session, entry, [desk.exit(price=price)])).trade_id)
    assert [trade.pnl, trade.pnl_r, trade.pnl_percent] == [Decimal(pnl), Decimal(pnl_r), Decimal(percent)]


async def test_the_same_again_is_a_duplicate_and_another_content_a_conflict(session: WriteSession, desk: Desk) -> None:
    entry = desk.entry(context={"seen": [Decimal("1.5"), 2]}, target_prices=(Decimal(110), Decimal("120.50")))
    opened = await trades.open_trade(session, entry)
    part = desk.exit(1, "1", fees=Decimal("0.5"), reason="tp1")
    assert opened.trade_id is not None
    await trades.record_exit(session, opened.trade_id, part)
    for _ in range(2):
        again = await trades.open_trade(session, entry)
        assert (again.result, again.trade_id) == (Result.DUPLICATE, opened.trade_id)
        assert (await trades.record_exit(session, opened.trade_id, part)).result is Result.DUPLICATE
    trade = await stored(session, opened.trade_id)
    trade.notes, trade.tags = "looked late", ["review"]
    assert (await trades.open_trade(session, replace(entry, notes="", tags=("a",)))).result is Result.DUPLICATE

    with pytest.raises(LedgerConflictError, match="quantity: stored 4, given 5") as conflict:
        await trades.open_trade(session, replace(entry, quantity=Decimal(5), fees=Decimal(1)))
    assert conflict.value.given == {"quantity": Decimal(5), "fees": Decimal(1)}
    assert conflict.value.stored == {"quantity": Decimal(4), "fees": Decimal(0)}
    with pytest.raises(LedgerConflictError, match="context"):
        await trades.open_trade(session, replace(entry, context={"seen": [Decimal("1.50"), 2]}))
    with pytest.raises(LedgerConflictError, match="price: stored 110, given 111"):
        await trades.record_exit(session, opened.trade_id, replace(part, price=Decimal(111)))
    assert await session.scalar(select(func.count()).select_from(TradeExit)) == 1


async def test_keys_are_of_an_account_or_a_run(session: WriteSession, desk: Desk) -> None:
    new = [desk.entry(), desk.entry(account_id=desk.paper), desk.entry(account_id=None, mode="backtest")]
    receipts = await trades.open_trades(session, [*new, *new])
    assert [receipt.result for receipt in receipts] == [Result.INSERTED] * 3 + [Result.DUPLICATE] * 3
    modes = [(await stored(session, receipt.trade_id)).mode for receipt in receipts[:3]]
    assert modes == ["live", "paper", "backtest"]


async def test_a_whole_trade_is_kept_or_nothing_of_it(session: WriteSession, desk: Desk) -> None:
    entry, exits = desk.entry(), [desk.exit(1, "1"), desk.exit(2, "3", "90")]
    opened = await trades.open_trade(session, entry)
    assert opened.trade_id is not None
    await trades.record_exit(session, opened.trade_id, exits[1])
    with pytest.raises(InvalidValueError, match="leave 3 of it open"):
        await trades.record_trade(session, entry, exits[:1])
    with pytest.raises(LedgerConflictError, match="Exit 2"):
        await trades.record_trade(session, entry, [exits[0], replace(exits[1], price=Decimal(91))])
    assert (await stored(session, opened.trade_id)).outcome == "pending"
    assert await session.scalar(select(func.count()).select_from(TradeExit)) == 1

    closed = await trades.record_trade(session, entry, exits)
    assert (closed.result, closed.trade_id, closed.outcome) == (Result.UPDATED, opened.trade_id, TradeOutcome.LOSS)
    assert (await trades.record_trade(session, entry, exits)).result is Result.DUPLICATE
    fresh = await trades.record_trade(session, desk.entry("second"), exits)
    assert (fresh.result, fresh.outcome) == (Result.INSERTED, TradeOutcome.LOSS)


async def test_a_batch_keeps_its_good_rows_and_says_what_is_wrong_with_the_others(
    session: WriteSession, desk: Desk
) -> None:
    fill = uuid7()
    rows: list[tuple[NewTrade, list[NewExit]]] = [
        (desk.entry("a"), [desk.exit()]),
        (desk.entry("b", rule_id=uuid7()), [desk.exit()]),
        (desk.entry("c"), [desk.exit(1, "5")]),
        (desk.entry("a", entry_price=Decimal(101)), [desk.exit()]),
        (desk.entry("d", mode="paper"), [desk.exit()]),
        (desk.entry("e", confidence=1.5), [desk.exit()]),
        (desk.entry("f"), [desk.exit(fill_id=fill)]),
        (desk.entry("g", instrument_id=2_000_000), [desk.exit()]),
        (desk.entry("h", account_id=fill), [desk.exit()]),
        (desk.entry("i"), [desk.exit(exit_time=AT - timedelta(seconds=1))]),
        (desk.entry("j", reasoning="\x00"), [desk.exit()]),
        (desk.entry("k"), [desk.exit(1, "2"), desk.exit(1, "2")]),
        (desk.entry("l"), [desk.exit()]),
    ]
    receipts = await trades.record_trades(session, rows)
    errors = [(type(receipt.error), str(receipt.error)) for receipt in receipts if receipt.error]
    assert [receipt.result for receipt in receipts] == [Result.INSERTED] + [Result.REFUSED] * 11 + [Result.INSERTED]
    for (kind, message), (expected, word) in zip(
        errors,
        [
            (NotFoundError, "rule_id"), (InvalidValueError, "4 is open"), (LedgerConflictError, "given 101"),
            (InvalidValueError, "never mix"), (InvalidValueError, "confidence_share"), (NotFoundError, "fill_id"),
            (NotFoundError, "instrument 2000000"), (NotFoundError, "account"), (InvalidValueError, "earlier"),
            (InvalidValueError, "NUL"), (InvalidValueError, "given twice"),
        ],
        strict=True,
    ):  # fmt: skip
        assert kind is expected
        assert word in message
    keys = await session.scalars(select(Trade.dedupe_key).order_by(Trade.dedupe_key))
    assert list(keys) == ["a", "l"]


async def test_exits_that_do_not_fit_are_refused_beside_those_that_do(session: WriteSession, desk: Desk) -> None:
    one, two = await trades.open_trades(session, [desk.entry("a"), desk.entry("b")])
    assert one.trade_id is not None
    assert two.trade_id is not None
    nobody = uuid7()
    receipts = await trades.record_exits(
        session,
        [
            (one.trade_id, desk.exit(1, "3")),
            (one.trade_id, desk.exit(2, "2")),
            (nobody, desk.exit()),
            (two.trade_id, desk.exit(1)),
            (one.trade_id, desk.exit(1, "3")),
            (two.trade_id, desk.exit(2, "1")),
            (one.trade_id, desk.exit(3, "1", fill_id=nobody)),
        ],
    )
    assert [receipt.result.value[0] for receipt in receipts] == list("irridrr")
    assert (await stored(session, one.trade_id)).outcome == "pending"
    assert (await stored(session, two.trade_id)).outcome == "win"
    with pytest.raises(InvalidValueError, match="is closed"):
        await trades.record_exit(session, two.trade_id, desk.exit(2, "1"))
    trade = await stored(session, one.trade_id)
    trade.outcome = TradeOutcome.CANCELLED
    with pytest.raises(InvalidValueError, match="cancelled"):
        await trades.record_exit(session, one.trade_id, desk.exit(4, "1"))


async def test_funding_is_set_not_added_and_a_closed_trade_follows(session: WriteSession, desk: Desk) -> None:
    receipt = await trades.record_trade(session, desk.entry(), [desk.exit(price="100")])
    assert receipt.outcome is TradeOutcome.BREAKEVEN
    assert receipt.trade_id is not None
    results = [await trades.set_funding(session, receipt.trade_id, Decimal(-2)) for _ in range(2)]
    assert [(one.result, one.outcome) for one in results] == [
        (Result.UPDATED, TradeOutcome.LOSS),
        (Result.DUPLICATE, TradeOutcome.LOSS),
    ]
    trade = await stored(session, receipt.trade_id)
    assert (trade.pnl, trade.pnl_r, trade.funding) == (Decimal(-2), Decimal("-0.05"), Decimal(-2))
    with pytest.raises(NotFoundError):
        await trades.set_funding(session, uuid7(), Decimal(1))


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": Decimal(0)},
        {"quantity": 1.5},
        {"entry_price": Decimal("NaN")},
        {"direction": "up"},
        {"entry_time": AT.replace(tzinfo=None)},
        {"account_id": None},
        {"backtest_run_id": uuid7()},
        {"leverage": Decimal(0)},
    ],
)
def test_what_means_nothing_cannot_be_made(values: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "dedupe_key": "a", "account_id": uuid7(), "instrument_id": 1, "direction": "long", "quantity": Decimal(1),
        "entry_price": Decimal(1), "entry_time": AT,
    }  # fmt: skip
    NewTrade(**good)
    with pytest.raises(InvalidValueError):
        NewTrade(**{**good, **values})


async def test_who_sends_the_same_at_once_waits_and_then_knows(database: Database) -> None:
    """Of two entries one is a duplicate; of two exits that would both fit alone, one is refused."""
    async with database.write() as session:
        desk = await desk_of(session)

    async def enter(session: WriteSession) -> TradeReceipt:
        return await trades.open_trade(session, desk.entry())

    first, second = await at_once(database, enter, enter)
    assert (first.result, second.result) == (Result.INSERTED, Result.DUPLICATE)
    trade_id = first.trade_id
    assert trade_id is not None

    async def leave(session: WriteSession, sequence: int) -> TradeReceipt:
        return (await trades.record_exits(session, [(trade_id, desk.exit(sequence, "3"))]))[0]

    first, second = await at_once(database, partial(leave, sequence=1), partial(leave, sequence=2))
    assert (first.result, second.result) == (Result.INSERTED, Result.REFUSED)


async def at_once(
    database: Database,
    one: Callable[[WriteSession], Awaitable[TradeReceipt]],
    other: Callable[[WriteSession], Awaitable[TradeReceipt]],
) -> tuple[TradeReceipt, TradeReceipt]:
    """Do one thing, begin the other on another connection, and commit when that waits."""

    async def alone() -> TradeReceipt:
        async with database.write() as session:
            return await other(session)

    async with database.write() as session:
        receipt = await one(session)
        waiting = asyncio.create_task(alone())
        while not await session.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")):
            assert not waiting.done(), "it did not wait"
            await asyncio.sleep(0.005)
    return receipt, await waiting


async def test_what_became_of_trades_is_told_once(session: WriteSession, desk: Desk) -> None:
    opened = await trades.open_trade(session, desk.entry(fees=Decimal(1)))
    trade_id = opened.trade_id
    assert trade_id is not None
    for _ in range(2):
        await trades.open_trade(session, desk.entry(fees=Decimal(1)))
        await trades.record_exits(session, [(trade_id, desk.exit(1, "1")), (trade_id, desk.exit(2, "9"))])
        await trades.record_exit(session, trade_id, desk.exit(2, "3", "120"))
        await trades.set_funding(session, trade_id, Decimal(-2))
    whole = desk.entry("second"), [desk.exit()]
    run = desk.entry("third", account_id=None, mode="backtest"), [desk.exit()]
    bad = desk.entry("fourth"), [desk.exit(quantity="1")]
    receipts = await trades.record_trades(session, [whole, run, bad, whole])
    assert [receipt.result for receipt in receipts] == ["inserted", "inserted", "refused", "duplicate"]
    query = select(OutboxEvent).where(OutboxEvent.topic.startswith("trade.")).order_by(OutboxEvent.id)
    events = (await session.scalars(query)).all()
    topics = [
        ("opened", trade_id), ("exited", trade_id), ("exited", trade_id), ("closed", trade_id), ("closed", trade_id),
        *((topic, receipts[0].trade_id) for topic in ("opened", "exited", "closed")),
    ]  # fmt: skip
    assert [(one.topic, one.entity_key) for one in events] == [(f"trade.{topic}", str(key)) for topic, key in topics]
    assert {(one.entity, one.account_id) for one in events} == {("trades", desk.live)}
    assert (events[0].payload["quantity"], events[2].payload["pnl"]) == ("4", "60")
    assert [(one.payload["pnl"], one.payload["outcome"]) for one in events[3:5]] == [("69", "win"), ("67", "win")]


async def test_a_session_of_another_mode_records_no_trades(database: Database) -> None:
    async with database.write() as session:
        desk = await desk_of(session)
    async with database.write(scope=Scope(mode=TradingMode.PAPER)) as session:
        with pytest.raises(ScopeError):
            await trades.open_trade(session, desk.entry())
        with pytest.raises(ScopeError):
            await trades.record_trade(session, desk.entry(), [desk.exit()])
        assert (await trades.open_trade(session, desk.entry(account_id=desk.paper))).result is Result.INSERTED
