"""Whatever form a service has its candles in, the columns are the same; what is none of them is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradingdb.candles import CandleColumns, CandleSeries
from tradingdb.candles.sources import columns_from
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError

START = datetime(2024, 1, 1, tzinfo=UTC)
Row = tuple[datetime, float, float, float, float, float | None, int | None]
NAMES = ("open_time", "open", "high", "low", "close", "volume", "trade_count")
MAPPING: dict[str, Any] = {
    "time": np.array([1_704_067_200, 1_704_067_260]),
    "open": [1, 1.5],
    "high": [2, 3],
    "low": [0.5, 1],
    "close": [1.5, 2],
}


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def as_mapping(rows: list[Row]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True))
    return {
        "open_time": np.array([at.replace(tzinfo=None) for at in columns[0]], "datetime64[us]"),
        **{name: np.array(columns[at], float) for at, name in enumerate(NAMES) if 1 <= at <= 5},
        "trade_count": np.array(columns[6], float),
    }


def as_mapping_of_lists(rows: list[Row]) -> dict[str, Any]:
    columns = dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))
    return columns | {"open_time": [milliseconds(at) for at in columns["open_time"]]}


def as_records(rows: list[Row]) -> Any:
    columns = as_mapping(rows)
    kinds = [(name, column.dtype) for name, column in columns.items()]
    records = np.empty(len(rows), kinds)
    for name, column in columns.items():
        records[name] = column
    return records


def as_polars(rows: list[Row]) -> pl.DataFrame:
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    kinds = {"open_time": pl.Datetime("us", "UTC"), "volume": pl.Float64, "trade_count": pl.Int64}
    return pl.DataFrame({name: list(column) for name, column in columns.items()}, schema_overrides=kinds)


def as_pandas(rows: list[Row]) -> pd.DataFrame:
    columns = as_mapping(rows)
    index = pd.DatetimeIndex(columns.pop("open_time"), name="Date").tz_localize("UTC")
    return pd.DataFrame(columns, index=index).rename(columns=str.capitalize)


def as_pandas_without_a_name_for_its_index(rows: list[Row]) -> pd.DataFrame:
    return as_pandas(rows).rename_axis(None).tz_convert("Asia/Tokyo")


def as_arrow(rows: list[Row]) -> pa.Table:
    return as_polars(rows).to_arrow()


def as_reader(rows: list[Row]) -> pa.RecordBatchReader:
    return as_arrow(rows).to_reader(max_chunksize=2)


def as_series(rows: list[Row]) -> CandleSeries:
    columns = as_mapping(rows)
    counts = np.nan_to_num(columns.pop("trade_count"), nan=-1).astype(np.int64)
    return CandleSeries(1, Timeframe.M1, **columns, extra={"trade_count": counts})


def as_columns(rows: list[Row]) -> CandleColumns:
    return columns_from(as_mapping(rows))


FORMS = [
    as_mapping, as_mapping_of_lists, as_records, as_polars, as_pandas, as_pandas_without_a_name_for_its_index, as_arrow,
    as_reader, as_series, as_columns,
]  # fmt: skip
ROW_FORMS: list[Callable[[list[list[Any]]], Any]] = [
    list,
    lambda rows: tuple(tuple(row) for row in rows),
    lambda rows: [[None if value is None else str(value) for value in row] for row in rows],
    lambda rows: np.array(rows, float),
]

candles = st.lists(
    st.tuples(
        st.integers(0, 10**6).map(lambda minutes: START + timedelta(minutes=minutes)),
        *[st.floats(allow_nan=False, allow_infinity=False)] * 4,
        st.none() | st.floats(0, 1e300),
        st.none() | st.integers(0, 2**31 - 1),
    ),
    min_size=1,
    max_size=12,
)


def assert_same(result: CandleColumns, expected: CandleColumns) -> None:
    for field in fields(CandleColumns):
        mine, theirs = getattr(result, field.name), getattr(expected, field.name)
        if theirs is None:
            assert mine is None
        else:
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs, strict=True)


def expected_columns(rows: list[Row]) -> CandleColumns:
    missing = np.full(len(rows), np.nan)
    return CandleColumns(
        np.array([milliseconds(row[0]) * 1_000 for row in rows], np.int64),
        *(np.array([row[at] for row in rows], np.float64) for at in range(1, 6)),
        missing,
        np.array([-1 if row[6] is None else row[6] for row in rows], np.int64),
        missing,
    )


@settings(deadline=None, max_examples=40)
@given(rows=candles)
def test_every_named_form_of_the_same_candles_gives_the_same_columns(rows: list[Row]) -> None:
    for form in FORMS:
        assert_same(columns_from(form(rows)), expected_columns(rows))


@settings(deadline=None, max_examples=40)
@given(rows=candles)
def test_every_form_of_rows_gives_the_same_columns(rows: list[Row]) -> None:
    expected = expected_columns([(*row[:6], None) for row in rows])
    for form in ROW_FORMS:
        assert_same(columns_from(form([[milliseconds(row[0]), *row[1:6]] for row in rows])), expected)


@pytest.mark.parametrize("width", [5, 6, 12])
def test_a_matrix_is_read_by_its_width(width: int) -> None:
    row = [1_704_067_200, 1, 2, 0.5, 1.5, 10, 0, 13, 7, 4, 6, 0][:width]
    columns = columns_from(np.array([row], float))
    assert columns.open_time.tolist() == [1_704_067_200_000_000]
    assert columns.close.tolist() == [1.5]
    assert np.isnan(columns.volume[0]) if width == 5 else columns.volume[0] == 10
    assert columns.trade_count.tolist() == [7 if width == 12 else -1]


@pytest.mark.parametrize("data", [[], (), np.empty((0, 6)), {name: [] for name in MAPPING}], ids=repr)
def test_no_candles_are_no_candles(data: Any) -> None:
    assert len(columns_from(data)) == 0


def test_flags_are_taken_over() -> None:
    columns = columns_from(MAPPING | {"is_closed": [True, False], "is_synthetic": np.array([0, 1])})
    assert columns.is_closed is not None
    assert columns.is_closed.tolist() == [True, False]
    assert columns.is_synthetic is not None
    assert columns.is_synthetic.tolist() == [False, True]


def test_a_flag_as_text_is_not_true_because_it_is_text() -> None:
    try:
        columns = columns_from(MAPPING | {"is_closed": ["True", "False"]})
    except InvalidValueError:
        return
    assert columns.is_closed is not None
    assert columns.is_closed.tolist() == [True, False]


@pytest.mark.parametrize("form", [as_polars, as_arrow])
def test_times_of_a_table_without_zone_need_one_to_be_named(form: Callable[[list[Row]], Any]) -> None:
    rows: list[Row] = [(datetime(2024, 7, 1, 10, tzinfo=UTC), 1, 2, 0.5, 1.5, 10, 7)]
    frame = pl.DataFrame(form(rows)).with_columns(pl.col("open_time").dt.replace_time_zone(None))
    with pytest.raises(InvalidValueError, match="timezone="):
        columns_from(frame)
    columns = columns_from(frame, timezone="Europe/Berlin")
    assert columns.open_time.tolist() == [milliseconds(datetime(2024, 7, 1, 8, tzinfo=UTC)) * 1_000]


def test_a_pandas_index_without_zone_needs_one_to_be_named() -> None:
    frame = as_pandas([(datetime(2024, 7, 1, 10, tzinfo=UTC), 1, 2, 0.5, 1.5, 10, 7)]).tz_localize(None)
    with pytest.raises(InvalidValueError, match="timezone="):
        columns_from(frame)
    columns = columns_from(frame, timezone="Europe/Berlin")
    assert columns.open_time.tolist() == [milliseconds(datetime(2024, 7, 1, 8, tzinfo=UTC)) * 1_000]


def test_eight_values_are_those_of_kraken() -> None:
    columns = columns_from([[1_704_067_200, "1", "2", "0.5", "1.5", "1.25", "10", 7]])
    assert columns.volume.tolist() == [10]
    assert columns.quote_volume.tolist() == [12.5]
    assert columns.trade_count.tolist() == [7]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (5, "int"),
        (None, "NoneType"),
        ("1704067200,1,2,0.5,1.5", "str"),
        (b"1704067200,1,2,0.5,1.5", "bytes"),
        (np.zeros(6), "ndarray"),
        ([1, 2, 3], "row"),
        ([[1_704_067_200, 1, 2]], "these rows have 3 values"),
        (np.zeros((2, 4)), "these rows have 4 values"),
        ([[1_704_067_200, 1, 2, 0.5, 1.5], [1_704_067_260, 1, 2, 0.5]], "row 1: a list of 5 values"),
        ([[1_704_067_200, 1, 2, 0.5, 1.5], [1_704_067_260, 1, "x", 0.5, 1]], "row 1: 'x' is not a number"),
        ([{"time": 1, "open": 1, "high": 1, "low": 1, "close": 1}], "row 0"),
        ([[1_704_067_200, 1, 2, 0.5, 1.5, 10**400]], "is not a number"),
        (MAPPING | {"open": [1]}, "not equally long"),
        (MAPPING | {"open": 5}, "open"),
        (MAPPING | {"open": ["1", "x"]}, "open"),
        (MAPPING | {"open": np.array(["1", "x"], object)}, "open"),
        (MAPPING | {"trade_count": ["many", "few"]}, "trade_count"),
        (MAPPING | {"time": [START, START]}, "Times of type object"),
        (MAPPING | {"time": np.array(["2024-01-01", "NaT"], "datetime64[s]")}, "time is missing"),
        (MAPPING | {"time": [1_704_067_200, np.nan]}, "time is missing"),
        ({name: column for name, column in MAPPING.items() if name != "close"}, "no column for close"),
        ({0: [1], 1: [1]}, "no column for open_time, open, high, low, close"),
        (pa.table({"time": [1], "open": [1], "high": [1], "low": [1]}), "no column for close"),
        (pa.table({**MAPPING, "open": ["1", "x"]}), "row 1: open cannot be read: 'x'"),
        (pl.DataFrame({**MAPPING, "open": [1.0, None]}), "row 1: open is empty"),
    ],
)
def test_what_cannot_be_candles_is_refused_with_the_reason(data: Any, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        columns_from(data)


@pytest.mark.parametrize(
    "data",
    [
        [[1_704_067_200_000, 1, 1, 1, 1, 1], [1_704_067_260_000, 1, 1, 1, True, 1]],
        MAPPING | {"close": np.array([1.5, True], object)},
        pd.DataFrame(MAPPING | {"close": [True, True]}),
        np.ones((2, 6), np.bool_),
    ],
    ids=["rows", "mapping", "pandas", "matrix"],
)
def test_true_is_not_taken_for_a_price(data: object) -> None:
    with pytest.raises(InvalidValueError):
        columns_from(data)


@pytest.mark.parametrize("data", [pd.Series([1.0, 2.0]), pl.Series([1.0, 2.0]), pa.chunked_array([[1.0, 2.0]])])
def test_a_single_column_is_told_that_it_is_no_table(data: object) -> None:
    with pytest.raises(InvalidValueError, match="is one column: candles need a table"):
        columns_from(data)
