"""How the candles came in, what is missing of them, and a document that a rule was learned from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tradingdb.models import (
    DataIngestionJob,
    DataQualityMetrics,
    IngestionTask,
    IngestionTaskRule,
    JobStatus,
    RuleSource,
    StrategyRule,
)
from tradingdb.seeds.adding import named_id
from tradingdb.seeds.factors import EVERY, OBSERVED_AT
from tradingdb.seeds.scene import END, SOURCE, START, SWING_STRATEGY_ID, january

if TYPE_CHECKING:
    from datetime import datetime

    from tradingdb.candles import CandleSeries
    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

LOADED_AT = END + timedelta(minutes=5)
DOCUMENT = "documents/swings.pdf"
DOCUMENT_RULE_ID = named_id("rule:document")
MISSING_FROM, MISSING_UNTIL = january(9, 3), january(9, 6)
MISSING_HOURS = range((MISSING_FROM - START) // timedelta(hours=1), (MISSING_UNTIL - START) // timedelta(hours=1))
"""What the hourly series lacks, counted from its start."""


async def seed_quality(add: Adder, scene: Scene) -> None:
    """Store the jobs, and figures that follow from the candles that there are."""
    series = {"minutes": scene.minutes, "hours": scene.hours}
    jobs = [_loaded(name, of_name) for name, of_name in series.items()]
    await add(DataIngestionJob, [*jobs, _failed(scene)])
    await add(DataQualityMetrics, [*(_coverage(of_name) for of_name in series.values()), _factor_coverage(scene)])
    await _rule_from_a_document(add, scene)


def _expected(series: CandleSeries) -> int:
    """How many candles the world has room for."""
    return (END - START) // timedelta(seconds=series.timeframe.seconds or 0)


def _loaded(name: str, series: CandleSeries) -> Row:
    return {
        "id": named_id(f"job:{name}"),
        "job_id": f"development-{name}",
        "job_type": "candles",
        "instrument_id": series.instrument_id,
        "source": SOURCE,
        "timeframe": series.timeframe.value,
        "range_start": START,
        "range_end": END,
        "status": JobStatus.COMPLETED,
        "progress": 1.0,
        "records_total": len(series),
        "records_processed": len(series),
        "records_inserted": len(series),
        "quality_issues": int(len(series) < _expected(series)),
        "started_at": END,
        "completed_at": LOADED_AT,
    }


def _failed(scene: Scene) -> Row:
    """The attempt to fill the gap."""
    return {
        "id": named_id("job:gap"),
        "job_id": "development-gap",
        "job_type": "candles",
        "instrument_id": scene.perpetual.id,
        "source": SOURCE,
        "timeframe": scene.hours.timeframe.value,
        "range_start": MISSING_FROM,
        "range_end": MISSING_UNTIL,
        "status": JobStatus.FAILED,
        "retry_count": 3,
        "started_at": LOADED_AT,
        "completed_at": LOADED_AT,
        "error_message": "The source has no candles of these hours.",
    }


def _coverage(series: CandleSeries) -> Row:
    there, expected = len(series), _expected(series)
    return _measured(series.instrument_id, "", there, expected, END) | {
        "staleness_minutes": 0.0,
        "is_alerting": there < expected,
        "alert_sent": there < expected,
        "recommendations": [] if there == expected else ["Load the missing candles again."],
    }


def _factor_coverage(scene: Scene) -> Row:
    expected = (END - OBSERVED_AT[0]) // EVERY + 1
    return _measured(scene.spot.id, "return_24h", len(OBSERVED_AT), expected, END)


def _measured(instrument_id: int, factor: str, there: int, expected: int, at: datetime) -> Row:
    return {
        "instrument_id": instrument_id,
        "source": SOURCE,
        "factor": factor,
        "measured_at": at,
        "completeness_score": there / expected,
        "overall_quality_score": there / expected,
        "missing_data_points": expected - there,
        "outlier_count": 0,
        "validation_failures": 0,
        "details": {"there": there, "expected": expected},
        "created_at": at,
    }


async def _rule_from_a_document(add: Adder, scene: Scene) -> None:
    """A rule that was read out of a document and has not traded yet, and the task that read it."""
    rule = {
        "id": DOCUMENT_RULE_ID,
        "user_id": scene.trader.user_id,
        "strategy_id": SWING_STRATEGY_ID,
        "name": "Higher lows",
        "source_type": RuleSource.PDF,
        "source_ref": DOCUMENT,
        "source_page_number": 3,
        "entry_type": "higher_low",
        "conditions": [{"lows": "rising", "days": 2}],
        "confidence": 0.4,
        "is_enabled": False,
    }
    task = {
        "id": named_id("task:document"),
        "user_id": scene.trader.user_id,
        "source_type": "pdf",
        "source_ref": DOCUMENT,
        "strategy_name": "Swings by hand",
        "status": JobStatus.COMPLETED,
        "started_at": january(1, 8),
        "completed_at": january(1, 8, 2),
    }
    await add(StrategyRule, [rule])
    await add(IngestionTask, [task])
    await add(IngestionTaskRule, [{"task_id": task["id"], "rule_id": rule["id"]}])
