"""Results of freqtrade's backtesting become runs with their trades: exact, once, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from freqtrade_results import a_result, a_strategy, a_trade, an_order, json_of, saved, zipped
from tradingdb.database import ReadSession, WriteSession
from tradingdb.errors import InvalidValueError, UnusableFileError
from tradingdb.models import (
    BacktestConfig,
    BacktestEquity,
    BacktestResult,
    BacktestRun,
    BacktestStatus,
    ExitReason,
    Instrument,
    InstrumentKind,
    Strategy,
    Trade,
    TradeDirection,
    TradeExit,
    TradeOutcome,
    Venue,
    VenueKind,
)
from tradingdb.services import backtests, market

D = Decimal


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2024, 3, day, hour, minute, tzinfo=UTC)


async def only(session: ReadSession, model: type[Any]) -> Any:
    return (await session.scalars(select(model))).one()


async def counts(session: ReadSession) -> list[int]:
    tables = [Venue, Instrument, BacktestConfig, BacktestRun, BacktestResult, Trade, TradeExit, BacktestEquity]
    return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def test_a_trade_is_stored_digit_by_digit(session: WriteSession, tmp_path: Path) -> None:
    digits = D("0.1234567890123456789012345678901234567")
    file = saved(tmp_path / "result.json", a_result(Cross=a_strategy(a_trade(open_rate=digits, min_rate=digits))))
    (report,) = await backtests.import_freqtrade(session, file, venue="Binance")
    assert (report.strategy, report.venue, report.is_new) == ("Cross", "binance", True)
    assert (report.trades_inserted, report.trades_unchanged, report.notes) == (1, 0, ())
    trade = await only(session, Trade)
    assert (trade.entry_price, trade.max_adverse_price, trade.max_favorable_price) == (digits, digits, D(111))
    assert (trade.quantity, trade.exit_price, trade.pnl, trade.pnl_percent) == (2, 110, D("19.58"), D("9.78021"))
    assert (trade.entry_time, trade.exit_time) == (at(1, 10), at(1, 12, 30))
    assert (trade.direction, trade.outcome) == (TradeDirection.LONG, TradeOutcome.WIN)
    assert (trade.exit_reason, trade.tags) == (ExitReason.TAKE_PROFIT, ["cross"])
    assert (trade.initial_stop, trade.current_stop) == (90, 95)
    assert trade.fees == D("0.2202469135780246913578024691357802469134"), "of both values, exact"
    assert (trade.backtest_run_id, trade.dedupe_key) == (report.run_id, "LTC/USDT 2024-03-01T10:00:00+00:00 long")
    assert trade.context["freqtrade"]["exit_reason"] == "roi"
    assert trade.context["freqtrade"]["initial_stop_loss_ratio"] == "-0.1"
    exits = await only(session, TradeExit)
    assert (exits.quantity, exits.price, exits.pnl, exits.reason) == (2, 110, D("19.58"), ExitReason.TAKE_PROFIT)


async def test_what_was_tried_and_what_came_of_it(session: WriteSession) -> None:
    lost = a_trade(profit_abs=D("-40.5"), close_date="2024-03-02 01:00:00", exit_reason="stop_loss")
    result = a_result(Cross=a_strategy(a_trade(), lost)) | {"metadata": {"Cross": {"run_id": "abc"}}}
    (report,) = await backtests.import_freqtrade(session, result, venue="binance")
    run, config, figures = [await only(session, model) for model in (BacktestRun, BacktestConfig, BacktestResult)]
    assert (run.id, run.status, run.engine) == (report.run_id, BacktestStatus.COMPLETED, "freqtrade")
    assert run.completed_at == datetime(2024, 3, 9, 16, 0, 7, tzinfo=UTC)
    assert run.details["metadata"] == {"run_id": "abc"}
    assert (config.start_at, config.end_at) == (at(1), at(3)), "the last candle, of 23:55, belongs to it"
    assert (config.initial_balance, config.currency, config.timeframes) == (1000, "USDT", ["5m"])
    assert (config.max_concurrent_positions, config.fee_rate) == (2, D("0.001"))
    assert config.parameters["minimal_roi"] == {"0": "0.1"}
    tried = await session.scalars(
        text("SELECT symbol FROM backtest_config_instruments JOIN instruments ON id = instrument_id")
    )
    assert sorted(tried) == ["ETH/USDT", "LTC/USDT"], "also the pair that was never traded"
    assert (figures.total_trades, figures.winning_trades, figures.losing_trades) == (2, 1, 1)
    assert (figures.net_profit, figures.final_balance) == (D("-20.92"), D("979.08"))
    assert (figures.max_drawdown_amount, figures.total_return) == (D("40.5"), -0.02092)
    assert figures.figures["backtest_days"] == 1
    assert "trades" not in figures.figures
    curve = await session.execute(select(BacktestEquity.at, BacktestEquity.equity).order_by(BacktestEquity.at))
    assert [tuple(point) for point in curve] == [
        (at(1), 1000), (at(1, 12, 30), D("1019.58")), (at(2, 1), D("979.08")),
    ]  # fmt: skip


async def test_the_same_result_is_one_run_however_it_is_written(session: WriteSession, tmp_path: Path) -> None:
    again = a_trade(open_date="2024-03-01 10:00:00", close_date="2024-03-01 15:00:00+00:00")
    result = a_result(Cross=a_strategy(a_trade(), again))
    (first,) = await backtests.import_freqtrade(session, saved(tmp_path / "a.json", result), venue="binance")
    before = await counts(session)
    assert before[-3:] == [2, 2, 3], "two trades of one pair at one time are two"
    config = {"exchange": {"name": "Binance", "key": ""}, "strategy": "Cross"}
    packed = zipped(tmp_path / "b.zip", b=result, b_config=config, b_Cross={"strategy_name": "Cross", "params": {}})
    for source in (packed, result, tmp_path / "a.json"):
        (report,) = await backtests.import_freqtrade(session, source, venue=None if source == packed else "binance")
        assert (report.run_id, report.is_new) == (first.run_id, False)
        assert (report.trades_inserted, report.trades_unchanged) == (0, 2)
    assert await counts(session) == before

    await session.execute(text("DELETE FROM trades WHERE dedupe_key LIKE '% 2'"))
    (mended,) = await backtests.import_freqtrade(session, result, venue="binance")
    assert (mended.trades_inserted, mended.trades_unchanged) == (1, 1)
    assert await counts(session) == before

    other = a_result(Cross=a_strategy(a_trade(), again, backtest_run_start_ts=1_709_999_999))
    (second,) = await backtests.import_freqtrade(session, other, venue="binance")
    assert second.is_new, "the same configuration ran again"
    after = await counts(session)
    assert [after[at] - before[at] for at in (2, 3, 5)] == [0, 1, 2], "one configuration, two runs"


async def test_each_strategy_of_a_file_is_a_run(session: WriteSession) -> None:
    session.add(Strategy(name="Cross"))
    await session.flush()
    result = a_result(Cross=a_strategy(a_trade()), Calm=a_strategy())
    cross, calm = await backtests.import_freqtrade(session, result)
    assert cross.strategy_id == (await only(session, Strategy)).id
    assert (calm.strategy_id, calm.trades_inserted) == (None, 0)
    assert "stored at the simulated venue freqtrade" in cross.notes[0]
    assert (await only(session, Venue)).kind is VenueKind.SIMULATED
    listed = {run.config: run for run in await backtests.runs(session)}
    assert listed["Calm 5m, 2024-03-01 to 2024-03-02"].trades == 0
    assert [run.id for run in await backtests.runs(session, strategy_id=cross.strategy_id)] == [cross.run_id]


async def test_shorts_leverage_and_funding(session: WriteSession) -> None:
    short = a_trade(
        pair="BTC/USDT:USDT", is_short=True, leverage=D("3.0"), close_rate=D("90.0"), funding_fees=D("-0.5"),
        profit_abs=D("19.12"), exit_reason="exit_signal", initial_stop_loss_abs=D("110.0"),
        orders=[an_order("sell", "2", "100", 1, is_entry=True), an_order("buy", "2", "90", 2, is_entry=False)],
    )  # fmt: skip
    (report,) = await backtests.import_freqtrade(session, a_result(Short=a_strategy(short, pairlist=[])), venue="okx")
    assert report.notes == (), "20 - 0.38 fees - 0.5 funding"
    trade = await only(session, Trade)
    assert (trade.direction, trade.leverage, trade.margin, trade.funding) == (TradeDirection.SHORT, 3, 200, D("-0.5"))
    assert (trade.max_adverse_price, trade.max_favorable_price) == (111, 99)
    assert (trade.pnl_r, trade.exit_reason) == (D("0.956"), ExitReason.SIGNAL)
    assert (await only(session, Instrument)).kind is InstrumentKind.PERPETUAL


async def test_a_trade_that_was_closed_in_parts(session: WriteSession) -> None:
    """The engine's amount and close_rate are then those of the last part."""
    orders = [
        an_order("buy", "4.0", "100.0", 1709287200000),
        an_order("sell", "3.0", "110.0", 1709290800000),
        an_order("sell", "1.0", "120.0", 1709296200000),
    ]
    parted = a_trade(amount=D("1.0"), close_rate=D("120.0"), profit_abs=D("49.15"), orders=orders)
    (report,) = await backtests.import_freqtrade(session, a_result(Parts=a_strategy(parted)), venue="okx")
    assert report.notes == ()
    trade = await only(session, Trade)
    assert (trade.quantity, trade.exit_price, trade.fees) == (4, D("112.5"), D("0.85"))
    parts = list(await session.scalars(select(TradeExit).order_by(TradeExit.sequence)))
    assert [(part.quantity, part.price, part.fees, part.pnl) for part in parts] == [
        (3, 110, D("0.33"), None), (1, 120, D("0.12"), None),
    ]  # fmt: skip
    assert parts[0].exit_time == at(1, 11)


