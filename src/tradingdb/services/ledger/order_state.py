"""What the state of an order is made of: the venue's events, and our fills. In SQL, because it is changed there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradingdb.models import OrderEventKind, OrderStatus

BEFORE_ANY = datetime(1, 1, 2, tzinfo=UTC)

ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)
"""An order that has ended stays so; only fills can still be added to it."""

STATUS_OF = {
    OrderEventKind.SUBMITTED: OrderStatus.PENDING,
    OrderEventKind.ACCEPTED: OrderStatus.OPEN,
    OrderEventKind.TRIGGERED: OrderStatus.OPEN,
    OrderEventKind.AMENDED: OrderStatus.OPEN,
    OrderEventKind.PARTIALLY_FILLED: OrderStatus.PARTIAL,
    OrderEventKind.FILLED: OrderStatus.FILLED,
    OrderEventKind.CANCELLED: OrderStatus.CANCELLED,
    OrderEventKind.REJECTED: OrderStatus.REJECTED,
    OrderEventKind.EXPIRED: OrderStatus.EXPIRED,
}
"""What an event says about its order. CANCEL_REQUESTED is ours and says nothing about it."""

RANK = {
    OrderStatus.PENDING: 0,
    OrderStatus.OPEN: 1,
    OrderStatus.PARTIAL: 2,
    OrderStatus.REJECTED: 3,
    OrderStatus.EXPIRED: 3,
    OrderStatus.CANCELLED: 3,
    OrderStatus.FILLED: 4,
}
"""How far along: a status never gives way to one of a lower rank, whenever it arrives."""

Progress = tuple[int, timedelta, int, str]


def progress(status: OrderStatus | None, at: datetime | None, sequence: int | None) -> Progress:
    """How far an event brings an order; the greatest counts, in whatever order events arrive.

    Of events of one rank the later counts by the venue's time and sequence; of those that end an order without filling
    it, the first: it cannot end again. In one instant the word decides, so that it is always the same.
    """
    if status is None:
        return (-1, timedelta(0), -1, "")
    since, number = (at or BEFORE_ANY) - BEFORE_ANY, -1 if sequence is None else sequence
    if RANK[status] == RANK[OrderStatus.CANCELLED]:
        since, number = -since, -number
    return (RANK[status], since, number, status.value)


def status_sql(*, filled: str, quantity: str, venue_status: str) -> str:
    """An order's status: filled once its fills reach its quantity; else what the venue said; partial with any fill."""
    ended = ", ".join(f"'{status}'" for status in ENDED)
    return (
        f"CASE WHEN {filled} >= {quantity} THEN 'filled' WHEN {venue_status} IN ({ended}) THEN {venue_status} "
        f"WHEN {filled} > 0 THEN 'partial' ELSE coalesce({venue_status}, 'pending') END"
    )


def average_sql(*, filled: str, value: str, is_inverse: str) -> str:
    """An order's average price, rounded at 50 decimals; harmonic for inverse contracts."""
    wide = "numeric(1000, 120)"
    return (
        f"trim_scale(round(CASE WHEN {is_inverse} THEN CAST({filled} AS {wide}) / nullif({value}, 0) "
        f"ELSE CAST({value} AS {wide}) / nullif({filled}, 0) END, 50))"
    )


_FILLED, _VALUE = "(o.filled_quantity + sent.quantity)", "(o.filled_value + sent.value)"

ADD_FILLS = f"""
    filled_quantity = {_FILLED},
    filled_value = {_VALUE},
    average_price = {average_sql(filled=_FILLED, value=_VALUE, is_inverse="sent.is_inverse")},
    status = {status_sql(filled=_FILLED, quantity="o.quantity", venue_status="o.venue_status")},
    executed_at = greatest(o.executed_at, sent.executed_at),
    updated_at = now()
"""
"""Adds the row `sent` of fills to the order `o`."""

ORDER_PAYLOAD = """
jsonb_build_object('status', status, 'filled_quantity', CAST(filled_quantity AS text),
                   'average_price', CAST(average_price AS text))
"""
"""What others are told of an order."""
