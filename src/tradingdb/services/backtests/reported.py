"""Our figures beside those that the engine reports, one by one, with the reason where a definition differs.

Each figure is computed by PostgreSQL from the stored trades: first as this package defines it, then, where that is not
what the engine reports, as versions of the engine define it. What no definition explains is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from tradingdb.errors import NotFoundError
from tradingdb.models import BacktestResult
from tradingdb.services.backtests.figures import CLOSED, EQUITY, figures_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from tradingdb.database import ReadSession
    from tradingdb.services.performance import Summary

SAME = Decimal("1e-9")
"""Relative difference up to which a sum of floats is the same as the exact sum."""

BY_RATIO = "the engine counts by the sign of profit_ratio, we by the sign of the profit"
WHOLE_DAYS = "the engine counts whole days between the first and the last candle, we every day (UTC) that was touched"
NO_LOSS = "the engine says 0 where nothing was lost, we say nothing"
RATIO_SUM = "older versions add up profit ratios, we amounts"
RATIO_DRAWDOWN = "older versions take the fall of the sum of profit ratios, we the share of the balance's peak"
SLOT_SHARE = "older versions divide the sum of profit ratios by max_open_trades, we the amount by the initial balance"
ONE_BY_ONE = "the engine counts trades of one instant one by one, we the balance after all of them"
FROM_FIRST = "older versions take the balance after the first trade as the first peak, we the initial balance"
IN_FILE_ORDER = "the engine adds up trades in the order of the file, that of entries, we in that of exits"
AT_DEEPEST = "the engine tells the share at the deepest fall by amount, we the deepest share"


class Agreement(StrEnum):
    """How a reported figure stands to ours."""

    SAME = "same"
    OTHER_DEFINITION = "other_definition"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class FigureCheck:
    """One figure: what the engine reports, and what we compute from the stored trades."""

    name: str
    reported: Decimal | datetime | str | None
    ours: Decimal | datetime | str | None
    agreement: Agreement
    reason: str | None = None
    """Whose definition differs and how, where one does."""


Value = Any
"""Decimal, int, datetime, text or None."""

Definitions = list[tuple[Value, str | None]]
"""What a figure comes to: first by our definition, then by others, each with its reason."""

_BY_OTHER_DEFINITIONS = f"""
WITH {CLOSED}, {EQUITY},
    ratios AS (
        SELECT exit_time AS at, sum(sum(ratio)) OVER (ORDER BY exit_time) AS total FROM closed GROUP BY exit_time
    ),
    ratio_falls AS (SELECT max(total) OVER (ORDER BY at) - total AS fall FROM ratios),
    deepest AS (SELECT at, equity, peak FROM equity ORDER BY peak - equity DESC, at LIMIT 1),
    one_by_one AS (
        SELECT exit_time, position, sum(pnl) OVER (ORDER BY exit_time, position) AS gained,
               sum(pnl) OVER (ORDER BY position) AS gained_in_file
        FROM closed
    ),
    peaks AS (SELECT *, max(gained) OVER (ORDER BY exit_time, position) AS peak FROM one_by_one)
SELECT count(*) FILTER (WHERE ratio > 0) AS ratio_wins,
       count(*) FILTER (WHERE ratio < 0) AS ratio_losses,
       count(*) FILTER (WHERE ratio = 0) AS ratio_draws,
       avg(extract(epoch FROM exit_time - entry_time)) FILTER (WHERE ratio > 0) AS ratio_winner_holding,
       avg(extract(epoch FROM exit_time - entry_time)) FILTER (WHERE ratio < 0) AS ratio_loser_holding,
       avg(ratio) AS ratio_mean,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio))::numeric AS ratio_median,
       count(*) FILTER (WHERE direction = 'long') AS longs,
       count(*) FILTER (WHERE direction = 'short') AS shorts,
       coalesce(sum(pnl) FILTER (WHERE direction = 'long'), 0) AS long_profit,
       coalesce(sum(pnl) FILTER (WHERE direction = 'short'), 0) AS short_profit,
       avg(pnl) FILTER (WHERE pnl > 0) / nullif(-avg(pnl) FILTER (WHERE pnl < 0), 0) AS risk_reward,
       (SELECT max(fall) FROM ratio_falls) AS ratio_drawdown,
       (SELECT (peak - equity) / peak FROM deepest) AS share_at_deepest,
       (SELECT min(equity.at) FROM equity, deepest
        WHERE equity.equity = deepest.peak AND equity.equity > deepest.equity) AS fell_from,
       (SELECT at FROM deepest WHERE equity < peak) AS fell_to,
       (SELECT peak - initial_balance FROM deepest, told) AS high,
       (SELECT equity - initial_balance FROM deepest, told) AS low,
       (SELECT min(equity) FROM equity WHERE at IN (SELECT exit_time FROM closed)) AS lowest_balance,
       (SELECT max(equity) FROM equity WHERE at IN (SELECT exit_time FROM closed)) AS highest_balance,
       (SELECT min(initial_balance + gained_in_file) FROM one_by_one, told) AS lowest_in_file,
       (SELECT max(initial_balance + gained_in_file) FROM one_by_one, told) AS highest_in_file,
       (SELECT max(greatest(peak, 0) - gained) FROM peaks) AS fall_one_by_one,
       (SELECT max(peak - gained) FROM peaks) AS fall_from_first
