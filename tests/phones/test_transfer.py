"""Transfers, holds, message lights and busy lamps of the tests' phones, against a real Asterisk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones import Lamp, Phone, PhoneCall, PhoneError, write_tone
from tests.phones.bare_switch import BareSwitch, running_switch

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
HZ = {"alice": 440, "bob": 1000, "carol": 1700}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch() -> AsyncIterator[BareSwitch]:
    async with running_switch({name: f"secret-{name}" for name in HZ}) as running:
        yield running


class People:
    """Three registered phones, each with a tone of its own in every call."""

    def __init__(self, switch: BareSwitch, folder: Path) -> None:
        self.phones = {
            name: Phone(switch.host, switch.port, name, password, folder)
            for name, password in switch.users.items()
        }
        self._folder = folder
        self._files = 0

    async def talk(self, one: str, other: str) -> tuple[PhoneCall, PhoneCall]:
        """A call between two; both send their tones."""
        outgoing = await self.phones[one].call(other)
        incoming = await self.pick_up(other)
        await outgoing.wait_state("answered")
        await self.speak(outgoing)
        return outgoing, incoming

    async def pick_up(self, name: str) -> PhoneCall:
        incoming = await self.phones[name].wait_incoming()
        await incoming.ring()
        await incoming.answer()
        await self.speak(incoming)
        return incoming

    async def speak(self, call: PhoneCall) -> None:
        hz = HZ[call.phone.username]
        await call.play(write_tone(self._folder / f"{hz}.wav", hz))

    async def hear(self, call: PhoneCall, who: str) -> None:
        """The call hears this person from now on; what was heard before does not count."""
        self._files += 1
        await call.record(self._folder / f"heard-{self._files}.wav")
        await call.wait_tone(HZ[who], 0.5)


@pytest_asyncio.fixture(loop_scope="module")
async def people(switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path) -> People:
    people = People(switch, tmp_path)
    for phone in people.phones.values():
        await stack.enter_async_context(phone)
        await phone.register()
    return people


async def test_a_call_is_held_and_taken_back(people: People) -> None:
    """F19"""
    alice, bob = await people.talk("alice", "bob")
    await people.hear(bob, "alice")
    await alice.hold()
    assert not alice.has_sound
    await alice.unhold()
    await people.hear(bob, "alice")
    await people.hear(alice, "bob")
    await alice.hangup()
    await bob.wait_state("ended")


async def test_blind_transfer_tells_how_it_went_and_hangs_up(people: People) -> None:
    """F07"""
    alice, bob = await people.talk("alice", "bob")
    await alice.transfer("carol")
    await alice.wait_transfer(202)
    carol = await people.pick_up("carol")
    told = await alice.wait_transfer(200)
    assert told.final
    await alice.wait_state("ended")
    await people.hear(carol, "bob")
    await people.hear(bob, "carol")
    assert carol.caller_display == "Bob <bob>"
    await carol.hangup()
    await bob.wait_state("ended")


async def test_a_phone_that_hangs_up_as_soon_as_its_transfer_is_accepted(people: People) -> None:
    """F07"""
    alice, bob = await people.talk("alice", "bob")
    await alice.transfer("carol", hang_up_on="accepted")
    await alice.wait_state("ended")
    carol = await people.phones["carol"].wait_incoming()
    assert [status.code for status in alice.transfers][:1] == [202]
    await carol.answer()
    await people.speak(carol)
    await people.hear(bob, "carol")
    await bob.hangup()
    await carol.wait_state("ended")


async def test_a_phone_that_never_hangs_up_by_itself(people: People) -> None:
    """F07: a transfer to nowhere leaves the two together; what follows is the test's affair."""
    alice, bob = await people.talk("alice", "bob")
    await alice.transfer("0", hang_up_on="never")
    with pytest.raises(PhoneError, match=r"no transfer status 200.*404"):
        await alice.wait_transfer(200)
    assert alice.state == "answered"
    await people.hear(bob, "alice")
    await alice.hangup()
    await bob.wait_state("ended")


async def test_attended_transfer_connects_the_two_others(people: People) -> None:
    """F07"""
    first, bob = await people.talk("alice", "bob")
    await first.hold()
    second, carol = await people.talk("alice", "carol")
    await people.hear(carol, "alice")
    await first.transfer_to(second)
    await first.wait_transfer(200)
    await first.wait_state("ended")
    await second.wait_state("ended")
    await people.hear(bob, "carol")
    await people.hear(carol, "bob")
    await bob.hangup()
    await carol.wait_state("ended")


async def test_the_screen_shows_with_whom_one_talks_now(people: People) -> None:
    """F05"""
    first, bob = await people.talk("alice", "bob")
    assert bob.display == "Alice <alice>"
    await first.hold()
    second, carol = await people.talk("alice", "carol")
    await first.transfer_to(second)
    await bob.wait_display("Carol <carol>")
    await carol.wait_display("Bob <bob>")
    await carol.hangup()
    await bob.wait_state("ended")


@pytest.mark.parametrize("asks", [True, False])
async def test_the_message_light_goes_on(
    switch: BareSwitch, stack: AsyncExitStack, tmp_path: Path, asks: bool
) -> None:
    """F18: for a phone that subscribes, and for one that is told without having asked."""
    name = "bob" if asks else "carol"
    phone = Phone(switch.host, switch.port, name, switch.users[name], tmp_path, asks_for_messages=asks)
    await stack.enter_async_context(phone)
    await phone.register()
    await phone.wait_mwi(new=0)
    assert not phone.mwi.on
    switch.leave_message(name)
    await phone.wait_mwi(new=1)
    assert phone.mwi.on
    log = (tmp_path / f"{name}.sip.log").read_text()
    assert ("SUBSCRIBE sip:" in log) == asks


async def test_a_busy_lamp_follows_a_phone(people: People, switch: BareSwitch) -> None:
    """F19"""
    async with Lamp(switch.host, switch.port, "carol", switch.users["carol"], "bob") as lamp:
        await lamp.wait_state("idle")
        outgoing = await people.phones["alice"].call("bob")
        incoming = await people.phones["bob"].wait_incoming()
        await incoming.ring()
        await lamp.wait_state("early", direction="recipient")
        await incoming.answer()
        await lamp.wait_state("confirmed")
        await outgoing.hangup()
        await incoming.wait_state("ended")
        await lamp.wait_state("idle")
    with pytest.raises(PhoneError, match="404"):
        async with Lamp(switch.host, switch.port, "carol", switch.users["carol"], "nobody"):
            pass
    with pytest.raises(PhoneError, match="401"):
        async with asyncio.timeout(10), Lamp(switch.host, switch.port, "carol", "wrong", "bob"):
            pass
