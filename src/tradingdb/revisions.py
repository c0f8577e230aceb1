"""The revision files: which there are, how Alembic finds them, and what is expected of them. Needs no database."""

from __future__ import annotations

import ast
import io
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from tradingdb.errors import ConfigurationError, InvalidValueError, UnknownRevisionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

DOCSTRING_QUESTIONS = ("Why:", "Locks:", "Safe while old code runs:", "Undo:")

_PACKAGED = Path(__file__).with_name("_alembic")
_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema's history."""

    id: str
    down_revision: str | None
    title: str
    path: Path


def history() -> list[Revision]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(config_for())
    return [
        Revision(
            script.revision,
            script.down_revision if isinstance(script.down_revision, str) else None,
            script.doc.splitlines()[0],
            Path(script.path),
        )
        for script in reversed(list(scripts.walk_revisions()))
    ]


def sql(revision: str = "head") -> str:
    """The SQL of an upgrade from an empty database, or of a range `from:to`, for a person to review and run.

    A range that ends before it begins is a downgrade.
    """
    buffer = io.StringIO()
    first, _, last = revision.partition(":")
    known = ["base", *(each.id for each in history())]
    goes_back = {first, last} <= set(known) and known.index(first) > known.index(last)
    with in_our_words_of_alembic():
        (command.downgrade if goes_back else command.upgrade)(config_for(output=buffer), revision, sql=True)
    return buffer.getvalue()


def create(message: str) -> Path:
    """Write an empty revision.

    Raises:
        InvalidValueError: the message is blank.
    """
    require_checkout()
    require_message(message)
    script: Any = command.revision(config_for(), message)
    return Path(script.path)


def validate() -> list[str]:
    """What is wrong with the revision files, in sentences: one line of history, frozen, explained, and valid SQL."""
    problems = []
    revisions = history()
    if len([r for r in revisions if r.down_revision is None]) != 1:
        problems.append("There is more than one first revision.")
    for earlier, later in pairwise(revisions):
        if later.down_revision != earlier.id:
            problems.append(f"{later.path.name} does not follow {earlier.path.name}.")
    for revision in revisions:
        problems += [f"{revision.path.name} {problem}." for problem in problems_of(revision.path)]
    sql()
    return problems


def problems_of(path: Path) -> Iterator[str]:
    """What is wrong with one revision file: questions not answered, imports that change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explanation = ast.get_docstring(tree) or ""
    for question in DOCSTRING_QUESTIONS:
        answer = explanation.partition(question)[2].strip()
        if not answer or answer.startswith("("):
            yield f"does not answer {question!r} in its docstring"
    for node in ast.walk(tree):
        modules = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if any(module.split(".")[0] == "tradingdb" for module in modules):
            yield "imports tradingdb, so it would change when the models do"


def config_for(
    connection: Connection | None = None, output: io.StringIO | None = None, version_schema: str | None = None
) -> Config:
    """Alembic's configuration, in a checkout or in an installed package."""
    ini = _CHECKOUT / "alembic.ini"
    in_checkout = not _PACKAGED.exists()
    config = Config(ini if in_checkout else None, stdout=output or io.StringIO(), output_buffer=output)
    config.set_main_option("script_location", str(_CHECKOUT / "alembic" if in_checkout else _PACKAGED))
    config.cmd_opts = Namespace(quiet=True)  # our callers print what there is to say
    config.attributes["connection"] = connection
    config.attributes["version_schema"] = version_schema
    return config


@contextmanager
def in_our_words_of_alembic() -> Iterator[None]:
    """Raise our error where Alembic does not know a revision; what else it refuses is refused before it is called."""
    try:
        yield
    except CommandError as error:
        raise UnknownRevisionError(
            f"{str(error).rstrip('.')}: `tradingdb migrate history` lists the revisions that exist."
        ) from error


def resolved(revision: str) -> str:
    """The full name of a revision that may be given as `head` or by its first letters.

    Raises:
        UnknownRevisionError: there is none.
    """
    require_name(revision)
    with in_our_words_of_alembic():
        script = ScriptDirectory.from_config(config_for()).get_revision(revision)
    if script is None:
        raise UnknownRevisionError(
            f"There is no revision {revision}: `tradingdb migrate history` lists those that exist."
        )
    return script.revision


def require_name(revision: str) -> None:
    """Refuse an empty name, which Alembic takes for nothing or everything."""
    if not revision.strip():
        raise UnknownRevisionError("The name of a revision is empty: is a variable of the script not set?")


def require_message(message: str) -> None:
    """Refuse a blank message: it becomes the name of the file and the title in the history."""
    if not message.strip():
        raise InvalidValueError("A revision needs a message: say in a few words what it does.")


def require_checkout() -> None:
    """Refuse to write revisions into an installed package.

    Raises:
        ConfigurationError: it is one.
    """
    if _PACKAGED.exists():
        raise ConfigurationError(
            "New revisions are written in a checkout of tradingdb, and this is an installed package; "
            "a service keeps its own tables in its own Alembic."
        )
