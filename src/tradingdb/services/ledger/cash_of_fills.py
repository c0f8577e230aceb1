"""Which cash a fill moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradingdb.core.ids import uuid7
from tradingdb.models import CashMovementKind, InstrumentKind
from tradingdb.services.ledger.holdings import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.services.ledger.entries import NewFill
    from tradingdb.services.ledger.holdings import Contract, Execution
    from tradingdb.services.ledger.position_rows import Place


MOVEMENT = {
    "id": "uuid",
    "account_id": "uuid",
    "dedupe_key": "text",
    "kind": "text",
    "amount": "numeric",
    "currency": "text",
    "occurred_at": "timestamptz",
    "instrument_id": "int4",
}
"""What is stored of every movement, whatever its cause, with its type in PostgreSQL."""


def movements_of(
    fill_id: UUID, place: Place, execution: Execution, contract: Contract, realized: Decimal
) -> list[dict[str, Any]]:
    """The movements of a fill; each has a key made of the fill's id, so none is there twice.

    Futures and perpetuals pay what was realized, in settle currency. An option costs its premium. Everything else
    exchanges base for quote. A currency that the instrument does not name moves nothing; `verify` lists such fills.
    """
    legs: list[tuple[str, CashMovementKind, Decimal, str | None]] = []
    if contract.is_margined:
        legs.append(("realized_pnl", CashMovementKind.REALIZED_PNL, realized, contract.settle_currency))
    else:
        units = EXACT.multiply(execution.signed, contract.size)
        paid = EXACT.multiply(units, execution.price).copy_negate()
        legs.append(("quote", CashMovementKind.TRADE, paid, contract.settle_currency))
        if contract.kind is not InstrumentKind.OPTION:
            legs.append(("base", CashMovementKind.TRADE, units, contract.base_currency))
    legs.append(_fee_leg(execution.fee, execution.fee_currency))
    return [
        _movement(fill_id, place.account_id, place.instrument_id, execution.executed_at, leg)
        for leg in legs
        if leg[2] and leg[3] is not None
    ]


def fee_movement(fill_id: UUID, fill: NewFill) -> list[dict[str, Any]]:
    """The movement of a fee that became known after its fill."""
    leg = _fee_leg(fill.fee, fill.fee_currency)
    return [_movement(fill_id, fill.account_id, fill.instrument_id, fill.executed_at, leg)] if leg[2] else []


def corrections_of(
    cause_id: UUID, place: Place, contract: Contract, wrong: Mapping[UUID, Decimal], times: Mapping[UUID, datetime]
) -> list[dict[str, Any]]:
    """What fills realized more or less than was paid for them, since a fill was found to have come before them."""
    currency = contract.settle_currency
    return [
        _movement(
            fill_id,
            place.account_id,
            place.instrument_id,
            times[fill_id],
            ("realized_pnl", CashMovementKind.REALIZED_PNL, amount, currency),
        )
        | {"dedupe_key": f"fill:{cause_id}:corrects:{fill_id}"}
        for fill_id, amount in wrong.items()
        if amount and currency is not None
    ]


def _fee_leg(fee: Decimal, currency: str | None) -> tuple[str, CashMovementKind, Decimal, str | None]:
    return ("fee", CashMovementKind.FEE if fee > 0 else CashMovementKind.REBATE, fee.copy_negate(), currency)


def _movement(
    fill_id: UUID, account_id: UUID, instrument_id: int, at: Any, leg: tuple[str, CashMovementKind, Decimal, str | None]
) -> dict[str, Any]:
    name, kind, amount, currency = leg
    return {
        "id": uuid7(),
        "account_id": account_id,
        "dedupe_key": f"fill:{fill_id}:{name}",
        "kind": kind,
        "amount": amount,
        "currency": currency,
        "occurred_at": at,
        "instrument_id": instrument_id,
        "fill_id": fill_id,
    }
