"""What the models said, what was decided, and what came of it."""

from tradingdb.models.intelligence.analyses import AiAnalysis, AiInsight
from tradingdb.models.intelligence.decisions import (
    DecisionEvidence,
    DecisionOutcome,
    DecisionStatus,
    EvidenceRole,
    TradingDecision,
)
from tradingdb.models.intelligence.predictions import MlModel, MlPrediction, ModelStage

__all__ = [
    "AiAnalysis",
    "AiInsight",
    "DecisionEvidence",
    "DecisionOutcome",
    "DecisionStatus",
    "EvidenceRole",
    "MlModel",
    "MlPrediction",
    "ModelStage",
    "TradingDecision",
]
