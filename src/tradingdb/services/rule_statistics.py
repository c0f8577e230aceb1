"""The record that a rule remembers of its trades: kept true by PostgreSQL at every COMMIT, and verified here.

It is that of closed live trades, or of those on paper as long as none was live; backtests are no record. Other figures
are a question away: `records` gives any one mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Double,
    Select,
    Uuid,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)

from tradingdb.core.types import ExactNumeric
from tradingdb.models import StrategyRule, Trade, TradeOutcome
from tradingdb.services.reports.scope import is_closed

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import ColumnElement, SQLColumnExpression

    from tradingdb.core.mode import TradingMode
    from tradingdb.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """Figures of a rule's closed trades in one mode."""

    trade_count: int = 0
    win_rate: float | None = None
    """0 to 1. None: no closed trade."""
    avg_r_multiple: Decimal | None = None
    """The mean of `pnl_r`, rounded behind its 40th decimal. None: no trade with a stop."""


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A rule that remembers something else than its trades say."""

    rule_id: UUID
    name: str
    remembered: RuleRecord
    counted: RuleRecord


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """What a verification found."""

    rules: int
    differences: tuple[RuleDifference, ...]
    is_repaired: bool

    @property
    def is_true(self) -> bool:
        """Whether every rule now remembers what its trades say."""
        return self.is_repaired or not self.differences


def differences() -> Select[UUID, str, int, float | None, Decimal | None, int, float | None, Decimal | None]:
    """The rules that remember something else than their trades say, with both, as of one instant."""
    counted = (
        func.tradingdb_rule_record(StrategyRule.id)
        .table_valued(column("trade_count"), column("win_rate", Double), column("avg_r_multiple", ExactNumeric))
        .lateral("counted")
    )
    pairs: list[tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]] = [
        (StrategyRule.trade_count, counted.c.trade_count),
        (StrategyRule.win_rate, counted.c.win_rate),
        (StrategyRule.avg_r_multiple, counted.c.avg_r_multiple),
    ]
    return (
        select(
            StrategyRule.id.label("rule_id"),
            StrategyRule.name.label("rule"),
            StrategyRule.trade_count,
            StrategyRule.win_rate,
            StrategyRule.avg_r_multiple,
            counted.c.trade_count.label("ledger_count"),
            counted.c.win_rate.label("ledger_win_rate"),
            counted.c.avg_r_multiple.label("ledger_avg_r_multiple"),
        )
        .select_from(StrategyRule)
        .join(counted, literal(value=True))
        .where(or_(*(kept.is_distinct_from(found) for kept, found in pairs)))
        .order_by(StrategyRule.id)
    )


async def settle(session: WriteSession) -> None:
    """Have the records counted now that this transaction's trades change, rather than when it commits.

    Only for who reads them before that: from here on other transactions wait for these rules.
    """
    await session.flush()
    await session.execute(text("SET CONSTRAINTS trades_rule_record IMMEDIATE"))
    await session.execute(text("SET CONSTRAINTS trades_rule_record DEFERRED"))


async def verify_rules(session: WriteSession, *, repair: bool = False) -> RuleCheck:
    """Count the trades of every rule and compare with what it remembers; `repair` mends what differs, under its lock.

    Writers do no harm: the comparison is of one instant, and a mended rule is counted again when its lock is had. What
    makes a difference is a hand on the columns themselves, or triggers that were switched off.
    """
    await settle(session)
    found = (await session.execute(differences())).all()
    rules = await session.scalar(select(func.count()).select_from(StrategyRule)) or 0
    if found and repair:
        ids = literal([row.rule_id for row in found], ARRAY(Uuid()))
        await session.execute(select(func.tradingdb_count_rules(ids)))
    return RuleCheck(
        rules,
        tuple(RuleDifference(row[0], row[1], RuleRecord(*row[2:5]), RuleRecord(*row[5:8])) for row in found),
        is_repaired=bool(found) and repair,
    )


async def records(session: ReadSession, rule_ids: Collection[UUID], mode: TradingMode) -> dict[UUID, RuleRecord]:
    """The records of rules in one mode, by rule; a rule without closed trades in it has none."""
    wins = func.count().filter(Trade.outcome == TradeOutcome.WIN)
    total: ColumnElement[Decimal | None] = func.sum(Trade.pnl_r) + literal_column(
        "0." + "0" * 40
    )  # digits of the quotient
    query = (
        select(
            Trade.rule_id,
            func.count(),
            cast(wins, Double) / func.count(),
            func.trim_scale(total / func.nullif(func.count(Trade.pnl_r), 0)),
        )
        .where(Trade.rule_id.in_(rule_ids), Trade.mode == mode, is_closed())
        .group_by(Trade.rule_id)
    )
    return {row[0]: RuleRecord(*row[1:]) for row in await session.execute(query)}