FROM closed
"""  # noqa: S608 - parts of this package

_DAYS = f"""
WITH {CLOSED},
    days AS (
        SELECT (exit_time AT TIME ZONE 'UTC')::date AS day, sum(pnl) AS profit, sum(ratio) AS ratio
        FROM closed GROUP BY 1
    ),
    calendar AS (SELECT generate_series(min(day), max(day), interval '1 day')::date AS day FROM days)
SELECT day::text AS day, coalesce(profit, 0) AS profit, coalesce(ratio, 0) AS ratio
FROM calendar LEFT JOIN days USING (day) ORDER BY day
"""  # noqa: S608 - same

_GROUPS = f"""
WITH {CLOSED}
SELECT {{key}} AS key, count(*) AS trades, sum(pnl) AS profit_total_abs, sum(ratio) AS profit_sum,
       avg(ratio) AS profit_mean,
       count(*) FILTER (WHERE outcome = 'win') AS wins,
       count(*) FILTER (WHERE outcome = 'breakeven') AS draws,
       count(*) FILTER (WHERE outcome = 'loss') AS losses,
       avg(extract(epoch FROM exit_time - entry_time)) / 60 AS minutes
FROM closed JOIN instruments ON instruments.id = closed.instrument_id
WHERE {{condition}}
GROUP BY GROUPING SETS (({{key}}), ())
HAVING count(*) > 0
"""  # noqa: S608 - same

_TABLES = {
    "results_per_pair": ("symbol", "true"),
    "left_open_trades": ("symbol", "exit_word = 'force_exit'"),
    "exit_reason_summary": ("exit_word", "true"),
    "results_per_enter_tag": ("entry_word", "true"),
}
"""The engine's tables: what they are grouped by, and of which trades."""


async def check_reported(session: ReadSession, run_id: UUID) -> list[FigureCheck]:
    """Every figure of the engine's report that can be computed from trades, beside ours.

    Left out are what needs more than trades (market change, rejected signals), and risk ratios (Sharpe, Sortino,
    Calmar, SQN), which the engine computes from trades where others take daily returns.

    Raises:
        NotFoundError: the run has no result with figures of an engine.
    """
    reported = await session.scalar(select(BacktestResult.figures).where(BacktestResult.run_id == run_id))
    if not reported:
        raise NotFoundError(f"The run {run_id} has no figures of an engine to compare with.")
    ours = await figures_of(session, run_id)
    other = (await session.execute(text(_BY_OTHER_DEFINITIONS), {"run_id": run_id})).one()._asdict()
    days = [row._asdict() for row in await session.execute(text(_DAYS), {"run_id": run_id})]
    checks = [
        _check(name, reported[name], definitions)
        for name, definitions in (
            _sums(ours, other)
            | _counts(ours, other)
            | _risks(ours, other)
            | _times(ours, other, reported)
            | _of_days(days)
        ).items()
        if name in reported
    ]
    if "daily_profit" in reported:
        checks += _daily(reported["daily_profit"], {row["day"]: row["profit"] for row in days})
    for table, (key, condition) in _TABLES.items():
        if table not in reported:
            continue
        groups = await session.execute(text(_GROUPS.format(key=key, condition=condition)), {"run_id": run_id})
        found = {row.key or "TOTAL": row._asdict() for row in groups}
        checks += _table(table, reported[table], found, ours.initial_balance or Decimal(1), reported)
        if table == "results_per_pair":
            checks += _extremes(reported, found)
    return checks


