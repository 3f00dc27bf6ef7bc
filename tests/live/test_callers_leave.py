"""What callers leave, spoken and keyed on a real phone (F19, F33, F36, F38)."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.records.tickets import is_ticket
from tests.live.people import CALLER_HZ, a_caller, enter
from tests.live.site import Site, eventually
from tests.phones import tones_heard, write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

LEAVE = "+74951234571"
BEEP_HZ = 700


def rows(site: Site, table: str, caller_call: str) -> list[dict[str, Any]]:
    """This call's rows of a table, as they are now."""
    with sqlite3.connect(site.settings.home / "vats.db") as database:
        database.row_factory = sqlite3.Row
        found = database.execute(f"SELECT * FROM {table} WHERE call_id = ?", (caller_call,)).fetchall()
    return [dict(row) for row in found]


async def message_of(site: Site, call_id: str) -> dict[str, Any]:
    """The call's only message, once the worker is done with it."""
    kept: dict[str, Any] = await eventually(
        lambda: next(
            (row for row in rows(site, "voice_message", call_id) if row["state"] != "waiting"), None
        ),
        15,
        "the message is kept",
    )
    return kept


@pytest.mark.parametrize("ends", ["hash", "silence", "hangup"])
async def test_f19_a_spoken_message_is_kept_however_it_ends(site: Site, tmp_path: Path, ends: str) -> None:
    caller = a_caller()
    call = await enter(site, caller, "1", LEAVE)
    await call.record(tmp_path / "heard.wav")
    await site.wait_call(caller=caller, state="voicemail")
    await call.wait_tone(BEEP_HZ, 0.2, 15)
    await call.play(write_tone(tmp_path / "440.wav", CALLER_HZ))
    await asyncio.sleep(3.5)
    if ends == "hash":
        await call.digits("#")
    elif ends == "silence":
        await call.stop_play()
    else:
        await call.hangup()
    record = await site.record_of(caller)
    assert record["disposition"] == "voicemail"
    message = await message_of(site, record["call_id"])
    assert (message["state"], message["mailbox"], message["caller"]) == ("done", "102", caller)
    path = site.settings.messages_folder / message["path"]
    heard = tones_heard(path, [CALLER_HZ])[CALLER_HZ]
    assert 2.5 < heard.seconds < 5
    listed = site.vats("left", "messages", "--mailbox", "102", "--json").stdout.splitlines()
    assert message["path"] in [json.loads(line)["path"] for line in listed]
    assert 2500 < message["duration_ms"] < (9500 if ends == "silence" else 6000)


async def test_f19_nothing_said_is_no_message(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, "1", LEAVE)
    await call.wait_state("ended", 30)
    record = await site.record_of(caller)
    assert rows(site, "voice_message", record["call_id"]) == []
    assert record["disposition"] == "answered"


async def test_f33_f36_a_ticket_and_a_callback(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, "2", LEAVE)
    await site.wait_call(caller=caller, state="callback")
    await call.digits("1")
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert record["disposition"] == "callback"
    assert is_ticket(record["ticket"])
    (order,) = rows(site, "callback_order", record["call_id"])
    assert order["number"] == caller
    assert caller in site.vats("left", "callbacks").stdout


async def test_f10_set_and_goto(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, "4", LEAVE)
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    events = [json.loads(row["data"]) for row in rows(site, "journal", record["call_id"])]
    assert {"wish", "number_of_calls"} <= {event.get("name") for event in events}
    assert [event["step"] for event in events if event.get("exit") == "step"] == ["onwards"]


async def test_f38_marks_come_into_the_record(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, "3", LEAVE)
    await site.wait_call(caller=caller, state="survey")
    await call.digits("4")
    await asyncio.sleep(0.5)
    await call.digits("5")
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert record["rating"] == 5
    marks = {row["question"]: row["mark"] for row in rows(site, "survey_answer", record["call_id"])}
    assert marks == {"politeness": 4, "overall": 5}
    assert "politeness" in site.vats("left", "marks").stdout
