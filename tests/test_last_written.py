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


def looks_until_a_guess(last: LastWritten) -> int:
    looks = 0
    while last.guess("a") is None:
        last.found("a", 1)
        looks += 1
    return looks


def test_the_more_guesses_are_wrong_the_fewer_are_made() -> None:
    last = LastWritten()
    last.wrote("a", 1)
    waited = []
    for _ in range(8):
        waited.append(looks_until_a_guess(last))
        last.was_wrong("a")
    assert waited == [1, 2, 4, 8, 16, 32, 64, 64]
    looks_until_a_guess(last)
    for _ in range(6):
        last.was_right("a")
    last.found("a", 2)
    assert last.guess("a") is None
    assert looks_until_a_guess(last) == 1


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
