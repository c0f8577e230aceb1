"""Results of backtest engines, stored as runs with their trades. The same result twice is one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tradingdb.bulk import upsert
from tradingdb.errors import InvalidValueError
from tradingdb.models import (
    BacktestConfig,
    BacktestConfigInstrument,
    BacktestEquity,
    BacktestResult,
    BacktestRun,
    Instrument,
    Strategy,
    Trade,
    TradeExit,
    Venue,
    VenueKind,
)
from tradingdb.services import market
from tradingdb.services.backtests.documents import read_document
from tradingdb.services.backtests.figures import figures_of, store_equity
from tradingdb.services.backtests.freqtrade import strategies_of
from tradingdb.services.backtests.freqtrade_rows import ENGINE, Origin, pairs_of, rows_of
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.backtests.documents import ResultDocument
    from tradingdb.services.backtests.freqtrade import StrategyRecord
    from tradingdb.services.backtests.freqtrade_rows import RunRows


_BEST_AND_WORST = text(
    "SELECT max(pnl_r)::double precision AS best, min(pnl_r)::double precision AS worst "
    "FROM trades WHERE backtest_run_id = :run_id"
)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the results of one strategy."""

    run_id: UUID
    strategy: str
    venue: str
    is_new: bool
    """False: the run was there already."""
    trades_inserted: int
    trades_unchanged: int
    """Trades that were there already, by their key."""
    strategy_id: UUID | None
    """The stored strategy of the same name that the run belongs to, if there is one."""
    notes: tuple[str, ...] = ()
    """What a reader of the figures should know."""


async def import_freqtrade(
    session: WriteSession,
    source: Path | str | Mapping[str, Any],
    *,
    venue: str | None = None,
    user_id: UUID | None = None,
) -> list[ImportReport]:
    """Store the results of freqtrade's backtesting: a run for each strategy of the file.

    `source` is a file, plain JSON or the zip of newer versions, or its JSON parsed with `parse_float=Decimal`. `venue`
    is the code of the exchange; only zips say it themselves. Where nobody says it the pairs are stored at a simulated
    venue `freqtrade`. A strategy of the same name and owner is linked if there is one.

    `pnl` is the engine's `profit_abs`, `outcome` its sign, `pnl_percent` a hundred times `profit_ratio`; fees come from
    rates. What else the engine said about a trade is in `context["freqtrade"]`, about the run in its result's figures.

    Raises:
        UnusableFileError: the message names file, place and reason; nothing was stored.
        InvalidValueError: the venue is no code.
    """
    document = read_document(source)
    strategies = strategies_of(document)
    code = (venue or document.exchange or ENGINE).lower()
    by_pair = await _instruments(session, document, strategies, code)
    prepared = []
    for name, record in strategies.items():
        strategy_id = await session.scalar(
            select(Strategy.id).where(Strategy.name == name, Strategy.user_id.is_not_distinct_from(user_id))
        )
        origin = Origin(name, document.name, code, user_id, strategy_id, document.metadata_of(name))
        try:
            prepared.append((origin, rows_of(record, document.content["strategy"][name], origin, by_pair)))
        except InvalidValueError as error:
            raise document.refused(f"strategy.{name}", str(error).rstrip(".")) from None
    assumed = venue is None and document.exchange is None
    reports = []
    for origin, rows in prepared:
        try:
            reports.append(await _store(session, origin, rows, venue_is_assumed=assumed))
        except InvalidValueError as error:  # text that PostgreSQL cannot store, found while it is sent
            raise document.refused(f"strategy.{origin.strategy}", str(error).rstrip(".")) from None
    return reports


async def _instruments(
    session: WriteSession, document: ResultDocument, strategies: Mapping[str, StrategyRecord], code: str
) -> dict[str, Instrument]:
    """The instruments of all pairs, those that are not known yet added."""
    for name, record in strategies.items():
        for pair in pairs_of(record):
            _refuse_foreign_pair(document, name, pair, record.stake_currency)
    wanted = {pair for record in strategies.values() for pair in pairs_of(record)}
    known = await session.scalars(market.instruments_at(code).where(Instrument.symbol.in_(wanted)))
    by_pair = {instrument.symbol: instrument for instrument in known}
    missing = sorted(wanted - by_pair.keys())
    if missing and code == ENGINE:
        await partitions.hold_growth_lock(session)
        simulated = {"code": code, "name": "freqtrade backtests", "kind": VenueKind.SIMULATED}
        await upsert(session, Venue, [simulated], key=["code"])
    for pair in missing:
        by_pair[pair] = await market.ensure_instrument(session, code, pair)
    return by_pair


