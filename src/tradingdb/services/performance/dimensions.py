"""By what trades can be grouped, and how a group is called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Text, cast, func, literal, literal_column, select

from tradingdb.models import Agent, Instrument, Strategy, StrategyRule, Trade, Venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import FromClause, SQLColumnExpression


class Dimension(StrEnum):
    """What a group of trades has in common. Months and weekdays are those of the exit, in UTC."""

    STRATEGY = "strategy"
    RULE = "rule"
    INSTRUMENT = "instrument"
    AGENT = "agent"
    MODE = "mode"
    MONTH = "month"
    WEEKDAY = "weekday"
    EXIT_REASON = "exit_reason"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOBODY = UUID(int=0)
"""Stands for NULL in keys of groups, which are compared with `=`: joins by IS NOT DISTINCT FROM cannot be hashed."""


@dataclass(frozen=True, slots=True)
class Key:
    """How the groups of a dimension are told apart.

    `column` makes the key from a trade and, where the dimension is the agent, its agent; `nothing` stands for NULL, and
    is None where there is always a key. `shown` makes of the key what callers see, once per group.
    `names` selects key and name of the groups; without it the key is the name.
    """

    column: Callable[[FromClause | None], SQLColumnExpression[Any]]
    nothing: Any
    names: Select[Any, str] | None = None
    shown: Callable[[SQLColumnExpression[Any]], SQLColumnExpression[Any]] = lambda key: key


def _exit_in_utc() -> ColumnElement[datetime]:
    return func.timezone(literal_column("'UTC'"), Trade.exit_time)


KEYS: dict[Dimension, Key] = {
    Dimension.STRATEGY: Key(lambda _: Trade.strategy_id, NOBODY, select(Strategy.id, Strategy.name)),
    Dimension.RULE: Key(lambda _: Trade.rule_id, NOBODY, select(StrategyRule.id, StrategyRule.name)),
    Dimension.INSTRUMENT: Key(
        lambda _: Trade.instrument_id,
        0,
        select(Instrument.id, func.concat(Venue.code, " ", Instrument.symbol)).join(Venue),
    ),
    Dimension.AGENT: Key(
        lambda agents: literal(None) if agents is None else agents.c.agent_id, NOBODY, select(Agent.id, Agent.agent_id)
    ),
    Dimension.MODE: Key(lambda _: cast(Trade.mode, Text), ""),
    Dimension.MONTH: Key(
        lambda _: func.date_trunc(literal_column("'month'"), _exit_in_utc()),
        None,
        shown=lambda month: func.to_char(month, literal_column("'YYYY-MM'")),
    ),
    Dimension.WEEKDAY: Key(
        lambda _: func.date_part(literal_column("'isodow'"), _exit_in_utc()),
        None,
        shown=lambda weekday: cast(weekday, Integer),
    ),
    Dimension.EXIT_REASON: Key(lambda _: cast(Trade.exit_reason, Text), ""),
}
