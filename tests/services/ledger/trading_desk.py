"""What the tests of the ledger trade with: an account, its instruments, and orders and fills with few words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from tradingdb.models import (
    CashBalance,
    CostBasis,
    Fill,
    Order,
    Position,
    TradingAccount,
    TradingMode,
    User,
)
from tradingdb.services import market
from tradingdb.services.ledger import NewFill, NewOrder, NewOrderEvent, record_event, submit_order

if TYPE_CHECKING:
    from tradingdb.database import Database, ReadSession, WriteSession

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """An account with a spot market, a perpetual and an inverse perpetual."""

    account_id: UUID
    spot: int
    perpetual: int
    inverse: int

    def order(self, client_order_id: str = "c-1", **values: Any) -> NewOrder:
        """A market order to buy 10 of the perpetual."""
        given: dict[str, Any] = {"instrument_id": self.perpetual, "side": "buy", "quantity": Decimal(10)}
        return NewOrder(account_id=self.account_id, client_order_id=client_order_id, **given | values)

    def event(self, kind: str, at: float = 0, **values: Any) -> NewOrderEvent:
        """What the venue says about the order c-1, some seconds after the start."""
        given: dict[str, Any] = {"client_order_id": "c-1"}
        occurred_at = START + timedelta(seconds=at)
        return NewOrderEvent(account_id=self.account_id, kind=kind, occurred_at=occurred_at, **given | values)

    def fill(
        self, number: int, side: str = "buy", quantity: str = "1", price: str = "100", *, at: float = 0, **values: Any
    ) -> NewFill:
        """An execution of the perpetual, some seconds after the start."""
        given: dict[str, Any] = {"instrument_id": self.perpetual, "venue_trade_id": str(number)}
        return NewFill(
            account_id=self.account_id,
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            executed_at=START + timedelta(seconds=at),
            **given | values,
        )

    async def position(self, session: ReadSession, instrument_id: int | None = None, side: str = "net") -> Position:
        """The position in the perpetual, or in another instrument."""
        key = (self.account_id, instrument_id or self.perpetual, side)
        found = await session.get(Position, key, populate_existing=True)
        assert found is not None
        return found

    async def stored_order(self, session: ReadSession, client_order_id: str = "c-1") -> Order:
        """The order as it is now."""
        query = select(Order).where(Order.account_id == self.account_id, Order.client_order_id == client_order_id)
        return (await session.scalars(query.execution_options(populate_existing=True))).one()

    async def fills(self, session: ReadSession) -> list[Fill]:
        """Every fill of the account."""
        query = select(Fill).where(Fill.account_id == self.account_id).order_by(Fill.executed_at, Fill.id)
        return list(await session.scalars(query.execution_options(populate_existing=True)))

    async def cash(self, session: ReadSession) -> dict[str, Decimal]:
        """What the account has, by currency."""
        query = select(CashBalance.currency, CashBalance.amount).where(CashBalance.account_id == self.account_id)
        return dict((await session.execute(query)).all())


async def open_desk(session: WriteSession, *, cost_basis: CostBasis = CostBasis.AVERAGE) -> Desk:
    """A new account of a new user."""
    spot, perpetual, inverse = [
        await market.ensure_instrument(session, "testex", symbol)
        for symbol in ("BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC")
    ]
    name = uuid4().hex
    user = User(username=name, email=f"{name}@example.org")
    session.add(user)
    await session.flush()
    account = TradingAccount(
        user_id=user.id,
        venue_id=spot.venue_id,
        label="desk",
        mode=TradingMode.PAPER,
        base_currency="USDT",
        cost_basis=cost_basis,
    )
    session.add(account)
    await session.flush()
    return Desk(account.id, spot.id, perpetual.id, inverse.id)


async def open_orders(database: Database, quantity: int = 5, market: str = "perpetual") -> Desk:
    """An account with an order each way, which the venue has accepted."""
    async with database.write() as session:
        desk = await open_desk(session)
        for side in ("buy", "sell"):
            order = desk.order(side, side=side, quantity=Decimal(quantity), instrument_id=getattr(desk, market))
            await submit_order(session, order)
            await record_event(session, desk.event("accepted", client_order_id=side, venue_order_id=f"v-{side}"))
    return desk
