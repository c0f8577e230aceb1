"""Settings of Sphinx: `make docs` builds the site into docs/_build."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tradingdb

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))  # where sphinx_pictures is
logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces its plugins

project = "tradingdb"
project_copyright = "the tradingdb authors"
release = tradingdb.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_pictures"]
exclude_patterns = ["_build"]

myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "code"  # docstrings write names between single backticks
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"tradingdb {release}"
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
html_copy_source = False


kept: dict[str, list[str]] = {}


def setup(app: Sphinx) -> None:
    """What Sphinx calls. Napoleon takes what stands before a colon in the words about an attribute for its type."""
    app.connect("autodoc-process-docstring", keep_attribute, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", restore_attribute, priority=600)  # after it


def keep_attribute(_app: Sphinx, what: str, name: str, *described: Any) -> None:
    """Remember the words about an attribute."""
    if what in {"attribute", "data", "property"}:
        kept[name] = list(described[-1])


def restore_attribute(_app: Sphinx, _what: str, name: str, *described: Any) -> None:
    """Put them back."""
    if name in kept:
        described[-1][:] = kept.pop(name)
