"""Candles to files: what is in the file comes back as it was, and there is never half a file."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tradingdb import candles
from tradingdb.candles.whole_files import WholeFile
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError, MissingExtraError, NotFoundError, RefusedError, UnusableFileError
from tradingdb.models import Instrument
from tradingdb.services import market

START = datetime(2024, 1, 31, 23, 55, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SUFFIXES = [".csv", ".csv.gz", ".parquet", ".feather"]


async def btc(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


async def ten(session: WriteSession) -> Instrument:
    instrument = await btc(session)
    rows = [[(START + at * MINUTE).timestamp(), 100 + at, 102 + at, 99 + at, 101 + at, 7] for at in range(10)]
    await candles.write(session, instrument, "1m", rows)
    return instrument


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where it is not installed."""
    found = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else found(name))


prices = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)
amounts = st.just(float("nan")) | st.floats(0, allow_infinity=False, allow_subnormal=True)
bars = st.lists(
    st.tuples(
        st.lists(prices, min_size=4, max_size=4).map(lambda four: (four[0], max(four), min(four), four[1])),
        amounts, amounts, st.integers(-1, 2**31 - 1), amounts, st.booleans(), st.booleans(),
    ),
    min_size=1, max_size=12,
)  # fmt: skip
EDGE = ((-0.0, 5e-324, -5e-324, 0.0), 5e-324, float("nan"), -1, 1.7976931348623157e308, False, True)
PLAIN = ((0.1, 0.30000000000000004, 0.1, 0.2), 1e16, 1e15, 2**31 - 1, 0.0, True, False)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=bars)
@example(rows=[EDGE, PLAIN])
@example(rows=[EDGE])
async def test_what_is_exported_comes_back_bit_by_bit(session: WriteSession, rows: list[tuple]) -> None:
    times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(len(rows)) * np.timedelta64(60, "s")
    sent = {"open_time": times.astype("datetime64[us]")}
    for at, name in enumerate(("open", "high", "low", "close")):
        sent[name] = np.array([row[0][at] for row in rows])
    kinds = {"volume": float, "quote_volume": float, "trade_count": np.int64, "taker_buy_volume": float}
    for at, (name, kind) in enumerate({**kinds, "is_closed": bool, "is_synthetic": bool}.items(), 1):
        sent[name] = np.array([row[at] for row in rows], kind)
    with TemporaryDirectory() as folder:
        async with session.begin_nested() as savepoint:
            instrument = await btc(session)
            await candles.write(session, instrument, "1m", sent)
            for suffix in SUFFIXES:
                path = Path(folder) / f"bars{suffix}"
                report = await candles.export(session, instrument, "1m", path)
                read = candles.read_file(path).columns
                for name, column in sent.items():
                    found = getattr(read, name)
                    assert found.tobytes() == column.view(found.dtype).tobytes(), (suffix, name)
                again = await candles.write(session, instrument, "1m", read)
                assert (again.unchanged, again.total) == (len(rows), len(rows)), suffix
                assert (report.count, report.bytes) == (len(rows), path.stat().st_size)
            await savepoint.rollback()


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_many_batches_make_one_file(
    session: WriteSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    instrument = await ten(session)
    monkeypatch.setitem(candles.export.__globals__, "BATCH", 3)
    told: list[int] = []
    path = tmp_path / f"ten{suffix}"
    report = await candles.export(
        session, instrument, "1m", path, START + MINUTE, START + 9 * MINUTE, on_progress=told.append
    )
    assert (report.first, report.last) == (START + MINUTE, START + 8 * MINUTE)
    assert told == [3, 3, 2]
    assert candles.read_file(path).columns.open.tolist() == list(range(101, 109))
    assert _names(tmp_path) == [path.name]
    assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()


async def test_csv_needs_no_pyarrow_and_others_say_that_they_do(
    session: WriteSession, tmp_path: Path, without_pyarrow: None
) -> None:
    instrument = await ten(session)
    await candles.export(session, instrument, "1m", tmp_path / "ten.csv", end=START + MINUTE)
    assert (tmp_path / "ten.csv").read_text() == (
        "open_time,open,high,low,close,volume,quote_volume,trade_count,taker_buy_volume,is_closed,is_synthetic\n"
        "2024-01-31T23:55:00Z,100.0,102.0,99.0,101.0,7.0,,,,true,false\n"
    )
    with pytest.raises(MissingExtraError, match=r"tradingdb\[arrow\]"):
        await candles.export(session, instrument, "1m", tmp_path / "ten.parquet")


async def test_csv_with_and_without_pyarrow_says_the_same(
    session: WriteSession, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    instrument = await ten(session)
    await candles.export(session, instrument, "1m", tmp_path / "with.csv")
    request.getfixturevalue("without_pyarrow")
    await candles.export(session, instrument, "1m", tmp_path / "without.csv")
    first, second = ((tmp_path / name).read_text() for name in ("with.csv", "without.csv"))
    assert second.replace(".0,", ",") == first


async def test_a_file_that_is_there_stays_unless_it_may_be_replaced(session: WriteSession, tmp_path: Path) -> None:
    instrument = await ten(session)
    path, link = tmp_path / "mine.csv", tmp_path / "link.csv"
    path.write_text("mine")
    link.symlink_to(path)
    with pytest.raises(RefusedError, match=r"mine\.csv exists and was left as it is"):
        await candles.export(session, instrument, "1m", path)
    with pytest.raises(NotFoundError, match="There are no 5m candles"):
        await candles.export(session, instrument, "5m", path, force=True)
    assert path.read_text() == "mine"
    await candles.export(session, instrument, "1m", link, force=True)
    assert link.is_symlink()
    assert len(candles.read_file(path)) == 10
    assert _names(tmp_path) == ["link.csv", "mine.csv"]


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_an_export_that_fails_or_is_cancelled_leaves_nothing(
    session: WriteSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    instrument = await ten(session)
    monkeypatch.setitem(candles.export.__globals__, "BATCH", 3)
    path = tmp_path / f"ten{suffix}"
    seen: list[list[str]] = []

    def cancel(rows: int) -> None:
        seen.append(_names(tmp_path))
        if len(seen) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await candles.export(session, instrument, "1m", path, on_progress=cancel)
    assert len(seen[0]) == 1
    assert seen[0][0].endswith(".part"), "it is written beside its place"
    assert _names(tmp_path) == []
    assert len(await candles.read(session, instrument, "1m")) == 10


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    def fill_it() -> None:
        with WholeFile(tmp_path / "a.csv") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UnusableFileError, match=r"a\.csv cannot be written \(No space left on device\)"):
        fill_it()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def be_overtaken() -> None:
        with WholeFile(tmp_path / "a.csv") as file:
            file.write(b"ours")
            (tmp_path / "a.csv").write_text("theirs")

    with pytest.raises(RefusedError, match="exists"):
        be_overtaken()
    assert [found.read_text() for found in tmp_path.iterdir()] == ["theirs"]


async def test_places_that_are_no_file_are_refused(session: WriteSession, tmp_path: Path) -> None:
    instrument = await ten(session)
    (tmp_path / "folder.csv").mkdir()
    for path, error, reason in (
        (tmp_path / "folder.csv", UnusableFileError, "is no file"),
        (tmp_path / "missing" / "a.csv", UnusableFileError, "No such file or directory"),
        (tmp_path / "a.xlsx", InvalidValueError, r"these do: \.csv, \.csv\.gz, \.parquet, \.feather"),
        (tmp_path / ".csv", InvalidValueError, "no suffix"),
    ):
        with pytest.raises(error, match=reason):
            await candles.export(session, instrument, "1m", path, force=True)


def _names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