async def test_contracts_of_another_size_are_counted(session: WriteSession) -> None:
    await market.ensure_instrument(session, "okx", "LTC/USDT:USDT", contract_size=D("0.1"))
    swap = a_trade(pair="LTC/USDT:USDT")
    await backtests.import_freqtrade(session, a_result(Swap=a_strategy(swap, pairlist=[])), venue="okx")
    trade, part = await only(session, Trade), await only(session, TradeExit)
    assert (trade.quantity, part.quantity, trade.pnl_r) == (20, 20, D("0.979")), "2 LTC are 20 contracts"


async def test_an_open_trade_and_older_words(session: WriteSession) -> None:
    old = a_trade(sell_reason="sell_signal", buy_tag="dip", open_date="2024-03-01T11:00:00+01:00")
    for name in ("exit_reason", "enter_tag", "orders", "funding_fees", "is_short", "leverage"):
        del old[name]
    running = a_trade(
        is_open=True, close_date=None, close_rate=None, profit_abs=None, profit_ratio=None, exit_reason="", orders=None
    )
    (report,) = await backtests.import_freqtrade(session, a_result(Old=a_strategy(old, running)), venue="okx")
    assert report.notes == ("1 trades are still open in the file; no figure counts them.",)
    done, still = await session.scalars(select(Trade).order_by(Trade.outcome.desc()))
    assert (done.exit_reason, done.tags, done.entry_time) == (ExitReason.SIGNAL, ["dip"], at(1, 10))
    assert (still.outcome, still.exit_time, still.pnl, still.exit_reason) == (TradeOutcome.PENDING, None, None, None)
    figures = await backtests.figures_of(session, report.run_id)
    assert (figures.trades, figures.net_pnl) == (1, D("19.58"))


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("trailing_stop_loss", ExitReason.TRAILING_STOP),
        ("stoploss_on_exchange", ExitReason.STOP_LOSS),
        ("force_exit", ExitReason.END_OF_DATA),
        ("liquidation", ExitReason.LIQUIDATION),
        ("rsi is too high", ExitReason.SIGNAL),
    ],
)
async def test_words_for_exits(session: WriteSession, word: str, reason: ExitReason) -> None:
    result = a_result(Cross=a_strategy(a_trade(exit_reason=word)))
    await backtests.import_freqtrade(session, result, venue="okx")
    trade = await only(session, Trade)
    assert (trade.exit_reason, trade.context["freqtrade"]["exit_reason"]) == (reason, word)


