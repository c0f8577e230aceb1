"""What the table refuses, in words: whoever writes candles wraps it in `refusals`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import IntegrityError

from tradingdb.candles.retention import CLOSED
from tradingdb.errors import InvalidCandlesError, NotFoundError
from tradingdb.failures import FOREIGN_KEY_VIOLATION, sqlstate_of, violated_constraint
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradingdb.database import ReadSession


@contextmanager
def refusals(session: ReadSession, instrument_id: int) -> Iterator[None]:
    """Raise our error where a row breaks a constraint, in a statement or in a COPY.

    Raises:
        InvalidCandlesError: the month is being retired.
        NotFoundError: there is no such instrument.
    """
    try:
        yield
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:  # COPY goes past SQLAlchemy
        partitions.forget(session)
        if (told := _told(error, instrument_id)) is None:
            raise
        raise told from error


def _told(error: Exception, instrument_id: int) -> Exception | None:
    if sqlstate_of(error) == FOREIGN_KEY_VIOLATION:
        return NotFoundError(f"There is no instrument {instrument_id}: make it with `market.ensure_instrument`.")
    if violated_constraint(error)[1] == CLOSED:
        return InvalidCandlesError(
            "Candles of a month that is being retired were refused, and nothing was stored: its partition goes in a "
            "moment, or was left behind by a run that was interrupted; run `tradingdb maintain` to finish it."
        )
    return None
