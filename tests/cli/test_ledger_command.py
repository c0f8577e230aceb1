"""`tradingdb ledger`: what does not agree is told, mended on demand, and reconciled with what the venue said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from commands import Run
from tradingdb.core.mode import TradingMode
from tradingdb.database import Database
from tradingdb.models import CashBalance, Position, ReconciliationRecord, TradingAccount, User
from tradingdb.services import market
from tradingdb.services.ledger import NewFill, NewOrder, record_fill, submit_order

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def run(run: Run, database: Database) -> Run:
    """Run `tradingdb ledger` on the database."""
    return partial(run, database.target, "ledger")


@pytest_asyncio.fixture(loop_scope="session")
async def account(database: Database) -> str:
    """An account that has bought one of a perpetual."""
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "testex", "BTC/USDT:USDT")
        user = User(username="trader", email="trader@example.org")
        session.add(user)
        await session.flush()
        row = TradingAccount(
            user_id=user.id, venue_id=instrument.venue_id, label="desk", mode=TradingMode.PAPER, base_currency="USDT"
        )
        session.add(row)
        await session.flush()
        given = {"account_id": row.id, "instrument_id": instrument.id, "side": "buy", "client_order_id": "c-1"}
        await submit_order(session, NewOrder(**given, quantity=Decimal(2), submitted_at=AT))  # type: ignore[arg-type]
        fill = NewFill(**given, quantity=Decimal(1), price=Decimal(100), executed_at=AT, venue_trade_id="1")  # type: ignore[arg-type]
        await record_fill(session, fill)
        return str(row.id)


async def test_what_does_not_agree_is_told_and_counted_again(run: Run, database: Database, account: str) -> None:
    assert await run("verify") == (0, "The ledger agrees with itself.\n", "")
    assert await run("rebuild") == (0, "Every position is what its fills say.\n", "")
    async with database.write() as session:
        await session.execute(text("UPDATE positions SET quantity = 7"))
    code, out, err = await run("verify")
    assert (code, err) == (1, "")
    assert "quantity 7" in out
    assert "1 findings." in out
    code, out, _ = await run("verify", "--account", account, "--json")
    (found,) = json.loads(out)
    assert (code, found["kind"], found["stored"], found["expected"]) == (
        1, "position", {"quantity": "7"}, {"quantity": "1"},
    )  # fmt: skip
    code, out, err = await run("rebuild", "--account", account)
    assert (code, out) == (6, "")
    assert "This changes 1 positions" in err
    assert "--yes" in err
    code, out, _ = await run("rebuild", "--yes", "--json")
    assert code == 0
    (changed,) = json.loads(out)
    assert (changed["before"]["quantity"], changed["after"]["quantity"]) == ("7", "1")
    async with database.read() as session:
        assert await session.scalar(select(Position.quantity)) == 1


async def test_an_account_that_is_not_there_is_told(run: Run) -> None:
    for command in ("verify", "rebuild"):
        code, out, err = await run(command, "--account", str(uuid4()), "--json")
        assert (code, out) == (2, "")
        assert "There is no account" in err


async def test_an_account_is_reconciled_with_its_venue(
    run: Run, database: Database, account: str, tmp_path: Path
) -> None:
    path = tmp_path / "venue.json"
    position = {"symbol": "BTC/USDT:USDT", "quantity": "3", "entry_price": "120"}
    path.write_text(json.dumps({"at": "2026-03-01T01:00:00Z", "balances": {"USDT": "-1"}, "positions": [position]}))
    arguments = ("reconcile", str(path), "--account", account)
    code, out, err = await run(*arguments)
    assert (code, err) == (1, "")
    assert "2 differences, 0 of them without an explanation. What was proposed was not recorded." in out
    code, out, err = await run(*arguments, "--apply")
    assert (code, out) == (6, "")
    assert "This records 2 entries" in err
    code, out, _ = await run(*arguments, "--apply", "--yes", "--json")
    done = json.loads(out)
    assert (code, done["is_applied"]) == (0, True)
    assert [one["proposals"][0]["verb"] for one in done["differences"]] == ["record_fill", "record_movement"]
    assert await run(*arguments, "--apply", "--yes") == (0, "The ledger says what the venue says.\n", "")
    async with database.read() as session:
        assert (await session.execute(select(Position.quantity, Position.average_entry_price))).one() == (3, 120)
        assert await session.scalar(select(CashBalance.amount)) == -1
        record = (await session.scalars(select(ReconciliationRecord))).one()
        assert (record.account_id, record.difference_count) == (UUID(account), 2)
    code, out, err = await run("reconcile", str(tmp_path / "none.json"), "--account", account)
    assert (code, out, err.count("\n")) == (2, "", 1)
