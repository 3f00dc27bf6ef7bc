"""Hundreds of random evenings in a queue: callers come and go, members answer, ignore and hang up, the engine
is killed and starts again. Some things hold always (F15).
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import get_args

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from engine.directory.directory import Directory
from engine.directory.queue_model import Strategy
from engine.journal.events import CallEnded, Entry, LegCreated, LegEnded, StepFailed, StepLeft, TalkStarted
from engine.journal.queue_events import QueueEntered
from engine.queues.dispatch import Caller, Freed
from engine.queues.queues import LiveQueues
from engine.queues.rules import required_of, rules_of
from tests.calls.promises import check
from tests.fake_switch import Delays
from tests.fake_switch.model import Channel
from tests.queues.hall import BACK, OFFICE, PHONES, SALES, Hall
from tests.queues.slow_dispatch import SlowDispatch, SlowQueue
from tests.virtual_time import run

MAX_WAIT_S = 60
# What an offer may take from the decision to the leg in the journal: a recovered caller's bearings included.
PICKED_UP_S = 3.0


class WatchedQueues(LiveQueues):
    """Looks at itself after every decision."""

    def __init__(self, directory: Callable[[], Directory], now: Callable[[], int]) -> None:
        super().__init__(directory, random.Random(7), now=now)
        self._wall = now
        self._settle = self._matching.settle
        self._matching.settle = self._watched  # type: ignore[method-assign]

    def _watched(self) -> None:
        before = {id(place) for line in self.lines() for place in line.places if place.members}
        self._settle()
        now = self._seconds()
        held: set[object] = set()
        for place in self._places.values():
            assert not held & set(place.members), "somebody is offered to two callers"
            held |= set(place.members)
            assert all(member.offered_to is place for member in place.members)
        for member in self.roster.members.values():
            assert member.offered_to is None or member in held, "kept for nobody"
        # The rules again, slow and obvious. Whose pause ends this very moment is found by the timer, a moment
        # later, and a caller who has waited long enough for somebody this very moment as well.
        rules = SlowDispatch()
        rules.now = self._wall() - 10
        alone, offered = {}, []
        for line in self.lines():
            assert list(line.places) == sorted(line.places, key=lambda place: place.waiting)
            assert line.alone == {place for place in line.places if not place.members}
            if not line.places:
                continue
            model = self.roster.settings(line)
            posts = {post.member: post for post in self.roster.posts(line)}
            rules.queues[line.key] = SlowQueue(rules_of(model), posts)
            for place in line.places:
                caller = Caller(
                    place.waiting.since,
                    place.call_id,
                    line.key,
                    place.wants.priority or model.priority,
                    required_of(model.skills, place.wants.skills),
                )
                if not place.members:
                    alone[place.call_id] = caller
                # What rang for a recovered caller is adopted with him, whoever else has come before.
                elif id(place) not in before and place.kept_until is None:
                    offered += [(caller, member.key) for member in place.members]
        if not alone:
            return
        rules.callers = alone
        for member in self.roster.members.values():
            if self.roster.can_be_rung(member, now - 0.01):
                rules.freed[member.key] = Freed(member.key)
        assert not rules.pairs(), "somebody waits, and somebody who suits him is free"
        for caller, member_key in offered:
            for other in alone.values():
                if rules.enough(other, member_key):
                    assert rules.turn_for(other, member_key) > rules.turn_for(caller, member_key), (
                        f"{other} was passed by {caller}"
                    )


class WatchedHall(Hall):
    def make_queues(self) -> LiveQueues:
        return WatchedQueues(lambda: self.files.directory, self.clock.wall_ms)


SECONDS = st.sampled_from([0.0, 0.001, 0.3, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 20.0])
BEHAVIOURS = st.one_of(
    st.tuples(st.just("answers"), SECONDS, SECONDS),
    st.tuples(st.just("busy"), SECONDS),
    st.tuples(st.just("rejects"), SECONDS),
    st.tuples(st.sampled_from(["no_answer", "silent", "unregistered"])),
)
# Hardly a moment without words: whatever comes, comes in the middle of some.
ANNOUNCES = {
    "position": {"first": "3s", "every": "9s"},
    "wait": "11s",
    "heavy_load": {"longer_than": 1, "every": "7s"},
    "own": [{"prompt": "long-story", "every": "5s"}],
    "other_ways": {"prompts": ["site", "queue-callback"], "every": "4s"},
}
SKILLS = st.dictionaries(st.sampled_from(["english", "german"]), st.integers(1, 3), max_size=1)
MEMBERS = st.lists(
    st.fixed_dictionaries(
        {"user": st.sampled_from(["101", "102", "103"])},
        optional={
            "level": st.integers(1, 2),
            "preference": st.integers(1, 2),
            "weight": st.integers(1, 3),
            "skills": SKILLS,
        },
    ),
    min_size=1,
    unique_by=lambda one: one["user"],
)
QUEUE = st.fixed_dictionaries(
    {
        "members": MEMBERS,
        "strategy": st.sampled_from(get_args(Strategy)),
        "level_after": st.sampled_from([None, "4s"]),
        "skills": st.one_of(st.just({}), SKILLS),
        "relax": st.sampled_from([{"after": "5s"}, {"after": "8s", "every": "2s", "to": 1}, None]),
        "priority": st.sampled_from([3, 3, 1]),
        "priority_step": st.sampled_from(["2s", "1m"]),
        "ring_timeout": st.sampled_from(["3s", "10s"]),
        "wrap_up": st.sampled_from(["1s", "7s"]),
        "announce": st.sampled_from([{}, {"position": "8s", "wait": True}, ANNOUNCES]),
        "callback": st.booleans(),
        "max_wait": st.just(f"{MAX_WAIT_S}s"),
    }
)
# (after the one before, queue, seconds until he loses patience or None, seconds until `*` or None)
CALLERS = st.lists(
    st.tuples(
        SECONDS,
        st.sampled_from([SALES, SALES, OFFICE, BACK]),
        st.one_of(st.none(), SECONDS),
        st.one_of(st.none(), st.none(), SECONDS),
    ),
    min_size=1,
    max_size=7,
)
CHANGES = st.lists(st.tuples(SECONDS, st.integers(0, 2), BEHAVIOURS), max_size=6)
TROUBLES = st.lists(
    st.tuples(SECONDS, st.sampled_from(["connection lost", "engine killed"]), st.sampled_from([0.3, 3.0])),
    max_size=2,
)


def _behave(hall: Hall, phone: int, behaviour: tuple[str, *tuple[float, ...]]) -> None:
    kind, *arguments = behaviour
    telephone = hall.switch.phone(PHONES[phone])
    if kind == "answers":
        telephone.answers(arguments[0]).hangs_up(arguments[1])
    else:
        getattr(telephone, kind)(*arguments)


def _plan(
    hall: Hall,
    callers: Sequence[tuple[float, str, float | None, float | None]],
    changes: Sequence[tuple[float, int, tuple[str, *tuple[float, ...]]]],
    troubles: Sequence[tuple[float, str, float]],
) -> float:
    """Set it all going; seconds until the last caller has come."""

    def arrive(number: str, patience: float | None, star: float | None) -> None:
        if hall.switch.connection is None:
            # A caller whom only the dialplan meets is no matter of queues.
            hall.switch.after(0.5, partial(arrive, number, patience, star))
            return
        caller = hall.call(number)
        if patience is not None:
            hall.switch.after(patience, caller.hang_up)
        if star is not None:
            hall.switch.after(star, lambda: caller.press("*"))

    came = 0.5
    for pause, number, patience, star in callers:
        came += pause
        hall.switch.after(came, partial(arrive, number, patience, star))
    at = 0.0
    for pause, phone, behaviour in changes:
        at += pause
        hall.switch.after(at, partial(_behave, hall, phone, behaviour))
    at = 1.0
    for pause, kind, away in troubles:
        at += pause + 5
        trouble = hall.lose_connection if kind == "connection lost" else hall.replace_engine
        hall.switch.after(at, partial(trouble, away))
    return came


def _never_two_at_once(channels: Iterable[Channel]) -> None:
    """Each telephone has had one call at a time."""
    by_phone: dict[str, list[tuple[int, int]]] = {}
    for channel in channels:
        if channel.endpoint in PHONES:
            assert channel.ended_ms is not None
            by_phone.setdefault(channel.endpoint, []).append((channel.created_ms, channel.ended_ms))
    for phone, times in by_phone.items():
        for (_, ended), (began, _) in itertools.pairwise(sorted(times)):
            assert began >= ended, f"{phone} was rung twice at once"


def _waits(entries: Sequence[Entry]) -> tuple[str, int, int] | None:
    """Queue, since when, until when he waited (talk, another step, or the end)."""
    entered = next((e for e in entries if isinstance(e.event, QueueEntered)), None)
    if entered is None:
        return None
    assert isinstance(entered.event, QueueEntered)
    over = next(
        e
        for e in sorted(entries, key=lambda e: e.at)
        if isinstance(e.event, TalkStarted | CallEnded)
        or (isinstance(e.event, StepLeft | StepFailed) and e.event.step in ("sales", "office", "back"))
    )
    return entered.event.queue, entered.at, over.at


def _legs(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    ended = {e.event.leg: e.at for e in entries if isinstance(e.event, LegEnded)}
    return [(e.at, ended[e.event.leg]) for e in entries if isinstance(e.event, LegCreated)]


def _nobody_was_passed(journal: dict[str, list[Entry]]) -> None:
    """Whenever somebody was rung for a caller, somebody was rung for each who came before him, too."""
    waits = {call: wait for call, entries in journal.items() if (wait := _waits(entries))}
    near = PICKED_UP_S * 1000
    for call, (queue, since, until) in waits.items():
        for rung, _ in _legs(journal[call]):
            if not since <= rung <= until:
                continue
            for other, (their_queue, theirs, over) in waits.items():
                before = their_queue == queue and theirs < since  # in one millisecond either is right
                if before and theirs + near < rung and over > rung + near:
                    legs = _legs(journal[other])
                    assert any(a - near <= rung <= b + near for a, b in legs), f"{call} went before {other}"


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Making an example smaller takes minutes; the seed is in what is printed.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    print_blob=True,
)
# A telephone had been taken for a later caller when the connection was lost, and was not dialled yet.
@example(
    seed=103,
    most=0.005,
    queues=(
        {
            "ring_timeout": "10s",
            "strategy": "all",
            "max_wait": "60s",
            "members": ["103", "102", "101"],
            "callback": True,
            "wrap_up": "1s",
            "announce": {},
        },
        {
            "wrap_up": "1s",
            "ring_timeout": "10s",
            "strategy": "least_recent",
            "members": ["101", "103"],
            "callback": False,
            "max_wait": "60s",
            "announce": {"position": "8s", "wait": True},
        },
        {
            "announce": {"position": "8s", "wait": True},
            "strategy": "all",
            "ring_timeout": "3s",
            "wrap_up": "7s",
            "max_wait": "60s",
            "members": ["103"],
            "callback": False,
        },
    ),
    phones=(("answers", 0.0, 5.0), ("rejects", 0.0), ("answers", 15.0, 8.0)),
    callers=[
        (2.0, "+74951234568", None, 15.0),
        (1.0, "+74951234567", None, 15.0),
        (2.0, "+74951234568", None, None),
        (0.3, "+74951234568", None, 0.0),
        (3.0, "+74951234568", None, None),
    ],
    changes=[
        (20.0, 0, ("silent",)),
        (1.0, 1, ("rejects", 8.0)),
        (5.0, 1, ("answers", 2.0, 3.0)),
        (15.0, 2, ("rejects", 20.0)),
        (15.0, 1, ("unregistered",)),
        (0.001, 0, ("answers", 15.0, 2.0)),
    ],
    troubles=[(20.0, "connection lost", 0.3), (0.0, "connection lost", 3.0)],
)
@given(
    seed=st.integers(0, 2**32),
    most=st.sampled_from([0.0005, 0.005, 0.1]),
    queues=st.tuples(QUEUE, QUEUE, QUEUE),
    phones=st.tuples(BEHAVIOURS, BEHAVIOURS, BEHAVIOURS),
    callers=CALLERS,
    changes=CHANGES,
    troubles=TROUBLES,
)
def test_any_evening(
    seed: int,
    most: float,
    queues: tuple[dict[str, object], ...],
    phones: tuple[tuple[str, *tuple[float, ...]], ...],
    callers: list[tuple[float, str, float | None, float | None]],
    changes: list[tuple[float, int, tuple[str, *tuple[float, ...]]]],
    troubles: list[tuple[float, str, float]],
) -> None:
    async def main() -> None:
        sales, office, back = queues
        async with WatchedHall(Delays.random(seed, most), sales=sales, office=office, back=back) as hall:
            hall.switch.media["sound:/prompts/long-story"] = 6.0
            for number, behaviour in enumerate(phones):
                _behave(hall, number, behaviour)
            last = _plan(hall, callers, changes, troubles)
            await asyncio.sleep(last)
            await hall.until(lambda: len(hall.callers) == len(callers))
            # A wait, the ring that had begun, a talk, the words after it, and who was put to the desk.
            await hall.until(lambda: all(caller.gone for caller in hall.callers), MAX_WAIT_S + 200)
            await hall.troubles_over()
            await asyncio.sleep(hall.away_s + 40)
            check(hall, silence_s=None if troubles else 1.0)
            _never_two_at_once(hall.switch.channels.ended.values())
            _nobody_was_passed(hall.journal())
            await hall.until(lambda: hall.engine is not None)  # it may have been killed after all was over
            assert hall.engine is not None
            queues_now = hall.engine.queues
            assert not any(line.places for line in queues_now.lines())
            assert all(member.offered_to is None for member in queues_now.roster.members.values())

    run(main())
