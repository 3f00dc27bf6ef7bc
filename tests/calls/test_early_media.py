"""What the called network plays before it answers, for colleagues who call outside (F09)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.directory.model import TenantModel
from engine.directory.user_settings import Forward
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, Cell, Files
from tests.calls.promises import check
from tests.calls.test_outgoing import COMPANY, MOBILE, TRUNKS, company, fails, trunk
from tests.calls.test_placing import placer
from tests.fake_switch.callers import Caller
from tests.virtual_time import run

DIAL = """\
scenario: main
start: out
steps:
  out: {type: dial, number: "+79161234567", timeout: 20s}
"""
Story = Callable[[Cell, Caller], Awaitable[None]]


def told(prepare: Callable[[Cell], object], story: Story, number: str = MOBILE) -> CallRecord:
    """Anna calls this number, `story` looks on, and all comes to its end."""

    async def main() -> CallRecord:
        async with Cell(files=company()) as cell:
            for name in TRUNKS:
                trunk(cell, name)
            prepare(cell)
            caller = cell.switch.from_user(DESK, number)
            await story(cell, caller)
            await over(caller)
            [record] = check(cell, silence_s=None)
            return record

    return run(main())


async def over(caller: Caller) -> None:
    for _ in range(1200):
        if caller.gone:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(5)


async def heard(caller: Caller, what: str, seconds: float = 3.0) -> None:
    for _ in range(round(seconds * 100)):
        if caller.hears == what:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{caller}, not {what}")


def city(cell: Cell) -> Caller:
    return trunk(cell, "city").line


def what_was_heard(cell: Cell, caller: Caller) -> list[str]:
    return [what for _, what in cell.switch.hearing.history(caller.id)]


def test_the_networks_own_sound_and_then_the_answer() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(0.5)
        assert caller.hears == "ringback"
        await asyncio.sleep(1)
        assert caller.hears_from == {city(cell).id}
        assert not caller.answered
        assert city(cell).hears_from == {caller.id}
        await asyncio.sleep(4)
        assert caller.talks_with(city(cell))
        assert caller.answered

    def prepare(cell: Cell) -> None:
        trunk(cell, "city").answers(5).progresses(1).hangs_up(10)

    record = told(prepare, story)
    assert (record.disposition, record.operator) == ("answered", MOBILE)
    assert record.answered_at is not None
    assert 4_900 < record.answered_at - record.started_at < 5_200
    assert 9_900 < record.talk_ms < 10_100, "not what came before the answer"


def test_without_sound_it_rings_as_ever() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(3)
        assert caller.hears == "ringback"
        trunk(cell, "city").line.answer()
        await heard(caller, "talk")
        caller.hang_up()
        assert set(what_was_heard(cell, caller)) <= {"ringback", "silence", "talk", "gone"}

    record = told(lambda cell: trunk(cell, "city").no_answer().progresses(1, sound=False), story)
    assert record.disposition == "answered"


def test_a_network_that_only_rings_costs_no_request() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await heard(caller, "talk", 5)
        asked = [path.rpartition("/")[2] for _, path, *_ in cell.switch.requests]
        assert not {"variable", "progress"} & set(asked), asked

    assert told(lambda cell: trunk(cell, "city").answers(2).hangs_up(3), story).disposition == "answered"


def test_sound_that_comes_with_a_later_183() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(2)
        assert caller.hears == "ringback"
        cell.switch.parties.progresses(city(cell).channel)
        await heard(caller, "talk")
        cell.switch.parties.progresses(city(cell).channel)  # again: nothing new
        cell.switch.parties.rings(city(cell).channel)
        await asyncio.sleep(1)
        assert caller.hears_from == {city(cell).id}
        assert len(cell.switch.channels.bridges) == 2, "one of them for whoever answers"
        caller.hang_up()

    record = told(lambda cell: trunk(cell, "city").no_answer().progresses(1, sound=False), story)
    assert record.disposition == "missed"


@pytest.mark.parametrize(
    ("cause", "code", "disposition"), [(19, 480, "missed"), (1, 404, "missed"), (17, 486, "busy")]
)
def test_an_announcement_and_then_the_refusal(cause: int, code: int, disposition: str) -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(3)
        assert caller.hears_from == {city(cell).id}

    record = told(lambda cell: fails(trunk(cell, "city"), cause, code, 6).progresses(0.5), story)
    assert (record.disposition, record.answered_at, record.talk_ms) == (disposition, None, 0)
    assert len(record.legs) == 1


def test_the_next_trunk_rings_and_is_heard_after_it() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(1.5)
        assert caller.hears_from == {city(cell).id}
        await asyncio.sleep(1)
        assert caller.hears == "ringing", "as sound: his phone has agreed on one"
        assert trunk(cell, "backup").invited == 1
        await asyncio.sleep(1)
        second = trunk(cell, "backup").line
        assert caller.hears_from == {second.id}
        await asyncio.sleep(3)
        assert caller.talks_with(second)

    def prepare(cell: Cell) -> None:
        fails(trunk(cell, "city"), 34, 503, 2).progresses(1)
        trunk(cell, "backup").answers(4).progresses(1).hangs_up(5)

    record = told(prepare, story)
    assert record.disposition == "answered"
    assert [leg.result for leg in record.legs] == ["failed", "answered"]
    assert 4_900 < record.talk_ms < 5_100


def test_the_next_trunk_has_no_sound_before_its_answer() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(2.5)
        assert caller.hears == "ringing"
        await asyncio.sleep(3)
        assert caller.talks_with(trunk(cell, "backup").line)

    def prepare(cell: Cell) -> None:
        fails(trunk(cell, "city"), 34, 503, 2).progresses(1)
        trunk(cell, "backup").answers(2).hangs_up(5)

    assert told(prepare, story).disposition == "answered"


def test_he_hangs_up_while_it_plays() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(2)
        assert caller.hears == "talk"
        caller.hang_up()
        await asyncio.sleep(0.5)
        assert city(cell).gone

    record = told(lambda cell: trunk(cell, "city").no_answer().progresses(1), story)
    assert (record.disposition, record.ended_by, record.talk_ms) == ("missed", "caller", 0)


def test_nobody_answers_and_it_plays_to_the_end_of_the_ringing() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(25)
        assert caller.hears_from == {city(cell).id}

    record = told(lambda cell: trunk(cell, "city").no_answer().progresses(1), story)
    assert (record.disposition, record.hangup_cause, record.talk_ms) == ("missed", 19, 0)


def test_a_183_that_comes_after_the_answer_changes_nothing() -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await heard(caller, "talk", 5)
        channel = city(cell).channel
        cell.switch.emit(f"dial {channel.id}", "Dial", dialstatus="PROGRESS", peer=channel.json())
        await asyncio.sleep(1)
        assert caller.talks_with(city(cell))
        assert len(cell.switch.channels.bridges) == 1

    record = told(lambda cell: trunk(cell, "city").answers(1).hangs_up(5), story)
    assert 4_900 < record.talk_ms < 5_100


def test_where_several_ring_none_is_heard() -> None:
    """A group of whom one has his calls sent to his mobile."""

    async def main() -> list[str]:
        async with Cell(files=company()) as cell:
            trunk(cell, "city").no_answer().progresses(0.5)
            await cell.user_settings.set_forward(
                "romashka", "103", "always", Forward(MOBILE, confirm=False), by="t"
            )
            caller = cell.switch.from_user(DESK, "600")
            await asyncio.sleep(3)
            assert cell.switch.phone(SECOND).invited == trunk(cell, "city").invited == 1
            found = what_was_heard(cell, caller)
            caller.hang_up()
            await over(caller)
            check(cell, silence_s=None)
            return found

    assert set(run(main())) <= {"silence", "ringback"}


@pytest.mark.parametrize(("confirm", "plays"), [(False, True), (True, False)])
def test_a_colleague_whose_calls_go_to_his_mobile(confirm: bool, plays: bool) -> None:
    """Where he is to press 1 his mobile's voicemail may be what plays."""

    async def main() -> bool:
        async with Cell(files=company()) as cell:
            trunk(cell, "city").no_answer().progresses(0.5)
            forward = Forward(MOBILE, confirm=confirm)
            await cell.user_settings.set_forward("romashka", "103", "always", forward, by="t")
            caller = cell.switch.from_user(DESK, "103")
            await asyncio.sleep(3)
            assert trunk(cell, "city").invited == 1
            found = caller.hears == "talk"
            caller.hang_up()
            await over(caller)
            check(cell, silence_s=None)
            return found

    assert run(main()) == plays


