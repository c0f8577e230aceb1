"""Feather and Parquet files: every type that can hold a time or a number is read, damage is refused."""

from __future__ import annotations

import gzip
import io
import warnings
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as pa_feather
import pyarrow.parquet as pa_parquet
import pytest

from candle_files import NEW_YEAR, assert_good, refusal, saved_as
from tradingdb.candles import read_file

SECONDS = pa.array([NEW_YEAR, NEW_YEAR + 60])
GOOD = pa.table(
    {
        "date": SECONDS.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("ms", "UTC")),
        "open": [1.0, 1.5],
        "high": [2.0, 3.0],
        "low": [0.5, 1.0],
        "close": [1.5, 2.0],
        "volume": [10.0, 20.0],
    }
)

saved = partial(saved_as, "candles")
Packed = Callable[[pa.Table], bytes]


def feather(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pa_feather.write_feather(table, target)
    return target.getvalue()


def plain_feather(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pa_feather.write_feather(table, target, compression="uncompressed")
    return target.getvalue()


def feather_v1(table: pa.Table) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old files stay old
        pa_feather.write_feather(table, target, version=1)
    return target.getvalue()


def parquet(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pa_parquet.write_table(table, target, row_group_size=1)
    return target.getvalue()


def replaced(name: str, values: pa.Array) -> pa.Table:
    return GOOD.set_column(GOOD.column_names.index(name), name, values)


@pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")
@pytest.mark.parametrize("packed", [feather, plain_feather, feather_v1, parquet])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_format_gives_the_same_candles(tmp_path: Path, packed: Packed, pack: Callable[[bytes], bytes]) -> None:
    assert_good(read_file(saved(tmp_path, pack(packed(GOOD)))))


@pytest.mark.parametrize("packed", [feather, parquet])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "+05:30"])
def test_timestamps_of_every_unit_and_zone_are_the_same_instants(
    tmp_path: Path, packed: Packed, unit: str, zone: str | None
) -> None:
    times = SECONDS.cast(pa.timestamp("s", zone)).cast(pa.timestamp(unit, zone))
    assert_good(read_file(saved(tmp_path, packed(replaced("date", times)))))


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_whole_numbers_are_times_since_1970_in_the_unit_of_their_size(tmp_path: Path, factor: int) -> None:
    times = pa.array([NEW_YEAR * factor, (NEW_YEAR + 60) * factor])
    assert_good(read_file(saved(tmp_path, feather(replaced("date", times)))))


def test_float_seconds_keep_their_fraction(tmp_path: Path) -> None:
    found = read_file(saved(tmp_path, feather(replaced("date", pa.array([NEW_YEAR + 0.25, NEW_YEAR + 0.5])))))
    assert found.columns.open_time.tolist() == [NEW_YEAR * 1_000_000 + 250_000, NEW_YEAR * 1_000_000 + 500_000]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_are_midnights_of_the_timezone(tmp_path: Path, kind: pa.DataType) -> None:
    path = saved(tmp_path, feather(replaced("date", pa.array([date(2024, 1, 1), date(2024, 7, 1)], kind))))
    assert read_file(path).columns.open_time.astype("datetime64[us]").astype(str).tolist() == [
        "2024-01-01T00:00:00.000000",
        "2024-07-01T00:00:00.000000",
    ]
    assert read_file(path, timezone="Europe/Berlin").columns.open_time.astype("datetime64[us]").astype(
        str
    ).tolist() == [
        "2023-12-31T23:00:00.000000",
        "2024-06-30T22:00:00.000000",
    ]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z"]),
        pa.array(["2024-01-01 00:00", "2024-01-01 00:01"], pa.large_string()),
        pa.array(["2024-01-01 00:00", "2024-01-01 00:01"], pa.string_view()),
        pa.array(["1704067200", "1704067260"]).dictionary_encode(),
        pa.array(["2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z"]).dictionary_encode(),
    ],
)
def test_times_as_text_of_every_type_are_read(tmp_path: Path, times: pa.Array) -> None:
    assert_good(read_file(saved(tmp_path, feather(replaced("date", times)))))


