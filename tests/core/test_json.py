"""JSON that would change on its way into PostgreSQL or back is refused; everything else comes back as it went in."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import select

from tradingdb.core.json import clean_text, dump_json, load_json
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import User, UserPreference


class Colour(StrEnum):
    RED = "red"


class Level(Enum):
    HIGH = Decimal("2.50")


class Box(BaseModel):
    size: Decimal
    inner: dict[str, Any] = {}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        Decimal("NaN"),
        Decimal("-Infinity"),
        "a\x00b",
        "half \ud83d",
        "\udc00 half",
        datetime(2026, 5, 4),  # noqa: DTZ001 - naive on purpose
        {1, 2},
        frozenset("a"),
        b"bytes",
        object(),
        timedelta(seconds=1),
        {1: "one"},
        {None: "nothing"},
        {("a", "b"): 1},
        {"\x00": 1},
        {"\ud83d": 1},
        Box(size=Decimal(1), inner={"x": float("nan")}),
        (item for item in "ab"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: {"a": [1, {"b": v}]}, lambda v: ([v],)], ids=["", "in", "tuple"]
)
def test_what_json_would_change_or_cannot_say_is_refused_at_any_depth(value: object, wrap: Any) -> None:
    with pytest.raises(InvalidValueError):
        dump_json(wrap(value))


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (None, None),
        (True, True),
        (2**200, 2**200),
        (-(2**64), -(2**64)),
        (0.1, 0.1),
        (5e-324, 5e-324),
        (Decimal("0.10"), "0.10"),
        (Decimal(2**128) + Decimal("1E-18"), str(Decimal(2**128) + Decimal("1E-18"))),
        (Colour.RED, "red"),
        (Level.HIGH, "2.50"),
        (date(2026, 5, 4), "2026-05-04"),
        (datetime(2026, 5, 4, 14, tzinfo=timezone(timedelta(hours=2))), "2026-05-04T12:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Box(size=Decimal("1.0"), inner={"x": (1, 2)}), {"size": "1.0", "inner": {"x": [1, 2]}}),
        (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        ("\U0001f600 \u2028 é", "\U0001f600 \u2028 é"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_is_accepted_comes_back_from_a_column(session: WriteSession, value: object, back: object) -> None:
    assert await stored(session, value) == back
    assert await stored(session, {"deep": [value]}) == {"deep": [back]}
    assert type(load_json(dump_json(value))) is type(back)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**60), 10**60)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
@example(value=[1.0, -0.0, 5e-324, 2.2250738585072014e-308])
@example(value={"": {"": []}})
async def test_any_json_comes_back_from_a_column_with_its_value_and_its_types(
    session: WriteSession, value: object
) -> None:
    back = await stored(session, value)
    assert back == value
    assert typed(back) == typed(value)


@pytest.mark.parametrize("value", [1e16, -1e22, 1.2345678901234568e300, 1.7976931348623157e308])
async def test_a_float_without_a_fraction_comes_back_as_that_float(session: WriteSession, value: float) -> None:
    back = await stored(session, value)
    assert (type(back), back) == (float, value)


async def test_null_inside_a_value_is_json_null_and_not_a_missing_row(session: WriteSession) -> None:
    assert await stored(session, {"a": None}) == {"a": None}


def test_text_that_is_clean_is_given_back_as_it_is() -> None:
    text = "prix élevé \U0001f4b0"
    assert clean_text(text) is text


def test_a_time_in_json_is_written_in_utc() -> None:
    assert dump_json({"at": datetime(2026, 5, 4, 12, 0, 0, 1, UTC)}) == '{"at":"2026-05-04T12:00:00.000001+00:00"}'


def typed(value: object) -> object:
    """The value with the types of its leaves, because 1 == 1.0 == True."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value).__name__, value


async def stored(session: WriteSession, value: object) -> object:
    async with session.begin_nested() as savepoint:
        user = User(email="trader@example.org")
        session.add(user)
        await session.flush()
        session.add(UserPreference(user_id=user.id, key="k", value=value))
        await session.flush()
        back = await session.scalar(select(UserPreference.__table__.c.value))
        session.expunge_all()
        await savepoint.rollback()
    return back
