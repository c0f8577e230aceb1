"""A strategy's results as rows of backtest_configs, backtest_runs, trades and trade_exits.

Products are exact; quotients (R, an average exit price, an average fee) are rounded at 50 significant digits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from tradingdb.core.mode import TradingMode
from tradingdb.models import BacktestStatus, TradeDirection, TradeOutcome

if TYPE_CHECKING:
    from tradingdb.models import Instrument
    from tradingdb.services.backtests.freqtrade import FilledOrder, StrategyRecord, TradeRecord

Row = dict[str, Any]

ENGINE = "freqtrade"

NAMESPACE = UUID("0b0a7f0e-58a7-5f0c-8c57-3f7c7f5e4c66")
"""Of identifiers that are made from a result's content, so that the same result is the same run."""

PRECISE = Context(prec=50)
EXACT = Context(prec=1_000)
"""Wide enough for the product of any three numbers of a result."""

LONGEST_WHOLE = 30
"""Digits up to which a number without a fraction is spelled out."""

ROUNDING = Decimal("1e-9")
"""Relative to a trade's size: how far apart two of the engine's floats may be and still mean the same amount."""

SETTINGS = (
    "stake_amount", "timeframe_detail", "timerange", "enable_protections", "stoploss", "trailing_stop",
    "trailing_stop_positive", "trailing_stop_positive_offset", "trailing_only_offset_is_reached",
    "use_custom_stoploss", "minimal_roi", "use_exit_signal", "exit_profit_only", "exit_profit_offset",
    "ignore_roi_if_entry_signal", "trading_mode", "margin_mode", "freqaimodel", "freqai_identifier",
    "max_open_trades_setting",
)  # fmt: skip
"""What the strategy was told; everything else that is no trade is a figure of the engine's."""