def without(name: str) -> dict[str, Any]:
    trade = a_trade()
    del trade[name]
    return trade


BAD_TRADES = {
    "no price": (without("open_rate"), "trades[1].open_rate: it is missing"),
    "no profit": (a_trade(profit_abs=None), "trades[1]: a closed trade needs close_date, close_rate and profit_abs"),
    "text for a number": (a_trade(amount="2.0"), "trades[1].amount: a number is needed"),
    "true for a number": (a_trade(amount=True), "trades[1].amount: a number is needed"),
    "nothing traded": (a_trade(amount=D(0)), "trades[1].amount: input should be greater than 0"),
    "no time": (a_trade(open_date="yesterday"), "trades[1].open_date: a time is needed"),
    "exit before entry": (a_trade(close_date="2024-02-01 00:00:00"), "trades[1]: close_date is before open_date"),
    "not a number": (a_trade(open_rate=D("NaN")), "trades[1].open_rate: it is NaN, which is no amount"),
    "endless": (a_trade(max_rate=D("Infinity")), "trades[1].max_rate: it is Infinity"),
    "a number for a flag": (a_trade(is_short=1), "trades[1].is_short: true or false is needed"),
    "orders of no shape": (a_trade(orders=[{"amount": 1}]), "trades[1].orders[0].safe_price: it is missing"),
    "no text": (a_trade(enter_tag="a\0"), "trades[1].enter_tag: text with a NUL character was refused"),
    "another currency": (a_trade(pair="LTC/BTC"), "strategy.Bad: 'LTC/BTC' is no pair that is paid for in the stake"),
    "no trade": ("trade", "trades[1]: "),
}


