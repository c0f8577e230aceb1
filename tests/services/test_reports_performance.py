"""Figures of strategies, instruments and days are those that Python computes from the trades themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.models import (
    BacktestConfig,
    BacktestRun,
    BacktestStatus,
    Instrument,
    LearningEntry,
    LearningStatus,
    Strategy,
    StrategyRule,
    Trade,
    TradeDirection,
    TradeOutcome,
    TradingAccount,
    User,
    Venue,
    VenueKind,
)
from tradingdb.services import reports

CURRENCIES = {"BTC/USDT": "USDT", "BTC/USD:BTC": "BTC", "ETH/USDT:USDT": "USDT"}
CLOSED = {TradeOutcome.WIN, TradeOutcome.LOSS, TradeOutcome.BREAKEVEN}
MODES = list(TradingMode)
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was inserted, for the independent computation."""

    trades: list[Trade]
    strategy: dict[Any, tuple[str | None, str | None]]
    symbol: dict[int, str]
    runs: list[BacktestRun]

    def closed(self, mode: TradingMode, key: Callable[[Trade], Hashable]) -> dict[Hashable, list[Trade]]:
        groups = defaultdict(list)
        for trade in self.trades:
            if trade.mode is mode and trade.outcome in CLOSED:
                groups[key(trade)].append(trade)
        return groups

    def currency(self, trade: Trade) -> str:
        return CURRENCIES[self.symbol[trade.instrument_id]]


@pytest_asyncio.fixture(params=[1, 2], loop_scope="session")
async def ledger(request: pytest.FixtureRequest, session: WriteSession) -> Ledger:
    """Two owners with strategies of one name, three instruments, and trades of every mode and outcome."""
    chance = random.Random(request.param)  # noqa: S311 - a world, not a secret
    owners = [User(id=uuid4(), email=f"{name}@example.org", username=name) for name in ("ann", "bob")]
    venue = Venue(code="mine", name="Mine", kind=VenueKind.EXCHANGE)
    session.add_all([*owners, venue])
    await session.flush()
    instruments = [
        Instrument(venue_id=venue.id, symbol=symbol, quote_currency=symbol.split("/")[1].split(":")[0],
                   settle_currency=symbol.split(":")[1] if ":" in symbol else None)
        for symbol in CURRENCIES
    ]  # fmt: skip
    strategies = [Strategy(id=uuid4(), user_id=owner.id, name=name) for owner in owners for name in ("same", "own")]
    accounts = {
        mode: TradingAccount(
            id=uuid4(), user_id=owners[0].id, venue_id=venue.id, label=mode.value, mode=mode, base_currency="USDT"
        )
        for mode in MODES
    }
    config = BacktestConfig(
        id=uuid4(), name="past", start_at=datetime(2024, 1, 1, tzinfo=UTC), end_at=datetime(2025, 1, 1, tzinfo=UTC),
        initial_balance=Decimal(1000), currency="USDT", content_sha256=bytes(32),
    )  # fmt: skip
    session.add_all([*instruments, *strategies, *accounts.values(), config])
    await session.flush()
    runs = [
        BacktestRun(id=uuid4(), config_id=config.id, strategy_id=strategies[0].id, status=BacktestStatus.RUNNING)
        for _ in range(2)
    ]
    session.add_all(runs)
    await session.flush()
    trades = [
        random_trade(chance, accounts, [i.id for i in instruments], [*strategies, None], runs) for _ in range(400)
    ]
    session.add_all(trades)
    await session.flush()
    names: dict[Any, tuple[str | None, str | None]] = {None: (None, None)}
    names |= {s.id: (s.name, next(o.username for o in owners if o.id == s.user_id)) for s in strategies}
    return Ledger(trades, names, {i.id: i.symbol for i in instruments}, runs)


def random_trade(
    chance: random.Random,
    accounts: dict[TradingMode, TradingAccount],
    instruments: list[int],
    strategies: list[Strategy | None],
    runs: list[BacktestRun],
) -> Trade:
    mode, outcome = chance.choice(MODES), chance.choice(list(TradeOutcome))
    entry = datetime.now(UTC) - timedelta(minutes=chance.randint(60, 60 * 24 * 90))
    size = Decimal(chance.randint(1, 10**12)).scaleb(-chance.randint(0, 12))
    pnl = {TradeOutcome.WIN: size, TradeOutcome.LOSS: -size}.get(outcome, Decimal(0))
    strategy = chance.choice(strategies)
    trade = Trade(
        id=uuid7(),
        account_id=accounts[mode].id,
        mode=mode,
        backtest_run_id=chance.choice(runs).id if mode is TradingMode.BACKTEST else None,
        instrument_id=chance.choice(instruments),
        strategy_id=strategy and strategy.id,
        direction=chance.choice(list(TradeDirection)),
        quantity=Decimal(1),
        entry_price=Decimal(100),
        entry_time=entry,
        outcome=outcome,
        fees=Decimal(chance.randint(0, 500)).scaleb(-3),
    )
    if outcome in CLOSED:
        trade.exit_price, trade.exit_time = Decimal(101), entry + timedelta(minutes=chance.randint(0, 3000))
        trade.pnl = pnl
        trade.pnl_r = pnl / 7 if chance.random() < 0.8 else None  # without an initial stop there is no R
    return trade


