"""The ledger: accounts, orders, fills, positions and trades."""

from tradingdb.models.trading.accounts import AccountStatus, CostBasis, TradingAccount
from tradingdb.models.trading.fills import Fill, HeldLot, Liquidity, Position, PositionCheckpoint
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
    CashBalance,
    CashMovement,
    CashMovementKind,
    PortfolioHolding,
    PortfolioSnapshot,
)
from tradingdb.models.trading.reconciliations import (
    DifferenceKind,
    ProposedEntry,
    ReconciliationRecord,
    RecordedDifference,
)
from tradingdb.models.trading.trades import ExitReason, Trade, TradeDirection, TradeExit, TradeOutcome

__all__ = [
    "AccountStatus",
    "CashBalance",
    "CashMovement",
    "CashMovementKind",
    "CostBasis",
    "DifferenceKind",
    "ExitReason",
    "Fill",
    "HeldLot",
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
    "PositionCheckpoint",
    "PositionSide",
    "ProposedEntry",
    "ReconciliationRecord",
    "RecordedDifference",
    "TimeInForce",
    "Trade",
    "TradeDirection",
    "TradeExit",
    "TradeOutcome",
    "TradingAccount",
]
