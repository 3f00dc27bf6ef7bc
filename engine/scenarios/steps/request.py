"""`request`: a customer's web service is told of the call, and answers with variables and the way on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.calls.web_services import WebServiceFailed
from engine.directory.fields import Name
from engine.scenarios.model import Exit, Remark, Spoken, StepModel, StepName
from engine.scenarios.steps.asking import Asking, take_over
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation


class RequestStep(Asking, StepModel):
    """Ask a web service; its JSON answer `{"variables": {…}, "next": "…"}` says how the call goes on.

    A service that fails, is late, or answers something else takes the step's `on_error`.
    """

    takes_time: ClassVar[bool] = False

    type: Literal["request"] = "request"
    answers: dict[Name, StepName] = Field(
        default_factory=dict, description="steps by what the answer may have as `next`"
    )
    next: StepName | None = Field(
        default=None,
        description="the step after an answer that names no other; left out: the call ends, or, with "
        "`answers`, such an answer is an error",
    )

    def exits(self) -> list[Exit]:
        named = [Exit(f"answer {name}", step, ("answers", name)) for name, step in self.answers.items()]
        if named and self.next is None:
            return named
        return [*named, Exit("next", self.next, ("next",))]

    def prompts(self) -> Iterable[Spoken]:
        return [] if self.wait_prompt is None else [Spoken(self.wait_prompt, ("wait_prompt",))]

    def last_words(self) -> bool:
        return False

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        return self.asked_templates()

    def sets(self) -> Iterable[Variable]:
        return self.taken_variables()

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        return self.asking_remarks()

    async def run(self, call: Conversation) -> str:
        answer, values = await self.ask(call, {}, call.step_id)
        way = self._way(answer.next)
        take_over(call, values)
        return way

    def _way(self, named: str) -> str:
        if not named and (self.next is not None or not self.answers):
            return "next"
        if named in self.answers:
            return f"answer {named}"
        said = f"next: {named[:40]!r}" if named else "no next"
        expected = ", ".join(self.answers) or "none"
        raise WebServiceFailed(f"{self.host} answered {said}, expected one of: {expected}")