def _sums(ours: Summary, other: Mapping[str, Value]) -> dict[str, Definitions]:
    start = ours.initial_balance or Decimal(1)
    return {
        "profit_total_abs": [(ours.net_pnl, None)],
        "profit_total": [(ours.net_pnl / start, None)],
        "profit_total_long_abs": [(other["long_profit"], None)],
        "profit_total_short_abs": [(other["short_profit"], None)],
        "profit_total_long": [(other["long_profit"] / start, None)],
        "profit_total_short": [(other["short_profit"] / start, None)],
        "starting_balance": [(start, None)],
        "final_balance": [(ours.final_balance, None)],
        "profit_mean": [(other["ratio_mean"] or 0, None)],
        "profit_median": [(other["ratio_median"] or 0, None)],
        "profit_factor": [(ours.profit_factor, None), (0 if ours.profit_factor is None else None, NO_LOSS)],
        "expectancy": [(ours.expectancy or 0, None)],
        "expectancy_ratio": [
            (
                None
                if other["risk_reward"] is None
                else (1 + other["risk_reward"]) * _share(ours.wins, ours.trades) - 1,
                None,
            ),
            (100 if other["risk_reward"] is None else None, "the engine says 100 where there is no average loss"),
        ],
    }


def _counts(ours: Summary, other: Mapping[str, Value]) -> dict[str, Definitions]:
    return {
        "total_trades": [(ours.trades, None)],
        "trade_count_long": [(other["longs"], None)],
        "trade_count_short": [(other["shorts"], None)],
        "wins": [(ours.wins, None), (other["ratio_wins"], BY_RATIO)],
        "losses": [(ours.losses, None), (other["ratio_losses"], BY_RATIO)],
        "draws": [(ours.breakeven, None), (other["ratio_draws"], BY_RATIO)],
        "winrate": [(ours.win_rate or 0, None), (_share(other["ratio_wins"], ours.trades), BY_RATIO)],
    }


def _share(part: int, whole: int) -> Decimal:
    return Decimal(part) / whole if whole else Decimal(0)


def _risks(ours: Summary, other: Mapping[str, Value]) -> dict[str, Definitions]:
    return {
        "max_drawdown_abs": [
            (ours.max_drawdown_amount or 0, None),
            (other["fall_one_by_one"] or 0, ONE_BY_ONE),
            (other["fall_from_first"] or 0, FROM_FIRST),
        ],
        "max_drawdown_account": [(ours.max_drawdown or 0, None), (other["share_at_deepest"], AT_DEEPEST)],
        "max_relative_drawdown": [(ours.max_drawdown or 0, None)],
        "max_drawdown": [(ours.max_drawdown or 0, None), (other["ratio_drawdown"], RATIO_DRAWDOWN)],
        "max_drawdown_high": [(other["high"], None)],
        "max_drawdown_low": [(other["low"], None)],
        "drawdown_start_ts": [(other["fell_from"] or datetime(1970, 1, 1, tzinfo=UTC), None)],
        "drawdown_end_ts": [(other["fell_to"] or datetime(1970, 1, 1, tzinfo=UTC), None)],
        "csum_min": [(other["lowest_balance"], None), (other["lowest_in_file"], IN_FILE_ORDER)],
        "csum_max": [(other["highest_balance"], None), (other["highest_in_file"], IN_FILE_ORDER)],
    }


def _times(ours: Summary, other: Mapping[str, Value], reported: Mapping[str, Value]) -> dict[str, Definitions]:
    definitions: dict[str, Definitions] = {
        "holding_avg_s": [(_whole_minutes(ours.average_holding), None)],
        "winner_holding_avg_s": [
            (_whole_minutes(ours.average_holding_of_wins), None),
            (_whole_minutes(other["ratio_winner_holding"]), BY_RATIO),
        ],
        "loser_holding_avg_s": [
            (_whole_minutes(ours.average_holding_of_losses), None),
            (_whole_minutes(other["ratio_loser_holding"]), BY_RATIO),
        ],
        "cagr": [(ours.cagr, None)],
        "trades_per_day": [(round(Decimal(ours.trades) / max(ours.days, 1), 2), None)],
    }
    days = reported.get("backtest_days")
    if isinstance(days, int) and days > 0:
        definitions["trades_per_day"].append((round(Decimal(ours.trades) / days, 2), WHOLE_DAYS))
        if ours.final_balance and ours.initial_balance and ours.final_balance > 0:
            growth = (ours.final_balance / ours.initial_balance) ** (Decimal(365) / days) - 1
            definitions["cagr"].append((growth, WHOLE_DAYS))
    return definitions


def _whole_minutes(held: timedelta | Decimal | None) -> Decimal:
    """Seconds, as the engine rounds: to minutes, half to even; nothing is zero."""
    seconds = Decimal(held.total_seconds()) if isinstance(held, timedelta) else held or Decimal(0)
    return Decimal(round(seconds / 60) * 60)


