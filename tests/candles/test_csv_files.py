"""CSV files: every common spelling gives the same candles, and what cannot be read is refused with file and line."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from candle_files import NEW_YEAR, assert_good, refusal, saved_as
from tradingdb.candles import read_file
from tradingdb.errors import UnusableFileError

HEADER = "time,open,high,low,close,volume\n"
ROW = "2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n"
NEXT_ROW = "2024-01-01T00:01:00Z,1.5,3,1,2,20\n"
GOOD = HEADER + ROW + NEXT_ROW

saved = partial(saved_as, "candles.csv")


def one_time(folder: Path, spelling: str, timezone: str = "UTC") -> datetime:
    path = saved(folder, f"time;open;high;low;close\n{spelling};1;2;0.5;1.5\n")
    return datetime.fromtimestamp(read_file(path, timezone=timezone).columns.open_time[0] / 1_000_000, UTC)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_way_to_write_the_same_text_gives_the_same_candles(
    tmp_path: Path, separator: str, line_end: str, mark: str, pack: Callable[[bytes], bytes]
) -> None:
    text = mark + GOOD.replace(",", separator).replace("\n", line_end)
    assert_good(read_file(saved(tmp_path, pack(text.encode()))))


@pytest.mark.parametrize(
    "text",
    [
        GOOD.rstrip("\n"),
        "\n\n" + GOOD,
        GOOD.replace("\n", "\n\n"),
        GOOD.replace(",", " , "),
        "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in GOOD.splitlines()),
        GOOD.upper().replace("T0", " 0"),
    ],
    ids=["no line end", "blank lines first", "blank lines between", "spaces", "quotes", "upper case"],
)
def test_layout_of_the_text_does_not_matter(tmp_path: Path, text: str) -> None:
    assert_good(read_file(saved(tmp_path, text)))


def test_the_name_of_a_file_says_nothing_about_its_content(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    path.write_text(GOOD)
    assert_good(read_file(str(path)))


def test_without_a_volume_column_the_volume_is_not_reported(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, "time,open,high,low,close\n2024-01-01,1,2,0.5,1.5\n")).columns
    assert np.isnan(columns.volume).all()
    assert columns.trade_count.tolist() == [-1]


def test_an_empty_volume_is_not_reported_and_the_others_stay(tmp_path: Path) -> None:
    columns = read_file(saved(tmp_path, HEADER + ROW.replace(",10\n", ",\n") + NEXT_ROW)).columns
    assert np.isnan(columns.volume[0])
    assert columns.volume[1] == 20


@pytest.mark.parametrize(
    "spelling",
    [
        "2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01 00:00:00", "2024-01-01 00:00", "2024-01-01T00:00Z",
        "2024-01-01", "2024/01/01", "2024/1/1", "2024.01.01", "2024/01/01 00:00:00", "2024-01-01 00:00:00.000000",
        "2024-01-01T00:00:00.000Z", "2024-01-01T02:00:00+02:00", "2024-01-01 02:00:00+0200", "2024-01-01T02:00+02",
        "2023-12-31T19:00:00-05:00", "2024-01-01 00:00:00 UTC", "1704067200", "1704067200.0", "1704067200000",
        "1704067200000000", "1704067200000000000",
    ],
)  # fmt: skip
def test_every_spelling_of_an_instant_is_the_same_instant(tmp_path: Path, spelling: str) -> None:
    assert one_time(tmp_path, spelling) == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_date_in_eight_digits_is_never_taken_for_seconds_since_1970(tmp_path: Path) -> None:
    try:
        found = one_time(tmp_path, "20240101")
    except UnusableFileError:
        return
    assert found == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spelling", "timezone", "expected"),
    [
        ("2024-01-15 10:00:00", "Europe/Berlin", datetime(2024, 1, 15, 9, tzinfo=UTC)),
        ("2024-07-15 10:00:00", "Europe/Berlin", datetime(2024, 7, 15, 8, tzinfo=UTC)),
        ("2024-07-15", "America/New_York", datetime(2024, 7, 15, 4, tzinfo=UTC)),
        ("2024-07-15 10:00:00Z", "Europe/Berlin", datetime(2024, 7, 15, 10, tzinfo=UTC)),
        ("2024-07-15 10:00:00+09:00", "Europe/Berlin", datetime(2024, 7, 15, 1, tzinfo=UTC)),
        ("1704067200", "Europe/Berlin", datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_timezone_is_that_of_times_that_carry_none(
    tmp_path: Path, spelling: str, timezone: str, expected: datetime
) -> None:
    assert one_time(tmp_path, spelling, timezone) == expected


@pytest.mark.parametrize("local", ["2024-03-31 02:30:00", "2024-10-27 02:30:00"], ids=["nonexistent", "ambiguous"])
def test_a_local_time_that_happens_never_or_twice_is_refused_with_its_line(tmp_path: Path, local: str) -> None:
    path = saved(tmp_path, f"time,open,high,low,close\n2024-01-01 00:00:00,1,2,1,2\n{local},1,2,1,2\n")
    message = refusal(path, timezone="Europe/Berlin")
    assert "line 3" in message
    assert local in message


@pytest.mark.parametrize("timezone", ["Mars/Olympus", ""])
def test_an_unknown_timezone_is_called_unknown(tmp_path: Path, timezone: str) -> None:
    path = saved(tmp_path, "time,open,high,low,close\n2024-01-01 00:00:00,1,2,1,2\n")
    assert f"no time zone {timezone!r}" in refusal(path, timezone=timezone)


@pytest.mark.parametrize(
    ("row", "volume", "more"),
    [
        ("1704067200,1,2,0.5,1.5", None, {}),
        ("1704067200,1,2,0.5,1.5,10", 10, {}),
        ("1704067200,1,2,0.5,1.5,10,7", 10, {"trade_count": 7}),
        (
            "1704067200000,1,2,0.5,1.5,10,1704067259999,13,7,4,6,0",
            10,
            {"quote_volume": 13, "trade_count": 7, "taker_buy_volume": 4},
        ),
        ("2024-01-01 00:00,1,2,0.5,1.5,10", 10, {}),
    ],
    ids=["5", "6", "7 of Kraken", "12 of Binance", "6 with a date"],
)
def test_columns_without_a_header_are_known_by_their_number(
    tmp_path: Path, row: str, volume: float | None, more: dict[str, float]
) -> None:
    found = read_file(saved(tmp_path, row + "\n"))
    columns = found.columns
    assert columns.open_time.tolist() == [NEW_YEAR * 1_000_000]
    assert (columns.open[0], columns.high[0], columns.low[0], columns.close[0]) == (1, 2, 0.5, 1.5)
    assert np.isnan(columns.volume[0]) if volume is None else columns.volume[0] == volume
    assert {name: getattr(columns, name)[0] for name in more} == more
    assert found.place(0) == "line 1"


KLINES = {"volume": 10, "quote_volume": 13, "trade_count": 7, "taker_buy_volume": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
                "taker_buy_quote_volume,ignore\n1704067200000,1,2,0.5,1.5,10,1704067259999,13,7,4,6,0"
            ),
            KLINES,
        ),
        (
            (
                "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,"
                "Taker buy base asset volume,Taker buy quote asset volume,Ignore\n"
                "1704067200000,1,2,0.5,1.5,10,1704067259999,13,7,4,6,0"
            ),
            KLINES,
        ),
        ("timestamp,open,high,low,close,volume\n1704067200000,1,2,0.5,1.5,10", {"volume": 10}),
        ("Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-01,1,2,0.5,1.5,1.25,10", {"volume": 10}),
        (
            (
                "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT\n"
                "1704067200,2024-01-01 00:00:00,BTC/USDT,1,2,0.5,1.5,10,13"
            ),
            {"volume": 10, "quote_volume": 13},
        ),
        (
            (
                "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
                "2024.01.01\t00:00:00\t1\t2\t0.5\t1.5\t10\t0\t3"
            ),
            {"volume": 10},
        ),
        ("Date;Time;Open;High;Low;Close;Volume\n2024-01-01;00:00;1;2;0.5;1.5;10", {"volume": 10}),
        ("t,o,h,l,c,v,n\n1704067200000,1,2,0.5,1.5,10,7", {"volume": 10, "trade_count": 7}),
    ],
    ids=["Binance data", "Binance klines", "ccxt", "yfinance", "CryptoDataDownload", "MetaTrader", "apart", "letters"],
)
def test_headers_of_known_sources_are_understood(tmp_path: Path, text: str, expected: dict[str, float]) -> None:
    columns = read_file(saved(tmp_path, text), symbol="BTC/USDT").columns
    assert columns.open_time.tolist() == [NEW_YEAR * 1_000_000]
    assert (columns.open[0], columns.high[0], columns.low[0], columns.close[0]) == (1, 2, 0.5, 1.5)
    assert {name: getattr(columns, name)[0] for name in expected} == expected


@pytest.mark.parametrize(
    ("symbol", "volume", "quote_volume"),
    [("BTC/USDT", 10, 13), ("USDT/BTC", 13, 10), ("btc/usdt:usdt", 10, 13)],
)
def test_volumes_named_by_currency_are_told_apart_by_the_symbol(
    tmp_path: Path, symbol: str, volume: float, quote_volume: float
) -> None:
    text = f"time,open,high,low,close,Volume USDT,Volume BTC\n{NEW_YEAR},1,2,0.5,1.5,13,10\n"
    columns = read_file(saved(tmp_path, text), symbol=symbol).columns
    assert (columns.volume[0], columns.quote_volume[0]) == (volume, quote_volume)


def test_turnover_alone_is_not_taken_for_volume(tmp_path: Path) -> None:
    text = f"time,open,high,low,close,Volume USDT\n{NEW_YEAR},1,2,0.5,1.5,13\n"
    columns = read_file(saved(tmp_path, text), symbol="BTC/USDT").columns
    assert np.isnan(columns.volume[0])
    assert columns.quote_volume[0] == 13


@pytest.mark.parametrize("symbol", [None, "ETH/EUR"])
def test_a_volume_in_an_unknown_currency_is_refused(tmp_path: Path, symbol: str | None) -> None:
    text = f"time,open,high,low,close,Volume BTC\n{NEW_YEAR},1,2,0.5,1.5,10\n"
    with pytest.raises(UnusableFileError, match="Volume BTC counts neither"):
        read_file(saved(tmp_path, text), symbol=symbol)


def test_flags_are_read_from_their_columns(tmp_path: Path) -> None:
    text = "time,open,high,low,close,is_closed,is_synthetic\n" + "".join(
        f"{NEW_YEAR + at},1,1,1,1,{closed},{synthetic}\n"
        for at, (closed, synthetic) in enumerate([("true", "0"), ("False", "1"), ("t", "no"), ("f", "YES")])
    )
    columns = read_file(saved(tmp_path, text)).columns
    assert columns.is_closed is not None
    assert columns.is_closed.tolist() == [True, False, True, False]
    assert columns.is_synthetic is not None
    assert columns.is_synthetic.tolist() == [False, True, False, True]


@pytest.mark.parametrize("before", ["", "\n", "\r\n\r\n"], ids=["at once", "a blank line", "two blank lines"])
@pytest.mark.parametrize("header", [HEADER, ""], ids=["header", "no header"])
@pytest.mark.parametrize("between", ["", "\n"], ids=["dense", "a blank line between"])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1704067320,1,2,oops,1.5,10", "'oops'"),
        ("1704067320,1,2,0.5,,10", "close is empty"),
        ("1704067320,1,2,0.5,1.5,many", "'many'"),
        ("1704067320,1,2,0.5,1.5", "5 values where 6"),
        ("1704067320,1,2,0.5,1.5,10,11", "7 values where 6"),
        ("1704067320,1,nan,0.5,1.5,10", "not a finite number"),
        ("1704067320,1,inf,0.5,1.5,10", "not a finite number"),
        ("1704067320,1,-inf,0.5,1.5,10", "not a finite number"),
        ("1704067321,1,2,0.5,1.5,10", "grid"),
        ("1704067320,1,0.75,0.5,0.75,10", "high is below"),
        ("1704067320,1,2,1.25,1.5,10", "low is above"),
        ("1704067320,1,2,0.5,1.5,-10", "volume is negative"),
        ("4102444800,1,2,0.5,1.5,10", "future"),
        ("soon,1,2,0.5,1.5,10", "'soon'"),
        (",1,2,0.5,1.5,10", "time"),
    ],
)
def test_a_bad_value_is_refused_with_its_line_and_reason(
    tmp_path: Path, before: str, header: str, between: str, bad: str, reason: str
) -> None:
    good = [f"{NEW_YEAR + 60 * at},1,2,0.5,1.5,10" for at in (0, 1)]
    text = before + header + ("\n" + between).join([*good, bad, *good]) + "\n"
    line = text.splitlines().index(bad) + 1
    message = refusal(saved(tmp_path, text))
    assert f"line {line}:" in message
    assert reason in message


def test_the_number_of_further_bad_rows_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{NEW_YEAR + 60 * at},1,0.5,0.5,1.5,10\n" for at in range(3))
    message = refusal(saved(tmp_path, HEADER + rows))
    assert "line 2:" in message
    assert "2 more rows" in message


def test_times_with_and_without_zone_are_not_mixed(tmp_path: Path) -> None:
    message = refusal(saved(tmp_path, GOOD + "2024-01-01T00:02:00,1,2,0.5,1.5,10\n"))
    assert "line 4" in message
    assert "zone" in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (HEADER.encode(), "no candles"),
        (b"time,open,high,low,volume\n1704067200,1,2,0.5,10\n", "no column for close"),
        (b"a,b,c\n1,2,3\n", "no column for open_time, open, high, low;"),
        (b"time,open,open,high,low,close\n1704067200,1,1,2,0.5,1.5\n", "open"),
        (b"1704067200,1,2,0.5\n", "line 1 has 4 values"),
        (b"1704067200,1,2,0.5,1.5,10,11,12,13,14\n", "line 1 has 10 values"),
        (b"just some words\n", "header"),
        (b"\x00\x01\x02\x03\x04", "line 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1 is neither UTF-8"),
        (GOOD.encode("utf-16"), "line 1 is neither UTF-8"),
        ((GOOD + "2024-01-01T00:02:00Z,1é,2,0.5,1.5,10\n").encode("latin-1"), "line 4 is neither UTF-8"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-12], "gzip"),
        (gzip.compress(GOOD.encode(), mtime=0)[:12], "gzip"),
        (b"\x1f\x8bjunk", "gzip"),
    ],
)
def test_a_file_that_holds_no_candles_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(saved(tmp_path, content))


def test_a_directory_and_a_missing_file_are_refused_by_name(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "nowhere.csv")


def test_a_file_without_permission_is_refused_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, GOOD)
    path.chmod(0)
    privileged = os.geteuid() == 0
    if privileged:  # nothing is forbidden to root
        os.seteuid(65_534)
    try:
        assert "Permission denied" in refusal(path)
    finally:
        if privileged:
            os.seteuid(0)


def test_real_volume_goes_before_the_number_of_ticks(tmp_path: Path) -> None:
    header = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    row = "2024.01.01\t00:00:00\t1\t2\t0.5\t1.5\t10\t{volume}\t3\n"
    assert read_file(saved(tmp_path, header + row.format(volume=555))).columns.volume.tolist() == [555]
    assert read_file(saved(tmp_path, header + row.format(volume=0))).columns.volume.tolist() == [10]


def test_volumes_with_their_currency_in_brackets_are_understood(tmp_path: Path) -> None:
    header = "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price\n"
    columns = read_file(saved(tmp_path, f"{header}{NEW_YEAR},1,2,0.5,1.5,10,13,1.3\n"), symbol="BTC/USD").columns
    assert (columns.volume[0], columns.quote_volume[0]) == (10, 13)


def test_a_plain_volume_does_not_hide_the_turnover_beside_it(tmp_path: Path) -> None:
    text = f"time,open,high,low,close,volume,Volume USDT,Volume EUR\n{NEW_YEAR},1,2,0.5,1.5,10,13,12\n"
    columns = read_file(saved(tmp_path, text), symbol="BTC/USDT").columns
    assert (columns.volume[0], columns.quote_volume[0]) == (10, 13)


@pytest.mark.parametrize(("zone", "hour"), [("-0500", 5), ("-05:00", 5), ("+0500", 19), ("-0030", 0)])
def test_an_offset_is_not_taken_for_a_part_of_the_date(tmp_path: Path, zone: str, hour: int) -> None:
    assert one_time(tmp_path, f"2024/1/2 00:00:00{zone}").hour == hour


@pytest.mark.parametrize("timezone", ["Mars/X", "", "../../etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused_also_where_it_is_not_needed(tmp_path: Path, timezone: str) -> None:
    with pytest.raises(UnusableFileError, match="There is no time zone"):
        read_file(saved(tmp_path, GOOD), timezone=timezone)
