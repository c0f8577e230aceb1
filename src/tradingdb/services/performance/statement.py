"""The one statement behind all figures: closed trades in, a row per group and currency out.

It reads the trades twice: in any order, in parallel, for what adds up; and in the order of their exits, from the last
one backwards, for what becomes of each UTC day. Returns and drawdown are made of days; trades are read again only of
days that could hold a deeper fall. Nothing but the result leaves the server. `docs/reference/performance.md` has the
formula of each figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CTE, Double, Interval, Label, Select, case, cast, func, literal, select, type_coerce

from tradingdb.core.types import ExactNumeric
from tradingdb.models import Instrument, Trade, TradeOutcome
from tradingdb.services.performance.dimensions import KEYS
from tradingdb.services.performance.drawdown import deepest
from tradingdb.services.performance.question import (
    BEFORE,
    CURRENCY,
    KEY,
    NUMBER,
    ZERO,
    Question,
    backwards,
    currency_of_instrument,
    day_of,
    same,
)
from tradingdb.services.reports.performance import gross_profit

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def statement(question: Question) -> Select[*tuple[Any, ...]]:
    """A row per group and currency, with the sums and extremes that the figures are made of."""
    parts = _parts(question)
    numbers = None if question.dimension is None else _numbers(parts)
    totals = _totals(question, parts)
    days = _days(question, numbers)
    answers = [_extremes(question, days), deepest(question, totals, days, numbers)]
    if question.balance is not None:
        answers.append(_returns(question, days))
    found: Any = totals
    for answer in answers:
        found = found.outerjoin(answer, same(totals, answer, question.paths))
    columns = [column for answer in answers for column in answer.c if column.key != NUMBER]
    order = [totals.c[name] for name in (KEY, CURRENCY) if name in totals.c]
    if question.dimension is not None:
        columns.append(KEYS[question.dimension].shown(totals.c[KEY]).label(KEY))
    columns += [column for column in totals.c if column.key != KEY]
    return select(*columns).select_from(found).order_by(*order)


def _parts(question: Question) -> CTE:
    """What trades add up to by key, instrument and outcome, which nothing needs to be joined for."""
    held = Trade.exit_time - Trade.entry_time
    counts: Label[bool] = Trade.pnl.is_not(None).label("has_pnl")
    found = question.trades(
        Trade.instrument_id,
        Trade.outcome,
        counts,
        func.count().label("trades"),
        func.sum(Trade.pnl).label("net"),
        gross_profit().label("gross_profit"),
        func.max(Trade.pnl).label("best"),
        func.min(Trade.pnl).label("worst"),
        func.sum(Trade.fees).label("fees"),
        func.count(Trade.pnl_r).label("r_count"),
        func.sum(Trade.pnl_r).label("r_sum"),
        func.sum(Trade.pnl_r * Trade.pnl_r).label("r_squares"),
        func.sum(held).label("held"),
        func.max(held).label("longest_held"),
        func.min(Trade.entry_time).label("first_entry"),
        func.max(Trade.exit_time).label("last_exit"),
    )
    keys = [column for column in found.selected_columns if column.key == KEY]
    return found.group_by(*keys, Trade.instrument_id, Trade.outcome, counts.element).cte("parts")


def _numbers(parts: CTE) -> CTE:
    """The number of the group that trades of a key and instrument are in; groups are of one key and currency."""
    currency = currency_of_instrument().element
    group: list[Any] = [parts.c[KEY], currency]
    return (
        select(parts.c[KEY], parts.c.instrument_id, func.dense_rank().over(order_by=group).label(NUMBER))
        .join(Instrument, Instrument.id == parts.c.instrument_id)
        .group_by(parts.c[KEY], parts.c.instrument_id, currency)
        .cte("numbers")
    )


def _totals(question: Question, parts: CTE) -> CTE:
    """What trades add up to by group. Those without a profit are only counted."""
    currency = currency_of_instrument()
    group: list[Any] = [currency.element]
    columns: list[Any] = [currency]
    if question.dimension is not None:
        group.insert(0, parts.c[KEY])
        columns = [parts.c[KEY], currency, func.dense_rank().over(order_by=group).label(NUMBER)]
    counts = parts.c.has_pnl
    is_win, is_loss = parts.c.outcome == TradeOutcome.WIN, parts.c.outcome == TradeOutcome.LOSS

    def total(name: str, *conditions: ColumnElement[bool]) -> Any:
        return func.sum(parts.c[name]).filter(counts, *conditions)

    columns += [
        total("trades").label("trades"),
        total("trades", is_win).label("wins"),
        total("trades", is_loss).label("losses"),
        func.sum(parts.c.trades).filter(~counts).label("without_pnl"),
        *(total(name).label(name) for name in ("net", "gross_profit", "fees", "r_count", "r_sum", "r_squares", "held")),
        (total("net") - func.coalesce(total("gross_profit"), ZERO)).label("gross_loss"),
        total("net", is_win).label("won"),
        total("net", is_loss).label("lost"),
        total("held", is_win).label("held_wins"),
        total("held", is_loss).label("held_losses"),
        *(func.max(parts.c[name]).filter(counts).label(name) for name in ("best", "longest_held", "last_exit")),
        *(func.min(parts.c[name]).filter(counts).label(name) for name in ("worst", "first_entry")),
    ]
    of_instrument = Instrument.id == parts.c.instrument_id
    return select(*columns).select_from(parts.join(Instrument, of_instrument)).group_by(*group).cte("totals")


def _days(question: Question, numbers: CTE | None) -> CTE:
    """By group and UTC day of exits: profit, extremes of equity, streaks, and time without an open trade.

    Read backwards, a row stands for the mark after its exit, where it was the last of its instant. Equity is the final
    one less `to_come`, what was earned later: its highest mark is where the least was to come. No trade was open
    between an exit and the first entry of all trades that were closed later.
    """
    partition = question.paths
    columns = (Trade.exit_time, Trade.entry_time, Trade.outcome, Trade.pnl)
    closed = question.trades(*columns, numbers=numbers).where(Trade.pnl.is_not(None)).subquery("closed")
    window = backwards(closed, partition)
    placed = select(
        *closed.c,
        func.row_number().over(**window).label("place"),
        func.lag(closed.c.exit_time).over(**window).is_distinct_from(closed.c.exit_time).label("is_mark"),
        func.lead(closed.c.outcome).over(**window).is_distinct_from(closed.c.outcome).label("is_edge"),
    ).subquery("placed")
    window = backwards(placed, partition)
    edge = func.max(placed.c.place).filter(placed.c.is_edge).over(**window)
    path = select(
        *(placed.c[name] for name in (*partition, "exit_time", "outcome", "pnl", "is_mark")),
        day_of(placed.c.exit_time).label("day"),
        func.coalesce(func.sum(placed.c.pnl).over(**window), ZERO).label("to_come"),
        func.min(placed.c.entry_time).over(**window).label("next_entry"),
        (placed.c.place - func.coalesce(edge, 0)).label("streak"),
    ).subquery("path")
    idle: Any = type_coerce(path.c.next_entry - path.c.exit_time, Interval)
    groups = [path.c[name] for name in (*partition, "day")]
    return (
        select(
            *groups,
            func.sum(path.c.pnl).label("net"),
            func.min(path.c.to_come).filter(path.c.is_mark).label("high"),
            func.max(path.c.to_come).filter(path.c.is_mark).label("low"),
            func.max(path.c.streak).filter(path.c.outcome == TradeOutcome.WIN).label("wins"),
            func.max(path.c.streak).filter(path.c.outcome == TradeOutcome.LOSS).label("losses"),
            func.sum(idle).filter(path.c.next_entry > path.c.exit_time).label("idle_time"),
        )
        .group_by(*groups)
        .cte("days")
    )


def _extremes(question: Question, days: CTE) -> CTE:
    """By group: the longest streaks, and all the time between the first entry and the last exit without a trade."""
    groups = [days.c[name] for name in question.paths]
    return (
        select(
            *groups,
            func.max(days.c.wins).label("win_streak"),
            func.max(days.c.losses).label("loss_streak"),
            func.sum(days.c.idle_time).label("idle_time"),
        )
        .group_by(*groups)
        .cte("extremes")
    )


def _returns(question: Question, days: CTE) -> CTE:
    """By group: moments of the returns of days on which a trade was closed. All other days returned nothing."""
    groups = [days.c[name] for name in question.paths]
    earlier = func.sum(days.c.net).over(partition_by=groups or None, order_by=days.c.day, rows=BEFORE)
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
