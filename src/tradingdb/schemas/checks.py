"""What a table's CHECKs say about a single column, where that can be read without doubt.

Only whole expressions of a known form are read: a bound, a share, a list of words, "not blank". Everything else, such
as CHECKs over several columns, is left to PostgreSQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Table

if TYPE_CHECKING:
    from sqlalchemy import Column

_NUMBER = r"(-?\d+(?:\.\d+)?)"


@dataclass(frozen=True, slots=True)
class Facts:
    """Bounds of a number as they are written, the words that a text is kept to, and whether it may be blank."""

    least: str | None = None
    above: str | None = None
    most: str | None = None
    words: tuple[str, ...] = ()
    is_not_blank: bool = False


def facts_of(column: Column[object]) -> Facts:
    """What the CHECKs of a column's table say about it alone."""
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 - models map tables; tells mypy
    name = re.escape(column.name)
    finite = rf"(?: AND {name} < 'Infinity')?"
    found: dict[str, str] = {}
    words: tuple[str, ...] = ()
    is_not_blank = False
    for check in table.constraints:
        if not isinstance(check, CheckConstraint):
            continue
        expression = str(check.sqltext)
        if match := re.fullmatch(rf"{name} BETWEEN {_NUMBER} AND {_NUMBER}{finite}", expression):
            found |= {"least": match[1], "most": match[2]}
        elif match := re.fullmatch(rf"{name} (>=|>) {_NUMBER}{finite}", expression):
            found["least" if match[1] == ">=" else "above"] = match[2]
        elif match := re.fullmatch(rf"{name} IN \(('[^']+'(?:, '[^']+')*)\)", expression):
            words = tuple(re.findall(r"'([^']+)'", match[1]))
        elif expression == rf"{column.name} ~ '\S'":
            is_not_blank = True
    return Facts(**found, words=words, is_not_blank=is_not_blank)
