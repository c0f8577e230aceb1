"""What a query gives, as numpy columns that are made while the rest of it is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradingdb.bulk import copy_out
from tradingdb.candles.wire import Decoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tradingdb.database import ReadSession


async def fetch_columns(session: ReadSession, columns: Mapping[str, str], query: str) -> dict[str, NDArray[Any]]:
    """The columns of a query without NULLs, by binary COPY; `columns` gives each one's PostgreSQL type, in order.

    Times are microseconds since 1970. COPY takes no parameters: format nothing into the query but numbers, times and
    names of ours.
    """
    decoder = Decoder(columns)
    await copy_out(session, query, decoder.feed)
    return decoder.finish()
