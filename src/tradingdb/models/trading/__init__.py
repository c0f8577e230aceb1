"""The ledger: accounts, orders, fills, positions and trades."""

from tradingdb.models.trading.accounts import AccountStatus, TradingAccount
from tradingdb.models.trading.fills import Fill, Liquidity, Position
from tradingdb.models.trading.orders import (
    Order,
    OrderEvent,
    OrderEventKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from tradingdb.models.trading.portfolio import (
    CashMovement,
    CashMovementKind,
    PortfolioHolding,
    PortfolioSnapshot,
)
from tradingdb.models.trading.trades import ExitReason, Trade, TradeDirection, TradeExit, TradeOutcome

__all__ = [
    "AccountStatus",
    "CashMovement",
    "CashMovementKind",
    "ExitReason",
    "Fill",
    "Liquidity",
    "Order",
    "OrderEvent",
    "OrderEventKind",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "PortfolioHolding",
    "PortfolioSnapshot",
    "Position",
    "PositionSide",
    "TimeInForce",
    "Trade",
    "TradeDirection",
    "TradeExit",
    "TradeOutcome",
    "TradingAccount",
]
