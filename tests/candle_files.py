"""Files of candles: saved with a content, then read as the same two candles or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tradingdb.candles import FileCandles, read_file
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import UnusableFileError

NEW_YEAR = 1_704_067_200


def saved_as(name: str, folder: Path, content: Any) -> Path:
    """A file with that content: bytes and text as they are, anything else as JSON."""
    path = folder / name
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, *, timezone: str = "UTC") -> str:
    """What is said of a file that cannot be used."""
    with pytest.raises(UnusableFileError) as caught:
        read_file(path, timezone=timezone).check(Timeframe.M1)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith("Nothing was stored.")
    return message


def assert_good(found: FileCandles) -> None:
    columns = found.columns
    assert columns.open_time.tolist() == [NEW_YEAR * 1_000_000, (NEW_YEAR + 60) * 1_000_000]
    assert columns.open.tolist() == [1, 1.5]
    assert columns.high.tolist() == [2, 3]
    assert columns.low.tolist() == [0.5, 1]
    assert columns.close.tolist() == [1.5, 2]
    assert columns.volume.tolist() == [10, 20]
    found.check(Timeframe.M1)
