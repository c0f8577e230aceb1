"""What is at stake: kept apart wherever figures could mix."""

from __future__ import annotations

from enum import StrEnum


class TradingMode(StrEnum):
    """Whether money is at stake."""

    LIVE = "live"
    PAPER = "paper"
    BACKTEST = "backtest"
