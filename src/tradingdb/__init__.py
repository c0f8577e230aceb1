"""The database of a trading platform: models, migrations and the verbs on top of them, on PostgreSQL."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradingdb import candles, market_trades, migrations
    from tradingdb.connections import Limits
    from tradingdb.database import Database, ReadSession, Retry, WriteSession
    from tradingdb.errors import TradingDBError
    from tradingdb.scope import Scope
    from tradingdb.services import agents, backtests, ledger, market, performance, trades
    from tradingdb.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Database",
    "Limits",
    "ReadSession",
    "Retry",
    "Scope",
    "Settings",
    "TradingDBError",
    "WriteSession",
    "agents",
    "backtests",
    "candles",
    "ledger",
    "market",
    "market_trades",
    "migrations",
    "performance",
    "trades",
]

_HOME = {
    "Database": "tradingdb.database",
    "Limits": "tradingdb.connections",
    "ReadSession": "tradingdb.database",
    "Retry": "tradingdb.database",
    "Scope": "tradingdb.scope",
    "Settings": "tradingdb.settings",
    "TradingDBError": "tradingdb.errors",
    "WriteSession": "tradingdb.database",
    "agents": "tradingdb.services",
    "backtests": "tradingdb.services",
    "candles": "tradingdb",
    "ledger": "tradingdb.services",
    "market": "tradingdb.services",
    "market_trades": "tradingdb",
    "migrations": "tradingdb",
    "performance": "tradingdb.services",
    "trades": "tradingdb.services",
}


if not TYPE_CHECKING:  # type checkers read the imports above, and complain of names that are not there

    def __getattr__(name: str) -> Any:
        """Import on first use: a command that starts must hear Ctrl-C, a service that migrates needs no candles."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _HOME[name]
        if home in {"tradingdb", "tradingdb.services"}:
            return importlib.import_module(f"{home}.{name}")
        return getattr(importlib.import_module(home), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
