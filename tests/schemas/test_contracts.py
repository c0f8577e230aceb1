"""Which contracts there are, what they ask for, and how rows are made, changed and shown with them."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from sample_orders import NOON, SOMEBODY, an_order
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import defer

from tradingdb import schemas
from tradingdb.core.ddl import table_of
from tradingdb.core.ids import uuid7
from tradingdb.core.types import Sha256
from tradingdb.database import WriteSession
from tradingdb.models import Base, Order, OrderSide, OrderStatus, Trade, User
from tradingdb.schemas import (
    AgentMemoryCreate,
    AgentMemoryUpdate,
    InstrumentCreate,
    OrderCreate,
    OrderRead,
    OrderUpdate,
    TradeUpdate,
    UpdateContract,
    UserCreate,
    UserRead,
    UserSessionCreate,
    UserUpdate,
    contracts,
)
from tradingdb.schemas.derive import MADE_BY_THE_SERVER, READ_ONLY, is_append_only, is_secret, mapped_models

ALL = [
    contract
    for model in mapped_models()
    for contract in (contracts(model).create, contracts(model).update, contracts(model).read)
    if contract is not None
]

SECRETS = {
    "agents.api_key_hash",
    "api_credentials.api_key_encrypted",
    "api_credentials.api_key_fingerprint",
    "api_credentials.api_secret_encrypted",
    "api_credentials.api_secret_fingerprint",
    "api_credentials.passphrase_encrypted",
    "api_keys.key_hash",
    "encryption_keys.salt",
    "user_sessions.token_hash",
    "user_tokens.token_hash",
    "users.password_hash",
    "users.two_factor_secret",
}
CONTENT_DIGESTS = {"error_logs.fingerprint"}
"""Digests of what is no secret; those named `…_sha256` are of content too."""


def set_on(row: Base) -> set[str]:
    return inspect(row).dict.keys() - {"_sa_instance_state"}


async def a_stored_order(session: WriteSession, **changes: Any) -> Order:
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    row = OrderCreate(**an_order(**changes)).to_row()
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.__name__)
def test_every_contract_can_be_imported_and_described(contract: type[BaseModel]) -> None:
    assert getattr(schemas, contract.__name__) is contract
    assert pickle.loads(pickle.dumps(contract)) is contract  # noqa: S301 - made here
    for mode in ("validation", "serialization"):
        schema = contract.model_json_schema(mode=mode)
        assert schema["properties"].keys() == contract.model_fields.keys()
        assert json.loads(json.dumps(schema)) == schema


def test_the_names_that_are_told_are_those_that_exist() -> None:
    assert {contract.__name__ for contract in ALL} == set(dir(schemas)) - set(schemas.__all__)
    with pytest.raises(AttributeError, match="CandleBlockCreate"):
        _ = schemas.CandleBlockCreate  # type: ignore[attr-defined]


def test_what_cannot_be_changed_or_made_has_no_contract_for_it() -> None:
    without_update = {table_of(m).name for m in mapped_models() if contracts(m).update is None}
    without_create = {table_of(m).name for m in mapped_models() if contracts(m).create is None}
    append_only = {table_of(m).name for m in mapped_models() if is_append_only(m)}
    links = {table_of(m).name for m in mapped_models() if all(c.primary_key for c in table_of(m).columns)}
    assert append_only == {"audit_log", "cash_movements", "learning_evidence", "order_events"}
    assert without_create == READ_ONLY.keys()
    assert without_update == append_only | READ_ONLY.keys() | links


def test_what_the_server_makes_is_not_asked_for() -> None:
    for model in mapped_models():
        made = contracts(model)
        for column in table_of(model).columns:
            is_made = column.computed is not None or column.identity is not None or column.onupdate is not None
            if is_made or {column.name, f"{column.table.name}.{column.name}"} & MADE_BY_THE_SERVER:
                for contract in (made.create, made.update):
                    assert contract is None or column.name not in contract.model_fields, column
            if column.primary_key and made.update is not None:
                assert column.name not in made.update.model_fields, column


def test_secrets_are_taken_and_never_shown() -> None:
    columns = [column for model in mapped_models() for column in table_of(model).columns]
    assert {f"{c.table.name}.{c.name}" for c in columns if is_secret(c)} == SECRETS
    for column in columns:
        if isinstance(column.type, Sha256) and not is_secret(column):
            assert column.name.endswith("_sha256") or f"{column.table.name}.{column.name}" in CONTENT_DIGESTS, column
    for model in mapped_models():
        for column in table_of(model).columns:
            if is_secret(column):
                assert column.name not in contracts(model).read.model_fields
                assert column.name in contracts(model).create.model_fields


def test_a_secret_is_in_no_repr_and_no_refusal() -> None:
    user = UserCreate(email="a@example.org", password_hash="$argon2id$deep")
    assert "deep" not in repr(user)
    assert "a@example.org" in repr(user)
    with pytest.raises(ValidationError) as refusal:
        UserSessionCreate(user_id=SOMEBODY, token_hash=b"the token itself", expires_at=NOON)
    assert "the token itself" not in str(refusal.value)


@pytest.mark.parametrize("name", ["remaining_quantity", "created_at", "updated_at", "colour", "events"])
def test_what_a_caller_may_not_set_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        OrderCreate(**an_order(**{name: None}))
    with pytest.raises(ValidationError, match="Extra inputs"):
        OrderUpdate.model_validate({name: None})


@pytest.mark.parametrize("name", an_order().keys())
def test_what_the_table_needs_is_required(name: str) -> None:
    values = an_order()
    del values[name]
    with pytest.raises(ValidationError, match="Field required"):
        OrderCreate(**values)


def test_a_contract_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        OrderCreate(**an_order()).quantity = Decimal(2)  # type: ignore[misc]


async def test_what_was_not_given_is_left_to_the_table(session: WriteSession) -> None:
    create = OrderCreate(**an_order())
    assert create.status is None
    assert "status" not in repr(create)
    assert create.model_dump() == an_order()
    assert OrderCreate(**an_order(limit_price=None)).model_dump() == an_order(limit_price=None)
    assert set_on(create.to_row()) == an_order().keys()
    row = await a_stored_order(session)
    assert (row.status, row.details, row.remaining_quantity) == (OrderStatus.PENDING, {}, Decimal("0.10"))
    assert row.id.version == 7


def test_a_client_may_make_the_id_and_give_text_for_an_enum() -> None:
    made = uuid7()
    create = OrderCreate.model_validate(an_order(id=made, side="sell"))
    assert (create.id, create.side) == (made, OrderSide.SELL)
    with pytest.raises(ValidationError):
        OrderCreate.model_validate(an_order(side="borrow"))
    assert "id" not in InstrumentCreate.model_fields


async def test_an_update_tells_unset_from_null(session: WriteSession) -> None:
    row = await a_stored_order(session, limit_price=Decimal("2.50"), stop_price=Decimal("2.00"))
    update = OrderUpdate(limit_price=None, quantity=Decimal("0.20"))
    assert update.changes() == {"limit_price": None, "quantity": Decimal("0.20")}
    assert json.loads(update.model_dump_json()) == {"limit_price": None, "quantity": "0.20"}
    update.apply(row)
    await session.flush()
    await session.refresh(row)
    read = OrderRead.model_validate(row)
    assert (read.limit_price, read.stop_price) == (None, Decimal("2.00"))
    assert (read.quantity, read.remaining_quantity) == (Decimal("0.20"), Decimal("0.20"))


@pytest.mark.parametrize("contract", [c for c in ALL if issubclass(c, UpdateContract)], ids=lambda c: c.__name__)
def test_what_was_not_given_is_in_no_dump(contract: type[BaseModel]) -> None:
    assert contract().model_dump_json() == "{}"
    assert contract().model_dump() == {}


def test_an_update_without_anything_changes_nothing() -> None:
    assert OrderUpdate().changes() == {}
    row = Order()
    OrderUpdate().apply(row)
    assert not set_on(row)


def test_an_update_refuses_null_where_the_table_does() -> None:
    for name in ("quantity", "side", "status", "details"):
        with pytest.raises(ValidationError):
            OrderUpdate.model_validate({name: None})
    assert OrderUpdate(average_price=None).changes() == {"average_price": None}


@pytest.mark.parametrize("contract", [OrderUpdate, UserUpdate, TradeUpdate])
def test_an_update_refuses_another_primary_key(contract: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        contract.model_validate({"id": SOMEBODY})


def test_an_update_is_for_rows_of_its_own_table() -> None:
    with pytest.raises(ValueError, match="OrderUpdate changes rows of Order, not a Trade"):
        OrderUpdate(quantity=1).apply(Trade())  # type: ignore[arg-type]


async def test_null_is_a_value_of_json_that_may_be_anything(session: WriteSession) -> None:
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    create = AgentMemoryCreate(agent_id=SOMEBODY, memory_key="mood", value=None)
    assert create.model_dump()["value"] is None
    row = create.to_row()
    session.add(row)
    await session.flush()
    AgentMemoryUpdate(value=[1, None]).apply(row)
    await session.flush()
    assert AgentMemoryUpdate(value=None).model_dump_json() == '{"value":null}'
    AgentMemoryUpdate(value=None).apply(row)
    await session.flush()
    await session.refresh(row)
    assert row.value is None


async def test_a_read_shows_loaded_rows_without_asking_the_database(session: WriteSession) -> None:
    row = await a_stored_order(session)
    assert OrderRead.model_validate(row).remaining_quantity == Decimal("0.10")
    assert TypeAdapter(list[OrderRead]).validate_python([row])[0].id == row.id
    session.expire(row, ["fee"])
    with pytest.raises(ValidationError, match="Not loaded of this Order: fee"):
        OrderRead.model_validate(row)
    session.expunge_all()
    (deferred,) = await session.scalars(select(Order).options(defer(Order.quantity)))
    with pytest.raises(ValidationError, match="Not loaded of this Order: quantity"):
        OrderRead.model_validate(deferred)
    with pytest.raises(ValidationError, match="Not loaded"):
        OrderRead.model_validate(OrderCreate(**an_order()).to_row())


async def test_a_read_shows_rows_of_its_own_table(session: WriteSession) -> None:
    user = User(email="a@example.org")
    session.add(user)
    await session.flush()
    await session.refresh(user)
    with pytest.raises(ValidationError, match="OrderRead shows rows of Order"):
        OrderRead.model_validate(user)
    shown = UserRead.model_validate(user).model_dump_json()
    assert "a@example.org" in shown
    assert "password" not in shown
    assert "two_factor_secret" not in shown


async def test_a_read_takes_rows_of_a_query_and_leaves_out_what_it_does_not_know(session: WriteSession) -> None:
    stored = await a_stored_order(session)
    found = (await session.execute(select(*table_of(Order).columns))).one()
    assert OrderRead.model_validate(found) == OrderRead.model_validate(stored)
    newer = json.loads(OrderRead.model_validate(stored).model_dump_json()) | {"invented_later": 1}
    assert OrderRead.model_validate_json(json.dumps(newer)) == OrderRead.model_validate(stored)
