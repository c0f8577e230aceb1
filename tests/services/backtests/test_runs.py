"""Runs are named, listed and compared; their figures are what their trades add up to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from freqtrade_results import a_result, a_strategy, a_trade
from tradingdb.core.ids import uuid7
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.services import backtests
from tradingdb.services.backtests import Presence

D = Decimal
START = datetime(2024, 3, 1, tzinfo=UTC)


async def imported(session: WriteSession, *trades: dict[str, Any], **different: Any) -> backtests.ImportReport:
    (report,) = await backtests.import_freqtrade(session, a_result(Cross=a_strategy(*trades, **different)), venue="okx")
    return report


def ended(profit: Decimal, minute: int) -> dict[str, Any]:
    return a_trade(profit_abs=profit, open_date=START.isoformat(), close_date=str(START + timedelta(minutes=minute)))


profits = st.lists(
    st.tuples(st.sampled_from([D("-7.5"), D(-3), D(0), D("1e-12"), D("2.25"), D(40)]), st.integers(1, 5)), max_size=12
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profits=profits)
async def test_figures_are_what_the_trades_add_up_to(session: WriteSession, profits: list[tuple[Decimal, int]]) -> None:
    """The same, one by one and in Python: balances at the instants of exits, falls from peaks, streaks."""
    async with session.begin_nested() as savepoint:
        report = await imported(session, *(ended(profit, minute) for profit, minute in profits))
        found = await backtests.figures_of(session, report.run_id)
        curve = (await session.execute(text("SELECT equity FROM backtest_equity ORDER BY at"))).scalars().all()
        await savepoint.rollback()
    by_minute = groupby(sorted(profits, key=lambda one: one[1]), key=lambda one: one[1])
    balances, peak, falls = [D(1000)], D(1000), [D(0)]
    for _, group in by_minute:
        balances.append(balances[-1] + sum(profit for profit, _ in group))
        peak = max(peak, balances[-1])
        falls.append(peak - balances[-1])
    won, lost = [p for p, _ in profits if p > 0], [-p for p, _ in profits if p < 0]
    assert list(curve) == balances
    assert (found.trades, found.wins, found.losses) == (len(profits), len(won), len(lost))
    assert (found.net_pnl, found.final_balance) == (sum(won) - sum(lost), balances[-1])
    assert (found.gross_profit, found.gross_loss, found.max_drawdown_amount or 0) == (sum(won), -sum(lost), max(falls))
    assert (found.profit_factor is None) == (not lost)


async def test_streaks_and_drawdown(session: WriteSession) -> None:
    changes = [5, -100, -60, 200, 30, 30, 0, 10, -155]
    report = await imported(session, *(ended(D(change), minute) for minute, change in enumerate(changes, 1)))
    found = await backtests.figures_of(session, report.run_id)
    assert (found.longest_win_streak, found.longest_loss_streak, found.breakeven) == (3, 2, 1)
    assert found.max_drawdown_amount == 160
    assert found.max_drawdown == pytest.approx(160 / 1005)
    assert found.days == 2, "that were tested"


async def test_runs_are_named_by_the_beginning_of_their_id(session: WriteSession) -> None:
    first, second = await imported(session, a_trade()), await imported(session)
    name = str(first.run_id)
    assert await backtests.run_named(session, name.upper()) == first.run_id
    assert await backtests.run_named(session, name[:30]) == first.run_id
    with pytest.raises(NotFoundError, match="No run's id begins with 00000000-"):
        await backtests.run_named(session, "00000000-")
    with pytest.raises(InvalidValueError, match="is no id of a run"):
        await backtests.run_named(session, "%")
    await session.execute(
        text("INSERT INTO backtest_runs (id, config_id) SELECT :id, config_id FROM backtest_runs LIMIT 1"),
        {"id": f"{name[:34]}{'00' if name[-2:] != '00' else '11'}"},
    )
    with pytest.raises(InvalidValueError, match=f"More than one run's id begins with {name[:34]}"):
        await backtests.run_named(session, name[:34])
    listed = {run.id: run for run in await backtests.runs(session)}
    assert (listed[first.run_id].net_profit, listed[second.run_id].trades, len(listed)) == (D("19.58"), 0, 3)
    assert len(await backtests.runs(session, limit=1)) == 1


async def test_two_runs_beside_each_other(session: WriteSession) -> None:
    eth = a_trade(pair="ETH/USDT", open_date="2024-03-01 09:00:00+00:00")
    first = await imported(session, a_trade(), a_trade(close_date="2024-03-01 13:00:00+00:00"), eth)
    second = await imported(session, a_trade(), a_trade(profit_abs=D("-1.5")), a_trade(is_short=True))
    found = await backtests.compare(session, first.run_id, second.run_id)
    assert (found.in_both, found.with_other_pnl, found.only_first, found.only_second) == (2, 1, 1, 1)
    assert [(t.presence, t.symbol, t.direction, t.first_pnl, t.second_pnl) for t in found.trades] == [
        (Presence.FIRST, "ETH/USDT", "long", D("19.58"), None),
        (Presence.BOTH, "LTC/USDT", "long", found.trades[1].first_pnl, found.trades[1].second_pnl),
        (Presence.SECOND, "LTC/USDT", "short", None, D("19.58")),
    ]
    assert {found.trades[1].first_pnl, found.trades[1].second_pnl} == {D("19.58"), D("-1.5")}
    figures = {pair.name: pair for pair in found.figures}
    assert (figures["net_pnl"].first, figures["net_pnl"].second) == (D("58.74"), D("37.66"))
    assert figures["net_pnl"].difference == D("-21.08")
    assert (figures["profit_factor"].first, figures["profit_factor"].difference) == (None, None)
    assert figures["average_holding"].difference == -30 * 60
    assert len((await backtests.compare(session, first.run_id, second.run_id, limit=1)).trades) == 1

    other = await imported(session, stake_currency="BTC", pairlist=["LTC/BTC"])
    with pytest.raises(InvalidValueError, match="One run counts in USDT, the other in BTC"):
        await backtests.compare(session, first.run_id, other.run_id)
    with pytest.raises(InvalidValueError, match="compared with itself"):
        await backtests.compare(session, first.run_id, first.run_id)
    with pytest.raises(NotFoundError, match="There is no run"):
        await backtests.compare(session, first.run_id, uuid7())
