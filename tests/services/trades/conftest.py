"""Fixtures for tests of round trips."""

from __future__ import annotations

import pytest_asyncio
from trading_floor import Desk, desk_of

from tradingdb.database import WriteSession


@pytest_asyncio.fixture(loop_scope="session")
async def desk(session: WriteSession) -> Desk:
    """A live and a paper account of one user, and what they trade; rolled back."""
    return await desk_of(session)
