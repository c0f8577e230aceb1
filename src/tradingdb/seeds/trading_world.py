"""One account that trades one series: the owner, the agent, the strategy with its rule, the lesson, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import Double, cast, func, select, update

from tradingdb.bulk import upsert
from tradingdb.models import (
    Agent,
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
    TradeOutcome,
    TradingAccount,
    TradingMode,
    User,
    UserAgent,
    Venue,
    Verdict,
)
from tradingdb.seeds import crossover

if TYPE_CHECKING:
    from tradingdb.bulk import UpsertReport
    from tradingdb.candles import CandleSeries
    from tradingdb.database import WriteSession
    from tradingdb.models import Base, Instrument

NAMESPACE = UUID("6f0d7a52-3c1b-5d0e-9a64-0f6f2f7b1c11")
"""Of every identifier that is made from a name here, so that the same world is made every time."""


UNTIL_IT_IS_CLOSED = ("exit_price", "exit_time", "exit_reason", "outcome", "pnl", "pnl_r", "fees")
WITH_EVERY_FILL = ("quantity", "average_entry_price", "realized_pnl", "fees", "opened_at", "last_fill_at")
"""What changes in a trade and in a position when the series has more candles than last time."""


def named_id(name: str) -> UUID:
    """The identifier of a thing of these worlds."""
    return uuid5(NAMESPACE, name)


class Added(dict[str, int]):
    """Rows added, by table."""

    def count(self, model: type[Base], report: UpsertReport) -> None:
        """Add what an upsert inserted."""
        self[model.__tablename__] = self.get(model.__tablename__, 0) + report.inserted


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
    await _refresh_figures(session, rule.id, lesson_id)
    return added


async def _people_and_plans(
    session: WriteSession, instrument: Instrument, series: CandleSeries, owner: str, added: Added
) -> tuple[TradingAccount, StrategyRule, UUID]:
    user_id, agent_id = named_id(f"user:{owner}"), named_id(f"agent:{owner}")
    strategy_id = named_id(f"strategy:{owner}:{instrument.id}:{series.timeframe.value}")
    rule_id, lesson_id = uuid5(strategy_id, "rule"), uuid5(strategy_id, "lesson")
    account_id = uuid5(strategy_id, "account")  # one for each strategy, so that each position is one strategy's
    venue = await session.get_one(Venue, instrument.venue_id)
    name = f"Crossover {instrument.symbol} {series.timeframe.value} at {venue.code}"
    quote = instrument.quote_currency or "USD"
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (User, {"id": user_id, "email": f"{owner}@example.com", "username": owner, "password_hash": None}),
        (Agent, {"id": agent_id, "agent_id": f"crossover-{owner}", "agent_type": "trader", "user_id": user_id}),
        (UserAgent, {"id": uuid5(agent_id, owner), "user_id": user_id, "agent_id": agent_id, "name": "Crossover"}),
        (
            Strategy,
            {
                "id": strategy_id,
                "user_id": user_id,
                "agent_id": agent_id,
                "name": name,
                "description": "Two moving averages that cross; an example, not advice.",
                "kind": "trend",
                "symbols": [instrument.symbol],
                "timeframes": [series.timeframe.value],
                "parameters": {"fast": crossover.FAST, "slow": crossover.SLOW},
                "status": StrategyStatus.ACTIVE,
            },
        ),
        (
            StrategyRule,
            {
                "id": rule_id,
                "user_id": user_id,
                "strategy_id": strategy_id,
                "name": name,
                "entry_type": "crossover",
                "risk_params": {"stop_loss": crossover.STOP},
            },
        ),
        (
            TradingAccount,
            {
                "id": account_id,
                "user_id": user_id,
                "venue_id": instrument.venue_id,
                "label": f"paper, {name}",
                "mode": TradingMode.PAPER,
                "base_currency": quote,
            },
        ),
        (
            LearningEntry,
            {
                "id": lesson_id,
                "user_id": user_id,
                "rule_id": rule_id,
                "insight": f"Crossings of two averages pay on {instrument.symbol} after fees.",
                "impact_type": "entry",
                "timeframes": [series.timeframe.value],
            },
        ),
    ]
    for model, row in rows:
        added.count(model, await upsert(session, model, [row]))
    return (
        await session.get_one(TradingAccount, account_id),
        await session.get_one(StrategyRule, rule_id),
        lesson_id,
    )


async def _refresh_figures(session: WriteSession, rule_id: UUID, lesson_id: UUID) -> None:
    """Statistics of the rule from its trades, and of the lesson from its evidence, computed by PostgreSQL."""
    closed = Trade.outcome.in_([TradeOutcome.WIN, TradeOutcome.LOSS, TradeOutcome.BREAKEVEN])
    wins = func.count().filter(Trade.outcome == TradeOutcome.WIN)
    win_rate = cast(wins, Double) / func.nullif(func.count(), 0)
    figures = select(func.count(), win_rate, func.avg(Trade.pnl_r)).where(Trade.rule_id == rule_id, closed)
    count, share_won, avg_r = (await session.execute(figures)).one()
    await session.execute(
        update(StrategyRule)
        .where(StrategyRule.id == rule_id, StrategyRule.trade_count != count)
        .values(trade_count=count, win_rate=share_won, avg_r_multiple=avg_r)
    )
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
