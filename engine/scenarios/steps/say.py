"""`say`: a value is read out, then the next step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.directory.prompt_model import SayFields, SayPrompt
from engine.scenarios.model import Exit, Spoken, StepModel, StepName

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class SayStep(SayFields, StepModel):
    """Read out a number, digits, date, time, amount of money, telephone number or text."""

    type: Literal["say"] = "say"
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    @property
    def prompt(self) -> SayPrompt:
        return SayPrompt(**{name: getattr(self, name) for name in SayFields.model_fields})

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def prompts(self) -> Iterable[Spoken]:
        return [Spoken(self.prompt, ("value",))]

    async def run(self, call: Conversation) -> str:
        await call.play(self.prompt)
        return "next"
