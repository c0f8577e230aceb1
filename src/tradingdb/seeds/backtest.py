"""The crossover tried on the first days of its candles: configuration, a run with its trades, and one that failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradingdb.core.json import dump_json
from tradingdb.models import (
    BacktestConfig,
    BacktestConfigInstrument,
    BacktestConfigRule,
    BacktestEquity,
    BacktestResult,
    BacktestRun,
    BacktestStatus,
    ExitReason,
    Trade,
    TradeExit,
    TradingMode,
)
from tradingdb.seeds.adding import digest_of, named_id
from tradingdb.seeds.figures import Closed, Summary, drawdowns
from tradingdb.seeds.round_trips import FAST, FEE, SLOW, decimal, outcome_of, round_trips
from tradingdb.seeds.scene import START, january

if TYPE_CHECKING:
    from tradingdb.candles import CandleSeries
    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.round_trips import Leg
    from tradingdb.seeds.scene import Scene

TRIED_UNTIL = january(11)
RAN_AT = january(11, 1)
INITIAL_BALANCE = Decimal(10_000)
CONFIG_ID, RUN_ID, FAILED_RUN_ID = (named_id(f"backtest:{name}") for name in ("config", "run", "failed run"))


async def seed_backtest(add: Adder, scene: Scene) -> None:
    """Store the configuration, both runs, and what came of the one that ended well."""
    series = _first_days(scene)
    legs = [_ended(leg, series, scene) for leg in round_trips(series, scene.spot)]
    legs.sort(key=lambda leg: leg.exit_at or 0)
    await add(BacktestConfig, [_config(scene)])
    await add(BacktestConfigRule, [{"config_id": CONFIG_ID, "rule_id": scene.trader.rule_id}])
    await add(BacktestConfigInstrument, [{"config_id": CONFIG_ID, "instrument_id": scene.spot.id}])
    await add(BacktestRun, _runs(scene))
    await add(Trade, [_trade(scene, leg) for leg in legs])
    await add(TradeExit, [_exit(leg) for leg in legs])
    times, equity = _equity(legs)
    fallen = drawdowns(equity)
    await add(
        BacktestEquity,
        [
            {"run_id": RUN_ID, "at": at, "equity": value, "drawdown": float(share)}
            for at, value, (_, share) in zip(times, equity, fallen, strict=True)
        ],
    )
    await add(BacktestResult, [_result(scene, legs, equity[-1], fallen)])


def _first_days(scene: Scene) -> CandleSeries:
    kept = scene.before(TRIED_UNTIL, TRIED_UNTIL - START)
    columns: dict[str, Any] = {name: column[kept] for name, column in scene.minutes.columns.items()}
    return replace(scene.minutes, **columns)


def _ended(leg: Leg, series: CandleSeries, scene: Scene) -> Leg:
    """What is still open when the candles end is closed at the last of them."""
    if leg.exit_at is not None:
        return leg
    last = scene.spot.quantize_price(decimal(series.close[-1]))
    return replace(leg, exit_at=len(series) - 1, exit_price=last, reason=ExitReason.END_OF_DATA)


def _time(position: int | None) -> datetime:
    """When a candle closed."""
    assert position is not None  # noqa: S101 - every leg has ended
    return START + timedelta(minutes=position + 1)


def _equity(legs: list[Leg]) -> tuple[list[datetime], list[Decimal]]:
    """The balance at the start and after each exit; exits of one instant make one point."""
    points = {START: INITIAL_BALANCE}
    balance = INITIAL_BALANCE
    for leg in legs:
        balance += leg.pnl or 0
        points[_time(leg.exit_at)] = balance
    return list(points), list(points.values())


def _config(scene: Scene) -> Row:
    told = {
        "start_at": START,
        "end_at": TRIED_UNTIL,
        "initial_balance": INITIAL_BALANCE,
        "currency": "USDT",
        "timeframes": ["1m"],
        "max_concurrent_positions": 1,
        "fee_rate": FEE,
        "parameters": {"fast": FAST, "slow": SLOW},
    }
    everything = told | {"rules": [scene.trader.rule_id], "instruments": [f"simulated {scene.spot.symbol}"]}
    return {
        **told,
        "id": CONFIG_ID,
        "user_id": scene.trader.user_id,
        "strategy_id": scene.trader.strategy_id,
        "name": "Crossover, the first ten days",
        "content_sha256": digest_of(dump_json(everything)),
    }


def _runs(scene: Scene) -> list[Row]:
    shared = {
        "config_id": CONFIG_ID,
        "user_id": scene.trader.user_id,
        "strategy_id": scene.trader.strategy_id,
        "engine": "crossover",
        "started_at": RAN_AT,
        "completed_at": RAN_AT + timedelta(seconds=2),
    }
    return [
        shared | {"id": RUN_ID, "status": BacktestStatus.COMPLETED},
        shared
        | {
            "id": FAILED_RUN_ID,
            "status": BacktestStatus.FAILED,
            "error_message": "The candles of the last day were not there yet.",
        },
    ]


def _trade(scene: Scene, leg: Leg) -> Row:
    entered = _time(leg.entry_at)
    return {
        "id": named_id(f"backtest:trade:{entered.isoformat()}"),
        "user_id": scene.trader.user_id,
        "mode": TradingMode.BACKTEST,
        "backtest_run_id": RUN_ID,
        "instrument_id": scene.spot.id,
        "strategy_id": scene.trader.strategy_id,
        "rule_id": scene.trader.rule_id,
        "dedupe_key": entered.isoformat(),
        "direction": leg.direction,
        "quantity": leg.quantity,
        "entry_price": leg.entry_price,
        "entry_time": entered,
        "exit_price": leg.exit_price,
        "exit_time": _time(leg.exit_at),
        "exit_reason": leg.reason,
        "outcome": outcome_of(leg.pnl),
        "initial_stop": leg.stop,
        "current_stop": leg.stop,
        "pnl": leg.pnl,
        "pnl_r": leg.pnl_r,
        "fees": leg.fees,
        "setup_type": "crossover",
    }


def _exit(leg: Leg) -> Row:
    return {
        "trade_id": named_id(f"backtest:trade:{_time(leg.entry_at).isoformat()}"),
        "sequence": 1,
        "quantity": leg.quantity,
        "price": leg.exit_price,
        "exit_time": _time(leg.exit_at),
        "reason": leg.reason,
        "pnl": leg.pnl,
        "pnl_r": leg.pnl_r,
        "fees": leg.fees,
    }


def _result(scene: Scene, legs: list[Leg], final_balance: Decimal, fallen: list[tuple[Decimal, Decimal]]) -> Row:
    """The figures; none by the year, because ten days say nothing about one."""
    summary = Summary([Closed(leg.pnl or Decimal(0), leg.pnl_r) for leg in legs])
    return {
        **summary.shared(),
        "run_id": RUN_ID,
        "user_id": scene.trader.user_id,
        "total_return": float(final_balance / INITIAL_BALANCE - 1),
        "max_drawdown": float(max(share for _, share in fallen)),
        "max_drawdown_amount": max(amount for amount, _ in fallen),
        "average_r": summary.average_r(),
        "best_r": float(max(summary.r_multiples)),
        "worst_r": float(min(summary.r_multiples)),
        "longest_win_streak": summary.longest_streak(of_wins=True),
        "longest_loss_streak": summary.longest_streak(of_wins=False),
        "final_balance": final_balance,
    }
