"""A Sphinx extension: where a page of docs/schema has a Mermaid picture, the site has one drawn by Graphviz.

GitHub draws Mermaid itself; a browser would need a script from elsewhere to do so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pygraphviz  # type: ignore[import-untyped]
from docutils import nodes  # type: ignore[import-untyped]
from schema_pages import domains
from schema_pictures import dot
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NOTE = (
    "Boxes: keys and references; primary keys are underlined. Lines: from the referenced row to those that may "
    "reference it; two bars: exactly one, a circle: none or more. Grey: tables of other domains."
)


class Mermaid(SphinxDirective):
    """Stands for a fence of Mermaid; the picture is made from the same tables as its text."""

    has_content = True
    site: ClassVar[Path]
    """Where Sphinx builds the site."""

    def run(self) -> list[nodes.Node]:
        """The picture of the domain whose page this is."""
        folder, _, domain = self.env.docname.rpartition("/")
        by_domain = domains()
        if folder != "schema" or domain not in by_domain:
            raise self.error("Mermaid is drawn on the pages of docs/schema only.")
        links = {
            table.name: f"{page}.html#{nodes.make_id(table.name)}"
            for page, tables in by_domain.items()
            for table in tables
        }
        picture = draw(dot(by_domain[domain], links))
        alone = Path(self.site, folder, f"{domain}.svg")
        alone.parent.mkdir(parents=True, exist_ok=True)
        alone.write_text(picture, encoding="utf-8")
        note = f'{NOTE} <a href="{alone.name}">The picture alone</a>'
        figure = f'<figure class="er-picture"><div>{picture}</div><figcaption>{note}</figcaption></figure>'
        return [nodes.raw("", figure, format="html")]


def draw(graph: str) -> str:
    """A graph as an `<svg>` element."""
    drawn = pygraphviz.AGraph(string=graph).draw(format="svg", prog="dot").decode()
    return str(drawn[drawn.index("<svg") :])


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    Mermaid.site = app.outdir
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
