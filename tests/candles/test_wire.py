"""The binary COPY format: what goes through PostgreSQL comes back bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import text

from tradingdb.bulk import copy_in
from tradingdb.candles import wire
from tradingdb.candles.columns import to_microseconds
from tradingdb.candles.fetch import fetch_columns
from tradingdb.database import WriteSession

COLUMNS = {"at": "timestamptz", "price": "float8", "number": "int8", "flag": "bool"}
FIRST_TIME = -210_866_803_200_000_000
"""4714-11-24 BC, the first instant that PostgreSQL knows, in microseconds since 1970."""
LAST_TIME = to_microseconds(datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC))

rows = st.lists(
    st.tuples(
        st.integers(FIRST_TIME, LAST_TIME),
        st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True),
        st.integers(-(2**63), 2**63 - 1),
        st.booleans(),
    ),
    max_size=40,
)
EDGES = [
    (FIRST_TIME, -0.0, -(2**63), True),
    (LAST_TIME, 5e-324, 2**63 - 1, False),
    (0, -5e-324, 0, True),
    (-1, float("nan"), -1, False),
    (1, float("inf"), 1, True),
    (946_684_800_000_000, float("-inf"), 1, False),
    (946_684_799_999_999, 1.7976931348623157e308, 1, False),
]


def columns_of(values: list[tuple[int, float, int, bool]]) -> dict[str, NDArray[Any]]:
    return {
        "at": np.array([row[0] for row in values], np.int64),
        "price": np.array([row[1] for row in values], np.float64),
        "number": np.array([row[2] for row in values], np.int64),
        "flag": np.array([row[3] for row in values], np.bool_),
    }


def assert_same_bits(result: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert list(result) == list(expected)
    for name, column in expected.items():
        assert result[name].dtype == column.dtype
        assert result[name].dtype.isnative
        assert result[name].tobytes() == column.tobytes()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=rows)
@example(values=[])
@example(values=EDGES)
async def test_what_goes_through_postgresql_comes_back_bit_by_bit(
    session: WriteSession, values: list[tuple[int, float, int, bool]]
) -> None:
    await session.execute(
        text("CREATE TEMP TABLE IF NOT EXISTS there (row serial, at timestamptz, price float8, number int8, flag bool)")
    )
    await session.execute(text("TRUNCATE there"))
    sent = columns_of(values)
    assert await copy_in(session, "there", list(COLUMNS), [wire.encode(COLUMNS, sent)]) == len(values)
    received = await fetch_columns(session, COLUMNS, "SELECT at, price, number, flag FROM there ORDER BY row")
    assert_same_bits(received, sent)


def decoded(content: bytes, size: int) -> dict[str, NDArray[Any]]:
    decoder = wire.Decoder(COLUMNS)
    for start in range(0, len(content), size):
        decoder.feed(content[start : start + size])
    return decoder.finish()


@settings(deadline=None, max_examples=30)
@given(values=rows)
def test_decoding_undoes_encoding(values: list[tuple[int, float, int, bool]]) -> None:
    sent = columns_of(values)
    assert_same_bits(decoded(wire.encode(COLUMNS, sent), 7), sent)


@pytest.mark.parametrize("size", [1_000, 65_537, 1 << 20, 3_000_000])
def test_decoding_blocks_of_any_size_while_they_arrive(size: int) -> None:
    count = 100_000
    sent = columns_of([(at, at / 7, -at, at % 3 == 0) for at in range(count)])
    assert_same_bits(decoded(wire.encode(COLUMNS, sent), size), sent)


@pytest.mark.parametrize("cut", [1, 2, 3, 20])
def test_what_ends_within_a_row_is_refused(cut: int) -> None:
    content = wire.encode(COLUMNS, columns_of([(1, 2.0, 3, True), (4, 5.0, 6, False)]))
    with pytest.raises(ValueError, match="ended within a row"):
        decoded(content[:-cut], 1_000)


async def test_postgresql_sees_the_values_that_were_meant(session: WriteSession) -> None:
    await session.execute(text("CREATE TEMP TABLE meant (at timestamptz, price float8, number int8, flag bool)"))
    at = datetime(2024, 2, 29, 12, 30, 15, 123_456, UTC)
    await copy_in(
        session, "meant", list(COLUMNS), [wire.encode(COLUMNS, columns_of([(to_microseconds(at), 0.1, -7, True)]))]
    )
    assert (await session.execute(text("SELECT * FROM meant"))).one() == (at, 0.1, -7, True)


@pytest.mark.parametrize("kind", list(wire.TYPES))
async def test_an_empty_result_has_the_type_that_a_full_one_has(session: WriteSession, kind: str) -> None:
    await session.execute(text(f"CREATE TEMP TABLE typed (it {kind})"))
    await copy_in(session, "typed", ["it"], [wire.encode({"it": kind}, {"it": np.array([1])})])
    empty = (await fetch_columns(session, {"it": kind}, "SELECT it FROM typed WHERE false"))["it"]
    full = (await fetch_columns(session, {"it": kind}, "SELECT it FROM typed"))["it"]
    assert (len(empty), len(full)) == (0, 1)
    assert empty.dtype == full.dtype


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(TEXTS, TEXTS.filter(bool)), max_size=9), constant=TEXTS)
@example(values=[], constant="")
@example(values=[("", "é"), ("x", "€uro"), ("ab", "1234567")], constant="ü")
async def test_texts_of_any_length_go_through_postgresql_and_an_empty_one_is_null(
    session: WriteSession, values: list[tuple[str, str]], constant: str
) -> None:
    await session.execute(
        text("CREATE TEMP TABLE IF NOT EXISTS words (row serial, number int4, maybe text, word text, same text)")
    )
    await session.execute(text("TRUNCATE words"))
    columns = {"maybe": wire.TEXT, "number": "int4", "word": wire.TEXT}
    sent = {
        "number": np.arange(len(values)),
        "maybe": np.array([maybe.encode() for maybe, _ in values], "S"),
        "word": np.array([word.encode() for _, word in values], "S"),
    }
    block = wire.encode(columns, sent, constants={"same": constant}, nulls={"number": np.arange(len(values)) == 1})
    assert await copy_in(session, "words", [*columns, "same"], [block]) == len(values)
    meant = [(None if row == 1 else row, maybe or None, word, constant) for row, (maybe, word) in enumerate(values)]
    assert (
        list(map(tuple, await session.execute(text("SELECT number, maybe, word, same FROM words ORDER BY row"))))
        == meant
    )
    query = f"SELECT row, {wire.PADDED.format(name='word')} FROM words ORDER BY row"
    read = await fetch_columns(session, {"row": "int4", "word": wire.TEXT}, query)
    assert [word.decode() for word in read["word"].tolist()] == [word for _, word in values]
