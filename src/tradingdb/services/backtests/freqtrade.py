"""What freqtrade's backtesting says about a strategy, checked: the shapes of its results since version 2021.1.

Keys that are not named here are kept as they came. Times without a zone are UTC, as the engine means them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tradingdb.core.clock import as_utc
from tradingdb.core.json import clean_text
from tradingdb.core.types import exact
from tradingdb.models import ExitReason
from tradingdb.services.backtests.documents import place_of

if TYPE_CHECKING:
    from tradingdb.services.backtests.documents import ResultDocument

REASONS = {
    "roi": ExitReason.TAKE_PROFIT,
    "stop_loss": ExitReason.STOP_LOSS,
    "stoploss_on_exchange": ExitReason.STOP_LOSS,
    "emergency_exit": ExitReason.STOP_LOSS,
    "emergency_sell": ExitReason.STOP_LOSS,
    "trailing_stop_loss": ExitReason.TRAILING_STOP,
    "liquidation": ExitReason.LIQUIDATION,
    "exit_signal": ExitReason.SIGNAL,
    "sell_signal": ExitReason.SIGNAL,
    "custom_exit": ExitReason.SIGNAL,
    "custom_sell": ExitReason.SIGNAL,
    "partial_exit": ExitReason.SIGNAL,
    "force_exit": ExitReason.END_OF_DATA,
    "force_sell": ExitReason.END_OF_DATA,
}
"""The engine's words (`sell` in those before 2022.4) to ours. Any other word is one that the strategy itself returned
to end a trade: a signal. A trade that is open when the data end is closed by the engine as `force_exit`."""

MILLISECONDS = 100_000_000_000
"""Epoch times from here on are milliseconds: as seconds they would be later than the year 5000."""

_TIMEFRAME = re.compile(r"([1-9][0-9]*)([smhdwM])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000}


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic takes ValueError for a refusal
    return exact(value)


def _instant(value: object) -> datetime:
    """ISO 8601 text, or seconds or milliseconds after 1970."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("a time is needed, such as 2024-01-31 12:00:00+00:00") from None
        return as_utc(at if at.tzinfo else at.replace(tzinfo=UTC))
    number = _number(value)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + (
            timedelta(milliseconds=int(number)) if abs(number) >= MILLISECONDS else timedelta(seconds=int(number))
        )
    except OverflowError:
        raise ValueError("it is a time outside the years 1 to 9999") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text is needed")
    return clean_text(value)


def _optional_text(value: object) -> str | None:
    """Empty text is none."""
    if value is not None and not isinstance(value, str):
        raise ValueError("text is needed")
    return clean_text(value) if value else None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is needed")  # noqa: TRY004 - as above
    return value


def _whole(value: object) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError("a whole number is needed")
    return int(number)


