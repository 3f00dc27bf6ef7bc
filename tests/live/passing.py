"""A company whose people pass calls on, on real phones: each has a tone of his own, and so has its music."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.ears import ANNA_HZ, CITY_HZ, hear_each_other, heard, speak
from tests.live.people import nothing_left, verified
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.phones import PhoneCall, write_tone

MUSIC_HZ = 2300
KNOWN, KNOWN_NAME = "+79031112233", "Иван Петров"
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов, calls: [country]}}
  "103": {{name: Ольга Орлова}}
groups: {{sales: {{members: ["102", "103"], extension: "600", timeout: 20s}}}}
queues: {{line: {{members: ["103"], extension: "700", wrap_up: 1s}}}}
desk: "101"
outgoing: {{trunk: city, number: "{CITY_NUMBER}"}}
phone_book: {{"{KNOWN}": {KNOWN_NAME}}}
"""
SCENARIO = """\
scenario: main
start: anna
steps:
  anna: {type: ring, user: "101", timeout: 20s}
"""


@asynccontextmanager
async def passing_office(folder: Path) -> AsyncIterator[Site]:
    """Asterisk, engine and worker with this company; 103 is the only member of the queue 700."""
    (folder / "companies").mkdir()
    (folder / "companies" / "romashka.yaml").write_text(TENANT)
    (folder / "plans" / "romashka").mkdir(parents=True)
    (folder / "plans" / "romashka" / "main.yaml").write_text(SCENARIO)
    write_tone(folder / "plans" / "romashka" / "music" / "one.wav", MUSIC_HZ, 3)
    async with running_site(
        folder, "engine", "worker", tenants=folder / "companies", scenarios=folder / "plans"
    ) as site:
        await eventually(lambda: "music.set" in site.instance.log("engine"), 30, "music is set")
        yield site


async def talking(site: Site, caller: str, folder: Path) -> tuple[PhoneCall, PhoneCall]:
    """Somebody from the city and Anna, who hear each other."""
    anna, city = await site.phone("101"), await site.city()
    call = await city.call(CITY_NUMBER, caller=caller)
    to_anna = await anna.wait_incoming(15)
    await to_anna.answer()
    await call.wait_state("answered")
    await speak(call, CITY_HZ, folder)
    await speak(to_anna, ANNA_HZ, folder)
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), folder)
    return call, to_anna


async def hears_music(call: PhoneCall, folder: Path, seconds: float = 1.0) -> None:
    """He hears the company's music by now, and nobody."""
    path = folder / "music.wav"
    await call.record(path)
    await call.wait_tone(MUSIC_HZ, seconds)
    await call.stop_record()
    assert not await heard(call, folder), "somebody's tone beside the music"


def nationally(number: str) -> str:
    """As a phone shows a Russian number, and as people dial it."""
    return f"8{number.removeprefix('+7')}"


def legs_of(site: Site, record: dict[str, Any]) -> list[tuple[str, str]]:
    """Who was reached and with what result, in the order in which they were rung."""
    rows = [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    rows.sort(key=lambda row: (row["created_at"], row["leg"]))
    return [(row["extension"] or row["number"], row["result"]) for row in rows if row["role"] != "caller"]


def talks_of(site: Site, record: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = [row for row in site.rows("cdr_talk") if row["call_id"] == record["call_id"]]
    rows.sort(key=lambda row: row["started_at"])
    return [(row["kind"], row["one"], row["other"]) for row in rows]


async def over(site: Site, caller: str, calls: int = 1) -> dict[str, Any]:
    """His record when all is over: the switch's log has the same calls, and its talks add up."""
    record = await site.record_of(caller, 25)
    await nothing_left(site)
    await asyncio.to_thread(verified, site)
    assert len([row for row in site.rows() if row["caller"] == caller]) == calls
    spent = sum(
        row["talk_s"]
        for row in site.rows("cdr_talk")
        if row["call_id"] == record["call_id"] and row["kind"] == "talk"
    )
    assert record["talk_s"] == pytest.approx(spent, abs=0.01), talks_of(site, record)
    return record
