"""A company that records by rules and keeps what it records encrypted, for the tests of recording."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.settings import Trunk
from tests import sound
from tests.live.site import Site, eventually, running_site
from tests.phones import PhoneCall

OFFICE, TOLD, HOTLINE, LEAVE = "+74951234567", "+74951234568", "+74951234569", "+74951234571"
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "{OFFICE}": {{scenario: desk}}
  "{TOLD}": {{scenario: desk, recording: {{announce: recorded}}}}
  "{HOTLINE}": {{scenario: hotline, recording: false}}
  "{LEAVE}": {{scenario: leave}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов}}
  "103": {{name: Ольга Орлова, recording: true}}
outgoing: {{trunk: city, number: "{OFFICE}"}}
recording: {{internal: false, encrypt: true}}
"""
SCENARIO = """\
scenario: {name}
start: ring
steps:
  ring: {{type: ring, user: "{user}", timeout: 30s}}
"""
LEAVING = """\
scenario: leave
start: message
steps:
  message: {type: voicemail, mailbox: "102", greeting: {text: "Говорите."}, next: bye}
  bye: {type: hangup}
"""


@asynccontextmanager
async def recording_office(
    folder: Path, trunks: Mapping[str, Trunk] | None = None, tenant: str = TENANT
) -> AsyncIterator[Site]:
    """Asterisk, engine and worker with this company."""
    (folder / "tenants").mkdir()
    (folder / "tenants" / "romashka.yaml").write_text(tenant)
    (folder / "scenarios" / "romashka").mkdir(parents=True)
    for name, user in (("desk", "101"), ("hotline", "102")):
        path = folder / "scenarios" / "romashka" / f"{name}.yaml"
        path.write_text(SCENARIO.format(name=name, user=user))
    (folder / "scenarios" / "romashka" / "leave.yaml").write_text(LEAVING)
    async with running_site(
        folder,
        *("engine", "worker"),
        tenants=folder / "tenants",
        scenarios=folder / "scenarios",
        trunks=trunks,
    ) as site:
        yield site


async def offered_to(site: Site, extension: str, caller: str, number: str) -> tuple[PhoneCall, PhoneCall]:
    phone, city = await site.phone(extension), await site.city()
    call = await city.call(number, caller=caller)
    return call, await phone.wait_incoming(20)


async def finished(site: Site, caller: str, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """The record and the plain recording of the call from this caller, once it is over."""
    record = await site.record_of(caller, 30)
    call_id = record["call_id"]
    path = await eventually(
        lambda: next(row["recording"] for row in site.rows() if row["call_id"] == call_id), 30, "recording"
    )
    sealed = site.settings.recordings_folder / path
    assert sealed.name.endswith(".wav.age")
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1")
    raw = site.settings.raw_recordings_folder
    await eventually(lambda: not list(raw.glob(f"{call_id}*")), 10, "nothing plain stays")
    target = tmp_path / "recording.wav"
    done = await asyncio.to_thread(site.vats, "recording", "play", call_id, "--to", str(target))
    assert done.returncode == 0, done.stderr
    return record, target


async def switched(site: Site, what: str, call_id: str) -> None:
    done = await asyncio.to_thread(site.vats, "recording", what, call_id)
    assert done.returncode == 0, done.stderr


def longest_silence(samples: sound.Samples) -> int:
    """So many samples are nothing at all, one after another."""
    loud = np.flatnonzero(np.concatenate(([1.0], samples, [1.0])))
    return int(np.diff(loud).max())