@pytest.mark.parametrize(
    "prices",
    [
        pa.array([1.0, 1.5], pa.float32()),
        pa.array([np.float16(1), np.float16(1.5)], pa.float16()),
        pa.array([Decimal("1.0"), Decimal("1.5")], pa.decimal128(20, 8)),
        pa.array([Decimal("1.0"), Decimal("1.5")], pa.decimal256(60, 8)),
        pa.array(["1", "1.5"]),
        pa.array(["1", "1.5"], pa.large_string()),
        pa.array(["1", "1.5"], pa.string_view()),
        pa.array(["1", "1.5"]).dictionary_encode(),
        pa.array([1.0, 1.5]).dictionary_encode(),
    ],
    ids=lambda prices: str(prices.type),
)
def test_prices_of_every_type_are_read(tmp_path: Path, prices: pa.Array) -> None:
    assert_good(read_file(saved(tmp_path, feather(replaced("open", prices)))))


def test_whole_numbers_are_prices(tmp_path: Path) -> None:
    found = read_file(saved(tmp_path, parquet(replaced("high", pa.array([2, 3], pa.int32())))))
    assert_good(found)


def test_optional_columns_keep_what_was_reported_and_what_was_not(tmp_path: Path) -> None:
    table = GOOD.append_column("trades", pa.array([7, None])).append_column("turnover", pa.array([None, 13.5]))
    columns = read_file(saved(tmp_path, parquet(table))).columns
    assert columns.trade_count.tolist() == [7, -1]
    assert np.isnan(columns.quote_volume[0])
    assert columns.quote_volume[1] == 13.5


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (replaced("open", pa.array([1.0, None])), "row 2: open is empty"),
        (replaced("open", pa.array([1.0, float("nan")])), "row 2: a price is not a finite number"),
        (replaced("open", pa.array([1.0, float("inf")])), "row 2: a price is not a finite number"),
        (replaced("open", pa.array(["1", "oops"])), "row 2: open cannot be read: 'oops'"),
        (replaced("open", pa.array([[1], [2]])), "row 1: open cannot be read"),
        (replaced("high", pa.array([2.0, 1.0])), "row 2: high is below"),
        (replaced("date", pa.array([NEW_YEAR, None])), "row 2: the time is missing"),
        (replaced("date", pa.array([float(NEW_YEAR), float("nan")])), "row 2: "),
        (replaced("date", pa.array([NEW_YEAR, NEW_YEAR + 61])), "row 2: the open time is not on the grid"),
        (replaced("date", pa.array([1e300, 1e300])), "time"),
        (replaced("date", pa.array([True, False])), "Times cannot be read"),
        (GOOD.append_column("trades", pa.array([7, 7.5])), "row 2: trade_count cannot be read: 7.5"),
        (GOOD.append_column("open", pa.array([1.0, 1.5])), "open"),
        (GOOD.drop_columns(["close"]), "no column for close"),
        (GOOD.slice(0, 0), "no candles"),
    ],
)
def test_a_table_that_holds_no_candles_is_refused_with_row_and_reason(
    tmp_path: Path, table: pa.Table, reason: str
) -> None:
    assert reason in refusal(saved(tmp_path, feather(table)))


def test_a_row_of_a_later_row_group_is_counted_from_the_start(tmp_path: Path) -> None:
    path = saved(tmp_path, parquet(replaced("open", pa.array([1.0, None]))))
    assert "row 2: open is empty" in refusal(path)


@pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")
@pytest.mark.parametrize("packed", [feather, plain_feather, feather_v1, parquet])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, packed: Packed, part: float) -> None:
    content = packed(GOOD)
    assert refusal(saved(tmp_path, content[: max(8, int(len(content) * part))])).endswith("Nothing was stored.")


@pytest.mark.parametrize("start", [b"PAR1", b"ARROW1", b"FEA1"])
def test_junk_behind_the_mark_of_a_format_is_refused(tmp_path: Path, start: bytes) -> None:
    assert "damaged" in refusal(saved(tmp_path, start + bytes(range(256)) * 4))
