"""What is recorded of a call, and who is told of it, on the scripted switch (F01)."""

import asyncio
from typing import Any

import pytest

from engine.directory.model import TenantModel
from engine.journal.events import CallAnswered, CallEnded, Event, LegCreated
from engine.journal.recording_events import RecordingAnnounced, RecordingStarted
from tests.calls.cell import DESK, NUMBER, SECOND, Cell, Files
from tests.calls.promises import check
from tests.calls.recorded import of, on_cell, tenant, to_desk, until
from tests.virtual_time import run

QUEUE = """\
scenario: main
start: wait
steps:
  wait: {type: queue, queue: sales, on_timeout: bye}
  bye: {type: hangup, prompt: goodbye}
"""


async def _talk(cell: Cell) -> None:
    caller = await to_desk(cell)
    await asyncio.sleep(5)
    caller.hang_up()


@pytest.mark.parametrize(
    ("made", "recorded"),
    [
        (tenant(), True),
        (tenant({"101": False}), False),
        (tenant({"102": False}), True),
        (tenant(number=False), False),
        (tenant({"101": True}, number=False), True),
        (tenant(recording={"enabled": False}), False),
        (tenant(number=True, recording={"enabled": False}), True),
        (tenant(recording={"internal": False}), True),
    ],
    ids=["all", "not 101", "not 102", "not the number", "101 though", "none", "the number only", "outside"],
)
def test_a_talk_is_recorded_by_its_rules(made: TenantModel, recorded: bool) -> None:
    started = of(on_cell(Files(made), _talk), RecordingStarted)
    assert len(started) == recorded
    if recorded:
        [one] = started
        assert isinstance(one, RecordingStarted)
        assert (one.left, one.right) == (one.leg, f"{one.leg}.leg.1"), "the caller is left"
        assert one.caller_file.endswith("-1-in.wav")


@pytest.mark.parametrize("internal", [True, False])
def test_between_colleagues(internal: bool) -> None:
    async def script(cell: Cell) -> None:
        cell.switch.phone(SECOND).answers(1)
        caller = cell.switch.from_user(DESK, "102")
        await until(lambda: caller.hears == "talk")
        await asyncio.sleep(2)
        caller.hang_up()

    made = tenant(recording={"internal": internal, "announce": "recorded"})
    events = on_cell(Files(made), script)
    assert not of(events, RecordingAnnounced), "nobody is told who works here"
    started = of(events, RecordingStarted)
    assert len(started) == internal
    if internal:
        [one] = started
        assert isinstance(one, RecordingStarted)
        assert one.left == one.leg, "who called is left"


def test_the_caller_hears_the_announcement_before_anybody_rings() -> None:
    heard: list[tuple[str, int]] = []

    async def script(cell: Cell) -> None:
        cell.switch.phone(DESK).answers(1)
        caller = cell.switch.incoming(NUMBER)
        while caller.hears != "talk":
            rings = len([leg for leg in cell.switch.channels.channels.values() if leg.endpoint])
            if (now := (caller.hears_media, rings)) not in heard:
                heard.append(now)
            await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        caller.hang_up()

    events = on_cell(Files(tenant(recording={"announce": "recorded"})), script)
    assert ("sound:/prompts/recorded", 0) in heard
    assert ("sound:/prompts/recorded", 1) not in heard
    order = [type(event) for event in of(events, RecordingAnnounced, LegCreated, RecordingStarted)]
    assert order == [RecordingAnnounced, LegCreated, RecordingStarted]


def test_nobody_hears_an_announcement_of_what_is_not_recorded() -> None:
    made = tenant({"101": False}, recording={"announce": "recorded"})
    assert of(on_cell(Files(made), _talk), RecordingAnnounced, RecordingStarted) == []


def test_who_waits_in_a_queue_hears_it_once_on_entering() -> None:
    """Not when somebody is free at last, who would wait for it too."""
    played: list[str] = []

    async def main() -> list[Event]:
        async with Cell(files=Files(tenant(queue={"announce": "recorded"}), QUEUE)) as cell:
            cell.switch.phone(SECOND).answers(1)
            colleagues = cell.switch.from_user(DESK, "102")
            await until(lambda: colleagues.hears == "talk")
            caller = cell.switch.incoming(NUMBER)
            cell.switch.phone(SECOND).answers(2)
            last = ""
            for moment in range(600):
                if caller.hears_media != last:
                    last = caller.hears_media
                    played.append(last)
                if moment == 100:
                    assert caller.hears == "music"
                    assert played.count("sound:/prompts/recorded") == 1, "while nobody is free"
                    colleagues.hang_up()
                if caller.hears == "talk":
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            caller.hang_up()
            await asyncio.sleep(30)
            check(cell, silence_s=None)
            return [entry.event for entry in cell.journal()[caller.id]]

    events = run(main())
    assert played.count("sound:/prompts/recorded") == 1
    assert len(of(events, RecordingAnnounced)) == 1
    assert len(of(events, RecordingStarted)) == 1


def test_one_who_could_not_be_told_is_connected_and_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.directory.prompts import PromptMissing
    from tests.calls import cell as cell_module

    whole = cell_module.PromptNames.media

    async def media(self: Any, tenant: str, language: str, prompt: Any, *more: Any) -> list[str]:
        if prompt == "recorded":
            raise PromptMissing("romashka: the prompt 'recorded' has not been made")
        return await whole(self, tenant, language, prompt, *more)

    monkeypatch.setattr(cell_module.PromptNames, "media", media)
    events = on_cell(Files(tenant(recording={"announce": "recorded"})), _talk)
    assert of(events, RecordingAnnounced, RecordingStarted) == []


def test_an_outside_number_that_a_colleague_calls_is_left_and_told_first() -> None:
    order: list[str] = []

    async def script(cell: Cell) -> None:
        far = cell.switch.phone("PJSIP/+79161234567@city")
        far.answers(1)
        caller = cell.switch.from_user(DESK, "+79161234567")
        while caller.hears != "talk":
            for leg in cell.switch.channels.channels.values():
                media = leg.playbacks[0].media[0] if leg.playbacks else ""
                if leg.endpoint and media and media not in order:
                    order.append(media)
                    assert caller.hears == "ringback", "whoever called hears it ring meanwhile"
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        caller.hang_up()

    events = on_cell(Files(tenant(recording={"announce": "recorded"})), script)
    assert order == ["sound:/prompts/recorded"]
    [told] = of(events, RecordingAnnounced)
    [one] = of(events, RecordingStarted)
    assert isinstance(told, RecordingAnnounced)
    assert isinstance(one, RecordingStarted)
    assert told.leg == one.left == f"{one.leg}.leg.1"
    assert one.right == one.leg, "the colleague's own channel is recorded, for it stays"
    assert one.caller_file.endswith("-in.wav")


def test_who_hangs_up_while_he_is_told_is_never_connected() -> None:
    """The colleague's telephone shows a call that nobody took, not one that was answered and over."""

    async def script(cell: Cell) -> None:
        far = cell.switch.phone("PJSIP/+79161234567@city").answers(1)
        caller = cell.switch.from_user(DESK, "+79161234567")
        await until(lambda: bool(far.lines) and far.line.hears_media == "sound:/prompts/recorded")
        far.line.hang_up()
        await until(lambda: caller.gone)

    events = on_cell(Files(tenant(recording={"announce": "recorded"})), script)
    assert not of(events, CallAnswered)
    assert not of(events, RecordingStarted)
    [ended] = of(events, CallEnded)
    assert isinstance(ended, CallEnded)
    assert ended.cause == 19
