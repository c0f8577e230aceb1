"""Vectors of the world's texts, in a space of their own: texts that share words are near each other."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from tradingdb.models import (
    ConversationMessage,
    EmbeddingSpace,
    KnowledgeEntity,
    LearningEmbedding,
    LearningEntry,
    MemoryEmbedding,
    MemoryFragment,
    MessageEmbedding,
    RuleEmbedding,
    SemanticMemory,
    SpaceStatus,
    StrategyRule,
)
from tradingdb.seeds.adding import digest_of, named_id
from tradingdb.seeds.conversations import ENTITIES, FRAGMENT_ID, MEMORY_ID, MESSAGE_IDS
from tradingdb.seeds.decisions import LESSON_ID
from tradingdb.seeds.quality import DOCUMENT_RULE_ID
from tradingdb.seeds.scene import START
from tradingdb.services.embeddings import add_space

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from numpy.typing import NDArray
    from sqlalchemy.orm import InstrumentedAttribute

    from tradingdb.models import Base
    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

SPACE, MODEL, DIMENSIONS = "development", "counted words", 8


async def seed_embeddings(add: Adder, scene: Scene) -> None:
    """Store the space, and a vector of each text. Needs the texts."""
    space_id = await _space(add)
    trader = scene.trader
    entities = [named_id(f"entity:{entity_type}:{key}") for entity_type, key in ENTITIES]

    async def add_vectors(model: type[Base], owner: str, text: InstrumentedAttribute[Any], ids: Iterable[UUID]) -> None:
        source: Any = text.class_
        rows = await add.session.execute(select(source.id, text).where(source.id.in_(list(ids))))
        await add(model, [_row(space_id, owner, row_id, content, trader.user_id) for row_id, content in rows])

    lessons = (trader.lesson_id, LESSON_ID)
    await add_vectors(LearningEmbedding, "entry_id", LearningEntry.insight, lessons)
    await add_vectors(MessageEmbedding, "message_id", ConversationMessage.content, MESSAGE_IDS)
    await add_vectors(RuleEmbedding, "rule_id", StrategyRule.name, (trader.rule_id, DOCUMENT_RULE_ID))
    await add_vectors(MemoryEmbedding, "fragment_id", MemoryFragment.content, (FRAGMENT_ID,))
    await add_vectors(MemoryEmbedding, "memory_id", SemanticMemory.content, (MEMORY_ID,))
    await add_vectors(MemoryEmbedding, "entity_id", KnowledgeEntity.name, entities)


async def _space(add: Adder) -> int:
    """The number of the space. A new one is searched at once, unless another one is."""
    before = await add.session.scalar(select(func.count()).select_from(EmbeddingSpace)) or 0
    space = await add_space(add.session, SPACE, provider="development", model=MODEL, dimensions=DIMENSIONS)
    after = await add.session.scalar(select(func.count()).select_from(EmbeddingSpace)) or 0
    active = select(EmbeddingSpace.id).where(EmbeddingSpace.status == SpaceStatus.ACTIVE)
    if after > before and await add.session.scalar(active) is None:
        space.status = SpaceStatus.ACTIVE
        await add.session.flush()
    add.added["embedding_spaces"] = after - before
    return space.id


def _row(space_id: int, owner: str, row_id: UUID, content: str, user_id: UUID) -> Row:
    row: Row = {
        "space_id": space_id,
        owner: row_id,
        "user_id": user_id,
        "known_at": START,
        "content_sha256": digest_of(content),
        "embedding": vector_of(content),
    }
    if owner in {"fragment_id", "memory_id", "entity_id"}:
        row["id"] = named_id(f"memory embedding:{row_id}")
    return row


def vector_of(content: str) -> NDArray[np.float32]:
    """How many words of a text fall into each of a few drawers, as a direction of length 1."""
    counts = np.zeros(DIMENSIONS, np.float32)
    for word in re.findall(r"\w+", content.lower()):
        counts[sha256(word.encode()).digest()[0] % DIMENSIONS] += 1
    return counts / np.float32(np.linalg.norm(counts))
