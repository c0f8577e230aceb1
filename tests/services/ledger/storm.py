"""A storm over the ledger: everything sent several times, out of order, by many writers whose connections die.

`make soak` runs 100,000 deliveries by 16 writers on an embedded PostgreSQL in a scratch folder and prints what came of
it; the suite runs a small one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

sys.path.insert(0, str(Path(__file__).parent))

from trading_desk import Desk, open_desk

from tradingdb.database import Database, Retry, WriteSession
from tradingdb.embedded import EmbeddedServer
from tradingdb.errors import NotFoundError
from tradingdb.models import (
    CashBalance,
    CashMovement,
    CostBasis,
    Fill,
    Order,
    OrderEvent,
    OrderStatus,
    OutboxEvent,
    Position,
)
from tradingdb.services.ledger import (
    Execution,
    Holding,
    NewFill,
    NewOrder,
    NewOrderEvent,
    Place,
    Receipt,
    Result,
    fold,
    rebuild_positions,
    record,
    record_event,
    record_fill,
    submit_order,
)
from tradingdb.services.ledger.books import open_books
from tradingdb.services.ledger.fill_batch import execution_in
from tradingdb.services.ledger.holdings import EXACT
from tradingdb.setup import setup
from tradingdb.urls import ConnectionTarget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

ZERO = Decimal(0)
Entry = NewOrder | NewOrderEvent | NewFill
PATIENT = Retry(attempts=1000, deadline=300, first_delay=0.005, longest_delay=0.1)


@dataclass(slots=True)
class Storm:
    """What is sent, and what came of sending it."""

    desks: list[Desk]
    entries: list[Entry]
    deliveries: list[Entry]
    acknowledged: int = 0
    killed: int = 0
    cancelled: int = 0
    sent_again: int = 0
    seconds: float = 0
    units: list[float] = field(default_factory=list)
    """Seconds that each unit of work took, its repetitions included."""
    findings: list[str] = field(default_factory=list)


async def make(database: Database, dice: random.Random, *, events: int, desks: int) -> Storm:
    """Orders with their events and fills until `events` deliveries are together, each to be sent one to five times."""
    opened = []
    for number in range(desks):
        async with database.write() as session:
            basis = CostBasis.FIFO if number % 3 == 0 else CostBasis.AVERAGE
            opened.append(await open_desk(session, cost_basis=basis))
    entries: list[Entry] = []
    deliveries: list[Entry] = []
    number = 0
    while len(deliveries) < events:
        number += 1
        for entry in _life_of_an_order(dice, opened[number % desks], number):
            entries.append(entry)
            deliveries += [entry] * dice.choice((1, 1, 2, 3, 5))
    dice.shuffle(deliveries)
    return Storm(opened, entries, deliveries)


def _life_of_an_order(dice: random.Random, desk: Desk, number: int) -> list[Entry]:
    key, side = f"c-{number}", dice.choice(("buy", "sell"))
    market = dice.choice((desk.spot, desk.perpetual, desk.perpetual, desk.inverse))
    parts = dice.randint(1, 4)
    at = float(number)
    entries: list[Entry] = [
        desk.order(key, side=side, instrument_id=market, quantity=Decimal(parts)),
        desk.event("accepted", at, client_order_id=key, venue_order_id=f"v-{number}"),
    ]
    for part in range(parts if dice.random() < 0.8 else parts - 1):
        fee = dice.choice(((Decimal("0.01"), "USDT"), (Decimal("0.0002"), "BTC"), (Decimal(0), None)))
        entries.append(
            desk.fill(
                number * 10 + part,
                side,
                "1",
                str(dice.randint(90_000, 110_000)),
                at=at + part / 10,
                instrument_id=market,
                venue_order_id=f"v-{number}",
                fee=fee[0],
                fee_currency=fee[1],
            )
        )
    if dice.random() < 0.3:
        entries.append(desk.event("cancelled", at + 5, client_order_id=key))
    return entries


async def rage(database: Database, storm: Storm, dice: random.Random, *, writers: int, kill_every: int) -> None:
    """Send everything until all of it was acknowledged, while connections are killed and tasks cancelled.

    Connections are killed each time that `kill_every` more entries were acknowledged.
    """
    queue: asyncio.Queue[list[Entry]] = asyncio.Queue()
    waiting = list(storm.deliveries)
    while waiting:
        size = dice.choice((1, 1, 1, 5, 20, 50))
        queue.put_nowait(waiting[:size])
        del waiting[:size]
    started = time.perf_counter()
    killer = asyncio.create_task(_kill(database, storm, dice, kill_every))
    try:
        await asyncio.gather(*(_write(database, storm, queue, dice) for _ in range(writers)))
    finally:
        killer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await killer
    storm.seconds = time.perf_counter() - started


async def _write(database: Database, storm: Storm, queue: asyncio.Queue[list[Entry]], dice: random.Random) -> None:
    while not queue.empty():
        batch = queue.get_nowait()
        limit = dice.uniform(0.001, 0.05) if dice.random() < 0.1 else 60
        try:
            async with asyncio.timeout(limit):
                began = time.perf_counter()
                receipts = await database.run(
                    lambda session, rows=batch: _send(session, rows), retry=PATIENT, idempotent=True
                )
                storm.units.append(time.perf_counter() - began)
        except TimeoutError:  # unknown, not failed: it is sent again
            storm.cancelled += 1
            queue.put_nowait(batch)
            continue
        refused = [entry for entry, receipt in zip(batch, receipts, strict=True) if receipt.error is not None]
        for receipt in receipts:
            if receipt.error is not None and not isinstance(receipt.error, NotFoundError):
                storm.findings.append(f"refused: {receipt.error}")
        storm.acknowledged += len(batch) - len(refused)
        storm.sent_again += len(refused)
        if refused:  # what a venue says of an order that is not submitted yet comes again
            queue.put_nowait(refused)


async def _send(session: WriteSession, entries: Sequence[Entry]) -> list[Receipt]:
    if len(entries) > 1:
        return await record(session, entries)
    entry = entries[0]
    try:
        if isinstance(entry, NewOrder):
            return [await submit_order(session, entry)]
        if isinstance(entry, NewOrderEvent):
            return [await record_event(session, entry)]
        return [await record_fill(session, entry)]
    except NotFoundError as error:
        return [Receipt(Result.REFUSED, error=error)]


async def _kill(database: Database, storm: Storm, dice: random.Random, every: int) -> None:
    query = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND application_name = 'storm' ORDER BY random() LIMIT :n"
    )
    async with Database(database.target, application_name="killer") as own:
        due = every
        while True:
            await asyncio.sleep(0.01)
            if storm.acknowledged >= due:
                due = storm.acknowledged + every
                async with own.write() as session:
                    storm.killed += len((await session.execute(query, {"n": dice.choice((1, 1, 4))})).all())


async def judge(database: Database, storm: Storm) -> list[str]:
    """Everything that is not as it must be; nothing is the answer that is hoped for."""
    wrong = list(storm.findings)
    fills = [entry for entry in storm.entries if isinstance(entry, NewFill)]
    async with database.write() as session:
        wrong += await _counts(session, storm, fills)
        for desk in storm.desks:
            wrong += await _positions(session, desk, fills)
            wrong += await _orders(session, desk, storm)
            changed = await rebuild_positions(session, account_id=desk.account_id)
            wrong += [f"rebuild changes {entry.place}" for entry in changed]
        wrong += await _cash(session, storm, fills)
    return wrong


async def _counts(session: WriteSession, storm: Storm, fills: list[NewFill]) -> list[str]:
    expected = {
        "orders": sum(isinstance(entry, NewOrder) for entry in storm.entries),
        "events": sum(isinstance(entry, NewOrderEvent) for entry in storm.entries),
        "fills": len(fills),
        "fills told": len(fills),
        "fills without order": 0,
    }
    told = select(func.count(OutboxEvent.entity_key.distinct()), func.count()).where(
        OutboxEvent.topic == "fill.recorded"
    )
    distinct, total = (await session.execute(told)).one()
    found = {
        "orders": await session.scalar(select(func.count()).select_from(Order)),
        "events": await session.scalar(select(func.count()).select_from(OrderEvent)),
        "fills": await session.scalar(select(func.count()).select_from(Fill)),
        "fills told": total if total == distinct else -1,
        "fills without order": await session.scalar(
            select(func.count()).select_from(Fill).where(Fill.order_id.is_(None))
        ),
    }
    return [f"{name}: {found[name]} instead of {count}" for name, count in expected.items() if found[name] != count]


async def _positions(session: WriteSession, desk: Desk, fills: list[NewFill]) -> list[str]:
    wrong = []
    for position in await session.scalars(select(Position).where(Position.account_id == desk.account_id)):
        mine = [
            execution_in(fill)
            for fill in fills
            if fill.account_id == desk.account_id and fill.instrument_id == position.instrument_id
        ]
        expected = _folded(position, mine, await _contract(session, position))
        kept = (position.quantity, position.average_entry_price, position.realized_pnl, position.fees)
        if kept != (expected.quantity, expected.average_price, expected.realized_pnl, expected.fees):
            wrong.append(f"position {position.account_id}/{position.instrument_id}: {kept} instead of {expected}")
    return wrong


def _folded(position: Position, executions: list[Execution], contract: Any) -> Holding:
    start = Holding(lots=None if position.lots is None else ())
    return fold(start, sorted(executions, key=lambda execution: execution.place), contract)


async def _contract(session: WriteSession, position: Position) -> Any:
    place = Place(position.account_id, position.instrument_id, position.side)
    return (await open_books(session, [place]))[place].contract


async def _orders(session: WriteSession, desk: Desk, storm: Storm) -> list[str]:
    filled: Counter[str] = Counter()
    for entry in storm.entries:
        if isinstance(entry, NewFill) and entry.account_id == desk.account_id:
            filled[str(entry.venue_order_id)] += int(entry.quantity)
    cancelled = {
        entry.client_order_id
        for entry in storm.entries
        if isinstance(entry, NewOrderEvent) and entry.account_id == desk.account_id and entry.kind == "cancelled"
    }
    wrong = []
    for order in await session.scalars(select(Order).where(Order.account_id == desk.account_id)):
        count = filled[str(order.venue_order_id)]
        if count == order.quantity:
            status = OrderStatus.FILLED
        elif order.client_order_id in cancelled:
            status = OrderStatus.CANCELLED
        else:
            status = OrderStatus.PARTIAL if count else OrderStatus.OPEN
        if (order.filled_quantity, order.status) != (count, status):
            wrong.append(f"order {order.client_order_id}: {order.filled_quantity} {order.status}, not {count} {status}")
    return wrong


async def _cash(session: WriteSession, storm: Storm, fills: list[NewFill]) -> list[str]:
    """Balances against what the fills that were sent must have moved, and against their own movements."""
    sums = select(CashMovement.account_id, CashMovement.currency, func.sum(CashMovement.amount)).group_by(
        CashMovement.account_id, CashMovement.currency
    )
    kept = select(CashBalance.account_id, CashBalance.currency, CashBalance.amount)
    found = {(row[0], row[1]): row[2] for row in await session.execute(kept)}
    wrong = []
    for what, expected in (
        ("its movements", {(row[0], row[1]): row[2] for row in await session.execute(sums)}),
        ("its fills", await _cash_of(session, storm, fills)),
    ):
        wrong += [
            f"balance {key}: {found.get(key, ZERO)} instead of {expected.get(key, ZERO)} by {what}"
            for key in found.keys() | expected.keys()
            if found.get(key, ZERO) != expected.get(key, ZERO)
        ]
    doubled = select(func.count()).select_from(CashMovement).group_by(CashMovement.account_id, CashMovement.dedupe_key)
    return wrong + ["a movement is there twice"] * len((await session.scalars(doubled.having(func.count() > 1))).all())


async def _cash_of(session: WriteSession, storm: Storm, fills: list[NewFill]) -> dict[tuple[UUID, str], Decimal]:
    """What fills move: spot exchanges base for quote, perpetuals pay what they realized, and fees are paid."""
    cash: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for fill in fills:
            if fill.fee_currency is not None:
                cash[fill.account_id, fill.fee_currency] -= fill.fee
        spots = {desk.account_id: desk.spot for desk in storm.desks}
        for fill in fills:
            if spots[fill.account_id] == fill.instrument_id:
                units = fill.quantity if fill.side == "buy" else -fill.quantity
                cash[fill.account_id, "BTC"] += units
                cash[fill.account_id, "USDT"] -= units * fill.price
        for position in await session.scalars(select(Position)):
            if position.instrument_id != spots[position.account_id]:
                contract = await _contract(session, position)
                cash[position.account_id, str(contract.settle_currency)] += position.realized_pnl
    return cash


async def _soak(server: EmbeddedServer, given: argparse.Namespace) -> int:
    dice = random.Random(given.seed)  # noqa: S311 - a storm that can be repeated
    async with Database(ConnectionTarget(server.url()), application_name="storm") as database:
        await setup(database)
        storm = await make(database, dice, events=given.events, desks=40)
        await rage(database, storm, dice, writers=given.writers, kill_every=200)
        wrong = await judge(database, storm)
    print(report(storm, wrong, given.writers))  # noqa: T201 - what it is for
    return 1 if wrong else 0


def report(storm: Storm, wrong: list[str], writers: int) -> str:
    """What was sent and what came of it."""
    kinds = Counter(type(entry).__name__ for entry in storm.entries)
    sent = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    lines = (
        f"{len(storm.deliveries):,} deliveries of {len(storm.entries):,} entries ({sent})",
        f"{writers} writers, {storm.seconds:.0f} s",
        f"{storm.killed:,} connections killed, {storm.cancelled:,} tasks cancelled",
        _took(storm.units),
        f"{storm.sent_again:,} entries sent again because their order was not there yet",
        f"wrong: {len(wrong)}",
        *wrong[:20],
    )
    return "\n".join(lines)


def _took(units: list[float]) -> str:
    ranked = sorted(units)
    at = {name: ranked[int(len(ranked) * share)] for name, share in (("p50", 0.5), ("p99", 0.99), ("p100", 0.999999))}
    return f"{len(units):,} units of work: " + ", ".join(
        f"{name} {seconds * 1000:.0f} ms" for name, seconds in at.items()
    )


def main() -> int:
    """Run the storm at full size on a server of its own. Returns 1 if anything was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tradingdb-storm-") as folder:
        Path(folder).chmod(0o755)  # a server that root starts runs as somebody else
        server = EmbeddedServer(Path(folder) / "data")
        server.acquire()
        try:
            return asyncio.run(_soak(server, given))
        finally:
            server.release()


if __name__ == "__main__":
    sys.exit(main())
