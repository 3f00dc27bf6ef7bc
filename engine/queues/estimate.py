"""How long a caller will wait, from how long the last ones were served."""

from collections import deque

REMEMBERED = 20


class ServiceTimes:
    """Talk and rest after it, seconds, of the last callers of one queue."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=REMEMBERED)

    def served(self, seconds: float) -> None:
        self._last.append(seconds)

    def expected_wait(self, position: int, people: int) -> float | None:
        """Seconds until the caller at `position` (1 is next) is served by so many people.

        Each of them is free again after the mean time, so one of them every mean / people. None while
        nobody has been served, or nobody is there to serve.
        """
        if not self._last or people < 1:
            return None
        return position * (sum(self._last) / len(self._last)) / people
