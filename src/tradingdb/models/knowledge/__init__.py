"""What is remembered, and embeddings."""

from tradingdb.models.knowledge.embeddings import (
    DistanceMetric,
    EmbeddingSpace,
    LearningEmbedding,
    MemoryEmbedding,
    MessageEmbedding,
    RuleEmbedding,
    SpaceStatus,
)
from tradingdb.models.knowledge.memories import KnowledgeEdge, KnowledgeEntity, MemoryFragment, SemanticMemory

__all__ = [
    "DistanceMetric",
    "EmbeddingSpace",
    "KnowledgeEdge",
    "KnowledgeEntity",
    "LearningEmbedding",
    "MemoryEmbedding",
    "MemoryFragment",
    "MessageEmbedding",
    "RuleEmbedding",
    "SemanticMemory",
    "SpaceStatus",
]
