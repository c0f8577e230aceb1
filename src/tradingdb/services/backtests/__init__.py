"""Runs of backtests: results of other engines taken in, checked against what the engine says, listed and compared."""

from tradingdb.services.backtests.comparison import Comparison, FigurePair, Presence, TradePair, compare
from tradingdb.services.backtests.figures import figures_of
from tradingdb.services.backtests.importing import ImportReport, import_freqtrade
from tradingdb.services.backtests.reported import Agreement, FigureCheck, check_reported
from tradingdb.services.backtests.runs import RunInfo, run_named, runs

__all__ = [
    "Agreement",
    "Comparison",
    "FigureCheck",
    "FigurePair",
    "ImportReport",
    "Presence",
    "RunInfo",
    "TradePair",
    "check_reported",
    "compare",
    "figures_of",
    "import_freqtrade",
    "run_named",
    "runs",
]
