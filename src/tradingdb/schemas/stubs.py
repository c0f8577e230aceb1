"""The type stub of the contracts, so that mypy and editors see their fields: `python -m tradingdb.schemas.stubs`.

It is part of the package; a test fails when it is not what this module would write.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from tradingdb import models
from tradingdb.schemas.derive import contracts, mapped_models

if TYPE_CHECKING:
    from pydantic import BaseModel

STUB = Path(__file__).with_name("__init__.pyi")

_WIDTH = 120
_NOTE = "# Written by `python -m tradingdb.schemas.stubs` from the models: change those, and write it anew."
_LINT = "# ruff: noqa: A002 - a column may be named like a builtin, and so its keyword is"
_ANY_MODEL = "@overload\ndef contracts(\n    model: type[Base],\n) -> Contracts[Any, Any, Any]: ..."
_BASES = {"create": "CreateContract", "update": "UpdateContract", "read": "ReadContract"}
_ALWAYS = {
    ("typing", "Any"),
    ("typing", "overload"),
    ("tradingdb.models", "Base"),
    ("tradingdb.schemas.contract", "CreateContract"),
    ("tradingdb.schemas.contract", "ReadContract"),
    ("tradingdb.schemas.contract", "UpdateContract"),
    ("tradingdb.schemas.derive", "Contracts"),
}
_SHARED = ["Contracts", "CreateContract", "ReadContract", "UpdateContract", "contracts"]


def stub() -> str:
    """The text of the stub."""
    imports = set(_ALWAYS)
    bodies: list[str] = []
    names = list(_SHARED)
    for model in mapped_models():
        imports.add(_import_of(model))
        made = contracts(model)
        for sort, base in _BASES.items():
            contract = getattr(made, sort)
            if contract is not None:
                names.append(contract.__name__)
                bodies.append(_class(contract, base, model.__name__, imports))
    overloads = [_overload(model.__name__, contracts(model)) for model in mapped_models()]
    overloads.append(_ANY_MODEL)
    exported = ["__all__ = [", *(f'    "{name}",' for name in _in_order(names)), "]"]
    head = [_NOTE, _LINT, "", *_import_lines(imports), "", *exported]
    return "\n".join([*head, "", *bodies, *overloads]) + "\n"


def _class(contract: type[BaseModel], base: str, row: str, imports: set[tuple[str, str]]) -> str:
    """The class with its fields and, where values go in, with the keywords that make it."""
    lines = [f"class {contract.__name__}({base}):"]
    keywords = []
    for name, field in contract.model_fields.items():
        text = _text_of(field.annotation, imports)
        lines.append(f"    {name}: {text if field.is_required() else _or_none(text)}")
        taken = f"int | {text}" if text in {"Decimal", "Decimal | None"} else text
        keywords.append(f"        {name}: {taken}{'' if field.is_required() else ' = ...'},")
    if base != "ReadContract":
        lines += ["    def __init__(", "        self,", "        *,", *keywords, "    ) -> None: ..."]
    if base == "CreateContract":
        lines.append(f"    def to_row(self) -> {row}: ...")
    if base == "UpdateContract":
        lines.append(f"    def apply(self, row: {row}) -> None: ...")
    return "\n".join([*lines, ""])


def _overload(row: str, made: Any) -> str:
    sorts = [f"type[{contract.__name__}]" if contract else "None" for contract in (made.create, made.update, made.read)]
    end = f") -> Contracts[{', '.join(sorts)}]: ..."
    if len(end) > _WIDTH:
        end = "\n".join([") -> Contracts[", *(f"    {sort}," for sort in sorts), "]: ..."])
    return f"@overload\ndef contracts(\n    model: type[{row}],\n{end}"


def _or_none(text: str) -> str:
    return text if text == "Any" or text.endswith("| None") else f"{text} | None"


def _text_of(annotation: Any, imports: set[tuple[str, str]]) -> str:
    """An annotation as a person would write it, and what it needs imported."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _text_of(inner[0], imports)
    if origin in {Union, types.UnionType}:
        return " | ".join(_text_of(item, imports) for item in inner)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_text_of(item, imports) for item in inner)}]"
    if annotation is type(None):
        return "None"
    if annotation.__module__ != "builtins":
        imports.add(_import_of(annotation))
    return str(annotation.__name__)


def _import_of(annotation: Any) -> tuple[str, str]:
    name = annotation.__name__
    is_public = getattr(models, name, None) is annotation
    return ("tradingdb.models" if is_public else annotation.__module__, name)


def _in_order(names: list[str]) -> list[str]:
    """Names as ruff sorts them: constants, classes, functions."""
    return sorted(names, key=lambda name: (name.islower(), name.lower()))


def _import_lines(imports: set[tuple[str, str]]) -> list[str]:
    modules: dict[str, list[str]] = {}
    for module, name in imports:
        modules.setdefault(module, []).append(name)
    ours = {module for module in modules if module.startswith("tradingdb")}
    lines = [_import_line(module, modules[module]) for module in sorted(modules.keys() - ours)]
    return [*lines, "", *(_import_line(module, modules[module]) for module in sorted(ours))]


def _import_line(module: str, names: list[str]) -> str:
    names = _in_order(names)
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= _WIDTH else "\n".join([f"from {module} import (", *(f"    {n}," for n in names), ")"])


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
