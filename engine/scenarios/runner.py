"""Walking a call through a scenario: steps, exits, error roads, the end."""

from __future__ import annotations

from typing import NoReturn, Protocol

from engine.calls.errors import Redirected
from engine.journal.events import ScenarioCompleted, StepFailed, StepLeft
from engine.scenarios.conversation import Conversation
from engine.scenarios.model import APOLOGY, DESK, END, SORRY, Scenario, StepModel
from engine.scenarios.roads import find_road
from engine.scenarios.steps.menu import MenuStep
from engine.switch.errors import SwitchAway

SECOND_THOUGHT_S = 1.0
TEMPORARY_FAILURE = 41  # Q.850
# More steps than this with neither a second passed nor an act of the caller is a loop.
_MOST_STEPS_AT_ONCE = 50
# The roads' prompts, which the prompt library has in every language.
ROAD_PROMPTS = ("unavailable", "try-later")


class Walker(Conversation, Protocol):
    """What the runner uses of a call beside what steps do."""

    @property
    def talking_with(self) -> object | None:
        """Whoever talks with the caller, None while he is alone."""

    @property
    def transferred_from(self) -> str:
        """The step that a transfer took the call away from; empty where there was none."""

    def enter_step(self, step: str, step_type: str, *, attempt: int = 1) -> None:
        """The call has come to a step."""


class ScenarioLoop(Exception):
    """Steps lead to one another without end."""


async def run_scenario(call: Walker, scenario: Scenario | None, *, start: str | None = None) -> NoReturn:
    """Run a scenario to its end, which is always a hangup.

    `start` is where a recovered call goes on: that step from its prompt, its attempts kept. With no
    scenario the tenant's desk rings. Raises what ends a call (`CallOver`), and any error met while people
    talk.
    """
    name = start or (scenario.start if scenario else DESK)
    attempt = call.attempt() if start else 1
    if scenario and scenario.language and not start:
        call.set_variable("language", scenario.language)
    guard = _LoopGuard()
    while True:
        if name == END:
            await call.hang_up(TEMPORARY_FAILURE)
        step = _find(call, scenario, name)
        if step is None:
            name = _fail(call, name, f"there is no step {name}", None)
            continue
        call.enter_step(name, step.kind, attempt=attempt)
        attempt = 1
        try:
            guard.step(name, call.seconds())
            taken = await step.run(call)
        except Redirected as elsewhere:
            call.journal(StepLeft(name, "transferred"))
            guard.reset()  # somebody did that
            name = elsewhere.step
            continue
        except Exception as error:
            if isinstance(error, SwitchAway):
                # Without a connection we are detached in a moment; else one request was too slow.
                await call.pause(SECOND_THOUGHT_S)
            if call.talking_with is not None:
                # The error road is for a caller who is alone; people who talk go on talking.
                raise
            name = _fail(call, name, str(error) or type(error).__name__, step, error)
            continue
        call.journal(StepLeft(name, taken))
        if step.caller_acted(taken):
            guard.reset()
        target = _target(name, step, taken)
        if target is None and taken == "after" and name.startswith("@"):
            # The talk was over after a transfer: what follows is what would have followed without one.
            target = _after(call, scenario)
        if target is None:
            if step.completes or taken == "next":
                call.journal(ScenarioCompleted())
            await call.hang_up(getattr(step, "cause", 16))
        name = target


def _after(call: Walker, scenario: Scenario | None) -> str | None:
    origin = _find(call, scenario, call.transferred_from) if call.transferred_from else None
    return _target(call.transferred_from, origin, "after") if origin is not None else None


def _target(name: str, step: StepModel, taken: str) -> str | None:
    if taken.startswith("extension "):
        return f"{name}/{taken.removeprefix('extension ')}"
    return next((one.target for one in step.exits() if one.name == taken), None)


def _find(call: Walker, scenario: Scenario | None, name: str) -> StepModel | None:
    """A step of the file, a road that needs none, or `MENU/EXTENSION`: the ring of a dialled extension."""
    if name.startswith("@"):
        return find_road(call.tenant, name)
    if scenario is None:
        return None
    menu, _, extension = name.partition("/")
    step = scenario.steps.get(menu)
    if not extension:
        return step
    return step.ring_extension(extension) if isinstance(step, MenuStep) else None


def _fail(call: Walker, name: str, cause: str, step: StepModel | None, error: Exception | None = None) -> str:
    """Journal a step's failure; where the call goes instead: never to silence."""
    call.journal(StepFailed(name, cause))
    call.log.error("step.failed", step=name, cause=cause, exc_info=error)
    if name in (APOLOGY, SORRY):
        return END
    if name == DESK:
        return APOLOGY
    if step is not None and step.on_error and not isinstance(error, ScenarioLoop):
        return step.on_error
    return DESK if step is None else step.error_road


class _LoopGuard:
    """Counts steps since a second passed or the caller did something."""

    def __init__(self) -> None:
        self._since = 0.0
        self._steps = 0

    def reset(self) -> None:
        self._steps = 0

    def step(self, name: str, now: float) -> None:
        if now - self._since >= 1.0:
            self._since, self._steps = now, 0
        self._steps += 1
        if self._steps > _MOST_STEPS_AT_ONCE and not name.startswith("@"):
            raise ScenarioLoop(f"{_MOST_STEPS_AT_ONCE} steps without a second passing or a key: a loop")
