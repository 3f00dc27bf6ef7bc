"""What can go wrong while an engine comes back to running calls: it adopts them all the same (F45)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.directory.directory import Directory
from engine.records.derive import derive_call
from engine.scenarios.loader import load_scenario
from tests.calls.cell import DESK, MAIN, NUMBER, SECOND, THIRD, Cell, Files
from tests.calls.mishaps import (
    Answer,
    call_and_press,
    leave,
    legs_to,
    meets,
    refuses,
    switchboard,
    with_cell,
)
from tests.calls.promises import check
from tests.virtual_time import run


@with_cell
async def test_a_row_goes_on_where_it_was(cell: Cell) -> None:
    cell.switch.phone(THIRD).answers(1).hangs_up(3)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(2)  # the first of the row rings
    await cell.kill_engine()
    await asyncio.sleep(0.5)
    await cell.start_engine()
    await asyncio.sleep(15)
    assert (cell.switch.phone(THIRD).invited, cell.switch.phone(DESK).invited) == (1, 0)
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_a_switch_that_died_with_its_calls_does_not_bill_the_outage(cell: Cell) -> None:
    """Two hours without power: the call ended when the switch did, though its log does not say so."""
    cell.switch.phone(SECOND).answers(2)
    await call_and_press(cell, "7")
    await asyncio.sleep(10)
    await cell.kill_engine()
    store, died = cell.switch.channels, cell.clock.wall_ms()
    for channel in store.channels.values():
        channel.ended_ms = died
    store.ended.update(store.channels)
    store.channels.clear()
    store.bridges.clear()
    store.playbacks.clear()
    await asyncio.sleep(7200)
    await cell.start_engine()
    await asyncio.sleep(1)
    entries = next(iter(cell.journal().values()))
    record = derive_call(entries)
    assert record is not None
    assert abs(record.ended_at - died) < 15_000
    assert record.talk_ms < 15_000


@with_cell
async def test_an_unreadable_event_log_keeps_nobody_waiting(cell: Cell) -> None:
    """Neither the caller who was there nor the one who comes now."""

    def unreadable(*_: object) -> None:
        raise OSError("Input/output error")

    caller = cell.switch.incoming(NUMBER)
    await asyncio.sleep(3)
    await cell.kill_engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cell, "find_histories", unreadable)
        patch.setattr(cell, "find_ends", unreadable)
        await cell.start_engine()
        late = cell.switch.incoming(NUMBER)
        await asyncio.sleep(5)
        assert switchboard(cell).ready
        assert set(switchboard(cell).calls) == {caller.id, late.id}
        assert late.answered
        late.hang_up()
        await leave(caller)
    check(cell, silence_s=None)


@pytest.mark.parametrize("path", ["/channels", "/bridges", "/applications/vats"])
def test_a_refusal_on_coming_back_is_tried_again(path: str) -> None:
    async def main() -> None:
        async with Cell() as cell:
            caller = cell.switch.incoming(NUMBER)
            await asyncio.sleep(3)
            await cell.kill_engine()
            refused = refuses(cell, "GET", path)
            await cell.start_engine()
            await asyncio.sleep(5)
            assert refused()
            assert list(switchboard(cell).calls) == [caller.id]
            assert cell.switch.hearing.longest_silence(caller.id) < 3
            cell.errors.clear()  # the refusal
            await leave(caller)
            check(cell, silence_s=None)

    run(main())


@with_cell
async def test_an_answer_during_the_adoption_can_be_recovered_once_more(cell: Cell) -> None:
    """The operator answers before the adopted call is in its step again; then the engine is killed anew."""
    cell.switch.phone(SECOND).answers(1000)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(2)
    await cell.kill_engine()

    def answers(do: Callable[[], Answer]) -> Answer:
        cell.switch.phone(SECOND).line.answer()
        return do()

    answered = meets(cell, "DELETE", r"/playbacks/.*", answers)
    await cell.start_engine()
    await asyncio.sleep(5)
    assert answered()
    assert [call.talking_with is not None for call in switchboard(cell).calls.values()] == [True]
    await cell.kill_engine()
    await cell.start_engine()
    await asyncio.sleep(1)
    assert switchboard(cell).ready
    assert [call.talking_with is not None for call in switchboard(cell).calls.values()] == [True]
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_a_caller_in_the_fallbacks_dial_is_left_alone(cell: Cell) -> None:
    """Having been an `originator`, he stays among the application's channels after `continue` (measured)."""
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(2)  # three telephones ring
    await cell.kill_engine()
    await asyncio.sleep(12)
    for endpoint in (DESK, SECOND, THIRD):
        for leg in legs_to(cell, endpoint):
            cell.switch.channels.delete(leg, 16)
    cell.switch.perform("POST", f"/channels/{caller.id}/continue", {"context": "fallback"}, None)
    await asyncio.sleep(1)
    await cell.start_engine()
    await asyncio.sleep(10)
    assert not caller.gone, "he was talking through the fallback"
    assert caller.hears == "dialplan"
    assert caller.id not in switchboard(cell).calls
    await leave(caller)
    assert cell.switch.left_over() == []


@with_cell
async def test_people_talk_on_when_their_tenant_is_gone(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(5)
    await cell.kill_engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cell.files, "directory", Directory({}))
        await cell.start_engine()
        await asyncio.sleep(3)
        assert caller.hears == "talk"
        await leave(caller)
    check(cell, silence_s=None)


def test_people_talk_on_when_their_scenarios_version_is_gone(tmp_path: Path) -> None:
    """In the version that there is now the step that they are in is one that plays."""
    file = tmp_path / "romashka" / "main.yaml"
    file.parent.mkdir()
    ring, play = "{type: ring, group: sales, after: again}", "{type: play, prompt: thanks, next: bye}"
    assert ring in MAIN
    file.write_text(MAIN.replace(ring, play))
    newer = load_scenario(file)
    assert newer.scenario is not None, newer.findings

    async def main() -> None:
        async with Cell() as cell:
            cell.switch.phone(SECOND).answers(2)
            caller = await call_and_press(cell, "7")
            await asyncio.sleep(5)
            await cell.kill_engine()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Files, "find", lambda *_: newer.scenario)
                patch.setattr(Files, "version", lambda *_: None)
                await cell.start_engine()
                await asyncio.sleep(6)
                assert caller.hears == "talk"
                await leave(caller)
            check(cell, silence_s=None)

    run(main())


@with_cell
async def test_a_caller_of_whom_nothing_was_written_has_his_answer_in_the_record(cell: Cell) -> None:
    """The journal's first 20 ms of him were lost; he is up, and a call from there on."""
    caller = cell.switch.incoming(NUMBER)
    await asyncio.sleep(3)
    await cell.kill_engine()
    for segment in cell.folder.glob("engine-*"):
        segment.unlink()
    await cell.start_engine()
    await asyncio.sleep(3)
    await leave(caller)
    check(cell, silence_s=None)
