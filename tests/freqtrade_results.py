"""Results as freqtrade's backtesting writes them: small, with what a test wants to be different."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def a_trade(**different: Any) -> Row:
    """A long of 2 LTC at 100, sold at 110, with fees of one in a thousand: 20 - 0.42 is gained."""
    return {
        "pair": "LTC/USDT",
        "stake_amount": Decimal("200.0"),
        "max_stake_amount": Decimal("200.0"),
        "amount": Decimal("2.0"),
        "open_date": "2024-03-01 10:00:00+00:00",
        "close_date": "2024-03-01 12:30:00+00:00",
        "open_rate": Decimal("100.0"),
        "close_rate": Decimal("110.0"),
        "fee_open": Decimal("0.001"),
        "fee_close": Decimal("0.001"),
        "trade_duration": 150,
        "profit_ratio": Decimal("0.0978021"),
        "profit_abs": Decimal("19.58"),
        "exit_reason": "roi",
        "initial_stop_loss_abs": Decimal("90.0"),
        "initial_stop_loss_ratio": Decimal("-0.1"),
        "stop_loss_abs": Decimal("95.0"),
        "stop_loss_ratio": Decimal("-0.05"),
        "min_rate": Decimal("99.0"),
        "max_rate": Decimal("111.0"),
        "is_open": False,
        "enter_tag": "cross",
        "leverage": Decimal("1.0"),
        "is_short": False,
        "open_timestamp": 1709287200000,
        "close_timestamp": 1709296200000,
        "orders": [
            an_order("buy", "2.0", "100.0", 1709287200000),
            an_order("sell", "2.0", "110.0", 1709296200000),
        ],
        "funding_fees": Decimal("0.0"),
    } | different


def an_order(side: str, amount: str, price: str, filled: int, *, is_entry: bool | None = None) -> Row:
    """An order of a trade; buys are entries unless it is said otherwise."""
    return {
        "amount": Decimal(amount),
        "safe_price": Decimal(price),
        "ft_order_side": side,
        "order_filled_timestamp": filled,
        "ft_is_entry": side == "buy" if is_entry is None else is_entry,
        "ft_order_tag": None,
        "cost": Decimal(amount) * Decimal(price),
    }


def a_strategy(*trades: Row, **different: Any) -> Row:
    """The section of a strategy, from 1 to 3 March 2024, with 1,000 USDT at its start."""
    return {
        "trades": list(trades),
        "locks": [],
        "total_trades": len(trades),
        "backtest_start": "2024-03-01 00:00:00",
        "backtest_start_ts": 1709251200000,
        "backtest_end": "2024-03-02 23:55:00",
        "backtest_end_ts": 1709423700000,
        "backtest_run_start_ts": 1710000000,
        "backtest_run_end_ts": 1710000007,
        "backtest_days": 1,
        "pairlist": ["LTC/USDT", "ETH/USDT"],
        "stake_amount": Decimal("200.0"),
        "stake_currency": "USDT",
        "starting_balance": Decimal("1000.0"),
        "max_open_trades": 2,
        "timeframe": "5m",
        "stoploss": Decimal("-0.1"),
        "minimal_roi": {"0": Decimal("0.1")},
        "trading_mode": "spot",
    } | different


def a_result(**strategies: Row) -> Row:
    """The document of strategies, by name."""
    return {"strategy": strategies, "strategy_comparison": []}


def saved(path: Path, result: Any) -> Path:
    """The document as a file; its Decimals are numbers there, digit by digit."""
    path.write_text(json_of(result))
    return path


def zipped(path: Path, **members: Any) -> Path:
    """A zip of JSON documents; `_` in a name becomes what newer versions put there, as in `NAME_config.json`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.json", json_of(content))
        archive.writestr(f"{path.stem}_Strategy.py", "class Strategy: ...")
    return path


def json_of(value: Any) -> str:
    """JSON whose numbers are spelled as their Decimals are."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {json_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_of, value)) + "]"
    return json.dumps(value)
