"""Candles made of public trades are those that the trades say, with edges that know what they do not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.feather as pa_feather
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradingdb import candles, market, market_trades
from tradingdb.candles import CandleSeries, WriteReport
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import ReadSession, WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import Instrument

START = datetime(2024, 2, 29, 23, 58, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXTRA = ("quote_volume", "trade_count", "taker_buy_volume", "is_closed")

Row = tuple[int, int, float, float, str | None]
"""Second after START, number, price, quantity, side."""


def trades(*rows: Row) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": (START + second * timedelta(seconds=1)).timestamp() * 1000,
            "id": str(number),
            "price": price,
            "amount": quantity,
            "side": side,
        }
        for second, number, price, quantity, side in rows
    ]


async def stored(session: ReadSession, instrument: Instrument, timeframe: str = "1m") -> CandleSeries:
    return await candles.read(session, instrument, timeframe, columns=EXTRA)


async def btc(session: WriteSession, symbol: str = "BTC/USDT", **details: Any) -> Instrument:
    return await market.ensure_instrument(session, "binance", symbol, **details)


def minutes(series: CandleSeries) -> list[int]:
    return ((series.open_time - np.datetime64(START.replace(tzinfo=None))) // np.timedelta64(1, "m")).tolist()


async def test_real_trades_make_every_candle_that_the_venue_published_exactly(
    session: WriteSession, market_data: Path
) -> None:
    """All 2,469 bars agree to the last bit, and the test says why they do.

    The ids are consecutive, so no trade is missing or there twice; quantities are whole numbers, so their sums do not
    depend on the order; both files begin in the first minute of a day and end in the same minute; neither has a bar
    where nobody traded (3,560 minutes have 2,469 bars). The first and the last bar could lack trades as far as anybody
    knows who sees only these trades, and are not closed.
    """
    file = market_trades.read_file(market_data / "XRP_ETH-trades.feather")
    ids = file.columns.venue_trade_id.astype(np.int64)
    assert (np.diff(ids) == 1).all()
    assert (file.columns.quantity % 1 == 0).all()
    instrument = await btc(session, "XRP/ETH")
    reports = [await market_trades.write(session, instrument, file, source=file.path.name) for _ in range(2)]
    assert reports == [market_trades.WriteReport(inserted=12_477), market_trades.WriteReport(unchanged=12_477)]

    assert await candles.from_trades(session, instrument, "1m") == WriteReport(inserted=2_469)
    made = await stored(session, instrument)
    published = pa_feather.read_table(market_data / "XRP_ETH-1m.feather").to_pandas()
    times = published["date"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    assert (made.open_time == times).all()
    for name in ("open", "high", "low", "close", "volume"):
        assert (getattr(made, name) == published[name].to_numpy()).all(), name
    span = int((times[-1] - times[0]) / np.timedelta64(1, "m")) + 1
    assert (len(made), span) == (2_469, 3_560)
    assert np.flatnonzero(~made.extra["is_closed"]).tolist() == [0, 2_468]

    # the venue's closed bars stay at the edges, and nothing else changes
    venue = await candles.write(
        session, instrument, "1m", candles.read_file(market_data / "XRP_ETH-1m.feather").columns
    )
    assert (venue.updated, venue.unchanged) == (2, 2_467)
    assert await candles.from_trades(session, instrument, "1m") == WriteReport(unchanged=2_469)


rows_of_trades = st.lists(
    st.tuples(
        st.integers(0, 400), st.just(0), st.sampled_from([0.1, 0.2, 0.3, 7.0]), st.sampled_from([0.1, 0.7, 1e-9]),
        st.sampled_from(["buy", "sell", "buy", None]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_trades, timeframe=st.sampled_from(["1s", "1m", "3m", "1M"]))
async def test_candles_are_what_the_trades_say_one_after_another(
    session: WriteSession, rows: list[Row], timeframe: str
) -> None:
    length = Timeframe.parse(timeframe)
    ordered = [(row[0], at, *row[2:]) for at, row in enumerate(sorted(rows, key=lambda row: row[0]), 7)]
    async with session.begin_nested() as savepoint:
        instrument = await btc(session)
        await market_trades.write(session, instrument, trades(*ordered)[::-1])
        await candles.from_trades(session, instrument, length)
        made = await stored(session, instrument, timeframe)
        expected = []
        for at, group in groupby(ordered, lambda row: length.floor(START + row[0] * timedelta(seconds=1))):
            prices, amounts, sides = zip(*(row[2:] for row in group), strict=True)
            bought = [amount if side == "buy" else 0.0 for amount, side in zip(amounts, sides, strict=True)]
            turnover = [price * amount for price, amount in zip(prices, amounts, strict=True)]
            expected.append(
                (at, prices[0], max(prices), min(prices), prices[-1], in_order(amounts), in_order(turnover),
                 len(prices), -1.0 if None in sides else in_order(bought))
            )  # fmt: skip
        columns = [made.open, made.high, made.low, made.close, made.volume, *(made.extra[name] for name in EXTRA[:3])]
        columns[-1] = np.nan_to_num(columns[-1], nan=-1.0)
        times = [at.replace(tzinfo=UTC) for at in made.open_time.tolist()]
        assert list(zip(times, *(column.tolist() for column in columns), strict=True)) == expected
        inner = [0 < at < len(expected) - 1 for at in range(len(expected))]
        assert made.extra["is_closed"].tolist() == inner
        assert (await candles.from_trades(session, instrument, length)).total == len(expected)
        await savepoint.rollback()


def in_order(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


async def test_of_two_trades_at_one_instant_the_one_with_the_smaller_number_came_first(session: WriteSession) -> None:
    instrument = await btc(session)
    await market_trades.write(session, instrument, trades((0, 10, 3.0, 1.0, None), (0, 9, 2.0, 1.0, None)))
    await candles.from_trades(session, instrument, "1m")
    made = await stored(session, instrument)
    assert (made.open[0], made.close[0]) == (2, 3)


async def test_bounds_choose_candles_and_cut_none(session: WriteSession) -> None:
    instrument = await btc(session)
    await market_trades.write(session, instrument, trades(*((second, second, 1.0, 1.0, None) for second in range(300))))
    half = timedelta(seconds=30)
    report = await candles.from_trades(session, instrument, "1m", START + half, START + 2 * MINUTE + half)
    assert report == WriteReport(inserted=2)
    made = await stored(session, instrument)
    assert minutes(made) == [1, 2]
    assert made.volume.tolist() == [60, 60], "the second opens before the end, and has the trades after it too"
    assert made.extra["is_closed"].tolist() == [True, True]
    assert await candles.from_trades(session, instrument, "1m", START + 9 * MINUTE) == WriteReport()
    assert await candles.from_trades(session, instrument, "1m", end=START) == WriteReport()


async def test_the_edges_close_when_trades_beyond_them_come(session: WriteSession) -> None:
    instrument = await btc(session)
    reports = []
    for rows in (
        [(70, 2, 1.0, 1.0, "buy"), (130, 3, 2.0, 1.0, "buy")],
        [(190, 4, 3.0, 1.0, "buy")],
        [(5, 1, 9.0, 1.0, "buy")],
    ):
        await market_trades.write(session, instrument, trades(*rows))
        await candles.from_trades(session, instrument, "1m")
        made = await stored(session, instrument)
        reports.append(dict(zip(minutes(made), made.extra["is_closed"].tolist(), strict=True)))
    assert reports == [
        {1: False, 2: False},
        {1: False, 2: True, 3: False},
        {0: False, 1: True, 2: True, 3: False},
    ]


async def test_who_says_that_the_trades_are_whole_closes_the_edges(session: WriteSession) -> None:
    instrument = await btc(session)
    await market_trades.write(session, instrument, trades((0, 1, 1.0, 1.0, "buy"), (70, 2, 1.0, 1.0, "buy")))
    await candles.from_trades(session, instrument, "1m", whole=True)
    assert (await stored(session, instrument)).extra["is_closed"].tolist() == [True, True]


async def test_an_edge_does_not_replace_a_closed_candle_of_the_venue(session: WriteSession) -> None:
    instrument = await btc(session)
    bar = [START.timestamp() * 1000, 5.0, 9.0, 4.0, 6.0, 100.0]
    await candles.write(session, instrument, "1m", [bar])
    await market_trades.write(session, instrument, trades((30, 1, 5.0, 1.0, "buy"), (70, 2, 6.0, 1.0, "buy")))
    assert await candles.from_trades(session, instrument, "1m") == WriteReport(inserted=1, unchanged=1)
    assert (await stored(session, instrument)).high.tolist() == [9, 6]


@pytest.mark.parametrize(
    ("symbol", "details", "turnover"),
    [
        ("BTC/USDT", {}, 2.0 * 3 + 4.0 * 5),
        ("BTC/USDT:USDT", {"contract_size": Decimal("0.01")}, 2.0 * 3 * 0.01 + 4.0 * 5 * 0.01),
        ("BTC/USD:BTC", {"contract_size": Decimal(100)}, 3 * 100 + 5 * 100),
    ],
)
async def test_turnover_counts_contracts_and_block_trades_make_no_candle(
    session: WriteSession, symbol: str, details: dict[str, Any], turnover: float
) -> None:
    instrument = await btc(session, symbol, **details)
    data = trades((0, 1, 2.0, 3.0, "buy"), (1, 2, 99.0, 7.0, "buy"), (2, 3, 4.0, 5.0, "sell"))
    await market_trades.write(session, instrument, [row | {"is_block": row["id"] == "2"} for row in data])
    await candles.from_trades(session, instrument, "1m")
    made = await stored(session, instrument)
    assert (made.high[0], made.volume[0], made.extra["trade_count"][0]) == (4, 8, 2)
    assert (made.extra["quote_volume"][0], made.extra["taker_buy_volume"][0]) == (turnover, 3)


async def test_what_cannot_be_asked_says_so(session: WriteSession) -> None:
    instrument = await btc(session)
    assert await candles.from_trades(session, instrument, "1m") == WriteReport(), "no trades, no candles"
    with pytest.raises(InvalidValueError, match="zone"):
        await candles.from_trades(session, instrument, "1m", datetime(2024, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(InvalidValueError, match="no timeframe '7m'"):
        await candles.from_trades(session, instrument, "7m")
    with pytest.raises(NotFoundError, match="no instrument 4711"):
        await candles.from_trades(session, 4711, "1m")
