"""The scripted phone against a real Asterisk: what it reports is what happened."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones import Phone, PhoneError, tones_heard, write_tone
from tests.phones.bare_switch import BareSwitch, running_switch
from tests.ports import free_port

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
TRUNK_PORT = free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch() -> AsyncIterator[BareSwitch]:
    users = {"alice": "secret-a", "bob": "secret-b"}
    async with running_switch(users, {"trunk1": TRUNK_PORT}) as running:
        yield running


def user(switch: BareSwitch, name: str, folder: Path) -> Phone:
    return Phone(switch.host, switch.port, name, switch.users[name], folder)


async def test_registers_and_is_refused_with_a_wrong_password(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    alice = await stack.enter_async_context(user(switch, "alice", tmp_path))
    await alice.register()
    await alice.unregister()
    thief = await stack.enter_async_context(
        Phone(switch.host, switch.port, "alice", "wrong", tmp_path / "thief")
    )
    with pytest.raises(PhoneError, match=r"401|403"):
        await thief.register()


async def test_two_phones_talk_and_each_hears_the_other(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    alice = await stack.enter_async_context(user(switch, "alice", tmp_path))
    bob = await stack.enter_async_context(user(switch, "bob", tmp_path))
    await alice.register()
    await bob.register()
    outgoing = await alice.call("bob")
    incoming = await bob.wait_incoming()
    assert incoming.caller_display == "Alice <alice>"
    await incoming.ring()
    await outgoing.wait_state("ringing")
    assert "answered" not in outgoing.times
    await incoming.answer()
    await outgoing.wait_state("answered")
    await outgoing.play(write_tone(tmp_path / "440.wav", 440))
    await incoming.play(write_tone(tmp_path / "1000.wav", 1000))
    await outgoing.record(tmp_path / "alice-hears.wav")
    await incoming.record(tmp_path / "bob-hears.wav")
    await outgoing.digits("15#")
    await incoming.wait_digits("15#")
    await incoming.digits("27*")
    await outgoing.wait_digits("27*")
    await incoming.wait_tone(440, 1)
    await outgoing.wait_tone(1000, 1)
    await outgoing.hangup()
    await incoming.wait_state("ended")
    assert outgoing.times["calling"] <= incoming.times["incoming"] <= outgoing.times["ringing"]
    assert outgoing.times["ringing"] <= outgoing.times["answered"] <= outgoing.times["ended"]
    heard = tones_heard(tmp_path / "bob-hears.wav", [440, 1000])
    assert heard[440].seconds > 1
    assert heard[1000].seconds == 0
    heard = tones_heard(tmp_path / "alice-hears.wav", [440, 1000])
    assert heard[1000].seconds > 1
    assert heard[440].seconds == 0


async def test_keys_go_through_the_switch_and_come_back(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    alice = await stack.enter_async_context(user(switch, "alice", tmp_path))
    await alice.register()
    call = await alice.call("keys")
    await call.wait_state("answered")
    await call.wait_sound()
    await call.digits("305")
    await call.wait_digits("305")
    await call.hangup()


async def test_refusals_are_told_with_their_status(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    alice = await stack.enter_async_context(user(switch, "alice", tmp_path))
    bob = await stack.enter_async_context(user(switch, "bob", tmp_path))
    await alice.register()
    await bob.register()
    call = await alice.call("busy")
    with pytest.raises(PhoneError, match="486"):
        await call.wait_state("answered")
    call = await alice.call("bob")
    await (await bob.wait_incoming()).reject(603)
    await call.wait_state("ended")
    assert call.code in (603, 403)
    call = await alice.call("bob")
    offered = await bob.wait_incoming()
    await offered.ring()
    await call.wait_state("ringing")
    await call.hangup()
    await offered.wait_state("ended")
    assert call.code == 487
    with pytest.raises(PhoneError, match="no call within"):
        await bob.wait_incoming(0.2)


async def test_trunk_calls_without_registering_and_is_called(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    trunk = await stack.enter_async_context(
        Phone.trunk(switch.host, switch.port, tmp_path, local_port=TRUNK_PORT)
    )
    bob = await stack.enter_async_context(user(switch, "bob", tmp_path))
    await bob.register()
    call = await trunk.call("bob", caller="+79031112233", caller_name="Иван Петров")
    offered = await bob.wait_incoming()
    assert offered.caller_display == "Иван Петров <+79031112233>"
    await offered.answer()
    await call.wait_state("answered")
    await offered.hangup()
    await call.wait_state("ended")
    outgoing = await bob.call("trunk1")
    offered = await trunk.wait_incoming()
    assert "+70000000000" in offered.message.splitlines()[0]
    await offered.answer()
    await outgoing.wait_state("answered")
    await outgoing.hangup()
    await offered.wait_state("ended")


async def test_phone_without_power_says_nothing(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path
) -> None:
    alice = await stack.enter_async_context(user(switch, "alice", tmp_path))
    await alice.register()
    call = await alice.call("echo")
    await call.wait_state("answered")
    await alice.kill()
    with pytest.raises(PhoneError, match=r"(?s)was ended by SIGKILL.* before"):
        await call.wait_state("ended")
    with pytest.raises(PhoneError, match="not running: its process was ended by SIGKILL"):
        await alice.call("echo")
