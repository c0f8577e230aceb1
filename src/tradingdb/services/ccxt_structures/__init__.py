"""Orders, trades, positions and balances as ccxt gives them, as entries of the ledger. Nothing here asks or stores.

ccxt's unified structures are dicts: numbers are float, text, int or None; times are milliseconds after 1970; `info` is
what the venue sent. Words that ccxt leaves to venues (which position an order acts on, what triggers it) are read
there.

A float becomes the Decimal of its shortest text that reads back as the same float (`repr`). That is the number that
the venue sent, as long as it had no more than 15 significant digits; this is the only place where floats become
amounts.
"""

from tradingdb.services.ccxt_structures.orders import events_of, fees_of, fill_of, order_of
from tradingdb.services.ccxt_structures.reading import completed, number
from tradingdb.services.ccxt_structures.reports import HoldingReport, PositionReport, holdings_of, position_of

__all__ = [
    "HoldingReport",
    "PositionReport",
    "completed",
    "events_of",
    "fees_of",
    "fill_of",
    "holdings_of",
    "number",
    "order_of",
    "position_of",
]
