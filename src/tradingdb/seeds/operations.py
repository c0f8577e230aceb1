"""The platform about itself: configuration, health, figures, events, errors, what others should hear of, and caches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from tradingdb.core.json import dump_json
from tradingdb.models import (
    CacheEntry,
    ComponentStatus,
    ErrorLog,
    FeatureCache,
    HistoricalDataCache,
    MetricKind,
    MonitoringEvent,
    Order,
    OrderStatus,
    OutboxEvent,
    Severity,
    SystemConfig,
    SystemHealth,
    SystemMetric,
)
from tradingdb.seeds.adding import digest_of, named_id
from tradingdb.seeds.quality import LOADED_AT, MISSING_HOURS, MISSING_UNTIL
from tradingdb.seeds.scene import DAYBREAKS, END, SOURCE, START, SWING_ACCOUNT_ID, january

if TYPE_CHECKING:
    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

COMPONENTS = ("database", "ingestion")
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
"""When cached values of this world expire: what they were computed from does not change."""


async def seed_operations(add: Adder, scene: Scene) -> None:
    """Store all of it. Needs the orders that events tell of."""
    await _configuration(add, scene)
    await _health(add, scene)
    await _events_and_errors(add, scene)
    await _outbox(add, scene)
    await _caches(add, scene)


async def _configuration(add: Adder, scene: Scene) -> None:
    """Each change is a row; what was in force before says until when."""
    changed = january(5)
    rows = [
        {"key": "risk.max_leverage", "version": 1, "value": 5, "created_at": START, "superseded_at": changed},
        {"key": "risk.max_leverage", "version": 2, "value": 3, "created_at": changed, "superseded_at": None},
        {"key": "ingestion.sources", "version": 1, "value": [SOURCE], "created_at": START, "superseded_at": None},
    ]
    await add(SystemConfig, [row | {"updated_by": scene.trader.user_id} for row in rows])


async def _health(add: Adder, scene: Scene) -> None:
    """Each component each midnight; ingestion is not well on the day of the gap."""
    await add(
        SystemHealth,
        [
            {
                "component": component,
                "checked_at": at,
                "status": ComponentStatus.DEGRADED
                if component == "ingestion" and at == january(10)
                else ComponentStatus.HEALTHY,
                "latency_ms": 1.5,
                "uptime_seconds": (at - START) // timedelta(seconds=1),
                "error_count": len(MISSING_HOURS) if component == "ingestion" and at == january(10) else 0,
            }
            for component in COMPONENTS
            for at in DAYBREAKS
        ],
    )
    await add(
        SystemMetric,
        [
            {
                "metric": "candles.inserted",
                "measured_at": LOADED_AT,
                "entry_id": named_id(f"metric:{series.timeframe}"),
                "kind": MetricKind.COUNTER,
                "value": float(len(series)),
                "unit": "candles",
                "component": "ingestion",
                "environment": "development",
                "tags": {"timeframe": series.timeframe.value},
            }
            for series in (scene.minutes, scene.hours)
        ],
    )


async def _events_and_errors(add: Adder, scene: Scene) -> None:
    gap = {
        "id": named_id("event:gap"),
        "event_type": "data.gap",
        "component": "ingestion",
        "severity": Severity.WARNING,
        "title": f"{len(MISSING_HOURS)} candles of {scene.perpetual.symbol} are missing",
        "metric_value": float(len(MISSING_HOURS)),
        "threshold_value": 0.0,
        "occurred_at": MISSING_UNTIL,
        "created_at": MISSING_UNTIL,
    }
    slow = {
        "id": named_id("event:slow"),
        "event_type": "latency",
        "component": "database",
        "severity": Severity.INFO,
        "title": "Answers took longer than usual",
        "metric_value": 80.0,
        "threshold_value": 50.0,
        "action_taken": "None: it passed.",
        "occurred_at": january(4, 12),
        "resolved_at": january(4, 13),
        "created_at": january(4, 12),
    }
    await add(MonitoringEvent, [gap, slow])
    message = "The source has no candles of these hours."
    await add(
        ErrorLog,
        [
            {
                "occurred_at": LOADED_AT + timedelta(seconds=attempt),
                "error_id": named_id(f"error:{attempt}"),
                "fingerprint": digest_of(f"SourceError {message}"),
                "error_type": "SourceError",
                "message": message,
                "component": "ingestion",
                "environment": "development",
                "retry_count": attempt,
                "context": {"job_id": "development-gap"},
            }
            for attempt in range(1, 4)
        ],
    )


async def _outbox(add: Adder, scene: Scene) -> None:
    """One event for each order that came to its end, in that order."""
    ended = {OrderStatus.FILLED: "order.filled", OrderStatus.CANCELLED: "order.cancelled"}
    orders = await add.session.scalars(
        select(Order)
        .where(Order.account_id.in_([scene.trader.account_id, SWING_ACCOUNT_ID]), Order.status.in_(list(ended)))
        .order_by(Order.last_event_at, Order.client_order_id)
    )
    rows: list[Row] = [
        {
            "topic": ended[order.status],
            "entity": "orders",
            "entity_key": str(order.id),
            "account_id": order.account_id,
            "payload": {"side": order.side, "quantity": order.filled_quantity, "price": order.average_price},
            "occurred_at": order.last_event_at,
        }
        for order in orders
    ]
    await add.numbered(OutboxEvent, rows, key=["topic", "entity", "entity_key"])


async def _caches(add: Adder, scene: Scene) -> None:
    """A value of each cache, equal to what it was computed from."""
    day = timedelta(days=1)
    price = {
        "cache_key": f"price:{scene.spot.symbol}",
        "cache_type": "price",
        "value": scene.close(END),
        "expires_at": NEVER,
    }
    feature = {
        "cache_key": f"return_24h:{scene.spot.symbol}:{END.isoformat()}",
        "instrument_id": scene.spot.id,
        "feature_name": "return_24h",
        "value": scene.change(END, day),
        "computed_at": END,
        "expires_at": NEVER,
    }
    closes = [{"at": at, "close": scene.close(at)} for at in DAYBREAKS[1:]]
    query = {"symbol": scene.spot.symbol, "from": START, "until": END}
    answer = {
        "query_sha256": digest_of(dump_json({"source": SOURCE} | query)),
        "source": SOURCE,
        "series": scene.spot.symbol,
        "instrument_id": scene.spot.id,
        "data_type": "close",
        "frequency": "1d",
        "range_start": START,
        "range_end": END,
        "query": query,
        "result": closes,
        "result_count": len(closes),
        "expires_at": NEVER,
    }
    await add(CacheEntry, [price])
    await add(FeatureCache, [feature])
    await add(HistoricalDataCache, [answer])
