"""Write docs/schema from the models: a page for each domain, and an index.

    python docs/schema_pages.py           writes what is not up to date, removes pages of domains that are gone
    python docs/schema_pages.py --check   writes nothing; exit code 1 and a list when pages are not up to date

Which source tables each table takes over is read from docs/seed_mapping.toml.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from schema_pictures import DIALECT, mermaid, type_of
from sqlalchemy import CheckConstraint, Column, Constraint, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.schema import CreateTable

from tradingdb.models import Base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.sql.schema import ColumnCollectionConstraint

DOCS = Path(__file__).resolve().parent
PAGES = DOCS / "schema"
MAPPING = DOCS / "seed_mapping.toml"

GENERATED = "<!-- Written by docs/schema_pages.py from the models: change those, and run it again. -->"

Domains = Mapping[str, list[Table]]
"""Tables by the module of `tradingdb.models` that defines them; domains and tables in order of their names."""

Origins = Mapping[str, list[str]]
"""Source tables by the table that holds their data now, each as `system.table`."""

Kind = TypeVar("Kind", bound=Constraint)


class MappingError(Exception):
    """docs/seed_mapping.toml cannot be used."""


def domains() -> dict[str, list[Table]]:
    """Every table of the metadata, by domain.

    Raises:
        LookupError: a table belongs to no model, so no page would show it.
    """
    found: dict[str, list[Table]] = defaultdict(list)
    left = dict(Base.metadata.tables)
    for mapper in Base.registry.mappers:
        for table in mapper.tables:
            if isinstance(table, Table) and left.pop(table.name, None) is not None:
                found[mapper.class_.__module__.split(".")[2]].append(table)
    if left:
        raise LookupError(f"No model maps {', '.join(sorted(left))}: schema pages show the tables of models.")
    return {name: sorted(found[name], key=lambda table: table.name) for name in sorted(found)}


def read_origins(path: Path) -> dict[str, list[str]]:
    """Which source tables each table holds, from `[system.table]` sections with a list `tables`.

    Raises:
        MappingError: the file is not there, is not TOML, or names a table that does not exist.
    """
    try:
        systems = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MappingError(f"{path} was not found: it says which source tables each table holds.") from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path} is not TOML: {error}.") from None
    found: dict[str, list[str]] = defaultdict(list)
    for system, sources in systems.items():
        for source, entry in sources.items() if isinstance(sources, dict) else ():
            for name in entry.get("tables", ()) if isinstance(entry, dict) else ():
                if name not in Base.metadata.tables:
                    raise MappingError(f"{path} says that {system}.{source} is in {name}: there is no such table.")
                found[name].append(f"{system}.{source}")
    return {name: sorted(found[name]) for name in sorted(found)}


def pages(by_domain: Domains, origins: Origins) -> dict[str, str]:
    """The text of every page, by file name."""
    written = {"index.md": index_page(by_domain)}
    written |= {f"{domain}.md": domain_page(domain, by_domain, origins) for domain in by_domain}
    return written


def index_page(by_domain: Domains) -> str:
    """All tables with what one row of each is, by name."""
    lines = [GENERATED, "", "# Tables", ""]
    lines += [f"{sum(map(len, by_domain.values()))} tables in {len(by_domain)} domains.", ""]
    lines += _grid(
        ("domain", "what it holds", "tables"),
        ([f"[{name}]({name}.md)", _cell(_purpose(name)), str(len(tables))] for name, tables in by_domain.items()),
    )
    everything = sorted((table.name, domain, table) for domain, tables in by_domain.items() for table in tables)
    lines += _grid(
        ("table", "domain", "one row is"),
        ([_link(table, by_domain), domain, _cell(table.comment or "")] for _, domain, table in everything),
    )
    contents = ["```{toctree}", ":hidden:", "", *by_domain, "```"]
    return "\n".join([*lines, *contents]) + "\n"


def domain_page(domain: str, by_domain: Domains, origins: Origins) -> str:
    """The picture of a domain, and its tables one after another."""
    tables = by_domain[domain]
    lines = [GENERATED, "", f"# Tables: {domain}", "", _purpose(domain), "", "```mermaid", *mermaid(tables), "```", ""]
    for table in tables:
        lines += _table(table, domain, by_domain, origins)
    return "\n".join(lines).rstrip() + "\n"


def stale(expected: Mapping[str, str], folder: Path) -> list[str]:
    """Names of pages that differ from what is expected, are missing, or should not be there."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name))


