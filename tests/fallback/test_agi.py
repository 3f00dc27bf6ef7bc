"""With no engine a call from the city rings a person, by AGI, and is in the journal (F40, invariant 4)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    FallbackTook,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkEnded,
    TalkStarted,
)
from engine.records.derive import derive_call
from tests.fallback.office import ANNA, CALLER, NUMBER, PYOTR, Office, office, until

pytestmark = pytest.mark.switch


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as it:
        yield it


async def test_a_call_rings_the_fallback_person_and_is_journalled(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call("84951234567", caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.ring()
    await call.wait_state("ringing")
    assert offered.caller_number == CALLER
    await offered.answer()
    await call.wait_state("answered")
    talking = await company.until_event(TalkStarted)
    await offered.hangup()
    await call.wait_state("ended")
    ended = await company.until_event(CallEnded)

    entries = company.journal()
    assert {entry.call_id for entry in entries} == {ended.call_id}
    assert [entry.seq for entry in entries] == list(range(1_000_000, 1_000_000 + len(entries)))
    begun = entries[0].event
    assert isinstance(begun, CallStarted)
    assert (begun.direction, begun.tenant, begun.number) == ("in", "romashka", NUMBER)
    assert (begun.caller, begun.trunk, begun.node) == (CALLER, "city", "test1")
    assert (begun.meter_from, begun.kopecks_per_minute) == ("answer", 600), "the tenant's tariff"
    assert entries[1].event == FallbackTook(f"PJSIP/{ANNA}")
    leg = next(entry.event for entry in entries if isinstance(entry.event, LegCreated))
    assert (leg.endpoint, leg.user, leg.role) == (f"PJSIP/{ANNA}", "101", "operator")
    kinds = [type(entry.event) for entry in entries[2:]]
    assert kinds == [LegCreated, LegAnswered, CallAnswered, TalkStarted, TalkEnded, LegEnded, CallEnded]
    assert ended.event == CallEnded("operator", 16)
    over = next(entry for entry in entries if isinstance(entry.event, TalkEnded))
    assert over.event == TalkEnded(leg.leg, "operator")

    # All times are the switch's own.
    starts, answers = company.log_times("CHAN_START"), company.log_times("ANSWER")
    hangups = company.log_times("HANGUP")
    assert abs(entries[0].at - starts[ended.call_id]) <= 2
    assert next(entry.at for entry in entries if isinstance(entry.event, LegAnswered)) == answers[leg.leg]
    assert ended.at == hangups[ended.call_id]
    entered = company.log_times("BRIDGE_ENTER")
    assert talking.at == max(entered[leg.leg], entered[ended.call_id])
    assert over.at == company.log_times("BRIDGE_EXIT")[leg.leg]

    record = derive_call(entries)
    assert record is not None
    assert (record.source, record.disposition, record.operator) == ("engine", "answered", "101")
    assert (record.ended_by, record.talk_ms) == ("operator", over.at - talking.at)


async def test_the_caller_hangs_up_while_it_rings(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.ring()
    await call.wait_state("ringing")
    await call.hangup()
    await offered.wait_state("ended")
    ended = await company.until_event(CallEnded)
    assert isinstance(ended.event, CallEnded)
    assert ended.event.ended_by == "caller"
    results = [event.result for event in company.events() if isinstance(event, LegEnded)]
    assert results == ["cancelled"]
    await until(lambda: company.status().get("open_calls") == 0, 5, "no open call")


async def test_the_next_users_ring_when_the_first_is_busy(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    await (await company.anna.wait_incoming()).reject(486)
    second = await company.pyotr.wait_incoming()
    await second.answer()
    await call.wait_state("answered")
    await company.until_event(TalkStarted)
    await call.hangup()
    ended = await company.until_event(CallEnded)
    assert isinstance(ended.event, CallEnded)
    assert ended.event.ended_by == "caller"
    legs = [event for event in company.events() if isinstance(event, LegCreated)]
    assert [leg.endpoint for leg in legs] == [f"PJSIP/{ANNA}", f"PJSIP/{PYOTR}"]
    results = {event.leg: event.result for event in company.events() if isinstance(event, LegEnded)}
    assert [results[leg.leg] for leg in legs] == ["busy", "answered"]


async def test_while_all_are_busy_they_are_rung_again(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    for _ in range(2):
        await (await company.anna.wait_incoming()).reject(486)
        await (await company.pyotr.wait_incoming()).reject(486)
    third = await company.anna.wait_incoming()
    assert call.state == "ringing", "neither answered nor ended meanwhile"
    await third.answer()
    await call.wait_state("answered")
    await company.until_event(TalkStarted)
    await third.hangup()
    await call.wait_state("ended")

    gives_up = await company.trunk.call(NUMBER, caller=CALLER)
    await (await company.anna.wait_incoming()).reject(486)
    await (await company.pyotr.wait_incoming()).reject(486)
    await gives_up.hangup()

    def ended() -> list[CallEnded]:
        return [event for event in company.events() if isinstance(event, CallEnded)]

    await until(lambda: len(ended()) == 2, 10, "both have ended")
    ends = ended()
    assert [event.ended_by for event in ends] == ["operator", "caller"]


async def test_nobody_there_is_said_to_the_caller(company: Office) -> None:
    await company.anna.unregister()
    await company.pyotr.unregister()
    company.start_fallback()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    await call.wait_state("answered")
    await call.wait_sound()
    await call.wait_state("ended", 15)
    ended = await company.until_event(CallEnded)
    assert isinstance(ended.event, CallEnded)
    assert ended.event.ended_by == "engine"
    assert not any(isinstance(event, TalkStarted) for event in company.events())


async def test_an_unknown_number_is_refused_with_a_record(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call("+74950000000", caller=CALLER)
    await call.wait_state("ended")
    assert call.code == 404
    ended = await company.until_event(CallEnded)
    assert ended.event == CallEnded("engine", 1, refused=True)
    begun = company.events()[0]
    assert isinstance(begun, CallStarted)
    assert (begun.tenant, begun.number) == ("", "+74950000000")
    record = derive_call(company.journal())
    assert record is not None
    assert record.disposition == "refused"


async def test_a_connection_that_says_nothing_is_no_call(company: Office) -> None:
    company.start_fallback()
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", company.settings.ports.agi)
        writer.close()
        await writer.wait_closed()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.answer()
    await call.wait_state("answered")
    assert "agi.failed" not in company.instance.log("fallback")
    await call.hangup()


async def test_with_agi_away_too_the_dialplan_rings_alone(company: Office) -> None:
    await company.put_dial_string(f"PJSIP/{ANNA}")
    call = await company.trunk.call("74951234567", caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.answer()
    await call.wait_state("answered")
    await call.hangup()
    await offered.wait_state("ended")


async def test_asterisk_killed_and_started_without_an_engine_still_rings(company: Office) -> None:
    await company.put_dial_string(f"PJSIP/{ANNA}")
    company.start_fallback()
    lost = await company.trunk.call(NUMBER, caller=CALLER)
    await (await company.anna.wait_incoming()).answer()
    talking = await company.until_event(TalkStarted)
    company.instance.kill_asterisk()
    company.instance.start_asterisk()
    await company.anna.register()
    # The talk that died with the switch has its record, ended about when the switch was.
    ended = await company.until_event(CallEnded, 20)
    assert ended.call_id == talking.call_id
    assert ended.event == CallEnded("network", 41, source="switch")
    assert ended.at >= talking.at

    second = await company.trunk.call(NUMBER, caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.answer()
    await second.wait_state("answered")
    await second.hangup()
    await lost.phone.request("stop")


async def test_a_fallback_process_that_is_killed_goes_on_with_its_calls(company: Office) -> None:
    company.start_fallback()
    call = await company.trunk.call(NUMBER, caller=CALLER)
    offered = await company.anna.wait_incoming()
    await offered.answer()
    await call.wait_state("answered")
    await company.until_event(TalkStarted)
    company.instance.processes[-1].kill()
    company.instance.processes[-1].wait()
    await call.digits("1")
    assert call.state == "answered"
    company.start_fallback()
    await until(lambda: company.status().get("open_calls") == 1, 5, "the call is followed again")
    await call.hangup()
    await company.until_event(CallEnded)
    kinds = [type(event) for event in company.events()]
    assert kinds.count(CallStarted) == kinds.count(TalkStarted) == kinds.count(TalkEnded) == 1
