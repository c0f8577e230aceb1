"""The money of the two accounts: every movement, what it adds up to, and what it was worth each midnight."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import func, select, update

from tradingdb.models import (
    CashMovement,
    CashMovementKind,
    Fill,
    PortfolioHolding,
    PortfolioSnapshot,
    Position,
    Trade,
    TradeDirection,
    TradeExit,
)
from tradingdb.seeds.scene import DAYBREAKS, END, START, SWING_ACCOUNT_ID, january

if TYPE_CHECKING:
    from tradingdb.seeds.adding import Adder, Row
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
    movements = {
        scene.trader.account_id: [*_given(scene.trader.account_id), *await _traded(add, scene.trader.account_id)],
        SWING_ACCOUNT_ID: [
            *_given(SWING_ACCOUNT_ID),
            *await _traded(add, SWING_ACCOUNT_ID),
            *_funding(scene, swing),
        ],
    }
    await _mark_positions(add, scene)
    for account_id, of_account in movements.items():
        await add(CashMovement, of_account)
        await add(PortfolioHolding, [_holding(account_id, of_account)])
        await add(PortfolioSnapshot, await _snapshots(add, scene, account_id, of_account))


def _movement(account_id: UUID, key: str, kind: CashMovementKind, amount: Decimal, at: datetime) -> Row:
    return {
        "id": uuid5(account_id, f"cash:{key}"),
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


async def _traded(add: Adder, account_id: UUID) -> list[Row]:
    """The fee of each fill, and the profit of each exit before fees."""
    fills = await add.session.execute(
        select(Fill.id, Fill.instrument_id, Fill.fee, Fill.executed_at).where(Fill.account_id == account_id)
    )
    rows = [
        _movement(account_id, f"fee:{fill_id}", CashMovementKind.FEE, -fee, at)
        | {"instrument_id": instrument_id, "fill_id": fill_id}
        for fill_id, instrument_id, fee, at in fills
        if fee
    ]
    exits = await add.session.execute(
        select(TradeExit.fill_id, Trade.instrument_id, TradeExit.pnl + TradeExit.fees, TradeExit.exit_time)
        .join(Trade, Trade.id == TradeExit.trade_id)
        .where(Trade.account_id == account_id)
    )
    rows += [
        _movement(account_id, f"pnl:{fill_id}", CashMovementKind.REALIZED_PNL, gross, at)
        | {"instrument_id": instrument_id, "fill_id": fill_id}
        for fill_id, instrument_id, gross, at in exits
        if gross
    ]
    return rows


def _funding(scene: Scene, swing: Swing) -> list[Row]:
    return [
        _movement(SWING_ACCOUNT_ID, f"funding:{at.isoformat()}", CashMovementKind.FUNDING, amount, at)
        | {"instrument_id": scene.perpetual.id}
        for at, amount in swing.funding
    ]


def _holding(account_id: UUID, movements: list[Row]) -> Row:
    """The balance at the end: profit comes and goes in cash, so cash is all that these accounts hold."""
    balance = _until(END, movements)
    return {
        "account_id": account_id,
        "asset": CURRENCY,
        "quantity": balance,
        "available": balance,
        "current_price": Decimal(1),
        "market_value": balance,
        "realized_pnl": _until(END, movements, CashMovementKind.REALIZED_PNL),
        "currency": CURRENCY,
        "valued_at": END,
    }


async def _snapshots(add: Adder, scene: Scene, account_id: UUID, movements: list[Row]) -> list[Row]:
    trades = await _trades(add, account_id)
    rows: list[Row] = []
    peak = ZERO
    for at in DAYBREAKS:
        cash, unrealized = _until(at, movements), _unrealized(scene, account_id, trades, at)
        equity = cash + unrealized
        peak = max(peak, equity)
        rows.append(
            {
                "account_id": account_id,
                "taken_at": at,
                "currency": CURRENCY,
                "cash": cash,
                "positions_value": unrealized,
                "equity": equity,
                "realized_pnl": _until(at, movements, CashMovementKind.REALIZED_PNL),
                "unrealized_pnl": unrealized,
                "drawdown": float(1 - equity / peak),
                "holdings": {CURRENCY: {"quantity": cash, "value": cash}},
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


def _until(at: datetime, movements: list[Row], kind: CashMovementKind | None = None) -> Decimal:
    """What the movements up to an instant add up to; with a kind, those of it."""
    amounts = (row["amount"] for row in movements if row["occurred_at"] <= at and kind in {None, row["kind"]})
    return sum(amounts, start=ZERO)


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