def write(expected: Mapping[str, str], folder: Path) -> list[str]:
    """Make a folder's pages what is expected; the names of those that were not."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(expected, folder)
    for name in changed:
        if name in expected:
            (folder / name).write_text(expected[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(description="Write docs/schema from the models.")
    parser.add_argument("--check", action="store_true", help="only say which pages are not up to date")
    parser.add_argument("--mapping", type=Path, default=MAPPING, help="default: docs/seed_mapping.toml")
    parser.add_argument("--folder", type=Path, default=PAGES, help="default: docs/schema")
    options = parser.parse_args(arguments)
    try:
        expected = pages(domains(), read_origins(options.mapping))
    except (MappingError, LookupError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    changed = stale(expected, options.folder) if options.check else write(expected, options.folder)
    for name in changed:
        sys.stdout.write(f"{'not up to date' if options.check else 'written'}: {name}\n")
    return 1 if options.check and changed else 0


def _table(table: Table, domain: str, by_domain: Domains, origins: Origins) -> list[str]:
    def link(other: Table) -> str:
        return _link(other, by_domain, domain)

    lines = [f"## {table.name}", "", _text(table.comment or ""), ""]
    lines += [f"*{note}*\n" for note in _storage(table)]
    lines += _grid(
        ("column", "type", "null", "default", "references", "comment"),
        (_column(column, link) for column in table.columns),
    )
    lines += _keys(table)
    lines += _section("Foreign keys", (_foreign_key(key, link) for key in _named(table, ForeignKeyConstraint)))
    lines += _section("Checks", (f"{_name(key)}: {_sql(key.sqltext)}" for key in _named(table, CheckConstraint)))
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    if indexes:
        lines += ["Indexes:", ""]
        lines += _grid(("index", "of", "method", "unique", "where"), (_index(index) for index in indexes))
    children = sorted({key.name: key for key in _children(table)}.items())
    if children:
        lines += [f"Referenced by {', '.join(link(child) for _, child in children)}.", ""]
    if sources := origins.get(table.name):
        named = ", ".join(f"`{source}`" for source in sources)
        lines += [f"Holds what these source systems had: {named}.", ""]
    return lines


def _storage(table: Table) -> list[str]:
    """What is unusual about how a table is stored, in sentences."""
    notes = []
    partitions = str(table.dialect_options["postgresql"]["partition_by"] or "")
    if partitions.startswith("RANGE"):
        notes.append(f"Partitioned by `{partitions}`, a partition per month.")
    elif partitions:
        notes.append(f"Partitioned by `{partitions}`, a partition per value.")
    triggers = [str(getattr(listener, "statement", "")) for listener in table.dispatch.after_create]
    if any(f"TRIGGER {table.name}_append_only " in statement for statement in triggers):
        notes.append("Append-only: PostgreSQL refuses UPDATE, DELETE and TRUNCATE.")
    if "UNLOGGED" in table._prefixes:  # noqa: SLF001 - SQLAlchemy gives no public name to a table's prefixes
        notes.append("Unlogged: fast to write, empty after a crash of the server.")
    return notes


def _column(column: Column[object], link: Callable[[Table], str]) -> list[str]:
    references = (f"{link(key.column.table)}.{key.column.name}" for key in column.foreign_keys)
    return [
        f"`{column.name}`",
        _code(type_of(column)),
        "yes" if column.nullable else "no",
        _default(column),
        ", ".join(sorted(references)),
        _cell(column.comment or ""),
    ]


def _default(column: Column[object]) -> str:
    """What a column holds when an INSERT says nothing, and what an UPDATE sets by itself."""
    found = []
    if column.identity is not None:
        found.append("identity")
    elif column.computed is not None:
        found.append(f"computed: {_sql(column.computed.sqltext)}")
    elif column.server_default is not None:
        compiler = DIALECT.ddl_compiler(DIALECT, CreateTable(column.table))
        found.append(_code(str(compiler.get_column_default_string(column))))
    for moment, default in (("", column.default), ("on change ", column.onupdate)):
        if default is not None:
            made = getattr(default, "arg", None)
            found.append(f"{moment}`{made.__name__}()` of the client" if callable(made) else f"{moment}`{made}`")
    return "; ".join(found)


def _keys(table: Table) -> list[str]:
    lines = [f"Primary key: {_columns(table.primary_key)}.", ""]
    for key in _named(table, UniqueConstraint):
        nulls = ", NULL equals NULL" if key.dialect_options["postgresql"]["nulls_not_distinct"] else ""
        lines += [f"Unique: {_columns(key)}{nulls} ({_name(key)}).", ""]
    return lines


def _foreign_key(key: ForeignKeyConstraint, link: Callable[[Table], str]) -> str:
    referred = ", ".join(f"`{element.column.name}`" for element in key.elements)
    return f"{_name(key)}: {_columns(key)} → {link(key.referred_table)} ({referred}), on delete {key.ondelete}"


def _index(index: Index) -> list[str]:
    options = index.dialect_options["postgresql"]
    unique = "yes" if index.unique else "no"
    if options["nulls_not_distinct"]:
        unique += ", NULL equals NULL"
    columns = ", ".join(_sql(expression) for expression in index.expressions)
    if options["include"]:
        columns += f"; with {', '.join(f'`{column}`' for column in options['include'])}"
    where = options["where"]
    return [
        f"`{index.name}`",
        _escaped(columns),
        str(options["using"] or "btree"),
        unique,
        "" if where is None else _escaped(_sql(where)),
    ]


def _children(table: Table) -> list[Table]:
    """The tables that reference a table."""
    return [other for other in table.metadata.sorted_tables for key in other.foreign_keys if key.column.table is table]


def _named(table: Table, kind: type[Kind]) -> list[Kind]:
    """A table's constraints of one kind, by name."""
    return sorted((key for key in table.constraints if isinstance(key, kind)), key=_name)


