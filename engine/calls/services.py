"""What every call needs from outside: the switch, the journal, the clock, the recorder."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from engine.calls.attendance import Attendance, NoAttendance
from engine.calls.callbacks import Callbacks, NoCallbacks
from engine.calls.exchange import Exchange
from engine.calls.lines import Lines
from engine.calls.mailboxes import Greetings, Mailboxes, NoGreetings, NoMailboxes
from engine.calls.names import CallerNames
from engine.calls.previous import PreviousCalls
from engine.calls.queueing import CallObserver, NoQueues, Queues, Unobserved
from engine.calls.tickets import NoTickets, Tickets
from engine.calls.web_services import NoWebServices, WebServices
from engine.clock import Clock
from engine.directory.clients import Clients
from engine.directory.prompt_model import Prompt, TextPrompt
from engine.directory.user_settings import UserSettings, nothing_set
from engine.journal.base import Value
from engine.journal.spool import Spool
from engine.switch.ari.connection import Connection
from engine.switch.ari.router import Router
from engine.switch.music import music_class

if TYPE_CHECKING:
    from engine.calls.call import Call

APPLICATION = "vats"
LONGEST_CALL_S = 7200
# Playback ids go round, so that whoever adopts a call knows which may still be playing.
PLAYBACK_IDS = 4


def playback_id(call_id: str, number: int) -> str:
    return f"{call_id}.play.{number % PLAYBACK_IDS}"


class Prompts(Protocol):
    """Media for prompts, made before the scenario went live where they hold nothing of the call."""

    async def media(
        self,
        tenant: str,
        language: str,
        prompt: Prompt,
        variables: Mapping[str, Value],
        takes: Mapping[str, str] | None = None,
    ) -> list[str]: ...

    def expect(
        self, tenant: str, language: str, texts: Iterable[TextPrompt], variables: Mapping[str, Value]
    ) -> None:
        """A call has begun that may hear these texts: those that its variables fill may be spoken already."""


class MixMonitor(Protocol):
    """The switch's recorder: two files in step, what the channel sends and what it is sent."""

    async def start_mixmonitor(self, channel_name: str, receive_file: str, transmit_file: str) -> None: ...

    async def stop_mixmonitor(self, channel_name: str) -> None: ...

    async def mute_mixmonitor(self, channel_name: str, muted: bool) -> None:
        """While muted, both files go on with silence."""


class Music(Protocol):
    """Which music on hold the switch has."""

    def class_for(self, tenant: str, queue: str = "") -> str | None:
        """What the switch calls the music of this tenant's queue, else the tenant's; None where it is known
        that nothing would be heard.
        """


class TenantMusic:
    """Where nobody knows what the switch has: a class for each tenant."""

    def class_for(self, tenant: str, queue: str = "") -> str | None:
        return music_class(tenant)


@dataclass(frozen=True)
class Outside:
    """What steps use beside the call itself: one object for all calls."""

    tickets: Tickets = field(default_factory=NoTickets)
    previous: PreviousCalls = field(default_factory=PreviousCalls)
    clients: Clients = field(default_factory=Clients)
    web_services: WebServices = field(default_factory=NoWebServices)
    queues: Queues = field(default_factory=NoQueues)
    callbacks: Callbacks = field(default_factory=NoCallbacks)
    attendance: Attendance = field(default_factory=NoAttendance)
    mailboxes: Mailboxes = field(default_factory=NoMailboxes)
    greetings: Greetings = field(default_factory=NoGreetings)
    lines: Lines = field(default_factory=Lines)
    names: CallerNames = field(default_factory=CallerNames)
    user_settings: UserSettings = field(default_factory=nothing_set)
    dice: random.Random = field(default_factory=random.Random)  # in which order chance lets people ring


class Endings(Protocol):
    """Told of calls that end; does not wait. What it raises is logged."""

    def ending(self, call: Call) -> None:
        """Its end is certain; its legs are still there."""

    def ended(self, call: Call) -> None:
        """Nothing of it is left."""


class NobodyAsks:
    """Where nobody wants to know."""

    def ending(self, call: Call) -> None:
        return

    def ended(self, call: Call) -> None:
        return


@dataclass(frozen=True)
class Services:
    connection: Connection
    router: Router
    spool: Spool
    clock: Clock
    mixmonitor: MixMonitor
    prompts: Prompts
    raw_recordings: str  # folder, as Asterisk sees it
    outside: Outside = Outside()
    observer: CallObserver = field(default_factory=Unobserved)
    exchange: Exchange = field(default_factory=Exchange)
    endings: Endings = field(default_factory=NobodyAsks)
    parking_changed: Callable[[], None] = lambda: None  # somebody is parked, or no longer
    music: Music = field(default_factory=TenantMusic)
    longest_call_s: int = LONGEST_CALL_S

    def of_every_channel(self, tenant: str) -> dict[str, str]:
        """Variables of a channel that we make for a call of this tenant. The dialplan sets them for those
        that come in.
        """
        return {
            "PJSIP_TRANSFER_HANDLING()": "ari-only",  # a REFER of his phone is ours to see to
            "CHANNEL(musicclass)": music_class(tenant),  # should the other side hold him
            "TIMEOUT(absolute)": str(self.longest_call_s),  # kept by the switch, also with no engine
        }
