"""Typed handles of what lives in the switch. Ids are chosen by us before the request, so that no event can
outrun its owner. Every method raises the errors of `engine.switch.errors`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from engine.switch.ari.connection import Connection
from engine.switch.ari.events import WANTED, BridgeData, ChannelData
from engine.switch.errors import Gone, SwitchFailed

TransferProgress = Literal["channel_progress", "channel_answered", "channel_unavailable", "channel_declined"]
Direction = Literal["none", "both", "out", "in"]
HangupReason = Literal["normal", "busy", "answered_elsewhere", "no_answer", "congestion", "unallocated"]


class Channel:
    """One channel, by its id; it may not exist (yet, or any more)."""

    __slots__ = ("_connection", "_path", "id")

    def __init__(self, connection: Connection, channel_id: str) -> None:
        self._connection = connection
        self.id = channel_id
        self._path = f"/channels/{channel_id}"

    async def create(
        self,
        endpoint: str,
        application: str,
        *,
        arguments: str = "",
        originator: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Make the channel, in state Down and in our application at once; `dial` sends the INVITE."""
        query = {"endpoint": endpoint, "app": application, "channelId": self.id}
        if arguments:
            query["appArgs"] = arguments
        if originator:
            query["originator"] = originator
        await self._connection.request(
            "POST", "/channels/create", query, {"variables": dict(variables)} if variables else None
        )

    async def dial(self, *, timeout_s: int) -> None:
        """Send the INVITE. Asterisk itself ends the attempt after `timeout_s`.

        The parameter `caller` is left out: Asterisk would show the caller channel's raw number to the phone.
        """
        await self._connection.request("POST", f"{self._path}/dial", {"timeout": str(timeout_s)})

    async def answer(self) -> None:
        await self._connection.request("POST", f"{self._path}/answer")

    async def ring(self) -> None:
        """Tell the caller that it rings: 180 before the answer, the ringing tone after it."""
        await self._connection.request("POST", f"{self._path}/ring")

    async def progress(self) -> None:
        """Tell a caller who is not answered that there is something to hear: 183 with our SDP."""
        await self._connection.request("POST", f"{self._path}/progress")

    async def stop_ring(self) -> None:
        await self._connection.request("DELETE", f"{self._path}/ring")

    async def play(self, playback_id: str, media: Sequence[str], language: str = "") -> None:
        """Play media URIs one after another; `PlaybackFinished` carries the id."""
        query = {"media": ",".join(media)}
        if language:
            query["lang"] = language
        await self._connection.request("POST", f"{self._path}/play/{playback_id}", query)

    async def record(self, name: str, *, longest_s: int, silence_s: int, ends_on: str = "#") -> None:
        """Record what the channel says into `NAME.wav`; `RecordingFinished` carries the name.

        It ends after `longest_s`, after `silence_s` of silence, or with the digit `ends_on`. A recording of
        that name must not exist.
        """
        query = {
            "name": name,
            "format": "wav",
            "maxDurationSeconds": str(longest_s),
            "maxSilenceSeconds": str(silence_s),
            "terminateOn": ends_on,
            "ifExists": "fail",
        }
        await self._connection.request("POST", f"{self._path}/record", query)

    async def start_music(self, music_class: str = "") -> None:
        """Music on hold of a class; the channel's own where it is left out."""
        query = {"mohClass": music_class} if music_class else None
        await self._connection.request("POST", f"{self._path}/moh", query)

    async def stop_music(self) -> None:
        await self._connection.request("DELETE", f"{self._path}/moh")

    async def send_dtmf(self, digits: str) -> None:
        """Play digits to this channel's phone."""
        await self._connection.request("POST", f"{self._path}/dtmf", {"dtmf": digits})

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or write a function such as `CONNECTEDLINE(num)`."""
        await self._connection.request("POST", f"{self._path}/variable", {"variable": name, "value": value})

    async def variable(self, name: str) -> str:
        """The value of a channel variable or of a function. `Gone` also where there is no such variable."""
        answer = await self._connection.request("GET", f"{self._path}/variable", {"variable": name})
        return str(msgspec.json.decode(answer)["value"])

    async def has_sound(self) -> bool:
        """Whether the other side has said where its sound goes, by SDP, be it before an answer."""
        try:
            return bool(await self.variable("CHANNEL(rtp,dest)"))
        except SwitchFailed:
            return False  # there is no sound that the function could tell of

    async def sound_source(self) -> int:
        """Who sends what the switch receives (RTP's SSRC): another one begins to number packets anew."""
        answer = await self._connection.request("GET", f"{self._path}/rtp_statistics")
        return int(msgspec.json.decode(answer)["remote_ssrc"])

    async def report_transfer(self, progress: TransferProgress) -> None:
        """Tell the phone that sent REFER how it goes (NOTIFY, RFC 3515). The channel must be in Stasis."""
        await self._connection.request("POST", f"{self._path}/transfer_progress", {"states": progress})

    async def snoop(
        self, snoop_id: str, application: str, *, spy: Direction, whisper: Direction, arguments: str = ""
    ) -> None:
        """Make a channel `snoop_id` that hears (`spy`) and speaks into (`whisper`) this one. `in` is what
        comes from this channel's phone, `out` what goes to it. It must have had its StasisStart before use.
        """
        query = {"spy": spy, "whisper": whisper, "app": application}
        if arguments:
            query["appArgs"] = arguments
        await self._connection.request("POST", f"{self._path}/snoop/{snoop_id}", query)

    async def continue_in_dialplan(self, context: str, extension: str) -> None:
        query = {"context": context, "extension": extension, "priority": "1"}
        await self._connection.request("POST", f"{self._path}/continue", query)

    async def data(self) -> ChannelData:
        return msgspec.json.decode(await self._connection.request("GET", self._path), type=ChannelData)

    async def hang_up(self, reason: HangupReason = "normal", *, cause: int = 0) -> None:
        """`cause` (Q.850) wins over `reason`."""
        query = {"reason_code": str(cause)} if cause else {"reason": reason}
        await self._connection.request("DELETE", self._path, query)


class Bridge:
    __slots__ = ("_connection", "_path", "id")

    def __init__(self, connection: Connection, bridge_id: str) -> None:
        self._connection = connection
        self.id = bridge_id
        self._path = f"/bridges/{bridge_id}"

    async def create(self, kind: str = "mixing") -> None:
        await self._connection.request("POST", self._path, {"type": kind})

    async def add(self, *channel_ids: str, absorb_dtmf: bool = False) -> None:
        """Channels that are in another bridge leave that one. With `absorb_dtmf` the others do not hear the
        keys that these press; only a bridge of the kind `mixing,dtmf_events` tells of them then.

        What phones show is left as it is: the caller's channel would give the others its raw number.
        """
        query = {"channel": ",".join(channel_ids), "inhibitConnectedLineUpdates": "true"}
        if absorb_dtmf:
            query["absorbDTMF"] = "true"
        await self._connection.request("POST", f"{self._path}/addChannel", query)

    async def remove(self, *channel_ids: str) -> None:
        """They stay in the application, alone."""
        await self._connection.request(
            "POST", f"{self._path}/removeChannel", {"channel": ",".join(channel_ids)}
        )

    async def destroy(self) -> None:
        await self._connection.request("DELETE", self._path)


class Playback:
    __slots__ = ("_connection", "_path", "id")

    def __init__(self, connection: Connection, playback_id: str) -> None:
        self._connection = connection
        self.id = playback_id
        self._path = f"/playbacks/{playback_id}"

    async def stop(self) -> None:
        await self._connection.request("DELETE", self._path)


class SwitchRecording:
    """A recording by its name."""

    __slots__ = ("_connection", "name")

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    async def is_live(self) -> bool:
        """Whether it is being made now."""
        return await self._is_there("live")

    async def is_stored(self) -> bool:
        """Whether it has been made."""
        return await self._is_there("stored")

    async def _is_there(self, kind: str) -> bool:
        try:
            await self._connection.request("GET", f"/recordings/{kind}/{self.name}")
        except Gone:
            return False
        return True


class Application:
    """What the switch knows of our Stasis application, and everything that lives now."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    async def subscribe_to_what_we_use(self) -> None:
        allowed = [{"type": kind} for kind in WANTED]
        await self._connection.request(
            "PUT", f"/applications/{self.name}/eventFilter", None, {"allowed": allowed}
        )

    async def channel_ids(self) -> set[str]:
        """Ids of the channels that are in our application now or were handed to it before a reconnect."""
        answer = await self._connection.request("GET", f"/applications/{self.name}")
        return set(msgspec.json.decode(answer)["channel_ids"])

    async def channels(self) -> list[ChannelData]:
        return msgspec.json.decode(await self._connection.request("GET", "/channels"), type=list[ChannelData])

    async def bridges(self) -> list[BridgeData]:
        return msgspec.json.decode(await self._connection.request("GET", "/bridges"), type=list[BridgeData])

    async def ping(self) -> None:
        """A real round trip through Asterisk."""
        await self._connection.request("GET", "/asterisk/ping")

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Write one object of PJSIP (endpoint, auth, aor) into the switch's own store."""
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
        path = f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}"
        await self._connection.request("PUT", path, None, body)

    async def has_object(self, kind: str, name: str) -> bool:
        """Whether such an object of PJSIP is there."""
        try:
            await self._connection.request("GET", f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}")
        except Gone:
            return False
        return True

    async def delete_object(self, kind: str, name: str) -> None:
        await self._connection.request("DELETE", f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}")

    async def device_states(self) -> dict[str, str]:
        """The devices `Stasis:…` that we have set, and how: they survive a restart of the switch."""
        answer = await self._connection.request("GET", "/deviceStates")
        return {device["name"]: device["state"] for device in msgspec.json.decode(answer)}

    async def send_text(self, endpoint: str, *, sender: str, text: str) -> None:
        """Send a SIP MESSAGE to an endpoint, `PJSIP/romashka-101-desk`; `sender` is a SIP user name."""
        technology, _, name = endpoint.partition("/")
        query = {"from": f"{technology.lower()}:{sender}", "body": text}
        await self._connection.request("PUT", f"/endpoints/{technology}/{name}/sendMessage", query)

    async def endpoint_states(self, technology: str) -> dict[str, str]:
        """`online`, `offline` or `unknown` by endpoint: `PJSIP/romashka-101-desk`."""
        answer = await self._connection.request("GET", f"/endpoints/{technology}")
        return {f"{technology}/{one['resource']}": one["state"] for one in msgspec.json.decode(answer)}

    async def set_device_state(self, name: str, state: Literal["NOT_INUSE", "INUSE", "BUSY"]) -> None:
        """`name` begins with `Stasis:`; phones that watch it are told."""
        await self._connection.request("PUT", f"/deviceStates/{name}", {"deviceState": state})
