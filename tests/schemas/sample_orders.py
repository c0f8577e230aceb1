"""What the tests of contracts start from: an order that can be stored."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tradingdb.models import OrderSide, OrderType

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, UTC)
SOMEBODY = UUID("0191f0c1-0000-7000-8000-000000000001")


def an_order(**changes: Any) -> dict[str, Any]:
    values = {
        "account_id": SOMEBODY,
        "instrument_id": 1,
        "client_order_id": "mine-1",
        "side": OrderSide.BUY,
        "order_type": OrderType.MARKET,
        "quantity": Decimal("0.10"),
    }
    return values | changes