def test_who_calls_from_outside_hears_music() -> None:
    async def main() -> None:
        async with Cell(files=Files(TenantModel.model_validate(COMPANY), DIAL)) as cell:
            trunk(cell, "city").answers(5).progresses(1).hangs_up(3)
            caller = cell.switch.incoming(NUMBER)
            await asyncio.sleep(3)
            assert caller.hears in ("ringback", "music")
            await asyncio.sleep(3)
            assert caller.hears == "talk"
            await over(caller)
            check(cell, silence_s=None)

    run(main())


def test_click_to_call_hears_it_instead_of_music() -> None:
    async def main() -> CallRecord:
        async with Cell(files=company()) as cell:
            cell.switch.phone(DESK).answers(1)
            trunk(cell, "city").answers(6).progresses(2).hangs_up(4)
            await placer(cell).place("romashka", "101", MOBILE)
            anna = cell.switch.phone(DESK).line
            await heard(anna, "music")
            await heard(anna, "talk", 4)
            assert not city(cell).answered
            await asyncio.sleep(5)
            assert anna.talks_with(city(cell))
            await over(anna)
            assert cell.switch.left_over() == []
            [entries] = cell.journal().values()
            record = derive_call(entries)
            assert record is not None
            return record

    record = run(main())
    assert record.disposition == "answered"
    assert 3_900 < record.talk_ms < 4_100


def test_who_answers_is_told_of_the_recording_before_they_talk() -> None:
    async def main() -> None:
        files = company(recording={"announce": "recorded", "internal": False})
        async with Cell(files=files) as cell:
            trunk(cell, "city").answers(3).progresses(1).hangs_up(8)
            caller = cell.switch.from_user(DESK, MOBILE)
            await asyncio.sleep(3.3)
            assert city(cell).hears_from == {"prompt"}
            assert caller.hears in ("music", "ringing")
            await heard(caller, "talk")
            assert caller.talks_with(city(cell))
            await over(caller)
            check(cell, silence_s=None)

    run(main())
