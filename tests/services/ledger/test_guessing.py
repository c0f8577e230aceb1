"""Who guesses what he will find, and who looks, store the same, whatever happens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from trading_desk import Desk, open_orders

from tradingdb.database import Database, ReadSession, WriteSession
from tradingdb.errors import TradingDBError
from tradingdb.services.ledger import NewFill, rebuild_positions, record_fill

sides = st.sampled_from(["buy", "sell"])
amounts = st.sampled_from(["1", "0.5", "2.25", "1.000000000000000000000000000000000001"])
when = st.sampled_from(["next"] * 6 + ["late", "again"])
names = st.sampled_from(["client"] * 6 + ["venue", "both", "unknown", "other", "id", "no id", "none"])
fees = st.sampled_from([(Decimal(0), None), (Decimal("0.01"), "USDT"), (Decimal("0.002"), "BTC")])
some_fill = st.tuples(when, sides, amounts, amounts, names, fees)
kinds = st.sampled_from(["record"] * 8 + ["undo", "elsewhere", "basis"])
steps = st.tuples(kinds, some_fill, st.sampled_from(["fifo", "average"]))


class Twin:
    """One of two accounts to which the same happens; only the other's database remembers."""

    def __init__(self, desk: Desk, database: Database, elsewhere: Database) -> None:
        self.desk, self._database, self._elsewhere = desk, database, elsewhere
        self._last = 0

    async def take(self, kind: str, what: tuple[Any, ...], basis: str) -> object:
        """Let something happen. Returns what is seen of it."""
        if kind == "basis":
            async with self._elsewhere.write() as session:
                change = text("UPDATE trading_accounts SET cost_basis = :basis WHERE id = :id")
                await session.execute(change, {"basis": basis, "id": self.desk.account_id})
            return None
        where = self._elsewhere if kind == "elsewhere" else self._database
        try:
            async with where.write() as session:
                receipt = await record_fill(session, await self._fill(session, *what))
                if kind == "undo":
                    await session.rollback()
        except TradingDBError as error:
            return type(error)
        return receipt.result, receipt.order_status

    async def _fill(
        self,
        session: ReadSession,
        when: str,
        side: str,
        amount: str,
        price: str,
        name: str,
        fee: tuple[Decimal, str | None],
    ) -> NewFill:
        self._last += when != "again"
        order = await self.desk.stored_order(session, side)
        named: dict[str, dict[str, Any]] = {
            "client": {"client_order_id": side},
            "venue": {"venue_order_id": f"v-{side}"},
            "both": {"client_order_id": side, "venue_order_id": f"v-{side}"},
            "unknown": {"client_order_id": side, "venue_order_id": "unknown"},
            "other": {"client_order_id": side, "venue_order_id": "v-buy"},
            "id": {"order_id": order.id},
            "no id": {"order_id": UUID(int=1), "client_order_id": side},
            "none": {},
        }
        paid = {"fee": fee[0], "fee_currency": fee[1]}
        values = paid | named[name] | {"instrument_id": self.desk.spot}
        return self.desk.fill(self._last, side, amount, price, at=self._last - 2.5 * (when == "late"), **values)

    async def seen(self, session: WriteSession) -> list[object]:
        """All that was stored, but for ids."""
        account = {"account_id": self.desk.account_id}
        rows = [(await session.execute(text(query), account)).all() for query in _SEEN]
        rebuilt = await rebuild_positions(session, account_id=self.desk.account_id)
        return [*rows, [(each.before, each.after) for each in rebuilt]]


_SEEN = (
    """SELECT quantity, average_entry_price, realized_pnl, fees, other_fees, opened_at, last_fill_at, last_fill_place,
       lots FROM positions WHERE account_id = :account_id""",
    """SELECT client_order_id, status, filled_quantity, filled_value, average_price, executed_at
       FROM orders WHERE account_id = :account_id ORDER BY 1""",
    """SELECT f.venue_trade_id, f.side, f.quantity, f.price, f.fee, f.fee_currency, f.executed_at, o.client_order_id
       FROM fills f LEFT JOIN orders o ON o.id = f.order_id WHERE f.account_id = :account_id ORDER BY 1""",
    """SELECT kind, amount, currency, occurred_at FROM cash_movements
       WHERE account_id = :account_id ORDER BY 4, 1, 3, 2""",
    "SELECT currency, amount FROM cash_balances WHERE account_id = :account_id ORDER BY 1",
    """SELECT topic, payload - 'order_id' FROM outbox_events WHERE account_id = :account_id ORDER BY id""",
)


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, min_size=6, max_size=20))
async def test_who_guesses_and_who_looks_store_the_same(
    database: Database, forgetful: Database, history: list[tuple[str, tuple[Any, ...], str]]
) -> None:
    guessing = Twin(await open_orders(database, market="spot"), database, forgetful)
    looking = Twin(await open_orders(database, market="spot"), forgetful, forgetful)
    for step in history:
        assert await guessing.take(*step) == await looking.take(*step)
    async with database.write() as session:
        assert await guessing.seen(session) == await looking.seen(session)