async def asked(session: WriteSession, name: str, **limits: Any) -> Rows:
    found = await reports.answer(session, reports.report(name), **limits)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def close_to(expected: Fraction | None) -> Any:
    return None if expected is None else pytest.approx(float(expected), rel=1e-12)


def exact(numbers: Iterable[Decimal | None]) -> list[Fraction]:
    return [Fraction(number) for number in numbers if number is not None]


def check_figures(row: dict[str, Any], trades: list[Trade]) -> None:
    """The columns that strategies and instruments share."""
    pnl, multiples = exact(t.pnl for t in trades), exact(t.pnl_r for t in trades)
    lost = -sum(p for p in pnl if p < 0)
    wins = sum(t.outcome is TradeOutcome.WIN for t in trades)
    assert (row["trades"], row["wins"]) == (len(trades), wins)
    assert Fraction(row["net_pnl"]) == sum(pnl), "sums are exact"
    assert row["runs"] == len({t.backtest_run_id for t in trades} - {None})
    assert float(row["win_rate"]) == close_to(Fraction(wins, len(trades)))
    factor = Fraction(sum(p for p in pnl if p > 0), lost) if lost else None
    assert (None if row["profit_factor"] is None else float(row["profit_factor"])) == close_to(factor)
    average = Fraction(sum(multiples), len(multiples)) if multiples else None
    assert (None if row["average_r"] is None else float(row["average_r"])) == close_to(average)


@pytest.mark.parametrize("mode", MODES)
async def test_a_strategys_figures_are_of_its_closed_trades_in_one_mode_and_currency(
    session: WriteSession, ledger: Ledger, mode: TradingMode
) -> None:
    expected = ledger.closed(mode, lambda t: (*ledger.strategy[t.strategy_id], ledger.currency(t)))
    rows = await asked(session, "strategy-performance", mode=mode)
    assert len(rows) == len(expected)
    for row in rows:
        check_figures(row, expected[row["strategy"], row["owner"], row["currency"]])
    assert [row["net_pnl"] for row in rows] == sorted((row["net_pnl"] for row in rows), reverse=True)


@pytest.mark.parametrize("mode", MODES)
async def test_an_instruments_figures_are_of_its_closed_trades_in_one_mode(
    session: WriteSession, ledger: Ledger, mode: TradingMode
) -> None:
    expected = ledger.closed(mode, lambda t: ledger.symbol[t.instrument_id])
    rows = await asked(session, "instrument-performance", mode=mode)
    assert {row["symbol"]: row["currency"] for row in rows} == CURRENCIES
    for row in rows:
        check_figures(row, expected[row["symbol"]])


async def test_only_the_last_days_and_one_strategys_name_count_where_asked(
    session: WriteSession, ledger: Ledger
) -> None:
    since = datetime.now(UTC) - timedelta(days=20)
    expected = [
        trade
        for trades in ledger.closed(TradingMode.LIVE, lambda t: ledger.strategy[t.strategy_id][0] == "same").items()
        for trade in trades[1]
        if trades[0] and trade.entry_time >= since
    ]
    rows = await asked(session, "strategy-performance", days=20, strategy="same")
    assert {row["strategy"] for row in rows} == {"same"}
    assert sum(row["trades"] for row in rows) == len(expected) > 0
    assert sum(Fraction(row["net_pnl"]) for row in rows) == sum(exact(t.pnl for t in expected))


async def test_a_days_figures_are_of_the_trades_that_were_closed_on_it(session: WriteSession, ledger: Ledger) -> None:
    def day_of(trade: Trade) -> Hashable:
        assert trade.exit_time is not None
        return trade.exit_time.date(), ledger.currency(trade)

    expected = ledger.closed(TradingMode.PAPER, day_of)
    rows = await asked(session, "daily-performance", mode=TradingMode.PAPER, days=3650)
    assert {(row["day"], row["currency"]) for row in rows} == expected.keys()
    for row in rows:
        trades = expected[row["day"], row["currency"]]
        assert Fraction(row["net_pnl"]) == sum(exact(t.pnl for t in trades))
        assert (row["trades"], Fraction(row["fees"])) == (len(trades), sum(exact(t.fees for t in trades)))


