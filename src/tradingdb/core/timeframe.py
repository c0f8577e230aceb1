"""How long a candle is, and the grid that its open time lies on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from tradingdb.errors import InvalidValueError

_SECONDS_OF = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FIRST_MONDAY = 4 * 86_400
"""1970-01-05, the first Monday after the epoch, in seconds: weeks start on Monday (ISO 8601)."""


class Timeframe(StrEnum):
    """The length of a candle. A candle covers `[open_time, open_time + timeframe)` in UTC.

    Up to three days the grid is counted from 1970-01-01T00:00Z; weeks start on Monday, months on their first day.
    """

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"
    MN1 = "1M"

    @classmethod
    def parse(cls, value: str) -> Self:
        """The timeframe that a text names; `1mo` and `1mon` are understood as `1M`.

        Raises:
            InvalidValueError: no such timeframe; the message lists those that exist.
        """
        try:
            return cls({"1mo": "1M", "1mon": "1M"}.get(value, value))
        except ValueError:
            known = ", ".join(cls)
            raise InvalidValueError(f"There is no timeframe {value!r}; these exist: {known}.") from None

    @property
    def seconds(self) -> int | None:
        """The length in seconds; None for a month, which has no fixed length."""
        if self is Timeframe.MN1:
            return None
        return int(self.value[:-1]) * _SECONDS_OF[self.value[-1]]

    @property
    def origin_seconds(self) -> int:
        """Where the grid starts, in seconds after 1970-01-01T00:00Z."""
        return _FIRST_MONDAY if self is Timeframe.W1 else 0

    def floor(self, at: datetime) -> datetime:
        """The open time of the candle that covers an instant."""
        at = at.astimezone(UTC)
        if self.seconds is None:
            return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        origin = datetime.fromtimestamp(self.origin_seconds, UTC)
        return at - (at - origin) % timedelta(seconds=self.seconds)

    def ceiling(self, at: datetime) -> datetime:
        """The first open time at or after an instant."""
        floor = self.floor(at)
        return floor if floor == at else self.next(floor)

    def next(self, open_time: datetime) -> datetime:
        """The open time of the candle after the one that opens at `open_time`."""
        if self.seconds is not None:
            return open_time + timedelta(seconds=self.seconds)
        return (open_time.replace(day=1) + timedelta(days=32)).replace(day=1)

    def count_between(self, first: datetime, last: datetime) -> int:
        """How many candles a series without gaps has from the one opening at `first` to the one opening at `last`."""
        if self.seconds is not None:
            return int((last - first) / timedelta(seconds=self.seconds)) + 1
        return (last.year - first.year) * 12 + last.month - first.month + 1
