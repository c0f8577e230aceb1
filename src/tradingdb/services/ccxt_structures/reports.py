"""Positions and balances as the venue tells them, to compare with what the ledger's fills add up to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradingdb.errors import InvalidValueError
from tradingdb.models import PositionSide
from tradingdb.services.ccxt_structures.reading import instant_of, instrument_of, number
from tradingdb.services.ledger.holdings import EXACT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.services.ccxt_structures.reading import Instruments, Structure

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """A position as the venue tells it, to compare with what fills add up to."""

    symbol: str
    instrument_id: int
    side: PositionSide
    quantity: Decimal
    """Contracts (units of base where a contract is one), negative for short."""
    contract_size: Decimal | None = None
    entry_price: Decimal | None = None
    mark_price: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    leverage: Decimal | None = None
    margin_used: Decimal | None = None
    liquidation_price: Decimal | None = None
    at: datetime | None = None
    """By the venue's clock. None: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingReport:
    """What an account holds of a currency, as the venue tells it."""

    asset: str
    quantity: Decimal
    available: Decimal | None = None
    debt: Decimal | None = None

    def row(self, account_id: UUID, valued_at: datetime) -> dict[str, Any]:
        """The columns of `portfolios` that a balance knows, for `bulk.upsert`."""
        return {
            "account_id": account_id,
            "asset": self.asset,
            "quantity": self.quantity,
            "available": self.available,
            "valued_at": valued_at,
        }


def position_of(position: Structure, *, instruments: Instruments) -> PositionReport:
    """The position of a ccxt position structure: one of a hedged pair, or the net one with its sign.

    Raises:
        InvalidValueError: its size or its side is missing or means nothing.
    """
    word = f"the position in {position.get('symbol')}"
    size = number(position.get("contracts"), f"contracts of {word}")
    if size is None:
        raise InvalidValueError(f"{word} has no contracts.")
    told = str(position.get("side"))
    if size and told not in {"long", "short"}:
        raise InvalidValueError(f"{word} has the side {told}, which is neither long nor short.")
    is_pair = bool(position.get("hedged")) and told in {"long", "short"}
    amounts = {
        name: number(position.get(key), f"{key} of {word}")
        for name, key in (
            ("contract_size", "contractSize"),
            ("entry_price", "entryPrice"),
            ("mark_price", "markPrice"),
            ("unrealized_pnl", "unrealizedPnl"),
            ("leverage", "leverage"),
            ("liquidation_price", "liquidationPrice"),
        )
    }
    margin = number(position.get("initialMargin"), f"initialMargin of {word}")
    return PositionReport(
        symbol=str(position.get("symbol")),
        instrument_id=instrument_of(position, instruments, word),
        side=PositionSide(told) if is_pair else PositionSide.NET,
        quantity=-abs(size) if told == "short" else abs(size),
        margin_used=number(position.get("collateral"), f"collateral of {word}") if margin is None else margin,
        at=instant_of(position, "timestamp", "datetime"),
        **(amounts if size else amounts | {"entry_price": None}),
    )


def holdings_of(balance: Structure) -> list[HoldingReport]:
    """What a ccxt balance structure says is held, by currency, sorted.

    A total that is missing is made of what is free and used; what is free, of the total and what is used.

    Raises:
        InvalidValueError: an amount means nothing.
    """
    free, used, total, debt = (balance.get(name) or {} for name in ("free", "used", "total", "debt"))
    found = []
    for asset in sorted({*free, *used, *total}):
        available, bound, held = (number(part.get(asset), f"the balance of {asset}") for part in (free, used, total))
        if held is None and available is not None:
            held = EXACT.add(available, bound or ZERO)
        if available is None and held is not None and bound is not None:
            available = EXACT.subtract(held, bound)
        if held is None:
            continue
        owed = number(debt.get(asset), f"the debt of {asset}")
        found.append(HoldingReport(asset=asset, quantity=held, available=available, debt=owed))
    return found
