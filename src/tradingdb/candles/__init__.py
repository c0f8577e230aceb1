"""The candle engine: OHLCV bars in and out at the speed of COPY."""

from tradingdb.candles.calendars import ALWAYS_OPEN, Calendar, ExchangeCalendar, SessionCalendar, exchange_calendar
from tradingdb.candles.columns import CandleColumns
from tradingdb.candles.coverage import CoverageCheck, CoverageDifference, Extent, SeriesInfo, coverage, verify_coverage
from tradingdb.candles.export import ExportReport, export
from tradingdb.candles.files import FileCandles, read_file
from tradingdb.candles.gaps import FillPolicy, FillReport, Gap, fill, gaps
from tradingdb.candles.latest import latest, latest_many
from tradingdb.candles.panel import Panel, panel
from tradingdb.candles.read import read
from tradingdb.candles.resample import resample
from tradingdb.candles.rollup import rollup
from tradingdb.candles.series import CandleSeries
from tradingdb.candles.stream import stream
from tradingdb.candles.write import WriteReport, write

__all__ = [
    "ALWAYS_OPEN",
    "Calendar",
    "CandleColumns",
    "CandleSeries",
    "CoverageCheck",
    "CoverageDifference",
    "ExchangeCalendar",
    "ExportReport",
    "Extent",
    "FileCandles",
    "FillPolicy",
    "FillReport",
    "Gap",
    "Panel",
    "SeriesInfo",
    "SessionCalendar",
    "WriteReport",
    "coverage",
    "exchange_calendar",
    "export",
    "fill",
    "gaps",
    "latest",
    "latest_many",
    "panel",
    "read",
    "read_file",
    "resample",
    "rollup",
    "stream",
    "verify_coverage",
    "write",
]
