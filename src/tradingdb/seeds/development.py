"""A small consistent world to develop against: two weeks of an owner with agents, strategies, trades and all the rest.

It happens in January 2025, whatever the clock says: a repeat finds every row where the first run left it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from tradingdb import candles
from tradingdb.models import Candle, Instrument, SeriesCoverage
from tradingdb.seeds.adding import Added, Adder
from tradingdb.seeds.agent_work import seed_agent_work, seed_agents
from tradingdb.seeds.backtest import seed_backtest
from tradingdb.seeds.conversations import seed_conversation, seed_knowledge
from tradingdb.seeds.decisions import seed_decisions, seed_outcomes
from tradingdb.seeds.embeddings import seed_embeddings
from tradingdb.seeds.factors import seed_factors
from tradingdb.seeds.markets import seed_markets
from tradingdb.seeds.operations import seed_operations
from tradingdb.seeds.people import seed_audit_log, seed_people
from tradingdb.seeds.performance import seed_performance
from tradingdb.seeds.portfolio import seed_portfolio
from tradingdb.seeds.predictions import seed_analyses, seed_models
from tradingdb.seeds.quality import MISSING_HOURS, seed_quality
from tradingdb.seeds.scene import END, MINUTES, OWNER, SOURCE, START, Scene
from tradingdb.seeds.source_files import seed_source_files
from tradingdb.seeds.swing import seed_swing, swing_trade
from tradingdb.seeds.synthetic import hourly, random_walk
from tradingdb.seeds.trading_world import trade_series, trader_of
from tradingdb.services import market
from tradingdb.timeseries.partitions import hold_growth_lock

if TYPE_CHECKING:
    from tradingdb.database import WriteSession
    from tradingdb.models import Base

LEFT_EMPTY = {
    "candle_quarantine": "For rows that could not be candles; every candle of the world is one.",
    "reconciliations": "Made when an account is compared with its venue; the venues of this world have no answer.",
    "outbox_consumers": "Services that read the outbox make their own row; none of them runs in this world.",
    "position_checkpoints": "Made after some fifty fills of one position; none of this world has so many.",
    "candle_blocks": "Made from sealed months of candles when an operator packs them; the world's month is not sealed.",
}
"""The tables that this world has no rows for, and why."""


async def seed_development(session: WriteSession) -> dict[str, int]:
    """Add what is missing; what is there stays as it is. Needs the reference data."""
    await hold_growth_lock(session)  # two of these at once queue here, and the second finds everything there
    scene, added = await _markets_and_trader(session)
    add = Adder(session, added)
    await seed_people(add, scene)
    await seed_agents(add, scene)
    await seed_agent_work(add, scene)
    await seed_conversation(add, scene)
    await seed_knowledge(add, scene)
    await seed_markets(add, scene)
    await seed_factors(add, scene)
    await seed_models(add, scene)
    await seed_analyses(add, scene)
    swing = swing_trade(scene)
    await seed_decisions(add, scene, swing)
    await seed_swing(add, scene, swing)
    await seed_outcomes(add, scene, swing)
    await seed_portfolio(add, scene, swing)
    await seed_backtest(add, scene)
    await seed_performance(add, scene)
    await seed_quality(add, scene)
    await seed_operations(add, scene)
    await seed_audit_log(add, scene)
    await seed_source_files(add)
    await seed_embeddings(add, scene)
    return added


async def _markets_and_trader(session: WriteSession) -> tuple[Scene, Added]:
    """Two markets with their candles, and all that a strategy of the owner made of the first of them."""
    before = {model: await _count(session, model) for model in (Instrument, SeriesCoverage)}
    spot, perpetual = [
        await market.ensure_instrument(
            session, "simulated", symbol, price_tick=Decimal("0.1"), quantity_step=Decimal("0.0001")
        )
        for symbol in ("BTC/USDT", "BTC/USDT:USDT")
    ]
    walk = random_walk(MINUTES)
    reports = [
        await candles.write(session, spot, "1m", walk, source=SOURCE),
        await candles.write(session, perpetual, "1h", hourly(walk, without=MISSING_HOURS), source=SOURCE),
    ]
    minutes = await candles.read(session, spot, "1m", START, END)
    hours = await candles.read(session, perpetual, "1h", START, END)
    added = await trade_series(session, spot, minutes, owner=OWNER)
    added[Candle.__tablename__] = sum(report.inserted for report in reports)
    for model, count in before.items():
        added[model.__tablename__] = await _count(session, model) - count
    return Scene(spot, perpetual, minutes, hours, trader_of(OWNER, spot, minutes.timeframe)), added


async def _count(session: WriteSession, model: type[Base]) -> int:
    return await session.scalar(select(func.count()).select_from(model)) or 0
