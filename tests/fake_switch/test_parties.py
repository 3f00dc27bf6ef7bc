"""What people do in a talk, and who hears whom then: the scripted switch without an engine (F07 F19 F48)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.fake_switch import Caller, FakeAsterisk
from tests.virtual_time import VirtualClock, run

DESK, SECOND = "PJSIP/romashka-101-desk", "PJSIP/romashka-102-desk"
ARI_ONLY = {"variables": {"PJSIP_TRANSFER_HANDLING()": "ari-only"}}


class Stage:
    """A caller who talks with DESK in the bridge `b1`."""

    def __init__(self, switch: FakeAsterisk) -> None:
        self.switch = switch
        switch.connect(lambda event: None)
        self.caller = switch.incoming("+74951234567")

    def ask(self, method: str, path: str, body: object = None, **query: str) -> int:
        return self.switch.perform(method, path, query, body)[0]

    async def ring(self, endpoint: str, leg: str, body: object = ARI_ONLY) -> Caller:
        self.ask("POST", "/channels/create", body, endpoint=endpoint, app="vats", channelId=leg)
        await asyncio.sleep(0.01)
        self.ask("POST", f"/channels/{leg}/dial")
        await asyncio.sleep(0.5)
        return self.switch.phone(endpoint).line

    def join(self, bridge: str, *lines: Caller, kind: str = "mixing", **query: str) -> None:
        self.ask("POST", "/bridges", bridgeId=bridge, type=kind)
        channels = ",".join(line.id for line in lines)
        assert self.ask("POST", f"/bridges/{bridge}/addChannel", channel=channels, **query) == 204

    async def talk(self, kind: str = "mixing") -> Caller:
        self.switch.phone(DESK).answers_after = 0.1
        self.ask("POST", f"/channels/{self.caller.id}/answer")
        desk = await self.ring(DESK, "leg1")
        self.join("b1", self.caller, desk, kind=kind)
        return desk

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.switch.history if event["type"] == kind]


def on_stage(story: Callable[[Stage], Awaitable[None]]) -> Callable[[], None]:
    def test() -> None:
        async def main() -> None:
            stage = Stage(FakeAsterisk(VirtualClock()))
            await story(stage)
            await asyncio.sleep(0.1)
            assert stage.switch.faults == []
            stage.switch.close()

        run(main())

    test.__name__, test.__doc__, test.__module__ = story.__name__, story.__doc__, story.__module__
    return test


@on_stage
async def test_a_phone_does_its_script_once(stage: Stage) -> None:
    stage.switch.phone(DESK).answers(0.1).presses(1, "##102#", every=0.2)
    desk = await stage.talk("mixing,dtmf_events")
    await asyncio.sleep(3)
    assert "".join(event["digit"] for event in stage.told("ChannelDtmfReceived")) == "##102#"
    assert stage.caller.keys_heard == "##102#"
    again = await stage.ring(DESK, "leg2")
    await asyncio.sleep(3)
    assert again is stage.switch.phone(DESK).line
    assert again is not desk
    assert len(stage.told("ChannelDtmfReceived")) == 6


@on_stage
async def test_keys_are_absorbed_for_one_stay_in_the_bridge(stage: Stage) -> None:
    desk = await stage.talk("mixing,dtmf_events")
    stage.join("b1", desk, absorbDTMF="true")
    desk.press("5")
    assert stage.caller.keys_heard == ""
    stage.caller.press("7")
    assert desk.keys_heard == "7"
    stage.ask("POST", f"/channels/{stage.caller.id}/dtmf", dtmf="12")
    assert (stage.caller.keys_heard, desk.keys_heard) == ("12", "7")
    stage.join("b1", desk)
    desk.press("8")
    assert stage.caller.keys_heard == "128"


@on_stage
async def test_the_music_of_a_hold_outlives_the_holder(stage: Stage) -> None:
    desk = await stage.talk()
    assert stage.caller.talks_with(desk)
    desk.hold()
    assert (stage.caller.hears, desk.hears) == ("music", "silence")
    desk.hang_up()
    await asyncio.sleep(0.1)
    assert stage.caller.hears == "music"
    stage.ask("POST", "/bridges/b1/removeChannel", channel=stage.caller.id)
    assert stage.caller.hears == "silence"
    assert [event["musicclass"] for event in stage.told("ChannelHold")] == ["default"]
    assert stage.switch.hearing.together_s(stage.caller.id, "leg1") < 0.01


@on_stage
async def test_a_refer_ends_the_hold_and_is_told_of(stage: Stage) -> None:
    desk = await stage.talk()
    desk.hold()
    desk.refer("103")
    assert stage.caller.hears == "silence", "he hears neither music nor the one who still holds"
    [event] = stage.told("ChannelTransfer")
    assert event["refer_to"]["requested_destination"] == {"destination": "103"}
    assert event["referred_by"]["connected_channel"]["id"] == stage.caller.id
    assert stage.ask("POST", "/channels/leg1/transfer_progress", states="channel_answered") == 204
    assert desk.told == [202, 100, 200]
    await asyncio.sleep(0.1)
    assert desk.gone, "it says BYE when it is told of success"
    assert [event.get("state") for event in stage.told("ChannelTransfer")] == [None, "channel_answered"]


@on_stage
async def test_a_phone_that_leaves_on_202(stage: Stage) -> None:
    desk = await stage.talk()
    desk.refer("103", hangs_up_on="accepted")
    await asyncio.sleep(0.1)
    assert desk.gone
    assert desk.told == [202, 100, 503]
    assert stage.ask("POST", "/channels/leg1/transfer_progress", states="channel_answered") == 404
    last = stage.told("ChannelTransfer")[-1]
    assert "state" not in last
    assert "bridge" not in last["referred_by"]


@on_stage
async def test_without_the_variable_a_refer_comes_to_nothing(stage: Stage) -> None:
    stage.switch.phone(DESK).answers(0.1)
    desk = await stage.ring(DESK, "leg1", body=None)
    desk.refer("103")
    assert desk.told == [202, 100, 400]
    assert stage.told("ChannelTransfer") == []


@on_stage
async def test_refer_with_replaces_names_both_sides(stage: Stage) -> None:
    desk = await stage.talk()
    desk.hold()
    own = stage.switch.from_user(DESK, "102")
    stage.switch.phone(SECOND).answers(0.1)
    stage.ask("POST", f"/channels/{own.id}/answer")
    second = await stage.ring(SECOND, "leg2")
    stage.join("b2", own, second)
    assert own.talks_with(second)
    desk.refer_replacing(own, hangs_up_on="never")
    [event] = stage.told("ChannelTransfer")
    assert event["refer_to"]["destination_channel"]["id"] == own.id
    assert event["refer_to"]["connected_channel"]["id"] == second.id
    stage.join("b1", second)
    assert second.hears_from == {stage.caller.id}
    assert stage.switch.who_hears_whom()[own.id] == frozenset()
    desk.refer_replacing("no-such-call", "102")
    assert "destination_channel" not in stage.told("ChannelTransfer")[-1]["refer_to"]


@on_stage
async def test_who_listens_in_hears_both_and_whispers_to_one(stage: Stage) -> None:
    desk = await stage.talk()
    stage.switch.phone(SECOND).answers(0.1)
    second = await stage.ring(SECOND, "leg2")
    assert stage.ask("POST", "/channels/leg1/snoop/s1", spy="both", whisper="out", app="vats") == 200
    await asyncio.sleep(0.01)
    stage.ask("POST", "/bridges", bridgeId="b2", type="mixing")
    stage.ask("POST", "/bridges/b2/addChannel", channel=f"s1,{second.id}")
    assert second.hears_from == {desk.id, stage.caller.id}
    assert desk.hears_from == {second.id, stage.caller.id}
    assert stage.caller.hears_from == {desk.id}
    desk.hang_up()
    await asyncio.sleep(0.1)
    assert second.hears == "silence"
    assert "s1" not in stage.switch.channels.channels
    assert stage.ask("POST", "/channels/leg1/snoop/s2", spy="both", app="vats") == 404


@on_stage
async def test_tones_music_and_mute(stage: Stage) -> None:
    desk = await stage.talk()
    own = f"/channels/{stage.caller.id}"
    stage.ask("POST", f"{own}/mute", direction="in")
    assert (stage.caller.hears, desk.hears) == ("talk", "silence")
    stage.ask("DELETE", f"{own}/mute", direction="in")
    stage.ask("POST", "/bridges/b1/removeChannel", channel=stage.caller.id)
    heard = []
    for method, what in (("POST", "ring"), ("POST", "moh"), ("POST", "ring"), ("DELETE", "moh")):
        stage.ask(method, f"{own}/{what}")
        heard.append(stage.caller.hears)
    stage.ask("POST", f"{own}/moh")
    stage.ask("DELETE", f"{own}/ring")
    assert [*heard, stage.caller.hears] == ["ringing", "music", "ringing", "silence", "silence"]
    assert stage.switch.hearing.longest_silence(stage.caller.id) < 1
