"""How trading went: `summary` of closed trades, `by` what they have in common, and the equity curve.

Everything is computed by PostgreSQL, of one mode and one currency at a time. `docs/reference/performance.md` has the
formula of each figure.
"""

from tradingdb.services.performance.dimensions import Dimension
from tradingdb.services.performance.equity import EquityCurve, EquitySource, equity_curve
from tradingdb.services.performance.figures import Summary
from tradingdb.services.performance.metrics import save_metrics
from tradingdb.services.performance.summary import GroupSummary, by, summary

__all__ = [
    "Dimension",
    "EquityCurve",
    "EquitySource",
    "GroupSummary",
    "Summary",
    "by",
    "equity_curve",
    "save_metrics",
    "summary",
]
