"""How long a caller will wait: from how fast this queue has been served of late, and how many gave up.

While somebody waits, each person who is there takes the next caller at some rate, which talks, rests,
rings, other queues and breaks all go into. It is what was seen of late (callers taken per second and
person while somebody waited) together with what the length of the talks says, which counts as much as a
few callers, so that it answers soon after a start and does not jump. Those ahead give up at a rate of their
own, seen likewise. The wait of a caller with `n` ahead of him is then the sum of n + 1 pauses, the mean of
each 1 / (people x rate + those still ahead x rate of giving up) (Whitt, Management Science 45, 1999;
Ibrahim and Whitt, M&SOM 11, 2009: their `QL_m`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from engine.calls.queueing import Estimate

# What was seen so long ago counts half.
HALF_LIFE_S = 2700.0
# After a start the records of so long count.
REMEMBERED_S = 4 * 3600.0
# What the length of the talks says of the rate counts as much as so many callers taken.
TALKS_COUNT = 6.0
# Before anything was seen one in ten minutes gives up; that counts as much as two who did.
PATIENCE_S = 600.0
PATIENCE_COUNT = 2.0
# A truth in so many of ten is not later than `mostly`; the normal distribution's quantile of 0.8.
_Z = 0.8416
# Talks differ so much (squared coefficient of variation) until their own spread is known.
_SPREAD = 1.5


class History(NamedTuple):
    """A queue's last hours, out of the records: talk and rest in seconds each, and how callers waited."""

    served: tuple[float, ...] = ()
    gave_up: int = 0
    waited_s: float = 0.0


class WaitEstimator:
    """Of one queue. Times are seconds of the queues' clock, the same for all calls."""

    def __init__(self) -> None:
        self._seen_at: float | None = None
        self._waiting = 0
        self._people = 0
        # All fade together; while somebody waited: callers taken, and persons times seconds.
        self._taken = 0.0
        self._person_s = 0.0
        self._gave_up = 0.0
        self._waited_s = 0.0
        self._talks = 0.0
        self._talk_s = 0.0
        self._talk_s2 = 0.0

    def changed(self, now: float, waiting: int, people: int) -> None:
        """From now on so many wait, and so many people are there to serve them."""
        self._pass(now)
        self._waiting, self._people = waiting, people

    def taken(self, now: float) -> None:
        """Somebody who had waited was connected."""
        self._pass(now)
        self._taken += 1

    def gave_up(self, now: float) -> None:
        """Somebody who had waited hung up or chose something else."""
        self._pass(now)
        self._gave_up += 1

    def served(self, now: float, seconds: float) -> None:
        """A talk and the rest after it took so long."""
        self._pass(now)
        self._talk(seconds)

    def recall(self, now: float, history: History) -> None:
        """What was before a start; what was seen since stays."""
        self._pass(now)
        for seconds in history.served:
            self._talk(seconds)
        self._gave_up += history.gave_up
        self._waited_s += history.waited_s

    def estimate(self, now: float, position: int, people: int) -> Estimate | None:
        """For the caller at `position` (1 is next). None while nobody was served, or nobody is there."""
        if people < 1 or self._talks <= 0:
            return None
        self._pass(now)
        mean_talk = max(1.0, self._talk_s / self._talks)
        known = TALKS_COUNT + self._taken
        rate = known / (TALKS_COUNT * mean_talk + self._person_s)
        leaving = (PATIENCE_COUNT + self._gave_up) / (PATIENCE_COUNT * PATIENCE_S + self._waited_s)
        pauses = [1 / (people * rate + ahead * leaving) for ahead in range(position)]
        likely = sum(pauses)
        spread = (self._spread(mean_talk) + people - 1) / people
        variance = spread * sum(pause * pause for pause in pauses) + likely * likely / known
        return Estimate(likely, _quantile(likely, variance))

    def _spread(self, mean_talk: float) -> float:
        """The squared coefficient of variation of the talks."""
        variance = max(0.0, self._talk_s2 / self._talks - mean_talk * mean_talk)
        weight = self._talks / (self._talks + TALKS_COUNT)
        return weight * variance / (mean_talk * mean_talk) + (1 - weight) * _SPREAD

    def _talk(self, seconds: float) -> None:
        self._talks += 1
        self._talk_s += seconds
        self._talk_s2 += seconds * seconds

    def _pass(self, now: float) -> None:
        """Time passes: it is counted, and what was before fades."""
        seconds = max(0.0, now - self._seen_at) if self._seen_at is not None else 0.0
        self._seen_at = now
        if seconds:
            faded = 0.5 ** (seconds / HALF_LIFE_S)
            self._taken *= faded
            self._person_s *= faded
            self._gave_up *= faded
            self._waited_s *= faded
            # Of the talks the mean matters alone: they fade, but a quiet night forgets none wholly.
            keep = max(faded, min(1.0, TALKS_COUNT / self._talks)) if self._talks else 1.0
            self._talks *= keep
            self._talk_s *= keep
            self._talk_s2 *= keep
            if self._waiting:
                self._person_s += self._people * seconds
                self._waited_s += self._waiting * seconds


def _quantile(mean: float, variance: float) -> float:
    """Of 0.8 of the gamma distribution with this mean and variance (Wilson and Hilferty)."""
    shape = mean * mean / variance
    root = 1 - 1 / (9 * shape) + _Z / (3 * math.sqrt(shape))
    return mean * max(1.0, float(root**3))  # where talks differ wildly it would fall below the mean
