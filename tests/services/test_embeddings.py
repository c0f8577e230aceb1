"""A space of vectors has partitions that are checked and indexed; vectors come back as they went in."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from tradingdb.catalogue import snapshot
from tradingdb.core.types import Embedding
from tradingdb.database import WriteSession
from tradingdb.errors import InvalidValueError
from tradingdb.models import DistanceMetric, EmbeddingSpace, LearningEmbedding, LearningEntry, SpaceStatus
from tradingdb.services.embeddings import EMBEDDING_TABLES, add_space

KNOWN = datetime(2024, 1, 1, tzinfo=UTC)
SMALL = {"provider": "test", "model": "small", "dimensions": 3}


async def lesson(session: WriteSession) -> LearningEntry:
    entry = LearningEntry(insight="Crossings pay after a quiet week.", impact_type="entry")
    session.add(entry)
    await session.flush()
    return entry


def vector_of(entry: LearningEntry, space: EmbeddingSpace, values: object, chunk: int = 0) -> LearningEmbedding:
    return LearningEmbedding(
        space_id=space.id,
        entry_id=entry.id,
        chunk=chunk,
        known_at=KNOWN,
        content_sha256=hashlib.sha256(b"text").digest(),
        embedding=values,
    )


async def test_a_space_has_a_partition_in_every_table_and_is_made_once(session: WriteSession) -> None:
    space = await add_space(session, "small", **SMALL)
    again = await add_space(session, "small", **SMALL)
    assert again is space
    assert space.status is SpaceStatus.BUILDING
    names = await session.scalars(
        text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE '%\\_s' || :id"),
        {"id": str(space.id)},
    )
    assert sorted(names) == sorted(f"{model.__tablename__}_s{space.id}" for model in EMBEDDING_TABLES)


async def test_partitions_of_spaces_are_data_and_no_part_of_the_schema(session: WriteSession) -> None:
    connection = await session.connection()
    before = await connection.run_sync(snapshot)
    await add_space(session, "small", **SMALL)
    assert await connection.run_sync(snapshot) == before


@pytest.mark.parametrize(
    "other", [{"model": "large"}, {"dimensions": 4}, {"revision": "2"}, {"metric": DistanceMetric.EUCLIDEAN}]
)
async def test_a_name_is_not_given_to_another_space(session: WriteSession, other: dict[str, object]) -> None:
    await add_space(session, "small", **SMALL)
    with pytest.raises(InvalidValueError, match=f"exists with another {next(iter(other))}"):
        await add_space(session, "small", **(SMALL | other))


@pytest.mark.parametrize("dimensions", [0, -1, 4001])
async def test_dimensions_that_no_index_holds_are_refused(session: WriteSession, dimensions: int) -> None:
    with pytest.raises(InvalidValueError, match="1 to 4,000"):
        await add_space(session, "odd", provider="test", model="odd", dimensions=dimensions)


async def test_a_vector_of_other_dimensions_is_refused_by_postgresql(session: WriteSession) -> None:
    space, entry = await add_space(session, "small", **SMALL), await lesson(session)
    session.add(vector_of(entry, space, [1, 2]))
    with pytest.raises(IntegrityError, match="dimensions"):
        await session.flush()


async def test_only_one_space_is_active(session: WriteSession) -> None:
    for name in ("one", "two"):
        space = await add_space(session, name, provider="test", model=name, dimensions=3)
        space.status = SpaceStatus.ACTIVE
    with pytest.raises(IntegrityError, match="uq_embedding_spaces__active"):
        await session.flush()


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(-60_000, 60_000, width=16), min_size=1, max_size=8).filter(any))
async def test_every_half_precision_vector_comes_back(session: WriteSession, values: list[float]) -> None:
    async with session.begin_nested() as savepoint:
        entry = await lesson(session)
        space = await add_space(session, "round trip", provider="test", model="m", dimensions=len(values))
        session.add(vector_of(entry, space, values))
        await session.flush()
        session.expire_all()
        found = await session.scalar(select(LearningEmbedding.embedding))
        await savepoint.rollback()
    assert found.dtype == np.float32
    assert found.tolist() == values


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "at least one"),
        ([[1.0]], "at least one"),
        ("abc", "list of numbers"),
        ([0.0, 0.0], "nothing but zeros"),
        ([float("nan")], "16 bits|NaN"),
        ([float("inf")], "beyond"),
        ([70_000.0], "beyond 65,504"),
    ],
)
def test_what_has_no_place_in_an_index_is_refused(value: object, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        Embedding().process_bind_param(value, None)  # type: ignore[arg-type]


async def test_a_search_in_one_space_uses_its_index(session: WriteSession) -> None:
    space, entry = await add_space(session, "small", **SMALL), await lesson(session)
    generator = np.random.default_rng(7)
    session.add_all(vector_of(entry, space, generator.normal(size=3), chunk) for chunk in range(200))
    await session.flush()
    await session.execute(text("SET LOCAL enable_sort = off"))  # few rows: the planner would rather sort them
    table, target = LearningEmbedding.__table__, np.array([1, 0, 0], np.float32)
    nearest = (
        select(table.c.chunk)
        .where(table.c.space_id == space.id)
        .order_by(text("embedding::halfvec(3) <=> '[1,0,0]'"))
        .limit(5)
    )
    plan = await session.scalars(
        text(f"EXPLAIN {nearest.compile(session.get_bind(), compile_kwargs={'literal_binds': True})}")
    )
    assert f"ix_learning_embeddings_s{space.id}__embedding" in "\n".join(plan)
    found = (await session.scalars(nearest)).all()
    exact = await session.execute(select(table.c.chunk, table.c.embedding).where(table.c.space_id == space.id))
    by_angle = sorted(exact, key=lambda row: -float(row.embedding @ target / np.linalg.norm(row.embedding)))
    assert set(found) <= {row.chunk for row in by_angle[:8]}
    assert await session.scalar(select(func.count()).select_from(table)) == 200


async def test_vectors_of_one_kind_have_one_space(session: WriteSession) -> None:
    await add_space(session, "small", **SMALL)
    with pytest.raises(InvalidValueError, match="called small"):
        await add_space(session, "another", **SMALL)
    assert await add_space(session, "by angle", **SMALL, metric=DistanceMetric.EUCLIDEAN)
    with pytest.raises(InvalidValueError, match="another trained_until"):
        await add_space(session, "small", **SMALL, trained_until=KNOWN)
