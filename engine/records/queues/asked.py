"""What a report of queues is about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """Times are UTC milliseconds, `end` excluded; `now` cuts what still lasts. `queue` is one of the
    tenant's, or a customer's that its pool serves: `romashka/main`.
    """

    start: int
    end: int
    now: int
    queue: str | None = None
    within_s: float = 20.0

    @property
    def of_customer(self) -> bool:
        """Whether it is about one customer's queue."""
        return self.queue is not None and "/" in self.queue

    @property
    def period(self) -> tuple[int, int]:
        """What of it has been; empty where its end is not after its start."""
        return self.start, max(self.start, min(self.end, self.now))
