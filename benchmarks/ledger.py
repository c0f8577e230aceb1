"""How long the ledger takes, against hand-written statements that do less.

    python benchmarks/ledger.py [--fills 2000] [--writers 16] [--json FILE] [--docs]

Singles and raw inserts take turns of a hundred in one run, each in a transaction of its own that is committed to disk.
The raw statement inserts the fill and nothing else; `record_fill` also takes a connection from a pool, and moves the
order, the position, the cash and the outbox. The raw one runs on a connection that it keeps: one of our pool, where
every command has its time limit, and one as asyncpg makes it; and on one that it takes from asyncpg's own pool each
time. The tables hold some fills before, and are analyzed, as autovacuum does within the first minute.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import asyncpg
import figures
from figures import Figure
from sqlalchemy import text

from tradingdb import market
from tradingdb.connections import maintenance_connection
from tradingdb.core.ids import uuid7
from tradingdb.database import Retry
from tradingdb.models import TradingAccount, TradingMode, User
from tradingdb.services.ledger import NewFill, NewOrder, record_fill, record_fills, submit_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from tradingdb import Database
    from tradingdb.database import WriteSession

START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1000
BATCHES = 9
TURN = 100
"""Singles of one kind before it is the other's turn."""
PATIENT = Retry(attempts=1000, deadline=300)
INSERT = """
    INSERT INTO fills (id, account_id, instrument_id, venue_trade_id, sequence, order_id, client_order_id, side,
                       quantity, price, fee, fee_currency, executed_at)
    VALUES ($1, $2, $3, $4, 0, $5, 'sell', $6, $7, $8, $9, 'USDT', $10)
    ON CONFLICT (account_id, instrument_id, venue_trade_id, sequence) DO NOTHING
    RETURNING id
"""


class Desk:
    """An account with a large order each way in one perpetual."""

    def __init__(self, account_id: UUID, instrument_id: int, order_id: UUID) -> None:
        self.account_id, self.instrument_id, self.order_id = account_id, instrument_id, order_id

    def fill(self, number: int) -> NewFill:
        """One execution; those with greater numbers come later."""
        return NewFill(
            account_id=self.account_id,
            instrument_id=self.instrument_id,
            side="buy" if number % 2 else "sell",
            quantity=Decimal("0.5"),
            price=Decimal("100.25") + number % 7,
            executed_at=START + timedelta(seconds=number),
            venue_trade_id=str(number),
            client_order_id=("sell", "buy")[number % 2],
            fee=Decimal("0.01"),
            fee_currency="USDT",
        )


async def open_desk(database: Database, symbol: str = "BTC/USDT:USDT") -> Desk:
    """A user with an account and an order."""
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "bench", symbol)
        name = uuid7().hex
        user = User(username=name, email=f"{name}@example.org")
        session.add(user)
        await session.flush()
        account = TradingAccount(
            user_id=user.id, venue_id=instrument.venue_id, label="a", mode=TradingMode.PAPER, base_currency="USDT"
        )
        session.add(account)
        await session.flush()
        for side in ("buy", "sell"):
            order = NewOrder(
                account_id=account.id,
                instrument_id=instrument.id,
                client_order_id=side,
                side=side,
                quantity=Decimal(10**9),
            )
            receipt = await submit_order(session, order)
    assert receipt.id is not None  # noqa: S101 - a receipt without error has one
    return Desk(account.id, instrument.id, receipt.id)


