"""Round trips derived from the fills of an account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select

from tradingdb.bulk import upsert
from tradingdb.core.ids import uuid7
from tradingdb.errors import LedgerConflictError, NotFoundError
from tradingdb.models import ExitReason, Fill, Order, OrderType, PositionSide, Signal, TradeExit
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.ledger.holdings import Execution, place_within
from tradingdb.services.outbox import NewEvent, publish_many
from tradingdb.services.trades import telling
from tradingdb.services.trades.figures import Terms, settled
from tradingdb.services.trades.round_trips import FillOfTrip, Trip, round_trips
from tradingdb.services.trades.stored import (
    EXITS,
    TRADES,
    accounts_of,
    contracts_of,
    exit_row,
    insert_exits,
    load,
    update_trades,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.services.trades.stored import Account, StoredTrade

PREFIX = "fill:"
"""What the keys of derived trades begin with; the id of the opening fill follows."""

FILLS_AT_ONCE = 5_000

REASONS = {
    OrderType.STOP_LOSS: ExitReason.STOP_LOSS,
    OrderType.TAKE_PROFIT: ExitReason.TAKE_PROFIT,
    OrderType.TRAILING_STOP: ExitReason.TRAILING_STOP,
}
"""Why an exit happened, where the type of its order says so."""


@dataclass(frozen=True, slots=True)
class DerivedTrades:
    """What became of the trades of an account."""

    inserted: int = 0
    updated: int = 0
    """Of these the fills now say something else: an open one went on, or fills came late."""
    unchanged: int = 0
    removed: int = 0
    """Trades that no longer begin where they did (`rewrite=True`)."""
    still_open: int = 0


async def trades_from_fills(
    session: WriteSession, account_id: UUID, instrument_id: int | None = None, *, rewrite: bool = False
) -> DerivedTrades:
    """Derive the round trips of an account (of one instrument, or all) from its fills, and store what is new in them.

    Fills count in the order of execution; those of one instant by venue trade id (shorter ids first) and sequence. In
    hedge mode each position side has round trips of its own. The key of a trade is that of the fill that opened it, so
    after more fills the same call continues the open one. Strategy, rule and signal are those of the opening order;
    stops, texts and tags that were added to a derived trade stay, and its R-multiple follows its stop. Fees in a third
    currency stand in `context["other_fees"]`, by currency.

    An account whose trades are recorded directly (`open_trade`) must not derive them too: they would count twice.

    Raises:
        NotFoundError: there is no such account.
        LedgerConflictError: a fill that came late changed where trades begin; `rewrite=True` removes what is none.
        InvalidValueError: a hedged side was closed by more than was held: fills are missing.
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_accounts(session, [account_id])
    await session.flush()
    # one derivation at a time; recording fills goes on
    account = (await accounts_of(session, [account_id], hold=True)).get(account_id)
    if account is None:
        raise NotFoundError(f"There is no account {account_id}.")
    report = DerivedTrades()
    for each in await _traded(session, account_id, instrument_id):
        report = await _derive(session, account, each, report, rewrite=rewrite)
    return report


async def _traded(session: WriteSession, account_id: UUID, instrument_id: int | None) -> list[int]:
    if instrument_id is not None:
        return [instrument_id]
    query = select(Fill.instrument_id).where(Fill.account_id == account_id).distinct().order_by(Fill.instrument_id)
    return list(await session.scalars(query))


async def _derive(
    session: WriteSession, account: Account, instrument_id: int, report: DerivedTrades, *, rewrite: bool
) -> DerivedTrades:
    contracts = await contracts_of(session, [instrument_id])
    if instrument_id not in contracts:
        raise NotFoundError(f"There is no instrument {instrument_id}.")
    trips = [
        trip
        for side, fills in (await _fills(session, account.id, instrument_id)).items()
        for trip in round_trips(fills, contracts[instrument_id], side)
    ]
    of_instrument = and_(
        TRADES.c.account_id == account.id,
        TRADES.c.instrument_id == instrument_id,
        TRADES.c.backtest_run_id.is_(None),
        TRADES.c.dedupe_key.startswith(PREFIX, autoescape=True),
    )
    stored = {trade.row.dedupe_key: trade for trade in (await load(session, of_instrument, hold=True)).values()}
    removed = await _remove_others(session, stored, {_key(trip) for trip in trips}, rewrite=rewrite)
    fresh = [trip for trip in trips if _key(trip) not in stored]
    await _insert(session, account, instrument_id, fresh)
    updated = await _update(session, [(stored[_key(trip)], trip) for trip in trips if _key(trip) in stored])
    return DerivedTrades(
        inserted=report.inserted + len(fresh),
        updated=report.updated + updated,
        unchanged=report.unchanged + len(trips) - len(fresh) - updated,
        removed=report.removed + removed,
        still_open=report.still_open + sum(_columns(trip)["exit_time"] is None for trip in trips),
    )


async def _fills(session: WriteSession, account_id: UUID, instrument_id: int) -> dict[PositionSide, list[FillOfTrip]]:
    query = (
        select(
            Fill.id, Fill.side, Fill.position_side, Fill.quantity, Fill.price, Fill.executed_at, Fill.venue_trade_id,
            Fill.sequence, Fill.fee, Fill.fee_currency, Order.order_type, Order.signal_id, Signal.rule_id,
            func.coalesce(Order.strategy_id, Signal.strategy_id).label("strategy_id"),
        )
        .outerjoin(Order, Order.id == Fill.order_id)
        .outerjoin(Signal, Signal.id == Order.signal_id)
        .where(Fill.account_id == account_id, Fill.instrument_id == instrument_id)
        .order_by(Fill.executed_at)
        .execution_options(yield_per=FILLS_AT_ONCE)
    )  # fmt: skip
    by_side: dict[PositionSide, list[FillOfTrip]] = defaultdict(list)
    async for row in await session.stream(query):
        execution = Execution(
            row.side, row.quantity, row.price, row.executed_at, place_within(row.venue_trade_id, row.sequence),
            row.fee, row.fee_currency,
        )  # fmt: skip
        fill = FillOfTrip(
            row.id, row.venue_trade_id, execution, REASONS.get(row.order_type), row.strategy_id, row.rule_id,
            row.signal_id,
        )  # fmt: skip
        by_side[row.position_side].append(fill)
    for fills in by_side.values():  # those of one instant: as the ledger counts them, whatever the database's collation
        fills.sort(key=lambda fill: fill.execution.place)
    return by_side


