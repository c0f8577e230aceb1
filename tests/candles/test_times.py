"""Numbers and numpy instants become microseconds since 1970, in whichever unit they count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradingdb.candles.times import datetime64_to_microseconds, epoch_to_microseconds
from tradingdb.errors import InvalidValueError

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

# from September 2001 on, an instant in nanoseconds is larger than any that counts microseconds
modern_seconds = st.lists(st.integers(1_000_000_000, 4_102_444_800), min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(seconds=modern_seconds, unit=st.sampled_from(list(PER_SECOND)), kind=st.sampled_from([np.int64, np.float64]))
def test_whole_seconds_are_exact_in_every_unit(seconds: list[int], unit: str, kind: type[np.generic]) -> None:
    values = np.array([second * PER_SECOND[unit] for second in seconds], kind)
    result = epoch_to_microseconds(values)
    assert result.dtype == np.int64
    assert result.tolist() == [second * 1_000_000 for second in seconds]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(10**14, 10**17 - 1), min_size=1, max_size=20))
def test_microseconds_stay_as_they_are(values: list[int]) -> None:
    assert epoch_to_microseconds(np.array(values, np.int64)).tolist() == values


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10**8).map(lambda eighths: eighths / 8), min_size=1, max_size=20))
def test_float_seconds_keep_their_fraction(values: list[float]) -> None:
    assert epoch_to_microseconds(np.array(values)).tolist() == [int(value * 1_000_000) for value in values]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10**11 - 1, (10**11 - 1) * 1_000_000),
        (10**11, 10**14),
        (10**14 - 1, (10**14 - 1) * 1_000),
        (10**14, 10**14),
        (10**17 - 1, 10**17 - 1),
        (10**17, 10**14),
        (0, 0),
        (-86_400, -86_400_000_000),
    ],
)
def test_the_unit_changes_where_it_is_said_to(value: int, expected: int) -> None:
    assert epoch_to_microseconds(np.array([value])).tolist() == [expected]


def test_the_largest_value_decides_for_all() -> None:
    assert epoch_to_microseconds(np.array([0, 60_000, 1_704_067_200_000])).tolist() == [
        0,
        60_000_000,
        1_704_067_200_000_000,
    ]


@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.int64, np.uint64])
def test_integers_of_every_width_count_alike(kind: type[np.generic]) -> None:
    assert epoch_to_microseconds(np.array([1_704_067_200], kind)).tolist() == [1_704_067_200_000_000]


def test_no_times_are_no_times() -> None:
    assert epoch_to_microseconds(np.empty(0, np.int64)).tolist() == []
    assert epoch_to_microseconds(np.empty(0)).dtype == np.int64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_time_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(InvalidValueError, match="time"):
        epoch_to_microseconds(np.array([1_704_067_200, bad]))


def test_a_time_beyond_every_unit_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="time"):
        epoch_to_microseconds(np.array([1e300]))


@pytest.mark.parametrize("unit", ["D", "h", "m", "s", "ms", "us", "ns"])
def test_numpy_instants_of_every_unit_are_the_same(unit: str) -> None:
    values = np.array(["1969-12-31", "2024-01-01"], f"datetime64[{unit}]")
    assert datetime64_to_microseconds(values).tolist() == [-86_400_000_000, 1_704_067_200_000_000]


def test_a_numpy_instant_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="missing"):
        datetime64_to_microseconds(np.array(["2024-01-01", "NaT"], "datetime64[us]"))
