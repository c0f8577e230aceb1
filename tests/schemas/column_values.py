"""Values for every column of every table, from its type, such that the table's CHECKs hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import ARRAY, BigInteger, Boolean, Float, Integer, LargeBinary, SmallInteger, Uuid
from sqlalchemy.dialects.postgresql import INET, INTERVAL, JSONB
from table_checks import MENDS

from tradingdb.core.ddl import table_of
from tradingdb.core.types import (
    Ciphertext,
    CleanText,
    Embedding,
    Encrypted,
    EnumText,
    ExactNumeric,
    JsonObject,
    NumericArray,
    Sha256,
    TextArray,
    TypedJson,
    UtcDateTime,
)
from tradingdb.models import HeldLot, RiskParameters
from tradingdb.models.trading import DifferenceKind, ProposedEntry, RecordedDifference
from tradingdb.schemas.checks import Facts, facts_of
from tradingdb.schemas.derive import is_required

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Column

    from tradingdb.models import Base

FIRST = datetime(2026, 5, 8, tzinfo=UTC)
LAST = datetime(2026, 6, 29, tzinfo=UTC)
"""Where times are drawn from, in two months that the tests make partitions for; the week before is in May too."""

LATER = {
    "broken_at", "completed_at", "delisted_at", "end_at", "exit_time", "expires_at", "next_funding_time", "period_end",
    "range_end", "resolved_at", "retracted_at", "superseded_at", "target_at", "valid_until",
}  # fmt: skip
"""Ends of something, which CHECKs keep after its beginning; that may be the present, by the server's clock."""

SPACE = 7
"""The space that the tests make partitions of embedding tables for."""

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-3, minutes=-30))])
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FRACTIONS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
HALVES = st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False), min_size=1, max_size=4).filter(any)
SHAPES: dict[Any, st.SearchStrategy[Any]] = {
    list[Any]: st.lists(JSON, max_size=3),
    dict[str, Decimal]: st.dictionaries(TEXT, DECIMALS, max_size=3),
    list[HeldLot]: st.lists(st.builds(HeldLot, quantity=DECIMALS, price=DECIMALS), max_size=3),
    list[RecordedDifference]: st.lists(
        st.builds(
            RecordedDifference,
            kind=st.sampled_from(DifferenceKind),
            subject=TEXT,
            ours=OBJECTS,
            venue=OBJECTS,
            proposals=st.lists(st.builds(ProposedEntry, verb=TEXT, entry=OBJECTS), max_size=1),
        ),
        max_size=2,
    ),
    RiskParameters: st.fixed_dictionaries(
        {}, optional={name: st.none() | st.integers(1, 9).map(Decimal) for name in RiskParameters.model_fields}
    ).map(RiskParameters.model_validate),
}

COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "api_usage.day": st.sampled_from([datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)]),
    "learning_entries.contradiction_count": st.integers(0, 9),
    "learning_entries.insight": TEXT.map(lambda text: f"Wait for it: {text}"),
    "learning_entries.validation_count": st.integers(0, 9),
    "reconciliations.unexplained_count": st.just(0),
    "user_agents.data_submissions": st.integers(0, 9),
    "user_agents.request_count": st.integers(0, 9),
    "users.email": st.from_regex(r"\A[a-z]{1,9}@[a-z]{1,9}\.org\Z"),
    "users.password_hash": TEXT.map(lambda text: f"$argon2id${text}"),
    "venues.code": st.from_regex(r"\A[a-z0-9][a-z0-9_.-]{0,9}\Z"),
}
"""Columns that one CHECK of their own keeps to values that their type does not tell."""


def values_of(model: type[Base], names: Collection[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the named attributes of a row that PostgreSQL takes; what has a default or may be NULL, not always."""
    return _values_of(model, frozenset(names))


@cache  # what a strategy has found out about itself is used for the next example
def _values_of(model: type[Base], names: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    required, optional = {}, {}
    for column in table_of(model).columns:
        if column.name in names:
            drawn = COLUMNS.get(f"{column.table.name}.{column.name}", _of_type(column))
            if is_required(column):
                required[column.name] = drawn
            else:
                optional[column.name] = drawn | st.none() if column.nullable else drawn
    mend = MENDS.get(model, _as_it_is)
    return st.fixed_dictionaries(required, optional=optional).map(_in_order).map(mend)


def _as_it_is(values: dict[str, Any]) -> dict[str, Any]:
    return values


def _in_order(values: dict[str, Any]) -> dict[str, Any]:
    """Put lower bounds below upper ones."""
    for pair in [
        ("min_value", "max_value"),
        ("min_quantity", "max_quantity"),
        ("lower_price", "upper_price"),
        ("min_price", "max_price"),
        ("low_24h", "high_24h"),
        ("lower_value", "upper_value"),
    ]:
        low, high = (values.get(name) for name in pair)
        if low is not None and high is not None:
            values |= dict(zip(pair, sorted([low, high]), strict=True)) if low != high else {pair[1]: None}
    return values


def _of_type(column: Column[Any]) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - one case per type
    kind, facts = column.type, facts_of(column)
    match kind:
        case EnumText():
            return st.sampled_from(kind.enum)
        case CleanText():
            if facts.words:
                return st.sampled_from(facts.words)
            return TEXT.map(lambda text: f"x{text}") if facts.is_not_blank else TEXT
        case UtcDateTime():
            years = 365 * 150 if column.name in LATER else 0
            times = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None))
            return st.builds(
                lambda at, zone: (at.replace(tzinfo=UTC) + timedelta(days=years)).astimezone(zone), times, ZONES
            )
        case ExactNumeric():
            return DECIMALS.filter(lambda number: _is_within(number, facts))
        case TextArray():
            return st.lists(TEXT, max_size=3)
        case NumericArray():
            return st.lists(DECIMALS, max_size=3)
        case Sha256():
            return st.binary(min_size=32, max_size=32)
        case Embedding():
            return HALVES
        case Ciphertext():
            return st.binary(max_size=40).map(Encrypted)
        case TypedJson():
            return SHAPES[kind.shape]
        case JsonObject():
            return OBJECTS
        case JSONB():
            return JSON
        case Uuid():
            return st.uuids()
        case Boolean():
            return st.booleans()
        case Integer():
            return st.just(SPACE) if column.name == "space_id" else _integers(kind, facts)
        case Float():
            return _fractions(facts)
        case ARRAY():
            return st.lists(FRACTIONS, max_size=3)
        case LargeBinary():
            return st.binary(max_size=40)
        case INET():
            return st.ip_addresses().map(str)
        case INTERVAL():
            return st.timedeltas(timedelta(), timedelta(days=400))
    raise AssertionError(f"no values for {column}")


def _is_within(number: Decimal, facts: Facts) -> bool:
    return (
        (facts.least is None or number >= Decimal(facts.least))
        and (facts.most is None or number <= Decimal(facts.most))
        and (facts.above is None or number > Decimal(facts.above))
    )


def _integers(kind: Integer, facts: Facts) -> st.SearchStrategy[int]:
    limit = 2 ** (15 if isinstance(kind, SmallInteger) else 63 if isinstance(kind, BigInteger) else 31)
    least = int(facts.above) + 1 if facts.above is not None else int(facts.least or -limit)
    return st.integers(least, int(facts.most or limit - 1))


def _fractions(facts: Facts) -> st.SearchStrategy[float]:
    written = facts.above if facts.above is not None else facts.least
    return st.floats(
        None if written is None else float(written),
        None if facts.most is None else float(facts.most),
        exclude_min=facts.above is not None,
        allow_nan=False,
        allow_infinity=False,
    )
