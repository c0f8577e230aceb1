"""Time, always with a zone."""

from __future__ import annotations

from datetime import UTC, datetime

from tradingdb.errors import InvalidValueError


def utc_now() -> datetime:
    """The current instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC, as a plain datetime.

    Raises:
        InvalidValueError: the value names no instant (no time zone, NaT), or none that PostgreSQL and Python both have:
            outside the years 1 to 9999, with a part of a microsecond, or the ends that the driver takes for infinity.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(f"A {type(value).__name__} is no instant: pass a datetime with a time zone.")
    try:
        is_naive = value.utcoffset() is None
        instant = value if is_naive else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValueError("A time that is not in the years 1 to 9999 of UTC was refused.") from None
    if is_naive:
        raise InvalidValueError("A time without a zone was refused: say which instant it is, for example tzinfo=UTC.")
    if getattr(value, "nanosecond", 0):
        raise InvalidValueError("A time with a part of a microsecond was refused: PostgreSQL would cut it off.")
    if type(instant) is not datetime:
        instant = datetime.combine(instant.date(), instant.timetz())
    if instant.replace(tzinfo=None) in {datetime.min, datetime.max}:  # noqa: DTZ901 - the driver's own ends
        raise InvalidValueError("An infinite time was refused: an open end is NULL.")
    return instant
