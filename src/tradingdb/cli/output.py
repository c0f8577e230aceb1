"""What commands print: tables for people, JSON for programs, questions for whoever sits at the terminal."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tradingdb.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN_DIGITS = 8
"""Digits of an exact number that a table shows at least, because a price of 0.00001234 is no zero."""

PIPED_WIDTH = 160
"""Where nobody sees the edge of a terminal, tables need not fit into 80 columns."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
notes = Console(stderr=True, highlight=False)
"""For what is not the result: progress, hints, questions."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:  # noqa: PLR0911 - one per kind
    """A value as programs read it: times in ISO 8601 and UTC, exact numbers as text with every digit."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, (Path, UUID, date)) else value


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers stand to the right."""
    listed = [list(row) for row in rows]
    table = Table(
        title=escape(title),
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for at, name in enumerate(columns):
        cells = [row[at] for row in listed]
        is_number = bool(cells) and all(isinstance(cell, (int, float, Decimal)) or cell is None for cell in cells)
        is_text = all(isinstance(cell, str) or cell is None for cell in cells)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=not is_text)
    for row in listed:
        table.add_row(*(escape(cell(value)) for value in row))
    console.print(table)


def cell(value: object) -> str:  # noqa: PLR0911 - one per kind
    """A value as people read it in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        places = max(2, SHOWN_DIGITS - 1 - value.adjusted())
        return f"{value:,.{places}f}".rstrip("0").rstrip(".")
    if isinstance(value, float):
        return f"{float(f'{value:.4g}'):,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.value if isinstance(value, StrEnum) else str(value)


def progress_bar() -> Progress:
    """A bar on standard error, where somebody sees it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    )


def confirm_destruction(database: str, label: str, *, yes: bool) -> None:
    """Have the user type the name of a database that is about to be dropped.

    Raises:
        RefusedError: there is no terminal to ask at and no --yes, or the answer is another one.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError(f"This drops {label} with everything in it; without a terminal to ask at it needs --yes.")
    notes.print(f"This drops [bold]{label}[/bold] with everything in it. There is no way back.")
    try:
        answer = notes.input(f"Type the name of the database ([bold]{database}[/bold]) to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() != database:
        raise RefusedError("The name was not typed, so nothing was changed.")
