"""The development world, made once: one for all tests that only look at it, and copies for those that write."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tradingdb.database import Database
from tradingdb.seeds import World, seed
from tradingdb.settings import Settings
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget

DEVELOPMENT = Settings(environment="development", _env_file=None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database to be copied; nobody is connected to it."""
    async with clone_of_template(server) as target:
        async with Database(target) as database:
            await seed(database, World.DEVELOPMENT, DEVELOPMENT)
        yield target


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(server: ConnectionTarget, seeded: ConnectionTarget) -> AsyncIterator[Database]:
    """A development world to look at."""
    async with clone_of_template(server, seeded.database) as target, Database(target) as database:
        yield database


@pytest_asyncio.fixture(loop_scope="session")
async def own_world(server: ConnectionTarget, seeded: ConnectionTarget) -> AsyncIterator[Database]:
    """A development world of the test's own."""
    async with clone_of_template(server, seeded.database) as target, Database(target) as database:
        yield database
