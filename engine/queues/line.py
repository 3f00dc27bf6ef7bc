"""One queue's callers in order, and what is remembered of the queue."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from engine.directory.directory import Directory, Tenant
from engine.directory.model import QueueModel
from engine.queues.estimate import ServiceTimes
from engine.queues.members import QueueKey

if TYPE_CHECKING:
    from engine.queues.dispatch import Waiting
    from engine.queues.place import LivePlace


def _order(place: LivePlace) -> Waiting:
    return place.waiting


class LiveLine:
    """A queue that somebody waits in, or has waited in. Its settings are those of the tenant's file now; of
    a queue that has been taken out of the file, the last ones, for those who still wait in it.
    """

    def __init__(self, key: QueueKey, tenant: Tenant) -> None:
        self.key = key
        self._tenant = tenant
        self.places: list[LivePlace] = []
        self.times = ServiceTimes()

    def settings(self, directory: Directory) -> tuple[Tenant, QueueModel]:
        now = directory.tenant(self.key.tenant)
        if now is not None and self.key.name in now.queues:
            self._tenant = now
        return self._tenant, self._tenant.queues[self.key.name]

    def add(self, place: LivePlace) -> None:
        if place not in self.places:
            insort(self.places, place, key=_order)

    def remove(self, place: LivePlace) -> None:
        index = bisect_left(self.places, place.waiting, key=_order)
        if index < len(self.places) and self.places[index] is place:
            del self.places[index]

    def position(self, place: LivePlace) -> int:
        return bisect_left(self.places, place.waiting, key=_order) + 1
