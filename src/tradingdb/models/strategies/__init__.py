"""What to trade, and how well it went."""

from tradingdb.models.strategies.performance import PerformanceMetrics
from tradingdb.models.strategies.plans import (
    RiskParameters,
    RuleSource,
    Signal,
    SignalDirection,
    SignalStatus,
    Strategy,
    StrategyRule,
    StrategyStatus,
)

__all__ = [
    "PerformanceMetrics",
    "RiskParameters",
    "RuleSource",
    "Signal",
    "SignalDirection",
    "SignalStatus",
    "Strategy",
    "StrategyRule",
    "StrategyStatus",
]
