"""Entity-relationship pictures of the tables of one domain: as Mermaid for Markdown, as DOT for Graphviz.

Boxes hold keys and references only.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, ForeignKeyConstraint

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

GRAPH = """\
rankdir=LR nodesep=0.22 ranksep=0.7 bgcolor=transparent pad=0.1
node [shape=plain fontname=monospace fontsize=10]
edge [dir=both color="#64748b" arrowsize=0.7]"""
"""Monospace, because every such font is equally wide: the boxes fit in a browser that has not the font of the build."""

OWN_FILL, OWN_LINE = "#dbe7f6", "#5b7ba6"
OTHER_FILL, OTHER_LINE = "#f1f1f1", "#b5b5b5"


@dataclass(frozen=True, slots=True)
class Relation:
    """One foreign key: how many rows of `child` may stand beside one row of `parent`, and whether it may be NULL."""

    child: Table
    parent: Table
    columns: tuple[str, ...]
    referred: tuple[str, ...]
    is_optional: bool
    is_single: bool


def type_of(column: Column[object]) -> str:
    """A column's type as PostgreSQL writes it, with the short name of timestamps, for example `timestamptz`."""
    name, collate, collation = column.type.compile(DIALECT).partition(" COLLATE ")
    return name.lower().replace("timestamp with time zone", "timestamptz") + collate + collation


def relations(tables: Iterable[Table]) -> list[Relation]:
    """The foreign keys of some tables, in order of their names."""
    return [
        _relation(key)
        for table in tables
        for key in sorted(table.foreign_key_constraints, key=lambda key: tuple(key.column_keys))
    ]


def mermaid(tables: Sequence[Table]) -> list[str]:
    """The lines of an `erDiagram`."""
    lines = ["erDiagram"]
    for table in tables:
        lines.append(f"    {table.name} {{")
        lines += [f"        {_plain_type(column)} {column.name} {', '.join(_marks(column))}" for column in _keys(table)]
        lines.append("    }")
    for relation in relations(tables):
        parent = "|o" if relation.is_optional else "||"
        child = "o|" if relation.is_single else "o{"
        names = ", ".join(relation.columns)
        lines.append(f'    {relation.parent.name} {parent}--{child} {relation.child.name} : "{names}"')
    return lines


def dot(tables: Sequence[Table], links: dict[str, str]) -> str:
    """The graph for Graphviz: parents to the left of their children, a grey box beside each table for each stranger.

    Args:
        tables: those of the domain.
        links: where each table is described, by its name.
    """
    own = {table.name for table in tables}
    lines = ["digraph {", GRAPH]
    for table in tables:
        head = f'<tr><td colspan="3" bgcolor="{OWN_FILL}"><b>{table.name}</b></td></tr>'
        rows = "".join(_row(column) for column in _keys(table))
        lines.append(_node(table.name, table, head + rows, OWN_LINE, links))
    related = relations(tables)
    lines += [_stranger(relation, links) for relation in related if relation.parent.name not in own]
    lines += [_edge(relation, own) for relation in related]
    return "\n".join([*lines, "}"])


def _relation(key: ForeignKeyConstraint) -> Relation:
    columns = frozenset(key.column_keys)
    return Relation(
        child=key.table,
        parent=key.referred_table,
        columns=tuple(key.column_keys),
        referred=tuple(element.column.name for element in key.elements),
        is_optional=any(column.nullable for column in key.columns),
        is_single=any(columns >= unique for unique in _unique_sets(key.table)),
    )


def _unique_sets(table: Table) -> list[frozenset[str]]:
    """Sets of columns of which no two rows of a table hold the same values."""
    return [
        frozenset(table.primary_key.columns.keys()),
        *(frozenset(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)),
    ]


def _keys(table: Table) -> list[Column[object]]:
    """The columns that a picture shows, in the table's order."""
    return [column for column in table.columns if _marks(column)]


def _marks(column: Column[object]) -> list[str]:
    marks = ["PK"] if column.primary_key else []
    marks += ["FK"] if column.foreign_keys else []
    alone = frozenset({column.name})
    return marks + (["UK"] if not column.primary_key and alone in _unique_sets(column.table) else [])


def _plain_type(column: Column[object]) -> str:
    return type_of(column).partition(" ")[0]


def _row(column: Column[object]) -> str:
    marks, name = ", ".join(_marks(column)), escape(column.name)
    shown = f"<u>{name}</u>" if column.primary_key else name
    return (
        f'<tr><td align="left" sides="BL" port="{name} in">{_small(marks)}</td>'
        f'<td align="left" sides="B">{shown}</td>'
        f'<td align="left" sides="BR" port="{name} out">{_small(_plain_type(column))}</td></tr>'
    )


def _small(words: str) -> str:
    return f'<font color="#6b7280" point-size="8">{words}</font>'


def _node(name: str, table: Table, rows: str, line: str, links: dict[str, str]) -> str:
    frame = f'<table border="0" cellborder="1" cellspacing="0" cellpadding="3" color="{line}">{rows}</table>'
    tooltip = escape(table.comment or table.name)
    return f'"{name}" [label=<{frame}> URL="{links[table.name]}" tooltip="{tooltip}" target="_top"]'


def _stranger(relation: Relation, links: dict[str, str]) -> str:
    cell = f'<tr><td bgcolor="{OTHER_FILL}"><font color="#6b7280">{relation.parent.name}</font></td></tr>'
    return _node(_stranger_name(relation), relation.parent, cell, OTHER_LINE, links)


def _stranger_name(relation: Relation) -> str:
    return f"{relation.parent.name} of {relation.child.name}"


def _edge(relation: Relation, own: set[str]) -> str:
    style = f"arrowhead={'teeodot' if relation.is_single else 'crowodot'} "
    style += f"arrowtail={'teeodot' if relation.is_optional else 'teetee'}"
    end = f'"{relation.child.name}":"{relation.columns[0]} in":w'
    if relation.parent.name not in own:
        return f'"{_stranger_name(relation)}":e -> {end} [{style} color="{OTHER_LINE}"]'
    start = f'"{relation.parent.name}":"{relation.referred[0]} out":e'
    if relation.parent is relation.child:
        end = f'"{relation.child.name}":"{relation.columns[0]} out":e'
    return f"{start} -> {end} [{style}]"
