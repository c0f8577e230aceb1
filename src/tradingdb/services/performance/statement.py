"""The one statement behind all figures: closed trades in, a row per group and currency out.

It reads the trades in parallel for what adds up, by UTC day for returns, and in the order of their exits, from the last
one backwards: then the lowest equity still to come, the first entry still to come and the beginning of a
streak are running extremes, so that one sort serves drawdown, exposure and streaks. Nothing but the result leaves the
server. `docs/reference/performance.md` has the formula of each figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CTE,
    Date,
    Double,
    Interval,
    Label,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from tradingdb.core.types import ExactNumeric, UtcDateTime
from tradingdb.models import Instrument, Trade, TradeOutcome
from tradingdb.services.performance.dimensions import KEYS, Dimension
from tradingdb.services.performance.selection import Selection, agent_of_trade
from tradingdb.services.reports.performance import gross_loss, gross_profit, wins
from tradingdb.services.reports.scope import pnl_currency

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import ColumnElement, FromClause

ZERO = literal_column("0", ExactNumeric)
DAY = literal_column("interval '1 day'", Interval)
MIDNIGHT = literal(datetime(2000, 1, 1, tzinfo=UTC), UtcDateTime)
KEY, CURRENCY = "key", "currency"
SO_FAR = (None, 0)
"""A frame: from the first row to this one."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the trades: which, by what, and against which balance and daily risk-free rate."""

    selection: Selection
    dimension: Dimension | None = None
    balance: Decimal | None = None
    risk_free_per_day: float = 0.0

    def trades(self, *columns: Any, grouped: bool = True) -> Select[*tuple[Any, ...]]:
        """The closed trades that are asked for, with the key and the currency of the group that each belongs to.

        Without `grouped` both are left out, and what would be joined for them: narrow rows are sorted faster.
        """
        agents = None
        joined: FromClause = Trade.__table__
        if self.dimension is Dimension.AGENT or self.selection.agent_id is not None:
            agents = agent_of_trade()
            joined = joined.outerjoin(agents, agents.c.trade_id == Trade.id)
        groups: list[Label[Any]] = []
        if grouped:
            joined = joined.join(Instrument, Instrument.id == Trade.instrument_id)
            groups.append(func.coalesce(pnl_currency(), "").label(CURRENCY))
        if grouped and self.dimension is not None:
            key = KEYS[self.dimension]
            groups.insert(0, func.coalesce(key.column(agents), key.nothing).label(KEY))
        found = select(*groups, *columns).select_from(joined).where(*self.selection.conditions())
        if agents is not None and self.selection.agent_id is not None:
            found = found.where(agents.c.agent_id == self.selection.agent_id)
        return found

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the columns that tell groups apart in what adds up."""
        return (CURRENCY,) if self.dimension is None else (KEY, CURRENCY)

    @property
    def paths(self) -> tuple[str, ...]:
        """The same where the order of trades counts.

        Trades of several currencies are one path where no groups were asked for, and are then refused as a whole: to
        sort them by currency would cost everybody else time.
        """
        return () if self.dimension is None else self.groups


def statement(question: Question) -> Select[*tuple[Any, ...]]:
    """A row per group and currency, with the sums and extremes that the figures are made of."""
    totals = _totals(question)
    marks = _marks(question, totals)
    depth = _deepest(question, totals, marks)
    per_mark = question.paths
    worst = (
        select(
            *(marks.c[name] for name in per_mark),
            func.max(marks.c.fall).label("max_fall"),
            func.max(marks.c.share).label("max_share"),
            func.max(marks.c.wins).label("win_streak"),
            func.max(marks.c.losses).label("loss_streak"),
            func.sum(marks.c.idle_time).label("idle_time"),
        )
        .group_by(*(marks.c[name] for name in per_mark))
        .cte("worst")
    )
    found = totals.outerjoin(worst, _same(totals, worst, per_mark)).outerjoin(depth, _same(totals, depth, per_mark))
    columns = [column for part in (worst, depth) for column in part.c if column.key not in per_mark]
    if question.balance is not None:
        returns = _returns(question, _days(question))
        found = found.outerjoin(returns, _same(totals, returns, per_mark))
        columns += [column for column in returns.c if column.key not in per_mark]
    return select(*totals.c, *columns).select_from(found).order_by(*(totals.c[name] for name in question.groups))


def _same(left: FromClause, right: FromClause, names: tuple[str, ...]) -> ColumnElement[bool]:
    return and_(true(), *(left.c[name] == right.c[name] for name in names))


def _day_of(at: Any) -> ColumnElement[datetime]:
    """The UTC midnight before an instant. Several times faster than date_trunc."""
    return func.date_bin(DAY, at, MIDNIGHT)


def _totals(question: Question) -> CTE:
    """What trades add up to by group. Those without a profit are only counted."""
    closed_at: Any = Trade.exit_time
    held = closed_at - Trade.entry_time
    counts, is_win, is_loss = (
        Trade.pnl.is_not(None),
        Trade.outcome == TradeOutcome.WIN,
        Trade.outcome == TradeOutcome.LOSS,
    )
    inner = question.trades(
        counts.label("has_pnl"),
        func.count().label("trades"),
        wins().label("wins"),
        func.count().filter(is_loss).label("losses"),
        func.sum(Trade.pnl).label("net"),
        gross_profit().label("gross_profit"),
        gross_loss().label("gross_loss"),
        func.sum(Trade.pnl).filter(is_win).label("won"),
        func.sum(Trade.pnl).filter(is_loss).label("lost"),
        func.max(Trade.pnl).label("best"),
        func.min(Trade.pnl).label("worst"),
        func.sum(Trade.fees).label("fees"),
        func.count(Trade.pnl_r).label("r_count"),
        func.sum(Trade.pnl_r).label("r_sum"),
        func.sum(Trade.pnl_r * Trade.pnl_r).label("r_squares"),
        func.sum(held).label("held"),
        func.sum(held).filter(is_win).label("held_wins"),
        func.sum(held).filter(is_loss).label("held_losses"),
        func.max(held).label("longest_held"),
        func.min(Trade.entry_time).label("first_entry"),
        func.max(closed_at).label("last_exit"),
    ).group_by(*(literal_column(name) for name in (*question.groups, "has_pnl")))
    parts = inner.subquery("parts")
    # both kinds of trades of a group in one row: at most one of the two has anything but a count
    columns: list[Label[Any]] = [
        func.max(column).filter(parts.c.has_pnl).label(column.key)
        for column in parts.c
        if column.key not in {*question.groups, "has_pnl"}
    ]
    columns.append(func.max(parts.c.trades).filter(~parts.c.has_pnl).label("without_pnl"))
    groups = [parts.c[name] for name in question.groups]
    return select(*groups, *columns).group_by(*groups).cte("totals")


def _days(question: Question) -> CTE:
    """What trades earned by group and UTC day of their exit."""
    day = _day_of(Trade.exit_time).label("day")
    net = func.sum(Trade.pnl).label("net")
    names = (*question.paths, "day")
    earned = question.trades(day, net, grouped=bool(question.paths)).where(Trade.pnl.is_not(None))
    return earned.group_by(*(literal_column(name) for name in names)).cte("days")


def _marks(question: Question, totals: CTE) -> CTE:
    """By group and day: the falls of equity from marks of that day, streaks, and time without an open trade.

    Equity is marked at each instant at which a trade was closed, and once at the first entry. Read backwards, a row
    stands for the mark before its exit; `to_come` is what was earned after it: equity is the final one less `to_come`.
    Of trades closed at one instant the worst comes first: the one at the mark then lost, if that instant lost at all.
    Between a mark and the first entry of all trades that were closed later no trade was open.
    """
    partition = question.paths
    columns = (Trade.exit_time, Trade.entry_time, Trade.outcome, Trade.pnl)
    closed = question.trades(*columns, grouped=bool(partition)).where(Trade.pnl.is_not(None)).subquery("closed")
    backwards = _over(closed, partition)
    before = func.lead(closed.c.exit_time).over(**backwards)
    entry: Any = func.min(closed.c.entry_time).over(**backwards)
    began = (
        entry
        if question.selection.start is None
        else func.greatest(entry, literal(question.selection.start, UtcDateTime))
    )
    seen = select(
        *(closed.c[name] for name in (*partition, "exit_time", "outcome", "pnl")),
        func.sum(closed.c.pnl).over(**backwards).label("to_come"),
        func.row_number().over(**backwards).label("place"),
        before.is_distinct_from(closed.c.exit_time).label("is_mark"),
        func.coalesce(before, began).label("marked_at"),
        entry.label("entry"),
        func.lag(closed.c.outcome).over(**backwards).is_distinct_from(closed.c.outcome).label("begins"),
    ).subquery("seen")
    backwards = _over(seen, partition)
    path = select(
        *(seen.c[name] for name in (*partition, "outcome", "pnl", "to_come", "is_mark", "marked_at", "entry")),
        func.max(seen.c.to_come).filter(seen.c.is_mark).over(**backwards).label("low"),
        (seen.c.place - func.max(seen.c.place).filter(seen.c.begins).over(**backwards) + 1).label("streak"),
    ).subquery("path")
    return _marks_by_day(question, totals, path, partition)


def _over(rows: FromClause, partition: tuple[str, ...]) -> dict[str, Any]:
    """One window for all functions, so that the rows pass through memory once; the last exit comes first."""
    return {
        "partition_by": [rows.c[name] for name in partition] or None,
        "order_by": [rows.c.exit_time.desc(), rows.c.pnl.desc(), rows.c.outcome],
        "rows": SO_FAR,
    }


def _marks_by_day(question: Question, totals: CTE, path: FromClause, partition: tuple[str, ...]) -> CTE:
    """The same, folded. Only a mark after which an exit lost can be the peak of a fall that counts."""
    fall = func.greatest(path.c.low, ZERO) - path.c.to_come
    is_peak = and_(path.c.is_mark, path.c.pnl < ZERO)
    rows: FromClause = path
    share: Any = null()
    if question.balance is not None:
        final: Any = select(question.balance + func.sum(totals.c.net)).scalar_subquery()
        if partition:
            final = question.balance + totals.c.net
            rows = path.join(totals, _same(path, totals, partition))
        share = func.max(fall / func.nullif(func.greatest(final - path.c.to_come, ZERO), ZERO)).filter(is_peak)
    idle = type_coerce(path.c.entry - path.c.marked_at, Interval)
    groups = [path.c[name] for name in partition]
    day = _day_of(path.c.marked_at).label("day")
    return (
        select(
            *groups,
            day,
            func.max(fall).filter(is_peak).label("fall"),
            cast(share, ExactNumeric).label("share"),
            func.min(path.c.to_come).filter(path.c.is_mark).label("high"),
            func.max(path.c.to_come).filter(path.c.is_mark).label("low"),
            func.max(path.c.streak).filter(path.c.outcome == TradeOutcome.WIN).label("wins"),
            func.max(path.c.streak).filter(path.c.outcome == TradeOutcome.LOSS).label("losses"),
            func.sum(idle).filter(path.c.entry > path.c.marked_at).label("idle_time"),
        )
        .select_from(rows)
        .group_by(*groups, day)
        .cte("marks")
    )


def _deepest(question: Question, totals: CTE, marks: CTE) -> CTE:
    """By group: the day from which equity fell deepest, by share where there is a balance, and the day of the bottom.

    Equity of the last mark, which no row stands for, is the final one: nothing was to come.
    """
    groups = question.paths
    depth = marks.c.fall if question.balance is None else marks.c.share
    columns = [marks.c[name] for name in groups]
    falls = (
        select(*columns, marks.c.day, marks.c.high, depth.label("depth"))
        .where(depth > ZERO)
        .order_by(*columns, depth.desc(), marks.c.day)
    )
    top = (falls.ext(distinct_on(*columns)) if columns else falls.limit(1)).subquery("top")
    ends = select(*(totals.c[name] for name in groups), _day_of(totals.c.last_exit).label("day"), ZERO.label("low"))
    bottoms = union_all(select(*columns, marks.c.day, marks.c.low), ends).subquery("bottoms")
    fall: Any = bottoms.c.low - top.c.high
    if question.balance is not None:
        net: Any = select(func.sum(totals.c.net)).scalar_subquery()
        if groups:
            net = select(totals.c.net).where(_same(totals, top, groups)).scalar_subquery()
        fall = fall / func.nullif(question.balance + net - top.c.high, ZERO)
    joined = top.outerjoin(bottoms, and_(_same(top, bottoms, groups), bottoms.c.day > top.c.day, fall == top.c.depth))
    utc: ColumnElement[str] = literal_column("'UTC'")
    top_columns = [top.c[name] for name in groups]
    return (
        select(
            *top_columns,
            cast(func.timezone(utc, top.c.day), Date).label("fell_from"),
            cast(func.timezone(utc, func.coalesce(func.min(bottoms.c.day), top.c.day)), Date).label("fell_to"),
        )
        .select_from(joined)
        .group_by(*top_columns, top.c.day)
        .cte("deepest")
    )


def _returns(question: Question, days: CTE) -> CTE:
    """By group: moments of the returns of days on which a trade was closed. All other days returned nothing."""
    groups = [days.c[name] for name in question.paths]
    earlier = func.sum(days.c.net).over(partition_by=groups or None, order_by=days.c.day, rows=(None, -1))
    begun = select(
        *groups, days.c.net, (literal(question.balance, ExactNumeric) + func.coalesce(earlier, ZERO)).label("equity")
    ).subquery("begun")
    change: Any = case((begun.c.equity > ZERO, cast(begun.c.net, Double) / cast(begun.c.equity, Double)))
    returned = select(*(begun.c[name] for name in question.paths), change.label("change")).subquery("returned")
    below = func.least(returned.c.change - question.risk_free_per_day, 0.0)
    groups = [returned.c[name] for name in question.paths]
    return (
        select(
            *groups,
            func.count().label("active_days"),
            func.sum(returned.c.change).label("return_sum"),
            func.regr_sxx(returned.c.change, returned.c.change).label("return_squares"),
            func.sum(below * below).label("downside_squares"),
            func.max(returned.c.change).label("best_day"),
            func.min(returned.c.change).label("worst_day"),
            func.bool_or(returned.c.change.is_(None)).label("is_ruined"),
        )
        .group_by(*groups)
        .cte("returns")
    )