async def singles(database: Database, fills: int) -> list[Figure]:
    """One commit each, beside raw statements; then the same in batches."""
    desk, numbers = await open_desk(database), itertools.count()
    ours: list[float] = []
    raw: dict[str, list[float]] = {name: [] for name in ("limited", "plain", "pooled")}
    await _record_batch(database, desk, numbers)
    async with database.write() as session:
        await session.execute(text("ANALYZE"))
    _, address = database.engine.dialect.create_connect_args(database.engine.url)
    async with (
        database.engine.connect() as limited,
        maintenance_connection(database.target) as plain,
        asyncpg.create_pool(**address, min_size=2) as pool,
    ):
        rivals = {
            "limited": partial(nullcontext, await _driver(limited)),
            "plain": partial(nullcontext, await _driver(plain)),
            "pooled": pool.acquire,
        }
        for _ in range(fills // TURN):
            turn = [desk.fill(number) for number in itertools.islice(numbers, TURN)]
            ours += [await _record(database, fill) for fill in turn]
            for name, take in rivals.items():
                raw[name] += [await _insert(take, desk, fill, name) for fill in turn]
    single = statistics.median(ours)
    batch = statistics.median([await _record_batch(database, desk, numbers) for _ in range(BATCHES)])
    what = "record_fill, p50, one commit each"
    return [
        figures.of_times(
            what, "raw INSERT, committed, on a connection with our limits", single, statistics.median(raw["limited"]), 3
        ),
        figures.of_times(what, "the same on a connection without limits", single, statistics.median(raw["plain"])),
        figures.of_times(
            what, "the same, taken from asyncpg's pool each time", single, statistics.median(raw["pooled"])
        ),
        Figure(
            f"{BATCH:,} fills in one batch",
            f"{batch * 1e3:,.0f} ms",
            f"{BATCH:,} single calls",
            f"{single * BATCH * 1e3:,.0f} ms",
            single * BATCH / batch,
            20,
        ),
    ]


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None  # noqa: S101 - a checked-out connection has a driver
    return raw


async def _record(database: Database, fill: NewFill) -> float:
    started = time.perf_counter()
    async with database.write() as session:
        await record_fill(session, fill)
    return time.perf_counter() - started


async def _record_batch(database: Database, desk: Desk, numbers: Iterator[int]) -> float:
    fills = [desk.fill(number) for number in itertools.islice(numbers, BATCH)]
    started = time.perf_counter()
    async with database.write() as session:
        await record_fills(session, fills)
    return time.perf_counter() - started


async def _insert(
    take: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]], desk: Desk, fill: NewFill, rival: str
) -> float:
    values = (
        desk.account_id,
        desk.instrument_id,
        f"{rival}-{fill.venue_trade_id}",
        desk.order_id,
        fill.side,
        fill.quantity,
        fill.price,
        fill.fee,
    )
    started = time.perf_counter()
    async with take() as raw, raw.transaction():
        await raw.fetchval(INSERT, uuid7(), *values, fill.executed_at)
    return time.perf_counter() - started


async def tangled(database: Database, writers: int, units: int) -> list[Figure]:
    """Units of work that fill several orders and positions one after the other, each in an order of its own."""
    desks = [await open_desk(database, f"T{number}/USDT:USDT") for number in range(8)]
    taken: list[float] = []
    numbers = iter(range(10**9))

    async def unit(session: WriteSession, fills: list[NewFill]) -> None:
        for fill in fills:
            await record_fill(session, fill)

    async def write(dice: random.Random) -> None:
        for _ in range(units // writers):
            fills = [desk.fill(next(numbers)) for desk in dice.sample(desks, 3)]
            started = time.perf_counter()
            await database.run(
                lambda session, rows=fills: unit(session, rows),
                retry=Retry(attempts=1000, deadline=300),
                idempotent=True,
            )
            taken.append(time.perf_counter() - started)

    await asyncio.gather(*(write(random.Random(seed)) for seed in range(writers)))  # noqa: S311 - to be repeated
    ranked = sorted(taken)
    at = ranked[int(len(ranked) * 0.99)]
    return [
        Figure(
            f"{len(ranked):,} units of work that deadlock, {writers} writers: p99, seconds",
            f"{at:.3f} s",
            "all of them ended; p50",
            f"{statistics.median(ranked):.3f} s",
            at,
            1,
            is_at_most=True,
        )
    ]


async def measure(given: argparse.Namespace) -> list[Figure]:
    """Everything, on a server of its own."""
    async with figures.scratch_database() as database:
        return [*await singles(database, given.fills), *await tangled(database, given.writers, given.fills)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--fills", type=int, default=2_000)
    parser.add_argument("--writers", type=int, default=16)
    figures.run("ledger", "{fills:,} fills", measure, parser)
