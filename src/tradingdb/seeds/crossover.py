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

import numpy as np

from tradingdb.models import (
    ExitReason,
    OrderEventKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalDirection,
    SignalStatus,
    TradeDirection,
    TradeOutcome,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradingdb.candles import CandleSeries
    from tradingdb.models import Instrument, StrategyRule, TradingAccount

FAST, SLOW = 240, 960
"""Lengths of the two averages, in candles."""

STOP = Decimal("0.02")
FEE = Decimal("0.0005")
NOTIONAL = Decimal(1000)
LOT = Decimal("0.0001")
R_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Leg:
    """One round trip of the strategy: entry and, if it came, exit, as candle positions and prices."""

    direction: TradeDirection
    entry_at: int
    entry_price: Decimal
    stop: Decimal
    quantity: Decimal
    exit_at: int | None = None
    exit_price: Decimal | None = None
    reason: ExitReason | None = None

    @property
    def sign(self) -> int:
        """1 for long, -1 for short."""
        return 1 if self.direction is TradeDirection.LONG else -1


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
    for leg in _legs(series, instrument):
        book.record(leg)
    book.close()
    return book.ledger


def _legs(series: CandleSeries, instrument: Instrument) -> Iterator[Leg]:
    """Every round trip: in when the averages cross, out at the stop or at the next crossing."""
    crossings = _crossings(series.close)
    for number, (at, direction) in enumerate(crossings):
        until = crossings[number + 1][0] if number + 1 < len(crossings) else None
        price = instrument.quantize_price(_decimal(series.close[at]))
        sign = 1 if direction is TradeDirection.LONG else -1
        stop = instrument.quantize_price(price * (1 - sign * STOP))
        quantity = max(LOT, (NOTIONAL / price) // LOT * LOT)
        leg = (direction, at, price, stop, quantity)
        stopped = _stopped_at(series, direction, stop, at, until)
        if stopped is not None:
            yield Leg(*leg, stopped, stop, ExitReason.STOP_LOSS)
        elif until is not None:
            yield Leg(*leg, until, instrument.quantize_price(_decimal(series.close[until])), ExitReason.SIGNAL)
        else:
            yield Leg(*leg)


def _crossings(close: np.ndarray[Any, np.dtype[np.float64]]) -> list[tuple[int, TradeDirection]]:
    if len(close) <= SLOW:
        return []
    total = np.concatenate(([0.0], np.cumsum(close)))
    ends = np.arange(SLOW, len(close) + 1)
    above = (total[ends] - total[ends - FAST]) / FAST > (total[ends] - total[ends - SLOW]) / SLOW
    at = np.flatnonzero(above[1:] != above[:-1]) + SLOW
    return [(int(i), TradeDirection.LONG if above[i - SLOW + 1] else TradeDirection.SHORT) for i in at]


def _stopped_at(
    series: CandleSeries, direction: TradeDirection, stop: Decimal, after: int, until: int | None
) -> int | None:
    window = slice(after + 1, until)
    hit = series.low[window] <= float(stop) if direction is TradeDirection.LONG else series.high[window] >= float(stop)
    return after + 1 + int(np.argmax(hit)) if hit.any() else None


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
        self._last_fill: datetime | None = None

    def record(self, leg: Leg) -> None:
        """Write the signal, the orders with their events and fills, and the trade of one round trip."""
        key = f"{self._instrument.id}:{self._series.timeframe.value}:{self._time(leg.entry_at).isoformat()}"
        signal_id, trade_id = self._id("signal", key), self._id("trade", key)
        self._signal(leg, signal_id)
        entry_fee = self._fee(leg.quantity, leg.entry_price)
        exit_fee = Decimal(0)
        if leg.exit_at is not None and leg.exit_price is not None:
            exit_fee = self._fee(leg.quantity, leg.exit_price)
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
        if self._last_fill is None:
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
                "last_fill_at": self._last_fill,
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
        pnl = self._pnl(leg, fees)
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
                "outcome": _outcome(pnl),
                "initial_stop": leg.stop,
                "current_stop": leg.stop,
                "pnl": pnl,
                "pnl_r": None if pnl is None else _r_multiple(leg, pnl),
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
                    "r_multiple": _r_multiple(leg, pnl),
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
                "average_price": price,
                "fee": fee,
                "fee_currency": self._currency,
                "reduce_only": key.endswith(":out"),
                "status": OrderStatus.FILLED,
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
                "venue_trade_id": f"sim-{fill_id.hex[:16]}",
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
        self._last_fill = time
        return fill_id

    def _exit(self, leg: Leg, trade_id: UUID, fill_id: UUID, fees: Decimal) -> None:
        pnl = self._pnl(leg, fees)
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
                "pnl_r": _r_multiple(leg, pnl),
                "fees": fees,
            }
        )

    def _pnl(self, leg: Leg, fees: Decimal) -> Decimal | None:
        if leg.exit_price is None:
            return None
        return leg.sign * (leg.exit_price - leg.entry_price) * leg.quantity - fees

    def _fee(self, quantity: Decimal, price: Decimal) -> Decimal:
        return quantity * price * FEE

    def _time(self, at: int) -> datetime:
        """When a candle closed, which is when the strategy could act on it."""
        opened = self._series.open_time[at].astype(datetime).replace(tzinfo=UTC)
        return self._series.timeframe.next(opened)

    def _id(self, kind: str, key: str) -> UUID:
        return uuid5(self._account.id, f"{kind}:{key}")


def _decimal(value: float) -> Decimal:
    """A double as the shortest decimal that means it: what the venue wrote, up to 15 digits."""
    return Decimal(repr(float(value)))


def _r_multiple(leg: Leg, pnl: Decimal) -> Decimal:
    return (pnl / (abs(leg.entry_price - leg.stop) * leg.quantity)).quantize(R_DIGITS)


def _outcome(pnl: Decimal | None) -> TradeOutcome:
    if pnl is None:
        return TradeOutcome.PENDING
    if pnl == 0:
        return TradeOutcome.BREAKEVEN
    return TradeOutcome.WIN if pnl > 0 else TradeOutcome.LOSS
