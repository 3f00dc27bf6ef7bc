"""What a caller brings into a queue: who is served first, and what a restart keeps of it (F37)."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls.queueing import Wants, queue_entered, wants_of
from engine.directory.directory import Directory
from engine.directory.tenant_file import tenant_of
from engine.journal.events import LegCreated
from engine.queues.members import MemberKey
from engine.queues.queues import LiveQueues
from tests.calls.cell import DESK, SECOND
from tests.queues.hall import OFFICE, Hall, events, tenant
from tests.virtual_time import run

EXTENSIONS = st.integers(10, 999999).map(str)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True)


@given(
    priority=st.none() | st.integers(1, 5),
    skills=st.dictionaries(NAMES, st.integers(1, 9), max_size=3),
    first=st.lists(EXTENSIONS, max_size=3),
    first_s=st.floats(0, 1000),
)
def test_the_journal_keeps_it(
    priority: int | None, skills: dict[str, int], first: list[str], first_s: float
) -> None:
    wants = Wants(priority, skills, tuple(first), first_s)
    assert wants_of(queue_entered("sales", wants)) == wants


def _nothing() -> None:
    return


def _enter(hall: Hall, queues: LiveQueues, name: str, since: int, priority: int | None) -> Callable[[], int]:
    tenant = hall.files.directory.tenants["romashka"]
    place = queues.enter(tenant, "sales", name, since, _nothing, Wants(priority))
    return lambda: place.position


def test_a_level_of_priority_is_worth_a_minute() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            queues = LiveQueues(lambda: hall.files.directory)
            for member in "ab":  # both members are taken
                _enter(hall, queues, member, 0, None)
            usual = _enter(hall, queues, "usual", 200_000, None)
            urgent = _enter(hall, queues, "urgent", 310_000, 1)
            too_late = _enter(hall, queues, "too-late", 330_000, 1)
            unimportant = _enter(hall, queues, "unimportant", 200_000, 5)
            found = [position() for position in (urgent, usual, too_late, unimportant)]
            assert found == [3, 4, 5, 6]

    run(scene())


def test_a_recovery_has_his_priority_before_his_step_comes() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            queues = LiveQueues(lambda: hall.files.directory)
            tenant = hall.files.directory.tenants["romashka"]
            queues.waits_again(tenant, "sales", "usual", 100_000)
            queues.waits_again(tenant, "sales", "urgent", 200_000, Wants(1))
            [line] = queues.lines()
            assert [place.call_id for place in line.places] == ["urgent", "usual"]
            await asyncio.sleep(6)

    run(scene())


STEPS = """\
scenario: main
start: which
steps:
  which: {type: switch, cases: [{when: {number: "+74951234568"}, then: urgent}], default: usual}
  usual: {type: queue, queue: sales}
  urgent: {type: queue, queue: sales, priority: 1, skills: {english: 2}}
"""


def test_a_step_brings_priority_and_skills() -> None:
    async def scene() -> None:
        members = ["101", {"user": "102", "skills": {"english": 2}}]
        sales = {"members": members, "strategy": "sequence", "max_wait": "2m"}
        async with Hall(scenario=STEPS, sales=sales) as hall:
            hall.switch.phone(DESK).answers(1)
            first = hall.call()
            await hall.talks(first)
            hall.switch.phone(SECOND).answers(1).hangs_up(60)
            second = hall.call()
            await hall.talks(second)
            usual = hall.call()
            await asyncio.sleep(20)
            urgent = hall.call(OFFICE)
            await asyncio.sleep(1)
            # 101 is free, knows no English, and takes who came first; 102 takes who needs him.
            await hall.leave(first)
            await hall.talks(usual)
            await hall.talks(urgent, 90)
            for caller, extension in ((usual, "101"), (urgent, "102")):
                legs = [e.user for e in events(await hall.story(caller)) if isinstance(e, LegCreated)]
                assert legs == [extension]
            await hall.leave()

    run(scene())


def test_a_change_of_the_file_holds_for_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101"], "max_wait": "2m"}) as hall:
            hall.switch.phone(DESK).answers(1)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await asyncio.sleep(2)
            assert hall.switch.phone(SECOND).invited == 0
            changed = tenant_of(tenant(sales={"members": ["101", "102"], "max_wait": "2m"}))
            monkeypatch.setattr(hall.files, "directory", Directory.of([changed]))
            third = hall.call()  # whatever happens next is decided by the new file
            await hall.rung(SECOND)
            legs = [e for e in events(await hall.story(second)) if isinstance(e, LegCreated)]
            assert [leg.user for leg in legs] == ["102"]
            await hall.leave(first, second, third)

    run(scene())


@pytest.mark.parametrize(("login", "first"), [(False, True), (True, False)])
def test_f32_nobody_waits_for_who_is_logged_out_of_the_queue(login: bool, first: bool) -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"], "login": login}) as hall:
            queues = LiveQueues(lambda: hall.files.directory)
            tenant, wants = hall.files.directory.tenants["romashka"], Wants(first=("102",), first_s=20.0)

            def waited_for(wants: Wants = wants) -> bool:
                place = queues.enter(tenant, "sales", "call", 0, _nothing, wants)
                place.leave()
                return [one.extension for one in place.first] == list(wants.first)

            key, book = MemberKey("romashka", "102"), queues.roster.presence
            assert waited_for() == first
            person = book.to_change(key)
            book.note(key, person.join("sales", 1, "102"))
            assert waited_for()
            book.note(key, person.pause_for("lunch", 2, "102", "sales"))
            assert not waited_for(), "paused in this queue alone"
            book.note(key, person.resume("102"))
            book.note(key, person.leave("sales", 3, "102", by_file=True))
            assert not waited_for()

            other = Wants(first=("103",), first_s=20.0)
            assert waited_for(other), "a user who does not serve the queue may be somebody's specialist"

    run(scene())
