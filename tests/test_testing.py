"""What services use for their own tests: where its servers live, and that none of them stays for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedded_servers import embedded, processes_of
from tradingdb import testing


def test_servers_live_where_temporary_files_go_if_somebody_said_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert testing.throwaway_root() == tmp_path


@pytest.mark.parametrize(("room", "in_memory"), [(0, True), (1 << 62, False)])
def test_servers_live_in_memory_only_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: int, in_memory: bool
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(testing, "MEMORY", tmp_path)
    monkeypatch.setattr(testing, "ROOM_NEEDED", room)
    assert (testing.throwaway_root() == tmp_path) is in_memory


def test_the_server_of_a_run_that_was_killed_is_removed_once_it_is_old_and_one_that_is_used_is_not(
    folder: Path,
) -> None:
    server = embedded(folder / "tradingdb-tests-1")
    server.acquire()
    for is_used, is_old in ((True, True), (False, False), (False, True)):
        if not is_used and server._use is not None:
            server._use.close()  # as the kernel does when a process dies
            server._use = None
        if is_old:
            os.utime(server.data_dir / "start.lock", (0, 0))
        testing._remove_abandoned(folder)
        assert server.is_accepting() is (is_used or not is_old)
    assert not server.data_dir.exists()
    assert processes_of(folder) == []
