"""Whether somebody is there to serve queues: what is so of him now, since when and who said so. Pure.

Each thing that is so is a `Stretch`, one at a time of each state and queue. What changes is returned as
`Began`, `Extended` and `Ended`, which the book journals.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.directory.pool_model import ALL_CUSTOMERS
from engine.journal.presence_events import PresenceState

ALL_QUEUES = ""
# Why a pause began that nobody asked for.
MISSED = "missed"


class Key(NamedTuple):
    """`queue` is empty for what is so in all of them."""

    state: PresenceState
    queue: str = ALL_QUEUES


class Stretch(NamedTuple):
    """`since` and `until` are UTC ms; `until` 0: open. `by` and `call` as in the journal's events."""

    key: Key
    since: int
    reason: str = ""
    by: str = ""
    until: int = 0
    call: str = ""


@dataclass(frozen=True)
class Began:
    stretch: Stretch


@dataclass(frozen=True)
class Extended:
    key: Key
    until: int
    by: str


@dataclass(frozen=True)
class Ended:
    key: Key
    by: str


Change = Began | Extended | Ended


@dataclass
class Presence:
    """One person's. Times are handed in, UTC ms. Every method returns what it has changed."""

    stretches: dict[Key, Stretch] = field(default_factory=dict)

    # -- what is so -----------------------------------------------------------------------------------------

    def serves(self, queue: str, *, by_file: bool) -> bool:
        """Whether he has joined the queue; `by_file`: members of the file's are, until they leave. Who has
        joined all customers' queues has joined each of them, until he leaves it.
        """
        if Key("joined", queue) in self.stretches:
            return True
        if _of_customer(queue):
            by_file = Key("joined", ALL_CUSTOMERS) in self.stretches or (
                by_file and Key("left", ALL_CUSTOMERS) not in self.stretches
            )
        return by_file and Key("left", queue) not in self.stretches

    def joined(self) -> Iterator[str]:
        """Queues that he has joined by word of his own, or is a member of by the file."""
        return (key.queue for key in self.stretches if key.state == "joined")

    def pause(self, queue: str = ALL_QUEUES) -> Stretch | None:
        """The pause that keeps him from this queue; that of all queues goes first."""
        return self.stretches.get(Key("paused")) or self.stretches.get(Key("paused", queue))

    def wrap_up(self, now: int) -> Stretch | None:
        """The rest that he has now, the one that lasts longest."""
        rests = (one for key, one in self.stretches.items() if key.state == "wrap_up" and one.until > now)
        return max(rests, key=lambda one: one.until, default=None)

    def rested_since(self, queue: str, at: int) -> bool:
        """Whether his last rest of this queue, if it is not noted that it is over, began then or later."""
        rest = self.stretches.get(Key("wrap_up", queue))
        return rest is not None and rest.since >= at

    def has(self, state: PresenceState) -> Stretch | None:
        """What is so of him in all queues: offline, off duty, do not disturb."""
        return self.stretches.get(Key(state))

    # -- what is said ---------------------------------------------------------------------------------------

    def join(self, queue: str, now: int, by: str) -> list[Change]:
        changes = self._end_singles(("joined", "left"), by) if queue == ALL_CUSTOMERS else []
        changes += self._end(Key("left", queue), by)
        joined = {Key("joined", queue)} | ({Key("joined", ALL_CUSTOMERS)} if _of_customer(queue) else set())
        if not joined & self.stretches.keys():
            changes.append(self._begin(Stretch(Key("joined", queue), now, by=by)))
        return changes

    def leave(self, queue: str, now: int, by: str, *, by_file: bool) -> list[Change]:
        """`by_file`: the file makes him a member, so it is to be remembered that he is none."""
        changes = self._end_singles(("joined", "left", "paused"), by) if queue == ALL_CUSTOMERS else []
        changes += self._end(Key("joined", queue), by)
        changes += self._end(Key("paused", queue), by)
        if _of_customer(queue):
            by_file = self.serves(queue, by_file=by_file)
        if by_file and Key("left", queue) not in self.stretches:
            changes.append(self._begin(Stretch(Key("left", queue), now, by=by)))
        return changes

    def pause_for(self, reason: str, now: int, by: str, queue: str = ALL_QUEUES) -> list[Change]:
        """Another reason is another stretch; a pause of all queues takes the place of those of single
        ones.
        """
        key = Key("paused", queue)
        before = self.stretches.get(key)
        if before is not None and before.reason == reason:
            return []
        replaced = [key] if queue else [one for one in self.stretches if one.state == "paused"]
        changes = [change for one in replaced for change in self._end(one, by)]
        return [*changes, self._begin(Stretch(key, now, reason, by))]

    def resume(self, by: str, queue: str = ALL_QUEUES) -> list[Change]:
        """From all pauses, or from that of one queue."""
        wanted = [one for one in self.stretches if one.state == "paused" and queue in (ALL_QUEUES, one.queue)]
        return [change for one in wanted for change in self._end(one, by)]

    def rest(self, queue: str, call: str, now: int, until: int) -> list[Change]:
        """He has talked with a caller of the queue's."""
        if until <= now:
            return []
        key = Key("wrap_up", queue)
        return [*self._end(key, "talk"), self._begin(Stretch(key, now, by="talk", until=until, call=call))]

    def rest_until(self, until: int, now: int, by: str) -> list[Change]:
        """Every rest that he has ends then; at once where that is not in the future."""
        changes: list[Change] = []
        for key in self._rests():
            if until <= now:
                changes += self._end(key, by)
            elif self.stretches[key].until != until:
                self.stretches[key] = self.stretches[key]._replace(until=until)
                changes.append(Extended(key, until, by))
        return changes

    def rests_over(self, now: int) -> list[tuple[int, list[Change]]]:
        """Those whose time has come, each with that time."""
        over = [(self.stretches[key].until, key) for key in self._rests()]
        return [(until, self._end(key, "time")) for until, key in over if until <= now]

    def set(self, state: PresenceState, on: bool, now: int, by: str) -> list[Change]:
        """Offline, off duty, do not disturb: what is seen rather than said."""
        key = Key(state)
        if not on:
            return self._end(key, by)
        return [] if key in self.stretches else [self._begin(Stretch(key, now, by=by))]

    def keep_queues(self, by_file: Iterable[str], known: Iterable[str], now: int) -> list[Change]:
        """The tenant's file says which queues he is in, of those that there are; what he said himself stays
        for as long as the queue does. A customer's queue that he has left stays left while he may serve it.
        """
        member, there = set(by_file), set(known)
        changes: list[Change] = []
        for key, stretch in list(self.stretches.items()):
            gone = bool(key.queue) and key.queue not in there
            left = key.state == "left" and not _of_customer(key.queue)
            unsaid = key.queue not in member and (left or stretch.by == "file")
            if key.state in ("joined", "left", "paused") and (gone or (key.state != "paused" and unsaid)):
                changes += self._end(key, "file")
        for queue in sorted(member):
            if not self.stretches.keys() & {Key("joined", queue), Key("left", queue)}:
                changes.append(self._begin(Stretch(Key("joined", queue), now, by="file")))
        return changes

    def _end_singles(self, states: Iterable[PresenceState], by: str) -> list[Change]:
        """What is said of single queues of customers no longer counts."""
        wanted = [key for key in self.stretches if key.state in states and _of_customer(key.queue)]
        return [change for key in wanted for change in self._end(key, by)]

    def _rests(self) -> list[Key]:
        return [key for key in self.stretches if key.state == "wrap_up"]

    def _begin(self, stretch: Stretch) -> Change:
        self.stretches[stretch.key] = stretch
        return Began(stretch)

    def _end(self, key: Key, by: str) -> list[Change]:
        return [Ended(key, by)] if self.stretches.pop(key, None) is not None else []


def _of_customer(queue: str) -> bool:
    """Whether it is one queue of another tenant: `romashka/main`."""
    return "/" in queue and queue != ALL_CUSTOMERS
