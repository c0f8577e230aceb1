"""How the tests of seeds look into a database: by plain SQL, past the code that filled it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from tradingdb.database import Database
from tradingdb.models import Base
from tradingdb.settings import Settings

DEVELOPMENT = Settings(environment="development")

ZERO = Decimal(0)

Row = Mapping[str, Any]


async def rows(database: Database, query: str) -> list[Row]:
    async with database.read() as session:
        return [dict(found) for found in (await session.execute(text(query))).mappings()]


async def one(database: Database, query: str) -> Row:
    [row] = await rows(database, query)
    return row


async def row_versions(database: Database) -> dict[str, list[Any]]:
    """Where each row of each table stands and which transaction wrote it: any write at all changes this."""
    return {
        table.name: await rows(database, f"SELECT tableoid, ctid::text, xmin::text FROM {table.name} ORDER BY 1, 2")
        for table in Base.metadata.sorted_tables
    }


def position_of(fills: Iterable[Row]) -> tuple[Decimal, Decimal]:
    """The quantity held and the profit realised, by the average price of what is held."""
    held = average = realized = ZERO
    for fill in fills:
        change = fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
        if held * change >= 0:
            average = (held * average + change * fill["price"]) / (held + change)
        else:
            closing = min(abs(change), abs(held))
            realized += closing * (fill["price"] - average) * (1 if held > 0 else -1)
            if abs(change) > abs(held):
                average = fill["price"]
        held += change
    return held, realized
