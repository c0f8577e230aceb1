"""Every figure of a summary is what empyrical, or a plain loop over the same trades, says."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import independent
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ledgers import BALANCE, START, Closed, World, closed, crowded, histories, make_world, store

from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, MixedCurrenciesError, NotFoundError
from tradingdb.models import PortfolioSnapshot, Trade, TradeOutcome
from tradingdb.services import performance
from tradingdb.services.performance import Summary
from tradingdb.timeseries import partitions

EXAMPLES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest_asyncio.fixture(loop_scope="session")
async def world(session: WriteSession) -> World:
    return await make_world(session)


def near(expected: float) -> Any:
    """Equal to 1e-9 of the number, or of one: ratios may cancel to next to nothing."""
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def number(value: Fraction | None) -> Any:
    return None if value is None else pytest.approx(float(value), rel=1e-9)


async def summary_of(session: WriteSession, trades: list[Trade], **asked: Any) -> Summary:
    """The summary with these trades, which are then taken away again."""
    async with session.begin_nested() as savepoint:
        await store(session, trades)
        found = await performance.summary(session, **asked)
        await savepoint.rollback()
    session.expunge_all()
    return found


def check_returns(found: Summary, trades: list[Closed], end: datetime, periods: float, free: float) -> None:
    returns = independent.daily_returns(trades, BALANCE, min(t.entry for t in trades), end)
    expected = independent.of_returns(returns, periods=periods, risk_free_per_day=free / periods)
    assert found.days == len(returns)
    for name in ("total_return", "cagr"):
        assert getattr(found, name) == near(expected[name]), name
    is_steady = len(set(returns)) == 1
    for name in ("volatility", "sharpe", "sortino"):
        value = getattr(found, name)
        if not math.isfinite(expected[name]) or (is_steady and name == "sharpe"):
            assert value is None, name
        elif is_steady and name == "volatility":
            assert value == 0
        else:
            assert value == near(expected[name]), name
    assert (found.best_day, found.worst_day) == (number(max(returns)), number(min(returns)))


def check_drawdown(found: Summary, trades: list[Closed]) -> None:
    amount, share = independent.deepest(trades, BALANCE)
    assert found.max_drawdown_amount is not None
    assert Fraction(found.max_drawdown_amount) == amount, "money is exact"
    assert found.max_drawdown == near(float(share))
    assert found.max_drawdown == near(independent.drawdown_of_empyrical(trades, BALANCE))
    assert found.calmar == (near(found.cagr / float(share)) if share and found.cagr is not None else None)
    if share:
        marks = independent.marks(trades, BALANCE)
        pairs = {
            (at.astimezone(UTC).date(), later.astimezone(UTC).date())
            for place, (at, peak) in enumerate(marks)
            for later, low in marks[place:]
            if math.isclose(float(1 - low / peak), float(share), rel_tol=1e-12)
        }
        assert (found.drawdown_from, found.drawdown_to) in pairs
    else:
        assert (found.drawdown_from, found.drawdown_to) == (None, None)


def check_trades(found: Summary, trades: list[Closed]) -> None:
    pnl = [Fraction(trade.pnl) for trade in trades]
    wins, losses = [p for p in pnl if p > 0], [p for p in pnl if p < 0]
    assert (found.trades, found.wins, found.losses, found.breakeven) == (
        len(pnl), len(wins), len(losses), len(pnl) - len(wins) - len(losses),
    )  # fmt: skip
    assert Fraction(found.net_pnl) == sum(pnl)
    assert (Fraction(found.gross_profit), Fraction(found.gross_loss)) == (sum(wins), sum(losses))
    assert found.win_rate == number(Fraction(len(wins), len(pnl)))
    assert found.profit_factor == number(sum(wins) / -sum(losses) if losses else None)
    averages = [sum(side) / Fraction(len(side)) if side else None for side in (wins, losses)]
    assert [found.average_win, found.average_loss] == averages or [
        found.average_win and float(found.average_win),
        found.average_loss and float(found.average_loss),
    ] == [number(each) for each in averages]
    assert found.payoff == number(-averages[0] / averages[1] if averages[0] and averages[1] else None)
    assert found.expectancy is not None
    assert float(found.expectancy) == number(sum(pnl) / len(pnl))
    assert (Fraction(found.best_trade or 0), Fraction(found.worst_trade or 0)) == (max(pnl), min(pnl))
    assert found.longest_win_streak == independent.longest_run(trades, TradeOutcome.WIN)
    assert found.longest_loss_streak == independent.longest_run(trades, TradeOutcome.LOSS)


def check_r_and_times(found: Summary, trades: list[Closed], start: datetime, end: datetime) -> None:
    multiples = [float(trade.pnl_r) for trade in trades if trade.pnl_r is not None]
    assert found.trades_with_r == len(multiples)
    assert found.average_r == (near(sum(multiples) / len(multiples)) if multiples else None)
    if len(set(multiples)) > 1:
        mean = math.fsum(multiples) / len(multiples)
        deviation = math.sqrt(math.fsum((r - mean) ** 2 for r in multiples) / (len(multiples) - 1))
        assert found.sqn == near(math.sqrt(len(multiples)) * mean / deviation)
    else:
        assert found.sqn is None
    if end > start:
        share = independent.time_in_market(trades, start, end) / (end - start)
        assert found.exposure == near(share)
    held = [trade.exit - trade.entry for trade in trades]
    assert found.average_holding is not None
    assert found.average_holding.total_seconds() == pytest.approx(
        sum(held, timedelta()).total_seconds() / len(held), abs=1e-6
    )
    assert found.longest_holding == max(held)


@EXAMPLES
@given(trades=histories(), periods=st.sampled_from([252, 365, 365.25]), free=st.sampled_from([0.0, 0.03]))
@example(trades=[closed(0, 2, 0), closed(2, 0, "-1.5")], periods=365, free=0.0)  # the peak is the first entry
async def test_every_figure_is_what_others_compute(
    session: WriteSession, world: World, trades: list[Closed], periods: float, free: float
) -> None:
    lowest = min(value for _, value in independent.marks(trades, BALANCE))
    found = await summary_of(
        session, [world.trade(t) for t in trades], initial_balance=BALANCE, periods_per_year=periods, risk_free=free
    )
    start, end = min(trade.entry for trade in trades), max(trade.exit for trade in trades)
    assert (found.start, found.end, found.currency) == (start, end, "USDT")
    check_trades(found, trades)
    check_r_and_times(found, trades, start, end)
    check_drawdown(found, trades)
    if lowest > 0:
        check_returns(found, trades, end, periods, free)
    assert not [name for name, value in asdict(found).items() if isinstance(value, float) and not math.isfinite(value)]


async def test_without_a_balance_what_is_relative_to_it_is_undefined(session: WriteSession, world: World) -> None:
    trades = [closed(0, 5, 10, 1), closed(30, 5, -4, "-0.5"), closed(60, 5, -3, -1)]
    found = await summary_of(session, [world.trade(t) for t in trades])
    assert (found.total_return, found.cagr, found.volatility, found.sharpe, found.calmar) == (None,) * 5
    assert (found.max_drawdown, found.final_balance, found.best_day) == (None, None, None)
    assert (found.max_drawdown_amount, found.net_pnl, found.profit_factor) == (7, 3, pytest.approx(10 / 7))
    assert (found.drawdown_from, found.drawdown_to) == (trades[0].exit.date(), trades[2].exit.date())


async def test_no_trade_at_all_is_no_figure_but_zeros(session: WriteSession, world: World) -> None:
    found = await performance.summary(session, initial_balance=BALANCE)
    assert (found.trades, found.net_pnl, found.total_return, found.sharpe, found.exposure) == (0, 0, 0, None, None)
    assert found.currency is None


async def test_modes_never_mix(session: WriteSession, world: World) -> None:
    trades = [world.trade(closed(0, 1, 10**place), mode=mode) for place, mode in enumerate(TradingMode)]
    await store(session, trades)
    assert (await performance.summary(session)).net_pnl == 1, "live, unless asked"
    for place, mode in enumerate(TradingMode):
        assert (await performance.summary(session, mode=mode)).net_pnl == 10**place
    paper = await performance.summary(session, account_id=world.accounts[TradingMode.PAPER])
    assert (paper.mode, paper.net_pnl) == (TradingMode.PAPER, 10), "an account's mode is its own"
    groups = await performance.by(session, performance.Dimension.MODE)
    assert {group.key: (group.summary.mode, group.summary.net_pnl) for group in groups} == {
        "live": ("live", 1), "paper": ("paper", 10), "backtest": ("backtest", 100),
    }  # fmt: skip


async def test_a_run_is_summed_up_alone_and_begins_with_its_own_balance(session: WriteSession, world: World) -> None:
    await store(
        session,
        [
            world.trade(closed(at, 1, pnl), mode=TradingMode.BACKTEST, backtest_run_id=run)
            for at, (run, pnl) in enumerate(zip(world.runs, (500, 7), strict=True))
        ],
    )
    found = await performance.summary(session, run_id=world.runs[0])
    assert (found.mode, found.net_pnl, found.initial_balance, found.total_return) == ("backtest", 500, 5000, 0.1)
    with pytest.raises(InvalidValueError, match="in the mode backtest, not live"):
        await performance.summary(session, run_id=world.runs[0], mode=TradingMode.LIVE)
    with pytest.raises(NotFoundError, match="no backtest run"):
        await performance.summary(session, run_id=uuid4())


async def test_currencies_never_add_up(session: WriteSession, world: World) -> None:
    ours = [world.instruments["BTC/USDT"], world.instruments["ETH/USDT:USDT"], world.instruments["BTC/USD:BTC"]]
    await store(session, [world.trade(closed(at, 1, 5), instrument_id=each) for at, each in enumerate(ours)])
    with pytest.raises(MixedCurrenciesError, match=r"\(BTC, USDT\)"):
        await performance.summary(session)
    assert (await performance.summary(session, instrument_id=ours[2])).currency == "BTC"
    groups = await performance.by(session, performance.Dimension.STRATEGY)
    assert [(group.name, group.summary.currency, group.summary.trades) for group in groups] == [
        ("alone", "BTC", 1), ("alone", "USDT", 2),
    ]  # fmt: skip
    with pytest.raises(MixedCurrenciesError, match="several currencies"):
        await performance.equity_curve(session)


async def test_a_balance_in_another_currency_is_refused(session: WriteSession, world: World) -> None:
    trade = world.trade(
        closed(0, 1, 1), mode=TradingMode.BACKTEST, backtest_run_id=world.runs[0],
        instrument_id=world.instruments["BTC/USD:BTC"],
    )  # fmt: skip
    await store(session, [trade])
    with pytest.raises(MixedCurrenciesError, match="The balance is in USDT, and trades were paid in BTC"):
        await performance.summary(session, run_id=world.runs[0])
    assert (await performance.summary(session, run_id=world.runs[0], initial_balance=Decimal(2))).total_return == 0.5


async def test_a_period_takes_the_trades_that_were_closed_in_it_and_its_idle_days(
    session: WriteSession, world: World
) -> None:
    day = datetime(2024, 2, 1, tzinfo=UTC)
    trades = [closed(0, 26, 1), closed(10, 30, 2), closed(27, 24, 4), closed(45, 10, 8)]
    await store(session, [world.trade(t) for t in trades])
    found = await performance.summary(session, start=day, end=trades[2].exit, initial_balance=BALANCE)
    assert found.net_pnl == 1 + 2, "a bound belongs to the period that it begins"
    assert found.days == 2
    assert found.exposure == near(independent.time_in_market(trades[:2], day, trades[2].exit) / (trades[2].exit - day))
    long = await performance.summary(session, start=day, end=day + timedelta(days=100), initial_balance=BALANCE)
    assert long.days == 100
    with pytest.raises(InvalidValueError, match="period is empty"):
        await performance.summary(session, start=day, end=day)


async def test_what_has_no_profit_or_is_not_closed_is_in_no_figure(session: WriteSession, world: World) -> None:
    silent, open_, cancelled = (world.trade(closed(9, 1, 5)) for _ in range(3))
    silent.pnl = None
    for trade, outcome in ((open_, TradeOutcome.PENDING), (cancelled, TradeOutcome.CANCELLED)):
        trade.outcome, trade.exit_time, trade.exit_price, trade.pnl = outcome, None, None, None
    await store(session, [silent, open_, cancelled, world.trade(closed(0, 1, 3))])
    found = await performance.summary(session)
    assert (found.trades, found.without_pnl, found.net_pnl) == (1, 1, 3)
    assert found.longest_holding == timedelta(hours=1)
    assert found.end == START + timedelta(hours=1)


async def test_an_equity_that_was_lost_has_no_returns(session: WriteSession, world: World) -> None:
    trades = [closed(0, 1, 100), closed(30, 1, -1500), closed(80, 1, 900)]
    found = await summary_of(session, [world.trade(t) for t in trades], initial_balance=BALANCE)
    assert (found.volatility, found.sharpe, found.sortino) == (None, None, None)
    assert (found.max_drawdown_amount, found.max_drawdown) == (1500, near(1500 / 1100))
    assert found.cagr == near(0.5 ** (365 / found.days) - 1)
    ruined = await summary_of(session, [world.trade(t) for t in trades[:2]], initial_balance=BALANCE)
    assert (ruined.total_return, ruined.cagr, ruined.calmar) == (-1.4, None, None)


@EXAMPLES
@given(trades=histories(5, 40, crowded, 300))
async def test_a_fall_within_a_day_is_seen(session: WriteSession, world: World, trades: list[Closed]) -> None:
    found = await summary_of(session, [world.trade(t) for t in trades], initial_balance=BALANCE)
    check_drawdown(found, trades)
    alone = await summary_of(session, [world.trade(t) for t in trades])
    assert alone.max_drawdown_amount == found.max_drawdown_amount


@EXAMPLES
@given(trades=histories(5, 30, crowded, 300))
@example(trades=[closed(0, 1, 100), closed(1, 1, -50), closed(2, 1, -150), closed(30, 1, -10)])
@example(trades=[closed(0, 0.5, -22), closed(0, 1, 32), closed(30, 1, "-32.5")])  # lost before the day's peak
async def test_a_fall_is_from_the_highest_mark_before_also_where_everything_was_lost(
    session: WriteSession, world: World, trades: list[Closed]
) -> None:
    async with session.begin_nested() as savepoint:
        await store(session, [world.trade(t) for t in trades])
        found = await performance.summary(session, initial_balance=Decimal(20))
        curve = await performance.equity_curve(session, initial_balance=Decimal(20))
        await savepoint.rollback()
    session.expunge_all()
    assert curve.drawdown is not None
    assert found.max_drawdown == near(curve.drawdown.max())


async def test_growth_beyond_any_double_is_undefined(session: WriteSession, world: World) -> None:
    found = await summary_of(session, [world.trade(closed(0, 1, 10**9))], initial_balance=Decimal(1))
    assert (found.cagr, found.total_return) == (None, 1e9)


async def test_an_account_begins_with_its_last_snapshot_before(session: WriteSession, world: World) -> None:
    account = world.accounts[TradingMode.LIVE]
    await partitions.ensure_months(session, PortfolioSnapshot, [START])
    for hours, equity in ((-5, 900), (-1, 800), (3, 10**6)):
        session.add(
            PortfolioSnapshot(
                account_id=account, taken_at=START + timedelta(hours=hours), currency="USDT", cash=Decimal(equity),
                positions_value=Decimal(0), equity=Decimal(equity), holdings={},
            )
        )  # fmt: skip
    await store(session, [world.trade(closed(0, 2, 80))])
    found = await performance.summary(session, account_id=account)
    assert (found.initial_balance, found.total_return) == (800, 0.1)
    curve = await performance.equity_curve(session, account_id=account)
    assert (curve.source, curve.equity.tolist()) == ("portfolio_snapshots", [900, 800, 10**6])
    drawdown = curve.drawdown
    assert drawdown is not None
    assert drawdown.tolist() == [0, near(1 / 9), 0]
    with pytest.raises(NotFoundError, match="no trading account"):
        await performance.summary(session, account_id=uuid4())


@pytest.mark.parametrize(
    "wrong", [{"initial_balance": Decimal(0)}, {"initial_balance": Decimal("NaN")}, {"periods_per_year": 0.0}]
)
async def test_a_parameter_that_means_nothing_is_refused(session: WriteSession, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        await performance.summary(session, **wrong)
