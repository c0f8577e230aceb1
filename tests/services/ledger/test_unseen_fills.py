"""A fill that is stored before anybody looked changes what it would have changed, and nothing where it was wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from trading_desk import Desk, open_orders

from tradingdb.collisions import RUN_ALONE
from tradingdb.database import Database
from tradingdb.errors import LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.services.ledger import (
    NewFill,
    Receipt,
    Result,
    fills,
    rebuild_positions,
    record_fill,
    submit_order,
    verify,
)


class UndoneError(Exception):
    """Ends a unit of work so that nothing of it stays."""


class Looks:
    """How often somebody looked before he stored, and how often he guessed."""

    def __init__(self) -> None:
        self.count = self.guesses = 0

    def since(self) -> int:
        """How often somebody looked since this was asked the last time."""
        count, self.count = self.count, 0
        return count


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Counts on."""
    seen, look, expect = Looks(), fills.open_and_look_up, fills.expectation_of

    async def counted(*given: Any) -> Any:
        seen.count += 1
        return await look(*given)

    def guessed(*given: Any) -> Any:
        seen.guesses += 1
        return expect(*given)

    monkeypatch.setattr(fills, "open_and_look_up", counted)
    monkeypatch.setattr(fills, "expectation_of", guessed)
    return seen


async def record(database: Database, fill: NewFill) -> Receipt:
    async with database.write() as session:
        return await record_fill(session, fill)


def named(desk: Desk, number: int, side: str = "buy", **values: Any) -> NewFill:
    return desk.fill(number, side, at=values.pop("at", number), **{"client_order_id": side} | values)


async def familiar(database: Database, ordered: int = 5) -> Desk:
    """An account in whose perpetual this process has recorded so much that it does not look any more."""
    desk = await open_orders(database, ordered)
    for number in (1, 2):
        await record(database, named(desk, number))
    return desk


async def quantity(database: Database, desk: Desk) -> Decimal:
    async with database.read() as session:
        return (await desk.position(session)).quantity


