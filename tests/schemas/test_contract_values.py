"""What contracts let in and refuse, type by type, in Python and in JSON."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from sample_orders import NOON, SOMEBODY, an_order

from tradingdb.core.types import Encrypted
from tradingdb.models import RiskParameters
from tradingdb.schemas import (
    ApiCredentialCreate,
    AuditEntryCreate,
    CandleCreate,
    LearningEmbeddingCreate,
    OrderCreate,
    SignalCreate,
    StrategyCreate,
    StrategyRuleCreate,
    UserSessionCreate,
)


def as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, default=str)


@pytest.mark.parametrize("value", [0.1, True, Decimal("NaN"), Decimal("Infinity"), "0.1", None, Decimal("1E-16384")])
def test_a_number_of_record_is_exact_or_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        OrderCreate(**an_order(quantity=value))


@pytest.mark.parametrize(
    "written",
    ["0.1", "true", "null", '"NaN"', '"Infinity"', '" 1"', '"1_000"', '"٣"', '""', '"1E+99999999999999999999"'],
)
def test_a_number_of_record_is_exact_or_refused_in_json(written: str) -> None:
    text = as_json(an_order(quantity="?")).replace('"?"', written)
    with pytest.raises(ValidationError):
        OrderCreate.model_validate_json(text)


@settings(deadline=None, max_examples=50)
@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=0).filter(bool) | st.integers(1))
@example(number=Decimal("1.10"))
@example(number=Decimal("1E+5"))
@example(number=Decimal("1E-400"))
def test_every_digit_of_a_number_is_in_the_json(number: Decimal | int) -> None:
    create = OrderCreate(**an_order(quantity=number))
    back = OrderCreate.model_validate_json(create.model_dump_json())
    assert str(back.quantity) == str(create.quantity) == str(number)
    assert json.loads(create.model_dump_json())["quantity"] == str(number)


def test_bounds_of_the_checks_are_known() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        OrderCreate(**an_order(quantity=0))
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        StrategyCreate(name="trend", confidence=1.5)
    with pytest.raises(ValidationError, match="Blank"):
        StrategyCreate(name=" \n")
    with pytest.raises(ValidationError, match="300 characters"):
        StrategyCreate(name="x" * 301)
    with pytest.raises(ValidationError, match="less than or equal to 2147483647"):
        OrderCreate(**an_order(instrument_id=2**31))
    with pytest.raises(ValidationError, match="these exist: 1s, 1m"):
        CandleCreate(instrument_id=1, timeframe="7m", open_time=NOON, open=1, high=1, low=1, close=1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1.5", None])
def test_a_statistic_is_a_finite_float(value: Any) -> None:
    with pytest.raises(ValidationError):
        CandleCreate(instrument_id=1, timeframe="1m", open_time=NOON, open=value, high=9, low=0, close=1)


@pytest.mark.parametrize("value", [NOON.replace(tzinfo=None), "2026-05-04T12:00:00Z", 1_777_896_000, None, NOON.date()])
def test_a_time_is_an_instant_or_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        UserSessionCreate(user_id=SOMEBODY, token_hash=bytes(32), expires_at=value)


@pytest.mark.parametrize(
    "value", ["2026-05-04T12:00:00", "2026-05-04", "soon", 1_777_896_000, "2026-05-04T12:00:00.1234567Z", "-infinity"]
)
def test_a_time_is_an_instant_or_refused_in_json(value: Any) -> None:
    with pytest.raises(ValidationError):
        UserSessionCreate.model_validate_json(
            as_json({"user_id": SOMEBODY, "token_hash": "00" * 32, "expires_at": value})
        )


def test_times_become_utc_and_are_written_with_a_zone() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    create = UserSessionCreate(user_id=SOMEBODY, token_hash=b"\xab" * 32, expires_at=tokyo)
    assert create.expires_at.tzinfo is UTC
    written = json.loads(create.model_dump_json())
    assert written == {
        "user_id": str(SOMEBODY),
        "token_hash": "ab" * 32,
        "expires_at": "2026-05-04T12:00:00.123456Z",
    }
    assert UserSessionCreate.model_validate_json(json.dumps(written)) == create


@pytest.mark.parametrize("value", [b"short", "ab" * 32, "the token"])
def test_a_digest_has_32_bytes(value: Any) -> None:
    with pytest.raises(ValidationError):
        UserSessionCreate(user_id=SOMEBODY, token_hash=value, expires_at=NOON)


@pytest.mark.parametrize("value", ["a\x00b", "half \ud800", b"bytes", 7])
def test_text_that_postgresql_cannot_store_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        OrderCreate(**an_order(client_order_id=value))
    with pytest.raises(ValidationError):
        StrategyCreate(name="trend", symbols=["BTC/USDT", value])


@pytest.mark.parametrize("value", [{"a": float("nan")}, {1: "a"}, {"a": {1, 2}}, {"a": "\x00"}, [1], "text"])
def test_a_payload_is_an_object_that_json_keeps(value: Any) -> None:
    with pytest.raises(ValidationError):
        OrderCreate(**an_order(details=value))


def test_a_payload_is_as_it_will_come_back() -> None:
    create = OrderCreate(**an_order(details={"fee": Decimal("0.10"), "at": NOON, "levels": (1, 2)}))
    assert create.details == {"fee": "0.10", "at": NOON.isoformat(), "levels": [1, 2]}


def test_typed_json_has_its_shape() -> None:
    rule = StrategyRuleCreate.model_validate(
        {"name": "wick", "entry_type": "small_wick", "risk_params": {"risk_per_trade": Decimal("0.01")}}
    )
    assert rule.risk_params == RiskParameters(risk_per_trade=Decimal("0.01"))
    with pytest.raises(ValidationError, match="risk_per_trade"):
        StrategyRuleCreate.model_validate(
            {"name": "wick", "entry_type": "small_wick", "risk_params": {"risk_per_trade": "much"}}
        )
    with pytest.raises(ValidationError):
        StrategyRuleCreate(name="wick", entry_type="small_wick", conditions=[float("inf")])


@pytest.mark.parametrize("value", [[], [0.0, 0.0], [float("nan")], [1e6], ["a"], [[1.0]], 1.0])
def test_an_embedding_is_one_that_can_be_searched(value: Any) -> None:
    with pytest.raises(ValidationError):
        LearningEmbeddingCreate(space_id=1, entry_id=SOMEBODY, known_at=NOON, content_sha256=bytes(32), embedding=value)


def test_an_embedding_may_be_an_array() -> None:
    create = LearningEmbeddingCreate.model_validate(
        {
            "space_id": 1,
            "entry_id": SOMEBODY,
            "known_at": NOON,
            "content_sha256": bytes(32),
            "embedding": np.array([0.5, 1.0], np.float32),
        }
    )
    assert create.embedding == [0.5, 1.0]


@pytest.mark.parametrize(
    ("given", "kept"), [("192.0.2.7", "192.0.2.7"), ("192.0.2.0/24", "192.0.2.0/24"), ("2001:DB8::1", "2001:db8::1")]
)
def test_an_address_is_one(given: str, kept: str) -> None:
    assert AuditEntryCreate(occurred_at=NOON, action="login", ip_address=given).ip_address == kept


@pytest.mark.parametrize("value", ["localhost", "192.0.2", "fe80::1%eth0", "", 1.5])
def test_what_is_no_address_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        AuditEntryCreate(occurred_at=NOON, action="login", ip_address=value)


def test_ciphertext_comes_in_its_box_and_has_no_json() -> None:
    values = {"service": "binance", "encryption_key_id": SOMEBODY}
    create = ApiCredentialCreate(**values, api_key_encrypted=Encrypted(b"\x01\x02"))  # type: ignore[arg-type]
    assert create.to_row().api_key_encrypted == Encrypted(b"\x01\x02")
    with pytest.raises(PydanticSerializationError, match="no JSON form"):
        create.model_dump_json()
    for plain in (b"the key", "the key", {"blob": "the key"}):
        with pytest.raises(ValidationError):
            ApiCredentialCreate.model_validate(values | {"api_key_encrypted": plain})
        if not isinstance(plain, bytes):
            with pytest.raises(ValidationError):
                ApiCredentialCreate.model_validate_json(as_json(values | {"api_key_encrypted": plain}))


def test_lists_of_exact_numbers_are_exact() -> None:
    signal = {"instrument_id": 1, "kind": "buy", "direction": "long", "fired_at": NOON}
    create = SignalCreate.model_validate(signal | {"target_prices": [Decimal("1.10"), 2]})
    assert json.loads(create.model_dump_json())["target_prices"] == ["1.10", "2"]
    for wrong in ([1.5], [Decimal("NaN")], [None], "12"):
        with pytest.raises(ValidationError):
            SignalCreate.model_validate(signal | {"target_prices": wrong})
