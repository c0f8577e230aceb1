"""Trade histories for tests, and a world to put them into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from tradingdb.core.ids import uuid7
from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.models import (
    Agent,
    BacktestConfig,
    BacktestRun,
    BacktestStatus,
    ExitReason,
    Instrument,
    Strategy,
    Trade,
    TradeDirection,
    TradeOutcome,
    TradingAccount,
    User,
    Venue,
    VenueKind,
)

START = datetime(2024, 1, 30, 22, tzinfo=UTC)
BALANCE = Decimal(1000)


@dataclass(frozen=True, slots=True)
class World:
    """Ids of what trades refer to."""

    instruments: dict[str, int]
    strategies: list[UUID]
    agents: list[UUID]
    accounts: dict[TradingMode, UUID]
    runs: list[UUID]

    def trade(self, closed: Closed, **other: Any) -> Trade:
        """A row of `trades`: live and of the first strategy unless something else is said."""
        mode = other.setdefault("mode", TradingMode.LIVE)
        other.setdefault("account_id", None if other.get("backtest_run_id") else self.accounts[mode])
        other.setdefault("instrument_id", self.instruments["BTC/USDT"])
        other.setdefault("strategy_id", self.strategies[0])
        return Trade(
            id=uuid7(), direction=TradeDirection.LONG, quantity=Decimal(1), entry_price=Decimal(100),
            entry_time=closed.entry, exit_time=closed.exit, exit_price=Decimal(101), outcome=closed.outcome,
            pnl=closed.pnl, pnl_r=closed.pnl_r, fees=Decimal("0.1"), **other,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed trade."""

    entry: datetime
    exit: datetime
    pnl: Decimal
    pnl_r: Decimal | None = None
    reason: ExitReason | None = None

    @property
    def outcome(self) -> TradeOutcome:
        """By the sign of the profit."""
        if self.pnl == 0:
            return TradeOutcome.BREAKEVEN
        return TradeOutcome.WIN if self.pnl > 0 else TradeOutcome.LOSS


def closed(after: float, hours: float, pnl: int | str, pnl_r: int | str | None = None) -> Closed:
    """A trade that was entered so many hours after the start, and held for some."""
    entry = START + timedelta(hours=after)
    return Closed(entry, entry + timedelta(hours=hours), Decimal(pnl), None if pnl_r is None else Decimal(pnl_r))


amounts = st.decimals(-60, 80, places=4, allow_nan=False) | st.sampled_from([Decimal(0), Decimal("-1.5"), Decimal(2)])
minutes = st.integers(0, 60 * 24 * 40) | st.sampled_from([0, 120, 1560])
"""Also instants that several trades share, and midnight."""


crowded = st.integers(0, 6).map(lambda number: number * 60)
"""Within two days, many at one instant."""


@st.composite
def histories(
    draw: st.DrawFn, least: int = 1, most: int = 40, entered: st.SearchStrategy[int] = minutes, longest: int = 5000
) -> list[Closed]:
    """Trades that overlap, share instants, cross midnight, win, lose or do neither, with and without a stop."""
    found = []
    for _ in range(draw(st.integers(least, most))):
        entry = START + timedelta(minutes=draw(entered))
        left = entry + timedelta(minutes=draw(st.integers(0, longest) | st.just(0)))
        found.append(
            Closed(entry, left, draw(amounts), draw(st.none() | st.decimals(-2, 4, places=3, allow_nan=False)))
        )
    return found


async def make_world(session: WriteSession) -> World:
    """Two strategies, the second of an agent; an account per mode; three instruments of two currencies; two runs."""
    user = User(id=uuid4(), email="ann@example.org", username="ann")
    venue = Venue(code="mine", name="Mine", kind=VenueKind.EXCHANGE)
    agents = [Agent(id=uuid4(), agent_id=name, agent_type="trader") for name in ("one", "two")]
    session.add_all([user, venue, *agents])
    await session.flush()
    pairs = {"BTC/USDT": ("USDT", None), "BTC/USD:BTC": ("USD", "BTC"), "ETH/USDT:USDT": ("USDT", "USDT")}
    instruments = [
        Instrument(venue_id=venue.id, symbol=symbol, quote_currency=quote, settle_currency=settle)
        for symbol, (quote, settle) in pairs.items()
    ]
    strategies = [
        Strategy(id=uuid4(), user_id=user.id, name="alone"),
        Strategy(id=uuid4(), user_id=user.id, name="led", agent_id=agents[0].id),
    ]
    accounts = {
        mode: TradingAccount(
            id=uuid4(), user_id=user.id, venue_id=venue.id, label=mode.value, mode=mode, base_currency="USDT"
        )
        for mode in TradingMode
    }
    config = BacktestConfig(
        id=uuid4(), name="past", start_at=START, end_at=START + timedelta(days=90), initial_balance=Decimal(5000),
        currency="USDT", content_sha256=bytes(32),
    )  # fmt: skip
    session.add_all([*instruments, *strategies, *accounts.values(), config])
    await session.flush()
    runs = [BacktestRun(id=uuid4(), config_id=config.id, status=BacktestStatus.RUNNING) for _ in range(2)]
    session.add_all(runs)
    await session.flush()
    return World(
        {each.symbol: each.id for each in instruments},
        [each.id for each in strategies],
        [each.id for each in agents],
        {mode: each.id for mode, each in accounts.items()},
        [each.id for each in runs],
    )


async def store(session: WriteSession, trades: Sequence[Trade]) -> None:
    """Put trades into the database."""
    session.add_all(trades)
    await session.flush()
