"""What was written last is guessed only where it was seen to be still there, and takes no more room than it may."""

from __future__ import annotations

from tradingdb.last_written import LastWritten


def familiar(last: LastWritten, *keys: str) -> None:
    for key in keys:
        last.wrote(key, 1)
        last.found(key, 1)


def test_nothing_is_guessed_before_somebody_found_it() -> None:
    last = LastWritten()
    assert last.guess("a") is None
    last.wrote("a", 1)
    assert last.guess("a") is None
    last.found("a", 1)
    assert last.guess("a") == 1
    last.wrote("a", 2)
    assert last.guess("a") == 2


def test_nothing_is_guessed_where_others_write() -> None:
    last = LastWritten()
    familiar(last, "a", "b")
    last.found("a", 5)
    assert (last.guess("a"), last.guess("b")) == (None, 1)


def test_what_was_written_longest_ago_is_forgotten() -> None:
    last = LastWritten(size=2)
    familiar(last, "a", "b")
    last.wrote("a", 2)
    familiar(last, "c")
    assert [last.guess(key) for key in "abc"] == [2, None, 1]
    familiar(last, "b")
    assert [last.guess(key) for key in "abc"] == [None, 1, 1]


def test_of_size_nothing_is_ever_guessed() -> None:
    last = LastWritten(size=0)
    familiar(last, "a")
    assert last.guess("a") is None
