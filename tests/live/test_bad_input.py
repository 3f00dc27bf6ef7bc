"""What is wrong gets a clear answer, and nothing is lost (F10, F13, F40, F47, invariants 2 and 6)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from engine.directory.prompt_model import TextPrompt
from engine.settings import Trunk
from tests.live.people import (
    Talk,
    a_caller,
    connect,
    enter,
    is_told,
    nothing_left,
    prompt_file,
    verified,
)
from tests.live.site import CITY_NUMBER, Site, running_site
from tests.live.words import share_told
from tests.phones import Phone, PhoneError
from tests.ports import free_port
from tests.sipp.malformed import MALFORMED, still_answers, throw

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
INFORMATION = TextPrompt(text="Мы работаем с девяти до шести.")
MENU = TextPrompt(text="Отдел продаж — один. Секретарь — два. Или наберите внутренний номер сотрудника.")
# From here come messages that are no SIP: a trunk's address, where nobody listens.
RUBBISH_PORT = free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    rubbish = Trunk(addresses=[f"127.0.0.1:{RUBBISH_PORT}"])
    folder = tmp_path_factory.mktemp("office")
    async with running_site(folder, "engine", "worker", trunks={"rubbish": rubbish}) as site:
        yield site


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def peace(office: Site) -> AsyncIterator[None]:
    yield
    await office.hang_up_all()


async def test_f10_a_key_that_no_entry_has_is_told_and_asked_again(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    call = await enter(site, caller)
    menu, wrong_key = prompt_file(site, MENU), prompt_file(site, "wrong-key")
    heard = tmp_path / "heard.wav"
    await call.record(heard)
    await is_told(heard, menu)
    assert share_told(heard, wrong_key) < 0.4
    await call.digits("9")
    await call.record(heard := tmp_path / "heard-then.wav")
    await is_told(heard, wrong_key)
    await is_told(heard, menu)
    await call.hangup()
    record = await site.record_of(caller)
    assert (record["disposition"], record["ended_by"]) == ("missed", "caller")


STRANGE = {
    "letters": "abc.def",
    "a comma": f"{CITY_NUMBER},evil",
    "two dial strings": f"{CITY_NUMBER}&PJSIP",
    "a function": "1%24%7BSHELL(id)%7D",
    "a quote": "1%22%22,2",
    "Cyrillic": "1%D0%90%D0%BD%D0%BD%D0%B0",
    "a zero byte": "1%00",
    "too long": "1" * 70,
    "stars": "*#*#",
}


@pytest.mark.parametrize("name", STRANGE)
async def test_f47_a_strange_number_is_refused_with_a_record(office: Site, name: str) -> None:
    site, caller = office, a_caller()
    city = await site.city()
    call = await city.call(STRANGE[name], caller=caller)
    await call.wait_state("ended")
    assert call.code == 404
    record = await site.record_of(caller)
    assert (record["disposition"], record["tenant"], record["talk_s"]) == ("refused", "", 0)
    assert record["answered_at"] is None


async def test_f47_malformed_messages_from_a_trunk_disturb_no_call(office: Site, tmp_path: Path) -> None:
    site, talking, in_menu = office, a_caller(), a_caller()
    anna = await site.phone("101")
    talk = await connect(site, talking, anna, tmp_path)
    chooser = await enter(site, in_menu)
    await site.wait_call(caller=in_menu, state="menu")
    await talk.watch()
    port = site.settings.ports.sip
    for message in MALFORMED.values():
        await throw("127.0.0.1", port, message, RUBBISH_PORT)
    assert await still_answers("127.0.0.1", port)
    # The one in the menu is served on, beside the one who talks.
    petr = await site.phone("102")
    await chooser.digits("102")
    offered = await petr.wait_incoming(15)
    await offered.answer()
    other = await Talk(chooser, offered, tmp_path).begin()
    await talk.unbroken(at_least=1)
    for each in (talk, other):
        await each.is_heard()
        await each.caller.hangup()
    for caller, operator in ((talking, "101"), (in_menu, "102")):
        record = await site.record_of(caller)
        assert (record["disposition"], record["operator"]) == ("answered", operator)
    # Some of it was an INVITE after all, whose sender will never acknowledge the answer: in half a minute the
    # switch would give up.
    await asyncio.to_thread(site.instance.cli, "channel request hangup all")
    await nothing_left(site)
    assert site.engine is not None
    assert site.engine.poll() is None
    verified(site)


@contextmanager
def spoilt(sound: Path, content: bytes | None) -> Iterator[None]:
    """For a while the prompt that was made is not there, or is this."""
    files = [sound, sound.with_suffix(".alaw")]
    kept = {file: file.read_bytes() for file in files}
    try:
        for file in files:
            file.unlink()
        if content is not None:
            sound.write_bytes(content)
        yield
    finally:
        for file, right in kept.items():
            file.write_bytes(right)


@pytest.mark.parametrize(
    ("prompt", "number", "content"),
    [
        (INFORMATION, "+74951234568", None),
        (MENU, CITY_NUMBER, b"this is a letter, not a sound\n" * 50),
        (MENU, CITY_NUMBER, b""),
    ],
    ids=["vanished", "no audio", "empty"],
)
async def test_f13_a_spoilt_prompt_leads_to_the_desk(
    office: Site, tmp_path: Path, prompt: TextPrompt, number: str, content: bytes | None
) -> None:
    site, caller = office, a_caller()
    anna = await site.phone("101")
    with spoilt(prompt_file(site, prompt), content):
        call = await enter(site, caller, number=number)
        offered = await anna.wait_incoming()
        await offered.answer()
        live = await site.wait_call(caller=caller, state="talking")
        assert live["step"] == "@desk"
        talk = await Talk(call, offered, tmp_path).begin()
        await talk.operator.hangup()
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"]) == ("answered", "101")
    assert "step.failed" in site.instance.log("engine")


async def test_f47_a_caller_from_an_unknown_address_is_refused(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    port = free_port()
    async with Phone.trunk("127.0.0.1", site.settings.ports.sip, tmp_path, local_port=port) as stranger:
        call = await stranger.call(CITY_NUMBER, caller=caller)
        await call.wait_state("ended")
        assert call.code == 401
    assert caller not in site.settings.event_log.read_text(), "not even a channel was made"


async def test_f47_a_wrong_password_is_refused(office: Site, tmp_path: Path) -> None:
    site = office
    sip = site.settings.ports.sip
    async with Phone("127.0.0.1", sip, "romashka-103-desk", "guess", tmp_path) as thief:
        with pytest.raises(PhoneError, match=r"register: 40[13]"):
            await thief.register()
        call = await thief.call("101")
        await call.wait_state("ended")
        assert call.code in (401, 403)
    # The true one is let in.
    olga = await site.phone("103")
    assert olga.registered
    await asyncio.to_thread(verified, site)
    await nothing_left(site)