@dataclass(frozen=True, slots=True)
class RunRows:
    """Everything of one strategy that is stored, but for what is computed from its trades."""

    config: Row
    run: Row
    figures: Row
    trades: list[Row]
    exits: list[Row]
    fees_left_out: int
    """Trades whose profit is, by their own prices and fee rates, before fees."""
    instrument_ids: list[int]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a strategy's results come from, and whose they are."""

    strategy: str
    file: str
    venue: str
    user_id: UUID | None
    strategy_id: UUID | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the engine says about the run beside its results, such as its own run_id."""


def rows_of(
    record: StrategyRecord, content: Mapping[str, Any], origin: Origin, instruments: Mapping[str, Instrument]
) -> RunRows:
    """The rows of a strategy's results; `content` is what `record` was read from, `instruments` are by pair.

    Raises:
        InvalidValueError: a value cannot be stored.
    """
    with localcontext(EXACT):
        digest = _digest([origin.strategy, origin.venue, origin.user_id, dict(content)])
        run_id = uuid5(NAMESPACE, f"run:{digest.hex()}")
        config = _config(record, content, origin, instruments)
        shared = {
            "mode": TradingMode.BACKTEST,
            "backtest_run_id": run_id,
            "user_id": origin.user_id,
            "strategy_id": origin.strategy_id,
        }
        trades: list[Row] = []
        exits: list[Row] = []
        keys: Counter[str] = Counter()
        for position, trade in enumerate(record.trades, 1):
            name = f"{trade.pair} {trade.open_date.isoformat()} {_direction(trade)}"
            keys[name] += 1
            key = name if keys[name] == 1 else f"{name} {keys[name]}"
            trade_id = uuid5(run_id, key)
            instrument = instruments[trade.pair]
            row = shared | {"id": trade_id, "dedupe_key": key} | _trade(trade, instrument, position)
            trades.append(row)
            exits += _exits(trade, row, instrument)
        return RunRows(
            config=config,
            run=_run(record, content, origin, run_id, config["id"]),
            figures={name: value for name, value in content.items() if name not in {"trades", "locks", *SETTINGS}},
            trades=trades,
            exits=exits,
            fees_left_out=sum(_leaves_out_fees(trade) for trade in record.trades),
            instrument_ids=sorted({instruments[pair].id for pair in pairs_of(record)}),
        )


def pairs_of(record: StrategyRecord) -> list[str]:
    """Every pair that was tried, traded or not, sorted."""
    return sorted({*record.pairlist, *(trade.pair for trade in record.trades)})


def _digest(value: object) -> bytes:
    """Of the same content whatever the order of its keys, and however its numbers are spelled."""
    return sha256(json.dumps(value, sort_keys=True, default=_spelled).encode()).digest()


def _spelled(value: object) -> object:
    """What JSON has no word for. 1.0 is spelled as the whole number that it is."""
    if isinstance(value, Decimal):
        is_short = value.adjusted() < LONGEST_WHOLE and value == value.to_integral_value()
        return int(value) if is_short else str(value.normalize())
    return dict(value) if isinstance(value, Mapping) else str(value)


def _config(
    record: StrategyRecord, content: Mapping[str, Any], origin: Origin, instruments: Mapping[str, Instrument]
) -> Row:
    limit = record.max_open_trades
    told = {
        "start_at": record.backtest_start_ts,
        "end_at": record.end_at,
        "initial_balance": record.starting_balance,
        "currency": record.stake_currency,
        "timeframes": [record.timeframe],
        "max_concurrent_positions": limit if limit and limit > 0 else None,
        "fee_rate": _fee_rate(record),
        "parameters": {name: content[name] for name in SETTINGS if name in content},
    }
    traded = [f"{origin.venue} {pair}" for pair in sorted(instruments) if pair in set(pairs_of(record))]
    digest = _digest({**told, "strategy": origin.strategy, "instruments": traded, "user": origin.user_id})
    days = f"{record.backtest_start_ts:%Y-%m-%d} to {record.backtest_end_ts:%Y-%m-%d}"
    return {
        "id": uuid5(NAMESPACE, f"config:{digest.hex()}"),
        "user_id": origin.user_id,
        "strategy_id": origin.strategy_id,
        "name": f"{origin.strategy} {record.timeframe}, {days}",
        **told,
        "content_sha256": digest,
    }


def _run(record: StrategyRecord, content: Mapping[str, Any], origin: Origin, run_id: UUID, config_id: UUID) -> Row:
    return {
        "id": run_id,
        "config_id": config_id,
        "user_id": origin.user_id,
        "strategy_id": origin.strategy_id,
        "status": BacktestStatus.COMPLETED,
        "engine": ENGINE,
        "started_at": record.backtest_run_start_ts,
        "completed_at": record.backtest_run_end_ts,
        "details": {
            "strategy": origin.strategy,
            "file": origin.file,
            "venue": origin.venue,
            "locks": content.get("locks") or [],
            "metadata": dict(origin.metadata),
        },
    }


def _trade(trade: TradeRecord, instrument: Instrument, position: int) -> Row:
    amount = _amount(trade)
    lowest, highest = trade.min_rate, trade.max_rate
    is_leveraged = trade.leverage != 1
    return {
        "instrument_id": instrument.id,
        "direction": _direction(trade),
        "quantity": _quantity(trade, instrument),
        "entry_price": trade.open_rate,
        "entry_time": trade.open_date,
        "exit_price": _exit_price(trade),
        "exit_time": trade.close_date,
        "exit_reason": trade.reason if trade.is_closed else None,
        "outcome": _outcome(trade),
        "initial_stop": trade.initial_stop_loss_abs or None,
        "current_stop": trade.stop_loss_abs or None,
        "pnl": trade.profit_abs if trade.is_closed else None,
        "pnl_percent": None if trade.profit_ratio is None or not trade.is_closed else trade.profit_ratio * 100,
        "pnl_r": _pnl_r(trade, amount),
        "fees": _fees(trade),
        "funding": trade.funding_fees or Decimal(0),
        "leverage": trade.leverage,
        "margin": trade.stake_amount if is_leveraged and trade.stake_amount >= 0 else None,
        "max_adverse_price": highest if trade.is_short else lowest,
        "max_favorable_price": lowest if trade.is_short else highest,
        "tags": [trade.enter_tag] if trade.enter_tag else [],
        "context": {ENGINE: _left_over(trade), "position_in_file": position},
    }


def _left_over(trade: TradeRecord) -> Row:
    """What no column holds, in the engine's own words."""
    stored = {
        "pair", "open_date", "open_timestamp", "open_rate", "close_date", "close_timestamp", "is_short",
        "initial_stop_loss_abs", "stop_loss_abs", "min_rate", "max_rate", "leverage", "funding_fees", "orders",
    }  # fmt: skip
    told = {name: value for name, value in trade.model_dump().items() if name not in stored and value is not None}
    return told | ({"orders": [order.model_dump() for order in trade.orders]} if trade.orders else {})


