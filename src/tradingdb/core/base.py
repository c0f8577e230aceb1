"""The declarative base: names are computed, and an annotation decides a column's type once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum  # noqa: TC003 - beside types that SQLAlchemy evaluates
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Double, Integer, LargeBinary, MetaData, Uuid, inspect
from sqlalchemy.orm import DeclarativeBase

from tradingdb.core.types import (
    Ciphertext,
    CleanText,
    Encrypted,
    ExactNumeric,
    JsonObject,
    NumericArray,
    TextArray,
    UtcDateTime,
)

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s__%(column_0_N_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
}
"""The double underscore tells `flow_run.state` from `flow.run_state`."""


class Base(DeclarativeBase):
    """What every table shares. Rows are plain: they do not query, commit or know permissions."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bool: Boolean(),
        int: Integer(),
        float: Double(),
        str: CleanText(),
        bytes: LargeBinary(),
        Decimal: ExactNumeric(),
        datetime: UtcDateTime(),
        UUID: Uuid(),
        Encrypted: Ciphertext(),
        list[str]: TextArray(),
        list[Decimal]: NumericArray(),
        dict[str, Any]: JsonObject(),
    }
    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy declares it so
    """Values that the server computes come back with the INSERT or UPDATE: async code cannot fetch them later."""

    def __repr__(self) -> str:
        """Only the key: a row may hold secrets, and a repr ends up in logs."""
        state = inspect(self)
        key = ", ".join(f"{column.key}={state.dict.get(str(column.key))!r}" for column in state.mapper.primary_key)
        return f"{type(self).__name__}({key})"


def one_of(column: str, enum: type[StrEnum]) -> CheckConstraint:
    """The CHECK that keeps a text column to the values of an enum."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def finite(*columns: str, sign: str = "") -> list[CheckConstraint]:
    """CHECKs that keep numeric columns to finite numbers, optionally `> 0` or `>= 0`.

    In PostgreSQL NaN is larger than every number and infinity is a numeric, so `x > 0` alone accepts both.
    """
    word = {"": "finite", "> 0": "positive", ">= 0": "not_negative"}[sign]
    lower = sign or "> '-Infinity'"
    return [
        CheckConstraint(f"{column} {lower} AND {column} < 'Infinity'", name=f"{column}_{word}") for column in columns
    ]


def finite_items(*columns: str) -> list[CheckConstraint]:
    """CHECKs that keep the items of numeric arrays to finite numbers, and none of them NULL."""
    return [
        CheckConstraint(
            f"'NaN' <> ALL ({column}) AND 'Infinity' <> ALL ({column}) AND '-Infinity' <> ALL ({column}) "
            f"AND array_position({column}, NULL) IS NULL",
            name=f"{column}_finite",
        )
        for column in columns
    ]


def share(*columns: str) -> list[CheckConstraint]:
    """CHECKs that keep confidences, scores and probabilities to 0..1."""
    return [CheckConstraint(f"{column} BETWEEN 0 AND 1", name=f"{column}_share") for column in columns]


def not_negative(*columns: str) -> list[CheckConstraint]:
    """CHECKs that keep whole numbers at 0 or above; for fractions use `finite(…, sign=">= 0")`."""
    return [CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]


def sha256_sized(*columns: str) -> list[CheckConstraint]:
    """CHECKs that keep digest columns to 32 bytes."""
    return [CheckConstraint(f"octet_length({column}) = 32", name=f"{column}_sha256") for column in columns]


def not_blank(*columns: str) -> list[CheckConstraint]:
    """CHECKs that refuse empty and blank text."""
    return [CheckConstraint(f"{column} ~ '\\S'", name=f"{column}_not_blank") for column in columns]
