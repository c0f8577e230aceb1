"""Candles to files: CSV, Parquet and Feather, streamed, and never half a file."""

from __future__ import annotations

import asyncio
import gzip
import importlib.util
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from tradingdb.candles.columns import is_missing, to_datetime
from tradingdb.candles.series import ALWAYS, ON_REQUEST, arrow_times, optional_library
from tradingdb.candles.stream import stream
from tradingdb.candles.whole_files import WholeFile
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from numpy.typing import NDArray

    from tradingdb.candles.series import CandleSeries
    from tradingdb.database import ReadSession
    from tradingdb.models import Instrument

    Write: TypeAlias = Callable[[CandleSeries], object]

COLUMNS = (*ALWAYS, *ON_REQUEST)
"""What a file holds of each candle: everything that an import understands."""

BATCH = 100_000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What a file holds now; `first` and `last` are open times."""

    path: Path
    count: int
    first: datetime
    last: datetime
    bytes: int


async def export(
    session: ReadSession,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    path: Path | str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    force: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write the candles of a series that open in `[start, end)` to a file, in bounded memory.

    The suffix names the format: .csv, .csv.gz, .parquet or .feather; only CSV needs no pyarrow. Times are UTC and say
    so, what was not reported is empty (CSV) or null, and every number is written with all its digits: what is imported
    from the file equals what was exported. The file appears when it is whole, and replaces another only with `force`.
    `on_progress` is told rows as they are written. What others commit meanwhile: as for `candles.stream`.

    Raises:
        InvalidValueError: the suffix names no format, or what `candles.read` refuses.
        NotFoundError: there are no such candles; no file is made.
        RefusedError: the file exists.
        UnusableFileError: it cannot be written.
        MissingExtraError: the format needs pyarrow.
    """
    path, timeframe = Path(path), Timeframe.parse(timeframe)
    writer = writer_for(path)
    file = await asyncio.to_thread(WholeFile, path, force=force)
    async with aclosing(
        stream(session, instrument, timeframe, start, end, batch=BATCH, columns=tuple(ON_REQUEST))
    ) as batches:
        batch = await anext(batches, None)
        if batch is None:
            raise NotFoundError(f"There are no {timeframe.value} candles in that range: {path} was not made.")
        first, count = _time(batch, 0), 0
        with file as out:
            with writer(out) as write:
                while batch is not None:
                    await _finish_in_thread(write, batch)
                    count, last = count + len(batch), _time(batch, -1)
                    if on_progress is not None:
                        on_progress(len(batch))
                    batch = await anext(batches, None)
            size = out.tell()
            await _finish_in_thread(file.sync)
    return ExportReport(path, count, first, last, size)


def writer_for(path: Path) -> Callable[[BinaryIO], AbstractContextManager[Write]]:
    """What opens a writer of candles on a file, by the suffix of a path.

    Raises:
        InvalidValueError: the suffix names no format.
        MissingExtraError: the format needs pyarrow.
    """
    name = path.name.lower()
    for suffix, writer in _WRITERS.items():
        if name.endswith(suffix) and name != suffix:
            if not suffix.startswith(".csv"):
                optional_library("pyarrow", extra="arrow")
            return writer
    raise InvalidValueError(f"{path} has no suffix that names a format; these do: {', '.join(_WRITERS)}.")


@contextmanager
def _parquet(file: BinaryIO) -> Iterator[Write]:
    library = optional_library("pyarrow.parquet", extra="arrow")
    with library.ParquetWriter(file, _schema(), compression="zstd") as writer:
        yield lambda series: writer.write_table(_table(series))


@contextmanager
def _feather(file: BinaryIO) -> Iterator[Write]:
    library = optional_library("pyarrow", extra="arrow")
    options = library.ipc.IpcWriteOptions(compression="zstd")
    with library.ipc.new_file(file, _schema(), options=options) as writer:
        yield lambda series: writer.write_table(_table(series))


@contextmanager
def _csv(file: BinaryIO) -> Iterator[Write]:
    if importlib.util.find_spec("pyarrow") is None:
        file.write(f"{','.join(COLUMNS)}\n".encode())
        yield lambda series: file.writelines(_csv_lines(series))
        return
    pa = optional_library("pyarrow", extra="arrow")
    library = optional_library("pyarrow.csv", extra="arrow")
    schema = _schema().set(0, pa.field("open_time", pa.string()))
    options = library.WriteOptions(quoting_style="none", quoting_header="none")
    with library.CSVWriter(file, schema, write_options=options) as writer:
        yield lambda series: writer.write_table(
            _table(series).set_column(0, schema.field(0), pa.array(_iso_times(series)))
        )


@contextmanager
def _csv_gz(file: BinaryIO) -> Iterator[Write]:
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed, _csv(packed) as write:  # type: ignore[arg-type]
        yield write


_WRITERS = {".csv": _csv, ".csv.gz": _csv_gz, ".parquet": _parquet, ".feather": _feather}


def _schema() -> Any:
    pa = optional_library("pyarrow", extra="arrow")
    kinds = {"timestamptz": pa.timestamp("us", "UTC"), "float8": pa.float64(), "int8": pa.int64(), "bool": pa.bool_()}
    return pa.schema([(name, kinds[kind]) for name, kind in (ALWAYS | ON_REQUEST).items()])


def _table(series: CandleSeries) -> Any:
    """Every column as Arrow has it, with nulls for what was not reported."""
    pa = optional_library("pyarrow", extra="arrow")
    columns = [
        arrow_times(values) if name == "open_time" else pa.array(values, mask=is_missing(values))
        for name, values in series.columns.items()
    ]
    return pa.table(columns, schema=_schema())


def _csv_lines(series: CandleSeries) -> Iterable[bytes]:
    """Every candle as a line of CSV, without pyarrow."""
    columns = [
        _iso_times(series),
        *(_csv_cells(values) for name, values in series.columns.items() if name != "open_time"),
    ]
    return (f"{','.join(cells)}\n".encode() for cells in zip(*columns, strict=True))


def _csv_cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    missing = is_missing(values).tolist()
    return ["" if is_missing else repr(value) for value, is_missing in zip(values.tolist(), missing, strict=True)]


def _iso_times(series: CandleSeries) -> list[str]:
    times: list[str] = np.datetime_as_string(series.open_time, unit="s", timezone="UTC").tolist()
    return times


def _time(series: CandleSeries, at: int) -> datetime:
    return to_datetime(int(series.open_time[at].astype(np.int64)))


async def _finish_in_thread(work: Callable[..., object], *arguments: object) -> None:
    """Let others run while a thread writes; a thread cannot be cancelled, so if we are, let it finish first."""
    writing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise
