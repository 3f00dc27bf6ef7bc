"""A caller keys his contract number, hears it, confirms it, and a web service leads him on (F34)."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import trustme

from engine.directory.prompt_model import SayPrompt
from engine.directory.prompts import PromptLibrary
from tests.live.people import a_caller, enter, is_told, keys, nothing_left, prompt_file
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.ports import free_port
from tests.sound import channel

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

PAGE = Path(__file__).parent.parent.parent / "docs" / "administrators" / "web-services.md"
CONTRACT = "104235"
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Анна Иванова}}}}
"""
MAIN = """\
scenario: main
start: contract
steps:
  contract:
    type: input
    prompt: {text: "Наберите номер договора."}
    variable: contract
    max_digits: 8
    read_back: digits
    confirm: true
    check: {url: "https://localhost:PORT/check", variables: {name: text, debt: money}}
    next: ask
    on_invalid: bye
  ask:
    type: request
    url: "https://localhost:PORT/way"
    send: {contract: "{contract}"}
    answers: {debtor: debt, paid: bye}
    on_error: broken
  debt: {type: ring, user: "101", timeout: 15s}
  bye: {type: hangup, prompt: goodbye}
  broken: {type: hangup, prompt: try-later}
"""


class Shop:
    """The whole service of the documentation, as it stands there, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(folder / "ca.pem")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, key_file: Path) -> None:
        program = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
        (self._folder / "service.py").write_text(program)
        certificate = self._folder / "service.pem"
        self._ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        arguments = ["127.0.0.1", str(self.port), str(certificate), str(key_file)]
        with (self._folder / "service.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 (it returns at once)
                [sys.executable, str(self._folder / "service.py"), *arguments], stderr=log
            )
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return (self._folder / "service.log").read_text()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop"))
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("identification")
    for name, content in (("tenants/romashka.yaml", TENANT), ("scenarios/romashka/main.yaml", MAIN)):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(content.replace("PORT", str(shop.port)))
    web_services = {"allow": ["127.0.0.0/8", "::1/128"], "ca_file": str(shop._folder / "ca.pem")}
    async with running_site(
        tmp_path_factory.mktemp("site"),
        "engine",
        "worker",
        tenants=folder / "tenants",
        scenarios=folder / "scenarios",
        web_services=web_services,
    ) as running:
        done = await asyncio.to_thread(running.vats, "secret", "show", "romashka")
        assert done.returncode == 0, done.stderr
        key_file = running.settings.secrets_folder / "web-service-romashka"
        assert key_file.read_text() == done.stdout
        await shop.start(key_file)
        yield running


def heard_at(recording: Path, fragment: Path) -> tuple[float, float]:
    """Where a fragment is in a recording, in seconds, and how surely, 0 to 1."""
    heard, rate = channel(recording)
    wanted, _ = channel(fragment)
    size = len(heard) + len(wanted)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    at = product[: max(1, len(heard) - len(wanted) + 1)]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    windows = energy[len(wanted) :] - energy[: len(energy) - len(wanted)]
    norm = np.sqrt(np.maximum(windows[: len(at)], 0.05 * (wanted**2).sum()) * (wanted**2).sum())
    best = int(np.argmax(at / norm))
    return best / rate, float((at / norm)[best])


async def test_a_number_is_keyed_heard_confirmed_checked_and_leads_on(site: Site, shop: Shop) -> None:
    anna, caller = await site.phone("101"), a_caller()
    call = await enter(site, caller)
    recording = site.folder / "hears.wav"
    await call.record(recording)
    await keys(call, f"{CONTRACT}#")
    await is_told(recording, prompt_file(site, "is-it-right"))
    await call.stop_record()
    spoken = SayPrompt(say="digits", value="{contract}")
    media = PromptLibrary(site.settings).made("romashka", "ru", spoken, {"contract": CONTRACT})
    digits = [Path(f"{uri.removeprefix('sound:')}.wav") for uri in media[: len(CONTRACT)]]
    places = [heard_at(recording, digit) for digit in digits]
    assert min(surely for _, surely in places) > 0.6, places
    times = [at for at, _ in places]
    assert times == sorted(times), "one digit after the other, as they were keyed"
    assert heard_at(recording, prompt_file(site, "you-entered"))[0] < times[0]
    await call.digits("1")
    offered = await anna.wait_incoming()
    await offered.answer()
    live = await site.wait_call(caller=caller, state="talking", step="debt")
    await call.hangup()
    await offered.wait_state("ended")
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"]) == ("answered", "101")
    with_variables = [
        row["data"]
        for row in site.rows("journal")
        if row["call_id"] == live["call_id"] and "variable" in row["kind"]
    ]
    assert any("Мария Кац" in data for data in with_variables), with_variables
    assert any("1250.50" in data for data in with_variables), with_variables
    asked = [line.split('"')[1] for line in shop.log.splitlines() if "POST" in line]
    assert asked == ["POST /check HTTP/1.1", "POST /way HTTP/1.1"]
    await nothing_left(site)


async def test_a_wrong_number_is_asked_for_again_and_the_key_counts(site: Site, shop: Shop) -> None:
    caller = a_caller()
    call = await enter(site, caller)
    recording = site.folder / "wrong.wav"
    await call.record(recording)
    await keys(call, "999#")
    await is_told(recording, prompt_file(site, "is-it-right"))
    await call.digits("1")
    await is_told(recording, prompt_file(site, "not-found"))
    # The service no longer knows our key: that is an error, and no wrong number.
    renewed = await asyncio.to_thread(site.vats, "secret", "renew", "romashka", "--yes")
    assert renewed.returncode == 0, renewed.stderr
    await keys(call, "77#")
    live = await site.wait_call(caller=caller)
    await call.digits("1")
    await eventually(lambda: " 403 " in shop.log, what="the service refuses another key")
    await eventually(
        lambda: any(
            row["call_id"] == live["call_id"] and "answered 403" in row["data"]
            for row in site.rows("journal")
        ),
        what="the failed step is in the journal",
    )
    await call.hangup()
    await nothing_left(site)
