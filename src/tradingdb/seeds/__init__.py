"""First contents of a database. Each seed can be repeated, and then changes nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tradingdb.errors import RefusedError
from tradingdb.seeds.development import seed_development
from tradingdb.seeds.reference import seed_reference

if TYPE_CHECKING:
    from tradingdb.database import Database
    from tradingdb.settings import Settings

__all__ = ["World", "seed"]


class World(StrEnum):
    """What to fill a database with."""

    DEVELOPMENT = "development"
    """A small consistent world, on top of the reference data."""
    PRODUCTION = "production"
    """Reference data only: venues and timeframes. No users."""


async def seed(database: Database, world: World, settings: Settings) -> dict[str, int]:
    """Fill the database; returns how many rows were added, by table.

    Raises:
        RefusedError: the development world was asked for in production.
    """
    if world is World.DEVELOPMENT and settings.in_production:
        raise RefusedError("The development seed is refused where TRADINGDB_ENVIRONMENT is production.")
    added = await database.run(seed_reference, idempotent=True)
    if world is World.DEVELOPMENT:
        added |= await database.run(seed_development, idempotent=True)
    return added
