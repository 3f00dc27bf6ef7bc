"""Everybody's presence, in memory and in the journal: what is so now is what streams are open.

Nothing here decides; it keeps what it is told, and tells the listeners who has changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import structlog

from engine.journal.events import Entry, Event
from engine.journal.presence_events import PresenceBegan, PresenceEnded, PresenceExtended
from engine.queues.members import MemberKey, QueueKey
from engine.queues.presence import Began, Change, Ended, Extended, Key, Presence, Stretch

Append = Callable[[str, Event, int | None], object]
Listener = Callable[[MemberKey, Sequence[Change]], None]

log = structlog.get_logger(__name__)
_NOBODY = Presence()


def _append_nowhere(stream: str, event: Event, at: int | None) -> None:
    return


class PresenceBook:
    """`append` is the spool's; without it nothing outlives the process. `now` is UTC ms."""

    def __init__(self, cell: str, now: Callable[[], int], append: Append = _append_nowhere) -> None:
        self._cell = cell
        self._append = append
        self.now = now
        self._people: dict[MemberKey, Presence] = {}
        self._streams: dict[tuple[MemberKey, Key], str] = {}
        self._resting: set[MemberKey] = set()
        self._joined: dict[QueueKey, dict[str, None]] = {}
        self._last_stamps: dict[MemberKey, int] = {}
        self.listeners: list[Listener] = []

    def restore(self, streams: Mapping[str, Sequence[Entry]]) -> None:
        """What the journal has open, before anything is told. What contradicts an earlier stream ends."""
        for stream, entries in sorted(streams.items(), key=lambda one: one[1][0].at):
            began = entries[0].event
            assert isinstance(began, PresenceBegan)
            member, key = MemberKey(began.tenant, began.extension), Key(began.state, began.queue)
            until = began.until
            for entry in entries:
                if isinstance(entry.event, PresenceExtended):
                    until = entry.event.until
            if (member, key) in self._streams:
                self._append(self._streams[member, key], PresenceEnded("engine"), entries[0].at)
            self._streams[member, key] = stream
            stretch = Stretch(key, entries[0].at, began.reason, began.by, until, began.call)
            self._person(member).stretches[key] = stretch
            self._index(member, key, there=True)

    def of(self, member: MemberKey) -> Presence:
        """Only to be read."""
        return self._people.get(member, _NOBODY)

    def to_change(self, member: MemberKey) -> Presence:
        """To be changed by its own methods, whose answer goes to `note`."""
        return self._person(member)

    def note(self, member: MemberKey, changes: Sequence[Change], at: int | None = None) -> None:
        """Journal what has changed, at the time that the changes themselves say, else at `at`, else now."""
        if not changes:
            return
        for change in changes:
            match change:
                case Began(stretch):
                    self._began(member, stretch)
                    self._index(member, stretch.key, there=True)
                case Extended(key, until, by):
                    self._append(self._streams[member, key], PresenceExtended(until, by), at)
                case Ended(key, by):
                    self._append(self._streams.pop((member, key)), PresenceEnded(by), at)
                    self._index(member, key, there=False)
        for listener in self.listeners:
            try:
                listener(member, changes)
            except Exception:  # a lamp that cannot be lit is no reason to forget a pause
                log.exception("presence.listener_failed", tenant=member.tenant, extension=member.extension)

    def everybody(self) -> Iterator[tuple[MemberKey, Presence]]:
        """All of whom anything is known."""
        return ((member, person) for member, person in self._people.items() if person.stretches)

    def resting(self) -> Iterable[MemberKey]:
        """Who has a wrap-up that nobody has noted the end of."""
        return list(self._resting)

    def joined(self, queue: QueueKey) -> Iterable[str]:
        """Extensions of who has joined this queue, in the order of their joining."""
        return self._joined.get(queue, ())

    def _index(self, member: MemberKey, key: Key, *, there: bool) -> None:
        if key.state == "joined":
            queue = QueueKey(member.tenant, key.queue)
            if there:
                self._joined.setdefault(queue, {})[member.extension] = None
            else:
                self._joined[queue].pop(member.extension, None)
        elif key.state == "wrap_up":
            rests = any(one.state == "wrap_up" for one in self._person(member).stretches)
            (self._resting.add if rests else self._resting.discard)(member)

    def _person(self, member: MemberKey) -> Presence:
        person = self._people.get(member)
        if person is None:
            person = self._people[member] = Presence()
        return person

    def _began(self, member: MemberKey, stretch: Stretch) -> None:
        # No two of his streams have one name: where a millisecond is taken, the next one is.
        stamp = max(stretch.since, self._last_stamps.get(member, 0) + 1)
        self._last_stamps[member] = stamp
        stream = f"{self._cell}-presence-{member.tenant}-{member.extension}-{stamp}"
        self._streams[member, stretch.key] = stream
        key = stretch.key
        event = PresenceBegan(
            member.tenant,
            member.extension,
            key.state,
            key.queue,
            stretch.reason,
            stretch.by,
            stretch.until,
            stretch.call,
        )
        self._append(stream, event, stretch.since)
