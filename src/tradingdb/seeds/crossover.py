"""A small strategy whose trades fill the ledger: two moving averages that cross.

It exists to show every table of the ledger filled with numbers that agree, not to make money. All identifiers are made
from the account and the candle's time, so the same candles give the same rows, however often it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from tradingdb.models import (
    OrderEventKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalDirection,
    SignalStatus,
    Verdict,
)
from tradingdb.seeds.round_trips import FAST, SLOW, fee, outcome_of, round_trips
from tradingdb.services.ledger.holdings import place_within

if TYPE_CHECKING:
    from tradingdb.candles import CandleSeries
    from tradingdb.models import Instrument, StrategyRule, TradingAccount
    from tradingdb.seeds.round_trips import Leg


NO_FILL = (datetime.min.replace(tzinfo=UTC), "")


@dataclass(slots=True)
class Ledger:
    """Rows for the tables of the ledger, in the order in which they must be stored."""

    signals: list[dict[str, Any]] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    order_events: list[dict[str, Any]] = field(default_factory=list)
    fills: list[dict[str, Any]] = field(default_factory=list)
    trade_exits: list[dict[str, Any]] = field(default_factory=list)
    positions: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)


def run(
    series: CandleSeries, account: TradingAccount, instrument: Instrument, rule: StrategyRule, lesson_id: UUID
) -> Ledger:
    """Trade a series and return everything that the ledger would hold."""
    book = _Book(series, account, instrument, rule, lesson_id)
    for leg in round_trips(series, instrument):
        book.record(leg)
    book.close()
    return book.ledger


class _Book:
    """Turns round trips into rows, and keeps the position that they add up to."""

    def __init__(
        self, series: CandleSeries, account: TradingAccount, instrument: Instrument, rule: StrategyRule, lesson_id: UUID
    ) -> None:
        self.ledger = Ledger()
        self._series = series
        self._account = account
        self._instrument = instrument
        self._rule = rule
        self._lesson_id = lesson_id
        self._currency = instrument.settle_currency or instrument.quote_currency or account.base_currency
        self._realized = self._fees = Decimal(0)
        self._open: Leg | None = None
        self._last = NO_FILL

    def record(self, leg: Leg) -> None:
        """Write the signal, the orders with their events and fills, and the trade of one round trip."""
        key = f"{self._instrument.id}:{self._series.timeframe.value}:{self._time(leg.entry_at).isoformat()}"
        signal_id, trade_id = self._id("signal", key), self._id("trade", key)
        self._signal(leg, signal_id)
        entry_fee = fee(leg.quantity, leg.entry_price)
        exit_fee = Decimal(0)
        if leg.exit_at is not None and leg.exit_price is not None:
            exit_fee = fee(leg.quantity, leg.exit_price)
        self._trade(leg, trade_id, signal_id, key, entry_fee + exit_fee)
        opening = OrderSide.BUY if leg.sign > 0 else OrderSide.SELL
        closing = OrderSide.SELL if leg.sign > 0 else OrderSide.BUY
        self._order(f"{key}:in", opening, leg.quantity, leg.entry_price, leg.entry_at, entry_fee, trade_id, signal_id)
        if leg.exit_at is not None and leg.exit_price is not None:
            out = self._order(
                f"{key}:out", closing, leg.quantity, leg.exit_price, leg.exit_at, exit_fee, trade_id, signal_id
            )
            self._exit(leg, trade_id, out, entry_fee + exit_fee)
            self._realized += leg.sign * (leg.exit_price - leg.entry_price) * leg.quantity
        else:
            self._open = leg
        self._fees += entry_fee + exit_fee

    def close(self) -> None:
        """Write the position, if anything was traded."""
        if self._last == NO_FILL:
            return
        leg = self._open
        self.ledger.positions.append(
            {
                "account_id": self._account.id,
                "instrument_id": self._instrument.id,
                "side": PositionSide.NET,
                "quantity": leg.sign * leg.quantity if leg else Decimal(0),
                "average_entry_price": leg.entry_price if leg else None,
                "realized_pnl": self._realized,
                "fees": self._fees,
                "opened_at": self._time(leg.entry_at) if leg else None,
                "last_fill_at": self._last[0],
                "last_fill_place": self._last[1],
            }
        )

    def _signal(self, leg: Leg, signal_id: UUID) -> None:
        self.ledger.signals.append(
            {
                "id": signal_id,
                "user_id": self._account.user_id,
                "strategy_id": self._rule.strategy_id,
                "rule_id": self._rule.id,
                "instrument_id": self._instrument.id,
                "timeframe": self._series.timeframe.value,
                "kind": "crossover",
                "direction": SignalDirection(leg.direction.value),
                "confidence": 0.5,
                "entry_price": leg.entry_price,
                "stop_price": leg.stop,
                "indicators": {"fast": FAST, "slow": SLOW},
                "status": SignalStatus.TRIGGERED,
                "fired_at": self._time(leg.entry_at),
                "triggered_at": self._time(leg.entry_at),
            }
        )

    def _trade(self, leg: Leg, trade_id: UUID, signal_id: UUID, key: str, fees: Decimal) -> None:
        pnl = leg.pnl
        self.ledger.trades.append(
            {
                "id": trade_id,
                "account_id": self._account.id,
                "user_id": self._account.user_id,
                "mode": self._account.mode,
                "instrument_id": self._instrument.id,
                "strategy_id": self._rule.strategy_id,
                "rule_id": self._rule.id,
                "signal_id": signal_id,
                "dedupe_key": key,
                "direction": leg.direction,
                "quantity": leg.quantity,
                "entry_price": leg.entry_price,
                "entry_time": self._time(leg.entry_at),
                "exit_price": leg.exit_price,
                "exit_time": None if leg.exit_at is None else self._time(leg.exit_at),
                "exit_reason": leg.reason,
                "outcome": outcome_of(pnl),
                "initial_stop": leg.stop,
                "current_stop": leg.stop,
                "pnl": pnl,
                "pnl_r": leg.pnl_r,
                "fees": fees,
                "reasoning": f"The average of {FAST} candles crossed that of {SLOW}.",
                "setup_type": "crossover",
                "confidence": 0.5,
            }
        )
        if pnl is not None:
            verdict = Verdict.SUPPORTS if pnl > 0 else Verdict.CONTRADICTS
            self.ledger.evidence.append(
                {
                    "id": self._id("evidence", key),
                    "entry_id": self._lesson_id,
                    "user_id": self._account.user_id,
                    "trade_id": trade_id,
                    "verdict": verdict,
                    "r_multiple": leg.pnl_r,
                    "known_at": self._time(leg.exit_at or leg.entry_at),
                }
            )

    def _order(
        self,
        key: str,
        side: OrderSide,
        quantity: Decimal,
        price: Decimal,
        at: int,
        fee: Decimal,
        trade_id: UUID,
        signal_id: UUID,
    ) -> UUID:
        """A market order that was filled at once; returns the id of its fill."""
        order_id, fill_id, time = self._id("order", key), self._id("fill", key), self._time(at)
        shared = {"account_id": self._account.id, "instrument_id": self._instrument.id}
        self.ledger.orders.append(
            shared
            | {
                "id": order_id,
                "strategy_id": self._rule.strategy_id,
                "signal_id": signal_id,
                "trade_id": trade_id,
                "client_order_id": key,
                "venue_order_id": f"sim-{order_id.hex[:16]}",
                "side": side,
                "order_type": OrderType.MARKET,
                "quantity": quantity,
                "filled_quantity": quantity,
                "filled_value": quantity * price,
                "average_price": price,
                "fee": fee,
                "fee_currency": self._currency,
                "reduce_only": key.endswith(":out"),
                "status": OrderStatus.FILLED,
                "venue_status": OrderStatus.FILLED,
                "submitted_at": time,
                "executed_at": time,
                "last_event_at": time,
                "last_event_sequence": 3,
            }
        )
        kinds = (OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.FILLED)
        self.ledger.order_events += [
            {
                "order_id": order_id,
                "dedupe_key": kind.value,
                "account_id": self._account.id,
                "kind": kind,
                "occurred_at": time,
                "sequence": number,
                "received_at": time,
            }
            for number, kind in enumerate(kinds, 1)
        ]
        self.ledger.fills.append(
            shared
            | {
                "id": fill_id,
                "venue_trade_id": f"sim-{time:%Y%m%d%H%M%S}-{1 if key.endswith(':out') else 2}",  # out before in again
                "order_id": order_id,
                "venue_order_id": f"sim-{order_id.hex[:16]}",
                "side": side,
                "quantity": quantity,
                "price": price,
                "fee": fee,
                "fee_currency": self._currency,
                "executed_at": time,
            }
        )
        self._last = max(self._last, (time, place_within(self.ledger.fills[-1]["venue_trade_id"], 0)))
        return fill_id

    def _exit(self, leg: Leg, trade_id: UUID, fill_id: UUID, fees: Decimal) -> None:
        pnl = leg.pnl
        assert pnl is not None  # noqa: S101 - only called for round trips that ended
        self.ledger.trade_exits.append(
            {
                "trade_id": trade_id,
                "account_id": self._account.id,
                "sequence": 1,
                "fill_id": fill_id,
                "quantity": leg.quantity,
                "price": leg.exit_price,
                "exit_time": self._time(leg.exit_at or leg.entry_at),
                "reason": leg.reason,
                "pnl": pnl,
                "pnl_r": leg.pnl_r,
                "fees": fees,
            }
        )

    def _time(self, at: int) -> datetime:
        """When a candle closed, which is when the strategy could act on it."""
        opened = self._series.open_time[at].astype(datetime).replace(tzinfo=UTC)
        return self._series.timeframe.next(opened)

    def _id(self, kind: str, key: str) -> UUID:
        return uuid5(self._account.id, f"{kind}:{key}")
