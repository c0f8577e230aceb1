"""Spaces of vectors: each has a partition of its own in every embedding table, checked and indexed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tradingdb.core.clock import as_utc
from tradingdb.core.ddl import table_of
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    DistanceMetric,
    EmbeddingSpace,
    LearningEmbedding,
    MemoryEmbedding,
    MessageEmbedding,
    RuleEmbedding,
)
from tradingdb.timeseries.partitions import hold_growth_lock

if TYPE_CHECKING:
    from datetime import datetime

    from tradingdb.database import WriteSession

EMBEDDING_TABLES = (LearningEmbedding, MessageEmbedding, MemoryEmbedding, RuleEmbedding)

_OPERATOR_CLASS = {
    DistanceMetric.COSINE: "halfvec_cosine_ops",
    DistanceMetric.INNER_PRODUCT: "halfvec_ip_ops",
    DistanceMetric.EUCLIDEAN: "halfvec_l2_ops",
}


async def add_space(
    session: WriteSession,
    name: str,
    *,
    provider: str,
    model: str,
    dimensions: int,
    revision: str = "",
    metric: DistanceMetric = DistanceMetric.COSINE,
    trained_until: datetime | None = None,
) -> EmbeddingSpace:
    """A space for the vectors of one model, with its partitions, in the session's transaction.

    A partition refuses vectors of other dimensions and has an HNSW index for the metric. The same call again changes
    nothing and returns the space that is there. A new space is `building`: no search uses it before it is `active`.

    Raises:
        InvalidValueError: there is a space of that name with other properties, or one with these of another name, or
            the dimensions are not between 1 and 4,000, which is what an index can hold.
    """
    if not 1 <= dimensions <= 4000:  # noqa: PLR2004 - pgvector's limit for halfvec, said in the docstring
        raise InvalidValueError(f"A space of {dimensions} dimensions was refused: an index holds 1 to 4,000.")
    await hold_growth_lock(session)
    vectors = {"provider": provider, "model": model, "revision": revision, "dimensions": dimensions, "metric": metric}
    wanted = vectors | {"trained_until": None if trained_until is None else as_utc(trained_until)}
    other = await session.scalar(select(EmbeddingSpace).filter_by(**vectors).where(EmbeddingSpace.name != name))
    if other is not None:
        raise InvalidValueError(f"These vectors have a space already, which is called {other.name}: use that one.")
    space = await session.scalar(select(EmbeddingSpace).where(EmbeddingSpace.name == name))
    if space is not None:
        different = [key for key, value in wanted.items() if getattr(space, key) != value]
        if different:
            raise InvalidValueError(
                f"The space {name} exists with another {different[0]}: give the new one another name."
            )
        return space
    space = EmbeddingSpace(name=name, **wanted)
    session.add(space)
    await session.flush()
    for model_class in EMBEDDING_TABLES:
        await _add_partition(session, table_of(model_class).name, space)
    return space


async def _add_partition(session: WriteSession, table: str, space: EmbeddingSpace) -> None:
    """Built beside the table and then attached: ATTACH does not block readers and writers of other spaces."""
    partition = f"{table}_s{space.id}"
    dimensions = int(space.dimensions)
    check = f"ck_{partition}__dimensions CHECK (vector_dims(embedding) = {dimensions})"
    index = f"hnsw ((embedding::halfvec({dimensions})) {_OPERATOR_CLASS[space.metric]})"
    for statement in (
        f"CREATE TABLE {partition} (LIKE {table} INCLUDING ALL)",
        f"ALTER TABLE {partition} ADD CONSTRAINT {check}",
        f"CREATE INDEX ix_{partition}__embedding ON {partition} USING {index}",
        f"ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES IN ({int(space.id)})",
    ):
        await session.execute(text(statement))
