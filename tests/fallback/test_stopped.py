"""A part of the fallback that lives and does nothing keeps no caller waiting (F40, F45)."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.fallback import agi_health
from engine.journal.events import TalkStarted
from tests.fallback.office import CALLER, NUMBER, PYOTR, Office, alive, office, until

pytestmark = pytest.mark.switch
OTHER_CALLER, LAST_CALLER = "+79031112299", "+79031112277"


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as it:
        await it.put_dial_string(f"PJSIP/{PYOTR}")
        it.start_fallback()
        yield it


def fallback_pid(company: Office) -> int:
    return company.instance.processes[-1].pid


def agi_pid(company: Office) -> int:
    pid = fallback_pid(company)
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


async def test_a_stopped_agi_server_is_ended_and_its_caller_rung_by_the_dialplan(company: Office) -> None:
    # A call that a server's child carries: it must not hold the port for the next server.
    first = await company.trunk.call(NUMBER, caller=CALLER)
    talk = await company.anna.wait_incoming()
    await talk.answer()
    await company.until_event(TalkStarted)
    stopped = agi_pid(company)
    os.kill(stopped, signal.SIGSTOP)
    try:
        began = time.monotonic()
        second = await company.trunk.call(NUMBER, caller=OTHER_CALLER)
        # Not silence, and at once, although nobody knows yet whom to ring.
        await second.wait_state("ringing", 3)
        offered = await company.pyotr.wait_incoming(10)
        assert time.monotonic() - began < 10
        await offered.answer()
        await second.wait_state("answered")
        await until(lambda: not alive(stopped), 10, "the stopped one is ended")
    finally:
        if alive(stopped):
            os.kill(stopped, signal.SIGCONT)
    assert first.state == talk.state == "answered"
    await second.hangup()
    await offered.wait_state("ended")
    port = company.settings.ports.agi
    async with asyncio.timeout(10):
        while await agi_health.complaint(port):
            await asyncio.sleep(0.05)
    assert agi_pid(company) != stopped
    await talk.hangup()
    await first.wait_state("ended")
    # By AGI again, which rings Anna.
    third = await company.trunk.call(NUMBER, caller=LAST_CALLER)
    again = await company.anna.wait_incoming()
    assert again.caller_number == LAST_CALLER
    await third.hangup()
    assert company.instance.log("fallback").count('"agi.killed"') == 1


async def test_a_stopped_fallback_process_keeps_no_caller_waiting(company: Office) -> None:
    pid = fallback_pid(company)
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        call = await company.trunk.call(NUMBER, caller=CALLER)
        await call.wait_state("ringing", 3)
        offered = await company.pyotr.wait_incoming(10)
        assert time.monotonic() - began < 10
        await call.hangup()
        await offered.wait_state("ended")
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_health_does_not_believe_a_port_that_only_listens(company: Office) -> None:
    port = company.settings.ports.agi
    assert await agi_health.complaint(port) == ""
    pid, stopped = fallback_pid(company), agi_pid(company)
    os.kill(pid, signal.SIGSTOP)
    os.kill(stopped, signal.SIGSTOP)
    try:
        assert "no answer" in await agi_health.complaint(port)
    finally:
        os.kill(stopped, signal.SIGCONT)
        os.kill(pid, signal.SIGCONT)
    assert await agi_health.complaint(port) == ""
