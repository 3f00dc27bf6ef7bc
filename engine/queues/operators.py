"""Whose telephone is in a call of ours now, on any road: rung, talking or calling."""

from dataclasses import dataclass

from engine.calls.queueing import ObservedLeg


@dataclass
class LiveLeg:
    """A leg that has not ended; `answered_at` in the operators' own seconds."""

    leg: ObservedLeg
    answered_at: float | None = None


class Operators:
    """By SIP endpoint. Fed by the call core, asked by the queues; it decides nothing."""

    def __init__(self) -> None:
        self._legs: dict[str, LiveLeg] = {}
        self._at: dict[str, set[str]] = {}
        self._idle_since: dict[str, float] = {}

    def began(self, leg: ObservedLeg) -> None:
        self._legs[leg.id] = LiveLeg(leg)
        self._at.setdefault(leg.endpoint, set()).add(leg.id)

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
            self._idle_since[endpoint] = now
        return live

    def in_call(self, endpoints: list[str]) -> bool:
        """Whether any of these telephones rings, talks or calls."""
        return any(endpoint in self._at for endpoint in endpoints)

    def talks(self, endpoints: list[str]) -> bool:
        """Whether a person talks at any of them, or has called from there."""
        legs = (self._legs[leg_id] for endpoint in endpoints for leg_id in self._at.get(endpoint, ()))
        return any(live.answered_at is not None or live.leg.of_caller for live in legs)

    def recall(self, endpoint: str, idle_since: float) -> None:
        """A talk of before; one that has ended since is later."""
        self._idle_since.setdefault(endpoint, idle_since)

    def idle_since(self, endpoints: list[str]) -> float:
        """When the last talk at any of them ended; minus infinity where there has been none."""
        return max((self._idle_since.get(endpoint, float("-inf")) for endpoint in endpoints), default=0.0)

    def last_talk(self, endpoints: list[str], now: float) -> float:
        """The same, but `now` of one who is in a talk."""
        return now if self.talks(endpoints) else self.idle_since(endpoints)

    def rung_for(self, call_id: str, endpoints: list[str]) -> bool:
        """Whether any of them is rung by this call, or talks with its caller."""
        legs = (self._legs[leg_id].leg for endpoint in endpoints for leg_id in self._at.get(endpoint, ()))
        return any(leg.call == call_id and not leg.of_caller for leg in legs)
