"""The cash that the fills of a seeded account moved, as the ledger moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid5

from tradingdb.services.ledger.books import executions_of, open_books, places_of
from tradingdb.services.ledger.cash_of_fills import movements_of
from tradingdb.services.ledger.holdings import profits_of

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tradingdb.database import WriteSession
    from tradingdb.seeds.adding import Row


class Moved(NamedTuple):
    """What came of an account's fills."""

    movements: list[Row]
    profits: list[tuple[datetime, Decimal]]
    """When, and how much was realized."""


async def cash_of_fills(session: WriteSession, account_id: UUID) -> Moved:
    """Every movement of the account's fills, with ids that are the same each time. Needs fills and positions."""
    books = await open_books(session, await places_of(session, account_id=account_id))
    rows: list[Row] = []
    realized: list[tuple[datetime, Decimal]] = []
    for place, fills in (await executions_of(session, books)).items():
        contract = books[place].contract
        _, profits = profits_of(books[place].empty, fills, contract)
        for fill_id, execution in fills:
            rows += movements_of(fill_id, place, execution, contract, profits[fill_id])
            realized.append((execution.executed_at, profits[fill_id]))
    return Moved([row | {"id": movement_id(account_id, row["dedupe_key"])} for row in rows], realized)


def movement_id(account_id: UUID, key: str) -> UUID:
    """The id of the movement with this key."""
    return uuid5(account_id, f"cash:{key}")
