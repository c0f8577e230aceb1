"""Trades as they are in the database, with what their figures are computed from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import localcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from tradingdb.core.ddl import table_of
from tradingdb.models import Instrument, Trade, TradeExit, TradeOutcome, TradingAccount
from tradingdb.services.ledger.holdings import EXACT, ZERO, Contract
from tradingdb.services.trades.figures import Part, Terms, r_multiple, settled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement, Row

    from tradingdb.core.mode import TradingMode
    from tradingdb.database import ReadSession, WriteSession

TRADES, EXITS = table_of(Trade), table_of(TradeExit)


@dataclass(slots=True)
class StoredTrade:
    """A trade with its exits, and the exits that are to be added."""

    row: Row[Any]
    terms: Terms
    parts: dict[int, Part]
    added: list[Part] = field(default_factory=list)
    is_changed: bool = False

    @property
    def outcome(self) -> TradeOutcome:
        """As it will be."""
        if self.row.outcome is TradeOutcome.CANCELLED:
            return TradeOutcome.CANCELLED
        outcome: TradeOutcome = settled(self.terms, self.parts.values())["outcome"]
        return outcome


@dataclass(frozen=True, slots=True)
class Account:
    """What of an account its trades take over."""

    id: UUID
    mode: TradingMode
    user_id: UUID


async def accounts_of(
    session: ReadSession, account_ids: Collection[UUID], *, hold: bool = False
) -> dict[UUID, Account]:
    """Accounts by id; those that are not there are left out. `hold` locks them, in the order of their ids."""
    query = (
        select(TradingAccount.id, TradingAccount.mode, TradingAccount.user_id)
        .where(TradingAccount.id.in_(account_ids))
        .order_by(TradingAccount.id)
    )
    rows = await session.execute(query.with_for_update(key_share=True) if hold else query)
    return {row.id: Account(*row) for row in rows}


async def contracts_of(session: ReadSession, instrument_ids: Collection[int]) -> dict[int, Contract]:
    """What the arithmetic needs of instruments; those that are not there are left out."""
    query = select(
        Instrument.id,
        Instrument.kind,
        Instrument.base_currency,
        Instrument.quote_currency,
        Instrument.settle_currency,
        Instrument.contract_size,
        Instrument.is_inverse,
    ).where(Instrument.id.in_(set(instrument_ids)))
    return {
        row.id: Contract(
            kind=row.kind,
            base_currency=row.base_currency,
            settle_currency=row.settle_currency or row.quote_currency,
            size=row.contract_size,
            is_inverse=row.is_inverse,
        )
        for row in await session.execute(query)
    }


async def load(session: ReadSession, condition: ColumnElement[bool], *, hold: bool = False) -> dict[UUID, StoredTrade]:
    """The trades that meet a condition, by id. `hold` locks them, in the order of their ids."""
    query = select(TRADES).where(condition).order_by(TRADES.c.id)
    rows = (await session.execute(query.with_for_update(key_share=True) if hold else query)).all()
    contracts = await contracts_of(session, [row.instrument_id for row in rows])
    parts: dict[UUID, dict[int, Part]] = defaultdict(dict)
    exits = select(EXITS).where(EXITS.c.trade_id.in_([row.id for row in rows])).order_by(EXITS.c.sequence)
    for part in await session.execute(exits):
        parts[part.trade_id][part.sequence] = Part(
            part.sequence, part.quantity, part.price, part.exit_time, part.reason, part.fees,
            ZERO if part.pnl is None else part.pnl, part.fill_id,
        )  # fmt: skip
    return {
        row.id: StoredTrade(row, _terms(row, contracts[row.instrument_id], parts[row.id].values()), parts[row.id])
        for row in rows
    }


def _terms(row: Row[Any], contract: Contract, parts: Iterable[Part]) -> Terms:
    with localcontext(EXACT):
        entry_fees = row.fees - sum((part.fees for part in parts), ZERO)
    return Terms(
        direction=row.direction,
        quantity=row.quantity,
        entry_price=row.entry_price,
        entry_time=row.entry_time,
        contract=contract,
        initial_stop=row.initial_stop,
        leverage=row.leverage,
        margin=row.margin,
        entry_fees=entry_fees,
        funding=row.funding,
    )


def exit_row(trade_id: UUID, account_id: UUID | None, terms: Terms, part: Part) -> dict[str, Any]:
    """The row of `trade_exits` of a part."""
    return {
        "trade_id": trade_id,
        "sequence": part.sequence,
        "account_id": account_id,
        "fill_id": part.fill_id,
        "quantity": part.quantity,
        "price": part.price,
        "exit_time": part.exit_time,
        "reason": part.reason,
        "pnl": part.pnl,
        "pnl_r": r_multiple(terms, part.pnl),
        "fees": part.fees,
    }


async def insert_exits(session: WriteSession, rows: list[dict[str, Any]]) -> None:
    """Add exits."""
    if rows:
        await session.execute(insert(EXITS), rows)


async def update_trades(session: WriteSession, rows: list[dict[str, Any]]) -> None:
    """Set columns of trades by their `id`; every row names the same columns."""
    if rows:
        await session.execute(update(Trade), rows)
