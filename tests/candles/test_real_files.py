"""Real market data go in and come out value by value, and a second import of the same file changes nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.feather as pa_feather
import pytest

from tradingdb import candles
from tradingdb.candles import WriteReport
from tradingdb.database import WriteSession
from tradingdb.services import market

Expected = list[tuple[int, float, float, float, float, float]]


def read_csv(path: Path) -> Expected:
    with path.open(newline="") as lines:
        return [
            (
                round(datetime.fromisoformat(f"{row['timestamp']}+00:00").timestamp()) * 1_000_000,
                *(float(row[name]) for name in ("open", "high", "low", "close", "volume")),
            )
            for row in csv.DictReader(lines)
        ]


def read_feather(path: Path) -> Expected:
    return [
        (
            round(row["date"].timestamp()) * 1_000_000,
            *(row[name] for name in ("open", "high", "low", "close", "volume")),
        )
        for row in pa_feather.read_table(path).to_pylist()
    ]


def read_kraken(path: Path) -> Expected:
    rows = json.loads(path.read_text())["result"]["XBTUSDT"]
    return [(row[0] * 1_000_000, *map(float, (*row[1:5], row[6]))) for row in rows]


@pytest.mark.parametrize(
    ("name", "timeframe", "independent", "count"),
    [
        ("btc-perp-1m-2022-01.csv", "1m", read_csv, 45_031),
        ("ETH_BTC-5m.feather", "5m", read_feather, 5_760),
        ("XRP_ETH-1m.feather", "1m", read_feather, 2_469),
        ("kraken-ohlc-response.json", "1m", read_kraken, 721),
    ],
)
async def test_a_real_file_is_stored_value_by_value_and_only_once(
    session: WriteSession,
    market_data: Path,
    name: str,
    timeframe: str,
    independent: Callable[[Path], Expected],
    count: int,
) -> None:
    expected = sorted(independent(market_data / name))
    assert len(expected) == len({row[0] for row in expected}) == count
    instrument = await market.ensure_instrument(session, "somewhere", "A/B")
    file = candles.read_file(market_data / name)
    assert len(file) == count
    reports = [await candles.write(session, instrument, timeframe, file.columns) for _ in range(2)]
    assert reports == [WriteReport(inserted=count), WriteReport(unchanged=count)]
    series = await candles.read(session, instrument, timeframe)
    stored = [series.open_time.astype(np.int64), series.open, series.high, series.low, series.close, series.volume]
    assert list(zip(*(column.tolist() for column in stored), strict=True)) == expected
    (info,) = await candles.coverage(session)
    assert info.count == count


async def test_the_last_candle_of_a_kraken_answer_is_still_growing(session: WriteSession, market_data: Path) -> None:
    path = market_data / "kraken-ohlc-response.json"
    answer = json.loads(path.read_text())["result"]
    instrument = await market.ensure_instrument(session, "kraken", "XBT/USDT")
    await candles.write(session, instrument, "1m", candles.read_file(path).columns)
    series = await candles.read(session, instrument, "1m", columns=["is_closed", "trade_count", "quote_volume"])
    assert series.extra["is_closed"].tolist() == [row[0] <= answer["last"] for row in answer["XBTUSDT"]]
    assert series.extra["is_closed"].tolist().count(False) == 1
    assert series.extra["trade_count"].tolist() == [row[7] for row in answer["XBTUSDT"]]
    assert series.extra["quote_volume"].tolist() == [float(row[5]) * float(row[6]) for row in answer["XBTUSDT"]]