async def test_recent_trades_are_the_newest_of_their_mode(session: WriteSession, ledger: Ledger) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    expected = sorted(
        (t for t in ledger.trades if t.mode is TradingMode.LIVE and t.entry_time >= since),
        key=lambda t: t.entry_time,
        reverse=True,
    )
    assert len(expected) > 10
    rows = await asked(session, "recent-trades", limit=10)
    assert [(row["entry_time"], row["pnl"], row["outcome"], row["symbol"]) for row in rows] == [
        (t.entry_time, t.pnl, t.outcome, ledger.symbol[t.instrument_id]) for t in expected[:10]
    ]


async def test_open_trades_are_those_that_wait_for_their_end_oldest_first(
    session: WriteSession, ledger: Ledger
) -> None:
    waiting = [t for t in ledger.trades if t.mode is TradingMode.PAPER and t.outcome is TradeOutcome.PENDING]
    rows = await asked(session, "open-trades", mode=TradingMode.PAPER, limit=1000)
    assert [row["entry_time"] for row in rows] == sorted(t.entry_time for t in waiting)


async def test_the_most_active_strategies_are_those_that_entered_most(session: WriteSession, ledger: Ledger) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    entered: dict[Hashable, list[Trade]] = defaultdict(list)
    for trade in ledger.trades:
        if trade.mode is TradingMode.LIVE and trade.entry_time >= since and trade.strategy_id is not None:
            entered[ledger.strategy[trade.strategy_id]].append(trade)
    rows = await asked(session, "most-active-strategies")
    assert {(row["strategy"], row["owner"]) for row in rows} == entered.keys()
    for row in rows:
        trades = entered[row["strategy"], row["owner"]]
        assert row["trades"] == len(trades)
        assert row["open"] == sum(t.outcome is TradeOutcome.PENDING for t in trades)
        assert row["instruments"] == len({t.instrument_id for t in trades})
        assert row["last_entry"] == max(t.entry_time for t in trades)
    assert [row["trades"] for row in rows] == sorted((row["trades"] for row in rows), reverse=True)


async def test_each_backtest_run_has_its_own_trades(session: WriteSession, ledger: Ledger) -> None:
    rows = await asked(session, "backtest-runs")
    expected = ledger.closed(TradingMode.BACKTEST, lambda t: (t.backtest_run_id, ledger.currency(t)))
    assert len(rows) == len(expected) == 4
    assert sorted((row["trades"], row["currency"], Fraction(row["net_pnl"])) for row in rows) == sorted(
        (len(trades), key[1], sum(exact(t.pnl for t in trades)))  # type: ignore[index]
        for key, trades in expected.items()
    )


async def test_a_backtest_that_traded_nothing_is_still_listed(session: WriteSession, ledger: Ledger) -> None:
    session.add(BacktestRun(id=uuid4(), config_id=ledger.runs[0].config_id, status=BacktestStatus.PENDING))
    await session.flush()
    [idle] = [row for row in await asked(session, "backtest-runs") if row["status"] is BacktestStatus.PENDING]
    assert (idle["trades"], idle["win_rate"], idle["net_pnl"]) == (0, None, None)


async def test_rules_are_ranked_by_confidence_and_proof_before_hope(session: WriteSession) -> None:
    for name, confidence, win_rate, count in [
        ("untried", 0.8, None, 0), ("proven", 0.8, 0.6, 20), ("busy", 0.8, 0.6, 30), ("sure", 0.9, 0.1, 2),
    ]:  # fmt: skip
        session.add(
            StrategyRule(
                id=uuid4(),
                name=name,
                entry_type="breakout",
                confidence=confidence,
                win_rate=win_rate,
                trade_count=count,
            )
        )
    await session.flush()
    assert [row["rule"] for row in await asked(session, "best-rules")] == ["sure", "busy", "proven", "untried"]
    assert [row["rule"] for row in await asked(session, "best-rules", limit=1)] == ["sure"]


async def test_lessons_are_summed_by_what_they_change(session: WriteSession) -> None:
    now = datetime.now(UTC)
    lessons = [("entry", 3, 1, 0.5, "active"), ("entry", 5, 0, 0.9, "active"), ("entry", 9, 9, 0.1, "retracted"),
               ("exit", 0, 0, 0.5, "proposed")]  # fmt: skip
    for kind, supports, contradicts, confidence, status in lessons:
        session.add(
            LearningEntry(
                id=uuid4(), insight=f"A lesson with {supports} proofs.", impact_type=kind, validation_count=supports,
                contradiction_count=contradicts, confidence=confidence, status=LearningStatus(status),
                known_at=now, retracted_at=now if status == "retracted" else None,
            )
        )  # fmt: skip
    await session.flush()
    entry, leaving = await asked(session, "learning-summary")
    assert entry == {
        "impact_type": "entry", "lessons": 3, "active": 2, "validations": 17, "contradictions": 10,
        "average_confidence": pytest.approx(0.5), "last_validated_at": None,
    }  # fmt: skip
    assert (leaving["lessons"], leaving["active"]) == (1, 0)
    best = await asked(session, "best-lessons")
    assert [row["validation_count"] for row in best] == [5, 3]
