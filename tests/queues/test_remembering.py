"""Strategies go on over a restart: the next to be rung is who would have been without it (F15)."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.directory.directory import Directory, Tenant
from engine.directory.queue_model import Strategy
from engine.directory.tenant_file import tenant_of
from engine.journal.base import LegResult
from engine.journal.callback_events import CallbackAttempted, CallbackOpened, CallbackTried
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkEnded,
    TalkStarted,
)
from engine.journal.queue_events import QueueEntered
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.queues.callback.rows import derive_callbacks
from engine.queues.dispatch import Caller, Dispatch, Freed, Post, Rules
from engine.queues.members import MemberKey, QueueKey
from engine.queues.memory import Memory
from engine.queues.queues import LiveQueues
from engine.queues.recall import past_of, recall_people
from engine.records.queues.store import derive_queues
from engine.records.store import RecordStore
from engine.store.database import Database
from tests.queues.hall import tenant

SALES = QueueKey("acme", "sales")
PEOPLE = [MemberKey("acme", str(101 + number)) for number in range(4)]
STRATEGIES: tuple[Strategy, ...] = ("round_robin", "fewest_calls", "least_recent", "weighted")


class Desk:
    """A queue whose callers come one after another, each taken or missed by whoever is rung."""

    def __init__(self, strategy: Strategy, weights: list[int]) -> None:
        self.dispatch = Dispatch(random.Random(1))
        posts = [Post(member, n, weight=weights[n]) for n, member in enumerate(PEOPLE)]
        self.dispatch.configure(SALES, Rules(strategy), posts, 1, 0.0)
        self.rung_at: dict[MemberKey, float] = {}
        self.calls: dict[MemberKey, int] = {}
        self.takes: list[MemberKey] = []

    def free(self, seconds: float, *members: MemberKey) -> None:
        self.dispatch.free([Freed(member) for member in members], 1, seconds)

    def call(self, number: int, *, taken: bool) -> MemberKey:
        seconds = float(number)
        [offer] = self.dispatch.enter([Caller(number, f"c{number}", SALES)], number, seconds)
        [member] = offer.members
        self.rung_at[member] = seconds
        if taken:
            self.dispatch.took(member, SALES)
            self.calls[member] = self.calls.get(member, 0) + 1
            self.takes.append(member)
        self.free(seconds, member)
        return member

    @property
    def memory(self) -> Memory:
        return Memory(dict(self.rung_at), dict(self.calls), list(self.takes))


@settings(max_examples=150, deadline=None)
@given(
    strategy=st.sampled_from(STRATEGIES),
    weights=st.lists(st.integers(1, 5), min_size=4, max_size=4),
    before=st.lists(st.booleans(), max_size=40),
    between=st.lists(st.booleans(), max_size=6),
    after=st.lists(st.booleans(), min_size=1, max_size=12),
)
def test_what_is_remembered_makes_a_new_dispatch_go_on_as_the_old_one(
    strategy: Strategy, weights: list[int], before: list[bool], between: list[bool], after: list[bool]
) -> None:
    """`between`: callers who come before the database has been read; an old dispatch takes the same."""
    old = Desk(strategy, weights)
    old.free(0.0, *PEOPLE)
    number = 0
    for taken in before:
        number += 1
        old.call(number, taken=taken)
    new = Desk(strategy, weights)
    new.free(0.0, *PEOPLE)
    memory = old.memory
    if between:
        new.dispatch.remember(SALES, Memory())
        for taken in between:
            number += 1
            new.call(number, taken=taken)
    new.dispatch.remember(SALES, memory)
    new.dispatch.remember(SALES, memory)  # once more changes nothing
    if between:
        # They were not served in the old order, but what comes after them evens out what they got.
        totals = {one: old.calls.get(one, 0) + new.calls.get(one, 0) for one in PEOPLE}
        if strategy == "fewest_calls":
            number += 1
            assert totals[new.call(number, taken=True)] == min(totals.values())
        elif strategy == "least_recent":
            last = {one: max(old.rung_at.get(one, -1.0), new.rung_at.get(one, -1.0)) for one in PEOPLE}
            number += 1
            assert last[new.call(number, taken=True)] == min(last.values())
        return
    for taken in after:
        number += 1
        assert new.call(number, taken=taken) == old.call(number, taken=taken)


@dataclass
class Story:
    """Calls of the queue `sales`, written into a spool as an engine does."""

    spool: Spool
    now: int
    numbers: Iterator[int]

    def call(self, extension: str, *, taken: bool = True, ends: bool = True) -> None:
        call_id = f"cell1-1.{next(self.numbers)}"
        self.now += 1000
        leg = f"{call_id}.leg.1"
        result: LegResult = "answered" if taken else "no_answer"
        started = CallStarted("in", "romashka", "+74951234567", "+79030000001", "PJSIP/city-1")
        events: list[Event] = [
            started,
            QueueEntered("sales"),
            LegCreated(leg, "operator", f"PJSIP/romashka-{extension}-desk", extension),
        ]
        events += [LegAnswered(leg), TalkStarted(leg, "b")] if taken else []
        events += [LegEnded(leg, result)]
        events += [TalkEnded(leg, "operator")] if taken else []
        events += [CallEnded("caller")] if ends else []
        for event in events:
            self.now += 10
            self.spool.append(call_id, event, self.now)

    def callback(self, extension: str) -> None:
        """One that was taken by him who was rung first, and then the caller was not reached."""
        order = f"cell1-1.callback.{next(self.numbers)}"
        opened = CallbackOpened("romashka", "+79161234567", "sales")
        for event in (
            opened,
            CallbackTried(f"{order}.call", extension),
            CallbackAttempted(f"{order}.call", "no_answer", extension, 1),
        ):
            self.now += 1000
            self.spool.append(order, event, self.now)


def romashka(strategy: Strategy, weight: int = 1) -> Tenant:
    members = [{"user": "101", "weight": weight}, "102", "103"]
    return tenant_of(tenant(sales={"members": members, "strategy": strategy}))


async def rung_next(queues: LiveQueues, owner: Tenant, number: int) -> str:
    place = queues.enter(owner, "sales", f"new-{number}", number, lambda: None)
    [target] = place.offer
    place.leave()
    return target.user


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("round_robin", "103"), ("fewest_calls", "101"), ("least_recent", "101"), ("weighted", "101")],
)
async def test_f15_the_next_is_who_the_strategy_demands_after_a_restart(
    database: Database, tmp_path: Path, strategy: Strategy, expected: str
) -> None:
    clock = SystemClock()
    spool = Spool(tmp_path, "engine", clock)
    spool.open()
    story = Story(spool, clock.wall_ms() - 60_000, iter(range(1, 100)))
    story.call("103", taken=False)
    story.call("101")
    story.call("101", taken=False)
    story.call("102")
    story.call("101")
    story.call("103")
    story.call("102")
    story.callback("103")
    story.call("102", ends=False)  # he goes on to something else, and the engine dies
    await spool.close()

    spool = Spool(tmp_path, "engine", clock)
    spool.open()
    past = past_of(spool)
    assert set(past.talks) == {"PJSIP/romashka-102-desk"}
    writer = JournalWriter(
        tmp_path, database, clock, [RecordStore([]).derive, derive_queues], stream_derivers=[derive_callbacks]
    )
    while await writer.step():
        pass
    # 101 took 2, 102 took 3, 103 took 2, one of them a callback, and was rung last but for 102.
    owner = romashka(strategy, weight=3)
    queues = LiveQueues(lambda: Directory.of([owner]), now=clock.wall_ms)
    await recall_people(queues, database, clock, past)
    if strategy == "fewest_calls":
        queues.recall({"PJSIP/romashka-103-desk": 0.0})  # of two with as few it is who has not just talked
    assert await rung_next(queues, owner, 1) == expected
    await spool.close()


async def test_f15_what_the_database_gets_late_is_remembered_as_well(
    database: Database, tmp_path: Path
) -> None:
    clock = SystemClock()
    spool = Spool(tmp_path, "engine", clock)
    spool.open()
    story = Story(spool, clock.wall_ms() - 60_000, iter(range(1, 100)))
    story.call("101")
    story.call("102")
    await spool.close()
    spool = Spool(tmp_path, "engine", clock)
    spool.open()
    owner = romashka("least_recent")
    queues = LiveQueues(lambda: Directory.of([owner]), now=clock.wall_ms)
    recalling = asyncio.create_task(recall_people(queues, database, clock, past_of(spool)))
    done, _ = await asyncio.wait({recalling}, timeout=1.0)
    assert not done, "the worker has read nothing"
    assert await rung_next(queues, owner, 1) == "101", "nobody waits for it"
    writer = JournalWriter(tmp_path, database, clock, [RecordStore([]).derive, derive_queues])
    while await writer.step():
        pass
    await asyncio.wait_for(recalling, 20)
    assert await rung_next(queues, owner, 2) == "103"
    await spool.close()
