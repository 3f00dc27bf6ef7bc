"""Whose telephone is in a call of ours now, on any road: rung, talking or calling."""

from dataclasses import dataclass

from engine.calls.queueing import ObservedLeg
from engine.switch.channel_ids import is_leg_of


@dataclass
class LiveLeg:
    """A leg that has not ended; `answered_at` in the operators' own seconds."""

    leg: ObservedLeg
    answered_at: float | None = None


class Operators:
    """By SIP endpoint. Fed by the call core, asked by the queues; it decides nothing. Of telephones that are
    not ours nothing is remembered: any number in the world may be called.
    """

    def __init__(self) -> None:
        self._legs: dict[str, LiveLeg] = {}
        self._at: dict[str, set[str]] = {}
        self._idle_since: dict[str, float] = {}

    def began(self, leg: ObservedLeg) -> None:
        self._legs[leg.id] = LiveLeg(leg)
        self._at.setdefault(leg.endpoint, set()).add(leg.id)

    def leg(self, leg_id: str) -> LiveLeg | None:
        """None for one that is not known, or has ended."""
        return self._legs.get(leg_id)

    def answered(self, leg_id: str, now: float) -> LiveLeg | None:
        """None for a leg that is not known, or is known to be answered."""
        live = self._legs.get(leg_id)
        if live is None or live.answered_at is not None:
            return None
        live.answered_at = now
        return live

    def ended(self, leg_id: str, now: float) -> LiveLeg | None:
        """None for a leg that is not known, or has ended before."""
        live = self._legs.pop(leg_id, None)
        if live is None:
            return None
        endpoint = live.leg.endpoint
        legs = self._at[endpoint]
        legs.discard(leg_id)
        if not legs:
            del self._at[endpoint]
        if live.answered_at is not None or live.leg.of_caller:
            self.recall(endpoint, now)
        return live

    def in_call(self, endpoints: list[str], but: str = "") -> bool:
        """Whether any of these telephones rings, talks or calls, in another call than `but`."""
        if not but:
            return any(endpoint in self._at for endpoint in endpoints)
        legs = (leg_id for endpoint in endpoints for leg_id in self._at.get(endpoint, ()))
        # A call's own channels are named by it, also where it waits by another name.
        return any(leg_id != but and not is_leg_of(leg_id, but) for leg_id in legs)

    def rung_at(self, endpoint: str) -> list[str]:
        """The legs that ring there, for callers of queues."""
        legs = (self._legs[leg_id] for leg_id in self._at.get(endpoint, ()))
        return [live.leg.id for live in legs if live.answered_at is None and live.leg.queue]

    def talks_in(self, call_id: str, endpoints: list[str]) -> bool:
        """Whether a telephone of these that was rung for this call has been answered."""
        legs = (self._legs[leg_id] for endpoint in endpoints for leg_id in self._at.get(endpoint, ()))
        return any(live.leg.call == call_id and live.answered_at is not None for live in legs)

    def talks(self, endpoints: list[str]) -> bool:
        """Whether a person talks at any of them, or has called from there."""
        legs = (self._legs[leg_id] for endpoint in endpoints for leg_id in self._at.get(endpoint, ()))
        return any(live.answered_at is not None or live.leg.of_caller for live in legs)

    def recall(self, endpoint: str, idle_since: float) -> None:
        """A talk there has ended then, unless a later one is known."""
        if "@" not in endpoint:  # `PJSIP/+79161234567@city` is a number outside
            self._idle_since[endpoint] = max(idle_since, self._idle_since.get(endpoint, idle_since))

    def idle_since(self, endpoints: list[str]) -> float:
        """When the last talk at any of them ended; minus infinity where there has been none."""
        return max((self._idle_since.get(endpoint, float("-inf")) for endpoint in endpoints), default=0.0)

    def last_talk(self, endpoints: list[str], now: float) -> float:
        """The same, but `now` of one who is in a talk."""
        return now if self.talks(endpoints) else self.idle_since(endpoints)
