"""One call that Asterisk's own Dial carries, derived from the switch's event log line by line.

Pure: log events in, journal events with the switch's times out. The same line twice gives nothing twice.
"""

from collections.abc import Sequence

from engine.calls.leg import unanswered_result
from engine.journal.base import EndedBy, LegResult
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    Entry,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkEnded,
    TalkStarted,
    kind,
)
from engine.switch.cel import CelEvent, lost_by_network

Timed = tuple[Event, int]  # the event, and UTC milliseconds

_ANSWERED_ELSEWHERE = 26
# Unknown, normal clearing (also unspecified), Asterisk's own request, and what a SIP 487 is translated to.
_SAYS_NOTHING = frozenset({0, 16, 31, 32, 127})
_TOGETHER_MS = 300  # a leg that ends so shortly before the caller was ended by him
_LATE_MS = 2000  # how long the end of the call waits for its legs' ends


class DialledCall:
    """`engine_legs` are the legs that an engine left open; of them only their ends are told."""

    def __init__(
        self,
        call_id: str,
        tenant: str,
        *,
        refused: bool = False,
        engine_legs: Sequence[str] = (),
        told: Sequence[Entry] = (),
    ) -> None:
        self.call_id = call_id
        self.over = False
        self._tenant = tenant
        self._refused = refused
        self._told = {_key(entry.event, entry.at) for entry in told}
        self._caller_name = ""
        self._engine_legs = frozenset(engine_legs)
        self._legs = set(engine_legs)  # open ones
        self._names: dict[str, str] = {}  # all legs' channel names → ids
        self._answered: set[str] = set()
        self._members: dict[str, set[str]] = {}
        self._talk = ""  # the leg
        self._talk_end: tuple[int, EndedBy] | None = None
        self._unclear: list[tuple[str, int, int]] = []  # ended legs: id, at, cause
        self._end: Timed | None = None

    def apply(self, event: CelEvent) -> list[Timed]:
        """What this line means for the call; it must be this call's."""
        found: list[Timed] = []
        caller = event.unique_id == self.call_id
        if self._end is None and not caller:
            self._settle(found, event.at - _TOGETHER_MS, "no_answer")
        match event.kind:
            case "CHAN_START" if caller:
                self._caller_name = event.channel
            case "CHAN_START":
                self._legs.add(event.unique_id)
                self._names[event.channel] = event.unique_id
                found.append((self._created(event), event.at))
            case "ANSWER" if caller:
                self._answered.add(event.unique_id)
                found.append((CallAnswered(), event.at))
            case "ANSWER" if event.unique_id in self._legs:
                self._answered.add(event.unique_id)
                found.append((LegAnswered(event.unique_id), event.at))
            case "BRIDGE_ENTER":
                self._entered(found, event)
            case "BRIDGE_EXIT":
                self._left(event, caller)
            case "HANGUP":
                self._hung_up(found, event, caller)
        return self._new(found)

    def tick(self, now: int) -> list[Timed]:
        """What has become certain by the passing of time. `now` is UTC milliseconds."""
        found: list[Timed] = []
        self._settle(found, now - 2 * _TOGETHER_MS, "no_answer")
        if self._end is not None and now - self._end[1] > _LATE_MS:
            self._finish(found)
        return self._new(found)

    def lost(self, at: int) -> list[Timed]:
        """The switch itself has died with the call in it; `at` is when it was last seen."""
        found: list[Timed] = []
        self._settle(found, at, "cancelled")
        if self._talk:
            found.append((TalkEnded(self._talk, "network"), at))
        result: LegResult
        for leg in sorted(self._legs):
            result = "answered" if leg in self._answered else "failed"
            found.append((LegEnded(leg, result, 41), at))
        self._legs.clear()
        self._end = (CallEnded("network", 41, source="switch", refused=self._refused), at)
        self._finish(found)
        return self._new(found)

    def _created(self, event: CelEvent) -> LegCreated:
        endpoint = event.channel.rpartition("-")[0]
        account = endpoint.partition("/")[2]
        user = ""
        if self._tenant and account.startswith(f"{self._tenant}-"):
            user = account.removeprefix(f"{self._tenant}-").partition("-")[0]
        return LegCreated(event.unique_id, "operator", endpoint, user)

    def _entered(self, found: list[Timed], event: CelEvent) -> None:
        members = self._members.setdefault(event.bridge, set())
        members.add(event.unique_id)
        others = members - {self.call_id}
        if self.call_id in members and others and not self._talk:
            self._talk = next(iter(others))
            found.append((TalkStarted(self._talk, event.bridge), event.at))

    def _left(self, event: CelEvent, caller: bool) -> None:
        self._members.get(event.bridge, set()).discard(event.unique_id)
        if self._talk_end is None and self._talk and (caller or event.unique_id == self._talk):
            self._talk_end = (event.at, "caller" if caller else "operator")

    def _hung_up(self, found: list[Timed], event: CelEvent, caller: bool) -> None:
        if self._talk and (caller or event.unique_id == self._talk):
            # The switch's threads may log a hangup before the way out of the bridge.
            at, guess = self._talk_end or (event.at, "caller" if caller else "operator")
            found.append((TalkEnded(self._talk, self._ended_by(event, guess)), at))
            self._talk, self._talk_end = "", None
        if caller:
            self._caller_name = self._caller_name or event.channel
            self._settle(found, event.at - _TOGETHER_MS, "no_answer")
            self._settle(found, event.at, "cancelled")
            ended_by: EndedBy = "engine" if self._refused else self._ended_by(event, "engine")
            self._end = (CallEnded(ended_by, event.cause, refused=self._refused), event.at)
        elif event.unique_id in self._legs:
            self._legs.remove(event.unique_id)
            if event.unique_id in self._answered:
                found.append((LegEnded(event.unique_id, "answered", event.cause), event.at))
            elif (result := _told_by(event.cause)) is not None:
                found.append((LegEnded(event.unique_id, result, event.cause), event.at))
            elif event.unique_id in self._engine_legs:
                # It rang for a call that nobody carried on: we ended it.
                found.append((LegEnded(event.unique_id, "cancelled", event.cause), event.at))
            else:
                self._unclear.append((event.unique_id, event.at, event.cause))
                if self._end is not None:
                    self._settle(found, event.at, "cancelled")
        if self._end is not None and not self._legs:
            self._finish(found)

    def _ended_by(self, event: CelEvent, guess: EndedBy) -> EndedBy:
        if lost_by_network(event.cause, answered=event.unique_id in self._answered):
            return "network"
        if not event.hung_up_by or "/" not in event.hung_up_by:
            return guess
        if event.hung_up_by in self._names:
            return "operator"
        if event.hung_up_by == (self._caller_name or event.channel):
            return "caller"
        return guess

    def _settle(self, found: list[Timed], until: int, result: LegResult) -> None:
        """Legs whose cause says nothing: they ended because the caller did, or because time was up."""
        for leg, at, cause in [each for each in self._unclear if each[1] <= until]:
            found.append((LegEnded(leg, result, cause), at))
        self._unclear = [each for each in self._unclear if each[1] > until]

    def _finish(self, found: list[Timed]) -> None:
        assert self._end is not None
        self._settle(found, self._end[1] + _LATE_MS, "cancelled")
        found.append(self._end)
        self.over = True

    def _new(self, found: list[Timed]) -> list[Timed]:
        fresh = [each for each in found if _key(*each) not in self._told]
        self._told.update(_key(*each) for each in fresh)
        return fresh


def _told_by(cause: int) -> LegResult | None:
    """What the cause alone says of a leg that nobody answered; None where it ended for another's sake."""
    if cause in _SAYS_NOTHING:
        return None
    if cause == _ANSWERED_ELSEWHERE:
        return "answered_elsewhere"
    # The log does not tell whether it rang.
    return unanswered_result(cause, rang=False)


def _key(event: Event, at: int) -> tuple[str, str, int]:
    return kind(event), getattr(event, "leg", ""), at
