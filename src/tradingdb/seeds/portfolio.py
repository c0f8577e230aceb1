"""The money of the two accounts: every movement, what it adds up to, and what it was worth each midnight."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from tradingdb.models import (
    CashMovement,
    CashMovementKind,
    PortfolioHolding,
    PortfolioSnapshot,
    Position,
    Trade,
    TradeDirection,
    TradeExit,
)
from tradingdb.seeds.cash import cash_of_fills, movement_id
from tradingdb.seeds.scene import DAYBREAKS, END, START, SWING_ACCOUNT_ID, january

if TYPE_CHECKING:
    from uuid import UUID

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.cash import Moved
    from tradingdb.seeds.scene import Scene
    from tradingdb.seeds.swing import Swing

CURRENCY = "USDT"
PAID_IN = Decimal(10_000)
TRANSFERRED = Decimal(250)
ZERO = Decimal(0)

OpenTrade = tuple[datetime, datetime | None, Decimal, Decimal]
"""Entry, exit, entry price, signed quantity."""


async def seed_portfolio(add: Adder, scene: Scene, swing: Swing) -> None:
    """Store movements, balances and snapshots of both accounts. Needs their fills and trades."""
    traded = {one: await cash_of_fills(add.session, one) for one in (scene.trader.account_id, SWING_ACCOUNT_ID)}
    await _mark_positions(add, scene)
    for account_id, moved in traded.items():
        funded = _funding(scene, swing) if account_id == SWING_ACCOUNT_ID else []
        movements = [*_given(account_id), *moved.movements, *funded]
        await add(CashMovement, movements)
        await add(PortfolioHolding, _holdings(scene, account_id, movements, moved))
        await add(PortfolioSnapshot, await _snapshots(add, scene, account_id, movements, moved))


def _movement(account_id: UUID, key: str, kind: CashMovementKind, amount: Decimal, at: datetime) -> Row:
    return {
        "id": movement_id(account_id, key),
        "account_id": account_id,
        "dedupe_key": key,
        "kind": kind,
        "amount": amount,
        "currency": CURRENCY,
        "occurred_at": at,
    }


def _given(account_id: UUID) -> list[Row]:
    """What came and went without trading; a transfer leaves one account and comes into the other."""
    rows = [_movement(account_id, "opening", CashMovementKind.DEPOSIT, PAID_IN, START)]
    if account_id == SWING_ACCOUNT_ID:
        rows += [
            _movement(account_id, "withdrawal", CashMovementKind.WITHDRAWAL, Decimal(-500), january(12)),
            _movement(account_id, "interest", CashMovementKind.INTEREST, Decimal("1.25"), january(13)),
        ]
    amount = -TRANSFERRED if account_id == SWING_ACCOUNT_ID else TRANSFERRED
    return [*rows, _movement(account_id, "transfer", CashMovementKind.TRANSFER, amount, january(11))]


def _funding(scene: Scene, swing: Swing) -> list[Row]:
    return [
        _movement(SWING_ACCOUNT_ID, f"funding:{at.isoformat()}", CashMovementKind.FUNDING, amount, at)
        | {"instrument_id": scene.perpetual.id}
        for at, amount in swing.funding
    ]


def _holdings(scene: Scene, account_id: UUID, movements: list[Row], moved: Moved) -> list[Row]:
    """The balances at the end: cash, and coins at the last price."""
    rows = []
    for asset, quantity in _assets(END, movements).items():
        price = Decimal(1) if asset == CURRENCY else scene.price(END)
        rows.append(
            {
                "account_id": account_id,
                "asset": asset,
                "quantity": quantity,
                "available": quantity,
                "current_price": price,
                "market_value": quantity * price,
                "realized_pnl": _realized(END, moved) if asset == CURRENCY else ZERO,
                "currency": CURRENCY,
                "valued_at": END,
            }
        )
    return rows


async def _snapshots(add: Adder, scene: Scene, account_id: UUID, movements: list[Row], moved: Moved) -> list[Row]:
    trades = await _trades(add, account_id)
    rows: list[Row] = []
    peak = ZERO
    for at in DAYBREAKS:
        held = _assets(at, movements)
        prices = {asset: Decimal(1) if asset == CURRENCY else scene.price(at) for asset in held}
        cash, unrealized = held[CURRENCY], _unrealized(scene, account_id, trades, at)
        coins = sum((quantity * prices[asset] for asset, quantity in held.items() if asset != CURRENCY), start=ZERO)
        value = coins if len(held) > 1 else unrealized  # a perpetual is worth what it has earned
        peak = max(peak, cash + value)
        rows.append(
            {
                "account_id": account_id,
                "taken_at": at,
                "currency": CURRENCY,
                "cash": cash,
                "positions_value": value,
                "equity": cash + value,
                "realized_pnl": _realized(at, moved),
                "unrealized_pnl": unrealized,
                "drawdown": float(1 - (cash + value) / peak),
                "holdings": {
                    asset: {"quantity": quantity, "value": quantity * prices[asset]} for asset, quantity in held.items()
                },
                "source": "ours",
            }
        )
    return rows


async def _trades(add: Adder, account_id: UUID) -> list[OpenTrade]:
    """Each part of a trade, as long as it was held; entries of several fills count from the first."""
    exits = (
        select(TradeExit.exit_time, TradeExit.quantity, Trade.entry_time, Trade.entry_price, Trade.direction)
        .join(Trade, Trade.id == TradeExit.trade_id)
        .where(Trade.account_id == account_id)
    )
    rows: list[OpenTrade] = [
        (entered, left, price, quantity if direction is TradeDirection.LONG else -quantity)
        for left, quantity, entered, price, direction in await add.session.execute(exits)
    ]
    still_open = select(Trade).where(Trade.account_id == account_id, Trade.exit_time.is_(None))
    rows += [
        (
            trade.entry_time,
            None,
            trade.entry_price,
            trade.quantity if trade.direction is TradeDirection.LONG else -trade.quantity,
        )
        for trade in await add.session.scalars(still_open)
    ]
    return rows


def _unrealized(scene: Scene, account_id: UUID, trades: list[OpenTrade], at: datetime) -> Decimal:
    held = [
        (price, quantity) for entered, left, price, quantity in trades if entered <= at and (left is None or at < left)
    ]
    if not held:
        return ZERO
    mark = scene.perpetual_price(at) if account_id == SWING_ACCOUNT_ID else scene.price(at)
    return sum(((mark - price) * quantity for price, quantity in held), start=ZERO)


def _assets(at: datetime, movements: list[Row]) -> dict[str, Decimal]:
    """What the movements up to an instant add up to, by currency."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for row in movements:
        if row["occurred_at"] <= at:
            held[row["currency"]] += row["amount"]
    return dict(held)


def _realized(at: datetime, moved: Moved) -> Decimal:
    return sum((profit for when, profit in moved.profits if when <= at), start=ZERO)


async def _mark_positions(add: Adder, scene: Scene) -> None:
    """Value what is still held at the end of the world, once."""
    price = scene.price(END)
    await add.session.execute(
        update(Position)
        .where(Position.account_id == scene.trader.account_id, Position.marked_at.is_(None), Position.quantity != 0)
        .values(
            mark_price=price,
            marked_at=END,
            unrealized_pnl=(price - func.coalesce(Position.average_entry_price, ZERO)) * Position.quantity,
        )
    )
