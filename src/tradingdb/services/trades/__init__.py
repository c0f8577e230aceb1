"""Round trips: opened and closed, recorded whole, or derived from fills; what each earned, and how far it went.

Every verb may be called any number of times with the same content: what is there already is a duplicate, never doubled.
Live, paper and backtest never mix: a trade has the mode of its account.
"""

from tradingdb.services.trades.entries import open_trade, open_trades, record_trade, record_trades
from tradingdb.services.trades.excursions import Excursion, excursions, update_excursions
from tradingdb.services.trades.exits import record_exit, record_exits, set_funding
from tradingdb.services.trades.from_fills import DerivedTrades, trades_from_fills
from tradingdb.services.trades.records import NewExit, NewTrade, Result, TradeReceipt

__all__ = [
    "DerivedTrades",
    "Excursion",
    "NewExit",
    "NewTrade",
    "Result",
    "TradeReceipt",
    "excursions",
    "open_trade",
    "open_trades",
    "record_exit",
    "record_exits",
    "record_trade",
    "record_trades",
    "set_funding",
    "trades_from_fills",
    "update_excursions",
]
