"""Columns as bytes: what comes back is what went in, bit for bit, and what is damaged is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradingdb.candles.blocks import STORED, Block, digest, joined, packed_block
from tradingdb.candles.columns import to_microseconds
from tradingdb.candles.packing import HEAD, pack, unpack
from tradingdb.errors import DamagedBlockError

MONTH = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
doubles = st.floats(width=64) | st.decimals(-(10**6), 10**6, places=2).map(float) | st.sampled_from([0.0, -0.0, 5e-324])


def there_and_back(values: np.ndarray) -> np.ndarray:
    into = np.empty_like(values)
    unpack(pack(values), into)
    return into


@given(st.lists(doubles, min_size=1))
@example([0.0, -0.0])
@example([1e308, 1.0])
@example([2.0**53, 2.0**53 - 1])
@example([0.1 + 0.2, 0.3])
def test_doubles_come_back_bit_for_bit(listed: list[float]) -> None:
    values = np.array(listed)
    assert there_and_back(values).tobytes() == values.tobytes()


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 300), min_size=1))
def test_integers_come_back(listed: list[int]) -> None:
    values = np.array(listed, np.int64)
    assert there_and_back(values).tolist() == listed


@given(st.lists(st.booleans(), min_size=1))
def test_flags_come_back(listed: list[bool]) -> None:
    assert there_and_back(np.array(listed)).tolist() == listed


def test_prices_take_as_many_bytes_as_their_decimals_need() -> None:
    prices = np.round(np.linspace(1000, 1500, 10_000), 2)
    assert len(pack(prices)) == HEAD.size + 2 * 10_000
    assert len(pack(np.rint(prices * 1000))) == HEAD.size + 4 * 10_000
    assert len(pack(np.full(10_000, 1.5))) == HEAD.size + 10_000
    assert len(pack(np.sqrt(prices))) == HEAD.size + 8 * 10_000


@pytest.mark.parametrize("kind", [np.float64, np.int64, np.bool_])
def test_a_column_of_another_length_is_refused(kind: type[np.generic]) -> None:
    packed = pack(np.arange(24).astype(kind))
    for damaged in (packed[:-1], packed + b"\0", b"\x01", b""):
        with pytest.raises(DamagedBlockError):
            unpack(damaged, np.empty(24, kind))


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_an_unknown_width_is_refused(kind: type[np.generic]) -> None:
    packed = pack(np.arange(24).astype(kind))
    with pytest.raises(DamagedBlockError):
        unpack(b"\x03" + packed[1:] + bytes(2 * 24), np.empty(24, kind))


def test_doubles_are_not_taken_for_a_column_of_integers() -> None:
    with pytest.raises(DamagedBlockError):
        unpack(pack(np.sqrt(np.arange(5.0))), np.empty(5, np.int64))


def month_of(times: list[int], **columns: list[float]) -> dict[str, np.ndarray]:
    size = len(times)
    empty = {"trade_count": np.full(size, -1), "is_synthetic": np.zeros(size, np.bool_)}
    found = {name: np.array(columns.get(name, [np.nan] * size)) for name in STORED if name not in empty}
    prices = {name: np.full(size, 1.5) for name in ("open", "high", "low", "close")}
    start = to_microseconds(MONTH)
    return found | prices | empty | {"open_time": np.array([start + at * MINUTE for at in times])}


def block_of(columns: dict[str, np.ndarray], month: datetime = MONTH) -> Block:
    row = packed_block(columns)
    packed = {name: row[name] for name in STORED}
    first = to_microseconds(row["first_open_time"])
    return Block(month, row["row_count"], first, row["step_seconds"], packed, "1")


@pytest.mark.parametrize(("times", "step"), [([0, 1, 2], 60), ([0, 2], 120), ([0, 1, 3], None), ([7], None)])
def test_a_regular_grid_is_not_stored_value_by_value(times: list[int], step: int | None) -> None:
    columns = month_of(times)
    row = packed_block(columns)
    assert (row["step_seconds"], row["open_time"] is None) == (step, step is not None)
    assert block_of(columns).column("open_time").tolist() == columns["open_time"].tolist()


def test_what_no_candle_reports_is_not_stored() -> None:
    columns = month_of([0, 1, 2], volume=[1.0, np.nan, 3.0])
    row = packed_block(columns)
    absent = {name for name in STORED if row[name] is None}
    assert absent == {"open_time", "quote_volume", "trade_count", "taker_buy_volume", "is_synthetic"}
    block = block_of(columns)
    for name, values in columns.items():
        assert block.column(name).tobytes() == values.tobytes()
    assert block.column("is_closed").all()


def test_every_byte_counts_for_the_digest() -> None:
    row = packed_block(month_of([0, 1, 2], volume=[1.0, 2.0, 3.0]))
    others = [row | {"row_count": 4}, row | {"step_seconds": 61}, row | {"quote_volume": row["volume"], "volume": None}]
    assert len({digest(each) for each in (row, *others)}) == 4


def test_blocks_and_the_rows_around_them_come_in_order_of_time() -> None:
    february, april = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    starts = {name: to_microseconds(at) for name, at in (("feb", february), ("apr", april))}
    shifted = [month_of([0, 1]) | {"open_time": np.array([at, at + MINUTE])} for at in starts.values()]
    blocks = [block_of(one, month) for one, month in zip(shifted, (february, april), strict=True)]
    times = [starts["feb"] - MINUTE, starts["apr"] - MINUTE, starts["apr"] + 10**13]
    rows = {"open_time": np.array(times), "close": np.array([10.0, 20.0, 30.0])}
    found = joined(blocks, rows, ["open_time", "close"])
    assert found["close"].tolist() == [10, 1.5, 1.5, 20, 1.5, 1.5, 30]
    assert np.all(np.diff(found["open_time"]) > 0)
    assert joined(blocks, None, ["close"])["close"].tolist() == [1.5] * 4
