"""SIPp callers and operators against a real Asterisk, so that load tests can believe what they say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones import Phone, tones_heard
from tests.phones.bare_switch import BareSwitch, running_switch
from tests.ports import free_port
from tests.sipp import Callee, Caller, Key, Sipp, SippError, Tone, key_offset_ms, register, write_pcap
from tests.sipp.malformed import MALFORMED, still_answers, throw

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
CITY, MOBILE = free_port(), free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch() -> AsyncIterator[BareSwitch]:
    users = {f"user{number}": f"secret{number}" for number in range(10)}
    trunks = {"trunkcity": CITY, "trunkmobile": MOBILE}
    async with running_switch(users, trunks, reach="PJSIP/user1") as running:
        yield running


async def test_a_menu_is_dialled_through_to_a_registered_operator(switch: BareSwitch, tmp_path: Path) -> None:
    """Caller from a trunk, a key, an operator who registered, sound by echo, ends by the caller."""
    remote = (switch.host, switch.port)
    script: list[Tone | Key] = [Tone(440, 300), Key("1"), Tone(440, 1500)]
    sound = write_pcap(tmp_path / "caller.pcap", script)
    async with Sipp(
        Callee(ring_ms=200), remote, tmp_path, calls=0, rtp_echo=True, users=switch.users
    ) as phones:
        caller = Caller("menu", caller="+7903000[call_number]", sound=sound, stay_ms=3000)
        async with Sipp(caller, remote, tmp_path, local_port=CITY, calls=5, rate=5) as callers:
            result = await callers.wait(30)
        seen = await phones.stop()
    assert (result.exit_code, result.successful, result.failed) == (0, 5, 0)
    assert len(result.response_ms["answer"]) == 5
    assert 0 < result.percentile(0.5) < 500
    assert seen is not None
    assert seen.events() == {"invite": 5, "ringing": 5, "answered": 5, "ended": 5}
    answers = {line.call_id: line.at_ms for line in result.log if line.event == "answered"}
    invites = sorted(line.at_ms for line in seen.log if line.event == "invite")
    pressed = sorted(at + key_offset_ms(script) for at in answers.values())
    for key, invite in zip(pressed, invites, strict=True):
        assert -30 < invite - key < 1000  # SIPp sends a few milliseconds off its timeline


async def test_operator_hangs_up_first(switch: BareSwitch, tmp_path: Path) -> None:
    remote = (switch.host, switch.port)
    async with Sipp(Callee(stay_ms=500), remote, tmp_path, users={"user1": "secret1"}) as phone:
        async with Sipp(Caller("user1", stay_ms=20000), remote, tmp_path, local_port=CITY) as caller:
            result = await caller.wait(15)
        await phone.wait(10)
    assert result.successful == 1
    assert [line.detail for line in result.log if line.event == "ended"] == ["far"]


@pytest.mark.parametrize(("refuse", "status"), [("486 Busy Here", 486), ("603 Decline", 403)])
async def test_refusing_operator(switch: BareSwitch, tmp_path: Path, refuse: str, status: int) -> None:
    remote = (switch.host, switch.port)
    callee = Callee(ring_ms=100, refuse=refuse)
    async with Sipp(callee, remote, tmp_path, local_port=MOBILE) as phone:
        caller = Caller("trunkmobile", refused=status)
        async with Sipp(caller, remote, tmp_path, local_port=CITY) as run:
            result = await run.wait(15)
        seen = await phone.wait(10)
    assert (result.successful, result.events()["refused"], seen.successful) == (1, 1, 1)


async def test_caller_gives_up_while_it_rings(switch: BareSwitch, tmp_path: Path) -> None:
    remote = (switch.host, switch.port)
    async with Sipp(Callee(ring_ms=None), remote, tmp_path, local_port=MOBILE) as phone:
        async with Sipp(
            Caller("trunkmobile", cancel_after_ms=300), remote, tmp_path, local_port=CITY
        ) as caller:
            result = await caller.wait(15)
        seen = await phone.wait(10)
    assert (result.events()["cancelled"], seen.events()["cancelled"]) == (1, 1)


async def test_refused_registration_is_an_error(switch: BareSwitch, tmp_path: Path) -> None:
    with pytest.raises(SippError, match="1 of 1 could not register"):
        await register({"user1": "wrong"}, (switch.host, switch.port), ("127.0.0.1", free_port()), tmp_path)


async def test_run_that_is_not_done_in_time_is_ended(switch: BareSwitch, tmp_path: Path) -> None:
    async with Sipp(Callee(), (switch.host, switch.port), tmp_path, local_port=MOBILE) as phone:
        with pytest.raises(SippError, match=r"not done within 0\.5 s"):
            await phone.wait(0.5)
        assert not phone.running


async def test_the_sound_and_keys_of_a_pcap_arrive(switch: BareSwitch, tmp_path: Path) -> None:
    sound = write_pcap(tmp_path / "c.pcap", [Tone(700, 500), Key("4"), Key("#"), Tone(700, 1500)])
    async with Phone(switch.host, switch.port, "user2", "secret2", tmp_path) as phone:
        await phone.register()
        async with Sipp(
            Caller("user2", sound=sound, stay_ms=4000), (switch.host, switch.port), tmp_path, local_port=CITY
        ) as caller:
            call = await phone.wait_incoming()
            await call.answer()
            await call.record(tmp_path / "heard.wav")
            await call.wait_digits("4#")
            await call.wait_tone(700, 1.5)
            await call.hangup()
            await caller.wait(10)
    assert tones_heard(tmp_path / "heard.wav", [700])[700].seconds >= 1.5


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_messages_leave_the_switch_answering(switch: BareSwitch, name: str) -> None:
    await throw(switch.host, switch.port, MALFORMED[name])
    assert await still_answers(switch.host, switch.port)