def _objects(value: object) -> list[Any]:
    """A list of objects; null is none."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise ValueError("a list of objects is needed")
    return value


Number = Annotated[Decimal, BeforeValidator(_number)]
Positive = Annotated[Decimal, BeforeValidator(_number), Field(gt=0)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Words = Annotated[str, BeforeValidator(_text)]
Word = Annotated[str | None, BeforeValidator(_optional_text)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Whole = Annotated[int, BeforeValidator(_whole)]


class FilledOrder(BaseModel):
    """An order of a trade, as the engine exports it since 2022: quantity, price and when it was filled."""

    model_config = ConfigDict(frozen=True, extra="allow")

    amount: Number
    safe_price: Number
    ft_is_entry: Flag
    order_filled_timestamp: Instant | None = None


class TradeRecord(BaseModel):
    """A round trip. Prices in quote, amounts in base, profit in stake currency; `profit_ratio` is a fraction."""

    model_config = ConfigDict(frozen=True, extra="allow")

    pair: Words
    amount: Positive
    stake_amount: Number
    open_date: Instant
    open_rate: Number
    close_date: Instant | None
    close_rate: Number | None
    fee_open: Number
    fee_close: Number
    profit_abs: Number | None
    profit_ratio: Number | None
    exit_reason: Word
    is_short: Flag = False
    leverage: Positive = Decimal(1)
    funding_fees: Number | None = None
    initial_stop_loss_abs: Number | None = None
    stop_loss_abs: Number | None = None
    min_rate: Number | None = None
    max_rate: Number | None = None
    enter_tag: Word = None
    orders: Annotated[list[FilledOrder], BeforeValidator(_objects)] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _present_names(cls, value: Any) -> Any:
        """Versions before 2022.4 call an exit a sell and a tag of the entry a buy tag."""
        if not isinstance(value, Mapping):
            return value
        older = {"sell_reason": "exit_reason", "buy_tag": "enter_tag"}
        return {older[key] if key in older and older[key] not in value else key: item for key, item in value.items()}

    @model_validator(mode="after")
    def _whole(self) -> TradeRecord:
        ending = (self.close_date, self.close_rate, self.profit_abs)
        if self.is_closed and None in ending:
            raise ValueError("a closed trade needs close_date, close_rate and profit_abs")
        if self.close_date is not None and self.close_date < self.open_date:
            raise ValueError("close_date is before open_date")
        return self

    @property
    def is_closed(self) -> bool:
        """Whether it has an exit; `is_open` alone does not say so, because the engine closes all at the end."""
        return self.close_date is not None

    @property
    def exits(self) -> list[FilledOrder]:
        """The orders that closed parts of it, oldest first; empty where the file has none."""
        closing = [
            order
            for order in self.orders
            if not order.ft_is_entry and order.order_filled_timestamp and order.amount > 0
        ]
        return sorted(closing, key=lambda order: order.order_filled_timestamp or self.open_date)

    @property
    def reason(self) -> ExitReason | None:
        """Our word for why it was closed."""
        return REASONS.get(self.exit_reason, ExitReason.SIGNAL) if self.exit_reason else None


class StrategyRecord(BaseModel):
    """The results of one strategy: its trades, its settings, and the figures that the engine computed."""

    model_config = ConfigDict(frozen=True, extra="allow")

    trades: list[TradeRecord]
    stake_currency: Words
    starting_balance: Positive
    backtest_start_ts: Instant
    backtest_end_ts: Instant
    backtest_run_start_ts: Instant
    backtest_run_end_ts: Instant
    timeframe: Words
    pairlist: list[Words]
    max_open_trades: Whole | None = None

    @model_validator(mode="after")
    def _ordered(self) -> StrategyRecord:
        if not _TIMEFRAME.fullmatch(self.timeframe):
            raise ValueError(f"{self.timeframe!r} is no timeframe, such as 5m or 1h")
        if self.backtest_end_ts < self.backtest_start_ts:
            raise ValueError("backtest_end_ts is before backtest_start_ts")
        if self.backtest_run_end_ts < self.backtest_run_start_ts:
            raise ValueError("backtest_run_end_ts is before backtest_run_start_ts")
        return self

    @property
    def end_at(self) -> datetime:
        """When the last candle of the data closed; `backtest_end_ts` is when it opened. A month counts 30 days."""
        match = _TIMEFRAME.fullmatch(self.timeframe)
        assert match is not None  # noqa: S101 - checked on the way in
        return self.backtest_end_ts + timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def strategies_of(document: ResultDocument) -> dict[str, StrategyRecord]:
    """The strategies of a document by name, checked.

    Raises:
        UnusableFileError: there is none, or one does not have its shape; the message names the place and the reason.
    """
    found = document.content.get("strategy")
    if not isinstance(found, Mapping) or not found:
        raise document.refused("strategy", "no strategy is in it; freqtrade writes one object for each")
    checked: dict[str, StrategyRecord] = {}
    for name, content in found.items():
        try:
            _text(name)
            checked[name] = StrategyRecord.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            reason = first["msg"].removeprefix("Value error, ").rstrip(".")
            reason = "it is missing" if first["type"] == "missing" else reason[:1].lower() + reason[1:]
            raise document.refused(place_of(("strategy", name, *first["loc"])), reason) from None
        except ValueError as error:
            raise document.refused("strategy", f"the name of a strategy cannot be used: {error}") from None
    return checked
