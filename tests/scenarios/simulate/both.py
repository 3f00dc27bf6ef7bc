"""One call twice: on the scripted switch and in the simulator, with the same caller and the same people."""

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from engine.calls.message import BEEP
from engine.calls.web_services import WebAnswer, WebRequest
from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.journal.base import Value
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from engine.scenarios.model import Scenario
from engine.scenarios.simulate.journey import Journey
from engine.scenarios.simulate.keys import Act
from engine.scenarios.simulate.message import BEEP_S
from engine.scenarios.simulate.outside import Answer, GivenAnswers
from engine.scenarios.simulate.people import Behaviour, People
from engine.scenarios.simulate.run import simulate
from engine.scenarios.simulate.setting import HangsUp, Setting
from engine.scenarios.simulate.sound import Piece, Sound
from tests.fake_switch.callers import Caller
from tests.fake_switch.phones import Phone
from tests.scenarios.on_switch import NUMBER, Media, OneScenario, Stage, variables, way
from tests.virtual_time import START_MS, run

STRANGER = "+79031112233"
OUTSIDE = "+79161234567"


@dataclass(frozen=True)
class Deed:
    """What the caller does, `at` seconds after the call began: a key, or `h`."""

    at: float
    key: str


@dataclass(frozen=True)
class World:
    """Both calls' surroundings. Telephones answer after `answers_after` seconds, talks last `talk`."""

    deeds: tuple[Deed, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    hangs_up: HangsUp = "operator"
    message: float = 10.0
    answers: Mapping[str, Answer] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    caller: str = STRANGER
    answers_after: float = 3.0
    talk: float = 7.0


@dataclass(frozen=True)
class Seen:
    """What came of a call, comparable."""

    way: tuple[str, ...]
    variables: Mapping[str, Value]
    heard: tuple[str, ...]
    disposition: str
    ended_by: str
    operator: str | None
    cause: int


class SameSound(Sound):
    """Names and lengths as the scripted switch has them."""

    def __init__(self, lengths: Mapping[str, float], stretch: float) -> None:
        super().__init__(Path())
        self._stretch = stretch
        self._known = lengths
        self._media = Media()

    def pieces(self, language: str, prompt: Prompt, variables: Mapping[str, Value]) -> Iterator[Piece]:
        for uri in _done(self._media.media("acme", language, prompt, variables)):
            yield Piece(uri, "", self._stretch * self._known.get(uri, 1.0), False)


def simulated(steps: str, tenant: str, world: World, stretch: float = 1.0) -> tuple[Seen, Journey]:
    """In the simulator; prompts are `stretch` times as long as they are."""
    whose, scenario = _files(steps, tenant)
    acts: list[Act] = []
    before = 0.0
    for deed in world.deeds:
        acts.append(Act(deed.key, "last key" if acts else "start", deed.at - before))
        before = deed.at
    setting = Setting(
        at=START_MS,
        caller=world.caller,
        number=NUMBER,
        acts=tuple(acts),
        people=People(
            {who: (Behaviour(what),) for who, what in world.people.items()},  # type: ignore[arg-type]
            world.answers_after,
        ),
        talk=world.talk,
        hangs_up=world.hangs_up,
        message=world.message,
        answers=world.answers,
    )
    journey = simulate(whose, scenario, setting, SameSound(world.lengths, stretch))
    assert not journey.cut, journey.cut
    taken = [f"{one.step} {'!' if one.failed else one.exit}" for one in journey.steps if one.exit is not None]
    heard = [moment.text for one in journey.steps for moment in one.moments if moment.kind == "heard"]
    return _seen(taken, journey.variables, heard, journey.record), journey


def on_switch(steps: str, tenant: str, world: World) -> Seen:
    """On the scripted switch."""

    async def scene() -> Seen:
        stage = Stage(steps, tenant)
        stage.web_services = _Answers(world.answers)
        stage.switch.media.update({BEEP: BEEP_S, **world.lengths})
        async with stage:
            _script(stage, _files(steps, tenant)[0], world)
            caller = stage.call(world.caller)
            caller.channel.talks_for_s = world.message
            loop = asyncio.get_running_loop()
            tasks = {loop.create_task(_does(caller, world.deeds)), loop.create_task(_tires(caller, world))}
            while not caller.gone:
                await asyncio.sleep(0.25)
                assert loop.time() < 3600, "it did not end"
            entries = await stage.ended(caller)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            record = derive_call(entries)
            assert record is not None
            return _seen(way(entries), variables(entries), _heard(stage), record)

    return run(scene())


class _Answers:
    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers

    async def ask(self, request: WebRequest) -> WebAnswer:
        given = GivenAnswers(self._answers, lambda: str(request.body["step"]), lambda text: None)
        return await given.ask(request)


def _script(stage: Stage, tenant: Tenant, world: World) -> None:
    for extension, user in tenant.users.items():
        for index, endpoint in enumerate(user.endpoints()):
            _behave(stage.switch.phone(endpoint), world.people.get(extension, "answers"), index, world)
    assert tenant.outgoing is not None
    outside = stage.switch.phone(f"PJSIP/{OUTSIDE}@{tenant.outgoing.trunk}")
    _behave(outside, world.people.get(OUTSIDE, "answers"), 0, world)


def _behave(phone: Phone, what: str, index: int, world: World) -> None:
    if what == "busy":
        phone.busy()
    elif what == "unavailable":
        phone.unregistered()
    elif what == "answers" and index == 0:
        phone.answers(world.answers_after)
        if world.hangs_up == "operator":
            phone.hangs_up(world.talk)
    else:
        phone.no_answer()


async def _does(caller: Caller, deeds: Sequence[Deed]) -> None:
    began = asyncio.get_running_loop().time()
    for deed in deeds:
        await asyncio.sleep(began + deed.at - asyncio.get_running_loop().time())
        if deed.key == "h":
            caller.hang_up()
        else:
            caller.press(deed.key)


async def _tires(caller: Caller, world: World) -> None:
    """Hangs up after so much talk, if it is the caller who does."""
    while world.hangs_up == "caller" and not caller.gone:
        if caller.hears == "talk":
            await asyncio.sleep(world.talk)
            caller.hang_up()
        await asyncio.sleep(0.1)


def _heard(stage: Stage) -> list[str]:
    begun = (event for event in stage.switch.history if event["type"] == "PlaybackStarted")
    played = (event["playback"]["media_uri"] for event in begun)
    return [uri for uri in played if uri != BEEP]


def _seen(taken: Sequence[str], known: Mapping[str, Value], heard: Sequence[str], record: CallRecord) -> Seen:
    return Seen(
        tuple(taken),
        {
            name: value
            for name, value in known.items()
            if not name.startswith(("caller.", "call."))
            and name not in ("number", "language")
            # Whom nothing is known of has empty ones from the beginning, which nobody journals.
            and not (name.startswith("client.") and value == "")
        },
        tuple(heard),
        record.disposition,
        record.ended_by,
        record.operator,
        record.hangup_cause if record.ended_by == "engine" else 0,
    )


@cache
def _files(steps: str, tenant: str) -> tuple[Tenant, Scenario]:
    with tempfile.TemporaryDirectory() as folder:
        one = OneScenario(Path(folder), steps, tenant)
        whose, scenario = one.directory.tenant("acme"), one.find("acme", "main")
    assert whose is not None
    assert scenario is not None
    return whose, scenario


def _done(work: Coroutine[Any, Any, list[str]]) -> list[str]:
    """The result of what never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        found: list[str] = end.value
        return found
    raise AssertionError("it waits")
