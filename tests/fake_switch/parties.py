"""What telephones do: they ring, answer, refuse, press keys, hold, and ask for transfers."""

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fake_switch.callers import Caller
from tests.fake_switch.model import Channel, Refer
from tests.fake_switch.phones import Action, Phone

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk

# What is told (transfer_progress): the NOTIFY, the state of the event, whether it is the last.
PROGRESS = {
    "channel_progress": (100, "channel_progress", False),
    "channel_answered": (200, "channel_answered", True),
    "channel_unavailable": (503, "channel_declined", True),
    "channel_declined": (603, "channel_declined", True),
}
GOODBYE_S = 0.05  # a phone that was told of success says BYE


class Parties:
    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch

    # Being rung

    def dial(self, channel: Channel, timeout: float) -> None:
        channel.dialled = True
        phone = self._switch.phone(channel.endpoint)
        if timeout > 0:
            channel.limit = self._switch.after(timeout, lambda: self._not_answered(channel))
        self._switch.after(self._switch.delays.inside(0.001), lambda: self._invited(channel, phone))

    def _not_answered(self, channel: Channel) -> None:
        if not channel.dying and channel.state != "Up":
            self._switch.channels.delete(channel, 19, 480)

    def _invited(self, channel: Channel, phone: Phone) -> None:
        if channel.dying:
            return
        self._tell_dial(channel, "")
        phone.invited += 1
        phone.last_caller = f"{channel.connected_name} <{channel.connected_number}>"
        line = Caller(self._switch, channel)
        phone.lines.append(line)
        # The script as it is now; a change concerns later calls.
        refusal, talks_for, actions = phone.refusal, phone.hangs_up_after, phone.takes_actions()
        if phone.rings_after is not None:
            self._switch.after(phone.rings_after, lambda: self.rings(channel))
        if phone.progresses_after is not None:
            sound = phone.plays_early
            self._switch.after(phone.progresses_after, lambda: self.progresses(channel, sound))
        if phone.refuses_after is not None:
            self._switch.after(phone.refuses_after, lambda: self.refuses(channel, *refusal))
        if phone.answers_after is not None:
            self._switch.after(phone.answers_after, lambda: self.answers(line, talks_for, actions))

    def rings(self, channel: Channel, sound: bool = False) -> None:
        """180, with SDP or without."""
        if channel.dying or channel.state not in ("Down", "Ringing"):
            return
        if channel.state == "Down":
            self._switch.channels.set_state(channel, "Ringing")
        if sound:
            self.progresses(channel)
        else:
            self._tell_dial(channel, "RINGING")

    def progresses(self, channel: Channel, sound: bool = True) -> None:
        """183: the network is heard, where there is SDP."""
        if not channel.dying and channel.state != "Up":
            channel.early = channel.early or sound
            self._tell_dial(channel, "PROGRESS")
            self._switch.hearing.look(channel)

    def _tell_dial(self, channel: Channel, status: str) -> None:
        """These come by a way of their own: before or after the channel's other events."""
        self._switch.emit(f"dial {channel.id}", "Dial", dialstatus=status, peer=channel.json())

    def refuses(self, channel: Channel, cause: int, sip_code: int) -> None:
        if not channel.dying:
            self._switch.channels.refuse(channel, cause, sip_code)

    def answers(
        self,
        line: Caller,
        talks_for: float | None = None,
        actions: "list[tuple[float, Action]] | None" = None,
    ) -> None:
        channel = line.channel
        if channel.dying or channel.state == "Up":
            return
        self._switch.cancel(channel.limit)
        self._switch.channels.set_state(channel, "Up")
        self._tell_dial(channel, "ANSWER")
        for other in channel.bridge.members if channel.bridge is not None else []:
            if other.state == "Ring" and not other.dying:
                # The bridge hands the answer on.
                other.ringback = False
                self._switch.channels.set_state(other, "Up")
        if talks_for is not None:
            self._switch.after(talks_for, lambda: self._switch.channels.party_hangs_up(channel))
        for after, action in actions or []:
            self._switch.after(after, partial(_does, line, action))

    # In a talk

    def digit(self, channel: Channel, digit: str) -> None:
        if channel.dying:
            return
        bridge, now = channel.bridge, self._switch.clock.wall_ms()
        # One after the other, however quickly.
        duration_ms, channel.last_key_ms = min(100, now - channel.last_key_ms), now
        if channel.in_stasis and (bridge is None or bridge.tells_keys):
            self._switch.channels.tell(channel, "ChannelDtmfReceived", digit=digit, duration_ms=duration_ms)
        if bridge is not None and channel.id not in bridge.absorbs:
            for other in bridge.members:
                if other is not channel:
                    other.keys_heard += digit
        if channel.recording is not None and digit in channel.recording.ends_on:
            self._switch.recordings.end(channel)

    def hold(self, channel: Channel, wanted: bool) -> None:
        """Re-INVITE with sendonly, or without."""
        if channel.dying or channel.state != "Up" or channel.holding == wanted:
            return
        channel.holding = channel.holds_here = wanted
        music = {"musicclass": "default"} if wanted else {}
        self._switch.channels.tell(channel, "ChannelHold" if wanted else "ChannelUnhold", **music)
        self._hold_others(channel, wanted)

    def _hold_others(self, channel: Channel, held: bool) -> None:
        for other in channel.bridge.members if channel.bridge is not None else []:
            if other is not channel:
                other.held = other.music = held
                other.tone = False
        self._switch.hearing.look(channel)

    # Transfers

    def refer(
        self, channel: Channel, number: str, replaced: Channel | None, protocol_id: str, hangs_up_on: str
    ) -> Refer | None:
        if channel.dying or channel.state != "Up":
            return None
        refer = Refer(number, protocol_id, replaced, hangs_up_on)
        channel.refers.append(refer)
        if channel.variables.get("PJSIP_TRANSFER_HANDLING()") != "ari-only":
            refer.open = False
            for code in (202, 100, 400):
                self._tell_phone(channel, refer, code)
            return refer
        self._tell_phone(channel, refer, 202)
        if channel.holds_here:
            channel.holds_here = False
            self._hold_others(channel, False)
        self._emit(channel, refer)
        return refer

    def progress(self, channel: Channel, state: str) -> bool:
        """False for a state that there is not."""
        if state not in PROGRESS:
            return False
        code, shown, last = PROGRESS[state]
        for refer in reversed([each for each in channel.refers if each.open]):
            if 100 not in refer.told and code != 100:
                self._tell_phone(channel, refer, 100)
            refer.open = not last
            self._tell_phone(channel, refer, code)
            self._emit(channel, refer, state=shown)
        return True

    def forget_refers(self, channel: Channel) -> None:
        """He has gone with a transfer still open."""
        for refer in channel.refers:
            if refer.open:
                refer.open = False
                for code in (100, 503) if 100 not in refer.told else (503,):
                    self._tell_phone(channel, refer, code)
                self._emit(channel, refer)

    def _tell_phone(self, channel: Channel, refer: Refer, code: int) -> None:
        refer.told.append(code)
        accepted = refer.hangs_up_on == "accepted" and code == 202
        succeeded = refer.hangs_up_on == "success" and code == 200
        if accepted or succeeded:
            self._switch.after(GOODBYE_S, lambda: self._says_bye(channel))

    def _says_bye(self, channel: Channel) -> None:
        if not channel.dying:
            self._switch.channels.party_hangs_up(channel)

    def _emit(self, channel: Channel, refer: Refer, **state: str) -> None:
        wanted: dict[str, Any] = {"destination": refer.destination}
        if refer.protocol_id:
            wanted |= {"protocol_id": refer.protocol_id}
        refer_to = {"requested_destination": wanted}
        replaced = refer.replaced
        if replaced is not None and replaced.ended_ms is None:
            refer_to |= {"destination_channel": replaced.json(), **_company(replaced)}
        referred_by = {"source_channel": channel.json(), **_company(channel)}
        self._switch.emit(channel.id, "ChannelTransfer", refer_to=refer_to, referred_by=referred_by, **state)


def _does(line: Caller, action: Action) -> None:
    if not line.gone:
        action(line)


def _company(channel: Channel) -> dict[str, Any]:
    """The bridge that it is in, and whoever is in there with it."""
    bridge = channel.bridge
    if bridge is None:
        return {}
    others = [other for other in bridge.members if other is not channel]
    return {"bridge": bridge.json()} | ({"connected_channel": others[0].json()} if len(others) == 1 else {})
