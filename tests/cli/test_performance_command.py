"""`tradingdb performance`: figures as a table and as JSON, groups, a picture, and refusals in one sentence."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from commands import Run
from tradingdb.core.mode import TradingMode
from tradingdb.database import Database
from tradingdb.models import Strategy, Trade, TradeDirection, TradeOutcome, TradingAccount, User
from tradingdb.services import market

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
PROFITS = {"BTC/USDT": (30, -10, 25), "ETH/USDT": (-20,)}
BALANCE = ("--balance", "1000")


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb performance` on the database."""
    return partial(run, database.target, "performance")


@pytest_asyncio.fixture(loop_scope="session")
async def trades(database: Database) -> None:
    """Four closed paper trades of a strategy, a day each."""
    async with database.write() as session:
        user = User(id=uuid4(), email="ann@example.org", username="ann")
        session.add(user)
        instruments = [await market.ensure_instrument(session, "mine", symbol) for symbol in PROFITS]
        strategy = Strategy(id=uuid4(), user_id=user.id, name="[bold]odd")
        account = TradingAccount(
            id=uuid4(), user_id=user.id, venue_id=instruments[0].venue_id, label="a", mode=TradingMode.PAPER,
            base_currency="USDT",
        )  # fmt: skip
        session.add_all([strategy, account])
        await session.flush()
        at = START
        for instrument, profits in zip(instruments, PROFITS.values(), strict=True):
            for pnl in profits:
                session.add(
                    Trade(
                        id=uuid4(), account_id=account.id, mode=TradingMode.PAPER, instrument_id=instrument.id,
                        strategy_id=strategy.id, direction=TradeDirection.LONG, quantity=Decimal(1),
                        entry_price=Decimal(1), entry_time=at, exit_price=Decimal(2), exit_time=at + timedelta(hours=6),
                        outcome=TradeOutcome.WIN if pnl > 0 else TradeOutcome.LOSS, pnl=Decimal(pnl),
                    )
                )  # fmt: skip
                at += timedelta(days=1)


async def test_figures_groups_and_a_picture(run: Run, trades: None, tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    paper = ("--mode", "paper", *BALANCE)
    table, whole, groups, live = await asyncio.gather(
        run(*paper, "--strategy", "[bold]odd", "--png", str(picture)),
        run(*paper, "--json", "--start", "2024-03-02"),
        run(*paper, "--by", "instrument", "--json"),
        run(),
    )
    assert table[0] == 0, table[2]
    assert "4 closed trades, paper, 2024-03-01 to 2024-03-04" in table[1]
    assert "25.00 USDT" in table[1]
    assert "├ 1,045.00" in table[1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    figures = json.loads(whole[1])
    assert (figures["trades"], figures["net_pnl"], figures["total_return"]) == (3, "-5", -0.005)
    assert (figures["longest_holding"], figures["equity_from"]) == (6 * 3600, "trades")
    assert [(group["name"], group["net_pnl"]) for group in json.loads(groups[1])] == [
        ("mine BTC/USDT", "45"), ("mine ETH/USDT", "-20"),
    ]  # fmt: skip
    assert live == (0, "No trade was closed.\n", ""), "live is what is meant unless another mode is said"


async def test_what_cannot_be_is_refused_in_one_sentence(run: Run, trades: None, tmp_path: Path) -> None:
    there = tmp_path / "there.png"
    there.write_bytes(b"mine")
    refusals = {
        ("--strategy", "nobody"): (2, "There is no strategy 'nobody'"),
        ("--run", str(uuid4())): (2, "There is no backtest run"),
        ("--balance", "much"): (2, "'much' is no amount"),
        ("--by", "month", "--png", str(tmp_path / "x.png")): (2, "--png draws one curve"),
        ("--png", str(there)): (6, "exists and was left as it is"),
    }
    answers = await asyncio.gather(*(run(*given) for given in refusals))
    for (code, sentence), (exit_code, out, err) in zip(refusals.values(), answers, strict=True):
        assert (exit_code, out) == (code, "")
        assert err.startswith("error: ")
        assert sentence in err
        assert err.count("\n") == 1
    assert there.read_bytes() == b"mine"
