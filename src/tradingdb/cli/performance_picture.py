"""Equity and drawdown drawn: with characters in the terminal, with matplotlib as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.series import optional_library
from tradingdb.candles.whole_files import WholeFile
from tradingdb.errors import InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tradingdb.services.performance import EquityCurve

PIXELS_PER_INCH = 120
WIDTH, HEIGHT = 12.0, 7.0
"""In inches."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
TWO_POINTS = 2


def picture_file(path: Path, *, force: bool) -> WholeFile:
    """The file that a picture is to be drawn into, before there is anything to draw.

    Raises:
        InvalidValueError: the file's suffix is not .png.
        RefusedError: the file exists, and `force` was not said.
        UnusableFileError: the place is no file.
        MissingExtraError: matplotlib is not installed.
    """
    if path.suffix.lower() != ".png":
        raise InvalidValueError(f"{path} does not end in .png, and pictures are made in no other format.")
    optional_library("matplotlib", extra="plot")
    return WholeFile(path, force=force)


def draw_curve(curve: EquityCurve, file: WholeFile, *, title: str) -> None:
    """Draw equity, and below it how far it is under its highest, as PNG. Times are UTC.

    Raises:
        NotFoundError: the curve has no two points; nothing was drawn.
        RefusedError: a file has appeared in the place.
        UnusableFileError: the file cannot be written.
    """
    if len(curve) < TWO_POINTS:
        raise NotFoundError("There is no equity to draw: no trade was closed, and nothing was recorded.")
    optional_library("matplotlib", extra="plot").use("agg")  # draws into memory, without a display
    pyplot = optional_library("matplotlib.pyplot", extra="plot")
    figure, (above, below) = pyplot.subplots(
        2, 1, sharex=True, figsize=(WIDTH, HEIGHT), height_ratios=(3, 1), layout="constrained"
    )
    money = f" ({curve.currency})" if curve.currency else ""
    above.step(curve.times, curve.equity, where="post", color="tab:blue", linewidth=1.2)
    above.set(title=title, ylabel=("equity" if curve.has_balance else "profit") + money)
    share = curve.drawdown
    fall: NDArray[Any] = -curve.drawdown_amount if share is None else -share * 100
    below.fill_between(curve.times, fall, 0, step="post", color="tab:red", alpha=0.4, linewidth=0)
    below.set(ylabel="drawdown" + (money if share is None else " (%)"), xlabel="UTC")
    for axes in (above, below):
        axes.grid(visible=True, alpha=0.3)
        axes.margins(x=0)
    with file as out:
        figure.savefig(out, format="png", dpi=PIXELS_PER_INCH)
    pyplot.close(figure)


def curve_lines(curve: EquityCurve, *, width: int, height: int) -> list[str]:
    """The equity as columns of blocks with its highest and lowest beside them and its days below.

    A column stands for an equal stretch of time, and shows the equity at its end.
    """
    labels = [f"{value:,.2f}" for value in (float(curve.equity.max()), float(curve.equity.min()))]
    room = max(1, width - max(map(len, labels)) - len("├ "))
    micros = curve.times.astype(np.int64)
    ends = np.linspace(micros[0], micros[-1], room + 1)[1:]
    shown = curve.equity[np.clip(np.searchsorted(micros, ends, side="right") - 1, 0, len(curve) - 1)]
    bottom, top = float(curve.equity.min()), float(curve.equity.max())
    steps = height * (len(EIGHTHS) - 1)
    filled = (
        np.full(room, steps // 2) if top <= bottom else 1 + np.rint((shown - bottom) / (top - bottom) * (steps - 1))
    )
    lines = []
    for row in range(height - 1, -1, -1):
        parts = np.clip(filled - row * (len(EIGHTHS) - 1), 0, len(EIGHTHS) - 1).astype(int)
        label = {height - 1: f"├ {labels[0]}", 0: f"├ {labels[1]}"}.get(row, "│")
        lines.append("".join(EIGHTHS[part] for part in parts) + label)
    first, last = (str(at)[:10] for at in (curve.times[0], curve.times[-1]))
    return [*lines, first + last.rjust(max(0, room - len(first)))]
