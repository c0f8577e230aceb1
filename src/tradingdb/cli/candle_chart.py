"""Candles drawn with characters: prices beside them, times below, readable without colours."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradingdb.candles import CandleSeries

NOTHING, WICK, BODY = 0, 1, 2
ROSE = {
    (NOTHING, NOTHING): " ", (WICK, NOTHING): "╵", (NOTHING, WICK): "╷", (WICK, WICK): "│",
    (BODY, NOTHING): "╹", (NOTHING, BODY): "╻", (BODY, BODY): "┃", (WICK, BODY): "╽", (BODY, WICK): "╿",
}  # fmt: skip
"""What stands for the upper and the lower half of a character's cell, where the close is not below the open."""
FELL = ROSE | {
    (BODY, NOTHING): "▀", (NOTHING, BODY): "▄", (BODY, BODY): "█", (WICK, BODY): "▄", (BODY, WICK): "▀",
}  # fmt: skip
"""The same where it is."""
UP, DOWN = "green", "red"
LEGEND = "┃ closed higher or equal   █ closed lower"

ROWS_PER_PRICE = 4
LEAST_PLOT = 8
"""Columns that must be left for candles if prices are to stand beside them."""
WIDEST_STEP = 3
MOST_DECIMALS, LARGEST_PLAIN = 10, 1e12
SPACE_BETWEEN_TIMES = 3
SECONDS_OF_A_MINUTE, SECONDS_OF_A_DAY = 60, 86_400


@dataclass(frozen=True, slots=True)
class Scale:
    """Prices to rows of half a character, counted from the top."""

    bottom: float
    top: float
    rows: int

    def half_row(self, price: float) -> int:
        """The half row that a price falls into."""
        height = self.top / 2 - self.bottom / 2  # halved, because the difference of two numbers may be infinite
        if height <= 0:
            return self.rows
        share = (self.top / 2 - price / 2) / height
        return min(int(share * self.rows * 2), self.rows * 2 - 1)

    def labels(self) -> dict[int, str]:
        """Round prices by the row that they fall into; where there are none, the highest and the lowest."""
        step = _round_step((self.top - self.bottom) * ROWS_PER_PRICE / self.rows)
        decimals = max(0, -math.floor(math.log10(step))) if step else 0
        if not step or decimals > MOST_DECIMALS or max(abs(self.top), abs(self.bottom)) >= LARGEST_PLAIN:
            return {self.half_row(price) // 2: f"{price:.6g}" for price in (self.bottom, self.top)}
        first, last = math.ceil(self.bottom / step), math.floor(self.top / step)
        prices = [at * step for at in range(first, last + 1)] or [self.top]
        return {self.half_row(price) // 2: f"{price:,.{decimals}f}" for price in prices}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as lines, and how many candles it shows."""

    lines: list[Text]
    shown: int


def candle_chart(series: CandleSeries, *, width: int, height: int) -> Chart:
    """A chart of at most `width` columns, with `height` rows of candles and three more below.

    Candles stand side by side, whether or not there is a gap between their times. If there are more than columns, the
    newest are shown. The series must not be empty.
    """
    scale, labels, room = _layout(series, width, height)
    while len(series) > room:
        series = series.tail(room)
        scale, labels, room = _layout(series, width, height)
    step = min(WIDEST_STEP, room // len(series))
    columns = [_column(series, at, scale) for at in range(len(series))]
    lines = [_row(row, columns, step, labels) for row in range(height)]
    ticks, times = _time_axis(series, step)
    lines += [Text(line, "dim") for line in (ticks + ("┘" if labels else ""), times, LEGEND[:width])]
    return Chart(lines, len(series))


def _layout(series: CandleSeries, width: int, height: int) -> tuple[Scale, dict[int, str], int]:
    """The scale, the prices beside it and how many columns are left for candles."""
    scale = Scale(float(series.low.min()), float(series.high.max()), height)
    labels = scale.labels()
    room = width - max(map(len, labels.values())) - len("├ ")
    return (scale, labels, room) if room >= LEAST_PLOT else (scale, {}, max(1, width))


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    if not (math.isfinite(least) and least > sys.float_info.min):
        return 0
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if step >= least)


def _column(series: CandleSeries, at: int, scale: Scale) -> tuple[list[str], str]:
    """The characters of a candle from top to bottom, and their colour."""
    opened, closed = float(series.open[at]), float(series.close[at])
    halves = [NOTHING] * (scale.rows * 2)
    for kind, upper, lower in (
        (WICK, float(series.high[at]), float(series.low[at])),
        (BODY, max(opened, closed), min(opened, closed)),
    ):
        for half in range(scale.half_row(upper), scale.half_row(lower) + 1):
            halves[half] = kind
    glyphs = FELL if closed < opened else ROSE
    return [glyphs[pair] for pair in zip(halves[::2], halves[1::2], strict=True)], DOWN if closed < opened else UP


def _row(row: int, columns: Sequence[tuple[list[str], str]], step: int, labels: dict[int, str]) -> Text:
    line = Text()
    for characters, colour in columns:
        line.append(characters[row], colour if characters[row] != " " else None)
        line.append(" " * (step - 1))
    if labels:
        line.append(f"├ {labels[row]}" if row in labels else "│", "dim")
    return line


def _time_axis(series: CandleSeries, step: int) -> tuple[str, str]:
    """A line with a mark where a time is named, and the line that names them."""
    seconds = series.timeframe.seconds
    if seconds is None or seconds >= SECONDS_OF_A_DAY:
        form = "%Y-%m-%d"
    else:
        form = "%H:%M:%S" if seconds < SECONDS_OF_A_MINUTE else "%m-%d %H:%M"
    width = len(series) * step
    ticks, times = ["─"] * width, ""
    for at, opened in enumerate(series.open_time.tolist()):
        name = opened.strftime(form)
        column = at * step
        if (not times or column >= len(times) + SPACE_BETWEEN_TIMES) and column + len(name) <= width:
            times = times.ljust(column) + name
            ticks[column] = "┴"
    return "".join(ticks), times
