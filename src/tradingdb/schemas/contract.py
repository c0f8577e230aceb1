"""What all contracts of one sort share: Create, Update and Read.

Values never appear in the messages of a refusal: some are secrets, and messages end up in logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer, model_validator
from sqlalchemy import inspect

from tradingdb.core.base import Base
from tradingdb.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class _Given(BaseModel):
    """Values on their way in. A field that was not given reads as None, and is left out of dumps."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=())
    row_class: ClassVar[type[Base]]

    @model_serializer(mode="wrap")
    def _only_what_was_set(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if name in self.model_fields_set}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the fields; pydantic would take the serializer above for an object of anything."""
        fields: Any = {key: value for key, value in schema.items() if key != "serialization"}
        return handler(fields)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(name, value) for name, value in super().__repr_args__() if name in self.model_fields_set]

    def _set(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class CreateContract(_Given):
    """What a caller may say to have one row stored."""

    def to_row(self) -> Base:
        """A new instance of the model, with only what was set: for the rest the defaults of the table apply."""
        return self.row_class(**self._set())


class UpdateContract(_Given):
    """What a caller may say to have one row changed: what is not given stays as it is."""

    def changes(self) -> dict[str, Any]:
        """What was set, by attribute; None is a change to NULL."""
        return self._set()

    def apply(self, row: Any) -> None:
        """Set the changes on a loaded instance of the model.

        Raises:
            InvalidValueError: the row is of another model.
        """
        if not isinstance(row, self.row_class):
            raise InvalidValueError(
                f"{type(self).__name__} changes rows of {self.row_class.__name__}, not a {type(row).__name__}."
            )
        for name, value in self._set().items():
            setattr(row, name, value)


class ReadContract(BaseModel):
    """A stored row as it is shown to others, without secrets."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", from_attributes=True, hide_input_in_errors=True, protected_namespaces=()
    )
    row_class: ClassVar[type[Base]]

    @model_validator(mode="before")
    @classmethod
    def _of_loaded_row(cls, value: Any) -> Any:
        """Take what a row has in memory. Reading an attribute that is not there would ask the database."""
        if not isinstance(value, Base):
            return value
        if not isinstance(value, cls.row_class):
            raise InvalidValueError(f"{cls.__name__} shows rows of {cls.row_class.__name__}, not this one.")
        loaded = inspect(value).dict
        if missing := [name for name in cls.model_fields if name not in loaded]:
            raise InvalidValueError(
                f"Not loaded of this {cls.row_class.__name__}: {', '.join(missing)}. Flush and refresh the row first; "
                "a contract does not ask the database."
            )
        return {name: loaded[name] for name in cls.model_fields}
