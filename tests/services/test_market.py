"""Instruments are found by venue and symbol, added once, and a symbol says what it can about them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Instrument, InstrumentKind, Venue, VenueKind
from tradingdb.services import market


@pytest.mark.parametrize(
    ("symbol", "kind", "quote", "settle", "is_inverse"),
    [
        ("BTC/USDT", InstrumentKind.SPOT, "USDT", None, False),
        ("BTC/USDT:USDT", InstrumentKind.PERPETUAL, "USDT", "USDT", False),
        ("BTC/USD:BTC", InstrumentKind.PERPETUAL, "USD", "BTC", True),
        ("BTC/USDT:USDT-261225", InstrumentKind.FUTURE, "USDT", "USDT", False),
        ("BTC/USD:BTC-261225", InstrumentKind.FUTURE, "USD", "BTC", True),
    ],
)
async def test_a_symbol_says_what_kind_of_instrument_it_names(
    session: WriteSession, symbol: str, kind: InstrumentKind, quote: str, settle: str | None, is_inverse: bool
) -> None:
    found = await market.ensure_instrument(session, "binance", symbol)
    assert (found.symbol, found.kind, found.base_currency) == (symbol, kind, "BTC")
    assert (found.quote_currency, found.settle_currency, found.is_inverse) == (quote, settle, is_inverse)


@pytest.mark.parametrize("symbol", ["1000PEPE/USDT", "币安人生/USDT", "BRK.B/USD", "T-BILL/USD"])
async def test_currencies_may_have_any_letters(session: WriteSession, symbol: str) -> None:
    found = await market.ensure_instrument(session, "binance", symbol)
    assert f"{found.base_currency}/{found.quote_currency}" == symbol


@pytest.mark.parametrize(
    "symbol", ["AAPL", "BTC-USD", "BTC/", "/USDT", "BTC/USDT/EUR", "BTC/USDT:", "BTC/USDT:USDT-26", "^GSPC", "EUR USD"]
)
async def test_a_symbol_in_another_form_says_nothing(session: WriteSession, symbol: str) -> None:
    assert market.parse_symbol(symbol) == {}
    found = await market.ensure_instrument(session, "vendor", symbol)
    assert (found.symbol, found.kind, found.base_currency) == (symbol, InstrumentKind.SPOT, None)


@pytest.mark.parametrize("symbol", ["BTC/USD:BTC-261225-50000-C", "BTC/USD:BTC-261225-50000-P"])
def test_an_option_is_not_taken_for_something_else(symbol: str) -> None:
    assert market.parse_symbol(symbol).get("kind") in {None, InstrumentKind.OPTION}


async def test_details_of_a_new_instrument_are_kept_and_win_over_the_symbol(session: WriteSession) -> None:
    details: dict[str, Any] = {"price_tick": Decimal("0.01"), "native_symbol": "BTCUSDT", "kind": InstrumentKind.INDEX}
    found = await market.ensure_instrument(session, "binance", "BTC/USDT", **details)
    assert {name: getattr(found, name) for name in details} == details


async def test_an_instrument_is_added_once_and_not_changed_later(session: WriteSession) -> None:
    first = await market.ensure_instrument(session, "binance", "BTC/USDT", native_symbol="BTCUSDT")
    second = await market.ensure_instrument(session, "binance", "BTC/USDT", native_symbol="another")
    assert second.id == first.id
    await session.refresh(second)
    assert second.native_symbol == "BTCUSDT"
    assert await session.scalar(select(func.count()).select_from(Instrument)) == 1


async def test_the_same_symbol_at_two_venues_is_two_instruments(session: WriteSession) -> None:
    first = await market.ensure_instrument(session, "binance", "BTC/USDT")
    second = await market.ensure_instrument(session, "kraken", "BTC/USDT")
    assert first.id != second.id
    assert first.venue_id != second.venue_id


async def test_a_venue_that_is_there_is_left_as_it_is(session: WriteSession) -> None:
    session.add(Venue(code="desk", name="Our desk", kind=VenueKind.BROKER))
    await session.flush()
    await market.ensure_instrument(session, "desk", "BTC/USDT")
    (venue,) = await session.scalars(select(Venue))
    assert (venue.name, venue.kind) == ("Our desk", VenueKind.BROKER)


async def test_many_sessions_that_want_the_same_instrument_get_the_same(database: Database) -> None:
    async def ensure(symbol: str) -> tuple[str, int]:
        async with database.write() as session:
            return symbol, (await market.ensure_instrument(session, "binance", symbol)).id

    found = await asyncio.gather(*(ensure(symbol) for symbol in ["BTC/USDT", "ETH/USDT", "SOL/USDT"] * 5))
    assert len(set(found)) == 3
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Instrument)) == 3
        assert await session.scalar(select(func.count()).select_from(Venue)) == 1


async def test_an_instrument_is_found_by_venue_and_symbol_with_a_read_session(database: Database) -> None:
    async with database.write() as session:
        added = await market.ensure_instrument(session, "binance", "BTC/USDT")
    async with database.read() as session:
        assert (await market.instrument(session, "binance", "BTC/USDT")).id == added.id


@pytest.mark.parametrize(
    ("venue", "symbol"), [("binance", "ETH/USDT"), ("kraken", "BTC/USDT"), ("binance", "btc/usdt")]
)
async def test_an_unknown_instrument_is_named_in_the_error(session: WriteSession, venue: str, symbol: str) -> None:
    await market.ensure_instrument(session, "binance", "BTC/USDT")
    with pytest.raises(NotFoundError, match=f"no instrument {symbol} at {venue}"):
        await market.instrument(session, venue, symbol)


async def test_the_instruments_of_a_venue_come_by_symbol(session: WriteSession) -> None:
    for venue, symbol in [("binance", "SOL/USDT"), ("binance", "BTC/USDT"), ("kraken", "ADA/USD")]:
        await market.ensure_instrument(session, venue, symbol)
    found = await session.scalars(market.instruments_at("binance"))
    assert [each.symbol for each in found] == ["BTC/USDT", "SOL/USDT"]


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [("", "BTC/USDT"), (" ", "BTC/USDT"), ("binance", ""), ("a\nb", "BTC/USDT"), ("Binance", "BTC/USDT")],
)
async def test_an_empty_name_is_refused(session: WriteSession, venue: str, symbol: str) -> None:
    with pytest.raises(InvalidValueError, match="needs a symbol, and the code of a venue"):
        await market.ensure_instrument(session, venue, symbol)
