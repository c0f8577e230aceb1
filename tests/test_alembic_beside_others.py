"""The revisions run by the `alembic` command beside a service's own, and from an installed wheel."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest_asyncio
from sqlalchemy import text

from commands import process_that_forks, run_forked, run_python, run_tradingdb
from paths import CHECKOUT
from scratch_databases import empty_database
from tradingdb.connections import maintenance_connection
from tradingdb.database import Database
from tradingdb.timeseries import partitions
from tradingdb.urls import ConnectionTarget


@pytest_asyncio.fixture(loop_scope="session")
async def empty(server: ConnectionTarget) -> AsyncIterator[ConnectionTarget]:
    """A database without any schema."""
    async with empty_database(server) as target:
        yield target


async def test_a_service_keeps_its_own_alembic_and_alembic_check_is_clean_beside_its_tables_and_partitions(
    empty: ConnectionTarget, forks: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "service"
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/service\npath_separator = os\n")
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(
        "import asyncio, os\n"
        "from alembic import context\n"
        "from sqlalchemy.ext.asyncio import create_async_engine\n"
        "def go(connection):\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n"
        "async def main():\n"
        "    engine = create_async_engine(os.environ['DATABASE_URL'])\n"
        "    async with engine.begin() as connection:\n"
        "        await connection.run_sync(go)\n"
        "    await engine.dispose()\n"
        "asyncio.run(main())\n"
    )
    (folder / "versions" / "s1.py").write_text(
        "from alembic import op\nrevision = 's1'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE of_the_service (id int)')\n"
        "def downgrade():\n    op.execute('DROP TABLE of_the_service')\n"
    )

    async def alembic(cwd: Path, *command: str) -> None:
        code, _, err = await run_forked(forks, cwd, empty, "-m", "alembic", *command)
        assert code == 0, err

    await alembic(tmp_path, "upgrade", "head")
    await alembic(CHECKOUT, "upgrade", "head")
    async with Database(empty) as database:
        await database.run(partitions.ensure_ahead)
    await alembic(CHECKOUT, "check")
    await alembic(CHECKOUT, "downgrade", "base")
    async with maintenance_connection(empty) as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "s1"
        assert await connection.scalar(text("SELECT count(*) FROM of_the_service")) == 0


async def test_the_installed_wheel_brings_its_revisions(empty: ConnectionTarget, tmp_path: Path) -> None:
    code, _, err = await run_python(CHECKOUT, None, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist")
    assert code == 0, err
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    assert (installed / "tradingdb" / "py.typed").exists()
    with process_that_forks(PYTHONPATH=str(installed)) as forks:
        run = partial(run_tradingdb, forks, tmp_path, empty, "migrate")
        for command in ("upgrade", "check"):
            code, _, err = await run(command)
            assert code == 0, err
        code, _, err = await run("create", "x")
    assert code == 2
    assert "installed package" in err
