"""Keys are written down when they are read: as what they are, or as no more than that there was one."""

import pytest

from engine.calls.keys import Keys
from engine.journal.events import DigitReceived


class Book:
    def __init__(self) -> None:
        self.lines: list[tuple[str, int]] = []

    def __call__(self, event: DigitReceived, at: int) -> None:
        self.lines.append((event.digit, at))


def test_a_key_is_written_down_when_it_is_read_with_its_own_time() -> None:
    book = Book()
    keys = Keys(book)
    assert not keys
    keys.press("1", 100)
    keys.press("#", 200)
    assert keys
    assert book.lines == []
    assert [keys.read(), keys.read()] == ["1", "#"]
    assert book.lines == [("1", 100), ("#", 200)]
    with pytest.raises(IndexError):
        keys.read()


def test_of_a_secret_and_of_what_nobody_read_only_the_time_is_kept() -> None:
    book = Book()
    keys = Keys(book)
    for at, digit in enumerate("12345"):
        keys.press(digit, at)
    with keys.secret():
        assert keys.read() == "1"
        with keys.secret():
            assert keys.read() == "2"
        assert keys.read() == "3"
    assert keys.read() == "4"
    keys.forget()
    assert not keys
    assert book.lines == [("", 0), ("", 1), ("", 2), ("4", 3), ("", 4)]


def test_an_error_ends_the_secrecy() -> None:
    book = Book()
    keys = Keys(book)
    with pytest.raises(ValueError, match="no"), keys.secret():
        raise ValueError("no")
    keys.press("7", 1)
    keys.read()
    assert book.lines == [("7", 1)]
