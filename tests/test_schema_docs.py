"""The pages of docs/schema are those that the models make, and their pictures are whole."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from commands import Run, run_forked
from paths import CHECKOUT
from tradingdb.models import Base

sys.path.insert(0, str(CHECKOUT / "docs"))  # its modules are not installed

import schema_pages
import schema_pictures

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = CHECKOUT / "docs" / "schema_pages.py"
PAGES = CHECKOUT / "docs" / "schema"
TABLES = sorted(Base.metadata.tables)
DOMAINS = schema_pages.domains()
LINKS = {name: f"#{name}" for name in TABLES}
each_domain = pytest.mark.parametrize("domain", sorted(DOMAINS))

ENTITY = re.compile(r"    (\w+) \{((?:\n        [\w\[\]]+ \w+ (?:PK|FK|UK)(?:, (?:FK|UK))*)+)\n    \}")
RELATION = re.compile(r'    (\w+) (?:\|\||\|o)--(?:o\{|o\|) (\w+) : "([\w, ]+)"')


def page(domain: str) -> str:
    return (PAGES / f"{domain}.md").read_text()


def section(domain: str, table: str) -> str:
    return re.split(r"^## ", page(domain).split(f"\n## {table}\n")[1], flags=re.MULTILINE)[0]


def picture(domain: str) -> str:
    (text,) = re.findall(r"^```mermaid\n(.*?)^```$", page(domain), re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.fixture
def run(forks: Path, tmp_path: Path) -> Run:
    """Run the script with these arguments; returns exit code, output and errors."""
    return partial(run_forked, forks, tmp_path, None, SCRIPT)


def test_the_pages_are_what_the_models_make() -> None:
    expected = schema_pages.pages(DOMAINS, schema_pages.read_origins(schema_pages.MAPPING))
    assert schema_pages.stale(expected, PAGES) == [], "run `make schema`"


def test_every_table_has_one_section_and_one_line_of_the_index() -> None:
    headings = [name for domain in DOMAINS for name in re.findall(r"^## (\w+)$", page(domain), re.MULTILINE)]
    assert sorted(headings) == TABLES
    listed = re.findall(r"^\| \[(\w+)\]\(\w+\.md#(\w+)\)", page("index"), re.MULTILINE)
    assert listed == [(name, name) for name in TABLES]


@each_domain
def test_every_name_of_a_table_is_in_its_section(domain: str) -> None:
    for table in DOMAINS[domain]:
        text = section(domain, table.name)
        named = {*table.columns.keys(), *(str(index.name) for index in table.indexes)}
        named |= {str(c.name) for c in table.constraints if c is not table.primary_key}
        assert not {name for name in named if f"`{name}`" not in text}
        rows = re.findall(r"^\| `(\w+)` \|", text.split("Primary key:")[0], re.MULTILINE)
        assert rows == table.columns.keys()


def test_every_link_leads_to_a_section() -> None:
    for name in ("index", *DOMAINS):
        for target, anchor in re.findall(r"\]\((\w+\.md)?#(\w+)\)", page(name)):
            assert f"\n## {anchor}\n" in page(target.removesuffix(".md") or name)


@each_domain
def test_tables_of_markdown_are_as_wide_as_their_head(domain: str) -> None:
    width = 0
    for line in page(domain).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (cells and width) or cells == width, line
        width = cells


@each_domain
def test_the_picture_is_an_er_diagram_of_the_tables_and_what_they_reference(domain: str) -> None:
    head, _, body = picture(domain).partition("\n")
    assert head == "erDiagram"
    entities = dict(ENTITY.findall(body))
    related = RELATION.findall(body)
    assert not RELATION.sub("", ENTITY.sub("", body)).strip(), "there is something else in it"
    tables = {table.name: table for table in DOMAINS[domain]}
    assert entities.keys() == tables.keys()
    for name, rows in entities.items():
        keys = {column.name for column in tables[name].columns if column.primary_key or column.foreign_keys}
        assert keys <= {row.split()[1] for row in rows.strip().splitlines()}
    expected = [
        (key.referred_table.name, name, ", ".join(key.column_keys))
        for name, table in tables.items()
        for key in table.foreign_key_constraints
    ]
    assert sorted(related) == sorted(expected)


@each_domain
def test_the_drawn_picture_joins_columns_that_it_shows(domain: str) -> None:
    graph = schema_pictures.dot(DOMAINS[domain], LINKS)
    nodes = re.findall(r'^"([^"]+)" \[label=<(.*)> URL="#(\w+)"', graph, re.MULTILINE)
    ports = {name: set(re.findall(r'port="([^"]+)"', label)) for name, label, _ in nodes}
    assert {name for name in ports if " of " not in name} == {table.name for table in DOMAINS[domain]}
    edges = re.findall(r'^"([^"]+)"(?::"([^"]+)")?:e -> "([^"]+)":"([^"]+)":[we] ', graph, re.MULTILINE)
    assert len(edges) == graph.count(" -> ") == len(schema_pictures.relations(DOMAINS[domain]))
    for start, start_port, end, end_port in edges:
        assert start_port in ports[start] if start_port else start in ports
        assert end_port in ports[end]


@pytest.mark.parametrize(
    ("child", "column", "ends"),
    [
        ("orders", "account_id", "||--o{"),  # required, many
        ("orders", "strategy_id", "|o--o{"),  # may be NULL
        ("backtest_results", "run_id", "||--o|"),  # is the key: one at most
        ("positions", "account_id", "||--o{"),  # only a part of the key
    ],
)
def test_the_ends_of_a_relation_tell_how_many(child: str, column: str, ends: str) -> None:
    lines = schema_pictures.mermaid([Base.metadata.tables[child]])
    (line,) = [line for line in lines if line.endswith(f' {child} : "{column}"')]
    assert ends in line


async def test_a_stale_page_is_told_and_mended_and_one_too_many_is_removed(run: Run, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[old.deals]\ntables = ["trades", "trade_exits"]\n')
    run = partial(run, "--mapping", mapping, "--folder", tmp_path / "schema")
    assert (await run("--check"))[0] == 1
    assert not (tmp_path / "schema").exists()
    assert (await run())[0] == 0
    assert await run("--check") == (0, "", "")
    assert "Holds what these source systems had: `old.deals`." in (tmp_path / "schema" / "trading.md").read_text()

    (tmp_path / "schema" / "gone.md").write_text("# Tables: gone\n")
    with (tmp_path / "schema" / "vault.md").open("a") as changed:
        changed.write("by hand\n")
    told = await run("--check")
    assert told[:2] == (1, "not up to date: gone.md\nnot up to date: vault.md\n")
    assert (await run())[1] == "written: gone.md\nwritten: vault.md\n"
    assert (await run("--check"))[0] == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "was not found"),
        ("[old", "is not TOML"),
        ('[old.deals]\ntables = ["tradez"]\n', "there is no such table"),
    ],
)
async def test_without_a_mapping_that_can_be_used_nothing_is_written(
    run: Run, tmp_path: Path, content: str | None, reason: str
) -> None:
    mapping = tmp_path / "mapping.toml"
    if content is not None:
        mapping.write_text(content)
    code, _, err = await run("--mapping", mapping, "--folder", tmp_path / "schema")
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert reason in err
    assert not (tmp_path / "schema").exists()