def _refuse_foreign_pair(document: ResultDocument, strategy: str, pair: str, stake_currency: str) -> None:
    """A pair whose profit is counted in another currency than the stake: sums would mean nothing."""
    told = market.parse_symbol(pair)
    if {told.get("quote_currency"), told.get("settle_currency") or stake_currency} != {stake_currency}:
        raise document.refused(
            f"strategy.{strategy}",
            f"{pair!r} is no pair that is paid for in the stake currency, such as BTC/{stake_currency}",
        )


async def _store(session: WriteSession, origin: Origin, rows: RunRows, *, venue_is_assumed: bool) -> ImportReport:
    run_id = rows.run["id"]
    await upsert(session, BacktestConfig, [rows.config])
    told = [{"config_id": rows.config["id"], "instrument_id": number} for number in rows.instrument_ids]
    await upsert(session, BacktestConfigInstrument, told)
    stored = await upsert(session, BacktestRun, [rows.run])
    inserted = await _store_trades(session, rows)
    if inserted or stored.inserted:
        times = [row["exit_time"] for row in rows.trades if row["exit_time"]]
        await partitions.ensure_months(session, BacktestEquity, [rows.config["start_at"], *times])
        await store_equity(session, run_id)
        await _store_result(session, origin, rows)
    return ImportReport(
        run_id=run_id,
        strategy=origin.strategy,
        venue=origin.venue,
        is_new=bool(stored.inserted),
        trades_inserted=len(inserted),
        trades_unchanged=len(rows.trades) - len(inserted),
        strategy_id=origin.strategy_id,
        notes=tuple(_notes(rows, origin.venue, venue_is_assumed=venue_is_assumed)),
    )


async def _store_trades(session: WriteSession, rows: RunRows) -> set[UUID]:
    """Add the trades that the run does not have yet, and their exits. Returns the ids of those that were added."""
    there = set(await session.scalars(select(Trade.dedupe_key).where(Trade.backtest_run_id == rows.run["id"])))
    missing = [row for row in rows.trades if row["dedupe_key"] not in there]
    if not missing:
        return set()
    # without a target: the primary key and the dedupe key both mean that somebody else has added it meanwhile
    statement = insert(Trade).on_conflict_do_nothing().returning(Trade.id)
    inserted = set(await session.scalars(statement, missing))
    await upsert(session, TradeExit, [row for row in rows.exits if row["trade_id"] in inserted])
    return inserted


async def _store_result(session: WriteSession, origin: Origin, rows: RunRows) -> None:
    """The figures: ours, from the stored trades, in columns; the engine's own beside them."""
    found = await figures_of(session, rows.run["id"])
    multiples = (await session.execute(_BEST_AND_WORST, {"run_id": rows.run["id"]})).one()
    ours = {
        "total_trades": found.trades,
        "winning_trades": found.wins,
        "losing_trades": found.losses,
        "win_rate": found.win_rate,
        "total_return": found.total_return,
        "max_drawdown": None if found.max_drawdown is None else min(found.max_drawdown, 1.0),
        "max_drawdown_amount": found.max_drawdown_amount,
        "profit_factor": found.profit_factor,
        "sharpe_ratio": found.sharpe,
        "sortino_ratio": found.sortino,
        "calmar_ratio": found.calmar,
        "average_r": found.average_r,
        "best_r": multiples.best,
        "worst_r": multiples.worst,
        "longest_win_streak": found.longest_win_streak,
        "longest_loss_streak": found.longest_loss_streak,
        "final_balance": found.final_balance,
        "net_profit": found.net_pnl,
    }
    row = {"run_id": rows.run["id"], "user_id": origin.user_id, **ours, "figures": rows.figures}
    await upsert(session, BacktestResult, [row], update=list(ours))


def _notes(rows: RunRows, venue: str, *, venue_is_assumed: bool) -> Iterable[str]:
    if venue_is_assumed:
        yield f"The file does not say at which exchange it was: its pairs are stored at the simulated venue {venue}."
    if rows.fees_left_out:
        yield (
            f"The profit of {rows.fees_left_out:,} of {len(rows.trades):,} trades is before fees, by their own prices "
            "and fee rates; it is stored as the engine reports it."
        )
    undone = sum(row["exit_time"] is None for row in rows.trades)
    if undone:
        yield f"{undone:,} trades are still open in the file; no figure counts them."
