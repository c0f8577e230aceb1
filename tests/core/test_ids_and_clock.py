"""Identifiers sort by the time they were made, and a time without a zone is no instant."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradingdb.core.clock import as_utc, utc_now
from tradingdb.core.ids import uuid7
from tradingdb.errors import InvalidValueError


def test_an_identifier_is_a_uuid_of_version_7_that_carries_the_time() -> None:
    before = utc_now()
    made = uuid7()
    after = utc_now()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    milliseconds = made.int >> 80
    assert int(before.timestamp() * 1000) <= milliseconds <= int(after.timestamp() * 1000)


def test_later_identifiers_sort_after_earlier_ones_also_within_a_millisecond() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert [str(item) for item in made] == sorted(str(item) for item in made)


def test_threads_never_make_the_same_identifier() -> None:
    start = threading.Barrier(8)

    def make(_: int) -> list[object]:
        start.wait()
        return [uuid7() for _ in range(5_000)]

    with ThreadPoolExecutor(8) as pool:
        made = [item for part in pool.map(make, range(8)) for item in part]
    assert len(set(made)) == 40_000


def test_now_is_in_utc() -> None:
    assert utc_now().tzinfo is UTC
    assert abs(utc_now() - datetime.now(timezone(timedelta(hours=9)))) < timedelta(minutes=1)


class NoZone(tzinfo):
    def utcoffset(self, _: datetime | None) -> None:
        return None


@pytest.mark.parametrize(
    "naive",
    [datetime(2026, 5, 4), datetime(2026, 5, 4, tzinfo=NoZone())],  # noqa: DTZ001 - naive on purpose
)
def test_a_time_without_a_zone_is_refused(naive: datetime) -> None:
    with pytest.raises(InvalidValueError, match="without a zone"):
        as_utc(naive)


@settings(deadline=None, max_examples=60)
@given(at=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - the zone is drawn
def test_the_same_instant_in_utc_differs_by_the_offset_alone(at: datetime) -> None:
    offset = at.utcoffset()
    assert offset is not None
    assert as_utc(at).replace(tzinfo=None) == at.replace(tzinfo=None) - offset
    assert as_utc(at).tzinfo is UTC
