"""One queue's callers in order, and what is remembered of the queue."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sortedcontainers import SortedKeyList

from engine.calls.queueing import NO_WANTS, Wants
from engine.directory.directory import Directory, Tenant
from engine.directory.queue_model import QueueModel
from engine.directory.schedules.zones import local, reached
from engine.queues.estimate import WaitEstimator
from engine.queues.members import MemberKey, QueueKey
from engine.queues.rules import rules_of

if TYPE_CHECKING:
    from engine.queues.place import LivePlace


class Waiting(NamedTuple):
    """A place in the order of service: by the turn, which is `since` (UTC ms) less what the caller's priority
    is worth, then by `since`, then by id.
    """

    turn: int
    since: int
    call_id: str


def _order(place: LivePlace) -> Waiting:
    return place.waiting


class LiveLine:
    """A queue that somebody waits in, or has waited in. Its settings are those of the tenant's file now; of
    a queue that has been taken out of the file, the last ones, for those who still wait in it.
    """

    def __init__(self, key: QueueKey, tenant: Tenant) -> None:
        self.key = key
        self.tenant = tenant
        self.configured: Tenant | None = None  # as `dispatch` knows its rules and members
        self.places: SortedKeyList[LivePlace, Waiting] = SortedKeyList(key=_order)
        self.alone: set[LivePlace] = set()  # those whom nobody is offered to
        self.there: set[MemberKey] = set()  # who serves it and can be reached, as far as is known
        self.at_work: set[MemberKey] = set()  # the same, but for those who have paused
        self.staffed = False  # what callers were told last
        self.next_position = 0  # of who joins next
        self.day_ends = 0  # UTC ms, where calls of a day are counted
        self.waits = WaitEstimator()

    def settings(self, directory: Directory) -> tuple[Tenant, QueueModel]:
        now = directory.tenant(self.key.tenant)
        if now is not None and self.key.name in now.queues:
            self.tenant = now
        return self.tenant, self.tenant.queues[self.key.name]

    def waiting(self, since: int, call_id: str, wants: Wants = NO_WANTS) -> Waiting:
        """Where he comes in the order of service: a level of priority is worth some time of waiting."""
        model = self.tenant.queues[self.key.name]
        turn = since + rules_of(model).offset(wants.priority or model.priority)
        return Waiting(turn, since, call_id)

    def add(self, place: LivePlace) -> None:
        if place not in self.places:
            self.places.add(place)

    def remove(self, place: LivePlace) -> None:
        self.places.discard(place)

    def position(self, place: LivePlace) -> int:
        return self.places.bisect_key_left(place.waiting) + 1

    def sort_again(self) -> None:
        """What priority is worth may have changed."""
        places = list(self.places)
        self.places.clear()
        for place in places:
            place.waiting = self.waiting(place.waiting.since, place.call_id, place.wants)
        self.places.update(places)


def day_began(timezone: str, now: int) -> int:
    """When the zone's clock showed the last midnight, UTC ms."""
    zone = _zone(timezone)
    return reached(zone, local(zone, now).date(), 0)


def day_ends(timezone: str, now: int) -> int:
    """When the zone's clock shows the next midnight, UTC ms."""
    zone = _zone(timezone)
    return reached(zone, local(zone, now).date() + timedelta(1), 0)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
