"""What a venue says that an account has, at one instant by the venue's clock."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb.core.clock import as_utc
from tradingdb.core.types import LARGEST_INT4, exact
from tradingdb.errors import InvalidValueError
from tradingdb.models import OrderStatus, PositionSide
from tradingdb.services.ledger.entries import CheckedEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tradingdb.services.ledger import NewFill, NewOrder

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """An order as the venue tells it."""

    order: NewOrder
    """The instruction. Its `submitted_at` is when the venue took it, if the venue says so."""
    filled: Decimal = ZERO
    average_price: Decimal | None = None
    """Of what was filled. None: the venue does not say, and a missing fill has no price."""
    status: OrderStatus | str = OrderStatus.OPEN

    def __post_init__(self) -> None:
        if self.status not in set(OrderStatus):
            raise InvalidValueError(f"status was {self.status!r}; known are: {', '.join(OrderStatus)}.")
        object.__setattr__(self, "status", OrderStatus(self.status))
        object.__setattr__(self, "filled", exact(self.filled))
        if self.filled < 0:
            raise InvalidValueError(f"An order cannot have {self.filled} filled.")
        if self.average_price is not None:
            object.__setattr__(self, "average_price", exact(self.average_price))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuePosition(CheckedEntry):
    """A position as the venue tells it: contracts, negative for short."""

    instrument_id: int
    quantity: Decimal
    side: PositionSide | str = PositionSide.NET
    entry_price: Decimal | None = None

    def __post_init__(self) -> None:
        if self.side not in set(PositionSide):
            raise InvalidValueError(f"side was {self.side!r}; known are: {', '.join(PositionSide)}.")
        self._check_integers(instrument_id=LARGEST_INT4)
        side, quantity = PositionSide(self.side), exact(self.quantity)
        object.__setattr__(self, "side", side)
        # venues give the short one of a pair without its sign
        object.__setattr__(self, "quantity", -abs(quantity) if side is PositionSide.SHORT else quantity)
        if self.entry_price is not None:
            object.__setattr__(self, "entry_price", exact(self.entry_price))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSnapshot:
    """What a venue said at one instant. A part that is None was not asked for; an empty one says that nothing is there.

    Entries are of the account that is reconciled.

    Raises:
        InvalidValueError: a value is not exact, or two positions are of one instrument and side.
    """

    at: datetime
    balances: Mapping[str, Decimal] | None = None
    """All balances: currency to total, without unrealized profits."""
    orders: Sequence[VenueOrder] | None = None
    """All open orders; ended ones may be among them."""
    positions: Sequence[VenuePosition] | None = None
    """All positions in contracts; spot holdings are balances."""
    trades: Sequence[NewFill] = ()
    """Executions, if they were asked for: those that the ledger lacks are the best explanation there is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", as_utc(self.at))
        if self.balances is not None:
            object.__setattr__(self, "balances", {name: exact(total) for name, total in self.balances.items()})
        first: dict[tuple[int, object], int] = {}
        for number, one in enumerate(self.positions or ()):
            if (there := first.setdefault((one.instrument_id, one.side), number)) != number:
                raise InvalidValueError(
                    f"positions.{there} and positions.{number} are both the {one.side} position of instrument "
                    f"{one.instrument_id}: give one of them, or say which is long and which is short."
                )
