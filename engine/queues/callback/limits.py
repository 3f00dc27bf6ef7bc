"""How many orders come by API: counted over a sliding window, so that nobody is rung again and again."""

from bisect import bisect_right, insort
from collections.abc import Hashable

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Recent:
    """Times of what happened within the last `window_ms`, by key. Times are UTC milliseconds."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._times: dict[Hashable, list[int]] = {}
        self._swept_at = 0

    def __len__(self) -> int:
        """How many keys it holds: those of the last window, and of one more at most."""
        return len(self._times)

    def note(self, key: Hashable, at: int) -> None:
        """It happened at `at`; what happened before may be told of later."""
        insort(self._times.setdefault(key, []), at)
        if at >= self._swept_at + self._window_ms:
            self._swept_at = at
            for other in [one for one, times in self._times.items() if times[-1] <= at - self._window_ms]:
                del self._times[other]

    def count(self, key: Hashable, now: int) -> int:
        """How many within the window."""
        times = self._times.get(key, [])
        del times[: bisect_right(times, now - self._window_ms)]
        if not times:
            self._times.pop(key, None)
        return len(times)
