"""What is handed in about round trips, and what is answered. What cannot be stored exactly cannot be made."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from tradingdb.core.mode import TradingMode
from tradingdb.core.types import LARGEST_INT2, LARGEST_INT4, exact
from tradingdb.errors import InvalidValueError, TradingDBError
from tradingdb.models import ExitReason, TradeDirection, TradeOutcome
from tradingdb.services.ledger.entries import CheckedEntry, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

MOST_EXITS = LARGEST_INT2
"""Numbers of exits are small integers."""


@dataclass(frozen=True, slots=True)
class TradeReceipt:
    """What became of one entry, and of its trade."""

    result: Result
    trade_id: UUID | None = None
    """None: refused, and no such trade is there."""
    outcome: TradeOutcome | None = None
    """Of the trade afterwards; pending while it is open."""
    error: TradingDBError | None = None

    def checked(self) -> Self:
        """The receipt itself.

        Raises:
            TradingDBError: the one that the entry was refused with.
        """
        if self.error is not None:
            raise self.error
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrade(CheckedEntry):
    """A position that was entered. Its key is (account, backtest run, dedupe key).

    Raises:
        InvalidValueError: a value cannot be kept exactly, or means nothing.
    """

    dedupe_key: str
    """The recorder's own: the same trade sent again has the same."""
    instrument_id: int
    direction: TradeDirection | str
    quantity: Decimal
    """Units of base, or contracts."""
    entry_price: Decimal
    entry_time: datetime
    account_id: UUID | None = None
    """None only in backtests."""
    mode: TradingMode | str | None = None
    """None: the account's. Another than the account's is refused: live, paper and backtest never mix."""
    backtest_run_id: UUID | None = None
    initial_stop: Decimal | None = None
    """Defines the risk: without it there is no R-multiple."""
    target_prices: Sequence[Decimal] = ()
    fees: Decimal = Decimal(0)
    """Of the entry, in settle currency. Exits have their own."""
    funding: Decimal = Decimal(0)
    """Received so far, in settle currency; negative: paid."""
    leverage: Decimal | None = None
    margin: Decimal | None = None
    """The capital at entry. None: the value of the position, by the leverage if that is given."""
    user_id: UUID | None = None
    """None: the account's."""
    strategy_id: UUID | None = None
    rule_id: UUID | None = None
    signal_id: UUID | None = None
    reasoning: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    confidence: float | None = None
    confluence_score: float | None = None
    setup_type: str | None = None
    market_phase: str | None = None
    indicator: str | None = None
    tags: Sequence[str] = ()
    notes: str | None = None

    def __post_init__(self) -> None:
        self._check_words(direction=TradeDirection, mode=TradingMode)
        self._check_keys("account_id", "backtest_run_id", "user_id", "strategy_id", "rule_id", "signal_id")
        self._check_integers(instrument_id=LARGEST_INT4)
        self._check_payload("context")
        self._check_positive("quantity")
        self._check_numbers("entry_price", "initial_stop", "fees", "funding", "leverage", "margin")
        self._check_times("entry_time")
        self._check_references("dedupe_key", "setup_type", "market_phase", "indicator")
        self._store("target_prices", tuple(exact(price) for price in self.target_prices))
        if (self.leverage is not None and self.leverage <= 0) or (self.margin is not None and self.margin < 0):
            raise InvalidValueError("A leverage is more than zero, and a margin not less.")
        if self.account_id is None and self.mode != TradingMode.BACKTEST:
            raise InvalidValueError("A trade without an account is one of a backtest: say mode='backtest'.")
        if self.backtest_run_id is not None and self.mode != TradingMode.BACKTEST:
            raise InvalidValueError("A trade of a backtest run is one of a backtest: say mode='backtest'.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExit(CheckedEntry):
    """A part of a trade that was closed, or all of it. Its key is (trade, sequence).

    Raises:
        InvalidValueError: a value cannot be kept exactly, or means nothing.
    """

    sequence: int
    """1 is the first exit. Exits may arrive in any order."""
    quantity: Decimal
    price: Decimal
    exit_time: datetime
    reason: ExitReason | str | None = None
    fees: Decimal = Decimal(0)
    """Of this exit, in settle currency."""
    fill_id: UUID | None = None

    def __post_init__(self) -> None:
        self._check_words(reason=ExitReason)
        self._check_positive("quantity")
        self._check_numbers("price", "fees")
        self._check_times("exit_time")
        if isinstance(self.sequence, bool) or not isinstance(self.sequence, int):
            raise InvalidValueError(f"sequence was {self.sequence!r}: it is a whole number.")
        if not 1 <= self.sequence <= MOST_EXITS:
            raise InvalidValueError(f"sequence was {self.sequence}: it counts from 1 to {MOST_EXITS:,}.")


__all__ = ["MOST_EXITS", "NewExit", "NewTrade", "Result", "TradeReceipt"]
