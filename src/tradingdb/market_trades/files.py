"""Public trades from files: CSV with a header line, Feather and Parquet, gzipped or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradingdb.candles.columns import BadCellError
from tradingdb.candles.csv_files import CsvText
from tradingdb.candles.file_contents import arrow_file, content_of, is_arrow_file, row_place
from tradingdb.candles.times import require_zone
from tradingdb.errors import InvalidValueError, UnusableFileError
from tradingdb.market_trades.arrow_tables import from_table
from tradingdb.market_trades.validate import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.market_trades.columns import MarketTradeColumns


@dataclass(frozen=True, slots=True)
class FileMarketTrades:
    """The trades of a file, and how to say where one of them stands in it."""

    path: Path
    columns: MarketTradeColumns
    place: Callable[[int], str]
    """Row, counted from 0, to words: `line 7` or `row 7`."""

    def __len__(self) -> int:
        return len(self.columns)

    def check(self) -> None:
        """Refuse the file if one of its rows cannot be a trade.

        Raises:
            UnusableFileError: the message names file, line and reason of the first.
        """
        if found := problems(self.columns):
            more = f" ({len(found) - 1:,} more rows have problems)" if len(found) > 1 else ""
            raise UnusableFileError(
                f"{self.path}, {self.place(found[0].row)}: {found[0].reason}{more}. Nothing was stored."
            )


def read_file(path: Path | str, *, timezone: str = "UTC") -> FileMarketTrades:
    """Read the public trades of a file. `timezone` is the zone of times that carry none.

    Raises:
        UnusableFileError: it cannot be read as trades; the message names file, place and reason.
        MissingExtraError: pyarrow is not installed.
    """
    path = Path(path)
    place: Callable[[int], str] = row_place
    try:
        require_zone(timezone)
        content = content_of(path)
        if is_arrow_file(content):
            columns = from_table(arrow_file(content), timezone=timezone)
        else:
            text = _csv(content)
            place = text.place
            columns = from_table(text.table(), timezone=timezone)
        if not len(columns):
            raise InvalidValueError("it holds no trades")  # noqa: TRY301 - said like every other reason
    except BadCellError as error:
        raise UnusableFileError(f"{path}, {place(error.row)}: {error.reason}. Nothing was stored.") from None
    except InvalidValueError as error:
        raise UnusableFileError(f"{path}: {str(error).rstrip('.')}. Nothing was stored.") from None
    return FileMarketTrades(path, columns, place)


def _csv(content: bytes) -> CsvText:
    """The text of a CSV file with a header: without one, a price and a quantity look the same."""
    if content.lstrip()[:1] in {b"[", b"{"}:
        raise InvalidValueError("JSON is not read here: load it, and pass the list of trades to market_trades.write")
    if not re.search(rb"[A-Za-z]{2}", content.lstrip().splitlines()[0]):
        raise InvalidValueError("line 1 has no names: add a header line, for example timestamp,id,side,price,amount")
    return CsvText(content)
