"""One development world for all tests that only look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from world_queries import DEVELOPMENT

from tradingdb.database import Database
from tradingdb.seeds import World, seed
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(server: ConnectionTarget) -> AsyncIterator[Database]:
    async with clone_of_template(server) as target, Database(target) as made:
        await seed(made, World.DEVELOPMENT, DEVELOPMENT)
        yield made
