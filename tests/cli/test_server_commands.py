"""`tradingdb server`: an embedded PostgreSQL that stays until it is stopped."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from commands import Run
from tradingdb.database import Database
from tradingdb.embedded import EmbeddedServer


async def test_a_server_runs_from_its_start_to_its_stop(data_dir: Path, run_embedded: Run) -> None:
    code, out, err = await run_embedded("server", "start", "--json")
    assert (code, err) == (0, "")
    started = json.loads(out)
    assert (started["running"], started["data_dir"]) == (True, str(data_dir))
    async with Database(started["url"]) as database:
        health = await database.health()
    assert health.server_version.startswith(f"{started['version']}.")

    code, out, err = await run_embedded("server", "status")
    assert (code, err) == (0, "")
    assert started["url"] in out

    code, out, err = await run_embedded("server", "stop")
    assert (code, err) == (0, "")
    assert "does not run" in out
    code, out, err = await run_embedded("server", "status", "--json")
    assert (code, err, json.loads(out)["running"]) == (1, "", False)
    assert not await asyncio.to_thread(EmbeddedServer(data_dir).is_accepting)


def test_ctrl_c_while_commands_are_imported_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "asyncpg.py").write_text("raise KeyboardInterrupt\n")
    ended = subprocess.run(
        [sys.executable, "-m", "tradingdb", "--version"],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "error: Interrupted; nothing was done yet.\n")
