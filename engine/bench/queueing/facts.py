"""What was seen on the wire, and what must hold for it whatever the switch says of itself. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# Two who came within so short a time may be taken in either order: the switch has its own moment for each.
CLOSE_NS = 150_000_000
# So late it may be noticed that somebody has hung up and can be rung back, or that a pause is over.
NOTICED_NS = 2_000_000_000


@dataclass
class Offer:
    """An operator's telephone rings for a caller. Nanoseconds of the wall clock, None: it did not happen."""

    operator: str  # account
    rang: int
    over: int | None = None  # answered, cancelled or refused
    answered: int | None = None
    ended: int | None = None  # of the talk
    freed: int | None = None  # who rings here had hung up then, and nothing came between
    in_vain: bool = False  # answered, and the caller was not reached: the switch hung up, or nobody was heard


@dataclass
class RungBack:
    """The caller's own telephone rings. Nanoseconds of the wall clock, None: it did not happen."""

    rang: int
    over: int | None = None  # answered, cancelled or refused
    answered: int | None = None
    ended: int | None = None  # of the talk


@dataclass
class Visit:
    """One caller's evening."""

    invited: int | None = None
    answered: int | None = None  # by the switch: he waits from now on
    left: int | None = None
    gave_up: bool = False  # he hung up while he waited
    refused: int = 0  # SIP status
    offers: list[Offer] = field(default_factory=list)
    heard_operator: int | None = None
    longest_quiet_ns: int = 0  # while he waited or talked
    asked: list[int] = field(default_factory=list)  # when he pressed the key to be rung back
    rung_back: list[RungBack] = field(default_factory=list)
    over: int | None = None  # of who is rung back: nothing more is to come

    @property
    def served(self) -> Offer | None:
        return next(
            (offer for offer in self.offers if offer.answered is not None and not offer.in_vain), None
        )

    @property
    def to_be_rung_back(self) -> bool:
        """He has asked for it, and nobody talked with him before he left."""
        if not self.asked or self.left is None:
            return False
        return self.served is None or self.served.rang > self.left

    @property
    def has_gone(self) -> bool:
        """Nothing more is to come for him."""
        return self.left is not None and (self.over is not None or not self.to_be_rung_back)

    @property
    def wait_s(self) -> float | None:
        """From the switch's answer to the operator's, to his asking for a callback, or to his giving up."""
        end = self.served.answered if self.served else self.left
        if self.to_be_rung_back:
            end = self.asked[0]
        return None if end is None or self.answered is None else (end - self.answered) / 1e9

    def there_about(self, at: int) -> bool:
        """Whether he may be on the line then, waiting or talking."""
        came = self.answered is not None and self.answered - CLOSE_NS <= at
        return came and (self.left is None or at <= self.left + CLOSE_NS)

    def waits_at(self, at: int, pause_ns: int = 0) -> bool:
        """Whether he certainly waits then, and nobody is rung for him. `pause_ns`: between two tries to ring
        him back.
        """
        if self.answered is None or self.answered + CLOSE_NS > at:
            return False
        gone = self.served.rang if self.served else self.left
        if self.to_be_rung_back:
            if not self._may_be_rung_back(at, pause_ns):
                return False
            gone = self.served.rang if self.served else None
        if gone is not None and gone - CLOSE_NS <= at:
            return False
        return not any(
            offer.rang - CLOSE_NS <= at and (offer.over is None or at <= offer.over + CLOSE_NS)
            for offer in self.offers
        )

    def _may_be_rung_back(self, at: int, pause_ns: int) -> bool:
        """Not while he is on the line himself, nor while he is tried and in the pause after it."""
        if not self.asked or self.left is None or (self.over is not None and at >= self.over):
            return False
        if self.asked[0] - CLOSE_NS <= at <= self.left + NOTICED_NS:
            return False
        return not any(
            offer.rang - CLOSE_NS <= at and (offer.ended is None or at <= offer.ended + pause_ns + NOTICED_NS)
            for offer in self.offers
            if offer.in_vain
        )

    def complaint(self) -> str:
        """Why this caller's evening did not go as it should; empty when it did."""
        if self.refused:
            return f"refused with {self.refused}"
        if self.answered is None:
            return "not answered"
        if self.gave_up:
            return ""
        if self.to_be_rung_back and (reason := self._rung_back_complaint()):
            return reason
        if self.served is None:
            return "" if self.over is not None else "nobody talked to him, though he waited"
        if self.heard_operator is None:
            return "does not hear the operator"
        return "" if self.left is not None else "no end seen"

    def _rung_back_complaint(self) -> str:
        if not self.rung_back:
            return "never rung back"
        if self.left is None or self.rung_back[0].rang < self.left:
            return "rung back while he was on the line"
        for one, following in pairwise(self.rung_back):
            if one.answered is not None or one.over is None or following.rang < one.over:
                return "rung back again, though he was reached or still rang"
        for one in self.rung_back:
            on_line = (o for o in self.offers if o.answered is not None and o.answered <= one.rang)
            if not any(offer.ended is None or offer.ended >= one.rang for offer in on_line):
                return "rung back with no operator on the line"
        return ""


