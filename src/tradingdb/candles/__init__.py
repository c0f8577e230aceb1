"""The candle engine: OHLCV bars in and out at the speed of COPY."""

from tradingdb.candles.columns import CandleColumns
from tradingdb.candles.files import FileCandles, read_file
from tradingdb.candles.listing import SeriesInfo, listing
from tradingdb.candles.read import CandleSeries, read
from tradingdb.candles.write import WriteReport, write

__all__ = [
    "CandleColumns",
    "CandleSeries",
    "FileCandles",
    "SeriesInfo",
    "WriteReport",
    "listing",
    "read",
    "read_file",
    "write",
]
