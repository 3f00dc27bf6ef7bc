"""A scenario on the scripted switch, on virtual time: calls come in, their way is read back."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import ExitStack
from pathlib import Path

from engine.calls.call import Call
from engine.calls.lines import Lines
from engine.calls.mailboxes import Greetings, Mailboxes, NoGreetings, NoMailboxes
from engine.calls.previous import PreviousCalls
from engine.calls.services import Outside, Services
from engine.calls.switchboard import Switchboard
from engine.calls.tickets import LiveTickets
from engine.calls.web_services import NoWebServices, WebServices
from engine.directory.clients import Clients
from engine.directory.directory import Directory
from engine.directory.loader import load_tenant
from engine.directory.prompt_model import Prompt, SayPrompt, TextPrompt, parts
from engine.directory.prompts import PromptMissing
from engine.dropped_calls import DroppedCalls
from engine.journal.base import Value
from engine.journal.events import Entry, StepEntered, StepFailed, StepLeft, VariableSet, decode
from engine.journal.segments import list_segments
from engine.journal.spool import Spool
from engine.queues.queues import LiveQueues
from engine.reception import Reception
from engine.records.tickets import TicketNumbers
from engine.scenarios.check import check_scenario
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Scenario
from engine.scenarios.templates import fill
from engine.switch.ari.router import Router
from engine.switch.cel import ChannelEnd, ChannelHistory
from engine.switch.cel_search import find_ends, find_histories
from tests.fake_switch import FakeAmi, FakeAsterisk
from tests.fake_switch.callers import Caller
from tests.virtual_time import VirtualClock

NUMBER = "+74951234567"
TENANT = f"""\
tenant: acme
title: Acme
numbers: {{"{NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Anna}}, "102": {{name: Bob}}, "103": {{name: Eve, devices: [desk, web]}}}}
groups:
  sales: {{members: ["101", "102"]}}
  row: {{members: ["102", "103"], ring: sequence, timeout: 10s}}
  luck: {{members: ["102", "103"], ring: random, timeout: 10s}}
outgoing: {{trunk: city, number: "{NUMBER}"}}
"""
DESK, BOB, EVE, EVE_WEB = (f"PJSIP/acme-{name}" for name in ("101-desk", "102-desk", "103-desk", "103-web"))


class Media:
    """A prompt's name, or its text, is the name of its media; a value's is `say:KIND:VALUE`. `lost` are gone
    from the disk.
    """

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.languages: set[str] = set()

    async def media(
        self,
        tenant: str,
        language: str,
        prompt: Prompt,
        variables: Mapping[str, Value],
        takes: Mapping[str, str] | None = None,
    ) -> list[str]:
        self.languages.add(language)
        found = []
        for part in parts(prompt):
            if isinstance(part, SayPrompt):
                found.append(f"say:{part.say}:{fill(str(part.value), variables)}")
                continue
            name = part.text if isinstance(part, TextPrompt) else part
            if name in self.lost:
                raise PromptMissing(f"{tenant}: the prompt {name!r} has not been made")
            found.append(f"sound:{name}")
        return found

    def expect(
        self, tenant: str, language: str, texts: Iterable[TextPrompt], variables: Mapping[str, Value]
    ) -> None:
        pass


class OneScenario:
    """The library of one tenant and his only scenario."""

    def __init__(self, folder: Path, scenario: str, tenant_text: str) -> None:
        (folder / "acme").mkdir()
        (folder / "acme.yaml").write_text(tenant_text)
        path = folder / "acme" / "main.yaml"
        path.write_text(f"scenario: main\n{scenario}")
        tenant = load_tenant(folder / "acme.yaml")
        read = load_scenario(path)
        # Prompts have no files here; a loop that the check would find is one that the runner must stop.
        wrong = [
            str(one)
            for one in check_scenario(read, tenant.tenant)
            if one.severity == "error" and one.code not in ("unknown-prompt", "endless-loop")
        ]
        assert not wrong, wrong
        assert tenant.tenant is not None
        self._scenario = read.scenario
        self.directory = Directory.of([tenant.tenant])

    def find(self, tenant: str, name: str) -> Scenario | None:
        return self._scenario

    def version(self, version: str) -> Scenario | None:
        return self._scenario


class Stage:
    """`async with Stage(steps) as stage`. Telephones ring for ever until told otherwise."""

    def __init__(self, scenario: str, tenant: str = TENANT) -> None:
        self._scenario, self._tenant = scenario, tenant
        self._stack = ExitStack()
        self.clock = VirtualClock()
        self.switch = FakeAsterisk(self.clock)
        self.ami = FakeAmi(self.switch)
        self.media = Media()
        self.web_services: WebServices = NoWebServices()
        self.mailboxes: Mailboxes = NoMailboxes()
        self.greetings: Greetings = NoGreetings()
        self.clients = Clients()
        self.previous = PreviousCalls()
        for endpoint in (DESK, BOB, EVE, EVE_WEB):
            self.switch.phone(endpoint)

    async def __aenter__(self) -> "Stage":
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._library = OneScenario(self._folder, self._scenario, self._tenant)
        await self._start()
        return self

    async def __aexit__(self, *error: object) -> None:
        try:
            await self._stop()
            self.switch.close()
        finally:
            self._stack.close()

    async def restart_engine(self) -> None:
        """Killed and started again over the same spool."""
        await self._stop()
        await self._start()

    async def stop_engine(self) -> None:
        """Killed, until `start_engine`."""
        await self._stop()

    async def start_engine(self) -> None:
        await self._start()

    async def passes(self, seconds: float) -> None:
        """So much virtual time."""
        await asyncio.sleep(seconds)

    async def _start(self) -> None:
        self.tickets = LiveTickets(TicketNumbers(self._folder / "tickets"))
        self._router = Router(on_stranger=lambda event: self._switchboard.on_stranger(event))
        connection = self.switch.connect(self._router.route)
        self._spool = Spool(self._folder / "journal", "engine", self.clock)
        queues = LiveQueues(lambda: self._library.directory, now=self.clock.wall_ms)
        reception = Reception(self._library, "cell1", clients=self.clients)  # type: ignore[arg-type]
        dropped = DroppedCalls(reception, Lines(), queues, self._spool, self.clock, "cell1")
        services = Services(
            connection=connection,
            router=self._router,
            spool=self._spool,
            clock=self.clock,
            mixmonitor=self.ami,
            prompts=self.media,
            raw_recordings="/raw",
            outside=Outside(
                web_services=self.web_services,
                tickets=self.tickets,
                queues=queues,
                mailboxes=self.mailboxes,
                greetings=self.greetings,
                clients=self.clients,
                previous=self.previous,
                dice=random.Random(0),  # as the simulator's, where no other is asked for
            ),
            observer=queues,
            endings=dropped,
        )
        self._switchboard = Switchboard(services, reception, self._find_histories, self._find_ends)
        dropped.attach(self._switchboard)
        self._spool.open()
        dropped.load()
        await self._switchboard.on_connected()
        dropped.resume()

    async def _stop(self) -> None:
        self.switch.drop_connection()
        await self._switchboard.stop()
        await self._spool.close()

    def _log(self) -> Path:
        path = self._folder / "events.jsonl"
        path.write_bytes(self.switch.event_log.bytes())
        return path

    def _find_histories(self, channels: Set[str], since: int) -> dict[str, ChannelHistory]:
        return find_histories(self._log(), channels, since)

    def _find_ends(self, channels: Set[str]) -> dict[str, ChannelEnd]:
        return find_ends(self._log(), channels)

    @property
    def calls(self) -> Mapping[str, Call]:
        """Those that live, by id."""
        return self._switchboard.calls

    def call(self, caller: str = "+79031112233") -> Caller:
        return self.switch.incoming(NUMBER, caller)

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> float:
        """Virtual seconds until the condition held."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began < seconds, "it did not come"
            await asyncio.sleep(0.01)
        return loop.time() - began

    async def hears(self, caller: Caller, media: str) -> float:
        """Virtual seconds until he hears that media."""
        return await self.until(lambda: caller.hears_media == media)

    async def ended(self, caller: Caller) -> list[Entry]:
        """The whole journal of his call, which has to end within a virtual five minutes."""
        await self.until(lambda: caller.gone and not self._switchboard.calls, 300)
        await self._spool.sync()
        return self.journal(caller)

    def journal(self, caller: Caller) -> list[Entry]:
        entries: dict[int, Entry] = {}
        for segment in list_segments(self._folder / "journal", "engine"):
            for line in segment.path.read_bytes().splitlines():
                entry = decode(line)
                if entry.call_id == caller.id:
                    entries[entry.seq] = entry
        return list(entries.values())


def way(entries: list[Entry]) -> list[str]:
    """`step exit` of every step left, `step !` of every step that failed."""
    found = []
    for entry in entries:
        if isinstance(entry.event, StepLeft):
            found.append(f"{entry.event.step} {entry.event.exit}")
        elif isinstance(entry.event, StepFailed):
            found.append(f"{entry.event.step} !")
    return found


def attempts(entries: list[Entry], step: str) -> list[int]:
    """Attempts with which the step was entered."""
    entered = (entry.event for entry in entries if isinstance(entry.event, StepEntered))
    return [event.attempt for event in entered if event.step == step]


def failures(entries: list[Entry]) -> list[str]:
    return [entry.event.cause for entry in entries if isinstance(entry.event, StepFailed)]


def variables(entries: list[Entry]) -> dict[str, Value]:
    """Variables as they were at the end."""
    return {event.name: event.value for entry in entries if isinstance(event := entry.event, VariableSet)}
