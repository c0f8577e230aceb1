"""Public trades, which venues publish one by one: in and out at the speed of COPY. Our own trades are fills."""

from tradingdb.market_trades.columns import BUY, SELL, UNKNOWN, MarketTradeColumns
from tradingdb.market_trades.files import FileMarketTrades, read_file
from tradingdb.market_trades.read import MarketTradeSeries, read
from tradingdb.market_trades.write import WriteReport, write

__all__ = [
    "BUY",
    "SELL",
    "UNKNOWN",
    "FileMarketTrades",
    "MarketTradeColumns",
    "MarketTradeSeries",
    "WriteReport",
    "read",
    "read_file",
    "write",
]
