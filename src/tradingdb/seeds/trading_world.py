"""One account that trades one series: the owner, the agent, the strategy with its rule, the lesson, and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import func, select, update

from tradingdb.bulk import upsert
from tradingdb.core.clock import utc_now
from tradingdb.models import (
    Agent,
    CashMovement,
    Fill,
    LearningEntry,
    LearningEvidence,
    Order,
    OrderEvent,
    Position,
    Signal,
    Strategy,
    StrategyRule,
    StrategyStatus,
    Trade,
    TradeExit,
    TradingAccount,
    TradingMode,
    User,
    UserAgent,
    Venue,
    Verdict,
)
from tradingdb.seeds import crossover, round_trips
from tradingdb.seeds.adding import Added, named_id
from tradingdb.seeds.cash import cash_of_fills

if TYPE_CHECKING:
    from tradingdb.candles import CandleSeries
    from tradingdb.core.timeframe import Timeframe
    from tradingdb.database import WriteSession
    from tradingdb.models import Base, Instrument
    from tradingdb.seeds.adding import Row

UNTIL_IT_IS_CLOSED = ("exit_price", "exit_time", "exit_reason", "outcome", "pnl", "pnl_r", "fees")
WITH_EVERY_FILL = (
    "quantity",
    "average_entry_price",
    "realized_pnl",
    "fees",
    "opened_at",
    "last_fill_at",
    "last_fill_place",
)
"""What changes in a trade and in a position when the series has more candles than last time."""


@dataclass(frozen=True, slots=True)
class TraderIds:
    """Who trades a series, and with what: one account for each strategy, so that each position is one strategy's."""

    user_id: UUID
    agent_id: UUID
    strategy_id: UUID
    rule_id: UUID
    lesson_id: UUID
    account_id: UUID


def trader_of(owner: str, instrument: Instrument, timeframe: Timeframe) -> TraderIds:
    """The identifiers of all that `trade_series` makes once for a series."""
    strategy_id = named_id(f"strategy:{owner}:{instrument.id}:{timeframe.value}")
    return TraderIds(
        named_id(f"user:{owner}"),
        named_id(f"agent:{owner}"),
        strategy_id,
        *(uuid5(strategy_id, part) for part in ("rule", "lesson", "account")),
    )


async def trade_series(session: WriteSession, instrument: Instrument, series: CandleSeries, *, owner: str) -> Added:
    """Let a strategy of `owner` trade a series on a paper account, and store all that comes of it.

    The owner has no password, so nobody can log in. Repeated with the same candles it changes nothing; with more of
    them it goes on where it was.
    """
    added = Added()
    account, rule, lesson_id = await _people_and_plans(session, instrument, series, owner, added)
    ledger = crossover.run(series, account, instrument, rule, lesson_id)
    for model, rows, growing in (
        (Signal, ledger.signals, ()),
        (Trade, ledger.trades, UNTIL_IT_IS_CLOSED),
        (Order, ledger.orders, ()),
        (OrderEvent, ledger.order_events, ()),
        (Fill, ledger.fills, ()),
        (TradeExit, ledger.trade_exits, ()),
        (Position, ledger.positions, WITH_EVERY_FILL),
        (LearningEvidence, ledger.evidence, ()),
    ):
        added.count(model, await upsert(session, model, rows, update=growing))
    moved = await cash_of_fills(session, account.id)
    added.count(CashMovement, await upsert(session, CashMovement, moved.movements))
    await _refresh_figures(session, lesson_id)
    return added


async def _people_and_plans(
    session: WriteSession, instrument: Instrument, series: CandleSeries, owner: str, added: Added
) -> tuple[TradingAccount, StrategyRule, UUID]:
    ids = trader_of(owner, instrument, series.timeframe)
    venue = await session.get_one(Venue, instrument.venue_id)
    name = f"Crossover {instrument.symbol} {series.timeframe.value} at {venue.code}"
    for model, row in (*_people(ids, owner), *_plans(ids, instrument, series, name)):
        added.count(model, await upsert(session, model, [row]))
    return (
        await session.get_one(TradingAccount, ids.account_id),
        await session.get_one(StrategyRule, ids.rule_id),
        ids.lesson_id,
    )


def _people(ids: TraderIds, owner: str) -> list[tuple[type[Base], Row]]:
    """The owner, the agent, and that the one runs the other."""
    agent = {"agent_id": f"crossover-{owner}", "agent_type": "trader"}
    runs = {"id": uuid5(ids.agent_id, owner), "user_id": ids.user_id, "agent_id": ids.agent_id, "name": "Crossover"}
    return [
        (User, {"id": ids.user_id, "email": f"{owner}@example.com", "username": owner, "password_hash": None}),
        (Agent, {"id": ids.agent_id, "user_id": ids.user_id, **agent}),
        (UserAgent, runs),
    ]


def _plans(ids: TraderIds, instrument: Instrument, series: CandleSeries, name: str) -> list[tuple[type[Base], Row]]:
    """The strategy with its rule and account, and what is to be learned: known from the first candle on."""
    began = series.open_time[0].astype(datetime).replace(tzinfo=UTC) if len(series) else utc_now()
    return [
        (
            Strategy,
            {
                "id": ids.strategy_id,
                "user_id": ids.user_id,
                "agent_id": ids.agent_id,
                "name": name,
                "description": "Two moving averages that cross; an example, not advice.",
                "kind": "trend",
                "symbols": [instrument.symbol],
                "timeframes": [series.timeframe.value],
                "parameters": {"fast": round_trips.FAST, "slow": round_trips.SLOW},
                "status": StrategyStatus.ACTIVE,
            },
        ),
        (
            StrategyRule,
            {
                "id": ids.rule_id,
                "user_id": ids.user_id,
                "strategy_id": ids.strategy_id,
                "name": name,
                "entry_type": "crossover",
                "risk_params": {"stop_loss": round_trips.STOP},
            },
        ),
        (
            TradingAccount,
            {
                "id": ids.account_id,
                "user_id": ids.user_id,
                "venue_id": instrument.venue_id,
                "label": f"paper, {name}",
                "mode": TradingMode.PAPER,
                "base_currency": instrument.quote_currency or "USD",
            },
        ),
        (
            LearningEntry,
            {
                "id": ids.lesson_id,
                "user_id": ids.user_id,
                "rule_id": ids.rule_id,
                "insight": f"Crossings of two averages pay on {instrument.symbol} after fees.",
                "impact_type": "entry",
                "timeframes": [series.timeframe.value],
                "known_at": began,
            },
        ),
    ]


async def _refresh_figures(session: WriteSession, lesson_id: UUID) -> None:
    """Statistics of the lesson from its evidence. Those of the rule are kept by PostgreSQL."""
    supports = func.count().filter(LearningEvidence.verdict == Verdict.SUPPORTS)
    contradicts = func.count().filter(LearningEvidence.verdict == Verdict.CONTRADICTS)
    evidence = select(supports, contradicts, func.max(LearningEvidence.known_at)).where(
        LearningEvidence.entry_id == lesson_id
    )
    for_it, against_it, newest = (await session.execute(evidence)).one()
    await session.execute(
        update(LearningEntry)
        .where(LearningEntry.id == lesson_id, LearningEntry.last_validated_at.is_distinct_from(newest))
        .values(
            validation_count=for_it,
            contradiction_count=against_it,
            confidence=(1 + for_it) / (2 + for_it + against_it),
            last_validated_at=newest,
        )
    )