async def test_who_writes_alone_looks_twice(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    assert looks.since() == 2
    receipts = [await record(database, named(desk, number, "sell")) for number in (3, 4, 5)]
    assert looks.since() == 0
    assert [receipt.result for receipt in receipts] == [Result.INSERTED] * 3
    async with database.write() as session:
        orders = {side: await desk.stored_order(session, side) for side in ("buy", "sell")}
        assert {side: order.filled_quantity for side, order in orders.items()} == {"buy": 2, "sell": 3}
        assert receipts[-1].order_status == orders["sell"].status
        assert (await desk.position(session)).quantity == -1
        stored = {fill.id: fill.order_id for fill in await desk.fills(session)}
        assert [stored[receipt.id] for receipt in receipts if receipt.id is not None] == [orders["sell"].id] * 3
        assert await rebuild_positions(session, account_id=desk.account_id) == []
        assert await verify(session, account_id=desk.account_id) == []


async def test_38_digits_survive_a_guess(database: Database, looks: Looks) -> None:
    """Those of the fill, and those of what was assumed of its position."""
    desk = await familiar(database)
    looks.since()
    digits = "1234567890123456789.0123456789012345678"
    await record(database, named(desk, 3, quantity=digits, price=digits))
    await record(database, named(desk, 4, quantity=digits, price=digits))
    assert (looks.since(), looks.guesses) == (0, 2)
    async with database.write() as session:
        kept = [(str(fill.quantity), str(fill.price)) for fill in (await desk.fills(session))[2:]]
        assert kept == [(digits, digits)] * 2
        assert str((await desk.position(session)).quantity) == "2469135780246913580.0246913578024691356"
        assert await rebuild_positions(session, account_id=desk.account_id) == []


@pytest.mark.parametrize("name", ["client_order_id", "venue_order_id", "order_id"])
async def test_any_name_of_the_order_will_do(database: Database, looks: Looks, name: str) -> None:
    desk = await familiar(database)
    looks.since()
    async with database.read() as session:
        order = await desk.stored_order(session, "buy")
    names = {"client_order_id": "buy", "venue_order_id": "v-buy", "order_id": order.id}
    await record(database, desk.fill(3, at=3, **{name: names[name]}))
    assert looks.since() == 0
    async with database.read() as session:
        assert (await desk.stored_order(session, "buy")).filled_quantity == 3


async def test_who_shares_a_position_looks(database: Database, forgetful: Database, looks: Looks) -> None:
    """A wrong guess costs a round trip; where others write, too, none is made."""
    desk = await familiar(database)
    looks.since()
    for number in range(3, 9, 2):
        await record(forgetful, named(desk, number))
        await record(database, named(desk, number + 1))
    assert looks.since() == 6
    assert looks.guesses == 1
    assert await quantity(database, desk) == 8


async def test_what_cannot_be_next_is_not_guessed(
    database: Database, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong guess would keep the order locked, which looking does not."""
    desk = await familiar(database)
    looks.since()
    assert (await record(database, named(desk, 2))).result is Result.DUPLICATE
    assert (await record(database, named(desk, 2, at=1, sequence=1))).result is Result.INSERTED
    assert (await record(database, named(desk, 3, client_order_id=None))).result is Result.INSERTED
    assert (looks.since(), looks.guesses) == (3, 0)
    await record(database, named(desk, 4))
    assert looks.guesses == 1
    monkeypatch.setattr(fills, "MOST_LOTS", -1)
    for number in range(5, 10):
        await record(database, named(desk, number))
    assert looks.guesses == 3


async def test_who_was_wrong_becomes_cautious(database: Database, looks: Looks) -> None:
    """For example because the orders of his fills are never submitted."""
    desk = await familiar(database)
    for number in range(3, 13):
        await record(database, named(desk, number, client_order_id="later"))
    assert looks.guesses == 3


CHANGES = {
    "what is held": "UPDATE positions SET quantity = 5 WHERE account_id = :account_id",
    "its cost": "UPDATE positions SET average_entry_price = 90 WHERE account_id = :account_id",
    "the last fill's place": "UPDATE positions SET last_fill_place = NULL WHERE account_id = :account_id",
    "how cost is counted": "UPDATE trading_accounts SET cost_basis = 'fifo' WHERE id = :account_id",
    "the contract": "UPDATE instruments SET contract_size = 10 WHERE id = :instrument_id",
    "the currency": "UPDATE instruments SET settle_currency = 'USDC' WHERE id = :instrument_id",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
async def test_nothing_is_stored_on_a_wrong_guess(database: Database, looks: Looks, statement: str) -> None:
    desk = await familiar(database)
    looks.since()
    async with database.write() as session:
        keys = {"account_id": desk.account_id, "instrument_id": desk.perpetual}
        await session.execute(text(statement), {name: keys[name] for name in keys if f":{name}" in statement})
    async with database.read() as session:
        held = (await desk.position(session)).quantity
    receipt = await record(database, named(desk, 3))
    assert receipt.result is Result.INSERTED
    assert looks.since() == 1
    assert await quantity(database, desk) == held + 1


async def test_a_late_fill_is_counted_where_it_belongs(database: Database, looks: Looks) -> None:
    """Which needs the fills after it, of a position that nobody else changes meanwhile."""
    desk = await familiar(database)
    looks.since()
    await record(database, named(desk, 3, "sell", at=1.5, price="130"))
    assert looks.since() == 1
    async with database.write() as session:
        assert (await desk.position(session)).realized_pnl == 30
        assert await rebuild_positions(session, account_id=desk.account_id) == []


async def test_a_new_holding_is_counted_as_the_account_counts_now(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    async with database.write() as session:
        await session.execute(text(CHANGES["how cost is counted"]), {"account_id": desk.account_id})
    for number in range(3, 7):
        await record(database, named(desk, number))
    looks.since()
    await record(database, named(desk, 7, "sell", quantity="6"))
    assert looks.since() == 0
    await record(database, named(desk, 8))
    await record(database, named(desk, 9, price="200"))
    async with database.read() as session:
        lots = (await desk.position(session)).lots
    assert lots is not None
    assert [lot.price for lot in lots] == [100, 200]


async def test_what_was_rolled_back_was_never_there(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    with suppress(UndoneError):
        async with database.write() as session:
            await record_fill(session, named(desk, 3))
            raise UndoneError
    looks.since()
    await record(database, named(desk, 4))
    assert looks.since() == 1
    assert await quantity(database, desk) == 3


async def test_a_fill_that_is_there_is_a_duplicate(database: Database, forgetful: Database) -> None:
    """Also one that another process recorded, whose next made the position what it was."""
    desk = await familiar(database)
    await record(forgetful, named(desk, 3))
    async with forgetful.write() as session:
        await session.execute(
            text(
                "UPDATE positions SET (quantity, last_fill_at, last_fill_place) ="
                " (2, last_fill_at - interval '1 second', '0001:2:00000') WHERE account_id = :account_id"
            ),
            {"account_id": desk.account_id},
        )
    assert (await record(database, named(desk, 3))).result is Result.DUPLICATE
    with pytest.raises(LedgerConflictError):
        await record(database, named(desk, 3, quantity="2"))
    assert await quantity(database, desk) == 2


MISFITS = {
    "of the other side": ({"client_order_id": "sell"}, LedgerConflictError),
    "two of them": ({"client_order_id": "buy", "venue_order_id": "v-sell"}, LedgerConflictError),
    "of another instrument": ({"client_order_id": "spot"}, LedgerConflictError),
    "of another position": ({"client_order_id": "long"}, LedgerConflictError),
    "not there": ({"order_id": UUID(int=1), "client_order_id": "buy"}, NotFoundError),
}


@pytest.mark.parametrize(("names", "error"), MISFITS.values(), ids=MISFITS)
async def test_an_order_that_does_not_fit_is_refused(
    database: Database, looks: Looks, names: dict[str, Any], error: type[TradingDBError]
) -> None:
    desk = await familiar(database)
    async with database.write() as session:
        await submit_order(session, desk.order("spot", instrument_id=desk.spot))
        await submit_order(session, desk.order("long", position_side="long"))
    with pytest.raises(error):
        await record(database, desk.fill(3, at=3, **names))
    assert looks.guesses == 1
    assert await quantity(database, desk) == 2


async def test_an_order_of_another_account_is_not_there(database: Database, looks: Looks) -> None:
    other, desk = await open_orders(database), await familiar(database)
    async with database.read() as session:
        order = await other.stored_order(session, "buy")
    with pytest.raises(NotFoundError):
        await record(database, desk.fill(3, at=3, order_id=order.id))
    assert looks.guesses == 1
    assert await quantity(database, desk) == 2


async def test_an_order_by_two_names_is_one_order(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    async with database.write() as session:
        await submit_order(session, desk.order("more"))
        order = await desk.stored_order(session, "buy")
    with pytest.raises(LedgerConflictError):
        await record(database, desk.fill(3, at=3, order_id=order.id, client_order_id="more"))
    assert looks.guesses == 1
    assert await quantity(database, desk) == 2


async def test_an_order_that_is_not_known_yet_is_waited_for(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    assert (await record(database, named(desk, 3, client_order_id="later"))).order_status is None
    assert looks.guesses == 1
    assert await quantity(database, desk) == 3


async def test_who_finds_the_position_locked_waits_for_it(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    looks.since()
    async with database.write() as first:
        await record_fill(first, named(desk, 3))
        second = asyncio.create_task(record(database, named(desk, 4)))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
    await second
    assert looks.since() == 1
    assert await quantity(database, desk) == 4


async def after_one_that_runs_alone(database: Database, statement: str, desk: Desk, fill: NewFill) -> None:
    """Record a fill that begins to wait before the statement was committed."""
    async with database.write() as alone:
        await alone.execute(RUN_ALONE)
        keys = {"account_id": desk.account_id, "instrument_id": desk.perpetual}
        await alone.execute(text(statement), {name: keys[name] for name in keys if f":{name}" in statement})
        waiting = asyncio.create_task(record(database, fill))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await waiting


async def test_who_waits_for_another_contract_counts_with_it(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    looks.since()
    await after_one_that_runs_alone(database, CHANGES["the contract"], desk, named(desk, 3, "sell", price="130"))
    assert looks.since() == 1
    async with database.read() as session:
        assert (await desk.position(session)).realized_pnl == 300


async def test_who_waits_for_another_way_to_count_counts_so(database: Database, looks: Looks) -> None:
    desk = await familiar(database)
    await record(database, named(desk, 3, "sell", quantity="2"))
    looks.since()
    await after_one_that_runs_alone(database, CHANGES["how cost is counted"], desk, named(desk, 4))
    assert looks.since() == 1
    async with database.read() as session:
        assert (await desk.position(session)).lots is not None


async def test_many_writers_of_one_position(database: Database, forgetful: Database) -> None:
    desk = await familiar(database, ordered=100)

    async def write(where: Database, first: int) -> None:
        for number in range(first, first + 25):
            fill = named(desk, number, ("buy", "sell")[number % 2])
            await where.run(partial(record_fill, fill=fill))

    await asyncio.gather(write(database, 100), write(database, 200), write(forgetful, 300))
    async with database.write() as session:
        assert len(await desk.fills(session)) == 77
        assert await rebuild_positions(session, account_id=desk.account_id) == []
        assert await verify(session, account_id=desk.account_id) == []
