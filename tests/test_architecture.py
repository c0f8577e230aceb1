"""Imports point down, models of different domains do not know each other, and files stay liveable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tradingdb"

LAYERS = [
    {"errors", "settings", "urls"},
    {"core"},
    {"models"},
    {"schemas"},
    {"postgres_binaries", "failures", "driver"},
    {"embedded", "connections", "dialect", "scope", "session_end", "collisions", "last_written"},
    {"database", "catalogue"},
    {"bulk"},
    {"timeseries"},
    {"candles", "market_trades", "services"},
    {"revisions"},
    {"migrations"},
    {"setup", "seeds"},
    {"demo", "testing"},
    {"cli"},
    {"__main__", "__init__"},
]
"""From the bottom up: a module imports its own layer and those before it, never one after it."""

RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

LONGEST_FILE = 400
LONGEST_MODEL_FILE = 300
LONGEST_FUNCTION = 70


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def top_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def imported(tree: ast.AST) -> list[tuple[str, ast.stmt]]:
    """Every import of the package, as dotted names below it, with its statement."""
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "tradingdb":
            found += [(f"tradingdb.{alias.name}", node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node))
    return [(name.removeprefix("tradingdb."), node) for name, node in found if name.startswith("tradingdb.")]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_has_a_layer(path: Path) -> None:
    assert top_of(path) in RANK


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_down(path: Path) -> None:
    own = RANK[top_of(path)]
    for name, node in imported(ast.parse(path.read_text())):
        top = name.split(".")[0]
        if top in RANK:
            assert RANK[top] <= own, f"line {node.lineno}: {top_of(path)} imports {top}, which is above it"


def test_the_order_of_layers_is_checked_for_real() -> None:
    names = {
        top for path in modules() for name, _ in imported(ast.parse(path.read_text())) if (top := name.split(".")[0])
    }
    assert {"core", "models", "database", "candles", "migrations", "cli"} <= names


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_of_ours_is_imported_inside_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert not imported(function), f"{function.name} imports inside: a cycle admitting itself"


@pytest.mark.parametrize("path", sorted((SOURCE / "models").rglob("*.py")), ids=name_of)
def test_models_of_one_domain_do_not_import_another_at_run_time(path: Path) -> None:
    if path.name == "__init__.py" and path.parent.name == "models":
        return
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    domain = path.relative_to(SOURCE / "models").parts[0].removesuffix(".py")
    for name, node in imported(tree):
        if name.startswith("models.") and id(node) not in typing_only:
            assert name.split(".")[1] == domain, f"line {node.lineno}: {domain} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_and_functions_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    is_door = path == SOURCE / "models" / "__init__.py"  # two lists of every name
    limit = LONGEST_MODEL_FILE if "models" in path.parts and not is_door else LONGEST_FILE
    assert text.count("\n") <= limit, f"{text.count(chr(10))} lines: split it by meaning"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def test_no_drawer_for_everything() -> None:
    assert not [path for path in modules() if path.stem in {"utils", "helpers", "common", "misc"}]


def test_importing_the_package_connects_to_nothing_and_reads_no_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TRADINGDB_ENVIRONMENT=nonsense\n")
    result = subprocess.run(
        [sys.executable, "-c", "import tradingdb, tradingdb.models, tradingdb.cli"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"TRADINGDB_EMBEDDED_POSTGRES": "nonsense"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
