"""Accounts, instruments of three kinds and a rule, for tests of round trips."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tradingdb.core.mode import TradingMode
from tradingdb.database import WriteSession
from tradingdb.models import Instrument, InstrumentKind, StrategyRule, TradingAccount, User, Venue, VenueKind
from tradingdb.services.trades import NewExit, NewTrade

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where trades are recorded."""

    user_id: UUID
    live: UUID
    paper: UUID
    spot: int
    linear: int
    """Ten units of base a contract."""
    inverse: int
    """A hundred of quote a contract, paid in base."""
    rule_id: UUID

    def entry(self, key: str = "first", **values: Any) -> NewTrade:
        """A long of 4 at 100 with its stop at 90, changed by `values`."""
        defaults: dict[str, Any] = {
            "account_id": self.live,
            "instrument_id": self.spot,
            "direction": "long",
            "quantity": Decimal(4),
            "entry_price": Decimal(100),
            "entry_time": AT,
            "initial_stop": Decimal(90),
        }
        return NewTrade(dedupe_key=key, **{**defaults, **values})

    def exit(self, sequence: int = 1, quantity: str = "4", price: str = "110", **values: Any) -> NewExit:
        """An exit an hour after the entry."""
        values = {"exit_time": AT.replace(hour=13), **values}
        return NewExit(sequence=sequence, quantity=Decimal(quantity), price=Decimal(price), **values)


async def desk_of(session: WriteSession) -> Desk:
    """A live and a paper account of one user, and what they trade."""
    user = User(email="ann@example.org", username="ann")
    venue = Venue(code="mine", name="Mine", kind=VenueKind.EXCHANGE)
    rule = StrategyRule(name="Breakout", entry_type="breakout")
    session.add_all([user, venue, rule])
    await session.flush()
    accounts = [
        TradingAccount(user_id=user.id, venue_id=venue.id, label=mode.value, mode=mode, base_currency="USDT")
        for mode in (TradingMode.LIVE, TradingMode.PAPER)
    ]
    perpetual = {"venue_id": venue.id, "base_currency": "BTC", "kind": InstrumentKind.PERPETUAL}
    instruments = [
        Instrument(venue_id=venue.id, symbol="BTC/USDT", base_currency="BTC", quote_currency="USDT"),
        Instrument(
            symbol="BTC/USDT:USDT", quote_currency="USDT", settle_currency="USDT", contract_size=Decimal(10),
            **perpetual,
        ),
        Instrument(
            symbol="BTC/USD:BTC", quote_currency="USD", settle_currency="BTC", contract_size=Decimal(100),
            is_inverse=True, **perpetual,
        ),
    ]  # fmt: skip
    session.add_all([*accounts, *instruments])
    await session.flush()
    live, paper = (account.id for account in accounts)
    spot, linear, inverse = (instrument.id for instrument in instruments)
    return Desk(user.id, live, paper, spot, linear, inverse, rule.id)
