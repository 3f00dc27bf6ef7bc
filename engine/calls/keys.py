"""The keys that a caller has pressed and no step has read yet."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.journal.events import DigitReceived


class Keys:
    """A key is journalled when it is read, with the time of its own: only then is it known whether it is part
    of a secret. Of one that nobody reads only the time is kept: it may have been part of one.
    """

    def __init__(self, journal: Callable[[DigitReceived, int], None]) -> None:
        self._journal = journal
        self._pressed: deque[tuple[str, int]] = deque()
        self._secret = False

    def __bool__(self) -> bool:
        return bool(self._pressed)

    def press(self, digit: str, at: int) -> None:
        """`at` in UTC milliseconds."""
        self._pressed.append((digit, at))

    def read(self) -> str:
        """The oldest. Raises `IndexError` when there is none."""
        digit, at = self._pressed.popleft()
        self._journal(DigitReceived("" if self._secret else digit), at)
        return digit

    def forget(self) -> None:
        while self._pressed:
            _, at = self._pressed.popleft()
            self._journal(DigitReceived(""), at)

    @contextmanager
    def secret(self) -> Iterator[None]:
        """What is read within is journalled without its value."""
        before, self._secret = self._secret, True
        try:
            yield
        finally:
            self._secret = before
