"""Accounts and instruments to record fills in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trading_desk import Desk, open_desk

from tradingdb.database import Database, WriteSession
from tradingdb.last_written import LastWritten
from tradingdb.models import CostBasis


@pytest_asyncio.fixture
async def desk(session: WriteSession) -> Desk:
    """An account that counts by average cost, in the rolled-back session."""
    return await open_desk(session)


@pytest_asyncio.fixture
async def fifo_desk(session: WriteSession) -> Desk:
    """An account that counts the oldest part of a holding first."""
    return await open_desk(session, cost_basis=CostBasis.FIFO)


@pytest_asyncio.fixture
async def shared_desk(database: Database) -> Desk:
    """An account that other connections see."""
    async with database.write() as session:
        return await open_desk(session)


@pytest_asyncio.fixture
async def forgetful(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The same database in another process, which always looks."""
    with monkeypatch.context() as patch:
        patch.setattr("tradingdb.database.LastWritten", lambda: LastWritten(size=0))
        other = Database(database.target)
    async with other:
        yield other
