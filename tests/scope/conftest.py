"""One world with two accounts for all tests of scopes; none of them leaves anything in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from scoped_world import ScopedWorld, scoped_world

from tradingdb.database import Database
from tradingdb.testing import clone_of_template
from tradingdb.urls import ConnectionTarget


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(server: ConnectionTarget) -> AsyncIterator[ScopedWorld]:
    async with clone_of_template(server) as target, Database(target) as database, scoped_world(database) as made:
        yield made
