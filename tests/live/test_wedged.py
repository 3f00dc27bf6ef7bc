"""An engine that lives and does nothing: ended within ten seconds, callers served, talks go on (F45)."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fallback.office import alive
from tests.live.people import (
    Talk,
    a_caller,
    connect,
    enter,
    nothing_left,
    start_fallback,
    verified,
)
from tests.live.site import Site, eventually, running_site
from tests.phones import Phone, PhoneCall

pytestmark = pytest.mark.switch


async def stop_engine(pid: int) -> float:
    """SIGSTOP; returns after how many seconds somebody has ended it."""
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    await eventually(lambda: not alive(pid), 15, "the stopped engine is ended")
    return time.monotonic() - began


async def reached(call: PhoneCall, phones: Sequence[Phone], folder: Path, timeout: float = 20) -> Talk:
    """Whichever of these phones is offered the call takes it."""
    waiting = [asyncio.create_task(phone.wait_incoming(timeout)) for phone in phones]
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        offered = next(iter(done)).result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert offered.caller_number
    await offered.answer()
    return await Talk(call, offered, folder).begin()


async def one_record_each(site: Site, callers: Sequence[str]) -> list[dict[str, Any]]:
    """Their records, the same order; nobody has two."""
    found = [await site.record_of(caller, timeout=20) for caller in callers]
    assert len(site.rows()) == len(callers)
    assert {record["disposition"] for record in found} == {"answered"}
    verified(site)
    return found


async def test_f45_a_stopped_engine_is_replaced_and_nobody_notices(tmp_path: Path) -> None:
    talking, ringing, in_menu = a_caller(), a_caller(), a_caller()
    async with running_site(tmp_path, "up") as site:
        anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
        talk = await connect(site, talking, anna, tmp_path)
        waiter = await enter(site, ringing, "103")
        rung = await olga.wait_incoming()
        await rung.ring()
        chooser = await enter(site, in_menu)
        await site.wait_call(caller=in_menu, state="menu")
        await site.wait_call(caller=ringing, state="ringing")
        await talk.watch()
        pid = await site.wait_ready()
        assert await stop_engine(pid) < 10
        assert await site.wait_ready() != pid
        # He hears the menu again, and chooses; or he was alone for so long that the fallback rings Anna.
        await chooser.digits("102")
        chosen = await reached(chooser, [petr, anna], tmp_path)
        if rung.state != "ended":
            await rung.answer()
            waited = await Talk(waiter, rung, tmp_path).begin()
        else:
            waited = await reached(waiter, [anna], tmp_path)
        await talk.unbroken(at_least=6)
        for each in (talk, waited, chosen):
            await each.is_heard()
            await each.caller.hangup()
            await each.operator.wait_state("ended")
        records = await one_record_each(site, [talking, ringing, in_menu])
        assert records[0]["operator"] == "101"
        assert records[0]["talk_s"] > 10, "talk before and after is one talk"
        assert {record["ended_by"] for record in records} == {"caller"}
        await site.wait_rows(lambda row: row["caller"] == talking and bool(row["recording"]), 1)
        await nothing_left(site)
        # The supervisor ended none of the others for it.
        assert [
            line.split()[1] for line in site.instance.log("up").splitlines() if " ended with " in line
        ] == ["engine"]


async def test_f45_with_no_engine_to_come_callers_reach_the_fallback_and_talks_go_on(tmp_path: Path) -> None:
    talking, left, ringing, in_menu = a_caller(), a_caller(), a_caller(), a_caller()
    async with running_site(tmp_path, "engine", "worker") as site:
        await start_fallback(site)
        anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
        talk = await connect(site, talking, petr, tmp_path)
        ended_alone = await connect(site, left, petr, tmp_path)
        waiter = await enter(site, ringing, "103")
        rung = await olga.wait_incoming()
        await rung.ring()
        chooser = await enter(site, in_menu)
        await site.wait_call(caller=in_menu, state="menu")
        await site.wait_call(caller=ringing, state="ringing")
        assert site.engine is not None
        await talk.watch()
        began = time.monotonic()
        assert await stop_engine(site.engine.pid) < 10
        # An operator hangs up while there is no engine: the caller must not stay with nothing to hear.
        await ended_alone.operator.hangup()
        hung_up_at = ended_alone.operator.times["ended"]
        offers = [await anna.wait_incoming(20), await anna.wait_incoming(20)]
        assert time.monotonic() - began < 20
        await rung.wait_state("ended")
        by_number = {offered.caller_number: offered for offered in offers}
        talks = []
        for call, number in ((chooser, in_menu), (waiter, ringing)):
            await by_number[number].answer()
            talks.append(await Talk(call, by_number[number], tmp_path).begin())
        await ended_alone.caller.wait_state("ended", 15)
        await talks[0].caller.hangup()
        await talk.is_heard()
        await site.start_engine()
        for each in (talk, talks[1]):
            await each.is_heard()
            await each.operator.hangup()
            await each.caller.wait_state("ended")
        records = await one_record_each(site, [talking, left, ringing, in_menu])
        assert [record["operator"] for record in records] == ["102", "102", "101", "101"]
        assert [record["ended_by"] for record in records] == ["operator", "operator", "operator", "caller"]
        talked_s = (hung_up_at - ended_alone.operator.times["answered"]) / 1000
        assert abs(records[1]["talk_s"] - talked_s) < 1, "what he waited alone is no talk"
        await nothing_left(site)
