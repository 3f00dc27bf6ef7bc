"""Days of a call centre, simulated, to see how good what waiting callers are told is (F35).

Arrivals are a Poisson process whose rate goes up and down with the day, with two humps, before and after
noon; talks are lognormal with a mean of 188 s and a standard deviation of 240 s: both as found in the
'Anonymous Bank' data (Brown, Gans, Mandelbaum, Sakov, Shen, Zeltyn and Zhao: Statistical Analysis of a
Telephone Call Center, JASA 100, 2005). Patience (exponential), rest, staffing and who comes late to his
shift are ours. Of callers who give up it is not known how long they would have waited: so one of ten never
does, and those alone are measured.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from engine.queues.estimate import WaitEstimator
from engine.queues.promise import LONG, Promise, promise

# Calls an hour from 7:00 to 24:00, of the busiest hour's.
DAY_SHAPE = (.22, .55, .88, 1., .98, .86, .76, .88, .96, .9, .74, .6, .5, .5, .46, .36, .22)  # fmt: skip
TALK_MEAN_S, TALK_SD_S = 188.0, 240.0
REST_S = 15.0
PATIENCE_S = 600.0
PATIENT = 0.1
TOLD_EVERY_S = 30.0
# The naive estimate: the mean of so many last talks, times the place, by the people.
NAIVE_TALKS = 20
_SIGMA = math.sqrt(math.log(1 + (TALK_SD_S / TALK_MEAN_S) ** 2))
_MU = math.log(TALK_MEAN_S) - _SIGMA * _SIGMA / 2


class Told(NamedTuple):
    """What a caller was told when he began to wait, how long he waited (seconds), and how often later a later
    end was promised.
    """

    truth: float
    likely: float
    promised: float
    naive: float
    raised: int
    naive_raised: int


@dataclass(eq=False)
class _Caller:
    came: float
    patient: bool
    first: tuple[float, float, float] | None = None  # likely, promised, naive
    promise: Promise | None = None
    naive_until: float = 0.0
    raised: int = 0
    naive_raised: int = 0
    gone: bool = False


@dataclass
class Day:
    """One day; `people` work in the busiest hour, `staffing` is how well the others are manned (1: as the
    calls need it). The estimator goes on from day to day, as it would.
    """

    people: int
    staffing: float
    dice: random.Random
    estimator: WaitEstimator
    began: float
    last_talks: deque[float]
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, str, _Caller | None]] = []
        self._number = count()
        self._waiting: list[_Caller] = []
        self._there = 0
        self._busy = 0

    def run(self) -> None:
        hour_rate = self.people / (TALK_MEAN_S + REST_S) * 3600
        for hour, shape in enumerate(DAY_SHAPE):
            self._add(hour * 3600.0, f"people {self._needed(shape)}")
            at = hour * 3600.0
            while (at := at + self.dice.expovariate(hour_rate * shape / 3600)) < (hour + 1) * 3600:
                self._add(at, "arrives")
        while self._events:
            at, _, what, caller = heapq.heappop(self._events)
            now = self.began + at
            match what.split():
                case ["people", number]:
                    self._there = int(number)
                case ["arrives"]:
                    self._arrives(now)
                case ["free"]:
                    self._busy -= 1
                case ["talked", seconds]:
                    self.estimator.served(now, float(seconds) + REST_S)
                    self.last_talks.append(float(seconds) + REST_S)
                case ["gives-up"] if caller is not None and not caller.gone:
                    caller.gone = True
                    self._waiting.remove(caller)
                    self.estimator.gave_up(now)
                case ["told"] if caller is not None and not caller.gone:
                    self._tell(caller, now)
            self._serve(now)

    def _needed(self, shape: float) -> int:
        # The first hour of a shift is often manned by one too few.
        late = self.dice.random() < 0.2
        return max(1, round(self.people * shape * self.staffing) - late)

    def _add(self, at: float, what: str, caller: _Caller | None = None) -> None:
        heapq.heappush(self._events, (at, next(self._number), what, caller))

    def _arrives(self, now: float) -> None:
        caller = _Caller(now, self.dice.random() < PATIENT)
        if not self._waiting and self._busy < self._there:
            self._talk(now)
            return
        self._waiting.append(caller)
        if not caller.patient:
            self._add(now - self.began + self.dice.expovariate(1 / PATIENCE_S), "gives-up", caller)
        self.estimator.changed(now, len(self._waiting), self._there)
        self._tell(caller, now)

    def _talk(self, now: float) -> None:
        self._busy += 1
        seconds = self.dice.lognormvariate(_MU, _SIGMA)
        self._add(now - self.began + seconds, f"talked {seconds}")
        self._add(now - self.began + seconds + REST_S, "free")

    def _serve(self, now: float) -> None:
        while self._waiting and self._busy < self._there:
            caller = self._waiting.pop(0)
            caller.gone = True
            self.estimator.taken(now)
            self._talk(now)
            if caller.patient and caller.first is not None:
                self.told.append(Told(now - caller.came, *caller.first, caller.raised, caller.naive_raised))
        self.estimator.changed(now, len(self._waiting), self._there)

    def _tell(self, caller: _Caller, now: float) -> None:
        position = self._waiting.index(caller) + 1
        estimate = self.estimator.estimate(now, position, self._there)
        if estimate is None or not self.last_talks:
            return
        before, caller.promise = caller.promise, promise(estimate, now, caller.promise)
        naive = position * (sum(self.last_talks) / len(self.last_talks)) / self._there
        if caller.first is None:
            minutes = caller.promise.minutes
            promised = 2 * 3600.0 if minutes == LONG else max(1, minutes) * 60.0
            caller.first = (estimate.likely, promised, naive)
        else:
            caller.raised += before is not None and caller.promise.until > before.until + 60
            caller.naive_raised += now + naive > caller.naive_until + 60
        caller.naive_until = now + naive
        self._add(now - self.began + TOLD_EVERY_S, "told", caller)


def simulate_days(people: int, days: int, seed: int) -> list[Told]:
    """What patient callers were told on so many days, some well staffed and some badly."""
    dice, estimator = random.Random(seed), WaitEstimator()
    talks: deque[float] = deque(maxlen=NAIVE_TALKS)
    found: list[Told] = []
    for number in range(days):
        staffing = dice.uniform(0.85, 1.15) + 0.6 / math.sqrt(people)
        day = Day(people, staffing, dice, estimator, number * 86400.0, talks)
        day.run()
        found += day.told
    return found
