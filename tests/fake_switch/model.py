"""What lives in the scripted switch, and how Asterisk describes it in JSON."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    26: "Answered elsewhere",
    41: "Temporary failure",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}


def timestamp(milliseconds: int) -> str:
    """As in ARI: `2026-11-21T22:29:12.123+0000`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}+0000"


@dataclass(eq=False)
class Playback:
    id: str
    channel_id: str
    media: list[str]
    position: int = 0
    state: str = "queued"
    ends: asyncio.TimerHandle | None = None

    def json(self) -> Json:
        described = {"id": self.id, "media_uri": self.media[self.position]}
        if self.position + 1 < len(self.media):
            described["next_media_uri"] = self.media[self.position + 1]
        return described | {
            "target_uri": f"channel:{self.channel_id}",
            "language": "en",
            "state": self.state,
        }


@dataclass(eq=False)
class Recording:
    """`silence_s`: ends so long after the caller's last word; 0 is never."""

    name: str
    channel_id: str
    ends_on: str = ""
    silence_s: float = 0.0
    started_s: float = 0.0
    state: str = "recording"
    limit: asyncio.TimerHandle | None = None
    silence: asyncio.TimerHandle | None = None

    def json(self) -> Json:
        return {
            "name": self.name,
            "format": "wav",
            "state": self.state,
            "target_uri": f"channel:{self.channel_id}",
        }


@dataclass(eq=False)
class Refer:
    """A transfer that a phone asked for. `told`: the SIP status of the answer to its REFER, then of NOTIFYs.
    `replaced` is its own channel in the call that it wants to be replaced in.
    """

    destination: str
    protocol_id: str = ""
    replaced: "Channel | None" = None
    hangs_up_on: str = "success"
    told: list[int] = field(default_factory=list)
    open: bool = True


@dataclass(eq=False)
class Snoop:
    """What a snoop channel does with the channel it listens to. `in` is what comes from that one's phone."""

    channel: "Channel"
    spy: str
    whisper: str


@dataclass(eq=False)
class Bridge:
    id: str
    kind: str
    created_ms: int
    channels: list[str] = field(default_factory=list)
    members: "list[Channel]" = field(default_factory=list)
    absorbs: set[str] = field(default_factory=set)  # whose keys the others do not get

    @property
    def tells_keys(self) -> bool:
        """Two in a plain bridge talk past Asterisk's core, which then sees no key."""
        return "dtmf_events" in self.kind or len(self.channels) != 2

    def json(self) -> Json:
        return {
            "id": self.id,
            "technology": "simple_bridge",
            "bridge_type": self.kind.partition(",")[0],
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": "",
            "channels": list(self.channels),
            "creationtime": timestamp(self.created_ms),
            "video_mode": "talker",
        }


@dataclass(eq=False)
class Channel:
    """`in_stasis`: requests find it. `dying`: it has hung up, and Asterisk is about to notice everywhere.

    `music`, `tone` (the ringing tone after the answer) and a prompt take each other's place.
    """

    id: str
    name: str
    created_ms: int
    state: str = "Down"
    caller_name: str = ""
    caller_number: str = ""
    connected_name: str = ""
    connected_number: str = ""
    displays_sent: int = 0  # re-INVITEs that tell its phone a name and number
    displays_waiting: int = 0  # for its answer
    context: str = "from-trunk"
    extension: str = "s"
    application_data: str = ""
    endpoint: str = ""  # of a leg that we placed
    in_stasis: bool = False
    dying: bool = False
    dialled: bool = False
    hung_up_by_party: bool = False
    told_of_end: bool = False  # ChannelDestroyed comes to the application
    bridge: Bridge | None = None
    music: bool = False
    ringback: bool = False
    early: bool = False  # not answered, and its sound is agreed on: 183 or 180 with SDP
    tone: bool = False
    held: bool = False  # somebody in his bridge put him on hold
    holding: bool = False  # his phone wants to hear nothing
    holds_here: bool = False  # and the switch keeps what it sends from the others
    speaks_on_hold: bool = False  # no real phone does
    codec: str = "alaw"
    source: int = 1  # SSRC of what its phone sends
    muted: set[str] = field(default_factory=set)  # in: what he says; out: what he hears
    keys_heard: str = ""
    last_key_ms: int = 0
    refers: list[Refer] = field(default_factory=list)
    snoop: Snoop | None = None
    listeners: "list[Channel]" = field(default_factory=list)  # snoop channels on this one
    playbacks: deque[Playback] = field(default_factory=deque)
    recording: Recording | None = None
    talks_for_s: float = 1e9  # how long the caller speaks once he is recorded
    variables: dict[str, str] = field(default_factory=dict)
    answered_ms: int | None = None
    ended_ms: int | None = None
    end_cause: int = 0
    limit: asyncio.TimerHandle | None = None
    went_to: str = ""  # the dialplan place it was sent on to

    def show(self, function: str, value: str) -> None:
        """What `CONNECTEDLINE(num|name|all)` writes is on the phone's display; without the option `i` it is
        sent there, once the phone has answered.
        """
        what, _, option = function.removeprefix("CONNECTEDLINE(").removesuffix(")").partition(",")
        if not function.startswith("CONNECTEDLINE("):
            return
        if what in ("num", "all"):
            self.connected_number = value.rpartition("<")[2].rstrip(">")
        if what in ("name", "all"):
            self.connected_name = value.rpartition("<")[0].strip(' "') if what == "all" else value
        if option != "i" and self.state == "Up":
            self.displays_sent += 1
        elif option != "i":
            self.displays_waiting += 1

    @property
    def protocol_id(self) -> str:
        """The SIP Call-ID."""
        return f"sip-{self.id}"

    def json(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": self.protocol_id,
            "caller": {"name": self.caller_name, "number": self.caller_number},
            "connected": {"name": self.connected_name, "number": self.connected_number},
            "accountcode": "",
            "dialplan": {
                "context": self.went_to or self.context,
                "exten": self.extension,
                "priority": 2,
                "app_name": "Dial" if self.went_to else "Stasis",
                "app_data": self.application_data,
            },
            "creationtime": timestamp(self.created_ms),
            "language": "en",
        }