@dataclass(frozen=True)
class Skipped:
    """An operator was rung for `served` while `waiting` had the better place."""

    at: int
    operator: str
    served: str
    waiting: str

    def __str__(self) -> str:
        return f"{self.operator} was rung for {self.served} while {self.waiting} had waited for longer"


def skipped(
    visits: Mapping[str, Visit], bonus_s: Mapping[str, float] | None = None, pause_s: float = 0.0
) -> list[Skipped]:
    """Every caller who was passed over, with one entry for each time; also who is to be rung back.

    `bonus_s`: by how many seconds of waiting somebody is ahead (his priority), by number. `pause_s`: between
    two tries to ring somebody back.
    """
    bonus, pause_ns = bonus_s or {}, round(pause_s * 1e9)

    def place(number: str) -> float:
        answered = visits[number].answered
        assert answered is not None
        return answered - bonus.get(number, 0.0) * 1e9

    offers = sorted(
        ((offer.rang, number, offer.operator) for number, visit in visits.items() for offer in visit.offers),
    )
    found = []
    for at, number, operator in offers:
        if visits[number].answered is None:
            continue
        found += [
            Skipped(at, operator, number, other)
            for other, visit in visits.items()
            if other != number and visit.waits_at(at, pause_ns) and place(other) + CLOSE_NS < place(number)
        ]
    return found


def doubled(visits: Iterable[Visit]) -> list[str]:
    """Operators who were rung for one caller while they were rung for, or talked with, another."""
    by_operator: dict[str, list[Offer]] = {}
    for visit in visits:
        for offer in visit.offers:
            by_operator.setdefault(offer.operator, []).append(offer)
    found = []
    for operator, offers in by_operator.items():
        offers.sort(key=lambda offer: offer.rang)
        for one, following in pairwise(offers):
            end = one.ended if one.answered is not None else one.over
            if end is None or following.rang < end:
                found.append(operator)
    return found


def ring_after_free_ms(visits: Iterable[Visit]) -> list[float]:
    """Milliseconds from an operator's hanging up to his next ringing, where somebody waited all the while."""
    everybody = list(visits)
    found = []
    for visit in everybody:
        for offer in visit.offers:
            if offer.freed is None or visit.answered is None or visit.answered + CLOSE_NS > offer.freed:
                continue
            tried_before = any(earlier.rang < offer.rang for earlier in visit.offers)
            if not tried_before:
                found.append((offer.rang - offer.freed) / 1e6)
    return found


def waits(visits: Sequence[Visit]) -> list[float]:
    """Seconds that those waited who were talked to."""
    return [visit.wait_s for visit in visits if visit.served is not None and visit.wait_s is not None]
