"""F19, whole, on real phones: messages are left, light lamps, are heard, deleted, rung back, mailed."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.operations import EngineClient, OperationFailed
from tests.instance import asterisk_root
from tests.live.people import a_caller, enter, is_told, keys, nothing_left, prompt_file
from tests.live.site import HERE, Site, eventually, running_site
from tests.mail.post_office import ACCEPT, PostOffice
from tests.phones import Phone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

LEAVE = "+74951234571"  # a message for 102
GREETED = "+74951234572"  # for 102 too, with whatever greeting he has
BEEP_HZ = 700
WITHOUT_GREETING = """\
scenario: greeted
start: message
steps: {message: {type: voicemail, mailbox: "102"}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post() -> AsyncIterator[PostOffice]:
    async with PostOffice() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, post: PostOffice) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    tenants = folder / "own-tenants"
    tenants.mkdir()
    told = (HERE / "tenants" / "romashka.yaml").read_text()
    reached = told.replace("{name: Пётр Смирнов}", "{name: Пётр Смирнов, email: petr@romashka.example}")
    numbers = f'numbers:\n  "{GREETED}": {{scenario: greeted}}\n'
    content = reached.replace("numbers:\n", numbers) + "voicemail: {colleagues: true}\n"
    (tenants / "romashka.yaml").write_text(content)
    scenarios = shutil.copytree(HERE / "scenarios", folder / "own-scenarios")
    (scenarios / "romashka" / "greeted.yaml").write_text(WITHOUT_GREETING)
    mail = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "vats@vats.example"}
    async with running_site(
        folder, "engine", "worker", tenants=tenants, scenarios=scenarios, mail=mail
    ) as running:
        yield running


async def leave(site: Site, folder: Path, caller: str = "") -> dict[str, Any]:
    """Somebody from the city speaks a message for 102; its row, once it is kept."""
    known = {row["message"] for row in await messages(site)}
    call = await enter(site, caller or a_caller(), "1", LEAVE)
    await call.record(folder / "greeting.wav")
    await call.wait_tone(BEEP_HZ, 0.2, 20)
    await call.play(spoken(site))
    await asyncio.sleep(4)
    await call.hangup()
    for _ in range(80):
        new = [row for row in await messages(site) if row["message"] not in known]
        if new and new[0]["state"] == "done":
            return new[0]
        await asyncio.sleep(0.25)
    raise AssertionError(f"the message was not kept: {new}")


def spoken(site: Site) -> Path:
    """What everybody says in these tests."""
    return prompt_file(site, "unavailable")


