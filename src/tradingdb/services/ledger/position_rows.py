"""What rows say of positions and of fills, for the arithmetic, and what it says, for the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tradingdb.core.json import dump_json
from tradingdb.models import CostBasis, InstrumentKind, OrderSide, PositionSide
from tradingdb.services.ledger.holdings import Contract, Execution, Holding, Lot, place_within

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import RowMapping

    Row = Mapping[str, Any] | RowMapping
    """A record of asyncpg, or a row of SQLAlchemy by the names of its columns."""

ORDER_SIDES = {str(side): side for side in OrderSide}
POSITION_SIDES = {str(side): side for side in PositionSide}
_KINDS = {str(kind): kind for kind in InstrumentKind}
"""By their words: looking one up, for every fill anew, is several times faster than calling the class."""

LAST = "~"
"""Place of a last fill that is not known, behind every other: whatever else came in that instant is counted anew."""

POSITION = {
    "account_id": "uuid",
    "instrument_id": "int4",
    "side": "text",
    "quantity": "numeric",
    "average_entry_price": "numeric",
    "realized_pnl": "numeric",
    "fees": "numeric",
    "other_fees": "jsonb",
    "opened_at": "timestamptz",
    "last_fill_at": "timestamptz",
    "last_fill_place": "text",
    "lots": "jsonb",
}
"""Columns of positions that are stored, with their types."""

PLACE = ("account_id", "instrument_id", "side")
"""Those that say which position it is."""

STATE = tuple(name for name in POSITION if name not in PLACE)
"""Those that say what is held."""


class Place(NamedTuple):
    """Which position: of an account, in an instrument, net or one of a hedged pair."""

    account_id: UUID
    instrument_id: int
    side: PositionSide


@dataclass(slots=True)
class Book:
    """A position as it is stored, and what counting its fills needs."""

    contract: Contract
    holding: Holding
    is_fifo: bool

    @property
    def empty(self) -> Holding:
        """The holding before any fill, counted as the account counts."""
        return Holding(lots=() if self.is_fifo else None)

    def holding_now(self, holding: Holding) -> Book:
        """The book after its position was stored. One that holds nothing begins anew, as the account counts now."""
        begun = holding if holding.quantity else holding._replace(lots=self.empty.lots)
        return Book(self.contract, begun, self.is_fifo)


def book_of(row: Row) -> Book:
    """What a row of positions says, with its account and its instrument (`open_fill.HELD`)."""
    return Book(contract_of(row), holding_of(row), row["cost_basis"] == CostBasis.FIFO)


def contract_of(row: Row) -> Contract:
    """What of the instrument of a row of positions its arithmetic needs."""
    return Contract(
        kind=_KINDS[row["kind"]],
        base_currency=row["base_currency"],
        settle_currency=row["settle_currency"] or row["quote_currency"],
        size=row["contract_size"],
        is_inverse=row["is_inverse"],
    )


def holding_of(row: Row) -> Holding:
    """What a row of positions says is held."""
    lots = row["lots"]
    if not row["quantity"]:  # see `Book.holding_now`
        lots = "[]" if row["cost_basis"] == CostBasis.FIFO else None
    return Holding(
        quantity=row["quantity"],
        average_price=row["average_entry_price"],
        realized_pnl=row["realized_pnl"],
        fees=row["fees"],
        other_fees=_amounts(row["other_fees"]),
        opened_at=row["opened_at"],
        last_place=None if row["last_fill_at"] is None else (row["last_fill_at"], row["last_fill_place"] or LAST),
        lots=None
        if lots is None
        else tuple(Lot(Decimal(lot["quantity"]), Decimal(lot["price"])) for lot in json.loads(lots)),
    )


def _amounts(text: str) -> dict[str, Decimal]:
    """By currency; as a rule there are none."""
    return {} if text == "{}" else {currency: Decimal(amount) for currency, amount in json.loads(text).items()}


def execution_of(row: Row) -> Execution:
    """What of a row of fills its arithmetic needs."""
    return Execution(
        ORDER_SIDES[row["side"]],
        row["quantity"],
        row["price"],
        row["executed_at"],
        place_within(row["venue_trade_id"], row["sequence"]),
        row["fee"],
        row["fee_currency"],
    )


def position_row(place: Place, holding: Holding) -> dict[str, Any]:
    """What is stored of a position: a value for each of `POSITION`."""
    at, within = holding.last_place or (None, None)
    return {
        "account_id": place.account_id,
        "instrument_id": place.instrument_id,
        "side": place.side,
        "quantity": holding.quantity,
        "average_entry_price": holding.average_price,
        "realized_pnl": holding.realized_pnl,
        "fees": holding.fees,
        "other_fees": dump_json(holding.other_fees) if holding.other_fees else "{}",
        "opened_at": holding.opened_at,
        "last_fill_at": at,
        "last_fill_place": within,
        "lots": None
        if holding.lots is None
        else dump_json([{"quantity": lot.quantity, "price": lot.price} for lot in holding.lots]),
    }