def _of_days(days: Any) -> dict[str, Definitions]:
    """Days in UTC by when trades were closed, also those without any between the first and the last."""
    if not days:
        return {}
    profits, ratios = [round(row["profit"], 10) for row in days], [row["ratio"] for row in days]
    return {
        "backtest_best_day_abs": [(max(profits), None)],
        "backtest_worst_day_abs": [(min(profits), None)],
        "backtest_best_day": [(max(ratios), None)],
        "backtest_worst_day": [(min(ratios), None)],
        "winning_days": [(sum(profit > 0 for profit in profits), None)],
        "draw_days": [(sum(profit == 0 for profit in profits), None)],
        "losing_days": [(sum(profit < 0 for profit in profits), None)],
    }


def _daily(reported: list[Any], ours: dict[str, Decimal]) -> Iterator[FigureCheck]:
    """Profit of each day, which the engine rounds to ten places."""
    told = {str(day): profit for day, profit in reported}
    for day in sorted(told.keys() | ours.keys()):
        profit = ours.get(day)
        yield _check(f"daily_profit[{day}]", told.get(day), [(None if profit is None else round(profit, 10), None)])


def _table(
    table: str,
    reported: list[Mapping[str, Any]],
    found: Mapping[str, Mapping[str, Value]],
    initial_balance: Decimal,
    figures: Mapping[str, Any],
) -> Iterator[FigureCheck]:
    """The rows of one of the engine's tables. A row of nothing, as of a pair that was never traded, is all zeros."""
    slots = figures.get("max_open_trades")
    for row in reported:
        key = row.get("key", row.get("exit_reason"))
        ours = found.get(key) or dict.fromkeys(
            ("trades", "profit_total_abs", "profit_sum", "profit_mean", "wins", "draws", "losses", "minutes"),
            Decimal(0),
        )
        share: Definitions = [(ours["profit_total_abs"] / initial_balance, None)]
        if slots:
            share.append((ours["profit_sum"] / Decimal(str(slots)), SLOT_SHARE))
        duration = str(timedelta(minutes=round(ours["minutes"]))) if ours["trades"] else "0:00"
        definitions: dict[str, Definitions] = {
            name: [(ours[name], None)]
            for name in ("trades", "wins", "draws", "losses", "profit_total_abs", "profit_sum", "profit_mean")
        }
        definitions |= {"profit_total": share, "duration_avg": [(duration, None)]}
        for name, told in definitions.items():
            if name in row:
                yield _check(f"{table}[{key}].{name}", row[name], told)


def _extremes(reported: Mapping[str, Any], found: Mapping[str, Mapping[str, Value]]) -> Iterator[FigureCheck]:
    """The best and the worst pair. One that was never traded stands at zero."""
    pairs = [row["key"] for row in reported["results_per_pair"] if row["key"] != "TOTAL"]

    def ranked(column: str) -> list[str]:
        return sorted(pairs, key=lambda pair: found[pair][column] if pair in found else Decimal(0))

    by_amount, by_ratio = ranked("profit_total_abs"), ranked("profit_sum")
    for name, place in (("best_pair", -1), ("worst_pair", 0)):
        if pairs and isinstance(reported.get(name), dict):
            told = reported[name].get("key")
            yield _check(name, told, [(by_amount[place], None), (by_ratio[place], RATIO_SUM)])


def _check(name: str, told: Value, definitions: Definitions) -> FigureCheck:
    ours = _plain(definitions[0][0])
    reported: Value = told
    for value, reason in definitions:
        reported = _as_kind_of(value, told)
        if _is_same(reported, _plain(value)):
            agreement = Agreement.SAME if reason is None else Agreement.OTHER_DEFINITION
            return FigureCheck(name, reported, ours, agreement, reason)
    return FigureCheck(name, _as_kind_of(ours, told), ours, Agreement.UNEXPLAINED)


def _plain(value: Value) -> Value:
    return Decimal(repr(value)) if isinstance(value, (int, float)) else value


def _as_kind_of(value: Value, told: Value) -> Value:
    """A reported value, which JSON has as text or number, as what it is compared with."""
    if isinstance(value, datetime) and told is not None:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(Decimal(str(told))))
    if isinstance(value, str) or told is None or isinstance(told, (dict, list)):
        return told
    return Decimal(str(told))


def _is_same(reported: Value, ours: Value) -> bool:
    if isinstance(reported, Decimal) and isinstance(ours, Decimal):
        return abs(reported - ours) <= SAME * max(abs(reported), abs(ours))
    return bool(reported == ours) and type(reported) is type(ours)