def _name(constraint: Constraint) -> str:
    return f"`{DIALECT.identifier_preparer.format_constraint(constraint)}`"


def _columns(constraint: ColumnCollectionConstraint) -> str:
    return ", ".join(f"`{column.name}`" for column in constraint.columns)


def _sql(expression: object) -> str:
    """An expression as PostgreSQL reads it, on one line, as code."""
    if isinstance(expression, Column):
        return f"`{expression.name}`"
    return _code(" ".join(str(expression).split()))


def _purpose(domain: str) -> str:
    """What a domain's module says of itself first."""
    words = (importlib.import_module(f"tradingdb.models.{domain}").__doc__ or "").split("\n\n")[0]
    return _text(" ".join(words.split()))


def _link(table: Table, by_domain: Domains, page: str = "") -> str:
    (domain,) = (name for name, tables in by_domain.items() if table in tables)
    return f"[{table.name}]({'' if domain == page else f'{domain}.md'}#{table.name})"


def _section(title: str, items: Iterable[str]) -> list[str]:
    listed = [f"- {item}" for item in items]
    return [f"{title}:", "", *listed, ""] if listed else []


def _grid(head: tuple[str, ...], rows: Iterable[list[str]]) -> list[str]:
    """The lines of a table; cells are Markdown already."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)] + [""]


def _cell(words: str) -> str:
    return _escaped(_text(words))


def _text(words: str) -> str:
    """Words as they are, none of them Markdown except code between backticks."""
    return re.sub(r"([*<\[])", r"\\\1", words)


def _code(words: str) -> str:
    fence = "``" if "`" in words else "`"
    return f"{fence}{words}{fence}"


def _escaped(markdown: str) -> str:
    """Markdown for a cell, which a bar would end even inside code."""
    return markdown.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
