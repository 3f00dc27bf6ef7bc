"""`@resumed/OPERATOR/NUMBER`: a talk was cut off, and whoever was rung first is on the line again (F32)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from engine.calls.outgoing import stage_outside
from engine.calls.people import people_of
from engine.calls.plan import Plan, Stage, Way
from engine.directory.numbering import Dialled
from engine.directory.prompt_model import Prompt
from engine.scenarios.model import APOLOGY, DESK, Exit, StepModel

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

TO_OPERATOR, TO_CALLER, NOT_REACHED = "resumed-operator", "resumed-caller", "callback-not-reached"
RING_SECONDS = 25.0
RESUMED_PROMPTS: tuple[Prompt, ...] = (TO_OPERATOR, TO_CALLER, NOT_REACHED)


class ResumedRoad(StepModel):
    """The operator hears what it is about and the caller is rung; or the caller hears it, and the operator
    is rung, then the desk.
    """

    error_road: ClassVar[str] = APOLOGY

    type: Literal["resumed"] = "resumed"
    operator: str
    number: str

    def exits(self) -> list[Exit]:
        return [Exit("after", None), Exit("done", None), Exit("on_no_answer", DESK)]

    async def run(self, call: Conversation) -> str:
        wait = call.tenant.ring_back.wait if call.tenant.ring_back else RING_SECONDS
        if call.party_user:
            return await self._ring_caller(call, wait)
        return await self._ring_operator(call, wait)

    async def _ring_caller(self, call: Conversation, wait: float) -> str:
        if not call.adopted:
            await call.play(TO_OPERATOR)
        destination = Dialled("outside", self.number)
        stage = stage_outside(call.outside.lines, call.tenant, destination)
        result = await call.reach(Plan((Way(_told(stage)),) if stage else (), wait))
        call.forget_digits()
        if result.outcome == "talked":
            call.set_variable("operator", self.operator)
            return "after"
        await call.play(NOT_REACHED)
        return "done"

    async def _ring_operator(self, call: Conversation, wait: float) -> str:
        if not call.adopted:
            await call.play(TO_CALLER)
        result = await call.reach(people_of(call).plan([self.operator], wait))
        call.forget_digits()
        if result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        return "on_no_answer"


def resumed(argument: str) -> ResumedRoad:
    """`OPERATOR/NUMBER`; a secretary's name has a stroke in it."""
    operator, _, number = argument.rpartition("/")
    return ResumedRoad(operator=operator, number=number)


def _told(stage: Stage) -> Stage:
    """The same; whoever answers hears first why he is rung."""

    def telling(one: Stage) -> Stage:
        return replace(one, targets=tuple(replace(target, told=TO_CALLER) for target in one.targets))

    return stage.each(telling)
