"""Click-to-call on real phones: the user's rings first, then whom he wants is called (F09)."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.live.people import Talk, end, nothing_left, verified
from tests.live.site import CALLER, CITY_NUMBER, Site, eventually, running_site
from tests.phones import write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("office"), "engine", "worker") as site:
        yield site


def click(site: Site, *arguments: str) -> "asyncio.Task[subprocess.CompletedProcess[str]]":
    """`vats call`, which returns when the user has answered."""
    return asyncio.create_task(asyncio.to_thread(site.vats, "call", "romashka", *arguments))


async def last_record(site: Site, number: int) -> dict[str, Any]:
    """The record of the newest of so many calls that we have placed."""

    def found() -> dict[str, Any] | None:
        rows = [row for row in site.rows() if ".click." in row["call_id"]]
        return rows[-1] if len(rows) >= number else None

    record: dict[str, Any] = await eventually(found, 20, f"{number} placed calls")
    return record


async def test_f09_he_answers_and_talks_with_whom_he_wanted(office: Site, tmp_path: Path) -> None:
    site = office
    anna, city = await site.phone("101"), await site.city()
    asked = click(site, "101", "8 (903) 111-22-33", "--json")
    ringing = await anna.wait_incoming(15)
    assert ringing.caller_display == "Иван Петров <89031112233>"
    assert "answer-after" not in ringing.message
    assert city.offers == 0
    await ringing.answer()
    done = await asked
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["user"], answer["number"]) == ("101", CALLER)
    offered = await city.wait_incoming()
    assert offered.message.startswith(f"INVITE sip:{CALLER}@")
    assert offered.caller_number == CITY_NUMBER
    await offered.progress()
    await offered.play(write_tone(tmp_path / "network.wav", 1700))
    await ringing.record(tmp_path / "early.wav")
    await ringing.wait_tone(1700, 1.0)  # what the network plays, instead of music
    await site.wait_call(caller="101", state="ringing")
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    await ringing.hangup()
    await offered.wait_state("ended")
    record = await last_record(site, 1)
    assert record["call_id"] == answer["call_id"]
    assert (record["direction"], record["caller"], record["callee"]) == ("out", "101", CALLER)
    assert (record["disposition"], record["operator"], record["ended_by"]) == ("answered", CALLER, "caller")
    mine = record["call_id"]
    await site.wait_rows(lambda row: row["call_id"] == mine and bool(row["recording"]), 1, timeout=30)
    verified(site)


async def test_f06_he_passes_it_on_by_his_telephones_own_key(office: Site, tmp_path: Path) -> None:
    site = office
    anna, petr, city = await site.phone("101"), await site.phone("102"), await site.city()
    asked = click(site, "101", CALLER)
    ringing = await anna.wait_incoming(15)
    await ringing.answer()
    assert (await asked).returncode == 0
    offered = await city.wait_incoming()
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    limits = [
        site.instance.cli(f"core show channel {line.split('!')[0]}")
        for line in site.instance.cli("core show channels concise").splitlines()
    ]
    assert len(limits) == 2
    assert all(re.search(r"Time to Hangup: [1-9]", shown) for shown in limits), "as calls that come in have"
    await ringing.transfer("102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await ringing.wait_transfer(200)
    await Talk(offered, to_petr, tmp_path).begin()
    await to_petr.hangup()
    await offered.wait_state("ended")
    record = await last_record(site, 2)
    talks = [row for row in site.rows("cdr_talk") if row["call_id"] == record["call_id"]]
    assert [(row["one"], row["other"]) for row in talks] == [("101", CALLER), (CALLER, "102")]
    verified(site)


async def test_f09_a_colleague_with_the_loudspeaker(office: Site, tmp_path: Path) -> None:
    site = office
    anna, petr = await site.phone("101"), await site.phone("102")
    asked = click(site, "101", "102", "--loudspeaker")
    ringing = await anna.wait_incoming(15)
    assert "answer-after=0" in ringing.message
    await ringing.answer()
    assert (await asked).returncode == 0
    offered = await petr.wait_incoming()
    assert offered.caller_display == "Анна Иванова <101>"
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    await offered.hangup()
    await ringing.wait_state("ended")
    record = await last_record(site, 3)
    assert (record["direction"], record["operator"], record["disposition"]) == ("internal", "102", "answered")
    verified(site)


async def test_f09_a_phone_that_is_off_or_busy_is_a_clear_error(office: Site) -> None:
    site = office
    anna, city = await site.phone("101"), await site.city()
    done = await click(site, "103", CALLER)
    assert done.returncode == 1
    assert "103 has no telephone that can be reached" in done.stderr
    record = await last_record(site, 4)
    assert (record["disposition"], record["caller"], record["answered_at"]) == ("failed", "103", None)
    asked = click(site, "101", CALLER)
    await (await anna.wait_incoming(15)).reject(486)
    done = await asked
    assert (done.returncode, "101 is busy" in done.stderr) == (1, True), done.stderr
    assert (await last_record(site, 5))["disposition"] == "busy"
    asked = click(site, "101", CALLER, "--timeout", "2")
    await (await anna.wait_incoming(15)).ring()
    done = await asked
    assert (done.returncode, "101 does not answer" in done.stderr) == (1, True), done.stderr
    assert (await last_record(site, 6))["disposition"] == "missed"
    done = await click(site, "101", "555")
    assert (done.returncode, "neither an extension" in done.stderr) == (1, True), done.stderr
    assert city.offers == 0
    verified(site)


@pytest.mark.parametrize("answers", [False, True])
async def test_f09_an_engine_killed_while_his_phone_rings(office: Site, answers: bool) -> None:
    """Nobody waits for it any more: the phone stops. Who had answered meanwhile is connected."""
    site = office
    anna, city = await site.phone("101"), await site.city()
    asked = click(site, "101", CALLER)
    ringing = await anna.wait_incoming(15)
    await ringing.ring()
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    assert (await asked).returncode == 1
    if answers:
        await ringing.answer()
    await site.start_engine()
    if answers:
        offered = await city.wait_incoming()
        await offered.answer()
        await site.wait_call(caller="101", state="talking")
        await ringing.hangup()
        await offered.wait_state("ended")
    await ringing.wait_state("ended")
    record = await last_record(site, 8 if answers else 7)
    assert record["disposition"] == ("answered" if answers else "failed")
    verified(site)
    await nothing_left(site)
