"""`tradingdb candles export` and `show`: files that import as the same, and charts that can be read."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands import Run
from tradingdb import candles
from tradingdb.candles import CandleSeries
from tradingdb.cli.candle_chart import BODY, FELL, ROSE, WICK, candle_chart
from tradingdb.cli.candle_picture import draw_picture, picture_file
from tradingdb.core.timeframe import Timeframe
from tradingdb.database import Database
from tradingdb.errors import InvalidValueError, MissingExtraError
from tradingdb.services import market

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC = ["--venue", "Kraken", "--symbol", "BTC/USD", "--timeframe", "1m"]
PNG = b"\x89PNG\r\n\x1a\n"
HEIGHT = 12


@pytest_asyncio.fixture(loop_scope="session")
async def run(run: Run, database: Database) -> Run:
    """Run `tradingdb candles` on a database with 120 candles, of which one is missing and one synthetic."""
    minutes = [at for at in range(121) if at != 100]
    columns = {
        "open_time": np.array([START.timestamp() + at * 60 for at in minutes]),
        "open": np.array([10.0 + at % 7 for at in minutes]),
        "high": np.array([17.5 for _ in minutes]),
        "low": np.array([9.25 for _ in minutes]),
        "close": np.array([10.0 + (at + 3) % 7 for at in minutes]),
        "volume": np.array([np.nan if at == 120 else at for at in minutes]),
        "is_synthetic": np.array([at == 110 for at in minutes]),
    }
    async with database.write() as session:
        instrument = await market.ensure_instrument(session, "kraken", "BTC/USD")
        await market.ensure_instrument(session, "kraken", "ETH/USD")
        await candles.write(session, instrument, "1m", columns)
    return partial(run, database.target, "candles")


async def test_an_export_imports_as_the_same_and_says_what_it_did(run: Run, tmp_path: Path) -> None:
    plain, part = await asyncio.gather(
        run("export", "all.csv", *BTC),
        run("export", "part.csv.gz", *BTC, "--start", "2024-03-01T00:10", "--end", "2024-03-01T02:00+01:00", "--json"),
    )
    assert (plain[0], plain[2]) == (0, ""), "progress is not for pipes"
    assert plain[1].startswith(
        "120 candles of BTC/USD 1m at kraken in all.csv: 2024-03-01 00:00 to 2024-03-01 02:00 UTC"
    )
    assert (part[0], part[2]) == (0, "")
    assert json.loads(part[1]) == {
        "venue": "kraken", "symbol": "BTC/USD", "timeframe": "1m", "path": "part.csv.gz", "count": 50,
        "first": "2024-03-01T00:10:00+00:00", "last": "2024-03-01T00:59:00+00:00",
        "bytes": (tmp_path / "part.csv.gz").stat().st_size,
    }  # fmt: skip
    code, out, err = await run("import", "all.csv", *BTC, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)["report"]
    assert (report["inserted"], report["updated"], report["unchanged"]) == (0, 0, 120)


async def test_what_cannot_be_exported_or_shown_is_said_in_a_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    ether = [*BTC[:3], "ETH/USD", *BTC[4:]]
    said = await asyncio.gather(
        run("export", "mine.csv", *BTC),
        run("export", "new.csv", *ether),
        run("export", "new.csv", *BTC, "--start", "yesterday"),
        run("show", *ether),
    )
    reasons = [
        (6, "mine.csv exists"), (2, "There are no 1m candles"),
        (2, "--start 'yesterday' is no time"), (2, "There are no candles of ETH/USD 1m"),
    ]  # fmt: skip
    for (code, out, err), (expected, reason) in zip(said, reasons, strict=True):
        assert (code, out) == (expected, ""), err
        assert reason in err
        assert err.count("\n") == 1
    assert sorted(path.name for path in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))) == ["mine.csv"]
    assert (tmp_path / "mine.csv").read_text() == "mine"


async def test_the_newest_candles_are_drawn_without_colours_in_a_pipe_or_given_as_json(run: Run) -> None:
    code, out, err = await run("show", *BTC, "--last", "30")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "BTC/USD 1m at kraken: 30 candles, 2024-03-01 01:30 to 2024-03-01 02:00 UTC, 1 missing in between, 1 synthetic"
    )
    assert lines[1] == "open 16  high 17.5  low 9.25  close 14, -12.50 %"
    assert "\x1b" not in out
    assert any("├ 12" in line for line in lines)
    assert any("03-01 01:30" in line for line in lines)
    assert max(map(len, lines)) <= 160

    code, out, err = await run("show", *BTC, "--last", "2", "--json")
    assert (code, err) == (0, "")
    shown = json.loads(out)
    assert (shown["venue"], shown["symbol"], shown["timeframe"]) == ("kraken", "BTC/USD", "1m")
    assert shown["candles"][1] == {
        "open_time": "2024-03-01T02:00:00+00:00", "open": 11.0, "high": 17.5, "low": 9.25, "close": 14.0,
        "volume": None, "is_closed": True, "is_synthetic": False,
    }  # fmt: skip


def test_a_picture_is_a_png(tmp_path: Path) -> None:
    for volume in (5.0, np.nan):
        series = series_of([(1.0, 2.0, 1.0, 2.0), (2.0, 2.0, 0.5, 1.0)])
        series.volume[:] = volume
        draw_picture(series, picture_file(tmp_path / "a.png", force=True), title="BTC/USD 1m")
        picture = (tmp_path / "a.png").read_bytes()
        assert picture.startswith(PNG)
        assert picture.endswith(b"IEND\xaeB`\x82")
    with pytest.raises(InvalidValueError, match=r"a\.jpg does not end in \.png"):
        picture_file(tmp_path / "a.jpg", force=True)


def test_a_picture_without_mplfinance_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "mplfinance", None)
    with pytest.raises(MissingExtraError, match=r"tradingdb\[plot\]"):
        picture_file(tmp_path / "a.png", force=False)


def series_of(bars: list[tuple[float, float, float, float]], timeframe: Timeframe = Timeframe.M1) -> CandleSeries:
    times = np.datetime64("2024-03-01", "us") + np.arange(len(bars)) * np.timedelta64(60, "s")
    o, h, l, c = np.array(bars, float).T  # noqa: E741 - the names of the field
    return CandleSeries(1, timeframe, times.astype("datetime64[us]"), o, h, l, c, np.ones(len(bars)))


prices = st.floats(-1e300, 1e300) | st.floats(0.00001, 100_000) | st.sampled_from([0.0, 5e-324, 1.7e308, -1.7e308])
drawn = st.lists(
    st.lists(prices, min_size=4, max_size=4).map(lambda four: (four[0], max(four), min(four), four[1])),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(bars=drawn, width=st.integers(1, 90), timeframe=st.sampled_from(Timeframe))
@example(bars=[(1, 1, 1, 1)], width=20, timeframe=Timeframe.S1)
def test_a_chart_fits_and_shows_every_candle_from_high_to_low(
    bars: list[tuple[float, float, float, float]], width: int, timeframe: Timeframe
) -> None:
    series = series_of(bars, timeframe)
    chart = candle_chart(series, width=width, height=HEIGHT)
    lines = [line.plain for line in chart.lines]
    assert max(map(len, lines)) <= width
    assert len(lines) == HEIGHT + 3
    assert 1 <= chart.shown <= len(bars)
    step = next(at for at in range(3, 0, -1) if at * chart.shown <= len(lines[HEIGHT].rstrip("┘")))
    newest = bars[-chart.shown :]
    top, bottom = max(bar[1] for bar in newest), min(bar[2] for bar in newest)
    for at, (opened, high, low, closed) in enumerate(newest):
        column = "".join(line[at * step : at * step + 1] for line in lines[:HEIGHT])
        marks = column.strip()
        assert marks, "every candle is there"
        assert " " not in marks, "in one piece"
        assert set(marks) <= set((FELL if closed < opened else ROSE).values())
        if top / 2 > bottom / 2:  # the smallest of all numbers is not halved
            assert high != top or column[0] != " "
            assert low != bottom or column[-1] != " "


def test_rising_and_falling_candles_differ_without_colours() -> None:
    assert ROSE[BODY, BODY] != FELL[BODY, BODY]
    assert ROSE[WICK, WICK] == FELL[WICK, WICK]
    rose, fell = (candle_chart(series_of([bar]), width=20, height=6) for bar in ((1, 2, 1, 2), (2, 2, 1, 1)))
    assert [line.plain[0] for line in rose.lines[:6]] == ["┃"] * 6
    assert [line.plain[0] for line in fell.lines[:6]] == ["█"] * 6


def test_months_and_seconds_are_named_as_such() -> None:
    bars = [(1.0, 2.0, 1.0, 2.0)] * 30
    assert "2024-03-01" in candle_chart(series_of(bars, Timeframe.MN1), width=90, height=6).lines[7].plain
    assert "00:00:00" in candle_chart(series_of(bars, Timeframe.S1), width=90, height=6).lines[7].plain
    assert "03-01 00:00" in candle_chart(series_of(bars), width=90, height=6).lines[7].plain


def test_a_gap_of_a_day_is_a_minute_of_the_axis() -> None:
    """The axis names the open time of the candle that stands above it."""
    series = series_of([(1.0, 2.0, 1.0, 2.0)] * 20)
    series.open_time[10:] += np.timedelta64(timedelta(days=1))
    lines = [line.plain for line in candle_chart(series, width=70, height=6).lines]
    named = list(re.finditer(r"\d\d-\d\d \d\d:\d\d", lines[7]))
    assert [name.start() for name in named] == [at for at, mark in enumerate(lines[6]) if mark == "┴"]
    for name in named:
        assert series.open_time[name.start() // 3].item().strftime("%m-%d %H:%M") == name[0]
    assert {name[0][:5] for name in named} == {"03-01", "03-02"}
