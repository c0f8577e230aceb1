"""Where and what is traded, and what it did."""

from tradingdb.models.market.blocks import CandleBlock
from tradingdb.models.market.candles import Candle, QuarantinedCandle, SeriesCoverage
from tradingdb.models.market.datasets import Dataset
from tradingdb.models.market.instruments import (
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    OptionKind,
    TimeframeInfo,
    Venue,
    VenueKind,
)
from tradingdb.models.market.quotes import (
    AggregatedMarketData,
    FundingRate,
    MarketData,
    MarketDataSource,
    MarketTrade,
    TakerSide,
)
from tradingdb.models.market.zones import BreakoutDirection, BreakoutEvent, PriceZone, ZoneKind

__all__ = [
    "AggregatedMarketData",
    "BreakoutDirection",
    "BreakoutEvent",
    "Candle",
    "CandleBlock",
    "Dataset",
    "FundingRate",
    "Instrument",
    "InstrumentKind",
    "InstrumentStatus",
    "MarketData",
    "MarketDataSource",
    "MarketTrade",
    "OptionKind",
    "PriceZone",
    "QuarantinedCandle",
    "SeriesCoverage",
    "TakerSide",
    "TimeframeInfo",
    "Venue",
    "VenueKind",
    "ZoneKind",
]
