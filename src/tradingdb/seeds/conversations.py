"""What the owner and the analyst said to each other, and what the platform remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradingdb.models import (
    ConversationMessage,
    ConversationSession,
    KnowledgeEdge,
    KnowledgeEntity,
    MemoryFragment,
    MessageRole,
    SemanticMemory,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.scene import ANALYST_ID, OWNER, START, january

if TYPE_CHECKING:
    from tradingdb.seeds.adding import Adder
    from tradingdb.seeds.scene import Scene

SESSION_KEY = "development-review"
SESSION_ID = named_id("conversation")
SPOKEN_AT = january(2, 22)
SPOKEN = (
    (MessageRole.SYSTEM, "You are an analyst. Say what speaks for and against a trade."),
    (MessageRole.USER, "Is there a trade in the perpetual?"),
    (MessageRole.ASSISTANT, "Higher lows for two days, and funding is cheap: a small long, stop three percent below."),
    (MessageRole.USER, "I risk at most two percent of the account."),
    (MessageRole.ASSISTANT, "Then 0.04 BTC in two parts, and a limit."),
)
MESSAGE_IDS = [named_id(f"conversation:{sequence}") for sequence in range(1, len(SPOKEN) + 1)]

FRAGMENT_ID = named_id("fragment:risk")
MEMORY_ID = named_id("semantic memory:lows")
ENTITIES = {
    ("token", "BTC"): "Bitcoin",
    ("token", "USDT"): "Tether",
    ("venue", "simulated"): "Simulated",
    ("event", "gap-2025-01-09"): "Hours without candles",
}
"""Type and key, and the name for people."""


async def seed_conversation(add: Adder, scene: Scene) -> None:
    """Store the conversation, each message an answer to the one before it."""
    user_id = scene.trader.user_id
    session = {
        "id": SESSION_ID,
        "session_key": SESSION_KEY,
        "user_id": user_id,
        "agent_id": ANALYST_ID,
        "agent_type": "researcher",
        "title": "A swing in the perpetual",
        "summary": "A small long was agreed on, with a stop.",
        "is_active": False,
        "created_at": SPOKEN_AT,
    }
    await add(ConversationSession, [session])
    await add(
        ConversationMessage,
        [
            {
                "id": MESSAGE_IDS[number],
                "session_id": SESSION_ID,
                "sequence": number + 1,
                "user_id": user_id,
                "agent_id": ANALYST_ID if role is MessageRole.ASSISTANT else None,
                "parent_id": MESSAGE_IDS[number - 1] if number else None,
                "role": role,
                "content": content,
                "token_count": len(content.split()),
                "created_at": SPOKEN_AT,
            }
            for number, (role, content) in enumerate(SPOKEN)
        ],
    )


async def seed_knowledge(add: Adder, scene: Scene) -> None:
    """Store what was learned in passing, and how things hang together."""
    user_id = scene.trader.user_id
    fragment = {
        "id": FRAGMENT_ID,
        "user_id": user_id,
        "fragment_type": "preference",
        "content": "Risks at most two percent of the account.",
        "context": {"session_key": SESSION_KEY},
        "relevance": 0.9,
        "known_at": SPOKEN_AT,
    }
    memory = {
        "id": MEMORY_ID,
        "user_id": user_id,
        "memory_type": "pattern",
        "content": "Higher lows are followed by higher highs more often than not.",
        "keywords": ["higher lows"],
        "symbols": [scene.perpetual.symbol],
        "confidence": 0.6,
        "reinforcement_count": 2,
        "last_reinforced_at": SPOKEN_AT,
        "known_at": SPOKEN_AT,
    }
    await add(MemoryFragment, [fragment])
    await add(SemanticMemory, [memory])
    await add(
        KnowledgeEntity,
        [
            {
                "id": named_id(f"entity:{entity_type}:{key}"),
                "entity_type": entity_type,
                "entity_key": key,
                "name": name,
                "source": OWNER,
                "is_validated": True,
            }
            for (entity_type, key), name in ENTITIES.items()
        ],
    )
    btc, usdt, venue, gap = (named_id(f"entity:{entity_type}:{key}") for entity_type, key in ENTITIES)
    edges = [
        {"subject_id": btc, "relation": "quoted_in", "object_id": usdt, "known_at": START},
        {"subject_id": btc, "relation": "trades_at", "object_id": venue, "known_at": START},
        {
            "subject_id": gap,
            "relation": "happened_at",
            "object_id": venue,
            "known_at": january(9, 6),
            "valid_from": january(9, 3),
            "valid_until": january(9, 6),
        },
        {"subject_id": usdt, "relation": "caused", "object_id": gap, "known_at": january(9, 6), "strength": 0.1}
        | {"retracted_at": january(10)},
    ]
    await add(
        KnowledgeEdge,
        [{"id": named_id(f"edge:{edge['relation']}"), "source": OWNER, **edge} for edge in edges],
    )
