"""What the benchmarks share: a server of their own, figures with goals, a table in the terminal and one in the docs."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tradingdb import Database
from tradingdb.embedded import EmbeddedServer
from tradingdb.setup import setup
from tradingdb.urls import ConnectionTarget

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table: ours beside a rival's or a limit, and the goal for the figure that counts."""

    what: str
    ours: str
    rival: str
    theirs: str
    value: float
    """The ratio, or whatever the goal is about."""
    goal: float | None = None
    is_at_most: bool = False
    """The goal is an upper limit, not a lower one."""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached. None: there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.is_at_most else self.value >= self.goal

    def cells(self) -> tuple[str, ...]:
        """The line as it is shown."""
        limit = "" if self.goal is None else f"{'≤' if self.is_at_most else '≥'} {self.goal:g}"
        verdict = {None: "", True: "reached", False: "NOT reached"}[self.reached]
        return self.what, self.ours, self.rival, self.theirs, f"{self.value:.3g}", limit, verdict


COLUMNS = ("what", "ours", "against", "theirs", "figure", "goal", "")


def of_rates(what: str, rival: str, ours: float, theirs: float, goal: float | None = None) -> Figure:
    """How many times faster we are, from rows per second."""
    return Figure(what, f"{ours:,.0f} rows/s", rival, f"{theirs:,.0f} rows/s", ours / theirs, goal)


def of_times(what: str, rival: str, ours: float, theirs: float, goal: float | None = None) -> Figure:
    """How many times longer we take, from seconds; the goal is an upper limit."""
    return Figure(what, f"{ours * 1e3:,.2f} ms", rival, f"{theirs * 1e3:,.2f} ms", ours / theirs, goal, is_at_most=True)


@contextmanager
def server() -> Iterator[EmbeddedServer]:
    """An embedded PostgreSQL in a folder of its own, as it comes: fsync on."""
    with tempfile.TemporaryDirectory(prefix="tradingdb-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # a server that root starts is another user's
        yield EmbeddedServer(Path(folder) / "pg")


@asynccontextmanager
async def scratch_database() -> AsyncIterator[Database]:
    """A migrated database on such a server."""
    with server() as embedded:
        async with Database(ConnectionTarget(embedded.url()), embedded=embedded) as database:
            await setup(database)
            yield database


def run(
    name: str,
    title: str,
    measure: Callable[[argparse.Namespace], Awaitable[list[Figure]]],
    parser: argparse.ArgumentParser,
) -> None:
    """Measure, print, and write what was asked for."""
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    given = parser.parse_args()
    found = asyncio.run(_measured(measure, given))
    title = title.format(**vars(given))
    table = Table(*COLUMNS, title=title)
    for figure in found:
        table.add_row(*figure.cells())
    Console(width=150).print(table)
    if given.json:
        given.json.write_text(json.dumps([asdict(figure) for figure in found], indent=2))
    if given.docs:
        _write_section(name, title, found)


async def _measured(
    measure: Callable[[argparse.Namespace], Awaitable[list[Figure]]], given: argparse.Namespace
) -> list[Figure]:
    return await measure(given)


def _write_section(name: str, title: str, found: list[Figure]) -> None:
    """Replace the section between its marks."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(figure.cells()) + " |" for figure in found]
    table = "\n".join(lines)
    section = f"<!-- {name} -->\n{title}. {_where()}\n\n{table}\n<!-- end of {name} -->"
    page = PAGE.read_text()
    pattern = re.compile(rf"<!-- {name} -->.*<!-- end of {name} -->", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no section for {name}: add <!-- {name} --><!-- end of {name} -->.")
    PAGE.write_text(pattern.sub(lambda _: section, page))


def _where() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "asyncpg", "numpy", "pyarrow"))
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores of {_processor()}, "
        f"Python {platform.python_version()}, {packages}, embedded PostgreSQL 18, fsync on."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
