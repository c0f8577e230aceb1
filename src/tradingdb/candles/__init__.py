"""The candle engine: OHLCV bars in and out at the speed of COPY."""

from tradingdb.candles.block_check import BlockCheck, BlockDifference, verify_blocks
from tradingdb.candles.calendars import ALWAYS_OPEN, Calendar, ExchangeCalendar, SessionCalendar, exchange_calendar
from tradingdb.candles.columns import CandleColumns
from tradingdb.candles.coverage import CoverageCheck, CoverageDifference, Extent, SeriesInfo, coverage, verify_coverage
from tradingdb.candles.export import ExportReport, export
from tradingdb.candles.files import FileCandles, read_file
from tradingdb.candles.from_trades import from_trades
from tradingdb.candles.gaps import FillPolicy, FillReport, Gap, fill, gaps
from tradingdb.candles.latest import latest, latest_many
from tradingdb.candles.live import FollowReport, follow
from tradingdb.candles.panel import Panel, panel
from tradingdb.candles.read import read
from tradingdb.candles.resample import resample
from tradingdb.candles.retention import ExpiredMonth, RetentionReport, expired, retain
from tradingdb.candles.rollup import rollup
from tradingdb.candles.seal import SealReport, seal
from tradingdb.candles.series import CandleSeries
from tradingdb.candles.stream import stream
from tradingdb.candles.write import WriteReport, write

__all__ = [
    "ALWAYS_OPEN",
    "BlockCheck",
    "BlockDifference",
    "Calendar",
    "CandleColumns",
    "CandleSeries",
    "CoverageCheck",
    "CoverageDifference",
    "ExchangeCalendar",
    "ExpiredMonth",
    "ExportReport",
    "Extent",
    "FileCandles",
    "FillPolicy",
    "FillReport",
    "FollowReport",
    "Gap",
    "Panel",
    "RetentionReport",
    "SealReport",
    "SeriesInfo",
    "SessionCalendar",
    "WriteReport",
    "coverage",
    "exchange_calendar",
    "expired",
    "export",
    "fill",
    "follow",
    "from_trades",
    "gaps",
    "latest",
    "latest_many",
    "panel",
    "read",
    "read_file",
    "resample",
    "retain",
    "rollup",
    "seal",
    "stream",
    "verify_blocks",
    "verify_coverage",
    "write",
]
