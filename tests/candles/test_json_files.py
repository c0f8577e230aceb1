"""JSON files: the answers of exchanges and plain lists give the same candles, and what is unclear is refused."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from candle_files import NEW_YEAR, assert_good, refusal, saved_as
from tradingdb.candles import read_file

FIRST, SECOND = [NEW_YEAR, 1, 2, 0.5, 1.5, 10], [NEW_YEAR + 60, 1.5, 3, 1, 2, 20]
NAMES = ["time", "open", "high", "low", "close", "volume"]
OBJECTS = [dict(zip(NAMES, row, strict=True)) for row in (FIRST, SECOND)]

saved = partial(saved_as, "candles.json")


def as_text(rows: list[list[Any]]) -> list[list[str]]:
    return [[str(value) for value in row] for row in rows]


def scaled(rows: list[list[Any]], factor: int) -> list[list[Any]]:
    return [[row[0] * factor, *row[1:]] for row in rows]


@pytest.mark.parametrize(
    "document",
    [
        [FIRST, SECOND],
        as_text([FIRST, SECOND]),
        scaled([FIRST, SECOND], 1_000),
        scaled([FIRST, SECOND], 1_000_000),
        scaled([FIRST, SECOND], 1_000_000_000),
        OBJECTS,
        [{name: str(value) for name, value in row.items()} for row in OBJECTS],
        [OBJECTS[0] | {"time": "2024-01-01T00:00:00Z"}, OBJECTS[1] | {"time": "2024-01-01T01:01:00+01:00"}],
        [OBJECTS[0] | {"time": "2024-01-01 00:00"}, OBJECTS[1] | {"time": "2024-01-01 00:01"}],
        [dict(reversed(row.items())) for row in OBJECTS],
        [{**row, "symbol": "BTC/USDT", "market": {"id": 1}} for row in OBJECTS],
        "\n".join(json.dumps(row) for row in OBJECTS),
        "\n\n".join(json.dumps(row) for row in (FIRST, SECOND)) + "\n",
        {"code": "0", "msg": "", "data": [FIRST, SECOND]},
        {"retCode": 0, "result": {"symbol": "BTCUSDT", "category": "spot", "list": as_text([FIRST, SECOND])}},
        {"chart": {"result": [{"meta": {}, "candles": OBJECTS}]}},
        json.dumps([FIRST, SECOND], indent=2),
        "\n  " + json.dumps([FIRST, SECOND]),
        "\ufeff" + json.dumps([FIRST, SECOND]),
        gzip.compress(json.dumps([FIRST, SECOND]).encode()),
    ],
    ids=[
        "lists", "text", "milliseconds", "microseconds", "nanoseconds", "objects", "objects of text", "ISO times",
        "times without zone", "keys in another order", "further keys", "lines of objects", "lines of lists", "nested",
        "nested deeper", "nested in lists", "indented", "after blanks", "byte order mark", "gzip",
    ],
)  # fmt: skip
def test_every_form_of_the_same_candles_is_read_alike(tmp_path: Path, document: Any) -> None:
    assert_good(read_file(saved(tmp_path, document)))


def test_rows_of_five_have_no_volume(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, [FIRST[:5], SECOND[:5]])).columns
    assert columns.close.tolist() == [1.5, 2]
    assert np.isnan(columns.volume).all()


def test_rows_of_twelve_are_those_of_binance(tmp_path: Path) -> None:
    columns = read_file(
        saved(tmp_path, [[NEW_YEAR * 1000, "1", "2", "0.5", "1.5", "10", 0, "13", 7, "4", "6", "0"]])
    ).columns
    assert columns.volume.tolist() == [10]
    assert columns.quote_volume.tolist() == [13]
    assert columns.trade_count.tolist() == [7]
    assert columns.taker_buy_volume.tolist() == [4]


def kraken(last: int, *, average: str = "1.25") -> dict[str, Any]:
    rows = [[NEW_YEAR + 60 * at, "1", "2", "0.5", "1.5", average, "10.5", 7] for at in range(3)]
    return {"error": [], "result": {"XXBTZUSD": rows, "last": last}}


def test_the_eight_values_of_kraken_have_an_average_price_before_the_volume(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, kraken(NEW_YEAR + 60))).columns
    assert columns.volume.tolist() == [10.5] * 3
    assert columns.quote_volume.tolist() == [1.25 * 10.5] * 3
    assert columns.trade_count.tolist() == [7] * 3


def test_the_candle_after_the_last_that_kraken_names_is_still_growing(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, kraken(NEW_YEAR + 60))).columns
    assert columns.is_closed is not None
    assert columns.is_closed.tolist() == [True, True, False]


def test_eight_values_whose_sixth_is_no_average_are_refused_with_their_row(tmp_path: Path) -> None:
    document = kraken(NEW_YEAR + 60)
    document["result"]["XXBTZUSD"][1][5] = "1000"
    assert "row 2:" in refusal(saved(tmp_path, document))


def test_a_volume_of_null_is_not_reported(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, [[*FIRST[:5], None], SECOND])).columns
    assert np.isnan(columns.volume[0])
    assert columns.volume[1] == 20


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ([NEW_YEAR + 60, 1, 2, 0.5], "values"),
        ([NEW_YEAR + 60, 1, 2, 0.5, 1.5], "values"),
        ([*SECOND, 7], "values"),
        (None, "values"),
        ([NEW_YEAR + 60, 1, "oops", 0.5, 1.5, 10], "'oops'"),
        ([NEW_YEAR + 60, 1, None, 0.5, 1.5, 10], "not a finite number"),
        ([NEW_YEAR + 60, 1, float("nan"), 0.5, 1.5, 10], "not a finite number"),
        ([NEW_YEAR + 60, 1, float("inf"), 0.5, 1.5, 10], "not a finite number"),
        ([NEW_YEAR + 60, [1], 2, 0.5, 1.5, 10], "not a number"),
        ([NEW_YEAR + 60, {"at": 1}, 2, 0.5, 1.5, 10], "not a number"),
        ([None, 1, 2, 0.5, 1.5, 10], "time"),
        (["soon", 1, 2, 0.5, 1.5, 10], "'soon'"),
        ([NEW_YEAR + 61, 1, 2, 0.5, 1.5, 10], "grid"),
        ([NEW_YEAR + 60, 1, 0.75, 0.5, 0.75, 10], "high is below"),
        (OBJECTS[1], "list"),
    ],
)
def test_a_bad_row_of_a_list_is_refused_with_its_number_and_reason(tmp_path: Path, second: Any, reason: str) -> None:
    message = refusal(saved(tmp_path, [FIRST, second, SECOND]))
    assert "row 2:" in message
    assert reason in message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"open": "oops"}, "'oops'"),
        ({"open": None}, "open is empty"),
        ({"open": ""}, "open is empty"),
        ({"open": [1]}, "open"),
        ({"time": None}, "time is missing"),
        ({"time": "soon"}, "'soon'"),
        ({"high": 0.25}, "high is below"),
        ({"high": float("nan")}, "not a finite number"),
        ({"another": 1}, "keys"),
    ],
)
def test_a_bad_object_is_refused_with_its_number_and_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    message = refusal(saved(tmp_path, [OBJECTS[0], OBJECTS[1] | change]))
    assert "row 2:" in message
    assert reason in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "no list"),
        ("{}", "no list"),
        ('{"error": ["EQuery:Unknown asset pair"]}', "no list"),
        (json.dumps({"a": [FIRST], "b": [SECOND]}), "2 lists"),
        (json.dumps([FIRST])[:-1], "line 1 is not JSON"),
        (json.dumps([FIRST], indent=1).replace("2", "2 2", 1), "is not JSON"),
        (json.dumps(OBJECTS[0]) + "\n\n" + json.dumps(OBJECTS[1])[:-4], "line 3 is not JSON"),
        (b'[[1704067200, "\xff", 2, 0.5, 1.5, 10]]', "UTF-8"),
        (json.dumps([{"time": NEW_YEAR, "open": 1, "high": 2, "low": 1, "last_price": 1}]), "no column for close"),
        ("[" * 100_000, "JSON"),
        (f"[[{NEW_YEAR}, 1, 2, 0.5, 1.5, 1{'0' * 400}]]", ""),
        (f"[[{NEW_YEAR}, 1, 2, 0.5, 1.5, 1{'0' * 5000}]]", ""),
    ],
    ids=[
        "empty list", "empty object", "an error", "two lists", "cut off", "broken", "broken line", "not UTF-8",
        "no close", "nested without end", "a number beyond floats", "a number beyond Python",
    ],
)  # fmt: skip
def test_a_document_without_one_list_of_candles_is_refused(tmp_path: Path, content: str | bytes, reason: str) -> None:
    assert reason in refusal(saved(tmp_path, content))


def test_a_single_object_on_a_single_line_is_one_candle(tmp_path: Path) -> None:
    assert len(read_file(saved(tmp_path, json.dumps(OBJECTS[0]) + "\n"))) == 1


def test_the_last_value_of_nine_says_whether_the_candle_is_closed(tmp_path: Path) -> None:
    rows = [
        [str(NEW_YEAR * 1000), "1", "2", "0.5", "1.5", "10", "11", "13", "1"],
        [str((NEW_YEAR + 60) * 1000), "1", "2", "0.5", "1.5", "10", "11", "13", "0"],
    ]
    columns = read_file(saved(tmp_path, json.dumps({"code": "0", "data": rows}))).columns
    assert columns.is_closed is not None
    assert columns.is_closed.tolist() == [True, False]
    assert columns.quote_volume.tolist() == [13, 13]
