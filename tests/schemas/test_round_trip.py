"""Every table: what a Create lets in is stored, and a Read shows it, in JSON too, as PostgreSQL has it."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from column_values import FIRST, LAST, SPACE, values_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import inspect, text

from tradingdb.core.ddl import table_of
from tradingdb.core.types import Ciphertext
from tradingdb.database import WriteSession
from tradingdb.models import Base, CandleBlock, SeriesCoverage, TimeframeInfo
from tradingdb.schemas import contracts
from tradingdb.schemas.derive import READ_ONLY, mapped_models
from tradingdb.timeseries import partitions

WRITTEN = [model for model in mapped_models() if table_of(model).name not in READ_ONLY]
EXAMPLES = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest_asyncio.fixture
async def model(session: WriteSession, request: pytest.FixtureRequest) -> type[Base]:
    """A model whose table takes rows on their own: with partitions, and with foreign keys set aside. CHECKs hold."""
    model: type[Base] = request.param
    table = table_of(model)
    key = partitions.partition_key(table)
    if key.startswith("RANGE"):
        await partitions.ensure(session, table, FIRST, LAST)
    elif key.startswith("LIST"):
        await session.execute(
            text(f"CREATE TABLE {table.name}_tested PARTITION OF {table.name} FOR VALUES IN ({SPACE})")
        )
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    return model


async def stored_and_read(session: WriteSession, row: Base) -> Any:
    """Store a row, load all of it again, show it, and undo it."""
    async with session.begin_nested() as savepoint:
        session.add(row)
        await session.flush()
        await session.refresh(row)
        read = contracts(type(row)).read.model_validate(row)
        await savepoint.rollback()
    return read


def assert_json_says_the_same(contract: BaseModel) -> None:
    assert type(contract).model_validate_json(contract.model_dump_json()) == contract


@pytest.mark.parametrize("model", WRITTEN, ids=lambda model: model.__name__, indirect=True)
@EXAMPLES
@given(data=st.data())
async def test_what_is_created_is_read(session: WriteSession, model: type[Base], data: st.DataObject) -> None:
    made = contracts(model)
    create = made.create(**data.draw(values_of(model, made.create.model_fields)))
    read = await stored_and_read(session, create.to_row())
    assert_json_says_the_same(read)
    columns = inspect(model).columns
    for name in create.model_fields_set & made.read.model_fields.keys():
        assert getattr(read, name) == getattr(create, name), name
    if not any(isinstance(columns[name].type, Ciphertext) for name in create.model_fields_set):
        assert_json_says_the_same(create)


@pytest.mark.parametrize(
    "model", [CandleBlock, SeriesCoverage, TimeframeInfo], ids=lambda model: model.__name__, indirect=True
)
@EXAMPLES
@given(data=st.data())
async def test_what_only_the_library_writes_is_read(
    session: WriteSession, model: type[Base], data: st.DataObject
) -> None:
    read = await stored_and_read(
        session, model(**data.draw(values_of(model, contracts(model).read.model_fields.keys())))
    )
    assert_json_says_the_same(read)
