"""Candles from CSV text: any common separator, with or without a header, date and time together or apart."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from tradingdb.candles.arrow_values import require_arrow
from tradingdb.candles.columns import BadCellError
from tradingdb.candles.layout import POSITIONS
from tradingdb.errors import InvalidValueError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
except ImportError:  # the extra is optional
    pa = pc = pa_csv = None

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADERLESS = POSITIONS | {7: (*POSITIONS[6], "trade_count")}
"""Seven columns without a header are Kraken's downloads."""

IGNORED = "ignored "


class CsvText:
    """The text of a CSV file, which can say on which line a row stands."""

    def __init__(self, content: bytes) -> None:
        try:
            self.text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InvalidValueError(f"line {line} is neither UTF-8 text nor a format that is known") from None
        first = next(line for line in self.text.splitlines() if line.strip())
        self.delimiter = max(",;\t|", key=first.count)
        cells = [cell.strip() for cell in next(csv.reader([first], delimiter=self.delimiter))]
        self.has_header = not all(_is_number(cell) for cell in cells[1:] if cell)
        self.names: Sequence[str] = cells if self.has_header else _names_by_width(len(cells))

    def table(self) -> pa.Table:
        """Every cell as text, by column name.

        Raises:
            BadCellError: a row has more or fewer values than there are columns.
        """
        require_arrow()
        try:
            cells = pa_csv.read_csv(
                io.BytesIO(self.text.encode()),
                read_options=pa_csv.ReadOptions(
                    column_names=list(self.names), skip_rows=self._header_line if self.has_header else 0
                ),
                parse_options=pa_csv.ParseOptions(delimiter=self.delimiter),
                convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(self.names, pa.string())),
            )
        except pa.ArrowInvalid as error:
            self._explain_width()
            raise InvalidValueError(f"it cannot be read as CSV ({str(error).splitlines()[0][:120]})") from None
        return _with_one_time(cells)

    def place(self, row: int) -> str:
        """The line of a row, which is counted from 0 without the header and empty lines."""
        lines = [number for number, line in enumerate(self.text.splitlines(), 1) if line]
        return f"line {lines[row + self.has_header]}"

    @property
    def _header_line(self) -> int:
        return next(number for number, line in enumerate(self.text.splitlines(), 1) if line.strip())

    def _explain_width(self) -> None:
        """Arrow says that some row is too long or too short; find which."""
        rows = (line for line in self.text.splitlines() if line)
        for at, cells in enumerate(csv.reader(rows, delimiter=self.delimiter)):
            if len(cells) != len(self.names):
                raise BadCellError(
                    at - self.has_header, f"it has {len(cells)} values where {len(self.names)} were expected"
                )


def _names_by_width(width: int) -> list[str]:
    positions = HEADERLESS.get(width)
    if positions is None:
        raise InvalidValueError(
            f"line 1 has {width} values and no names: add a header line, for example time,open,high,low,close,volume"
        )
    return [name or f"{IGNORED}{at}" for at, name in enumerate(positions)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _with_one_time(cells: pa.Table) -> Any:
    """Date and time in two columns, as trading terminals export them, joined into one."""
    plain = {name.strip("<> ").casefold(): name for name in cells.column_names}
    if "date" not in plain or "time" not in plain:
        return cells
    date, time = plain["date"], plain["time"]
    joined = pc.binary_join_element_wise(cells[date], cells[time], " ")
    return cells.drop_columns([date, time]).append_column("open_time", joined)
