"""Candles from files: CSV, Feather, Parquet and JSON, gzipped or not. What a file is, its content decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradingdb.candles.arrow_tables import from_table
from tradingdb.candles.columns import BadCellError
from tradingdb.candles.csv_files import CsvText
from tradingdb.candles.file_contents import arrow_file, content_of, is_arrow_file, row_place
from tradingdb.candles.json_files import from_json
from tradingdb.candles.times import require_zone
from tradingdb.candles.validate import problems
from tradingdb.errors import InvalidValueError, UnusableFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradingdb.candles.columns import CandleColumns
    from tradingdb.core.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class FileCandles:
    """The candles of a file, and how to say where one of them stands in it."""

    path: Path
    columns: CandleColumns
    place: Callable[[int], str]
    """Row, counted from 0, to words: `line 7` or `row 7`."""

    def __len__(self) -> int:
        return len(self.columns)

    def check(self, timeframe: Timeframe) -> None:
        """Refuse the file if one of its rows cannot be a candle of that timeframe.

        Raises:
            UnusableFileError: the message names file, line and reason of the first.
        """
        found = problems(self.columns, timeframe)
        if found:
            more = f" ({len(found) - 1:,} more rows have problems)" if len(found) > 1 else ""
            raise UnusableFileError(
                f"{self.path}, {self.place(found[0].row)}: {found[0].reason}{more}. Nothing was stored."
            )


def read_file(path: Path | str, *, timezone: str = "UTC", symbol: str | None = None) -> FileCandles:
    """Read the candles of a file. `timezone` is the zone of times that carry none.

    `symbol`, such as BTC/USDT, is needed only where volumes are named by currency, `Volume BTC`.

    Raises:
        UnusableFileError: it cannot be read as candles; the message names file, place and reason.
        MissingExtraError: its format needs pyarrow.
    """
    path = Path(path)
    place: Callable[[int], str] = row_place
    try:
        require_zone(timezone)
        content = content_of(path)
        if is_arrow_file(content):
            columns = from_table(arrow_file(content), timezone=timezone, symbol=symbol)
        elif content.lstrip()[:1] in {b"[", b"{"}:
            columns = from_json(content, timezone=timezone, symbol=symbol)
        else:
            text = CsvText(content)
            place = text.place
            columns = from_table(text.table(), timezone=timezone, symbol=symbol)
        if not len(columns):
            raise InvalidValueError("it holds no candles")  # noqa: TRY301 - said like every other reason
    except BadCellError as error:
        raise UnusableFileError(f"{path}, {place(error.row)}: {error.reason}. Nothing was stored.") from None
    except InvalidValueError as error:
        raise UnusableFileError(f"{path}: {str(error).rstrip('.')}. Nothing was stored.") from None
    return FileCandles(path, columns, place)
