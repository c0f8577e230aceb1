"""The database of a trading platform: models, migrations and the verbs on top of them, on PostgreSQL."""

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