def _exits(trade: TradeRecord, row: Row, instrument: Instrument) -> list[Row]:
    """The parts in which it was closed. The engine tells no profit of a part, so only a single one has it."""
    if not trade.is_closed:
        return []
    shared = {"trade_id": row["id"], "reason": row["exit_reason"]}
    if len(trade.exits) > 1:
        return [
            shared
            | {
                "sequence": number,
                "quantity": _in_contracts(order.amount, instrument),
                "price": order.safe_price,
                "exit_time": order.order_filled_timestamp,
                "pnl": None,
                "pnl_r": None,
                "fees": order.amount * order.safe_price * trade.fee_close,
            }
            for number, order in enumerate(trade.exits, 1)
        ]
    whole = {name: row[name] for name in ("quantity", "exit_time", "pnl", "pnl_r", "fees")}
    return [shared | whole | {"sequence": 1, "price": row["exit_price"]}]


def _quantity(trade: TradeRecord, instrument: Instrument) -> Decimal:
    """What its exits add up to, to the last digit."""
    if len(trade.exits) > 1:
        return sum((_in_contracts(order.amount, instrument) for order in trade.exits), Decimal(0))
    return _in_contracts(trade.amount, instrument)


def _amount(trade: TradeRecord) -> Decimal:
    """Base that was traded. Once parts were closed, the engine's `amount` is only the last of them."""
    return sum((order.amount for order in trade.exits), Decimal(0)) if len(trade.exits) > 1 else trade.amount


def _in_contracts(amount: Decimal, instrument: Instrument) -> Decimal:
    """The engine counts base; where a contract is not one unit of it, quantities are contracts."""
    return amount if instrument.contract_size == 1 else PRECISE.divide(amount, instrument.contract_size)


def _exit_price(trade: TradeRecord) -> Decimal | None:
    """The average over the exits; `close_rate` is the price of the last."""
    if len(trade.exits) < 2 or not trade.is_closed:  # noqa: PLR2004 - more than one part
        return trade.close_rate if trade.is_closed else None
    return PRECISE.divide(_value(trade.exits), _amount(trade))


def _value(orders: list[FilledOrder]) -> Decimal:
    return sum((order.amount * order.safe_price for order in orders), Decimal(0))


def _exit_value(trade: TradeRecord) -> Decimal:
    if len(trade.exits) > 1:
        return _value(trade.exits)
    return trade.amount * trade.close_rate if trade.is_closed and trade.close_rate is not None else Decimal(0)


def _fees(trade: TradeRecord) -> Decimal:
    """Of the value at entry and at exit: the engine exports rates only."""
    return _amount(trade) * trade.open_rate * trade.fee_open + _exit_value(trade) * trade.fee_close


def _fee_rate(record: StrategyRecord) -> Decimal:
    """The rate of every fill; where rates differ, fees by the value of fills."""
    rates = {rate for trade in record.trades for rate in (trade.fee_open, trade.fee_close)}
    if len(rates) < 2:  # noqa: PLR2004 - all the same
        return rates.pop() if rates else Decimal(0)
    value = sum((_amount(trade) * trade.open_rate + _exit_value(trade) for trade in record.trades), Decimal(0))
    return PRECISE.divide(sum((_fees(trade) for trade in record.trades), Decimal(0)), value) if value else Decimal(0)


def _leaves_out_fees(trade: TradeRecord) -> bool:
    """Whether the profit is the difference of prices, although the trade has fees."""
    fees = _fees(trade)
    if not trade.is_closed or trade.profit_abs is None or not fees:
        return False
    entered, left = _amount(trade) * trade.open_rate, _exit_value(trade)
    before_fees = (entered - left if trade.is_short else left - entered) + (trade.funding_fees or 0)
    near = ROUNDING * abs(entered)
    return abs(trade.profit_abs - before_fees) <= near < abs(trade.profit_abs - (before_fees - fees))


def _pnl_r(trade: TradeRecord, amount: Decimal) -> Decimal | None:
    """Profit by the risk taken at entry: pnl / (abs(entry - initial stop) * quantity)."""
    if not trade.is_closed or trade.profit_abs is None or not trade.initial_stop_loss_abs:
        return None
    risk = abs(trade.open_rate - trade.initial_stop_loss_abs) * amount
    return PRECISE.divide(trade.profit_abs, risk) if risk else None


def _direction(trade: TradeRecord) -> TradeDirection:
    return TradeDirection.SHORT if trade.is_short else TradeDirection.LONG


def _outcome(trade: TradeRecord) -> TradeOutcome:
    """By the sign of the profit, as everywhere in the ledger; the engine also counts by the sign of its ratio."""
    if not trade.is_closed or trade.profit_abs is None:
        return TradeOutcome.PENDING
    if not trade.profit_abs:
        return TradeOutcome.BREAKEVEN
    return TradeOutcome.WIN if trade.profit_abs > 0 else TradeOutcome.LOSS
