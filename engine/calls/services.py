"""What every call needs from outside: the switch, the journal, the clock, the recorder."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.calls.errors import StepError
from engine.calls.exchange import Exchange
from engine.calls.lines import Lines
from engine.calls.mailboxes import Greetings, Mailboxes, NoGreetings, NoMailboxes
from engine.calls.names import CallerNames
from engine.calls.previous import PreviousCalls
from engine.calls.queueing import CallObserver, NoQueues, Queues, Unobserved
from engine.calls.web_services import NoWebServices, WebServices
from engine.clock import Clock
from engine.directory.prompt_model import Prompt, TextPrompt
from engine.directory.user_settings import UserSettings, nothing_set
from engine.journal.events import Value
from engine.journal.spool import Spool
from engine.switch.ari.connection import Connection
from engine.switch.ari.router import Router

APPLICATION = "vats"
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


class Tickets(Protocol):
    """New ticket numbers."""

    async def open(self, tenant: str) -> str:
        """Raises `OSError` or `ValueError` where there is none."""


class NoTickets:
    """Where nothing was set up to give numbers."""

    async def open(self, tenant: str) -> str:
        raise StepError("there is nothing that gives ticket numbers")


@dataclass(frozen=True)
class Outside:
    """What steps use beside the call itself: one object for all calls."""

    tickets: Tickets = field(default_factory=NoTickets)
    previous: PreviousCalls = field(default_factory=PreviousCalls)
    web_services: WebServices = field(default_factory=NoWebServices)
    queues: Queues = field(default_factory=NoQueues)
    mailboxes: Mailboxes = field(default_factory=NoMailboxes)
    greetings: Greetings = field(default_factory=NoGreetings)
    lines: Lines = field(default_factory=Lines)
    names: CallerNames = field(default_factory=CallerNames)
    user_settings: UserSettings = field(default_factory=nothing_set)
    dice: random.Random = field(default_factory=random.Random)  # in which order chance lets people ring


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
    parking_changed: Callable[[], None] = lambda: None  # somebody is parked, or no longer
