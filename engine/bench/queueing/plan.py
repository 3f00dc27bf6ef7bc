"""Who calls when, how long he would wait, and how long he talks. Pure; chance is handed in."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Answer = Literal["answers", "busy", "lets_ring"]
QUEUE_NUMBER = "+74950000003"
# Service times of call centres are lognormal: Brown et al., "Statistical Analysis of a Telephone Call Center"
# (JASA 2005), who found a standard deviation of the logarithm near 1 in an Israeli bank's calls; 0.8 keeps an
# evening of minutes from being decided by two talks.
TALK_SPREAD = 0.8
RING_S = (0.2, 0.6)
CALLBACK_AFTER_S = (0.8, 4.0)


@dataclass(frozen=True)
class WantsCallback:
    """He does not wait, but asks to be rung back. Seconds."""

    presses_after_s: float  # of waiting
    hangs_up: bool  # a moment later by himself; else he waits until the switch does it
    answers: tuple[Answer, ...]  # what he does each time that he is rung, until he has answered


@dataclass(frozen=True)
class Guest:
    """One caller. Times in seconds; `arrives_s` from the evening's beginning."""

    number: str  # E.164
    arrives_s: float
    patience_s: float  # he hangs up when nobody has answered by then
    talk_s: float
    ring_s: float  # how long the operator lets it ring
    missed_offers: int = 0  # so many operators let it ring until the switch gives up
    callback: WantsCallback | None = None


def guests(
    numbers: Iterator[str],
    count: int,
    rate: float,
    dice: random.Random,
    *,
    talk_mean_s: float,
    patience_mean_s: float = math.inf,
    missed_share: float = 0.0,
) -> list[Guest]:
    """`count` callers: they come by a Poisson process of `rate` a second, their talks are lognormal, their
    patience is exponential. Of `missed_share` of them the first operator does not take the call.
    """
    found, now = [], 0.0
    location = math.log(talk_mean_s) - TALK_SPREAD**2 / 2
    for _ in range(count):
        now += dice.expovariate(rate)
        patience_s = math.inf if math.isinf(patience_mean_s) else dice.expovariate(1 / patience_mean_s)
        found.append(
            Guest(
                next(numbers),
                now,
                patience_s,
                dice.lognormvariate(location, TALK_SPREAD),
                dice.uniform(*RING_S),
                int(dice.random() < missed_share),
            )
        )
    return found


def with_callbacks(
    coming: Sequence[Guest],
    share: float,
    dice: random.Random,
    *,
    tries: int,
    uncertain_s: tuple[float, float],
) -> list[Guest]:
    """The same, of whom `share` ask to be rung back, and have the patience for it.

    Most answer when they are rung, of six two do the second time, and one does none of `tries` times. Half of
    them hang up by themselves, but those who stay on the line who ask within `uncertain_s` of the evening.
    """
    chosen = dice.sample(range(len(coming)), round(share * len(coming)))
    found = list(coming)
    for place, index in enumerate(chosen):
        guest, after_s = coming[index], dice.uniform(*CALLBACK_AFTER_S)
        in_vain: Answer = dice.choice(("busy", "lets_ring"))
        answers: tuple[Answer, ...] = ("answers",)
        if place % 6 in (3, 4):
            answers = (in_vain, "answers")
        elif place % 6 == 1:
            answers = (in_vain,) * tries
        asks_at = guest.arrives_s + after_s
        hangs_up = place % 2 == 0 and not uncertain_s[0] <= asks_at <= uncertain_s[1]
        callback = WantsCallback(after_s, hangs_up, answers)
        found[index] = replace(guest, patience_s=math.inf, callback=callback)
    return found
