"""What was learned, and how well it is supported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Select, func, select

from tradingdb.models import LearningEntry, LearningStatus, StrategyRule
from tradingdb.services.reports.scope import at_most

if TYPE_CHECKING:
    from datetime import datetime


def learning_summary(*, limit: int = 50) -> Select[str, int, int, int, int, float, datetime | None]:
    """Lessons by what they change: how many, how many are acted on, and the evidence for and against them."""
    lessons = func.count()
    return (
        select(
            LearningEntry.impact_type,
            lessons.label("lessons"),
            func.count().filter(LearningEntry.status == LearningStatus.ACTIVE).label("active"),
            func.sum(LearningEntry.validation_count).cast(BigInteger).label("validations"),
            func.sum(LearningEntry.contradiction_count).cast(BigInteger).label("contradictions"),
            func.avg(LearningEntry.confidence).label("average_confidence"),
            func.max(LearningEntry.last_validated_at).label("last_validated_at"),
        )
        .group_by(LearningEntry.impact_type)
        .order_by(lessons.desc(), LearningEntry.impact_type)
        .limit(at_most(limit))
    )


def best_lessons(*, limit: int = 20) -> Select[int, int, float, str, str, str | None, datetime | None]:
    """Lessons that are acted on, those with most evidence for them first."""
    return (
        select(
            LearningEntry.validation_count,
            LearningEntry.contradiction_count,
            LearningEntry.confidence,
            LearningEntry.impact_type,
            LearningEntry.insight,
            StrategyRule.name.label("rule"),
            LearningEntry.last_validated_at,
        )
        .outerjoin(StrategyRule, StrategyRule.id == LearningEntry.rule_id)
        .where(LearningEntry.status == LearningStatus.ACTIVE)
        .order_by(LearningEntry.validation_count.desc(), LearningEntry.confidence.desc(), LearningEntry.id)
        .limit(at_most(limit))
    )
