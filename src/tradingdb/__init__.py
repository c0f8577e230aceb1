"""The database of a trading platform: models, migrations and the verbs on top of them, on PostgreSQL."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradingdb import candles, migrations
    from tradingdb.connections import Limits
    from tradingdb.database import Database, ReadSession, Retry, WriteSession
    from tradingdb.errors import TradingDBError
    from tradingdb.services import agents, market
    from tradingdb.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Database",
    "Limits",
    "ReadSession",
    "Retry",
    "Settings",
    "TradingDBError",
    "WriteSession",
    "agents",
    "candles",
    "market",
    "migrations",
]

_HOME = {
    "Database": "tradingdb.database",
    "Limits": "tradingdb.connections",
    "ReadSession": "tradingdb.database",
    "Retry": "tradingdb.database",
    "Settings": "tradingdb.settings",
    "TradingDBError": "tradingdb.errors",
    "WriteSession": "tradingdb.database",
    "agents": "tradingdb.services",
    "candles": "tradingdb",
    "market": "tradingdb.services",
    "migrations": "tradingdb",
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
