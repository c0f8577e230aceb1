"""What the README and the documentation say is true: its code runs, its commands, links and exit codes exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from commands import run_forked
from paths import CHECKOUT
from tradingdb import errors
from tradingdb.cli import app
from tradingdb.settings import Settings

PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *(CHECKOUT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(CHECKOUT)) for page in PAGES]


def all_errors(base: type[errors.TradingDBError] = errors.TradingDBError) -> set[type[errors.TradingDBError]]:
    direct = {kind for kind in base.__subclasses__() if kind.__module__ == errors.__name__}
    return direct | {deeper for kind in direct for deeper in all_errors(kind)}


async def test_the_code_in_the_readme_runs_and_says_what_it_says(forks: Path, folder: Path, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    ended, out, err = await run_forked(forks, tmp_path, None, "-c", code, TRADINGDB_DATA_DIR=str(folder))
    assert ended == 0, err
    (promised,) = re.findall(r"print\(report\)  # (.*)", code)
    assert promised in out
    assert "BTC/USDT spot" in out


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_that_is_named_exists(page: Path) -> None:
    root = typer.main.get_command(app)
    for line in re.findall(r"`(tradingdb [a-z][^`]*)`", page.read_text()) + re.findall(
        r"^(tradingdb [a-z].*)$", page.read_text(), re.MULTILINE
    ):
        group = root
        for word in line.split("#")[0].split()[1:]:
            commands = getattr(group, "commands", None)
            if commands is None or not word[0].isalpha():
                break
            assert word in commands, f"{page.name} names `{line}`"
            group = commands[word]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_error_is_in_the_table_of_exit_codes() -> None:
    table = (CHECKOUT / "docs" / "reference" / "exit-codes.md").read_text()
    for kind in all_errors():
        (row,) = [line for line in table.splitlines() if f"`{kind.__name__}`" in line]
        assert row.startswith(f"| {kind.exit_code} |"), kind.__name__


def test_every_error_says_something_without_being_told_what() -> None:
    for kind in all_errors():
        assert str(kind()).endswith("."), kind.__name__


def test_every_setting_is_documented() -> None:
    table = (CHECKOUT / "docs" / "reference" / "settings.md").read_text()
    example = (CHECKOUT / ".env.example").read_text()
    for name in Settings.model_fields:
        variable = "DATABASE_URL" if name == "database_url" else f"TRADINGDB_{name.upper()}"
        assert f"`{variable}`" in table
        assert variable in example
