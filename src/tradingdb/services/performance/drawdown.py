"""The deepest fall of equity: from the marks of whole days, and from single trades only of days that could have it.

Everything is in terms of `to_come`, what was earned after a mark: the final equity less that is the equity, and a fall
from one mark to a later one is the difference of what was to come after each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CTE,
    Date,
    Double,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from tradingdb.core.types import UtcDateTime
from tradingdb.models import Trade
from tradingdb.services.performance.question import BEFORE, ZERO, Question, backwards, day_of, same

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def deepest(question: Question, totals: CTE, days: CTE, numbers: CTE | None) -> CTE:
    """By group: the largest falls in money and as a share, and UTC days of peak and bottom of the deepest.

    The deepest is that of the largest share, without a balance that of the largest amount; the first, if there are
    several. Its peak is in an earlier day, unless only marks of the day itself make it that deep.
    """
    names = question.paths
    falls = _falls(question, _levels(question, totals, days))
    inside = _inside(question, falls, numbers)
    of_day = and_(same(falls, inside, names), inside.c.day == falls.c.day, falls.c.is_doubtful)
    depth = "fall" if question.balance is None else "share"
    deeper = (
        select(
            *(falls.c[name] for name in (*names, "day", "peak")),
            *(func.coalesce(inside.c[name], falls.c[name]).label(name) for name in ("fall", "share")),
            func.coalesce(inside.c.is_within, false()).label("is_within"),
        )
        .select_from(falls.outerjoin(inside, of_day))
        .cte("deeper")
    )
    groups = [deeper.c[name] for name in names]
    ranked = select(deeper).where(deeper.c[depth] > 0).order_by(*groups, deeper.c[depth].desc(), deeper.c.day)
    top = (ranked.ext(distinct_on(*groups)) if groups else ranked.limit(1)).subquery("top")
    is_peak = and_(same(falls, top, names), falls.c.high == top.c.peak, falls.c.day <= top.c.day, ~top.c.is_within)
    peak_day = select(func.min(falls.c.day)).where(is_peak).correlate(top).scalar_subquery()
    largest = (
        select(
            *groups,
            func.greatest(func.max(deeper.c.fall), ZERO).label("max_fall"),
            func.greatest(func.max(deeper.c.share), 0.0).label("max_share"),
        )
        .group_by(*groups)
        .subquery("largest")
    )
    return (
        select(
            *(largest.c[name] for name in (*names, "max_fall", "max_share")),
            _date(func.coalesce(peak_day, top.c.day)).label("fell_from"),
            _date(top.c.day).label("fell_to"),
        )
        .select_from(largest.outerjoin(top, same(largest, top, names)))
        .cte("deepest")
    )


def _date(midnight: Any) -> ColumnElement[Any]:
    return cast(func.timezone(literal_column("'UTC'"), midnight), Date)


def _share(question: Question, fall: Any, peak: Any, earned: Any) -> ColumnElement[Any]:
    """A fall as a share of the equity at its peak; NULL without a balance.

    That equity is above zero for each highest mark so far, the first of which is the balance.
    """
    if question.balance is None:
        return cast(null(), Double)
    return cast(fall, Double) / func.nullif(cast(question.balance + earned - peak, Double), 0.0)


def _levels(question: Question, totals: CTE, days: CTE) -> CTE:
    """By group and day: the extremes of equity, and what was earned in the day and in the whole.

    Equity is marked at the first entry, or at the start of the period, too, which is a level of its own.
    """
    names = question.paths
    groups = [totals.c[name] for name in names]
    first: Any = func.min(totals.c.first_entry)
    if question.selection.start is not None:
        first = func.greatest(first, literal(question.selection.start, UtcDateTime))
    net = func.sum(totals.c.net)
    begun = select(*groups, day_of(first).label("day"), net.label("earned")).group_by(*groups).having(net.is_not(None))
    start = begun.cte("start")
    of_days = [days.c[name] for name in (*names, "day", "high", "low", "net")]
    of_start = [start.c[name] for name in (*names, "day", "earned", "earned")]
    return union_all(
        select(*of_days, start.c.earned, false().label("is_start")).join(start, same(days, start, names)),
        select(*of_start, ZERO, start.c.earned, true()),
    ).cte("levels")


def _falls(question: Question, levels: CTE) -> CTE:
    """By group and day: the fall to the day's lowest mark from the highest of earlier days, which is the peak.

    A day is doubtful if a fall from one of its own marks could be larger than all of these. If equity was lost in it,
    the share depends on which came first, since the same loss is a smaller share of a higher peak.
    """
    names = question.paths
    earlier: dict[str, Any] = {
        "partition_by": [levels.c[name] for name in names] or None,
        "order_by": [levels.c.day, levels.c.is_start.desc()],
        "rows": BEFORE,
    }
    earned_before = func.coalesce(func.sum(levels.c.net).over(**earlier), ZERO)
    reached = select(
        *(levels.c[name] for name in (*names, "day", "high", "low", "earned")),
        func.min(levels.c.high).over(**earlier).label("peak"),
        (levels.c.earned - levels.c.net - earned_before).label("to_come"),
    ).subquery("reached")
    fall, most = reached.c.low - reached.c.peak, reached.c.low - reached.c.high
    is_own_peak = reached.c.high < reached.c.peak
    depends: ColumnElement[bool] = false()
    if question.balance is not None:
        depends = and_(is_own_peak, reached.c.low > question.balance + reached.c.earned)
    measured = select(
        reached,
        is_own_peak.label("is_own_peak"),
        depends.label("depends"),
        fall.label("fall"),
        case((~depends, _share(question, fall, reached.c.peak, reached.c.earned))).label("share"),
        most.label("most"),
        _share(question, most, reached.c.high, reached.c.earned).label("most_share"),
    ).cte("measured")
    groups = [measured.c[name] for name in names]
    known = select(
        *groups,
        func.greatest(func.max(measured.c.fall), ZERO).label("fall"),
        func.greatest(func.max(measured.c.share), 0.0).label("share"),
    )
    known_falls = known.group_by(*groups).subquery("known")
    is_larger = or_(measured.c.most > known_falls.c.fall, measured.c.most_share > known_falls.c.share)
    is_doubtful = and_(measured.c.is_own_peak, or_(measured.c.depends, func.coalesce(is_larger, false())))
    return (
        select(measured, is_doubtful.label("is_doubtful"))
        .select_from(measured.join(known_falls, same(measured, known_falls, names)))
        .cte("falls")
    )


def _inside(question: Question, falls: CTE, numbers: CTE | None) -> CTE:
    """By group and doubtful day: the largest falls to any of its marks, from the highest mark before."""
    names = question.paths
    columns = (Trade.exit_time, Trade.outcome, Trade.pnl)
    closed = question.trades(*columns, numbers=numbers).where(Trade.pnl.is_not(None)).subquery("closed_again")
    of_day = and_(same(closed, falls, names), day_of(closed.c.exit_time) == falls.c.day, falls.c.is_doubtful)
    doubtful = (
        select(closed, *(falls.c[name] for name in ("day", "to_come", "peak", "earned")))
        .join(falls, of_day)
        .subquery("doubtful")
    )
    window = backwards(doubtful, names, "day")
    rows = select(
        *(doubtful.c[name] for name in (*names, "day", "exit_time", "peak", "earned")),
        (doubtful.c.to_come + func.coalesce(func.sum(doubtful.c.pnl).over(**window), ZERO)).label("to_come"),
        func.lag(doubtful.c.exit_time).over(**window).is_distinct_from(doubtful.c.exit_time).label("is_mark"),
    ).subquery("rows")
    marks = select(rows).where(rows.c.is_mark).subquery("marks")
    groups = [marks.c[name] for name in (*names, "day")]
    highest = func.min(marks.c.to_come).over(partition_by=groups, order_by=marks.c.exit_time, rows=BEFORE)
    peaks = select(
        *(marks.c[name] for name in (*names, "day", "earned", "to_come")),
        func.least(marks.c.peak, highest).label("peak"),
        func.coalesce(highest < marks.c.peak, false()).label("is_own"),
    ).subquery("peaks")
    groups = [peaks.c[name] for name in (*names, "day")]
    fall = peaks.c.to_come - peaks.c.peak
    share = _share(question, fall, peaks.c.peak, peaks.c.earned)
    depth = fall if question.balance is None else share
    own, earlier = func.max(depth).filter(peaks.c.is_own), func.max(depth).filter(~peaks.c.is_own)
    return (
        select(
            *groups,
            func.max(fall).label("fall"),
            func.max(share).label("share"),
            (own > func.coalesce(earlier, 0)).label("is_within"),
        )
        .group_by(*groups)
        .cte("inside")
    )
