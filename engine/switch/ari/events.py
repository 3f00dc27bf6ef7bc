"""What Asterisk tells us, as msgspec structs with just the fields that are used.

The event names and fields are those of `rest-api/events.json` in the Asterisk package.
"""

from datetime import datetime

import msgspec


def milliseconds(timestamp: str) -> int:
    """UTC milliseconds of an ARI timestamp such as `2026-11-21T22:29:12.123+0000`."""
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


class CallerId(msgspec.Struct, frozen=True):
    name: str = ""
    number: str = ""


class DialplanPlace(msgspec.Struct, frozen=True):
    context: str = ""
    exten: str = ""
    app_name: str = ""  # what it runs now: Stasis, Dial, …


class ChannelData(msgspec.Struct, frozen=True):
    """A channel as events and `GET /channels` describe it. `state` is Down, Ring, Ringing, Up, …"""

    id: str
    name: str
    state: str
    creationtime: str = ""
    caller: CallerId = CallerId()
    dialplan: DialplanPlace = DialplanPlace()


class BridgeData(msgspec.Struct, frozen=True):
    id: str
    channels: list[str] = []


class PlaybackData(msgspec.Struct, frozen=True):
    id: str
    target_uri: str
    state: str = ""


class _Event(msgspec.Struct, frozen=True, tag_field="type"):
    timestamp: str


class _ChannelEvent(_Event, frozen=True):
    channel: ChannelData


class StasisStart(_ChannelEvent, frozen=True, tag="StasisStart"):
    """`replace_channel` is there where an INVITE with Replaces (RFC 3891) takes that channel's place."""

    args: list[str]
    replace_channel: ChannelData | None = None


class StasisEnd(_ChannelEvent, frozen=True, tag="StasisEnd"):
    pass


class ChannelStateChange(_ChannelEvent, frozen=True, tag="ChannelStateChange"):
    pass


class ChannelHangupRequest(_ChannelEvent, frozen=True, tag="ChannelHangupRequest"):
    cause: int = 0


class ChannelDestroyed(_ChannelEvent, frozen=True, tag="ChannelDestroyed"):
    cause: int = 0


class ChannelDial(_Event, frozen=True, tag="Dial"):
    """How dialling gets on: `dialstatus` is RINGING, PROGRESS (183: the network answers), ANSWER …"""

    peer: ChannelData
    dialstatus: str = ""

    @property
    def channel(self) -> ChannelData:
        return self.peer


class ChannelDtmfReceived(_ChannelEvent, frozen=True, tag="ChannelDtmfReceived"):
    """The key has been let go of."""

    digit: str
    duration_ms: int = 0  # how long it was pressed


class ChannelEnteredBridge(_ChannelEvent, frozen=True, tag="ChannelEnteredBridge"):
    bridge: BridgeData


class ChannelLeftBridge(_ChannelEvent, frozen=True, tag="ChannelLeftBridge"):
    bridge: BridgeData


class ChannelHold(_ChannelEvent, frozen=True, tag="ChannelHold"):
    """The phone put the other side on hold; the switch plays music to that."""


class ChannelUnhold(_ChannelEvent, frozen=True, tag="ChannelUnhold"):
    pass


class WantedDestination(msgspec.Struct, frozen=True):
    """`destination` is the user part of Refer-To; empty where a call is to be replaced."""

    destination: str = ""
    protocol_id: str = ""  # the SIP Call-ID to be replaced


class ReferTo(msgspec.Struct, frozen=True):
    """`destination_channel` is the sender's own channel in the call that he wants to be replaced in."""

    requested_destination: WantedDestination
    destination_channel: ChannelData | None = None
    connected_channel: ChannelData | None = None


class ReferredBy(msgspec.Struct, frozen=True):
    source_channel: ChannelData


class ChannelTransfer(_Event, frozen=True, tag="ChannelTransfer"):
    """A phone sent REFER (RFC 3515): blind, or with Replaces. The application does the work and tells how it
    goes by `Channel.report_transfer`.
    """

    refer_to: ReferTo
    referred_by: ReferredBy
    state: str = ""  # set where it only repeats what we have reported of an earlier one

    @property
    def channel(self) -> ChannelData:
        """Whose phone asked."""
        return self.referred_by.source_channel


class PlaybackFinished(_Event, frozen=True, tag="PlaybackFinished"):
    playback: PlaybackData


class RecordingData(msgspec.Struct, frozen=True):
    """`talking_duration` and `silence_duration` are there where silence was to end it; whole seconds."""

    name: str
    target_uri: str = ""
    duration: int | None = None
    talking_duration: int | None = None


class RecordingStarted(_Event, frozen=True, tag="RecordingStarted"):
    recording: RecordingData


class RecordingFinished(_Event, frozen=True, tag="RecordingFinished"):
    recording: RecordingData


class RecordingFailed(_Event, frozen=True, tag="RecordingFailed"):
    recording: RecordingData


class ApplicationReplaced(_Event, frozen=True, tag="ApplicationReplaced"):
    """Another engine connected with our application's name: it owns the calls from now on."""


class RestResponse(msgspec.Struct, frozen=True, tag_field="type", tag="RESTResponse"):
    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


ChannelEvent = (
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | ChannelHangupRequest
    | ChannelDestroyed
    | ChannelDial
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelLeftBridge
    | ChannelHold
    | ChannelUnhold
    | ChannelTransfer
)
RecordingEvent = RecordingStarted | RecordingFinished | RecordingFailed
# All that a call hears of.
CallEvent = ChannelEvent | PlaybackFinished | RecordingEvent
SwitchEvent = CallEvent | ApplicationReplaced
# What we ask Asterisk to send; each channel's end alone would bring five ChannelVarset otherwise.
WANTED = [
    "StasisStart",
    "StasisEnd",
    "ChannelStateChange",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "Dial",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelTransfer",
    "PlaybackFinished",
    "RecordingStarted",
    "RecordingFinished",
    "RecordingFailed",
    "ApplicationReplaced",
    "RESTResponse",  # the filter stops the answers to our requests too
]


class _AnyMessage(msgspec.Struct, frozen=True):
    type: str


_decoder: msgspec.json.Decoder[SwitchEvent | RestResponse] = msgspec.json.Decoder(SwitchEvent | RestResponse)
_kind_decoder = msgspec.json.Decoder(_AnyMessage)


def decode(data: bytes | str) -> SwitchEvent | RestResponse | None:
    """None for a kind of message that we do not use. Raises `msgspec.DecodeError` for no ARI message."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        if _kind_decoder.decode(data).type in WANTED:
            raise
        return None
