"""What is asked of closed trades, and the rows that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import FrameClause, FrameClauseType, Interval, Select, and_, func, literal, literal_column, select, true

from tradingdb.core.types import ExactNumeric, UtcDateTime
from tradingdb.models import Instrument, Trade
from tradingdb.services.performance.dimensions import KEYS, Dimension
from tradingdb.services.performance.selection import Selection, agent_of_trade
from tradingdb.services.reports.scope import pnl_currency

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import ColumnElement, FromClause

KEY, CURRENCY, NUMBER = "key", "currency", "number"
ZERO = literal_column("0", ExactNumeric)
ONE_DAY = literal_column("interval '1 day'", Interval)
MIDNIGHT = literal(datetime(2000, 1, 1, tzinfo=UTC), UtcDateTime)
BEFORE = FrameClause(None, 1, FrameClauseType.UNBOUNDED, FrameClauseType.PRECEDING)
"""A frame: all rows before this one. One object, and so one parameter: windows whose frames have different parameters
are different windows to PostgreSQL, and the rows pass through each of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the trades: which, by what, and against which balance and daily risk-free rate."""

    selection: Selection
    dimension: Dimension | None = None
    balance: Decimal | None = None
    risk_free_per_day: float = 0.0

    @property
    def paths(self) -> tuple[str, ...]:
        """What tells groups apart where the order of trades counts: a small number, which is sorted fast.

        Trades of several currencies are one path where no groups were asked for, and are then refused as a whole.
        """
        return () if self.dimension is None else (NUMBER,)

    def trades(self, *columns: Any, numbers: FromClause | None = None) -> Select[*tuple[Any, ...]]:
        """The closed trades that are asked for; with the number of the group of each, where `numbers` tells it.

        `numbers` has a row per key and instrument. Without it nothing is joined that is not asked for, and what
        distinguishes the trades is the key, where there is a dimension.
        """
        agents = None
        joined: FromClause = Trade.__table__
        if self.dimension is Dimension.AGENT or self.selection.agent_id is not None:
            agents = agent_of_trade()
            joined = joined.outerjoin(agents, agents.c.trade_id == Trade.id)
        if self.dimension is not None:
            dimension = KEYS[self.dimension]
            key = dimension.column(agents)
            if dimension.nothing is not None:
                key = func.coalesce(key, dimension.nothing)
            if numbers is None:
                columns = (key.label(KEY), *columns)
            else:
                of_group = and_(numbers.c[KEY] == key, numbers.c.instrument_id == Trade.instrument_id)
                joined = joined.join(numbers, of_group)
                columns = (numbers.c[NUMBER], *columns)
        found = select(*columns).select_from(joined).where(*self.selection.conditions())
        if agents is not None and self.selection.agent_id is not None:
            found = found.where(agents.c.agent_id == self.selection.agent_id)
        return found


def with_currency(trades: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Each trade with the currency that its profit is counted in; '' where nobody knows it."""
    return trades.join(Instrument, Instrument.id == Trade.instrument_id).add_columns(currency_of_instrument())


def currency_of_instrument() -> Any:
    """The currency of profits, from a row of `instruments`."""
    return func.coalesce(pnl_currency(), "").label(CURRENCY)


def day_of(at: Any) -> ColumnElement[datetime]:
    """The UTC midnight before an instant. Several times faster than date_trunc."""
    return func.date_bin(ONE_DAY, at, MIDNIGHT)


def same(left: FromClause, right: FromClause, names: tuple[str, ...]) -> ColumnElement[bool]:
    """The condition that two rows are of one group; always, where there are no groups."""
    return and_(true(), *(left.c[name] == right.c[name] for name in names))


def backwards(rows: FromClause, partition: tuple[str, ...], *within: str) -> dict[str, Any]:
    """A window over trades from the last exit to the first, of the rows before each: of what was closed later.

    Of trades closed at one instant the worst was closed first, so here it comes last. All functions of a query share
    this window, so that the rows are sorted once.
    """
    return {
        "partition_by": [rows.c[name] for name in (*partition, *within)] or None,
        "order_by": [rows.c.exit_time.desc(), rows.c.pnl.desc(), rows.c.outcome],
        "rows": BEFORE,
    }