async def messages(site: Site) -> list[dict[str, Any]]:
    done = await asyncio.to_thread(site.vats, "left", "messages", "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


async def left(site: Site, *arguments: str) -> str:
    done = await asyncio.to_thread(site.vats, "left", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def delete_all(site: Site) -> None:
    names = [row["message"] for row in await messages(site) if row["state"] == "done"]
    if names:
        await left(site, "delete", *names)


async def test_f19_the_light_tells_of_messages(site: Site, folder: Path) -> None:
    phone = await site.phone("102")
    await phone.wait_mwi(new=0)
    row = await leave(site, folder)
    await phone.wait_mwi(new=1)
    assert phone.mwi.on
    assert not (await site.phone("101")).mwi.on
    # A phone that starts is told at once.
    await site.switch_off("102")
    phone = await site.phone("102")
    await phone.wait_mwi(new=1)
    await left(site, "heard", row["message"])
    await phone.wait_mwi(new=0, old=1)
    assert not phone.mwi.on
    # By the engine's operations, which know tenants.
    engine = EngineClient(site.settings)
    with pytest.raises(OperationFailed, match="no such message"):
        await engine.call("mailbox.mark_heard", tenant="other", messages=[row["message"]], heard=False)
    await engine.call("mailbox.mark_heard", tenant="romashka", messages=[row["message"]], heard=False)
    await phone.wait_mwi(new=1, old=0)
    with pytest.raises(OperationFailed, match="unknown extension 999, expected one of 101, 102, 103"):
        await engine.call("mailbox.list", tenant="romashka", extension="999")
    (listed,) = await engine.call("mailbox.list", tenant="romashka", extension="102", new_only=True)
    assert listed["message"] == row["message"]
    await engine.call("mailbox.delete", tenant="romashka", messages=[row["message"]], by="anna")
    await phone.wait_mwi(new=0, old=0)
    assert not (site.settings.messages_folder / row["path"]).exists()


async def test_f19_messages_are_heard_by_telephone(site: Site, folder: Path) -> None:
    phone = await site.phone("102")
    row = await leave(site, folder)
    kept = folder / "kept.wav"
    shutil.copy(site.settings.messages_folder / row["path"], kept)
    await is_told(kept, spoken(site))
    await phone.wait_mwi(new=1)
    call = await phone.call("*97")
    await call.wait_state("answered")
    heard = folder / "mailbox.wav"
    await call.record(heard)
    for prompt in ("mailbox-you-have", "mailbox-new-message", "mailbox-from", "mailbox-today"):
        await is_told(heard, prompt_file(site, prompt))
    # The very sound that was left.
    await is_told(heard, kept, 30)
    await is_told(heard, prompt_file(site, "mailbox-help"))
    await phone.wait_mwi(new=0, old=1)
    await keys(call, "3")
    await is_told(heard, prompt_file(site, "mailbox-deleted"))
    await phone.wait_mwi(new=0, old=0)
    await call.wait_state("ended", 15)
    (note,) = [one for one in await messages(site) if one["message"] == row["message"]]
    assert (note["state"], note["deleted_by"], note["path"]) == ("deleted", "102", None)
    assert note["heard_at"] is not None
    assert not list(site.settings.messages_folder.rglob("*.wav"))


async def test_f19_a_colleague_who_reaches_nobody_leaves_a_message(site: Site, folder: Path) -> None:
    anna, petr = await site.phone("101"), await site.phone("102")
    call = await anna.call("102")
    offered = await petr.wait_incoming()
    await offered.reject(486)
    heard = folder / "heard.wav"
    await call.wait_state("answered")
    await call.record(heard)
    await is_told(heard, prompt_file(site, "leave-message"))
    await call.wait_tone(BEEP_HZ, 0.2, 20)
    await call.play(spoken(site), loop=False)
    await asyncio.sleep(4)
    await keys(call, "#")
    await call.wait_state("ended")
    await petr.wait_mwi(new=1)
    (row,) = [one for one in await messages(site) if one["state"] == "done"]
    assert (row["mailbox"], row["caller"], row["caller_name"]) == ("102", "101", "Анна Иванова")
    await is_told(site.settings.messages_folder / row["path"], spoken(site))
    record = next(one for one in site.rows() if one["call_id"] == row["call_id"])
    assert (record["direction"], record["disposition"], record["ended_by"]) == (
        "internal",
        "voicemail",
        "engine",
    )
    await nothing_left(site)
    await delete_all(site)


async def test_f19_whoever_left_it_is_rung_back(site: Site, folder: Path) -> None:
    caller = a_caller()
    await leave(site, folder, caller)
    phone, city = await site.phone("102"), await site.city()
    call = await phone.call("*97")
    await call.wait_state("answered")
    await call.record(folder / "mailbox.wav")
    await is_told(folder / "mailbox.wav", prompt_file(site, "mailbox-from"))
    city.forget_offers()
    await keys(call, "5")
    offered = await city.wait_incoming(10)
    assert offered.message.startswith(f"INVITE sip:{caller}@")
    await offered.answer()
    await site.wait_call(state="talking", operator=caller)
    await call.hangup()
    await nothing_left(site)
    await delete_all(site)


async def test_f19_a_killed_engine_begins_the_mailbox_anew(site: Site, folder: Path) -> None:
    await leave(site, folder)
    phone = await site.phone("102")
    call = await phone.call("*97")
    await call.wait_state("answered")
    await call.record(folder / "before.wav")
    await is_told(folder / "before.wav", prompt_file(site, "mailbox-new-message"))
    assert site.engine is not None
    site.engine.kill()
    await asyncio.to_thread(site.engine.wait, 10)
    await call.record(folder / "after.wav")
    await site.start_engine()
    await is_told(folder / "after.wav", prompt_file(site, "mailbox-you-have"))
    await is_told(folder / "after.wav", spoken(site), 30)
    await call.hangup()
    await nothing_left(site)
    await delete_all(site)


async def test_f19_callers_hear_the_greeting_that_was_spoken(site: Site, folder: Path) -> None:
    phone, city = await site.phone("102"), await site.city()
    usual = prompt_file(site, "leave-message")

    async def greeted_by(greeting: Path, name: str) -> None:
        call = await city.call(GREETED, caller=a_caller())
        await call.wait_state("answered")
        await call.record(folder / name)
        await is_told(folder / name, greeting)
        await call.wait_tone(BEEP_HZ, 0.2, 20)
        await call.hangup()

    await greeted_by(usual, "first.wav")
    call = await phone.call("*97")
    await call.wait_state("answered")
    heard = folder / "mailbox.wav"
    await call.record(heard)
    await is_told(heard, prompt_file(site, "mailbox-empty"))
    await keys(call, "0")
    await is_told(heard, prompt_file(site, "greeting-record"))
    await call.wait_tone(BEEP_HZ, 0.2, 20)
    await call.play(spoken(site), loop=False)
    await asyncio.sleep(4)
    await keys(call, "#")
    await is_told(heard, spoken(site))
    await keys(call, "1")
    await is_told(heard, prompt_file(site, "greeting-kept"))
    await call.hangup()
    await nothing_left(site)
    assert not list(site.settings.raw_messages_folder.glob("*.greeting.*"))
    await greeted_by(spoken(site), "second.wav")
    await nothing_left(site)


async def test_f19_refused_mail_is_sent_again(site: Site, folder: Path, post: PostOffice) -> None:
    post.at_recipient = "550 5.1.1 nobody of that name"
    row = await leave(site, folder)
    for _ in range(80):
        (note,) = [one for one in await messages(site) if one["message"] == row["message"]]
        if note["mail"] == "refused":
            break
        await asyncio.sleep(0.25)
    assert (note["mail"], note["mail_error"]) == ("refused", "550 5.1.1 nobody of that name")
    post.at_recipient = ACCEPT
    before = len(post.letters)
    assert await left(site, "resend", "--failed", "--to", "anna@romashka.example") == (
        f"{row['message']}: will be sent to anna@romashka.example\n"
    )
    await eventually(lambda: len(post.letters) > before, 20, "the mail has come")
    assert post.recipients[-1] == ["anna@romashka.example"]
    await delete_all(site)


async def test_f19_a_switch_that_was_started_anew_is_told_again(site: Site, folder: Path) -> None:
    phone = await site.phone("102")
    await leave(site, folder)
    await phone.wait_mwi(new=1)
    await asyncio.to_thread(site.instance.kill_asterisk)
    await asyncio.to_thread(site.instance.start_asterisk)
    await site.wait_ready()
    await site.switch_off("102")
    phone = await site.phone("102")
    await phone.wait_mwi(new=1)
    await delete_all(site)
    await phone.wait_mwi(new=0)


@pytest.mark.parametrize("allowed", [False, True])
async def test_f19_phones_that_ask_by_subscribe(tmp_path: Path, allowed: bool) -> None:
    """Asterisk would tell any phone of any mailbox: unless allowed, phones are told without asking."""
    asterisk = {"root": str(asterisk_root()), "message_subscriptions": allowed}
    async with running_site(tmp_path, "engine", "worker", asterisk=asterisk) as site:
        name, port = "romashka-102-desk", site.settings.ports.sip
        phone = Phone("127.0.0.1", port, name, site.password("102"), tmp_path, asks_for_messages=True)
        async with phone:
            await phone.register()
            await phone.wait_mwi(new=0)
            await leave(site, tmp_path)
            await phone.wait_mwi(new=1)
            subscribed = site.instance.cli("pjsip show subscriptions inbound")
            assert ("romashka-102-desk/message-summary" in subscribed) == allowed, subscribed
        log = (tmp_path / f"{name}.sip.log").read_text(errors="replace")
        assert "SUBSCRIBE sip:" in log
        assert ("SIP/2.0 404" in log) != allowed
