"""The contracts of a model, made from its columns: what a caller may set, what may change, what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import Field, create_model
from sqlalchemy import DDL, inspect
from sqlalchemy.dialects.postgresql import JSONB

from tradingdb.core.ddl import append_only_triggers, table_of
from tradingdb.core.types import Ciphertext
from tradingdb.models import Base
from tradingdb.schemas.checks import facts_of
from tradingdb.schemas.contract import CreateContract, ReadContract, UpdateContract
from tradingdb.schemas.kinds import annotation_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column

READ_ONLY = {
    "candle_blocks": "packed from candles by the candle engine, which alone knows the format",
    "series_coverage": "a summary of candles, kept by the candle engine",
    "timeframes": "the library's own dictionary, filled by its seeds",
}
"""Tables that no service writes rows of, each with the reason: they have a Read and nothing else."""

MADE_BY_THE_SERVER = {"created_at", "outbox_events.transaction_id"}
"""What only the server may say, although a default is all that the table has for it."""

_SECRET_ENDINGS = ("_encrypted", "_fingerprint", "_hash", "_secret")
_SECRETS = {"encryption_keys.salt"}

_C = TypeVar("_C")
_U = TypeVar("_U")
_R = TypeVar("_R")
_Contract = TypeVar("_Contract", CreateContract, UpdateContract, ReadContract)
_Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contracts(Generic[_C, _U, _R]):
    """The contracts of one model; None where there is none."""

    create: _C
    update: _U
    read: _R


@cache
def contracts(model: type[Base]) -> Contracts[Any, Any, Any]:
    """The contracts of a model: no Update for append-only tables and pure links, only a Read for `READ_ONLY` ones."""
    name = table_of(model).name
    is_written = name not in READ_ONLY
    changes = _update_fields(model) if is_written and not is_append_only(model) else {}
    return Contracts(
        create=_made(model, CreateContract, "Create", _create_fields(model)) if is_written else None,
        update=_made(model, UpdateContract, "Update", changes) if changes else None,
        read=_made(model, ReadContract, "Read", _read_fields(model)),
    )


def mapped_models() -> list[type[Base]]:
    """Every model, by name."""
    return sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__name__)


def is_append_only(model: type[Base]) -> bool:
    """Whether PostgreSQL refuses changes of the model's rows (`make_append_only`)."""
    table = table_of(model)
    statements = {listener.statement for listener in table.dispatch.after_create if isinstance(listener, DDL)}
    return statements.issuperset(append_only_triggers(table.name))


def is_secret(column: Column[Any]) -> bool:
    """Whether a column holds a secret, or the digest of one: it can be stored and is never shown."""
    return (
        isinstance(column.type, Ciphertext)
        or column.name.endswith(_SECRET_ENDINGS)
        or f"{column.table.name}.{column.name}" in _SECRETS
    )


def is_required(column: Column[Any]) -> bool:
    """Whether a row cannot be stored without a value from the caller."""
    return not column.nullable and column.default is None and column.server_default is None


def _made(model: type[Base], base: type[_Contract], suffix: str, fields: _Fields) -> type[_Contract]:
    made = create_model(
        f"{model.__name__}{suffix}",
        __base__=base,
        __module__="tradingdb.schemas",
        __doc__=f"{base.__doc__} The table: {table_of(model).comment}",
        **fields,
    )
    made.row_class = model
    return made


def _columns(model: type[Base]) -> Iterator[tuple[str, Column[Any]]]:
    """The columns of a model by the name of their attribute, in the order of the table."""
    for attribute in inspect(model).column_attrs:
        (column,) = attribute.columns
        yield attribute.key, column  # type: ignore[misc]


def _is_made_by_the_server(column: Column[Any]) -> bool:
    return (
        column.identity is not None
        or column.computed is not None
        or column.onupdate is not None
        or column.name in MADE_BY_THE_SERVER
        or f"{column.table.name}.{column.name}" in MADE_BY_THE_SERVER
    )


def _create_fields(model: type[Base]) -> _Fields:
    return {
        name: _given(column, is_optional=not is_required(column))
        for name, column in _columns(model)
        if not _is_made_by_the_server(column)
    }


def _update_fields(model: type[Base]) -> _Fields:
    return {
        name: _given(column, is_optional=True)
        for name, column in _columns(model)
        if not (column.primary_key or _is_made_by_the_server(column))
    }


def _read_fields(model: type[Base]) -> _Fields:
    return {
        name: (_or_null(column, annotation_of(column.type, None)), Field(description=column.comment))
        for name, column in _columns(model)
        if not is_secret(column)
    }


def _given(column: Column[Any], *, is_optional: bool) -> tuple[Any, Any]:
    annotation = _or_null(column, annotation_of(column.type, facts_of(column)))
    options: _Fields = {"description": column.comment, "repr": not is_secret(column)}
    if is_optional:
        # a factory, because JSON Schema would tell of a plain default, and this None stands for "not given"
        options["default_factory"] = _nothing
        if not column.nullable and not _takes_json_null(column):
            options["exclude_if"] = _is_nothing
    return annotation, Field(**options)


def _or_null(column: Column[Any], annotation: Any) -> Any:
    return annotation | None if column.nullable else annotation


def _takes_json_null(column: Column[Any]) -> bool:
    """Whether None is a value of the column that is not NULL: null, as JSON has it."""
    return isinstance(column.type, JSONB) and not column.type.none_as_null


def _nothing() -> None:
    return None


def _is_nothing(value: object) -> bool:
    return value is None
