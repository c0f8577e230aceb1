"""A real result: every figure that its engine reports is ours, or a written reason says whose definition differs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from freqtrade_results import a_result, a_strategy, a_trade
from tradingdb.database import WriteSession
from tradingdb.errors import NotFoundError
from tradingdb.services import backtests
from tradingdb.services.backtests import Agreement, FigureCheck, reported

D = Decimal
BY_RATIO, WHOLE_DAYS = reported.BY_RATIO, reported.WHOLE_DAYS

OTHERS = {
    "wins": (170, 48, BY_RATIO),
    "draws": (0, 122, BY_RATIO),
    "winner_holding_avg_s": (8220, 1440, BY_RATIO),
    "cagr": ("4.599438", "5.712688", WHOLE_DAYS),
    "trades_per_day": ("8.52", "9.42", WHOLE_DAYS),
    "max_drawdown": ("0.018740", "0.211423", reported.RATIO_DRAWDOWN),
    "csum_max": ("0.011174", "0.011069", reported.IN_FILE_ORDER),
    "best_pair": ("XLM/BTC", "LTC/BTC", reported.RATIO_SUM),
    "exit_reason_summary[roi].profit_total": ("0.177443", "0.305901", reported.SLOT_SHARE),
    "exit_reason_summary[stop_loss].profit_total": ("-0.060000", "-0.208977", reported.SLOT_SHARE),
    "exit_reason_summary[force_exit].profit_total": ("-0.013253", "-0.048944", reported.SLOT_SHARE),
}
"""Figures that differ: ours, the engine's, and why."""

SAME = {
    "total_trades": 179,
    "profit_total_abs": "0.001041902985",
    "profit_total": "0.104190298569",
    "final_balance": "0.011041902985",
    "losses": 9,
    "profit_factor": "2.422328873952",
    "max_drawdown_abs": "0.000200000000",
    "max_drawdown_account": "0.018740312808",
    "drawdown_start_ts": datetime(2018, 1, 16, 19, 30, tzinfo=UTC),
    "drawdown_end_ts": datetime(2018, 1, 16, 22, 25, tzinfo=UTC),
    "holding_avg_s": 13200,
    "loser_holding_avg_s": 107820,
    "worst_pair": "XMR/BTC",
    "winning_days": 19,
    "losing_days": 2,
    "results_per_pair[XLM/BTC].profit_total_abs": "0.000160651629",
    "results_per_pair[ADA/BTC].losses": 2,
    "results_per_pair[TOTAL].wins": 170,
    "results_per_pair[ZEC/BTC].duration_avg": None,
    "exit_reason_summary[roi].trades": 170,
    "exit_reason_summary[stop_loss].profit_total_abs": "-0.000600000000",
    "left_open_trades[TOTAL].profit_total_abs": "-0.000132533104",
    "results_per_enter_tag[buy_tag].profit_total_abs": "0.000045112781",
    "daily_profit[2018-01-10]": "0.000245614",
    "daily_profit[2018-01-25]": "-0.0000448622",
}
"""Some of those that are the same, so that the engine's report is read and not only agreed with. None: any text."""


def begins(value: object, digits: object) -> bool:
    if isinstance(value, Decimal):
        return f"{value:f}".startswith(str(digits)) if isinstance(digits, str) else value == digits
    return value == digits or (digits is None and isinstance(value, str))


async def checks_of(session: WriteSession, run: backtests.ImportReport) -> dict[str, FigureCheck]:
    return {check.name: check for check in await backtests.check_reported(session, run.run_id)}


async def test_figures_are_those_of_the_engine(session: WriteSession, market_data: Path) -> None:
    (report,) = await backtests.import_freqtrade(session, market_data / "backtest-result.json")
    assert report.trades_inserted == 179
    assert "profit of 179 of 179 trades is before fees" in report.notes[1]
    checks = await checks_of(session, report)
    agreements = Counter(check.agreement for check in checks.values())
    assert agreements == {Agreement.SAME: 228, Agreement.OTHER_DEFINITION: len(OTHERS)}
    for name, (ours, engine, reason) in OTHERS.items():
        check = checks[name]
        assert (check.agreement, check.reason) == (Agreement.OTHER_DEFINITION, reason), name
        assert begins(check.ours, ours), check
        assert begins(check.reported, engine), check
    for name, expected in SAME.items():
        assert checks[name].agreement is Agreement.SAME, name
        assert begins(checks[name].reported, expected), checks[name]


async def test_a_figure_that_was_changed_is_unexplained(session: WriteSession) -> None:
    figures = {
        "profit_total_abs": D("19.5801"),
        "wins": 1,
        "profit_factor": D("0.0"),
        "results_per_pair": [{"key": "ETH/USDT", "trades": 0, "profit_total_abs": D("0.0"), "duration_avg": "0:00"}],
        "daily_profit": [["2024-03-01", D("19.58")], ["2024-03-02", D("0.0")]],
        "drawdown_start_ts": 0,
        "max_drawdown_abs": 0,
        "best_pair": {"key": "LTC/USDT"},
    }
    (report,) = await backtests.import_freqtrade(session, a_result(X=a_strategy(a_trade(), **figures)))
    checks = await checks_of(session, report)
    unexplained = {name for name, check in checks.items() if check.agreement is Agreement.UNEXPLAINED}
    assert unexplained == {"profit_total_abs", "daily_profit[2024-03-02]", "best_pair"}
    assert checks["profit_factor"].reason == reported.NO_LOSS
    assert checks["profit_factor"].ours is None
    assert checks["results_per_pair[ETH/USDT].duration_avg"].agreement is Agreement.SAME


async def test_a_run_without_an_engines_figures_has_nothing_to_compare(session: WriteSession) -> None:
    (report,) = await backtests.import_freqtrade(session, a_result(X=a_strategy(a_trade())))
    await session.execute(text("UPDATE backtest_results SET figures = '{}'"))
    with pytest.raises(NotFoundError, match=f"The run {report.run_id} has no figures"):
        await backtests.check_reported(session, report.run_id)