@pytest.mark.parametrize(("trade", "reason"), BAD_TRADES.values(), ids=BAD_TRADES)
async def test_a_bad_trade_refuses_the_file(session: WriteSession, tmp_path: Path, trade: Any, reason: str) -> None:
    """Also what is good in it, in the same and in another strategy."""
    file = saved(tmp_path / "bad.json", a_result(Good=a_strategy(a_trade()), Bad=a_strategy(a_trade(), trade)))
    with pytest.raises(UnusableFileError) as refusal:
        await backtests.import_freqtrade(session, file)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{file}, strategy.Bad")
    assert reason in sentence
    assert sentence.endswith(". Nothing was stored.")
    assert await counts(session) == [0] * 8


BAD_FILES = {
    "not JSON": ("{'strategy': 1}", "it is not JSON (line 1, column 2:"),
    "empty": (" ", "it is empty"),
    "a list": ("[]", "it is no object with the results of strategies"),
    "no strategy": ('{"strategy": {}}', "strategy: no strategy is in it"),
    "a configuration": ('{"strategy": "Cross"}', "strategy: no strategy is in it"),
    "not UTF-8": (b"\xff{}", "it is not UTF-8 text"),
    "deep": ("[" * 100_000, "it is JSON that is nested too deeply"),
    "deep inside": ('{"a": ' + "[" * 150 + "]" * 150 + "}", "it is JSON that is nested too deeply"),
    "a damaged zip": (b"PK\x03\x04damaged", "it is not"),
    "NaN in a figure": (json_of(a_result(X=a_strategy(sharpe=D("NaN")))), "strategy.X.sharpe: it is NaN"),
    "no balance": (json_of(a_result(X=a_strategy(starting_balance=0))), "X.starting_balance: input should be greater"),
    "no timeframe": (json_of(a_result(X=a_strategy(timeframe="soon"))), "strategy.X: 'soon' is no timeframe"),
    "NUL in a figure": (json_of(a_result(X=a_strategy(market="a\0"))), "strategy.X: Text with a NUL character"),
    "half a position": (json_of(a_result(X=a_strategy(max_open_trades=D("1.5")))), "max_open_trades: a whole number"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_FILES.values(), ids=BAD_FILES)
async def test_a_file_that_holds_no_results_is_refused(
    session: WriteSession, tmp_path: Path, content: str | bytes, reason: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnusableFileError) as refusal:
        await backtests.import_freqtrade(session, file)
    assert str(refusal.value).startswith(str(file))
    assert reason in str(refusal.value)


async def test_a_zip_without_results_or_with_two_is_refused(session: WriteSession, tmp_path: Path) -> None:
    result = a_result(Cross=a_strategy())
    for file, found in (
        (zipped(tmp_path / "none.zip", a={"x": 1}), "no"),
        (zipped(tmp_path / "two.zip", a=result, b=result), "2"),
    ):
        with pytest.raises(
            UnusableFileError, match=f"{found} JSON files with results of strategies are in it, not one"
        ):
            await backtests.import_freqtrade(session, file)
    with pytest.raises(UnusableFileError, match=r"it cannot be read \(No such file"):
        await backtests.import_freqtrade(session, tmp_path / "missing.json")


async def test_floats_and_venues_that_are_none_are_refused(session: WriteSession) -> None:
    with pytest.raises(
        UnusableFileError, match=r"trades\[0\].open_rate: it is a float; parse the JSON with parse_float"
    ):
        await backtests.import_freqtrade(session, a_result(X=a_strategy(a_trade(open_rate=100.1))))
    with pytest.raises(InvalidValueError, match="the code of a venue"):
        await backtests.import_freqtrade(session, a_result(X=a_strategy(a_trade())), venue="no venue")
