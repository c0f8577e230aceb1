"""A first look: a database, candles, a strategy that traded them, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select

from tradingdb import candles, setup
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database, embedded_server
from tradingdb.models import Base, Strategy, StrategyRule, Trade, TradeOutcome
from tradingdb.seeds.reference import seed_reference
from tradingdb.seeds.synthetic import random_walk
from tradingdb.seeds.trading_world import trade_series
from tradingdb.services import market
from tradingdb.urls import ConnectionTarget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tradingdb.candles.columns import CandleColumns
    from tradingdb.database import ReadSession, WriteSession
    from tradingdb.embedded import EmbeddedServer
    from tradingdb.settings import Settings

DATABASE = "tradingdb_demo"
MINUTES = 30 * 24 * 60
OWNER = "demo"


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """What a strategy's trades add up to, as PostgreSQL computed it."""

    strategy: str
    trades: int
    wins: int
    losses: int
    open: int
    pnl: Decimal
    fees: Decimal
    average_r: Decimal | None


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything that the demo has to show."""

    written: candles.WriteReport
    source: str
    series: list[candles.SeriesInfo]
    results: list[StrategyResult]
    rows: dict[str, int]
    server: EmbeddedServer

    def figures(self) -> dict[str, Any]:
        """All of it but the server."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "server"}


async def run(
    settings: Settings,
    file: Path | None = None,
    *,
    venue: str = "demo",
    symbol: str = "BTC/USDT",
    timeframe: Timeframe = Timeframe.M1,
    on_progress: Callable[[int], None] | None = None,
) -> DemoReport:
    """Run the demo in a database of its own on the embedded PostgreSQL. Run again, it adds nothing.

    Without a file a synthetic series is generated.

    Raises:
        UnusableFileError: the file holds no candles of that timeframe.
        ConfigurationError: in production.
    """
    if file is None:
        venue, symbol, timeframe = "simulated", "BTC/USDT", Timeframe.M1
        columns, source = random_walk(MINUTES), "synthetic"
    else:
        loaded = candles.read_file(file)
        loaded.check(timeframe)
        columns, source = loaded.columns, file.name
    server = embedded_server(settings)
    target = ConnectionTarget(server.url(DATABASE))
    async with Database(target, embedded=server, application_name="tradingdb-demo") as database:
        await setup.setup(database)

        async def trade(session: WriteSession) -> candles.WriteReport:
            await seed_reference(session)
            return await _load_and_trade(session, venue, symbol, timeframe, columns, source, on_progress)

        written = await database.run(trade, idempotent=True)
        async with database.read() as session:
            return DemoReport(
                written, source, await candles.coverage(session), await _results(session), await _rows(session), server
            )


async def _load_and_trade(
    session: WriteSession,
    venue: str,
    symbol: str,
    timeframe: Timeframe,
    columns: CandleColumns,
    source: str,
    on_progress: Callable[[int], None] | None,
) -> candles.WriteReport:
    instrument = await market.ensure_instrument(session, venue, symbol)
    report = await candles.write(session, instrument, timeframe, columns, source=source, on_progress=on_progress)
    series = await candles.read(session, instrument, timeframe)
    await trade_series(session, instrument, series, owner=OWNER)
    return report


async def _results(session: ReadSession) -> list[StrategyResult]:
    def count(outcome: TradeOutcome) -> ColumnElement[int]:
        return func.count().filter(Trade.outcome == outcome)

    query = (
        select(
            Strategy.name,
            func.count(),
            count(TradeOutcome.WIN),
            count(TradeOutcome.LOSS),
            count(TradeOutcome.PENDING),
            func.sum(Trade.pnl),
            func.sum(Trade.fees),
            func.max(StrategyRule.avg_r_multiple),
        )
        .join(Trade, Trade.strategy_id == Strategy.id)
        .join(StrategyRule, StrategyRule.id == Trade.rule_id)
        .group_by(Strategy.id)
        .order_by(Strategy.name)
    )
    return [
        StrategyResult(name, trades, wins, losses, still_open, pnl or Decimal(0), fees, average_r)
        for name, trades, wins, losses, still_open, pnl, fees, average_r in await session.execute(query)
    ]


async def _rows(session: ReadSession) -> dict[str, int]:
    counts = {}
    for table in Base.metadata.sorted_tables:
        counts[table.name] = await session.scalar(select(func.count()).select_from(table)) or 0
    return counts
