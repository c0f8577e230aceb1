"""Two small source files, what an analysis counts in them, and what it would mend."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tradingdb.models import CodeFile, CodeIssue, CodeMetric, IssueSeverity, IssueState
from tradingdb.seeds.adding import digest_of, named_id
from tradingdb.seeds.scene import january

if TYPE_CHECKING:
    from tradingdb.seeds.adding import Adder, Row

ANALYSED_AT = january(14)

SOURCES = {
    "strategies/crossover.py": """\
def crossed(fast, slow):
    return fast[-2] <= slow[-2] and fast[-1] > slow[-1]


def stop(entry, share=0.02):
    # TODO: shorts have theirs above the entry
    return entry * (1 - share)
""",
    "strategies/swing.py": """\
class Swing:
    def higher_lows(self, lows):
        return all(a < b for a, b in zip(lows, lows[1:]))
""",
}
MARK = "TODO"
"""What the analysis takes for an issue."""


async def seed_source_files(add: Adder) -> None:
    """Store files, figures and issues, all counted in the sources above."""
    files = [_file(path, source) for path, source in SOURCES.items()]
    await add(CodeFile, files)
    await add(
        CodeMetric,
        [
            {
                "id": named_id(f"code metric:{file['path']}:{name}"),
                "file_id": file["id"],
                "metric_type": "size",
                "name": name,
                "value": float(file[name]),
                "threshold_value": 400.0,
                "measured_at": ANALYSED_AT,
            }
            for file in files
            for name in ("line_count", "function_count")
        ],
    )
    await add(CodeIssue, [issue for path, source in SOURCES.items() for issue in _issues(path, source)])


def _file(path: str, source: str) -> Row:
    nodes = list(ast.walk(ast.parse(source)))
    return {
        "id": named_id(f"code file:{path}"),
        "path": path,
        "file_name": path.rpartition("/")[2],
        "file_type": "source",
        "language": "python",
        "module_name": path.removesuffix(".py").replace("/", "."),
        "size_bytes": len(source.encode()),
        "line_count": source.count("\n"),
        "class_count": sum(isinstance(node, ast.ClassDef) for node in nodes),
        "function_count": sum(isinstance(node, ast.FunctionDef) for node in nodes),
        "content_sha256": digest_of(source),
        "details": {"source": source},
        "modified_at": january(1),
        "analyzed_at": ANALYSED_AT,
    }


def _issues(path: str, source: str) -> list[Row]:
    return [
        {
            "id": named_id(f"code issue:{path}:{number}"),
            "issue_id": f"{path}:{number}",
            "file_id": named_id(f"code file:{path}"),
            "file_path": path,
            "line_number": number,
            "issue_type": "todo",
            "severity": IssueSeverity.MEDIUM,
            "state": IssueState.OPEN,
            "title": line.partition(f"{MARK}: ")[2],
            "code_snippet": line,
        }
        for number, line in enumerate(source.splitlines(), 1)
        if MARK in line
    ]
