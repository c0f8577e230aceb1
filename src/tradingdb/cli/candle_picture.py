"""Candles drawn as a picture, with mplfinance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradingdb.candles.series import optional_library
from tradingdb.candles.whole_files import WholeFile
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from pathlib import Path

    from tradingdb.candles import CandleSeries

PIXELS_PER_INCH = 120
WIDTH, HEIGHT = 12.0, 7.0
"""In inches."""


def picture_file(path: Path, *, force: bool) -> WholeFile:
    """The file that a picture is to be drawn into, before there is anything to draw.

    Raises:
        InvalidValueError: the file's suffix is not .png.
        RefusedError: the file exists, and `force` was not said.
        UnusableFileError: the place is no file.
        MissingExtraError: mplfinance is not installed.
    """
    if path.suffix.lower() != ".png":
        raise InvalidValueError(f"{path} does not end in .png, and pictures are made in no other format.")
    optional_library("mplfinance", extra="plot")
    return WholeFile(path, force=force)


def draw_picture(series: CandleSeries, file: WholeFile, *, title: str) -> None:
    """Draw candles, and their volumes if any is reported, as PNG. Times are UTC.

    Raises:
        RefusedError: a file has appeared in the place.
        UnusableFileError: the file cannot be written.
    """
    optional_library("matplotlib", extra="plot").use("agg")  # draws into memory, without a display
    library = optional_library("mplfinance", extra="plot")
    pandas = optional_library("pandas", extra="plot")
    values = {name.capitalize(): column for name, column in series.columns.items() if name not in series.extra}
    frame = pandas.DataFrame(values, index=pandas.DatetimeIndex(values.pop("Open_time")))
    with file as out:
        library.plot(
            frame,
            type="candle",
            style="yahoo",
            volume=bool(np.nansum(series.volume) > 0),
            axtitle=title,
            ylabel="",
            ylabel_lower="volume",
            figsize=(WIDTH, HEIGHT),
            tight_layout=True,
            warn_too_much_data=len(frame) + 1,
            savefig={"fname": out, "format": "png", "dpi": PIXELS_PER_INCH},
        )
