"""How sources name and order the columns of a candle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = {
    "open_time": {
        "opentime", "timestamp", "time", "date", "datetime", "ts", "t", "unix", "unixtime", "starttime", "start",
        "kopentime", "bartime", "tsevent", "gmttime", "indexlevel0",
    },
    "open": {"open", "o", "openprice", "priceopen"},
    "high": {"high", "h", "highprice", "pricehigh", "max"},
    "low": {"low", "l", "lowprice", "pricelow", "min"},
    "close": {"close", "c", "closeprice", "priceclose", "last"},
    "volume": {"volume", "v", "vol", "basevolume", "volumebase"},
    "tick_volume": {"tickvol", "tickvolume"},
    "quote_volume": {"volumequote", "quotevolume", "turnover", "quoteassetvolume", "qav", "quotevol"},
    "trade_count": {"tradecount", "tradescount", "trades", "numberoftrades", "numtrades", "count", "n"},
    "taker_buy_volume": {
        "takerbuyvolume", "takerbuybaseassetvolume", "takerbuybasevolume", "takerbaseassetvolume", "buyvolume",
    },
    "is_closed": {"isclosed", "closed", "confirm"},
    "is_synthetic": {"issynthetic", "synthetic"},
}  # fmt: skip
"""Spellings without case and punctuation."""

REQUIRED = ("open_time", "open", "high", "low", "close")

POSITIONS = {
    5: REQUIRED,
    6: (*REQUIRED, "volume"),
    9: (*REQUIRED, "volume", None, "quote_volume", "is_closed"),
    12: (*REQUIRED, "volume", None, "quote_volume", "trade_count", "taker_buy_volume", None, None),
}
"""Rows without names, by their width: 5 without volume, 6 as ccxt gives them, 9 as OKX does, 12 as Binance."""

KRAKEN_WIDTH = 8
KRAKEN_POSITIONS = (*REQUIRED, "vwap", "volume", "trade_count")
"""Kraken puts the volume-weighted average price before the volume: read by position as others are, it would be stored
as the volume."""


def named(headers: Iterable[str], symbol: str | None = None) -> dict[str, str]:
    """Our column name to the source's, for every column that is understood. The first of two spellings wins.

    `symbol` says what `Volume BTC` and `Volume USDT` are: one counts its base currency, the other its quote currency.

    Raises:
        InvalidValueError: a column that is understood is there twice under the same name, or volumes are named by
            currencies that are not the symbol's.
    """
    listed = [str(header) for header in headers]
    found: dict[str, str] = {}
    for header in listed:
        plain = re.sub(r"[^a-z0-9]", "", header.casefold())
        for ours, spellings in NAMES.items():
            if plain in spellings:
                found.setdefault(ours, header)
    for header in found.values():
        if listed.count(header) > 1:
            raise InvalidValueError(f"The column {header} is there {listed.count(header)} times.")
    return _volumes_by_currency([header for header in listed if header not in found.values()], symbol, found) | found


def _volumes_by_currency(headers: list[str], symbol: str | None, known: dict[str, str]) -> dict[str, str]:
    base, _, quote = (symbol or "").partition(":")[0].casefold().partition("/")
    counts = {base: "volume", quote: "quote_volume", "currency": "quote_volume"}
    found: dict[str, str] = {}
    for header in headers:
        match = re.fullmatch(r"volume[ _]*\(?([a-z0-9]{2,10})\)?", header.strip().casefold())
        if match is None:
            continue
        if (ours := counts.get(match[1])) is None:
            if "volume" in known:
                continue
            raise InvalidValueError(
                f"The column {header} counts neither the base nor the quote currency of "
                f"{symbol or 'a symbol that is known'}: name it volume or quote_volume, or check the symbol."
            )
        found[ours] = header
    return found


def require_all(found: Iterable[str], headers: Iterable[str]) -> None:
    """Refuse a source that lacks a column no candle can do without.

    Raises:
        InvalidValueError: the message names what is missing and what is there.
    """
    there = set(found)
    absent = [name for name in REQUIRED if name not in there]
    if absent:
        listed = ", ".join(map(str, headers)) or "none"
        raise InvalidValueError(f"There is no column for {', '.join(absent)}; the columns are: {listed}.")


def by_position(width: int) -> tuple[str | None, ...] | None:
    """What rows without names mean, by their width. None: too narrow for a candle.

    Widths that no source is known for are read as ccxt's six; whatever comes after those is left out.
    """
    if width < len(REQUIRED):
        return None
    if width == KRAKEN_WIDTH:
        return KRAKEN_POSITIONS
    return POSITIONS.get(width, POSITIONS[6])
