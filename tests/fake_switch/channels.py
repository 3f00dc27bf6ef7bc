"""What lives in the switch: channels that come and go, bridges, prompts that end by themselves."""

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fake_switch.callers import Caller
from tests.fake_switch.model import CAUSES, Bridge, Channel, Playback, Snoop

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk

SOFT = {"cause": 32, "soft": True}


class Channels:
    """Everything that lives in the switch, by id."""

    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch
        self._log = switch.event_log
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.playbacks: dict[str, Playback] = {}
        self.ended: dict[str, Channel] = {}
        self.destroyed_bridges: set[str] = set()
        self._serial = itertools.count()

    # Coming and going

    def incoming(self, args: list[str], tech: str, number: str, caller: str, name: str) -> Caller:
        serial, now = next(self._serial), self._switch.clock.wall_ms()
        channel = Channel(
            f"cell1-{now // 1000}.{serial}",
            f"{tech}-{serial:08x}",
            now,
            "Ring",
            name,
            caller,
            context="from-user" if args[:1] == ["user"] else "from-trunk",
            extension=number,
        )
        channel.application_data = ",".join([self._switch.application, *args])
        channel.variables["PJSIP_TRANSFER_HANDLING()"] = "ari-only"  # by the dialplan
        self.channels[channel.id] = channel
        self._log.write("CHAN_START", channel)
        if self._switch.connection is None:
            channel.went_to = "fallback"  # Stasis() fails, and the dialplan goes on
        else:
            channel.in_stasis = True
            self.tell(channel, "StasisStart", args=args)
        self._switch.hearing.look(channel)
        return Caller(self._switch, channel)

    def take_over(self, endpoint: str, extension: str, replaced: Channel) -> Caller:
        """INVITE with Replaces (RFC 3891): the new channel is up, in that one's place in its bridge; that
        one lives on alone, and nobody is told of its end but by StasisEnd.
        """
        account, now = endpoint.removeprefix("PJSIP/"), self._switch.clock.wall_ms()
        serial = next(self._serial)
        channel = Channel(
            f"cell1-{now // 1000}.{serial}",
            f"{endpoint}-{serial:08x}",
            now,
            "Up",
            caller_name=account,
            caller_number=account,
            context="from-user",
            extension=extension,
            application_data=self._switch.application,
            answered_ms=now,
            in_stasis=True,
        )
        self.channels[channel.id] = channel
        self._log.write("CHAN_START", channel)
        self._log.write("ANSWER", channel)
        self.tell(channel, "StasisStart", args=[], replace_channel=replaced.json())
        bridge, replaced.told_of_end = replaced.bridge, False
        self.leave_bridge(replaced)
        if bridge is not None:
            self.enter_bridge(bridge, channel)
        self._switch.hearing.look(channel)
        return Caller(self._switch, channel)

    def create(self, channel_id: str, endpoint: str, app_args: str, variables: dict[str, str]) -> Channel:
        serial, now = next(self._serial), self._switch.clock.wall_ms()
        channel = Channel(channel_id, f"{endpoint}-{serial:08x}", now, endpoint=endpoint, context="from-user")
        channel.told_of_end = True
        channel.variables = variables
        channel.application_data = f"{self._switch.application},{app_args}"
        self.channels[channel_id] = channel
        self._log.write("CHAN_START", channel)
        # The new channel's thread comes to Stasis in its own time; dialled before, it is a 409.
        self._switch.after(self._switch.delays.inside(0.0003), lambda: self._enter(channel, app_args))
        return channel

    def listen_in(self, snoop_id: str, snoop: Snoop, app_args: str) -> Channel:
        """A snoop channel, which is up at once."""
        now = self._switch.clock.wall_ms()
        channel = Channel(
            snoop_id, f"Snoop/{snoop.channel.id}-{next(self._serial):08x}", now, "Up", snoop=snoop
        )
        channel.application_data = f"{self._switch.application},{app_args}"
        self.channels[snoop_id] = channel
        snoop.channel.listeners.append(channel)
        self._log.write("CHAN_START", channel)
        self._switch.after(self._switch.delays.inside(0.0003), lambda: self._enter(channel, app_args))
        return channel

    def _enter(self, channel: Channel, app_args: str) -> None:
        if not channel.dying:
            channel.in_stasis = True
            self.tell(channel, "StasisStart", args=app_args.split(",") if app_args else [])

    def tell(self, channel: Channel, kind: str, **fields: Any) -> None:
        self._switch.emit(channel.id, kind, **fields, channel=channel.json())

    def set_state(self, channel: Channel, state: str) -> None:
        channel.state = state
        if state == "Up":
            channel.answered_ms = self._switch.clock.wall_ms()
            channel.displays_sent, channel.displays_waiting = channel.displays_waiting, 0
            self._log.write("ANSWER", channel)
        self.tell(channel, "ChannelStateChange")
        self._switch.hearing.look(channel)

    # The end of a channel

    def party_hangs_up(self, channel: Channel, cause: int = 0) -> None:
        """BYE, or CANCEL of a caller who was not answered."""
        if channel.ended_ms is not None:
            return
        channel.hung_up_by_party = channel.hung_up_by_party or not channel.dying
        if channel.dying:
            self.tell(channel, "ChannelHangupRequest", cause=16)
        elif channel.state == "Ring":
            self._die(channel, {"cause": 127, "tech_cause": 487}, 127)
        else:
            # A caller's BYE names no cause until it is all over, and none at all when he was alone.
            final = cause or (16 if channel.bridge is not None or channel.endpoint else 0)
            request = {"cause": cause or 16} if cause or channel.endpoint else {}
            self._die(channel, request, final)

    def refuse(self, channel: Channel, cause: int, sip_code: int) -> None:
        """The phone said no."""
        channel.hung_up_by_party = True
        why = {"cause": cause, "tech_cause": sip_code}
        self._die(channel, why, cause, sip_code)

    def delete(self, channel: Channel, cause: int, sip_code: int = 0) -> None:
        """We end it, or the dial's own time limit does."""
        self._die(channel, SOFT, cause, sip_code)

    def _die(self, channel: Channel, request: dict[str, Any], cause: int, sip_code: int = 0) -> None:
        channel.dying = True
        self._switch.cancel(channel.limit)
        self._switch.hearing.look(channel)
        self.tell(channel, "ChannelHangupRequest", **request)
        delay = self._switch.delays.inside(0.0003)
        self._switch.after(delay, lambda: self._gone(channel, cause, sip_code))

    def _gone(self, channel: Channel, cause: int, sip_code: int) -> None:
        self.leave_bridge(channel)
        for playback in channel.playbacks:
            self._switch.cancel(playback.ends)
            self.playbacks.pop(playback.id, None)
            if playback.state != "queued":
                self._finish(channel, playback, "failed")
        channel.playbacks.clear()
        self._switch.recordings.end(channel)
        channel.ended_ms, channel.end_cause = self._switch.clock.wall_ms(), cause
        source = channel.name if channel.hung_up_by_party else ""
        logged = cause if source else cause or 16
        self._log.write("HANGUP", channel, hangupcause=logged, hangupsource=source, dialstatus="")
        self._log.write("CHAN_END", channel)
        if channel.in_stasis:
            self.tell(channel, "StasisEnd")
        channel.in_stasis = False
        self._switch.parties.forget_refers(channel)
        if channel.told_of_end:
            self._tell_destroyed(channel, cause, sip_code)
        self.channels.pop(channel.id, None)
        self.ended[channel.id] = channel
        for listener in list(channel.listeners):
            self._switch.after(0.015, partial(self._nothing_to_hear, listener))
        if channel.snoop is not None and channel in channel.snoop.channel.listeners:
            channel.snoop.channel.listeners.remove(channel)
            self._switch.hearing.look(channel.snoop.channel)
        self._switch.hearing.look(channel)

    def _nothing_to_hear(self, listener: Channel) -> None:
        """The channel that it listened to has gone."""
        if not listener.dying:
            listener.dying = True
            self._gone(listener, 16, 0)

    def _tell_destroyed(self, channel: Channel, cause: int, sip_code: int) -> None:
        if channel.endpoint and channel.state == "Down" and not sip_code:
            sip_code = 603
            self.tell(channel, "ChannelHangupRequest", cause=cause, tech_cause=sip_code)
        elif not channel.endpoint:
            self.tell(channel, "ChannelHangupRequest", cause=16, soft=True)
        tech = {"tech_cause": sip_code} if sip_code else {}
        text = CAUSES.get(cause, "")
        self.tell(channel, "ChannelDestroyed", cause=cause, cause_txt=text, **tech)

    # Bridges and sound

    def enter_bridge(self, bridge: Bridge, channel: Channel, absorb_keys: bool = False) -> None:
        self.leave_bridge(channel)
        bridge.channels.append(channel.id)
        bridge.members.append(channel)
        if absorb_keys:
            bridge.absorbs.add(channel.id)
        channel.bridge = bridge
        channel.tone = channel.holds_here = False
        self._log.write("BRIDGE_ENTER", channel, bridge_id=bridge.id, bridge_technology="simple_bridge")
        self.tell(channel, "ChannelEnteredBridge", bridge=bridge.json())
        self._switch.hearing.look(channel)

    def leave_bridge(self, channel: Channel) -> None:
        bridge, channel.bridge = channel.bridge, None
        if bridge is None:
            return
        bridge.channels.remove(channel.id)
        bridge.members.remove(channel)
        bridge.absorbs.discard(channel.id)
        if channel.held:
            # The hold ends here, and with it whatever music there is.
            channel.held = channel.music = False
        channel.holds_here = False
        self._log.write("BRIDGE_EXIT", channel, bridge_id=bridge.id, bridge_technology="simple_bridge")
        self.tell(channel, "ChannelLeftBridge", bridge=bridge.json())
        self._switch.hearing.look(channel)
        for other in bridge.members:
            self._switch.hearing.look(other)

    def destroy_bridge(self, bridge: Bridge) -> None:
        for channel in list(bridge.members):
            self.leave_bridge(channel)
        del self.bridges[bridge.id]
        self.destroyed_bridges.add(bridge.id)
        self._switch.emit(bridge.id, "BridgeDestroyed", bridge=bridge.json())

    def queue_playback(self, channel: Channel, playback: Playback) -> None:
        self.playbacks[playback.id] = playback
        channel.playbacks.append(playback)
        if channel.playbacks[0] is playback:
            self._play(channel, playback)
        self._switch.hearing.look(channel)

    def _play(self, channel: Channel, playback: Playback) -> None:
        media = playback.media[playback.position]
        channel.music = False  # a prompt ends the music, and it does not come back
        playback.state = "playing"
        self._switch.emit(channel.id, "PlaybackStarted", playback=playback.json())
        if ":" not in media:
            # As measured: an unknown scheme is heard as nothing, and nobody is told of its end.
            channel.playbacks.remove(playback)
            del self.playbacks[playback.id]
            return
        # They are over, also when the prompt is.
        channel.music = channel.tone = False
        missing = media in self._switch.missing
        # A tone lasts until it is stopped.
        usual = 3600.0 if media.startswith("tone:") else 1.0
        length = 0.0 if missing else self._switch.media.get(media, usual)
        playback.ends = self._switch.after(length, lambda: self._media_ended(channel, playback, missing))

    def _media_ended(self, channel: Channel, playback: Playback, missing: bool) -> None:
        if playback.position + 1 < len(playback.media):
            playback.position += 1
            playback.state = "continuing"
            self._switch.emit(channel.id, "PlaybackContinuing", playback=playback.json())
            self._play(channel, playback)
        else:
            self.end_playback(channel, playback, "failed" if missing else "done")

    def end_playback(self, channel: Channel, playback: Playback, state: str) -> None:
        """It came to its end, or we stop it (which the switch calls done too)."""
        self._switch.cancel(playback.ends)
        if self.playbacks.get(playback.id) is playback:
            del self.playbacks[playback.id]
        was_heard = channel.playbacks[0] is playback
        channel.playbacks.remove(playback)
        self._finish(channel, playback, state)
        if was_heard and channel.playbacks:
            self._play(channel, channel.playbacks[0])
        self._switch.recordings.go_on(channel)
        self._switch.hearing.look(channel)

    def _finish(self, channel: Channel, playback: Playback, state: str) -> None:
        playback.state = state
        self._switch.emit(channel.id, "PlaybackFinished", playback=playback.json())
