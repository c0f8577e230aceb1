"""Venues and instruments: looked up by the names that people use."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from tradingdb.bulk import upsert
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Instrument, InstrumentKind, OptionKind, Venue, VenueKind
from tradingdb.timeseries.partitions import hold_growth_lock

if TYPE_CHECKING:
    from tradingdb.database import ReadSession, WriteSession


_VENUE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_SYMBOL = re.compile(
    r"(?P<base>[^/:\s]+)/(?P<quote>[^/:\s]+)"
    r"(:(?P<settle>[^-:\s]+)(-(?P<expiry>\d{6})(-(?P<strike>\d+(\.\d+)?)-(?P<right>[CP]))?)?)?"
)


def instruments_at(venue: str) -> Select[Instrument]:
    """The instruments of a venue, by its code."""
    return select(Instrument).join(Venue).where(Venue.code == venue).order_by(Instrument.symbol)


async def venue_codes(session: ReadSession) -> list[str]:
    """The codes of all venues, sorted."""
    return list(await session.scalars(select(Venue.code).order_by(Venue.code)))


async def instrument(session: ReadSession, venue: str, symbol: str) -> Instrument:
    """The instrument that a venue's code and a unified symbol name.

    Raises:
        NotFoundError: there is none.
    """
    found = await session.scalar(instruments_at(venue).where(Instrument.symbol == symbol))
    if found is None:
        raise NotFoundError(
            f"There is no instrument {symbol} at {venue}: check the spelling, or import candles for it to add it."
        )
    return found


async def ensure_instrument(session: WriteSession, venue: str, symbol: str, **details: Any) -> Instrument:
    """The instrument that a venue's code and a unified symbol name, added if there is none.

    A venue that is not known yet is added too. A symbol in ccxt's form says its own kind and currencies: `BTC/USDT` is
    spot, `BTC/USDT:USDT` a perpetual. `details` are further columns of a new instrument; they change nothing about one
    that is there.

    Raises:
        InvalidValueError: the symbol is empty, or the venue is no code.
    """
    found = await session.scalar(instruments_at(venue).where(Instrument.symbol == symbol))
    if found is not None:
        return found
    if not (_VENUE.fullmatch(venue) and symbol.strip()):
        raise InvalidValueError(
            "An instrument needs a symbol, and the code of a venue in lower-case letters, digits, dots and dashes; "
            f"{venue!r} and {symbol!r} were given."
        )
    await hold_growth_lock(session)
    venue_id = await session.scalar(select(Venue.id).where(Venue.code == venue))
    if venue_id is None:
        await upsert(session, Venue, [{"code": venue, "name": venue, "kind": VenueKind.EXCHANGE}], key=["code"])
        venue_id = await session.scalar(select(Venue.id).where(Venue.code == venue))
    row = {"venue_id": venue_id, "symbol": symbol, **parse_symbol(symbol), **details}
    await upsert(session, Instrument, [row], key=["venue_id", "symbol"])
    return await instrument(session, venue, symbol)


def parse_symbol(symbol: str) -> dict[str, Any]:
    """What a unified symbol says about its instrument: kind, base, quote and settle currency, is_inverse.

    The form is ccxt's: `BASE/QUOTE`, `BASE/QUOTE:SETTLE` (perpetual), `BASE/QUOTE:SETTLE-YYMMDD` (future),
    `BASE/QUOTE:SETTLE-YYMMDD-STRIKE-C` or `-P` (option). A symbol in any other form says nothing.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        return {}
    option: dict[str, Any] = {}
    if match["settle"] is None:
        kind = InstrumentKind.SPOT
    elif match["strike"] is not None:
        kind = InstrumentKind.OPTION
        right = OptionKind.CALL if match["right"] == "C" else OptionKind.PUT
        option = {"strike_price": Decimal(match["strike"]), "option_kind": right}
    else:
        kind = InstrumentKind.FUTURE if match["expiry"] else InstrumentKind.PERPETUAL
    return option | {
        "kind": kind,
        "base_currency": match["base"],
        "quote_currency": match["quote"],
        "settle_currency": match["settle"],
        # a premium is paid in what it is quoted in, also where that is the base currency
        "is_inverse": match["settle"] is not None and match["settle"] == match["base"] and not option,
    }
