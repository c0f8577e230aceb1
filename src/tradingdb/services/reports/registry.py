"""The reports by name, what they may be limited to, and their answers."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, TextualSelect, func, literal, select, union_all

from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Strategy
from tradingdb.services.reports import data_checks, ledger_checks, lessons, monitoring, performance

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.database import ReadSession

Statement = Select[*tuple[Any, ...]] | TextualSelect


@dataclass(frozen=True, slots=True)
class Report:
    """A question with a name. `build` makes its statement; its keyword arguments are what the report takes."""

    name: str
    title: str
    description: str
    build: Callable[..., Statement]

    @property
    def takes(self) -> dict[str, Any]:
        """The names of what the report can be limited to, with their defaults; None stands for: no limit."""
        return {name: each.default for name, each in inspect.signature(self.build).parameters.items()}

    def statement(self, **arguments: Any) -> Statement:
        """The statement of the report, limited to these arguments.

        Raises:
            InvalidValueError: it does not take one of them, or not that value.
        """
        takes = self.takes
        for name in arguments.keys() - takes.keys():
            known = ", ".join(takes) or "nothing"
            raise InvalidValueError(f"The report {self.name} cannot be limited by {name}; it takes: {known}.")
        return self.build(**arguments)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a report found: names of columns, and rows in their order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def report(name: str) -> Report:
    """The report of a name.

    Raises:
        NotFoundError: there is none; the message lists those that exist.
    """
    if name not in REPORTS:
        raise NotFoundError(f"There is no report {name!r}; these exist: {', '.join(REPORTS)}.")
    return REPORTS[name]


async def answer(session: ReadSession, asked: Report, **arguments: Any) -> Answer:
    """Ask the database a report's question.

    Raises:
        InvalidValueError: the report does not take one of the arguments, or not that value.
        NotFoundError: no strategy has the name that it is to be limited to.
    """
    statement = asked.statement(**arguments)
    name = arguments.get("strategy")
    if name is not None and await session.scalar(select(Strategy.id).where(Strategy.name == name).limit(1)) is None:
        raise NotFoundError(f"There is no strategy {name!r}: check the spelling.")
    found = await session.execute(statement)
    return Answer(tuple(found.keys()), [tuple(row) for row in found])


def data_quality() -> Select[str, int]:
    """How many rows each check finds wrong."""
    counts = [
        select(literal(check.name).label("check"), func.count().label("found")).select_from(
            check.statement(limit=None).subquery()
        )
        for check in CHECKS
    ]
    found = union_all(*counts).subquery("checks")
    return select(found.c.check, found.c.found).order_by(found.c.found.desc(), found.c.check)


def _listed(*reports: tuple[str, str, Callable[..., Statement]]) -> tuple[Report, ...]:
    """Reports whose description is the first sentence of what their function says of itself."""
    return tuple(
        Report(name, title, (inspect.getdoc(build) or "").split("\n")[0], build) for name, title, build in reports
    )


FIGURES = _listed(
    ("strategy-performance", "Strategies", performance.strategy_performance),
    ("rule-performance", "Rules", performance.rule_performance),
    ("instrument-performance", "Instruments", performance.instrument_performance),
    ("daily-performance", "Days", performance.daily_performance),
    ("recent-trades", "Recent trades", performance.recent_trades),
    ("open-trades", "Open trades", performance.open_trades),
    ("most-active-strategies", "Most active strategies", performance.most_active_strategies),
    ("best-rules", "Best rules", performance.best_rules),
    ("backtest-runs", "Backtest runs", performance.backtest_runs),
    ("learning-summary", "Lessons by what they change", lessons.learning_summary),
    ("best-lessons", "Best lessons", lessons.best_lessons),
)
CHECKS = _listed(
    ("pnl-against-outcome", "Profit against outcome", ledger_checks.pnl_against_outcome),
    ("closed-without-pnl", "Closed trades without profit", ledger_checks.closed_without_pnl),
    ("exits-against-trade", "Exits against their trade", ledger_checks.exits_against_trade),
    ("trades-without-strategy", "Trades without strategy", ledger_checks.trades_without_strategy),
    ("mode-against-account", "Trades in another mode than their account", ledger_checks.mode_against_account),
    ("orders-without-fills", "Filled orders without fills", ledger_checks.orders_without_fills),
    ("orders-against-fills", "Orders against their fills", ledger_checks.orders_against_fills),
    ("fills-without-order", "Fills without order", ledger_checks.fills_without_order),
    ("orders-past-expiry", "Orders past their expiry", ledger_checks.orders_past_expiry),
    ("positions-against-fills", "Positions against their fills", ledger_checks.positions_against_fills),
    ("rules-against-ledger", "Rules against the ledger", ledger_checks.rules_against_ledger),
    ("lessons-against-evidence", "Lessons against their evidence", ledger_checks.lessons_against_evidence),
    ("coverage-against-candles", "Coverage against candles", data_checks.coverage_against_candles),
    ("series-with-gaps", "Series with gaps", data_checks.series_with_gaps),
    ("stale-series", "Stale series", data_checks.stale_series),
    ("signals-past-expiry", "Pending signals past their expiry", data_checks.signals_past_expiry),
    ("orphans", "Orphans", data_checks.orphans),
)
MONITORING = _listed(
    ("table-sizes", "Table sizes", monitoring.table_sizes),
    ("partitions", "Partitions", monitoring.partitions),
    ("index-usage", "Index usage", monitoring.index_usage),
    ("unused-indexes", "Unused indexes", monitoring.unused_indexes),
    ("connections", "Connections", monitoring.connections),
    ("blocked-sessions", "Blocked sessions", monitoring.blocked_sessions),
    ("long-statements", "Long statements", monitoring.long_statements),
    ("cache-hit-rate", "Cache hit rate", monitoring.cache_hit_rate),
    ("dead-rows", "Dead rows", monitoring.dead_rows),
)
OVERVIEW = _listed(("data-quality", "Data quality", data_quality))

GROUPS = {
    "How it went": FIGURES,
    "What is wrong": OVERVIEW + CHECKS,
    "How the database is": MONITORING,
}
REPORTS = {each.name: each for group in GROUPS.values() for each in group}
