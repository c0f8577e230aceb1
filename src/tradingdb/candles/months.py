"""Calendar months in UTC: the unit that candles are sealed and retired by."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from tradingdb.errors import InvalidValueError

MONTHS_IN: Final = {"mo": 1, "y": 12}
FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)


def month_of(at: datetime) -> datetime:
    """The first instant of the month that an instant, which has a time zone, lies in."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def moved(month: datetime, months: int) -> datetime:
    """The month so many months later, or earlier, but none before the year 1.

    Raises:
        InvalidValueError: it lies after the year 9999.
    """
    years, at = divmod(month.year * 12 + month.month - 1 + months, 12)
    if years < FIRST.year:
        return FIRST
    try:
        return month.replace(year=years, month=at + 1)
    except ValueError:
        raise InvalidValueError(f"There is no month {months} months after {month:%Y-%m}.") from None


def within_months(column: str, first: datetime, last: datetime) -> str:
    """The condition, in SQL, that a column lies in the months from that of `first` to that of `last`.

    Beside a condition with the exact bounds as parameters it lets PostgreSQL leave out the partitions of other months
    when it plans, also where the plan is kept for all parameters: it would lock every partition otherwise. It is the
    same text for a month, so statements with it are still prepared once.
    """
    start, end = month_of(first), moved(month_of(last), 1)
    return f"{column} >= '{start.isoformat()}' AND {column} < '{end.isoformat()}'"


def months_in(span: str) -> int:
    """How many months a span such as `2mo` or `10y` has.

    Raises:
        InvalidValueError: it is no such span, or shorter than a month.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,3})(mo|y)", span.strip())
    if match is None:
        raise InvalidValueError(f"{span!r} is no number of months or years: write it as 2mo or 10y.")
    return int(match[1]) * MONTHS_IN[match[2]]