def _key(trip: Trip) -> str:
    return f"{PREFIX}{trip.opening.id}"


def _columns(trip: Trip, kept: Terms | None = None) -> dict[str, Any]:
    """The columns that a trip's fills decide, with the stop, capital and funding that the trade has."""
    terms = _terms(trip, kept)
    return {
        "direction": terms.direction,
        "quantity": terms.quantity,
        "entry_price": terms.entry_price,
        "entry_time": terms.entry_time,
        **settled(terms, trip.parts),
    }


def _terms(trip: Trip, kept: Terms | None) -> Terms:
    of_fills = Terms(
        direction=trip.direction,
        quantity=trip.quantity,
        entry_price=trip.entry_price,
        entry_time=trip.entry_time,
        contract=trip.contract,
        entry_fees=trip.entry_fees,
    )
    if kept is None:
        return of_fills
    return replace(
        of_fills,
        initial_stop=kept.initial_stop,
        leverage=kept.leverage,
        margin=kept.margin,
        funding=kept.funding,
    )


def _context(trip: Trip) -> dict[str, Any]:
    return {"other_fees": {name: str(fee) for name, fee in trip.other_fees.items()}} if trip.other_fees else {}


async def _insert(session: WriteSession, account: Account, instrument_id: int, trips: list[Trip]) -> None:
    rows = [
        {
            "id": uuid7(),
            "account_id": account.id,
            "user_id": account.user_id,
            "mode": account.mode,
            "instrument_id": instrument_id,
            "backtest_run_id": None,
            "dedupe_key": _key(trip),
            "strategy_id": trip.opening.strategy_id,
            "rule_id": trip.opening.rule_id,
            "signal_id": trip.opening.signal_id,
            "context": _context(trip),
            **_columns(trip),
        }
        for trip in trips
    ]
    if not rows:
        return
    await session.execute(insert(TRADES), rows)
    exits = [
        exit_row(row["id"], account.id, _terms(trip, None), part)
        for row, trip in zip(rows, trips, strict=True)
        for part in trip.parts
    ]
    await insert_exits(session, exits)
    events: list[NewEvent] = []
    for row, trip in zip(rows, trips, strict=True):
        events += [*telling.opened(row), *telling.exited(row, trip.parts), *telling.closed(row, row)]
    await publish_many(session, events)


async def _update(session: WriteSession, pairs: list[tuple[StoredTrade, Trip]]) -> int:
    """Bring stored trades to what their fills say; returns how many that changed."""
    changed: list[dict[str, Any]] = []
    exits: list[dict[str, Any]] = []
    events: list[NewEvent] = []
    for trade, trip in pairs:
        columns = _columns(trip, trade.terms) | {"context": {**trade.row.context, **_context(trip)}}
        parts = {part.sequence: part for part in trip.parts}
        if all(trade.row._mapping[name] == value for name, value in columns.items()) and parts == trade.parts:  # noqa: SLF001
            continue
        changed.append({"id": trade.row.id, **columns})
        events += _told(trade, trip, columns)
        terms = _terms(trip, trade.terms)
        exits += [exit_row(trade.row.id, trade.row.account_id, terms, part) for part in trip.parts]
        for sequence in trade.parts.keys() - parts.keys():
            await session.execute(delete(EXITS).where(EXITS.c.trade_id == trade.row.id, EXITS.c.sequence == sequence))
    if exits:
        values = [name for name in exits[0] if name not in {"trade_id", "sequence"}]
        await upsert(session, TradeExit, exits, update=values)
    await update_trades(session, changed)
    await publish_many(session, events)
    return len(changed)


def _told(trade: StoredTrade, trip: Trip, columns: dict[str, Any]) -> list[NewEvent]:
    """What is new in a trade. One that was closed and is open again is opened; entries that only grew are not told."""
    row = {**trade.row._mapping, **columns}  # noqa: SLF001 - its public name for a mapping
    events = telling.opened(row) if trade.row.exit_time is not None and columns["exit_time"] is None else []
    events += telling.exited(row, [part for part in trip.parts if trade.parts.get(part.sequence) != part])
    return [*events, *telling.closed(row, columns)]


async def _remove_others(
    session: WriteSession, stored: Mapping[str, StoredTrade], keys: set[str], *, rewrite: bool
) -> int:
    """Remove derived trades that the fills no longer tell of."""
    others = [trade for key, trade in stored.items() if key not in keys]
    if others and not rewrite:
        first = others[0].row
        raise LedgerConflictError(
            f"Trade {first.id} (one of {len(others)} whose opening fill opens nothing any more)",
            {"dedupe_key": first.dedupe_key},
            {"dedupe_key": None},
        )
    if others:
        await session.execute(delete(TRADES).where(TRADES.c.id.in_([trade.row.id for trade in others])))
        await publish_many(
            session,
            [event for trade in others for event in telling.removed(dict(trade.row._mapping))],  # noqa: SLF001 - same
        )
    return len(others)
