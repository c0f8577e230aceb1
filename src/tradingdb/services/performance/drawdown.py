"""The deepest fall of equity: from the marks of whole days, and from single trades only of days that could have it.

Everything is in terms of `to_come`, what was earned after a mark: the final equity less that is the equity, and a fall
from one mark to a later one is the difference of what was to come after each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CTE, Date, Double, and_, case, cast, false, func, literal, literal_column, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from tradingdb.core.types import UtcDateTime
from tradingdb.models import Trade
from tradingdb.services.performance.question import BEFORE, ZERO, Question, backwards, day_of, same

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

ENDLESS = literal_column("'Infinity'", Double)


def deepest(question: Question, totals: CTE, days: CTE, numbers: CTE | None) -> CTE:
    """By group: the largest falls in money and as a share, and UTC days of peak and bottom of the deepest.

    The deepest is that of the largest share, without a balance that of the largest amount.
    """
    names = question.paths
    falls = _falls(question, totals, days)
    inside = _inside(question, falls, numbers)
    of_day = and_(same(falls, inside, names), inside.c.day == falls.c.day, falls.c.is_doubtful)
    depths = (
        select(
            *(falls.c[name] for name in (*names, "place", "day", "low_after")),
            func.greatest(falls.c.fall, inside.c.fall).label("fall"),
            func.greatest(falls.c.share, inside.c.share).label("share"),
            inside.c.depth.label("depth_within"),
        )
        .select_from(falls.outerjoin(inside, of_day))
        .cte("depths")
    )
    depth = depths.c.fall if question.balance is None else depths.c.share
    groups = [depths.c[name] for name in names]
    ranked = select(depths, depth.label("depth")).where(depth > 0).order_by(*groups, depth.desc(), depths.c.day)
    top = (ranked.ext(distinct_on(*groups)) if groups else ranked.limit(1)).subquery("top")
    is_bottom = and_(
        same(falls, top, names),
        falls.c.place < top.c.place,
        falls.c.low == top.c.low_after,
        top.c.depth_within.is_distinct_from(top.c.depth),
    )
    bottom = select(func.min(falls.c.day)).where(is_bottom).correlate(top).scalar_subquery()
    largest = (
        select(
            *groups,
            func.greatest(func.max(depths.c.fall), ZERO).label("max_fall"),
            func.greatest(func.max(depths.c.share), 0.0).label("max_share"),
        )
        .group_by(*groups)
        .subquery("largest")
    )
    return (
        select(
            *(largest.c[name] for name in names),
            largest.c.max_fall,
            largest.c.max_share,
            _date(top.c.day).label("fell_from"),
            _date(func.coalesce(bottom, top.c.day)).label("fell_to"),
        )
        .select_from(largest.outerjoin(top, same(largest, top, names)))
        .cte("deepest")
    )


def _date(midnight: Any) -> ColumnElement[Any]:
    return cast(func.timezone(literal_column("'UTC'"), midnight), Date)


def _share(fall: Any, equity: Any) -> Any:
    """A fall as a share of the equity that it is from; NULL where that is not above zero."""
    return cast(fall, Double) / func.nullif(cast(func.greatest(equity, ZERO), Double), 0.0)


def _levels(question: Question, totals: CTE, days: CTE) -> CTE:
    """By group and day: the extremes of equity, beside what was earned in the whole.

    Equity is marked at the first entry, or at the start of the period, too, which is a level of its own.
    """
    names = question.paths
    groups = [totals.c[name] for name in names]
    first: Any = func.min(totals.c.first_entry)
    if question.selection.start is not None:
        first = func.greatest(first, literal(question.selection.start, UtcDateTime))
    net = func.sum(totals.c.net)
    whole = select(*groups, day_of(first).label("day"), net.label("net")).group_by(*groups).having(net.is_not(None))
    begun = whole.cte("begun")
    of_days = [days.c[name] for name in (*names, "day", "high", "low", "net")]
    of_start = [begun.c[name] for name in (*names, "day")]
    return union_all(
        select(*of_days, begun.c.net.label("whole"), false().label("is_start")).join(begun, same(days, begun, names)),
        select(*of_start, begun.c.net, begun.c.net, ZERO, begun.c.net, true()),
    ).cte("levels")


def _falls(question: Question, totals: CTE, days: CTE) -> CTE:
    """By group and day, last day first: the fall from the day's highest mark to the lowest of later days.

    A day is doubtful if a fall that ends in the day itself could be larger than all of these. Where equity was lost, the
    deepest fall by share need not be from the highest mark of a day, and all days before are doubtful.
    """
    names = question.paths
    levels = _levels(question, totals, days)
    window: dict[str, Any] = {
        "partition_by": [levels.c[name] for name in names] or None,
        "order_by": [levels.c.day.desc(), levels.c.is_start],
        "rows": BEFORE,
    }
    final = (question.balance or 0) + levels.c.whole
    later = select(
        *(levels.c[name] for name in (*names, "day", "high", "low")),
        final.label("final"),
        func.row_number().over(**window).label("place"),
        func.max(levels.c.low).over(**window).label("low_after"),
        func.coalesce(func.sum(levels.c.net).over(**window), ZERO).label("to_come"),
    ).subquery("later")
    lowest = func.greatest(later.c.low, later.c.low_after)
    peak = later.c.final - later.c.high
    could_be_any = and_(lowest > later.c.final, later.c.low > later.c.high, peak > ZERO)
    bounds = select(
        later,
        (later.c.low_after - later.c.high).label("fall"),
        _share(later.c.low_after - later.c.high, peak).label("share"),
        (lowest - later.c.high).label("most"),
        case((could_be_any, ENDLESS), else_=_share(lowest - later.c.high, peak)).label("most_share"),
    ).subquery("bounds")
    groups = [bounds.c[name] for name in names] or None
    is_doubtful = bounds.c.most > func.coalesce(func.max(bounds.c.fall).over(partition_by=groups), ZERO)
    if question.balance is not None:
        share = func.coalesce(func.max(bounds.c.share).over(partition_by=groups), 0.0)
        is_doubtful = or_(is_doubtful, func.coalesce(bounds.c.most_share > share, false()))
    return select(bounds, is_doubtful.label("is_doubtful")).cte("falls")


def _inside(question: Question, falls: CTE, numbers: CTE | None) -> CTE:
    """By group and doubtful day: the largest falls from any of its marks, and the deepest that ends in the day."""
    names = question.paths
    columns = (Trade.exit_time, Trade.outcome, Trade.pnl)
    closed = question.trades(*columns, numbers=numbers).where(Trade.pnl.is_not(None)).subquery("closed_again")
    of_day = and_(same(closed, falls, names), day_of(closed.c.exit_time) == falls.c.day, falls.c.is_doubtful)
    doubtful = (
        select(closed, *(falls.c[name] for name in ("day", "to_come", "low_after", "final")))
        .join(falls, of_day)
        .subquery("doubtful")
    )
    window = backwards(doubtful, names, "day")
    marks = select(
        doubtful,
        (doubtful.c.to_come + func.coalesce(func.sum(doubtful.c.pnl).over(**window), ZERO)).label("mark"),
        func.lag(doubtful.c.exit_time).over(**window).is_distinct_from(doubtful.c.exit_time).label("is_mark"),
    ).subquery("doubtful_marks")
    low = func.max(marks.c.mark).filter(marks.c.is_mark).over(**backwards(marks, names, "day"))
    lows = select(marks, low.label("low")).subquery("lows")
    fall = func.greatest(lows.c.low, lows.c.low_after) - lows.c.mark
    equity, within = lows.c.final - lows.c.mark, lows.c.low - lows.c.mark
    groups = [lows.c[name] for name in (*names, "day")]
    return (
        select(
            *groups,
            func.max(fall).label("fall"),
            func.max(_share(fall, equity)).label("share"),
            func.max(within if question.balance is None else _share(within, equity)).label("depth"),
        )
        .where(lows.c.is_mark)
        .group_by(*groups)
        .cte("inside")
    )
