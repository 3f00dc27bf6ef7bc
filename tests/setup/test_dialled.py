"""What a caller dials is data: it can begin no other argument, and name no other place (F47)."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect

from engine.secrets import existing_secret
from engine.settings import Trunk
from tests.instance import Instance, wait_until
from tests.ports import free_port
from tests.setup import accounts, sipp

pytestmark = pytest.mark.switch

NUMBER = "+74951234567"
# What is sent as the user part of the SIP address → what may go on of it.
STRANGE = {
    "102,zebra-101-desk": "102zebra101desk",
    "102%2Cin%2C103%2Ccity": "102in103city",
    "102%22%2C%22zebra%22": "102zebra",
    "102%5C%2Czebra": "102zebra",
    "1)%2Czebra-101-desk": "1zebra101desk",
    "1%24%7BEXTEN%7D%2C(x": "1EXTENx",
    "102%26PJSIP%2Fzebra-101-desk": "102PJSIPzebra101desk",
    "102%22%3Fs%2C1": "102s1",
    "%2B7495%201234567": NUMBER,
}


class City:
    """An Asterisk with one trunk, called from it by SIPp."""

    def __init__(self, instance: Instance, port: int, folder: Path) -> None:
        self.instance = instance
        self._port = port
        self._folder = folder
        self._calls = 0

    def call(self, user: str) -> None:
        self._calls += 1
        to = f"127.0.0.1:{self.instance.settings.ports.sip}"
        process = sipp.start(self._folder, f"call-{self._calls}", self._port, to, "-sn", "uac", "-s", user)
        self.instance.processes.append(process)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    port = free_port()
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{port}"])}) as instance:
        instance.start_asterisk()
        yield City(instance, port, tmp_path)


async def test_the_engine_gets_the_number_and_the_trunk_whatever_is_dialled(city: City) -> None:
    settings = city.instance.settings
    key = f"vats:{quote(existing_secret(settings, 'ari'))}"
    found = {}
    async with connect(f"ws://127.0.0.1:{settings.ports.ari}/ari/events?app=vats&api_key={key}") as events:
        for user in STRANGE:
            city.call(user)
            async with asyncio.timeout(10):
                while (event := json.loads(await events.recv()))["type"] != "StasisStart":
                    pass
            found[user] = event["args"]
            city.instance.processes.pop().kill()
    assert found == {user: ["in", number, "city"] for user, number in STRANGE.items()}


async def test_without_the_engine_it_reaches_the_agi_server_and_asterisks_database_alike(city: City) -> None:
    settings = city.instance.settings
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
        asked.put_nowait(dict(line.split(": ", 1) for line in lines if ": " in line))
        writer.close()

    found = {}
    server = await asyncio.start_server(answer, "127.0.0.1", settings.ports.agi)
    async with server:
        for user in STRANGE:
            city.call(user)
            got = await asyncio.wait_for(asked.get(), 10)
            found[user] = [value for name, value in got.items() if name.startswith("agi_arg_")]
            city.instance.processes.pop().kill()
    assert found == {user: ["city", number] for user, number in STRANGE.items()}


def test_without_agi_too_asterisk_rings_whom_the_number_belongs_to(city: City, tmp_path: Path) -> None:
    phone = free_port()
    instance = city.instance
    accounts.make_account(instance.settings, "romashka-101-desk", contact=f"sip:101@127.0.0.1:{phone}")
    instance.cli(f"database put fallback {NUMBER} PJSIP/romashka-101-desk")
    callee = sipp.start(tmp_path, "callee", phone, "-sn", "uas")
    instance.processes.append(callee)
    city.call(f"{NUMBER}%2C%22")
    wait_until(lambda: "INVITE sip:101@" in sipp.messages(tmp_path, "callee"), 10, "the phone is rung")
