"""Time, always with a zone."""

from __future__ import annotations

from datetime import UTC, datetime

from tradingdb.errors import InvalidValueError


def utc_now() -> datetime:
    """The current instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        InvalidValueError: the value has no time zone, so it names no instant.
    """
    if value.utcoffset() is None:
        raise InvalidValueError(
            "A time without a zone was refused: say which instant it is, for example with tzinfo=UTC."
        )
    return value.astimezone(UTC)
