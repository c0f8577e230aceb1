"""What the column types and the tables refuse, and that everything else comes back from PostgreSQL as it went in."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any

import pandas as pd
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, delete, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from tradingdb.core.types import Ciphertext, Encrypted, ExactNumeric, JsonObject, NumericArray, TextArray, UtcDateTime
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    ApiKey,
    Fill,
    Instrument,
    Order,
    OrderSide,
    OrderType,
    Position,
    PositionSide,
    RiskParameters,
    Strategy,
    StrategyRule,
    StrategyStatus,
    Trade,
    TradeDirection,
    TradingAccount,
    TradingMode,
    User,
    UserRole,
    UserSession,
)
from tradingdb.services import market

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, UTC)
VALUES = Table(
    "exact_values",
    MetaData(),
    Column("number", ExactNumeric),
    Column("at", UtcDateTime),
    Column("numbers", NumericArray),
    Column("texts", TextArray),
    Column("secret", Ciphertext),
    prefixes=["TEMPORARY"],
)
STORABLE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@pytest_asyncio.fixture
async def instrument(session: WriteSession) -> Instrument:
    return await market.ensure_instrument(session, "binance", "BTC/USDT")


@pytest_asyncio.fixture
async def account(session: WriteSession, instrument: Instrument) -> TradingAccount:
    user = User(email="trader@example.org")
    session.add(user)
    await session.flush()
    account = TradingAccount(
        user_id=user.id,
        venue_id=instrument.venue_id,
        label="main",
        mode=TradingMode.PAPER,
        base_currency="USDT",
    )
    session.add(account)
    await session.flush()
    return account


def a_fill(account: TradingAccount, instrument: Instrument, **changes: Any) -> Fill:
    values = {"venue_trade_id": "t-1", "side": OrderSide.BUY, "quantity": Decimal(1), "price": Decimal(50_000)}
    return Fill(account_id=account.id, instrument_id=instrument.id, **{**values, "executed_at": NOON, **changes})


def an_order(account: TradingAccount, instrument: Instrument, **changes: Any) -> Order:
    values = {"client_order_id": "c-1", "side": OrderSide.BUY, "order_type": OrderType.MARKET, "quantity": Decimal(1)}
    return Order(account_id=account.id, instrument_id=instrument.id, **{**values, **changes})


def a_position(account: TradingAccount, instrument: Instrument, **changes: Any) -> Position:
    values = {"side": PositionSide.NET, "quantity": Decimal(1), "average_entry_price": Decimal(50_000)}
    return Position(account_id=account.id, instrument_id=instrument.id, **{**values, **changes})


def a_trade(account: TradingAccount, instrument: Instrument, **changes: Any) -> Trade:
    values = {"mode": TradingMode.PAPER, "direction": TradeDirection.LONG, "quantity": Decimal(1)}
    values |= {"entry_price": Decimal(50_000), "entry_time": NOON}
    return Trade(account_id=account.id, instrument_id=instrument.id, **{**values, **changes})


MAKERS = {Fill: a_fill, Order: an_order, Position: a_position, Trade: a_trade}


REFUSED = [
    0.1,
    float("nan"),
    True,
    "1.5",
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-Infinity"),
    Decimal("1E131072"),
    Decimal("1E-16384"),
]


@pytest.mark.parametrize(
    ("column", "value"),
    [*product(["quantity", "price", "fee", "bid_price"], REFUSED), ("price", 10**131_072)],
    ids=lambda value: f"{type(value).__name__} {str(value)[:12] if isinstance(value, (Decimal, float, str)) else ''}",
)
async def test_what_is_no_exact_finite_number_is_refused_where_money_is_kept(
    session: WriteSession, account: TradingAccount, instrument: Instrument, column: str, value: object
) -> None:
    session.add(a_fill(account, instrument, **{"fee_currency": "USDT", column: value}))
    with pytest.raises(InvalidValueError, match=r"where exact numbers are kept|more digits than"):
        await session.flush()


async def test_a_number_in_a_query_is_held_to_the_same_rule(session: WriteSession) -> None:
    with pytest.raises(InvalidValueError, match="A float was refused"):
        await session.scalars(select(Fill).where(Fill.price == 0.1))


@pytest.mark.parametrize("value", [datetime(2026, 5, 4, 12), date(2026, 5, 4), "2026-05-04T12:00Z", 1_777_896_000])  # noqa: DTZ001 - naive on purpose
async def test_what_names_no_instant_is_refused_where_a_time_is_kept(
    session: WriteSession, account: TradingAccount, instrument: Instrument, value: object
) -> None:
    session.add(a_fill(account, instrument, executed_at=value))
    with pytest.raises(InvalidValueError, match=r"without a zone|A time was expected"):
        await session.flush()


@pytest.mark.parametrize(
    "value",
    [
        pd.NaT,
        pd.Timestamp("2026-05-04T12:00:00.000000001Z"),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
    ids=[
        "NaT",
        "nanoseconds",
        "before year 1 in UTC",
        "after year 9999 in UTC",
        "the driver's -infinity",
        "the driver's infinity",
    ],
)
async def test_a_time_that_would_not_come_back_is_refused(
    session: WriteSession, account: TradingAccount, instrument: Instrument, value: object
) -> None:
    session.add(a_fill(account, instrument, executed_at=value))
    with pytest.raises(InvalidValueError):
        await session.flush()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("first_name", "a\x00b", "NUL"),
        ("first_name", "half \ud83d", "surrogate"),
        ("first_name", 7, "Text was expected"),
        ("first_name", b"bytes", "Text was expected"),
        ("username", "u" * 101, "101 characters was refused: at most 100"),
        ("email", "a@" + "b" * 319, "at most 320"),
        ("wallet_address", "w" * 501, "at most 500"),
        ("role", "owner", "'owner' is no UserRole; these exist: viewer, trader, admin"),
        ("role", ["admin"], "is no UserRole"),
        ("two_factor_secret", "JBSWY3DPEHPK3PXP", "Encrypted value was expected, never the secret"),
        ("two_factor_secret", b"JBSWY3DPEHPK3PXP", "Encrypted value was expected, never the secret"),
    ],
)
async def test_text_that_postgresql_cannot_keep_as_it_is_meant_is_refused(
    session: WriteSession, column: str, value: object, says: str
) -> None:
    session.add(User(**{"email": "trader@example.org", column: value}))
    with pytest.raises(InvalidValueError, match=says) as caught:
        await session.flush()
    assert "JBSWY3DPEHPK3PXP" not in str(caught.value)


async def test_text_of_exactly_the_longest_length_is_kept_even_in_characters_of_four_bytes(
    session: WriteSession,
) -> None:
    user = User(email="trader@example.org", username="\U0001f600" * 100, wallet_address="\U0001f600" * 500)
    session.add(user)
    await session.flush()
    await session.refresh(user)
    assert (user.username, user.wallet_address) == ("\U0001f600" * 100, "\U0001f600" * 500)


@pytest.mark.parametrize("value", [b"", b"x" * 31, b"x" * 33, "a" * 32, hashlib.sha256(b"t").hexdigest()])
async def test_only_a_digest_of_32_bytes_is_kept_where_a_token_is_looked_up(
    session: WriteSession, value: object
) -> None:
    user = User(email="trader@example.org")
    session.add(user)
    await session.flush()
    session.add(UserSession(user_id=user.id, token_hash=value, expires_at=NOON))
    with pytest.raises(InvalidValueError, match="32 bytes was expected, never the secret"):
        await session.flush()


@pytest.mark.parametrize("value", ["read", ["read", 1], ["read", None], ["\x00"], ["\udc00"], {"read"}, {"read": 1}])
async def test_only_a_list_of_clean_texts_is_kept_where_texts_are_listed(session: WriteSession, value: object) -> None:
    user = User(email="trader@example.org")
    session.add(user)
    await session.flush()
    session.add(ApiKey(user_id=user.id, prefix="tdb_1", key_hash=b"x" * 32, scopes=value))
    with pytest.raises(InvalidValueError):
        await session.flush()


@pytest.mark.parametrize("value", [Decimal(1), "12", [1.5], [Decimal("NaN")], [None], [True], {Decimal(1)}])
async def test_only_a_list_of_exact_numbers_is_kept_where_targets_are_listed(
    session: WriteSession, account: TradingAccount, instrument: Instrument, value: object
) -> None:
    session.add(a_trade(account, instrument, target_prices=value))
    with pytest.raises(InvalidValueError):
        await session.flush()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("entry_conditions", "rsi < 30"),
        ("entry_conditions", {"rsi": 30}),
        ("entry_conditions", [float("nan")]),
        ("entry_conditions", [{1: "one"}]),
        ("allocation", [("BTC", Decimal(1))]),
        ("allocation", {"BTC": "half"}),
        ("allocation", {"BTC": Decimal("NaN")}),
        ("risk_limits", {"max_drawdown": "deep"}),
        ("risk_limits", RiskParameters.model_validate({"own": float("inf")})),
        ("parameters", {"at": datetime(2026, 5, 4)}),  # noqa: DTZ001 - naive on purpose
        ("parameters", {"name": "\x00"}),
        ("parameters", {"set": {1}}),
    ],
)
async def test_json_of_another_shape_is_refused(session: WriteSession, column: str, value: object) -> None:
    session.add(Strategy(name="s", **{column: value}))
    with pytest.raises(InvalidValueError):
        await session.flush()


async def test_json_comes_back_in_its_shape(session: WriteSession) -> None:
    limits = RiskParameters.model_validate({"risk_per_trade": Decimal("0.0100"), "own": [2**70, "x", None]})
    strategy = Strategy(
        name="s", status="active", allocation={"BTC": Decimal("0.333333333333333333333")}, risk_limits=limits
    )
    session.add(strategy)
    await session.flush()
    session.expunge_all()
    back = (await session.scalars(select(Strategy).where(Strategy.id == strategy.id))).one()
    assert back.risk_limits == limits
    assert back.allocation == {"BTC": Decimal("0.333333333333333333333")}
    assert back.status is StrategyStatus.ACTIVE


async def test_a_secret_comes_back_in_its_box_and_is_never_printed(session: WriteSession) -> None:
    user = User(email="trader@example.org", two_factor_secret=Encrypted(b"ciphertext"), role=UserRole.ADMIN)
    session.add(user)
    await session.flush()
    await session.refresh(user)
    assert user.two_factor_secret == Encrypted(b"ciphertext")
    assert "ciphertext" not in f"{user!r} {user.two_factor_secret!r} {user.two_factor_secret}"


async def made_values(session: WriteSession, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    await session.execute(CreateTable(VALUES, if_not_exists=True))
    await session.execute(delete(VALUES))
    await session.execute(insert(VALUES), rows)
    return [dict(row) for row in (await session.execute(select(VALUES.c[*rows[0]]))).mappings()]


DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
        st.integers(0, 1),
        st.integers(0, 10**60),
        st.integers(-200, 60),
    ),
    st.integers(-(2**256), 2**256),
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(DECIMALS, min_size=1, max_size=20))
@example(
    numbers=[Decimal(2**128) + Decimal("1E-18"), Decimal("340282366920938463463374607431768211456.000000000000000001")]
)
@example(numbers=[Decimal("1E131071"), Decimal("-1E131071"), Decimal("1E-16383")])
@example(numbers=[Decimal("1.10"), Decimal("-0.000"), Decimal("0E-16383"), Decimal("1E+5"), Decimal("-7.5E-8")])
async def test_every_digit_of_a_number_comes_back(session: WriteSession, numbers: list[Decimal | int]) -> None:
    back = await made_values(session, [{"number": number, "numbers": [number, number]} for number in numbers])
    assert [row["number"] for row in back] == numbers
    assert [row["numbers"] for row in back] == [[number, number] for number in numbers]
    assert all(type(row["number"]) is Decimal for row in back)


async def test_the_largest_whole_number_comes_back(session: WriteSession) -> None:
    assert await made_values(session, [{"number": 10**131_071}]) == [{"number": Decimal("1E131071")}]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()),  # noqa: DTZ001 - the zone is drawn
        min_size=1,
        max_size=20,
    )
)
@example(times=[datetime(1, 1, 1, 0, 0, 0, 1, UTC), datetime(9999, 12, 31, 23, 59, 59, 999_998, UTC), NOON])
@example(times=[datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), datetime(2000, 1, 1, tzinfo=UTC)])
async def test_every_instant_comes_back_to_the_microsecond_in_utc(session: WriteSession, times: list[datetime]) -> None:
    back = [row["at"] for row in await made_values(session, [{"at": at} for at in times])]
    # by value in UTC: Python calls no two times equal of which one is in a gap or fold of its own zone
    assert back == [at.astimezone(UTC) for at in times]
    assert {at.tzinfo for at in back} == {UTC}


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(STORABLE_TEXT, max_size=8), blob=st.binary())
@example(texts=["", "NULL", "{}", '"', "\\", "a,b"], blob=b"\x00")
async def test_every_list_of_texts_and_every_ciphertext_comes_back(
    session: WriteSession, texts: list[str], blob: bytes
) -> None:
    (back,) = await made_values(session, [{"texts": texts, "secret": Encrypted(blob)}])
    assert back == {"texts": texts, "secret": Encrypted(blob)}


async def test_nothing_stays_nothing_in_every_type(session: WriteSession) -> None:
    nothing = dict.fromkeys(VALUES.c.keys())
    assert await made_values(session, [nothing]) == [nothing]


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (model, column.name)
        for model in MAKERS
        for column in model.__table__.columns
        if isinstance(column.type, (ExactNumeric, NumericArray)) and column.computed is None
    ],
)
async def test_the_table_refuses_nan_and_infinity_from_whoever_bypasses_the_types(
    session: WriteSession, account: TradingAccount, instrument: Instrument, model: type, column: str
) -> None:
    session.add(MAKERS[model](account, instrument))
    await session.flush()
    table = model.__table__
    form = "ARRAY[1, {}]::numeric[]" if isinstance(table.c[column].type, NumericArray) else "{}::numeric"
    for value in ("'NaN'", "'Infinity'", "'-Infinity'"):
        with pytest.raises(IntegrityError, match="check constraint"):
            async with session.begin_nested():
                await session.execute(text(f"UPDATE {table.name} SET {column} = {form.format(value)}"))


@pytest.mark.parametrize("value", [[1, 2], "text", 1, True, [("a", 1)]])
def test_a_payload_is_an_object(value: object) -> None:
    with pytest.raises(InvalidValueError, match="A JSON object was expected"):
        JsonObject().process_bind_param(value, None)  # type: ignore[arg-type]


async def test_paths_into_a_payload_can_be_asked_for(session: WriteSession) -> None:
    session.add(Strategy(name="a", parameters={"fees": {"maker": 0.1}, "tags": ["x"]}))
    await session.flush()
    found = select(Strategy.parameters["fees"]["maker"].astext).where(Strategy.parameters.contains({"tags": ["x"]}))
    assert await session.scalar(found) == "0.1"


async def test_a_stored_value_of_another_shape_is_told_without_the_value(session: WriteSession) -> None:
    await session.execute(
        text(
            "INSERT INTO strategy_rules (id, name, entry_type, source_type, conditions) "
            "VALUES (gen_random_uuid(), 'r', 'x', 'manual', '{\"secret\": 1}')"
        )
    )
    with pytest.raises(InvalidValueError, match="stored JSON value does not have its shape") as refused:
        await session.scalars(select(StrategyRule))
    assert "secret" not in str(refused.value)
