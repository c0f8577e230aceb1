"""Public trades are read from whatever holds them, and what cannot be one is refused by row or line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sqlalchemy import Connection, event

from tradingdb import market, market_trades
from tradingdb.core.clock import utc_now
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidMarketTradesError, InvalidValueError, UnusableFileError
from tradingdb.market_trades import BUY, SELL, UNKNOWN, WriteReport
from tradingdb.models import Instrument

START_MS = 1_706_745_598_000


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


def in_every_form() -> list[Any]:
    table = {
        "timestamp": [START_MS, START_MS + 1000, START_MS + 1000],
        "id": ["1", "2", "3"],
        "price": [1.5, 2.5, 3.5],
        "amount": [1.0, 2.0, 3.0],
        "side": ["buy", "Sell", None],
    }
    arrays = {name: np.array(values, object if name == "side" else None) for name, values in table.items()}
    record = np.rec.fromarrays(list(arrays.values()), names=list(arrays))
    numbers = pd.DataFrame(table).astype({"id": "int64"})
    zoned = pd.DataFrame(table).assign(timestamp=pd.to_datetime(table["timestamp"], unit="ms", utc=True))
    maker = {name: values for name, values in table.items() if name != "side"} | {"is_buyer_maker": [False, True, True]}
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    aware = [row | {"timestamp": datetime.fromtimestamp(row["timestamp"] / 1000, UTC)} for row in rows]
    return [
        pytest.param(data, id=name)
        for name, data in {
            "ccxt": rows, "datetimes": aware, "arrays": arrays, "lists": table, "record array": record,
            "pandas": pd.DataFrame(table), "numbers": numbers, "zoned": zoned,
            "categories": pd.DataFrame(table).astype({"side": "category"}),
            "polars": pl.DataFrame(table), "arrow": pa.table(table), "codes": pa.table(table | {"side": [1, -1, 0]}),
            "maker": pd.DataFrame(maker), "maker arrays": maker,
        }.items()
    ]  # fmt: skip


@pytest.mark.parametrize("data", in_every_form())
async def test_every_tabular_form_holds_the_same_trades(session: WriteSession, data: Any) -> None:
    instrument = await btc(session)
    assert await market_trades.write(session, instrument, data) == WriteReport(inserted=3)
    series = await market_trades.read(session, instrument)
    assert series.traded_at.astype(np.int64).tolist() == [START_MS * 1000 + at for at in (0, 10**6, 10**6)]
    assert series.venue_trade_id.tolist() == ["1", "2", "3"]
    assert (series.price.tolist(), series.quantity.tolist()) == ([1.5, 2.5, 3.5], [1, 2, 3])
    assert series.taker_side[:2].tolist() == [BUY, SELL]
    assert series.taker_side[2] in (UNKNOWN, SELL), "who says who made the order says who took it"


GOOD = {"timestamp": START_MS, "id": "1", "price": 1.0, "amount": 1.0, "side": "buy"}
FUTURE = (utc_now() + timedelta(days=2)).timestamp() * 1000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"price": float("nan")}, "row 1: the price is not a finite number"),
        ({"price": None}, "row 1: the price|row 1: price is empty"),
        ({"price": float("-inf")}, "row 1: the price is not a finite number"),
        ({"amount": 0.0}, "row 1: the quantity is not a finite number above 0"),
        ({"amount": -1.0}, "row 1: the quantity is not"),
        ({"amount": float("inf")}, "row 1: the quantity is not"),
        ({"timestamp": FUTURE}, "row 1: the time is in the future"),
        ({"timestamp": None}, "row 1: the time is missing"),
        ({"side": "long"}, "row 1: the side 'long' is neither buy nor sell"),
        ({"id": "1" * 501}, "row 1: the id has more than 500 bytes"),
        ({"id": "a\x00b"}, "row 1: the id holds a NUL"),
    ],
)
async def test_a_row_that_cannot_be_a_trade_is_refused_by_number_before_anything_is_sent(
    session: WriteSession, wrong: dict[str, Any], says: str
) -> None:
    instrument = await btc(session)
    connection = await session.connection()
    sent: list[str] = []

    def note(_: Connection, __: object, statement: str, *more: object) -> None:
        sent.append(statement)

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    rows = [GOOD, GOOD | {"id": "2"} | wrong, GOOD | {"id": "3"}]
    for data in (rows, pa.Table.from_pylist(rows)):
        with pytest.raises(InvalidValueError, match=says):
            await market_trades.write(session, instrument, data)
    event.remove(connection.sync_connection, "before_cursor_execute", note)
    assert sent == []


async def test_all_rows_that_are_refused_are_counted_and_the_first_five_named(session: WriteSession) -> None:
    data = [GOOD | {"amount": 0.0}] * 7 + [GOOD]
    with pytest.raises(
        InvalidMarketTradesError, match=r"^7 of 8 trades were refused, none was stored: row 0.*2 more\.$"
    ):
        await market_trades.write(session, await btc(session), data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"timestamp": [1], "price": [1.0]}, "no column for quantity; the columns are: timestamp, price"),
        ([[1, 2, 3]], "row 0: a trade as ccxt gives it"),
        ("text", "cannot be read from a str"),
        ({"timestamp": [START_MS], "price": [1.0, 2.0], "amount": [1.0]}, "not equally long"),
        ({"timestamp": [START_MS], "price": [1.0], "amount": [1.0], "id": [1.5]}, "row 0: the id '1.5' is neither"),
        (pd.DataFrame({"time": [pd.Timestamp("2024-01-01")], "price": [1.0], "amount": [1.0]}), "without a zone"),
    ],
)
async def test_what_cannot_be_read_says_why(session: WriteSession, data: Any, says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        await market_trades.write(session, await btc(session), data)


async def test_a_csv_file_keeps_its_ids_as_they_are_and_names_the_line_of_what_is_wrong(
    session: WriteSession, tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(
        "time;trade_id;price;size;side\n2024-01-31 12:00:00;007;1.5;2;buy\n\n2024-01-31 12:00:01;008;1.5;2;\n"
    )
    file = market_trades.read_file(path, timezone="Asia/Tokyo")
    file.check()
    instrument = await btc(session)
    assert await market_trades.write(session, instrument, file) == WriteReport(inserted=2)
    series = await market_trades.read(session, instrument)
    assert series.venue_trade_id.tolist() == ["007", "008"]
    assert series.taker_side.tolist() == [BUY, UNKNOWN]
    assert series.traded_at[0] == np.datetime64("2024-01-31T03:00:00")
    for content, says in {
        "time,price,size\n2024-01-31,1,1\n2024-01-31,1,0\n": "line 3: the quantity is not",
        "time,price,size\n2024-01-31,1,1\n2024-01-31,x,1\n": "line 3: price cannot be read: 'x'",
        "time,price,size,side\n2024-01-31,1,1,up\n": "line 2: the side 'up'",
        "1706700000,1,1\n": "line 1 has no names: add a header line, for example timestamp",
        '[{"id": "1"}]': "JSON is not read here",
        "time,price,size\n": "holds no trades",
    }.items():
        path.write_text(content)
        with pytest.raises(UnusableFileError, match=says):
            market_trades.read_file(path).check()
