"""Fixtures of the suite: those that `tradingdb.testing` gives to every service, under short names."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from paths import SHARED_DATA
from tradingdb.database import Database, WriteSession
from tradingdb.urls import ConnectionTarget

pytest_plugins = ["tradingdb.testing", "commands", "embedded_servers", "scratch_databases", "seeded_worlds"]
pytest.register_assert_rewrite("candle_files")

gc.set_threshold(50_000, 20, 20)  # the usual 700 costs a fifth of the time: a quarter of a million objects are imported


def pytest_collection_finish() -> None:
    """What was imported and collected stays: do not look for garbage in it."""
    gc.freeze()


@pytest.fixture
def database(tradingdb_database: Database) -> Database:
    """A migrated database of the test's own."""
    return tradingdb_database


@pytest.fixture
def session(tradingdb_session: WriteSession) -> WriteSession:
    """A session whose work is rolled back."""
    return tradingdb_session


@pytest.fixture(scope="session")
def unchanged(_shared_database: Database) -> Database:
    """A migrated database for tests that leave nothing in it."""
    return _shared_database


@pytest.fixture(scope="session")
def server(tradingdb_template: ConnectionTarget) -> ConnectionTarget:
    """The server that the suite runs on, with the migrated template."""
    return tradingdb_template


@pytest.fixture
def market_data() -> Path:
    """The folder of real market data."""
    if not SHARED_DATA.exists():
        pytest.skip("real market data are not here: ../shared/data is missing beside the checkout")
    return SHARED_DATA
